// A page that lacks a part stands still for ever: the network changed while it loaded, as when a cable is put back.
// Once the controller answers it is loaded again; after each time that did not help it waits longer.

const LONGEST = 30000;
const tries = Number(sessionStorage.getItem("boot")) || 0;
let lacks = false;

function missed(e) {
  const part = e.target;
  if (lacks || !(part instanceof HTMLScriptElement || part instanceof HTMLLinkElement && part.rel === "stylesheet")) return;
  lacks = true;
  sessionStorage.setItem("boot", tries + 1);
  again();
}

function again() {
  setTimeout(() => {
    fetch("/assets/js/boot.js", { cache: "no-store" }).then((r) => {
      if (!r.ok) again();
      else if (location.hash) location.reload();
      else location.replace(location.href); // what a form was sent for is not sent again
    }, again);
  }, Math.min(500 * 2 ** tries, LONGEST));
}

// What fails later is no part of the page, and whoever types there loses nothing.
addEventListener("error", missed, true);
addEventListener("load", () => {
  removeEventListener("error", missed, true);
  if (!lacks) sessionStorage.removeItem("boot");
});
