// The page of a room. It shows the last whole snapshot and nothing else; what the officer is busy
// with meanwhile (the opening form, how it ends) gives way to whatever the state demands.

import { $, fill, h, set, show, sign } from "./dom.js";
import { t, say } from "./words.js";
import { day, instant, offset, time } from "./times.js";
import { watch } from "./contact.js";
import { changed, post, Refused } from "./act.js";
import { about as aboutSession, classOf, shapeOf, stateOf } from "./states.js";
import { live } from "./live.js";
import { place, rule } from "./footer.js";
import { pictures, work } from "./work.js";
import { clear, form } from "./form.js";
import { begin as asking, elsewhere, leave } from "./ways.js";
import { begin as peopling, buttons, classify, members } from "./people.js";
import { checklist } from "./duties.js";
import { begin as padding, pad } from "./pad.js";
import { told } from "./told.js";
import { begin as walling, wall } from "./wall.js";
import { tone } from "./tone.js";
import { follow } from "./focus.js";
import { begin as stopping, line, locked, resuming, sealed, stale } from "./stops.js";

const id = document.body.dataset.room;
const views = [...document.querySelectorAll("[data-view]")];

const page = {
  id,
  room: null,
  busy: null,   // null, "form", "wall", "words", "line", "people", "classify", "pad" or "ending": what the officer is at
  asking: null, // LOCKED: null, "break-off", "move" or "unrecorded": what is asked on its page
  now: () => contact.now(),
  zone: () => page.room.zone,
  draw,
  say: (text) => set($("said"), text),
  ask(what) {
    page.asking = what;
    page.say("");
    changed();
    draw();
  },
  go(busy) {
    page.busy = busy;
    page.say("");
    draw();
  },
  action: (name) => page.room.actions.find((a) => a.name === name) || { name, allowed: false },
  // command carries out a command of the running session and shows why, if it is refused.
  async command(body, fields = null) {
    page.say("");
    mark(fields, []);
    try {
      await post(`/api/v1/sessions/${page.room.session.id}/commands`, body);
      return true;
    } catch (e) {
      const beside = e instanceof Refused ? mark(fields, e.fields) : 0;
      page.say(!(e instanceof Refused) ? t("act.unknown") : beside ? "" : say(e.fields[0]?.say) || e.message);
      return false;
    }
  },
};

// mark puts the controller's words beside the fields they are about and returns how many it could.
function mark(scope, fields) {
  if (!scope) return 0;
  for (const old of scope.querySelectorAll(".wrong")) old.remove();
  let n = 0;
  for (const f of fields) {
    const at = scope.querySelector(`[data-field="${CSS.escape(f.field)}"]`);
    if (!at) continue;
    at.append(h("em", { class: "wrong", role: "alert" }, say(f.say)));
    n++;
  }
  return n;
}

const contact = watch(`/api/v1/rooms/${id}/events`, "room", {
  snapshot(room) {
    const first = page.room === null;
    page.room = room;
    if (first) begin();
    draw();
  },
  beat: () => draw(),
  contact: () => draw(),
  stale: () => draw(),
  idle: () => Boolean(page.room) && !page.room.session && page.busy === null,
});

function begin() {
  const figureOf = pictures(page);
  page.live = live(id, page.zone(), figureOf);
  form(page);
  work.begin(page);
  stopping(page);
  asking(page);
  peopling(page);
  padding(page);
  walling(page);
  setInterval(tick, 250);
  for (const kind of ["change", "input"]) document.addEventListener(kind, draw);
  setInterval(alive, 3000);
}

// alive tells the controller that a page of this room is there while a session runs.
function alive() {
  const s = page.room.session;
  if (contact.stale() || !s || s.state === "Sealed") return;
  // Without contact the page says so by itself.
  fetch(`/api/v1/rooms/${id}/alive`, { method: "POST" }).catch(() => {});
}

function tick() {
  if (contact.known()) {
    const now = page.now();
    set($("clock"), time(now, page.zone()));
    set($("day"), day(now, page.zone()));
    set($("offset"), offset(now, page.zone()));
  }
  draw();
}

// what decides which of the views is shown.
function view() {
  if (contact.stale()) return "stale";
  const s = page.room.session;
  if (!s) return ["form", "wall"].includes(page.busy) ? page.busy : "work";
  if (s.state === "Locked") return "locked";
  if (s.state === "Resuming") return page.busy === "ending" ? "ending" : "resuming";
  if (s.state === "Sealed") return "sealed";
  if (!["Standby", "Questioning", "Unrecorded"].includes(s.state)) return "work";
  return ["ending", "words", "line", "people", "classify", "pad"].includes(page.busy) ? page.busy : "work";
}

// air is what the room's sensor says, as pictures show it.
function air(r) {
  if (!r) return "";
  const parts = [];
  if (r.temperature_c !== undefined) parts.push(`${r.temperature_c.toFixed(1)} °C`);
  if (r.humidity_percent !== undefined) parts.push(`${Math.round(r.humidity_percent)} % RH`);
  return parts.join("  ");
}

// forget clears what was entered: of another session all of it, and at another interruption the answer, so that the
// person is asked each time. The pad looks after its own.
let of;      // the session that what was entered is of
let open;    // whether there is one: what was entered to open it is done with
let resumed; // since when the session resumes whose answer it is

