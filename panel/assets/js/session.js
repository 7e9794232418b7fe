// One session's recording: all cameras in step, at the same instant of the session's timeline. The
// time over a picture comes from the recording, not from this machine.

import { $, set, show, sign } from "./dom.js";
import { t } from "./words.js";
import { dateTime, instant, time } from "./times.js";
import { ticking } from "./hands.js";
import { away, been } from "./stays.js";

const zone = document.body.dataset.zone || "UTC";
const id = document.body.dataset.session;
const FRAME = 0.04; // seconds of one picture
const APART = 0.15; // seconds by which two cameras may be out of step
const BLANK = 500; // ms without a picture from when on it is said
const BREAK = 250; // ms that a camera lacks at least, where it is said that it recorded nothing

ticking(zone);

// What the room's sensor measured and in which rooms the session was, as its journal tells it.
let readings = [];
fetch(`/api/v1/sessions/${id}`).then((r) => (r.ok ? r.json() : {})).then((r) => {
  readings = (r.readings || []).map((x) => ({ at: instant(x.at), text: x.text }));
  been(r);
  for (const p of players) if (p.ready && p.out) p.say(p.missing(now()));
}).catch(() => {});
const air = (ms) => readings.findLast((r) => r.at <= ms)?.text || "";

class Player {
  constructor(figure) {
    this.figure = figure;
    this.room = figure.dataset.room;
    this.camera = figure.dataset.camera;
    this.video = figure.querySelector("video");
    this.label = figure.querySelector("time");
    this.cover = figure.querySelector(".none");
    this.parts = []; // {start, end, at}: seconds of the player, and the instant at which they begin
    this.ready = false;
    this.failed = false;
    // The worker of hls.js would come from a blob, which the policy of this site refuses.
    this.hls = new Hls({ enableWorker: false, maxBufferLength: 30, backBufferLength: 30 });
    this.hls.on(Hls.Events.LEVEL_LOADED, (_, d) => this.loaded(d.details));
    this.hls.on(Hls.Events.LEVEL_UPDATED, (_, d) => this.loaded(d.details));
    this.hls.on(Hls.Events.LEVEL_PTS_UPDATED, (_, d) => this.loaded(d.details)); // where a part really begins
    this.hls.on(Hls.Events.ERROR, (_, e) => { if (e.fatal) this.fail(); });
    this.hls.loadSource(`/api/v1/sessions/${id}/cameras/${this.room}/${this.camera}/playlist.m3u8`);
    this.hls.attachMedia(this.video);
    this.say(t("session.loading"));
  }

  say(text) {
    this.said = text;
    show(this.cover, Boolean(text));
    if (text) set(this.cover.querySelector("span"), text);
  }

  // missing says why there is no picture of an instant.
  missing(at) {
    const [elsewhere] = away(this.room, at, at + 1);
    return elsewhere ? t("session.pic.away", { room: elsewhere.name }) : t("session.pic.gap");
  }

  // fail leaves the camera out until the page is loaded anew: what it shows from now on is of no time.
  fail() {
    this.failed = true;
    this.ready = false;
    this.hls.destroy();
    this.say(t("session.failed"));
    this.figure.dataset.at = "";
    set(this.label, "–");
    ranged();
  }

  loaded(details) {
    if (this.failed) return;
    this.parts = details.fragments.filter((f) => f.programDateTime).map((f) => ({ start: f.start, end: f.start + f.duration, at: f.programDateTime }));
    this.ready = this.parts.length > 0;
    if (this.ready && this.said === t("session.loading")) this.say("");
    ranged();
  }

  from() { return this.parts[0].at; }
  to() { const p = this.parts.at(-1); return p.at + (p.end - p.start) * 1000; }

  // at returns the instant that is shown.
  at() {
    const now = this.video.currentTime;
    const p = this.parts.find((x) => now < x.end) || this.parts.at(-1);
    return p ? p.at + (now - p.start) * 1000 : null;
  }

  // ran reports whether the camera has shown all that is known of it: a recording that goes on has no end yet.
  ran() {
    const p = this.parts.at(-1);
    return this.video.ended || (this.video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA && this.video.currentTime >= p.end - 0.1);
  }

  // stops returns where the camera stops between two instants without going on at once, null if nowhere.
  stops(from, to) {
    for (const [i, p] of this.parts.entries()) {
      const end = p.at + (p.end - p.start) * 1000;
      const next = this.parts[i + 1];
      if (next && from <= end && next.at - end > BREAK && to >= next.at - BREAK) return end;
    }
    return this.ran() ? this.to() : null;
  }

  // next returns the first instant from one on that the camera recorded, null if none.
  next(at) {
    for (const p of this.parts) if (at < p.at + (p.end - p.start) * 1000 - BREAK) return Math.max(at, p.at);
    return null;
  }

  // seek goes to an instant, and reports whether anything was recorded then.
  seek(at) {
    for (const p of this.parts) {
      const end = p.at + (p.end - p.start) * 1000;
      if (at < p.at - 1) {
        if (Math.abs(this.video.currentTime - p.start) > 0.001) this.video.currentTime = p.start;
        return false;
      }
      if (at <= end) {
        this.video.currentTime = p.start + Math.max(0, at - p.at) / 1000;
        return true;
      }
    }
    return false;
  }
}

const players = [...document.querySelectorAll("#players figure[data-playable=true]")].map((f) => new Player(f));
let playing = false;
let wanted = null; // the instant to be shown while nothing plays
let range = null;
let before = null; // the instant that was shown last while it plays

