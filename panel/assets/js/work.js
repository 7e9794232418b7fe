// The room at rest and at work: pictures, what it is recorded with, how long it has lasted.

import { $, fill, h, icon, set, show, sign } from "./dom.js";
import { t, say } from "./words.js";
import { date, instant, span, time } from "./times.js";
import { SLIP, working } from "./act.js";
import { place } from "./footer.js";
import { duties as dues, meters, still } from "./duties.js";
import { row as wallRow } from "./wall.js";

// pictures builds one figure for each camera and returns how to find them.
export function pictures(page) {
  const figures = new Map();
  page.room.cameras.forEach((c, i) => {
    const figure = h("figure", { class: `pic ${i === 0 || page.room.cameras.length === 2 ? "big" : ""}`, "data-camera": c.id, "data-testid": `live-${c.id}` },
      h("video", { muted: true, playsinline: true, autoplay: true, disablepictureinpicture: true, "aria-label": say(c.name) }),
      h("div", { class: "none" }, icon("off"), h("span", {}, c.live ? t("pic.waiting") : t("pic.cannot"))),
      level(),
      h("time", {}, "–"),
      h("figcaption", {}, say(c.name)));
    figure.querySelector("video").muted = true;
    figures.set(c.id, figure);
    $("pics").append(figure);
  });
  $("pics").dataset.count = String(figures.size);
  return (id) => figures.get(id);
}

// level is a meter of the sound: an image of its own, so that a strict policy of styles holds.
function level() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "level unknown");
  svg.setAttribute("role", "img");
  for (const [look, width] of [["m-back", "100%"], ["m-val", "0"]]) {
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    rect.setAttribute("class", look);
    rect.setAttribute("width", width);
    rect.setAttribute("height", "100%");
    svg.append(rect);
  }
  return svg;
}

// diskName is what people call a disk.
const diskName = (v, i) => t("checks.volume", { id: v.name || i + 1 });

// words says how this kind of session is called: interrogation of suspects, questioning of others.
work.words = (s) => ({ word: s && s.form.kind !== "interrogation-suspect" ? "questioning" : "interrogation" });

work.hours = (v) => (v.hours_left >= 0 ? t("checks.hours", { n: Math.floor(v.hours_left) }) : null);

// roomLeft says for how long the disk with the least room will do.
function roomLeft(room) {
  const good = room.volumes.filter((v) => v.healthy);
  const least = good.filter((v) => v.hours_left >= 0).sort((a, b) => a.hours_left - b.hours_left)[0];
  return least ? t(good.length === 1 ? "safe.room.one" : "safe.room", { n: good.length, hours: work.hours(least) }) : t("safe.unknown");
}

// safe fills the left of the footer: until when everything is safe. It never runs ahead: it shows
// what the controller has acknowledged and nothing else.
work.safe = (page) => {
  const room = page.room;
  const s = room.session;
  sign($("safe-shape"), "shield");
  if (!s) {
    set($("safe-line"), roomLeft(room));
    set($("safe-time"), "");
    set($("safe-sub"), t("signed-in", { name: document.body.dataset.actor }));
    return;
  }
  const at = instant(s.safe_until);
  if (s.state === "Unrecorded" || at === null) {
    sign($("safe-shape"), s.state === "Unrecorded" ? "unrec" : "off");
    set($("safe-line"), s.state === "Unrecorded" ? t("safe.not-recorded") : t("safe.none"));
    set($("safe-time"), "");
    set($("safe-sub"), "");
    return;
  }
  const required = room.cameras.filter((c) => c.required).length;
  set($("safe-line"), t(s.safe_on === 1 ? "safe.disk" : "safe.disks", { n: s.safe_on }));
  set($("safe-time"), time(at, room.zone));
  set($("safe-sub"), s.seal
    ? `${t("safe.sealed.from", { from: time(instant(s.opened), room.zone), to: time(at, room.zone) })}${t("clause")}${t("safe.sealed", { time: time(instant(s.seal.at), room.zone) })}`
    : required === 1 ? t("safe.one") : t("safe.all", { n: required }));
};

function check(look, shape, name, line, sub, side, alarm) {
  return h("li", { class: look }, icon(shape), h("b", {}, name), h("span", {}, line, sub ? h("small", {}, sub) : null), h("small", alarm ? {} : { class: "strong" }, side || ""));
}

// whenTested is the time of a test of today, the date of any other.
function whenTested(test, room) {
  const at = instant(test.at);
  const day = date(at, room.zone);
  return day === date(instant(room.now), room.zone) ? time(at, room.zone) : day;
}