const entered = views.filter((v) => ["words", "people", "classify", "ending", "locked", "resuming"].includes(v.dataset.view));

function forget(s) {
  if (open !== Boolean(s)) {
    open = Boolean(s);
    if (open) clear();
  }
  if (of !== s?.id) {
    of = s?.id;
    page.busy = page.asking = null;
    for (const v of entered) {
      for (const w of v.querySelectorAll(".wrong")) w.remove();
      for (const i of v.querySelectorAll("input")) {
        if (["radio", "checkbox"].includes(i.type)) i.checked = i.defaultChecked;
        else i.value = i.defaultValue;
      }
    }
  }
  if (s?.state === "Resuming" && resumed !== s.since) {
    resumed = s.since;
    for (const r of document.querySelectorAll("[name=answer]")) r.checked = false;
  }
}

let last = "";

function draw() {
  if (!page.room) {
    if (contact?.stale()) bare();
    return;
  }
  const room = page.room;
  document.body.dataset.air = air(room.sensor);
  const s = room.session;
  forget(s);
  const which = view();
  const state = which === "stale" ? "stale" : stateOf(room);
  if (["form", "wall"].includes(page.busy) && which !== page.busy && s) page.busy = null;
  if (["Locked", "Closing", "Sealed"].includes(state)) page.busy = null;
  if (state !== "Locked") page.asking = null;
  // Without contact there may be questions that nobody records.
  tone(state === "Locked" || (state === "stale" && Boolean(s) && s.state !== "Sealed"));
  const seen = `${which} ${state} ${s ? s.id : ""}`;
  if (seen !== last) {
    last = seen;
    changed();
    page.say("");
    for (const v of views) show(v, v.dataset.view === which);
    document.body.className = `panel ${classOf(state)}`;
    const chip = document.querySelector("header .state");
    chip.dataset.state = state;
    sign($("shape"), shapeOf(state));
    set($("state"), t(`state.${state}`));
    const pics = $("pics");
    const home = which === "resuming" ? $("resume-pics") : document.querySelector("[data-view=work] > .stack");
    if (pics.parentNode !== home) {
      home.prepend(pics);
      page.live.resume();
    }
    window.scrollTo(0, 0);
  }
  set($("about"), about(room, which));
  const gone = which === "stale" ? null : elsewhere(page);
  rule(gone && { side: null, next: gone });
  if (which === "work") buttons(page);
  told(page, which);
  if (which !== "locked") leave(page);
  ({ work: () => work(page), people: () => members(page), classify: () => classify(page), form: () => form.draw(page), wall: () => wall(page), words: () => work.note(page), line: () => line(page), pad: () => pad(page), ending: () => ending(), locked: () => locked(page), stale: () => stale(page, contact), resuming: () => resuming(page), sealed: () => sealed(page) })[which]();
  follow(views.find((v) => v.dataset.view === which));
}

// bare is what the page says when there never was any contact.
function bare() {
  document.body.className = `panel ${classOf("stale")}`;
  for (const v of views) show(v, v.dataset.view === "stale");
  document.querySelector("header .state").dataset.state = "stale";
  sign($("shape"), shapeOf("stale"));
  set($("state"), t("state.stale"));
  stale(page, contact);
}

function about(room, which) {
  const s = room.session;
  if (s) return aboutSession(s);
  return t(which === "form" ? "about.form" : "about.idle");
}

// How it ends: a page of its own, never a dialog.
const endingView = document.querySelector("[data-view=ending]");

function ending() {
  // Nothing can be signed before questioning has begun: then there is only one way.
  const begun = instant(page.room.session.started) !== null;
  for (const r of endingView.querySelectorAll("[name=ending]")) {
    r.disabled = !begun && r.value !== "broken-off";
    if (!begun) r.checked = r.value === "broken-off";
  }
  const chosen = endingView.querySelector("[name=ending]:checked")?.value;
  show($("end-broken"), chosen === "broken-off");
  // Whether a supervisor has to be named as well, the controller knows: it depends on who asks.
  const unsaid = chosen === "broken-off" && page.room.session.form.kind !== "technical" && !endingView.querySelector("[name=end-reason]").value.trim();
  const { word } = work.words(page.room.session);
  checklist(page, chosen);
  work.safe(page);
  place("side", { key: "end-back", label: t("act.end.back"), on: true, act: () => page.go(null) });
  place("next", {
    key: "end-confirm",
    label: t(`act.end.${word}`),
    sub: t("act.end.confirm.sub", { n: page.room.session.closing_s }),
    on: Boolean(chosen) && !unsaid,
    why: t(unsaid ? "end.broken-off.first" : "act.end.choose"),
    act: async () => {
      const body = chosen === "broken-off" ? {
        name: "break-off",
        reason: endingView.querySelector("[name=end-reason]").value.trim(),
        supervisor: endingView.querySelector("[name=end-supervisor]").value.trim(),
      } : { name: "end", ending: chosen };
      const read = endingView.querySelector("[name=end-read]");
      const said = page.room.session.markers.some((m) => m.code === "read-aloud");
      if (read.checked && !said && !await page.command({ name: "marker", marker: "read-aloud" }, endingView)) return;
      if (await page.command(body, endingView)) {
        page.busy = null;
        read.checked = false;
      }
    },
  });
}
