// Locked sessions, for whoever approves by their own sign-in that one goes on unrecorded. What is being
// written stays while the list is the same.

import { $, h, icon, set, show } from "./dom.js";
import { t, say } from "./words.js";
import { day, instant, offset, span, time } from "./times.js";
import { watch } from "./contact.js";
import { post, Refused } from "./act.js";

let list = null; // null: not known yet
let drawn = "";
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
  const decide = async (path, body) => {
    if (busy || contact.stale()) return;
    busy = true;
    const wrong = form.querySelector("[role=alert]");
    show(wrong, false);
    draw();
    try {
      await post(`/api/v1/sessions/${a.session}/${path}`, body());
    } catch (err) {
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

function draw() {
  show($("lost"), contact.stale());
  if (contact.known()) {
    set($("clock"), time(contact.now(), zone));
    set($("day"), day(contact.now(), zone));
    set($("offset"), offset(contact.now(), zone));
  }
  show($("none"), list?.length === 0 && !contact.stale());
  const now = JSON.stringify(list || []);
  if (now !== drawn) {
    drawn = now;
    $("approvals").replaceChildren(...(list || []).map(card));
  }
  for (const a of list || []) {
    const node = $("approvals").querySelector(`[data-session="${CSS.escape(a.session)}"]`);
    set(node.querySelector("[data-f=since]"), `${t("state.Locked")} ${span(contact.now() - instant(a.since))}`);
    for (const b of node.querySelectorAll("form button")) b.setAttribute("aria-disabled", String(busy || contact.stale()));
  }
}

setInterval(draw, 250);
setInterval(() => { if (list?.length && !busy && !contact.stale()) load(); }, 10000); // what others decided
