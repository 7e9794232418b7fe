// Live pictures: one WebSocket for all cameras of a room, each camera's fragments into its own
// MediaSource. The time over a picture is the capture time of the picture that is shown.

import { t } from "./words.js";
import { dateTime, time } from "./times.js";
import { decodeTime, timescale } from "./fmp4.js";

const INIT = 0, KEY = 2;
const FAR = 1.2;     // seconds behind at which the picture jumps ahead
const NEAR = 0.35;   // and from which it hurries
const KEEP = 6;      // seconds of past pictures kept
const DEAD = 2000;   // ms without a new picture after which it is covered
const SILENT = 10000; // ms without a word of the controller after which another connection takes this one's place
const AGAIN = 500;   // ms after which a picture that the browser could not decode is begun anew

class Camera {
  constructor(figure, zone) {
    this.figure = figure;
    this.zone = zone;
    this.video = figure.querySelector("video");
    this.label = figure.querySelector("time");
    this.cover = figure.querySelector(".none");
    this.queue = [];
    this.times = []; // [media time in seconds, capture time in ms], as appended
    this.shown = 0;  // when a new picture was last shown, steady clock
    this.at = null;
    this.video.requestVideoFrameCallback((_, f) => this.frame(f));
    this.video.addEventListener("error", () => this.failed());
  }

  // failed begins anew after the browser gave the picture up, as over one that it cannot decode: with the same
  // header, at the next key picture.
  failed() {
    const { source, mime, init } = this;
    if (!source || !init) return;
    setTimeout(() => {
      if (this.source !== source) return; // it was begun anew, or let go
      this.start(mime);
      this.init = init;
      this.queue.push({ kind: INIT, bytes: init });
      this.skip = true;
    }, AGAIN);
  }

  start(mime) {
    this.mime = mime;
    this.init = null;
    this.skip = false;
    this.queue = [];
    this.times = [];
    this.buffer = null;
    if (!("MediaSource" in window) || !MediaSource.isTypeSupported(mime)) {
      this.impossible = true;
      return;
    }
    const source = new MediaSource();
    this.source = source;
    const url = URL.createObjectURL(source);
    source.addEventListener("sourceopen", () => {
      URL.revokeObjectURL(url);
      if (this.source !== source) return;
      this.buffer = source.addSourceBuffer(mime);
      this.buffer.addEventListener("updateend", () => this.next());
      this.next();
    });
    this.video.src = url;
  }

  piece(kind, at, bytes) {
    if (kind === INIT) {
      this.scale = timescale(bytes);
      this.init = bytes;
    } else {
      const ticks = decodeTime(bytes);
      if (ticks !== null && this.scale) this.times.push([ticks / this.scale, at]);
      if (this.times.length > 600) this.times.splice(0, 300);
    }
    if (this.queue.length > 240) {
      // The browser does not keep up: go on at the next key picture.
      this.queue = this.queue.filter((p) => p.kind === INIT);
      this.skip = true;
    }
    if (this.skip && kind !== KEY) return;
    this.skip = false;
    this.queue.push({ kind, bytes });
    this.next();
  }

  next() {
    const b = this.buffer;
    if (!b || b.updating || this.video.error || this.source.readyState !== "open") return;
    this.follow(b.buffered);
    const old = this.video.currentTime - KEEP;
    if (b.buffered.length && b.buffered.start(0) < old - KEEP) {
      b.remove(0, old);
      return;
    }
    const p = this.queue.shift();
    if (!p) return;
    try {
      b.appendBuffer(p.bytes);
    } catch (e) {
      if (e.name !== "QuotaExceededError") throw e;
      this.queue.unshift(p);
      b.remove(0, Math.max(0.001, this.video.currentTime - 1));
    }
  }

