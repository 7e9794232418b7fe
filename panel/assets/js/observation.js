// All rooms at a glance in fixed places, one of them large with picture and sound, and the calls of those
// that need somebody.

import { $, fill, h, icon, set, show, sign } from "./dom.js";
import { t, say } from "./words.js";
import { day, instant, offset, span, time } from "./times.js";
import { watch } from "./contact.js";
import { post, Refused } from "./act.js";
import { about as aboutSession, classOf, lasting, shapeOf, standing, stateOf } from "./states.js";
import { live } from "./live.js";

let rooms = [];
let chosen = "";        // id of the room that is large
let camera = "";        // of that room
let busy = false;
const tiles = new Map(); // room → {live, camera}: the pictures that run
let large = null;        // {room, camera, live}: of the large picture

const contact = watch("/api/v1/events", "rooms", {
  snapshot(all) {
    rooms = all;
    draw();
  },
  beat: draw,
  contact: draw,
  stale: draw,
  idle: () => !busy && !(one() && open(one())), // whoever looks on would lose picture and sound
});

const one = () => rooms.find((r) => r.id === chosen);
let of = ""; // the session that what was written of it is of

// forget clears what was written of another session.
function forget(room) {
  const now = `${room.id} ${room.session?.id || ""}`;
  if (of === now) return;
  of = now;
  for (const id of ["mark-text", "why-text"]) $(id).value = "";
  for (const r of document.querySelectorAll("[name=why]")) r.checked = r.defaultChecked;
}

const open = (room) => Boolean(room.session) && !room.session.seal;
const faultOf = (room, code) => room.faults.find((f) => f.code === code);

function pick() {
  const id = decodeURIComponent(location.hash.slice(1));
  if (!document.querySelector(`.rooms [data-room="${CSS.escape(id)}"]`) || id === chosen) return;
  chosen = id;
  camera = "";
  $("message-text").value = ""; // it was written for another room
  spoken("");
  draw();
}
addEventListener("hashchange", pick);

function spoken(text) {
  set($("said"), text);
  show($("said"), Boolean(text));
}

// act sends a wish once and says why it is refused.
async function act(path, body) {
  if (busy) return false;
  busy = true;
  spoken("");
  draw();
  try {
    await post(path, body);
    return true;
  } catch (e) {
    spoken(!(e instanceof Refused) ? t("act.unknown") : say(e.fields[0]?.say) || e.message);
    return false;
  } finally {
    busy = false;
    draw();
  }
}

function about(room) {
  const s = room.session;
  return s ? aboutSession(s) : t("rooms.fit");
}

// calls are what somebody has to go to, the worst first within each room; rooms keep their order.
function calls() {
  const out = [];
  for (const room of rooms) {
    const s = room.session;
    const name = say(room.name);
    const add = (look, shape, title, sub) => out.push({ room, look, shape, title, sub });
    if (s?.called) {
      const fault = room.faults.find((f) => f.locks);
      add("is-locked", "locked", t("observe.call.locked", { room: name, span: span(contact.now() - instant(s.since)) }), t("observe.call.locked.sub", { what: fault ? say(fault.title) : t("locked.cleared") }));
    }
    const panel = faultOf(room, "panel.lost");
    if (panel && open(room)) add("is-alarm", "alarm", t("observe.call.panel", { room: name }), t("observe.call.panel.sub", { time: time(instant(panel.since), room.zone) }));
    const speech = faultOf(room, "room.unopened");
    if (speech) add("is-alarm", "alarm", t("observe.call.speech", { room: name }), t("observe.call.speech.sub", { time: time(instant(speech.since), room.zone) }));
  }
  return out;
}

let called = "";

function drawCalls() {
  const list = contact.stale() ? [] : calls();
  // The elements stay while the calls are the same, so that a touch finds what it was meant for.
  const seen = list.map((c) => `${c.room.id} ${c.look} ${c.shape}`).join("\n") || "none";
  if (seen !== called) {
    called = seen;
    $("calls").replaceChildren(...(list.length ? list.map((c) => h("div", { class: `call ${c.look}`, "data-testid": `call-${c.room.id}` },
      icon(c.shape), h("p", { class: "grow" }, h("b", {}), h("small", {})),
      h("a", { class: "btn", href: `#${c.room.id}`, "aria-label": `${t("observe.answer")}: ${say(c.room.name)}` }, t("observe.answer"))))
      : [h("p", { class: "quiet" }, icon("ready"), h("span", {}, t("observe.nocalls")))]));
  }
  list.forEach((c, i) => {
    const node = $("calls").children[i];
    set(node.querySelector("b"), c.title);
    set(node.querySelector("small"), c.sub);
  });
}

function loudness(room) {
  const known = room.cameras.map((c) => c.sound).filter((v) => typeof v === "number");
  return known.length ? Math.max(...known) : null;
}

function meter(rect, level) {
  const width = `${Math.round(100 * (level ?? 0))}%`;
  if (rect.getAttribute("width") !== width) rect.setAttribute("width", width);
}