function checks(page) {
  const room = page.room;
  const s = room.session;
  const rows = [];
  const faults = [...room.faults];
  const take = (subject) => {
    const i = faults.findIndex((f) => f.subject === subject);
    return i < 0 ? null : faults.splice(i, 1)[0];
  };
  for (const c of room.cameras) {
    const fault = take(c.id);
    const at = instant(c.safe_until);
    const side = !s ? t("checks.camera.nothing") : at === null ? t("checks.camera.not-yet") : t("checks.safe", { time: time(at, room.zone) });
    const bad = !c.connected || fault;
    const line = !c.connected ? t("checks.camera.off") : fault ? say(fault.title) : c.video || "–";
    let sub = !c.connected ? say(c.problem) : fault ? say(fault.do) : say(c.unjudged) || c.audio || null;
    if (!bad && c.gaps) sub = (sub ? sub + t("clause") : "") + t(c.gaps === 1 ? "checks.camera.gap" : "checks.camera.gaps", { n: c.gaps });
    const row = check(bad ? "is-alarm" : "is-ready", bad ? "alarm" : "ready", say(c.name), line, sub, side, bad);
    row.dataset.testid = `camera-${c.id}`;
    rows.push(row);
  }
  for (const [i, v] of room.volumes.entries()) {
    const fault = take(v.id);
    const bad = !v.healthy || fault;
    const hours = work.hours(v);
    const left = hours ? t("checks.volume.ok", { hours }) : t("checks.volume.free", { gb: Math.floor(v.free_bytes / 1e9) });
    rows.push(check(bad ? "is-alarm" : "is-ready", bad ? "alarm" : "ready", diskName(v, i), v.healthy ? left : t("checks.volume.off"), bad ? `${v.id}${t("clause")}${say(v.problem) || say(fault?.do)}` : v.id, "", bad));
  }
  const k = room.clock;
  const off = take("clock") || faults.find((f) => f.code.startsWith("clock."));
  if (off) faults.splice(faults.indexOf(off), faults.includes(off) ? 1 : 0);
  rows.push(check(k.trusted ? "is-ready" : "is-alarm", k.trusted ? "ready" : "alarm", t("checks.clock"),
    k.trusted ? t("checks.clock.ok", { s: (k.max_error_ns / 1e9).toFixed(3) }) : t("checks.clock.off"), k.trusted ? null : say(k.reason), "", !k.trusted));
  const test = room.tested;
  if (test?.passed) rows.push(check("is-ready", "ready", t("checks.test"), t("checks.test.passed"), null, whenTested(test, room)));
  rows.push(wallRow(room));
  for (const f of faults) rows.push(check("is-alarm", "alarm", say(f.title), say(f.what), say(f.do), time(instant(f.since), room.zone), true));
  for (const n of s?.notices || []) rows.push(check("is-alarm", "alarm", t("alarm.title"), say(n), null, "", true));
  fill($("checks"), ...rows);
}

// people says who is in the room; without a session, who is signed in.
function people(page) {
  const s = page.room.session;
  const rows = [];
  const add = (name, value) => rows.push(h("dt", {}, name), h("dd", {}, value));
  for (const m of s?.form.roster || []) {
    add(t(m.role === "questioner" && s.form.kind !== "interrogation-suspect" ? "role.questioner.other" : `role.${m.role}`), m.name);
  }
  fill($("people"), ...rows);
}

// status is one place for what is wrong without stopping anything; when nothing is, it says with what
// is being recorded.
function status(page) {
  const room = page.room;
  const s = room.session;
  const node = $("status");
  show($("also"), marked(s));
  if (!marked(s)) return;
  const wrong = room.faults.map((f) => [say(f.title), say(s.state === "Unrecorded" ? f.what : f.do)]) // what to do while LOCKED is not what to do then;
  for (const [i, v] of room.volumes.entries()) if (!v.healthy && !room.faults.some((f) => f.subject === v.id)) wrong.push([t("label", { name: diskName(v, i), value: t("checks.volume.off") }), say(v.problem)]);
  if (!room.clock.trusted && !room.faults.some((f) => f.code.startsWith("clock."))) wrong.push([t("checks.clock.off"), say(room.clock.reason)]);
  for (const n of s.notices || []) wrong.push([say(n), ""]);
  const look = `card status ${wrong.length ? "is-alarm" : ""}`;
  if (node.className !== look) node.className = look;
  if (wrong.length) {
    const [title, sub] = wrong[0];
    fill(node, icon("alarm"), h("p", {}, h("b", {}, wrong.length > 1 ? `${title} (${t("locked.what.more", { n: wrong.length - 1 })})` : title), h("small", {}, sub || "")));
    return;
  }
  const disks = roomLeft(room);
  fill(node, icon("ready"), h("p", {}, h("b", {}, t("status.fine", { n: room.cameras.filter((c) => c.connected).length })), h("small", {}, disks), h("small", {}, t("label", { name: t("checks.clock"), value: t("checks.clock.ok", { s: (room.clock.max_error_ns / 1e9).toFixed(3) }) }))));
}