  // follow keeps the picture near the newest that is there.
  follow(buffered) {
    if (!buffered.length) return;
    const v = this.video;
    const last = buffered.length - 1;
    const behind = buffered.end(last) - v.currentTime;
    if (behind > FAR || behind < -0.1 || v.currentTime < buffered.start(last)) {
      v.currentTime = Math.max(buffered.start(last), buffered.end(last) - 0.1);
      v.playbackRate = 1;
    } else {
      v.playbackRate = behind > NEAR ? 1.1 : 1;
    }
    if (v.paused) v.play().catch(() => {});
  }

  frame(f) {
    this.video.requestVideoFrameCallback((_, g) => this.frame(g));
    this.shown = performance.now();
    this.cover.hidden = true; // with the first picture, not a moment after its time
    let at = null;
    for (let i = this.times.length - 1; i >= 0; i--) {
      if (this.times[i][0] <= f.mediaTime + 0.02) {
        at = this.times[i][1];
        break;
      }
    }
    if (at === null) return;
    this.at = at;
    this.figure.dataset.at = String(at);
    const text = this.figure.classList.contains("big") ? dateTime(at, this.zone) : time(at, this.zone);
    const air = document.body.dataset.air || ""; // what the room's sensor says
    const all = air ? `${text}  ${air}` : text;
    if (this.label.textContent !== all) this.label.textContent = all;
  }

  // end lets the picture go, as of what happened last it must not stay.
  end() {
    this.source = this.buffer = null;
    this.video.removeAttribute("src");
    this.video.load();
  }

  // tick covers a picture that stands still: an old one must not look like a live one.
  tick() {
    const dead = !this.shown || performance.now() - this.shown > DEAD;
    if (this.cover.hidden === dead) this.cover.hidden = !dead;
    if (!dead) return;
    let text = t("pic.waiting");
    if (this.impossible) text = t("pic.cannot");
    else if (this.at !== null) text = t("pic.none-since", { time: time(this.at, this.zone) });
    const words = this.cover.lastElementChild;
    if (words.textContent !== text) words.textContent = text;
  }
}

// live shows the cameras of a room in their figures, or only one of them, and comes back by itself until
// it is stopped.
export function live(room, zone, figureOf, only = "") {
  const cameras = new Map();
  let order = [];
  let socket = null;
  let stopped = false;
  let heard = 0; // when the controller was last heard, steady clock
  const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/rooms/${room}/live${only ? `?camera=${encodeURIComponent(only)}` : ""}`;

  function camera(i) {
    const id = order[i];
    if (!cameras.has(id)) {
      const figure = figureOf(id);
      if (!figure) return null;
      cameras.set(id, new Camera(figure, zone));
    }
    return cameras.get(id);
  }

  function connect() {
    heard = performance.now();
    const mine = socket = new WebSocket(address);
    mine.binaryType = "arraybuffer";
    mine.onmessage = (e) => {
      if (mine !== socket) return;
      heard = performance.now();
      if (typeof e.data === "string") {
        const m = JSON.parse(e.data);
        if (m.cameras) order = m.cameras;
        else camera(m.camera)?.start(m.mime);
        return;
      }
      const head = new DataView(e.data, 0, 10);
      const at = Number(head.getBigInt64(2) / 1000000n);
      camera(head.getUint8(1))?.piece(head.getUint8(0), at, new Uint8Array(e.data, 10));
    };
    mine.onclose = () => { if (!stopped) setTimeout(() => { if (!stopped && mine === socket) connect(); }, 1000); };
  }

  // doubt begins anew where nothing is heard: of a controller that lost its power a connection may never end.
  function doubt() {
    if (stopped || performance.now() - heard < SILENT) return;
    const old = socket;
    connect();
    old.close();
  }

  addEventListener("pagehide", () => socket.close());
  connect();
  const ticks = setInterval(() => {
    doubt();
    for (const c of cameras.values()) c.tick();
  }, 250);
  return {
    resume: () => { for (const c of cameras.values()) c.video.play().catch(() => {}); },
    stop() {
      stopped = true;
      clearInterval(ticks);
      socket.close();
      for (const c of cameras.values()) c.end();
    },
  };
}
