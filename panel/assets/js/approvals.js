// Locked sessions, for whoever approves by their own sign-in that one goes on unrecorded. What is being
// written stays, whatever changes meanwhile.

import { $, h, icon, set, show } from "./dom.js";
import { t, say } from "./words.js";
import { day, instant, offset, span, time } from "./times.js";
import { watch } from "./contact.js";
import { post, Refused } from "./act.js";

let list = null; // null: not known yet
const cards = new Map(); // session → {of, node}: its card, and what it was made of
let busy = false;
let zone = "UTC";
let seen = "";
let asks = 0;

const contact = watch("/api/v1/events", "rooms", {
  snapshot(rooms) {
    zone = rooms[0]?.zone || zone;
    const now = JSON.stringify(rooms.map((r) => [r.id, r.session?.state, r.session?.since, r.faults.map((f) => f.code + f.subject)]));
    if (now !== seen) {
      seen = now;
      load();
    }
    draw();
  },
  beat: draw,
  contact() {
    load();
    draw();
  },
  stale: draw,
  idle: () => !busy && list?.length === 0,
});

async function load() {
  const ask = ++asks;
  try {
    const answer = await fetch("/api/v1/approvals");
    if (!answer.ok) throw new Error(answer.status);
    const got = await answer.json();
    if (ask === asks) list = got;
    draw();
  } catch {
    setTimeout(() => { if (ask === asks) load(); }, 2000);
  }
}

function card(a) {
  const node = h("section", { class: "card stack", "data-session": a.session, "data-testid": `approval-${a.room}`, "aria-label": say(a.room_name) },
    h("p", { class: "row" }, h("b", { class: "grow" }, say(a.room_name)), h("span", { class: "chip is-locked" }, icon("locked"), " ", h("span", { "data-f": "since" }))),
    h("dl", { class: "kv" },
      h("dt", {}, t("approvals.case")), h("dd", {}, [a.case, t(`kind.${a.kind}`)].join(t("clause"))),
      h("dt", {}, t("approvals.category")), h("dd", {}, say(a.category)),
      h("dt", {}, t("approvals.officers")), h("dd", {}, a.officers.join(t("list"))),
      h("dt", {}, t("approvals.faults")), h("dd", {}, a.faults.length ? a.faults.map(say).join(t("list")) : t("locked.cleared"))));
  if (!a.allowed) {
    node.append(h("p", { class: "find is-off", "data-testid": `approval-no-${a.room}` }, icon("unrec"), h("span", {}, h("b", {}, t("observe.unrecorded.no")), h("small", {}, say(a.why)))));
    return node;
  }
  const form = $("form").content.firstElementChild.cloneNode(true);
  const text = form.querySelector("[name=text]");
  const here = () => cards.get(a.session)?.node.querySelector("form") || form; // another may have taken its place
  const decide = async (path, body) => {
    if (busy || contact.stale()) return;
    busy = true;
    show(form.querySelector("[role=alert]"), false);
    draw();
    try {
      await post(`/api/v1/sessions/${a.session}/${path}`, body());
      here().reset(); // it is decided: nothing of it is for what may be decided next
    } catch (err) {
      const wrong = here().querySelector("[role=alert]");
      set(wrong, !(err instanceof Refused) ? t("act.unknown") : say(err.fields[0]?.say) || err.message);
      show(wrong, true);
    } finally {
      busy = false;
      load();
    }
  };
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    decide("unrecorded", () => ({ reason: form.querySelector("[name=why]:checked")?.value || "", text: text.value.trim() }));
  });
  form.querySelector("[data-testid=refuse]").addEventListener("click", () => decide("unrecorded/refusal", () => ({ reason: text.value.trim() })));
  for (const r of a.refused) node.append(h("p", { class: "find is-off", "data-testid": `approval-refused-${a.room}` }, icon("unrec"), h("span", {}, h("b", {}, t("observe.refused.before", { name: r.by.name, time: time(instant(r.at), a.zone), reason: r.reason })))));
  node.append(form);
  return node;
}

// carry takes what is being written from a session's card to the one that takes its place.
function carry(from, to) {
  const was = from.querySelector("form");
  const is = to.querySelector("form");
  if (!was || !is) return;
  for (const r of was.querySelectorAll("[name=why]:checked")) is.querySelector(`[name=why][value="${CSS.escape(r.value)}"]`).checked = true;
  is.querySelector("[name=text]").value = was.querySelector("[name=text]").value;
}

// lay lays out the cards: one that is as it was stays where it is, with whoever writes in it.
function lay() {
  const all = list || [];
  const home = $("approvals");
  for (const [session, { node }] of cards) {
    if (all.some((a) => a.session === session)) continue;
    node.remove();
    cards.delete(session);
  }
  for (const [i, a] of all.entries()) {
    const of = JSON.stringify(a);
    const old = cards.get(a.session);
    if (old?.of !== of) {
      const node = card(a);
      if (old) {
        carry(old.node, node);
        const writes = old.node.contains(document.activeElement) && document.activeElement.name === "text";
        old.node.replaceWith(node);
        if (writes) node.querySelector("[name=text]")?.focus();
      }
      cards.set(a.session, { of, node });
    }
    const { node } = cards.get(a.session);
    if (home.children[i] !== node) home.insertBefore(node, home.children[i] || null);
  }
}

function draw() {
  show($("lost"), contact.stale());
  if (contact.known()) {
    set($("clock"), time(contact.now(), zone));
    set($("day"), day(contact.now(), zone));
    set($("offset"), offset(contact.now(), zone));
  }
  show($("none"), list?.length === 0 && !contact.stale());
  lay();
  for (const a of list || []) {
    const node = $("approvals").querySelector(`[data-session="${CSS.escape(a.session)}"]`);
    set(node.querySelector("[data-f=since]"), `${t("state.Locked")} ${span(contact.now() - instant(a.since))}`);
    for (const b of node.querySelectorAll("form button")) b.setAttribute("aria-disabled", String(busy || contact.stale()));
  }
}

setInterval(draw, 250);
setInterval(() => { if (list?.length && !busy && !contact.stale()) load(); }, 10000); // what others decided
