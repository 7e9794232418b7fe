// A page that stays open over an upgrade of the program keeps its scripts of before. It loads itself anew when the
// controller says that it is of another version: while nobody works on it, and once for each version, so that nothing
// comes of it where that does not help.

const QUIET = 5000; // ms since it was touched last
const own = document.querySelector("meta[name=version]")?.content;
let touched = performance.now();
let going = false;

for (const kind of ["pointerdown", "keydown", "input"]) addEventListener(kind, () => { touched = performance.now(); }, true);

// entered reports whether something was typed or chosen.
function entered(i) {
  if (["radio", "checkbox"].includes(i.type)) return i.checked !== i.defaultChecked;
  return !["hidden", "range"].includes(i.type) && i.value !== i.defaultValue;
}

const free = (idle) => idle() && performance.now() - touched >= QUIET &&
  !document.querySelector("[data-busy]") && ![...document.querySelectorAll("input, textarea")].some(entered);

// anew takes in of which version the controller is; idle says whether nothing goes on that the page is for.
export async function anew(version, idle) {
  if (!version || !own || version === own || going || !free(idle)) return;
  const before = JSON.parse(sessionStorage.getItem("anew") || "[]");
  if (before.includes(version)) return;
  going = true;
  try {
    // A controller that went away again would leave nothing on the screen.
    if (!(await fetch(location.pathname, { cache: "no-store" })).ok || !free(idle)) return;
    sessionStorage.setItem("anew", JSON.stringify([...before, version].slice(-20)));
    location.reload();
  } catch {
    // It is asked again with the next sign of life.
  } finally {
    going = false;
  }
}
