// One timeline of a session: its states, what each camera recorded and what is missing, how loud it was,
// markers, the transcript's lines and findings, all under one playhead. It is drawn from what the
// controller tells and what the playlists hold; a press on it goes there.

import { $, h, show } from "./dom.js";
import { t, say, has } from "./words.js";
import { dateTime, instant, minute, span, time } from "./times.js";
import { away, been } from "./stays.js";

const SVG = "http://www.w3.org/2000/svg";
const id = document.body.dataset.session;
const zone = document.body.dataset.zone || "UTC";
let range = null;    // {from, to} in ms
let record = null;
let paper = null;    // the transcript's view
let loud = null;     // {from, step, levels}
let cameras = [];    // {room, camera, name, parts}

function svg(tag, props, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, value);
  if (text) node.append(text);
  return node;
}

const at = (ms) => `${Math.max(0, Math.min(100, 100 * (ms - range.from) / Math.max(1, range.to - range.from))).toFixed(3)}%`;
const wide = (a, b) => `${Math.max(0.15, 100 * (Math.min(b, range.to) - Math.max(a, range.from)) / Math.max(1, range.to - range.from)).toFixed(3)}%`;
const titled = (node, text) => { node.append(svg("title", {}, text)); return node; };

function block(look, a, b, title) {
  return titled(svg("rect", { class: look, x: at(a), width: wide(a, b), y: "15%", height: "70%" }), title);
}

function lane(name, ...parts) {
  const picture = svg("svg", { role: "img", "aria-label": name });
  picture.append(...parts);
  return [h("b", {}, name), picture];
}

function axis() {
  const length = range.to - range.from;
  const steps = [10, 30, 60, 300, 600, 1800, 3600].map((s) => s * 1000);
  const step = steps.find((s) => length / s <= 8) || 3600000; // a time with seconds takes an eighth
  const out = [];
  for (let ms = Math.ceil(range.from / step) * step; ms < range.to; ms += step) {
    out.push(svg("rect", { class: "t-tick", x: at(ms), width: "2", height: "100%" }));
    if ((ms - range.from) / Math.max(1, length) > 0.88) continue; // its text would not fit, and the one before has its place
    out.push(svg("text", { x: at(ms), dx: "6", y: "50%", dy: ".35em" }, step < 60000 ? time(ms, zone) : minute(ms, zone)));
  }
  return lane(t("line.time"), ...out);
}

function states() {
  const out = [];
  const put = (look, a, b, name) => {
    if (a === null || b === null || b <= a || b <= range.from || a >= range.to) return;
    out.push(block(look, a, b, `${name} ${time(a, zone)} – ${time(b, zone)}`));
  };
  const opened = instant(record.opened);
  const started = instant(record.started);
  const ended = instant(record.ended);
  put("t-stand", opened, started ?? ended ?? range.to, t("session.state.Standby"));
  put("t-rec", started, ended ?? range.to, t("session.state.Questioning"));
  put("t-stand", ended, range.to, t("session.state.Closing"));
  for (const b of record.interruptions || []) put("t-lock", instant(b.locked), instant(b.resumed) ?? range.to, t("session.state.Locked"));
  for (const u of record.unrecorded || []) put("t-unrec-line", instant(u.from), instant(u.to) ?? range.to, t("session.state.Unrecorded"));
  for (const r of record.unrecorded_refused || []) {
    const sign = svg("svg", { x: at(instant(r.at)), y: "50%", overflow: "visible", class: "t-refused" });
    sign.append(titled(svg("path", { class: "t-find", d: "M0-11 11 0 0 11-11 0Z" }), `${time(instant(r.at), zone)} ${t("observe.refused", { name: r.by.name, reason: r.reason })}`));
    out.push(sign);
  }
  return lane(t("line.session"), ...out);
}

// GAP is what a camera lacks at least to be shown as lacking it, and EDGE the same before the session's end and before
// it went to another room: cameras do not end together. In ms.
const GAP = 250;
const EDGE = 1500;

// elsewhere is a stretch in which a camera was no part of the session.
function elsewhere(s) {
  const words = t("line.away", { from: time(s.from, zone), to: time(s.to, zone), span: span(s.to - s.from), room: s.name });
  const inside = svg("svg", { x: at(s.from), width: wide(s.from, s.to), height: "100%", overflow: "hidden" });
  inside.append(svg("text", { x: "0", dx: "8", y: "50%", dy: ".35em" }, t("line.away.short", { room: s.name })), svg("title", {}, words));
  return [block("t-away", s.from, s.to, words), inside];
}

// lacks is a stretch without a picture of a camera: lost, or the session was in another room.
function lacks(c, from, to) {
  const out = [];
  const lost = (a, b) => {
    if (b - a > (b < to || to === range.to ? EDGE : GAP)) out.push(block("t-gap", a, b, t("line.gap", { from: time(a, zone), to: time(b, zone), span: span(b - a) })));
  };
  for (const s of away(c.room, from, to)) {
    lost(from, s.from);
    out.push(...elsewhere(s));
    from = s.to;
  }
  lost(from, to);
  return out;
}

function runs(c) {
  const out = [];
  let from = null;
  let end = null;
  const close = () => { if (from !== null) out.push(block("t-rec", from, end, `${c.name} ${time(from, zone)} – ${time(end, zone)}`)); };
  for (const p of c.parts) {
    if (end !== null && p.at - end > GAP) {
      close();
      out.push(...lacks(c, end, p.at));
      from = p.at;
    }
    if (end === null) out.push(...away(c.room, range.from, p.at).flatMap(elsewhere));
    from ??= p.at;
    end = p.at + (p.end - p.start) * 1000;
  }
  close();
  if (from !== null && end < range.to) out.push(...lacks(c, end, range.to));
  return lane(c.name, ...out);
}