// duties are told first to a suspect, in this order (S120).
const duties = ["rights-read", "leniency-told", "counsel-told"];

function due(s) {
  if (s.form.kind !== "interrogation-suspect" || s.state !== "Questioning") return null;
  return duties.find((d) => !s.markers.some((m) => m.code === d)) || null;
}

const sent = new Map(); // marker → when its last tap was answered: a double tap is one

function marks(page) {
  const s = page.room.session;
  const can = page.action("marker").allowed;
  const next = due(s);
  for (const b of $("marks").children) {
    const code = b.dataset.marker;
    const mine = s.markers.filter((m) => m.code === code);
    const last = mine.at(-1);
    const running = last && b.hasAttribute("data-length") && instant(last.end) === null;
    const look = `mark ${running ? "on" : next === code ? "due" : last && !b.hasAttribute("data-length") ? "done" : ""}`;
    if (b.className !== look) b.className = look;
    b.setAttribute("aria-disabled", String(!can));
    const use = b.querySelector("use");
    const words = b.querySelector("em");
    const zone = page.room.zone;
    if (running) { sign(use, "halt"); set(words, t("mark.end", { span: span(page.now() - instant(last.begin)) })); }
    else if (b.hasAttribute("data-length")) { sign(use, last ? "tick" : "play"); set(words, last ? `${time(instant(last.begin), zone)}` : t("mark.begin")); }
    else { sign(use, last ? "tick" : "rec"); set(words, last ? `${time(instant(last.begin), zone)}${mine.length > 1 ? ` ×${mine.length}` : ""}` : t(b.hasAttribute("data-words") ? "mark.write" : "mark.now")); }
  }
}

// mark sets a marker, or begins or ends one with a length.
work.mark = async (page, b, text) => {
  const code = b.dataset.marker;
  if (b.dataset.busy || b.getAttribute("aria-disabled") === "true" || performance.now() - (sent.get(code) ?? -1e9) < SLIP) return false;
  working(b, true);
  const body = { name: "marker", marker: code };
  if (b.hasAttribute("data-length")) {
    const last = page.room.session.markers.filter((m) => m.code === code).at(-1);
    body.phase = last && instant(last.end) === null ? "end" : "begin";
  }
  if (text) body.text = text;
  try {
    const done = await page.command(body);
    if (done) still(b);
    return done;
  } finally {
    working(b, false);
    sent.set(code, performance.now());
    page.draw();
  }
};

work.begin = (page) => {
  $("marks").addEventListener("click", (e) => {
    const b = e.target.closest("[data-marker]");
    if (!b || b.getAttribute("aria-disabled") === "true") return;
    if (b.hasAttribute("data-words")) page.go("words");
    else work.mark(page, b);
  });
};

// words asks for a marker in words.
work.note = (page) => {
  work.safe(page);
  const b = document.querySelector("[data-words]");
  place("side", { key: "words-back", label: t("words.back"), on: true, act: () => page.go(null) });
  place("next", { key: "words-put", label: t("words.put"), on: Boolean($("words").value.trim()), why: t("words.first"), act: async () => {
    if (await work.mark(page, b, $("words").value.trim())) {
      $("words").value = "";
      page.go(null);
    }
  } });
};

function captions(page) {
  const s = page.room.session;
  for (const c of page.room.cameras) {
    const figure = document.querySelector(`[data-camera="${CSS.escape(c.id)}"]`);
    const caption = figure?.querySelector("figcaption");
    if (!caption) continue;
    // Of a session of others no picture comes, however long one waits.
    const cover = figure.querySelector(".none span");
    if (s && !mine(s)) set(cover, t("pic.withheld"));
    else if (cover.textContent === t("pic.withheld")) set(cover, t("pic.waiting"));
    const at = instant(c.safe_until);
    set(caption, s && at !== null ? t("pic.safe", { name: say(c.name), time: time(at, page.room.zone) }) : c.required ? t("pic.required", { name: say(c.name) }) : say(c.name));
  }
}