function ranged() {
  const ready = players.filter((p) => p.ready);
  if (!ready.length) return;
  range = { from: Math.min(...ready.map((p) => p.from())), to: Math.max(...ready.map((p) => p.to())) };
  if (wanted === null && players.every((p) => p.ready || p.failed)) seek(range.from);
  document.dispatchEvent(new CustomEvent("roomrec:range", { detail: { range, cameras: ready.map((p) => ({ room: p.room, camera: p.camera, name: p.figure.querySelector("figcaption").textContent, parts: p.parts })) } }));
}

const leader = () => players.find((p) => p.ready && !p.out) || players.find((p) => p.ready);

function now() {
  if (!playing && wanted !== null) return wanted;
  return leader()?.at() ?? wanted;
}

function seek(at) {
  if (!range) return;
  before = wanted = Math.min(range.to, Math.max(range.from, at));
  for (const p of players) {
    if (!p.ready) continue;
    p.out = !p.seek(wanted);
    p.say(p.out ? p.missing(wanted) : "");
    if (playing && !p.out) p.video.play().catch(() => {});
    if (p.out) p.video.pause();
  }
}

function play(yes) {
  playing = yes;
  before = wanted;
  for (const p of players) {
    if (yes && !p.out) p.video.play().catch(() => {});
    else p.video.pause();
  }
  if (!yes) wanted = leader()?.at() ?? wanted;
  sign($("playing").querySelector("use"), yes ? "halt" : "play");
  set($("playing").querySelector("span"), t(yes ? "session.halt" : "session.play"));
}

// Whoever shows something that happened at an instant may ask for it.
document.addEventListener("roomrec:seek", (e) => {
  if (e.detail === null) return;
  seek(e.detail);
  $("transport").scrollIntoView({ block: "nearest" });
});
$("playing").addEventListener("click", () => play(!playing));
for (const b of document.querySelectorAll("[data-jump]")) b.addEventListener("click", () => seek(now() + Number(b.dataset.jump) * 1000));
for (const r of document.querySelectorAll("[name=speed]")) r.addEventListener("change", () => { for (const p of players) p.video.playbackRate = Number(r.value); });
for (const r of document.querySelectorAll("[name=sound]")) r.addEventListener("change", () => { for (const p of players) p.video.muted = `${p.room}/${p.camera}` !== r.value; });
let sliding = false;
$("position").addEventListener("input", (e) => {
  sliding = true;
  if (range) seek(range.from + (range.to - range.from) * Number(e.target.value) / 1000);
});
$("position").addEventListener("change", () => { sliding = false; });
document.addEventListener("keydown", (e) => {
  if (e.target.matches("input:not([type=range]), textarea, button, a")) return;
  const jump = { ArrowLeft: -10, ArrowRight: 10, ",": -FRAME, ".": FRAME }[e.key];
  const speed = { 1: "0.5", 2: "1", 3: "2", 4: "4" }[e.key];
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === " ") play(!playing);
  else if (jump && !(e.target.id === "position" && e.key.startsWith("Arrow"))) {
    if (Math.abs(jump) === FRAME && playing) play(false);
    seek(now() + jump * 1000);
  } else if (speed) {
    const r = document.querySelector(`[name=speed][value="${speed}"]`);
    r.checked = true;
    r.dispatchEvent(new Event("change"));
  } else return;
  e.preventDefault();
});

// over goes on with what others recorded where the camera that leads stops: nothing is passed over that any of them
// recorded, and what none recorded is.
function over() {
  const first = leader();
  if (!first || (first.video.seeking && !first.out)) return;
  const at = first.at();
  const stop = before === null ? null : first.out ? before : first.stops(before, at);
  before = at;
  if (stop === null) return;
  const there = players.filter((p) => p.ready).map((p) => p.next(stop + 1)).filter((x) => x !== null);
  if (!there.length) {
    if (first.out || first.video.ended) play(false);
    return;
  }
  const to = Math.min(...there);
  if (first.out || first.ran() || to < at - BREAK) seek(to);
}

// Cameras are kept in step with the first: a small distance is left alone, a larger one is jumped.
setInterval(() => {
  if (playing) over();
  const at = now();
  if (at === null || at === undefined) return;
  set($("at"), time(at, zone));
  document.dispatchEvent(new CustomEvent("roomrec:at", { detail: at }));
  if (range && !sliding) $("position").value = String(Math.round(1000 * (at - range.from) / Math.max(1, range.to - range.from)));
  const first = leader();
  for (const p of players) {
    if (!p.ready) continue;
    if (playing && p !== first) {
      const apart = Math.abs((p.at() ?? 0) - at) / 1000;
      if (p.out || apart > APART * Math.max(1, p.video.playbackRate)) {
        p.out = !p.seek(at);
        p.say(p.out ? p.missing(at) : "");
        if (!p.out && p.video.paused) p.video.play().catch(() => {});
      }
    }
    // Without a picture of the instant the one before stands there: it is of no time that is known.
    const shown = p.out || p.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA ? null : p.at();
    if (shown !== null || p.out) p.blank = null;
    else p.blank ??= performance.now();
    if (!p.out && performance.now() - (p.blank ?? performance.now()) > BLANK) p.say(t("session.loading"));
    else if (shown !== null && p.said === t("session.loading")) p.say("");
    p.figure.dataset.at = String(shown ?? "");
    set(p.label, [dateTime(shown, zone), shown === null || shown === undefined ? "" : air(shown)].filter(Boolean).join("  "));
  }
  if (playing && players.every((p) => !p.ready || p.video.ended || p.out)) play(false);
}, 100);