function loudness() {
  if (!loud?.levels?.length) return lane(t("line.loudness"), svg("text", { x: "0", dx: "6", y: "50%", dy: ".35em" }, say(loud?.why) || t(loud?.whole === false ? "line.measuring" : "observe.level.unknown")));
  const begin = instant(loud.from);
  const out = [];
  const every = Math.ceil(loud.levels.length / 600);
  for (let i = 0; i < loud.levels.length; i += every) {
    const level = Math.max(...loud.levels.slice(i, i + every));
    const a = begin + i * loud.step_ms;
    const high = Math.max(1, Math.round(100 * level));
    out.push(svg("rect", { class: "t-loud", x: at(a), width: wide(a, a + every * loud.step_ms), y: `${100 - high}%`, height: `${high}%` }));
  }
  return lane(t("line.loudness"), ...out);
}

function markers() {
  const out = [];
  const list = (record.markers || []).map((m) => ({ ...m, begin: instant(m.begin), end: instant(m.end) }));
  list.filter((m) => m.begin >= range.from && m.begin <= range.to).forEach((m, i) => {
    const row = (i % 3) * 33;
    const far = (m.begin - range.from) / Math.max(1, range.to - range.from) > 0.85;
    const name = markerName(m.code);
    if (m.end) out.push(svg("rect", { class: "t-ent", x: at(m.begin), width: wide(m.begin, m.end), y: `${row + 22}%`, height: "8%" }));
    out.push(titled(svg("rect", { class: "t-head", x: at(m.begin), width: "3", y: `${row + 2}%`, height: "26%" }), `${name} ${time(m.begin, zone)}`),
      svg("text", { x: at(m.begin), dx: far ? "-6" : "8", y: `${row + 14}%`, dy: ".35em", ...(far ? { class: "end" } : {}) }, name));
  });
  const [label, picture] = lane(t("session.markers"), ...out);
  picture.classList.add("tall");
  return [label, picture];
}

const markerName = (code) => document.querySelector(`[data-marker-name="${CSS.escape(code)}"]`)?.textContent || code;

function transcript() {
  const v = paper?.versions?.find((x) => x.current);
  const out = [];
  for (const l of v?.lines || []) if (l.at) out.push(titled(svg("rect", { class: "t-ent", x: at(instant(l.at)), width: "2", y: "30%", height: "40%" }), l.text.slice(0, 80)));
  for (const f of v?.findings || []) {
    if (!f.at) continue;
    const sign = svg("svg", { x: at(instant(f.at)), y: "50%", overflow: "visible" });
    sign.append(titled(svg("path", { class: "t-find", d: "M0-13 13 10H-13Z" }), say(f.say)));
    out.push(sign);
  }
  if (!v) out.push(svg("text", { x: "0", dx: "6", y: "50%", dy: ".35em" }, t("transcript.status.none")));
  return lane(t("transcript.title"), ...out);
}

let head = null;

function draw() {
  if (!range || !record) return;
  const rows = [axis(), states(), ...cameras.map(runs)];
  if (document.body.dataset.loud === "true") rows.push(loudness());
  rows.push(markers());
  if (document.body.dataset.keeps === "true") rows.push(transcript());
  const cover = svg("svg", { class: "head", "aria-hidden": "true" });
  head = svg("rect", { class: "t-head", x: "0", width: "3", height: "100%" });
  cover.append(head);
  $("timeline").replaceChildren(...rows.flat(), cover);
  moved(last);
}

let last = null;
function moved(ms) {
  last = ms;
  if (!head || !range || ms === null) return;
  head.setAttribute("x", at(ms));
}

document.addEventListener("roomrec:range", (e) => {
  range = e.detail.range;
  cameras = e.detail.cameras;
  draw();
});
document.addEventListener("roomrec:at", (e) => moved(e.detail));

// A press on the timeline goes to that instant.
$("timeline").addEventListener("click", (e) => {
  const picture = e.target.closest("svg:not(.head)");
  const whole = $("timeline").querySelector("svg:not(.head)");
  if (!picture || !whole || !range) return;
  const box = whole.getBoundingClientRect();
  const part = Math.max(0, Math.min(1, (e.clientX - box.left) / box.width));
  document.dispatchEvent(new CustomEvent("roomrec:seek", { detail: range.from + part * (range.to - range.from) }));
});

async function ask(path) {
  const answer = await fetch(path).catch(() => null);
  return answer?.ok ? answer.json() : null;
}

// seen says who has looked at the session; this look is among them.
function seen(list) {
  const latest = new Map();
  for (const a of list) if (!latest.has(a.by.id)) latest.set(a.by.id, a);
  const office = (role) => (has(`office.${role}`) ? t(`office.${role}`) : "");
  $("seen").replaceChildren(...[...latest.values()].map((a) => h("li", {}, h("time", {}, dateTime(instant(a.at), zone)), h("span", {}, [office(a.by.role), a.by.name].filter(Boolean).join(" ")))));
  show($("seen-none"), latest.size === 0);
}

[record, paper] = await Promise.all([
  ask(`/api/v1/sessions/${id}`),
  document.body.dataset.keeps === "true" ? ask(`/api/v1/sessions/${id}/transcripts`) : null,
]);
been(record);
draw();
if (document.body.dataset.seen === "true") seen(await ask(`/api/v1/sessions/${id}/accesses`) || []);

// A long session is measured piece by piece; what is known so far is shown.
while (document.body.dataset.loud === "true") {
  loud = await ask(`/api/v1/sessions/${id}/loudness`) || loud;
  draw();
  if (!loud || loud.whole) break;
}