function safe(room) {
  const s = room.session;
  const at = s && instant(s.safe_until);
  return at ? `${t(s.safe_on === 1 ? "safe.disk" : "safe.disks", { n: s.safe_on })} ${time(at, room.zone)}` : "\u00a0";
}

function tile(room) {
  const node = document.querySelector(`.rooms [data-room="${CSS.escape(room.id)}"]`);
  if (!node) return;
  const part = (name) => node.querySelector(`[data-f=${name}]`);
  const s = room.session;
  const state = contact.stale() ? "stale" : stateOf(room);
  const chip = node.querySelector(".state");
  const look = `state ${contact.stale() ? "is-off" : classOf(state)}`;
  if (chip.className !== look) chip.className = look;
  sign(chip.querySelector("use"), shapeOf(state));
  set(part("state"), t(`state.${state}`));
  const began = s && lasting(s);
  set(part("elapsed"), s && !s.seal ? span(contact.now() - began) : "");
  set(part("about"), about(room));
  const fault = room.faults[0];
  const on = room.cameras.filter((c) => c.connected).length;
  node.toggleAttribute("data-called", Boolean(s?.called) && !contact.stale());
  set(part("line"), fault ? say(fault.title) : !room.fit && room.unfit?.length && !s ? say(room.unfit[0]) : t("rooms.cameras", { n: on, all: room.cameras.length }));
  part("line").classList.toggle("is-alarm", Boolean(fault) || (!room.fit && !s));
  set(part("safe"), safe(room));
  meter(node.querySelector(".m-val"), loudness(room));
  if (room.id === chosen) node.setAttribute("aria-current", "true");
  else node.removeAttribute("aria-current");
  const figure = node.querySelector("figure");
  const best = open(room) ? room.cameras.find((c) => c.live && c.connected) || room.cameras.find((c) => c.live) : null;
  const runs = tiles.get(room.id);
  if (runs?.camera !== best?.id) {
    runs?.live.stop();
    tiles.delete(room.id);
    if (best) tiles.set(room.id, { camera: best.id, live: live(room.id, room.zone, () => figure, best.id) });
  }
  show(figure.querySelector("time"), Boolean(best));
  show(part("camera"), Boolean(best));
  if (best) set(part("camera"), say(best.name));
  else {
    show(figure.querySelector(".none"), true);
    set(part("cover"), t(open(room) ? "pic.cannot" : "observe.nosession"));
  }
}

function story(room) {
  const s = room.session;
  const rows = [];
  const add = (at, text, strong) => { if (at !== null && at !== undefined) rows.push({ at, text, strong }); };
  if (s) {
    add(instant(s.opened), t("observe.opened", { name: s.opened_by || "–" }));
    add(instant(s.started), t("observe.started"));
    for (const b of s.interruptions || []) {
      add(instant(b.last_good), t("observe.missing"));
      add(instant(b.locked), t("observe.locked"), true);
      add(instant(b.resumed), t("observe.resumed"));
    }
    if (s.state === "Locked" && !(s.interruptions || []).some((b) => instant(b.locked) === instant(s.since))) add(instant(s.since), t("observe.locked"), true);
    for (const r of s.unrecorded_refused || []) add(instant(r.at), t("observe.refused", { name: r.by.name, reason: r.reason }), true);
    for (const u of s.unrecorded || []) add(instant(u.from), t("observe.unrecorded"), true);
    for (const m of s.markers) add(instant(m.begin), [$("mark-code").querySelector(`[value="${CSS.escape(m.code)}"]`)?.textContent || m.code, m.text].filter(Boolean).join(t("list")));
    add(instant(s.ended), t("observe.ended"), true);
  }
  if (room.message) {
    add(instant(room.message.at), t("observe.told", { name: room.message.by, text: room.message.text }));
    add(instant(room.message.seen), t("observe.seen"));
  }
  rows.sort((a, b) => a.at - b.at);
  return rows.slice(-7);
}

