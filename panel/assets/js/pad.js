// The transcript pad: a question or an answer gets the time at which its typing began, and is on the
// disks before it stands in the list. LOCKED takes the page's place; what is being typed stays.

import { $, fill, h, set } from "./dom.js";
import { t } from "./words.js";
import { instant, time } from "./times.js";
import { changed, post, Refused } from "./act.js";
import { place } from "./footer.js";
import { work } from "./work.js";

const root = document.querySelector("[data-view=pad]");
const NEW = "pad";
const AGAIN = 2000;

let entries = [];
let of = "";         // the session that the entries are of
let id = "";         // of the entry that is being typed
let began = 0;       // when its typing began, by this page's own clock
let old = false;     // it was there before, and is changed
let ticket = 0;      // of the latest question for the pad
let outgoing = [];   // entries that the controller has not answered for yet
let sending = false;

const requestID = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
const role = () => root.querySelector("[name=pad-role]:checked").value;
const choose = (r) => { root.querySelector(`[name=pad-role][value=${r}]`).checked = true; };

function fresh(next) {
  id = "";
  began = 0;
  old = false;
  $("pad-text").value = "";
  choose(next);
}

function keep() {
  if (!id && $("pad-text").value) {
    id = requestID();
    began = performance.now();
  }
  // What is typed survives a change of language; the time that has gone by is kept with it.
  sessionStorage.setItem(NEW, JSON.stringify({ of, id, old, lead: performance.now() - began, role: role(), text: $("pad-text").value, outgoing: outgoing.map((e) => ({ ...e, lead: performance.now() - e.began })) }));
}

// take shows a pad that the controller sent; an answer that was overtaken is passed over.
function take(page, view, mine) {
  if (mine !== ticket) return;
  entries = view.entries;
  list(page);
  page.draw();
}

function list(page) {
  const zone = page.room.zone;
  const waiting = outgoing.filter((e) => e.text).map((e) => h("li", { "data-role": e.role, "data-waiting": "true" },
    h("time", {}, t("pad.waiting")), h("span", {}, h("b", {}, t(`pad.${e.role}.mark`)), ` ${e.text}`), h("span", {})));
  fill($("pad-lines"), ...entries.map((e) => h("li", { "data-role": e.role, "data-entry": e.id },
    h("time", {}, time(instant(e.at), zone)),
    h("span", {}, h("b", {}, t(`pad.${e.role}.mark`)), ` ${e.text}`),
    h("button", { type: "button", class: "btn quiet", "data-change": e.id, "aria-label": `${t("pad.change")}: ${e.text.slice(0, 40)}` }, t("pad.change")))), ...waiting);
  $("pad-lines").scrollTop = $("pad-lines").scrollHeight;
}

async function load(page) {
  const mine = ++ticket;
  try {
    const answer = await fetch(`/api/v1/sessions/${page.room.session.id}/pad`);
    const said = await answer.json();
    if (!answer.ok) throw new Refused(said, answer.status);
    take(page, said, mine);
  } catch (e) {
    page.say(e instanceof Refused ? e.message : t("act.unknown"));
  }
}

// add puts what was typed on its way and makes room for the next; nobody waits for a disk to type on.
function add(page) {
  const text = $("pad-text").value.trim();
  if (!id || (!text && !old)) return;
  const entry = { id, role: role(), text, began, old };
  outgoing.push(entry);
  fresh(entry.role === "question" ? "answer" : "question");
  keep();
  list(page);
  page.draw();
  send(page);
  $("pad-text").focus();
}

// send sends one after the other what is on its way, again and again until there is an answer; an entry
// that is sent twice is the same entry.
async function send(page) {
  if (sending || !outgoing.length) return;
  sending = true;
  const e = outgoing[0];
  const mine = ++ticket;
  try {
    const lead = e.old ? {} : { lead_ms: Math.max(0, Math.round(performance.now() - e.began)) };
    const view = await post(`/api/v1/sessions/${of}/pad`, { id: e.id, role: e.role, text: e.text, ...lead });
    outgoing.shift();
    keep();
    page.say("");
    take(page, view, mine);
  } catch (err) {
    if (err instanceof Refused && err.status < 500) {
      // It cannot be taken as it is: it goes back to whoever typed it.
      outgoing.shift();
      $("pad-text").value = [e.text, $("pad-text").value].filter(Boolean).join("\n");
      if (!id) ({ id, old, began } = e);
      keep();
    } else {
      setTimeout(() => send(page), AGAIN);
    }
    page.say(err instanceof Refused ? err.message : t("act.unknown"));
    list(page);
  }
  sending = false;
  if (outgoing.length && $("pad-lines").isConnected && outgoing[0] !== e) send(page);
}

export function begin(page) {
  if (!root) return;
  $("go-pad").addEventListener("click", () => {
    page.go("pad");
    load(page);
    $("pad-text").focus();
  });
  $("pad-text").addEventListener("input", keep);
  $("pad-text").addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
    e.preventDefault();
    document.querySelector("[data-testid=action-pad-add]")?.click();
  });
  for (const r of root.querySelectorAll("[name=pad-role]")) r.addEventListener("change", keep);
  $("pad-lines").addEventListener("click", (e) => {
    const b = e.target.closest("[data-change]");
    const entry = b && entries.find((x) => x.id === b.dataset.change);
    if (!entry) return;
    id = entry.id;
    old = true;
    choose(entry.role);
    $("pad-text").value = entry.text;
    keep();
    changed();
    page.draw();
    $("pad-text").focus();
  });
}

// pad draws the view in which the transcript is typed.
export function pad(page) {
  const s = page.room.session;
  if (of !== s.id) {
    of = s.id;
    entries = [];
    list(page);
    const draft = JSON.parse(sessionStorage.getItem(NEW) || "null");
    fresh("question");
    if (draft?.of === of) {
      ({ id, old } = draft);
      began = performance.now() - draft.lead;
      choose(draft.role);
      $("pad-text").value = draft.text;
      outgoing = draft.outgoing.map((e) => ({ ...e, began: performance.now() - e.lead }));
      keep();
    } else {
      outgoing = [];
    }
    send(page);
    load(page);
  }
  const started = instant(s.started);
  set($("pad-start"), started === null ? t("pad.start.none") : t("pad.start", { time: time(started, page.room.zone) }));
  const link = `/api/v1/sessions/${s.id}/pad.docx`;
  if ($("pad-save").getAttribute("href") !== link) $("pad-save").href = link;
  work.safe(page);
  const text = $("pad-text").value.trim();
  place("side", { key: "pad-back", label: t("pad.back"), on: true, act: () => page.go(null) });
  place("next", {
    key: "pad-add", label: t(old ? (text ? "pad.put" : "pad.off") : "pad.add"), sub: t(old ? "pad.put.sub" : "pad.add.sub"), on: Boolean(text || old), why: t("pad.first"),
    act: () => add(page),
  });
}