// mine reports whether there is a session of which more than its state is shown; marked, whether it takes
// markers.
const mine = (s) => Boolean(s?.id);
const marked = (s) => mine(s) && s.state !== "Starting";

function elapsed(page) {
  const s = page.room.session;
  show($("lawyer"), !s);
  show($("elapsed-card"), mine(s));
  show($("checks-card"), !marked(s));
  show($("marks"), marked(s));
  if (!mine(s)) return;
  const zone = page.room.zone;
  const { word } = work.words(s);
  const now = page.now();
  const at = (name) => instant(s[name]);
  const put = (title, began, ms, side) => {
    set($("elapsed-title"), title);
    set($("elapsed-began"), [began, side].filter(Boolean).join(" · "));
    set($("elapsed"), span(ms));
  };
  const planned = s.form.planned_ns && at("started") ? t("elapsed.planned", {
    length: t("form.hours", { n: +(s.form.planned_ns / 3.6e12).toFixed(1) }), time: time(at("started") + s.form.planned_ns / 1e6, zone) }) : t("elapsed.opened", { time: time(at("opened"), zone) });
  if (s.state === "Starting") put(t("elapsed.starting"), "", now - at("opened"), t("elapsed.starting.sub"));
  else if (s.state === "Standby") put(t("elapsed.recording"), t("elapsed.recording.since", { time: time(at("opened"), zone) }), now - at("opened"), "");
  else if (s.state === "Closing") put(t("elapsed.closing", { until: time(at("close_at"), zone) }), t("elapsed.ended", { time: time(at("ended"), zone) }), (at("close_at") ?? now) - now + 999, "");
  else if (s.state === "Unrecorded") put(t("elapsed.unrecorded", { time: time(at("since"), zone) }), "", now - at("since"), planned);
  else put(t(`elapsed.${word}`), t("elapsed.began", { time: time(at("started"), zone) }), now - at("started"), planned);
}

function actions(page) {
  const s = page.room.session;
  if (!s) {
    const law = document.querySelector("[name=lawyer]:checked")?.value;
    const open = page.action("open");
    const why = !open.allowed ? say(open.why) : law === "yes" ? t("lawyer.yes.why") : t("lawyer.first");
    place("side", { key: "sessions", label: t("nav.sessions"), on: true, href: "/sessions" });
    place("next", { key: "open", label: t("act.open"), sub: t("act.open.sub"), on: open.allowed && law === "no", why, act: () => page.go("form") });
    return;
  }
  if (!mine(s)) { // somebody else's: nothing is done here
    place("side", null);
    place("next", { key: "rooms", label: t("nav.rooms"), on: true, href: "/" });
    return;
  }
  const { word } = work.words(s);
  const started = instant(s.started) !== null;
  const end = page.action(started ? "end" : "break-off");
  place("side", s.state === "Closing" ? null : {
    key: "end", hold: true, label: started ? t(`act.end.${word}`) : t(`act.break-off.${word}`), sub: t("act.end.sub"), on: end.allowed, why: say(end.why),
    act: () => page.go("ending"),
  });
  const start = page.action("start");
  const resume = page.action("resume");
  if (s.state === "Starting" || s.state === "Standby") {
    place("next", { key: "start", label: t(`act.start.${word}`), sub: t("act.start.sub"), on: start.allowed, why: s.state === "Starting" ? t("act.start.wait") : say(start.why), act: () => page.command({ name: "start" }) });
  } else if (s.state === "Closing") {
    const until = instant(s.close_at);
    const over = until !== null && page.now() > until;
    place("next", { key: "closing", label: t(over ? "act.sealing" : "act.closing"), on: false, why: over ? t("act.sealing.sub") : t("act.closing.sub", { time: time(until, page.room.zone) }) });
  } else if (s.state === "Unrecorded") {
    place("next", { key: "resume", label: t(`act.resume.${word}`), on: resume.allowed, why: say(resume.why) || t("act.resume.wait"), act: () => page.command({ name: "resume" }) });
  } else if (due(s)) {
    const b = document.querySelector(`[data-marker=${due(s)}]`);
    place("next", { key: `due-${due(s)}`, label: b.querySelector("b").textContent, sub: t("act.due"), on: page.action("marker").allowed, act: () => work.mark(page, b) });
  } else {
    place("next", { key: "none", label: t("act.none"), on: false, why: t("act.none.sub") });
  }
}

export function work(page) {
  captions(page);
  meters(page);
  elapsed(page);
  dues(page);
  people(page);
  status(page);
  if (marked(page.room.session)) marks(page);
  else checks(page);
  work.safe(page);
  actions(page);
}
