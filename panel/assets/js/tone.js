// The quiet sound of a page on which nobody may be questioned: two soft notes every few seconds for as
// long as it lasts. It can be lowered for two minutes, never put off. Browsers keep silent until the
// page was touched once; then there is no sound, and the page says the same in letters.

import { time } from "./times.js";
import { t } from "./words.js";
import { set } from "./dom.js";

const EVERY = 4000;
const LOWERED = 120000;
const LOUD = 0.12;
const LOW = 0.02;

let context = null;
let timer = 0;
let until = 0; // lowered until then, by the page's steady clock

// Before every other listener: also a touch that came too early is a touch.
for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(kind, () => {
    try {
      context ||= new AudioContext();
      if (context.state === "suspended") context.resume().catch(() => {});
    } catch {
      context = null; // no sound device: the page still says it
    }
  }, true);
}

const lowered = () => performance.now() < until;

function note(hertz, after) {
  const begin = context.currentTime + after;
  const tone = new OscillatorNode(context, { type: "sine", frequency: hertz });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, begin);
  gain.gain.linearRampToValueAtTime(lowered() ? LOW : LOUD, begin + 0.03);
  gain.gain.exponentialRampToValueAtTime(0.001, begin + 0.4);
  tone.connect(gain).connect(context.destination);
  tone.start(begin);
  tone.stop(begin + 0.45);
}

function sound() {
  if (context?.state !== "running") return;
  note(523.25, 0);
  note(392, 0.25);
}

// tone sounds for as long as it was last called with true.
export function tone(on) {
  if (on === Boolean(timer)) return;
  clearInterval(timer);
  timer = on ? setInterval(sound, EVERY) : 0;
  if (on) sound();
  else until = 0;
}

// lower makes the tone lower for two minutes.
export function lower() {
  until = performance.now() + LOWERED;
}

// label writes on a button what it does now.
export function label(button, now, zone) {
  const audible = context?.state === "running";
  button.setAttribute("aria-disabled", String(!audible || lowered()));
  set(button.querySelector("b"), t(lowered() ? "tone.lowered" : "tone.lower"));
  set(button.querySelector("small"), lowered() ? t("tone.until", { time: time(now + until - performance.now(), zone) }) : t(audible ? "tone.for" : "tone.silent"));
}