function detail() {
  const room = one();
  show($("one-chip"), Boolean(room));
  show($("one-page"), Boolean(room));
  for (const b of [$("mark-put"), $("message-send"), $("approve"), $("refuse")]) b.setAttribute("aria-disabled", String(!room || busy || contact.stale()));
  if (!room) return;
  forget(room);
  const s = room.session;
  const state = contact.stale() ? "stale" : stateOf(room);
  set($("one-name"), say(room.name));
  set($("one-about"), about(room));
  set($("one-safe"), safe(room));
  const chip = $("one-chip");
  chip.className = `chip ${contact.stale() ? "is-off" : classOf(state)}`;
  sign(chip.querySelector("use"), shapeOf(state));
  set(chip.querySelector("span"), t(`state.${state}`));
  $("one-page").href = `/rooms/${room.id}`;
  const shown = open(room) ? room.cameras.filter((c) => c.live) : [];
  if (!shown.some((c) => c.id === camera)) camera = (shown.find((c) => c.connected) || shown[0])?.id || "";
  const names = shown.map((c) => `${c.id} ${c.connected}`).join("\n");
  if ($("one-cameras").dataset.of !== `${room.id}\n${names}`) {
    $("one-cameras").dataset.of = `${room.id}\n${names}`;
    $("one-cameras").replaceChildren(...shown.map((c) => {
      const radio = h("input", { type: "radio", name: "camera", value: c.id, "data-testid": `camera-${c.id}` });
      radio.checked = c.id === camera;
      return h("label", {}, radio, h("span", {}, say(c.name)));
    }));
  }
  const key = camera ? `${room.id} ${camera}` : "";
  if ((large?.key || "") !== key) {
    large?.live.stop();
    large = key ? { key, live: live(room.id, room.zone, () => $("one-pic"), camera) } : null;
    set($("one-pic").querySelector("time"), "–"); // what another camera showed is not this one's
    show($("one-pic").querySelector(".none"), true);
    set($("one-pic").querySelector(".none span"), t("pic.waiting"));
  }
  set($("one-camera"), say(room.cameras.find((c) => c.id === camera)?.name) || "\u00a0");
  if (!large) {
    show($("one-pic").querySelector(".none"), true);
    set($("one-pic").querySelector(".none span"), t(open(room) ? "pic.cannot" : "observe.nosession"));
  }
  const level = loudness(room);
  meter($("one-meter"), level);
  set($("one-level"), level === null ? t("observe.level.unknown") : `${Math.round(100 * level)} %`);
  const log = $("one-log");
  const length = log.children.length;
  fill(log, ...story(room).map((r) => h("li", {}, h("time", {}, time(r.at, room.zone)), h("span", {}, r.strong ? h("b", {}, r.text) : r.text))));
  if (log.children.length !== length) log.scrollTop = log.scrollHeight; // the newest is in sight
  const m = room.message;
  const seen = m && instant(m.seen);
  set($("message-state"), !m ? t("observe.message.note") : seen ? t("observe.sent.seen", { time: time(seen, room.zone) }) : t("observe.sent", { time: time(instant(m.at), room.zone) }));
  const mark = room.actions.find((a) => a.name === "marker");
  show($("mark"), open(room));
  $("mark-put").setAttribute("aria-disabled", String(busy || contact.stale() || !mark?.allowed));
  const un = room.actions.find((a) => a.name === "unrecorded");
  const locked = s?.state === "Locked";
  const may = document.body.dataset.approves === "true" && s?.opened_by !== document.body.dataset.actorId;
  show($("approval"), Boolean(locked && un?.allowed && may));
  show($("approval-no"), Boolean(locked && !(un?.allowed && may)));
  const no = standing(s);
  // Why is in the story.
  set($("approval-title"), no ? t("observe.refused.title", { name: no.by.name }) : t("observe.unrecorded.title"));
  if (locked) set($("approval-why"), un?.allowed ? t("observe.unrecorded.office") : say(s.refusals?.[0]) || say(un?.why));
}

function draw() {
  show($("lost"), contact.stale());
  const zone = rooms[0]?.zone || "UTC";
  if (contact.known()) {
    set($("clock"), time(contact.now(), zone));
    set($("day"), day(contact.now(), zone));
    set($("offset"), offset(contact.now(), zone));
  }
  if (rooms.length) set($("count"), t("observe.count", { n: rooms.length, open: rooms.filter(open).length, locked: rooms.filter((r) => r.session?.state === "Locked").length }));
  drawCalls();
  for (const room of rooms) tile(room);
  detail();
}

$("one-cameras").addEventListener("change", (e) => {
  camera = e.target.value;
  draw();
});
for (const r of document.querySelectorAll("[name=sound]")) {
  r.addEventListener("change", () => { $("one-pic").querySelector("video").muted = !document.querySelector("[name=sound][value=on]").checked; });
}
const off = (id) => $(id).getAttribute("aria-disabled") === "true";
$("message").addEventListener("submit", async (e) => {
  e.preventDefault();
  const text = $("message-text").value.trim();
  if (off("message-send") || !text) return;
  if (await act(`/api/v1/rooms/${chosen}/message`, { text })) $("message-text").value = "";
});
$("mark").addEventListener("submit", async (e) => {
  e.preventDefault();
  if (off("mark-put")) return;
  const kind = $("mark-code").selectedOptions[0];
  const s = one().session;
  const body = { name: "marker", marker: kind.value };
  if (kind.hasAttribute("data-length")) {
    const last = s.markers.filter((m) => m.code === kind.value).at(-1);
    body.phase = last && instant(last.end) === null ? "end" : "begin";
  }
  if ($("mark-text").value.trim()) body.text = $("mark-text").value.trim();
  if (await act(`/api/v1/sessions/${s.id}/commands`, body)) $("mark-text").value = "";
});
$("approval").addEventListener("submit", async (e) => {
  e.preventDefault();
  if (off("approve")) return;
  await act(`/api/v1/sessions/${one().session.id}/commands`, { name: "unrecorded", reason: document.querySelector("[name=why]:checked")?.value || "", text: $("why-text").value.trim() });
});
$("refuse").addEventListener("click", async () => {
  if (off("refuse")) return;
  if (await act(`/api/v1/sessions/${one().session.id}/unrecorded/refusal`, { reason: $("why-text").value.trim() })) $("why-text").value = "";
});

pick();
setInterval(draw, 250);
