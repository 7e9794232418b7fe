// Acting: one request id for each wish, so that a second tap or a second try never acts twice; a
// button that is held; and no touch in the first half second after the page has changed.

import { t, say } from "./words.js";

const GUARD = 500;
const HOLD = 2000;
export const SLIP = 1000; // ms in which a second press after an answer is a slip

let guarded = 0;

// changed says that the page shows something else now: what is touched in the next half second was
// meant for what was there before.
export function changed() {
  guarded = performance.now() + GUARD;
  document.body.dataset.settled = "false";
  setTimeout(() => { if (performance.now() >= guarded) document.body.dataset.settled = "true"; }, GUARD + 20);
}

for (const kind of ["pointerdown", "click", "keydown"]) {
  document.addEventListener(kind, (e) => {
    if (kind === "keydown" && !["Enter", " "].includes(e.key)) return;
    // A key that is held down is one press, as a finger that rests is one touch.
    const again = kind === "keydown" && e.repeat && !e.target.matches("input, textarea");
    if (performance.now() >= guarded && !again) return;
    if (kind === "keydown" && e.target.matches("input:not([type=radio])")) return;
    e.preventDefault();
    e.stopImmediatePropagation();
  }, true);
}

// What is wished → its request id, until an answer came, or until {steady, wall} if it got none.
const wishes = new Map();

// A wish that got no answer may have been carried out, and is sent with the same id for so long. The same wish later is
// another one: the controller would answer it as it did the first, and a marker would be lost.
const LOST = 60000; // ms

function requestID() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

export class Refused extends Error {
  constructor(problem, status) {
    super(say(problem.say) || t("problem.internal"));
    this.fields = problem.fields || [];
    this.status = status;
  }
}

// post sends a wish. It is refused with a Refused; without any answer the same wish keeps its id for a while.
export async function post(path, body) {
  const text = JSON.stringify(body);
  const wish = path + text;
  const before = wishes.get(wish);
  // Both clocks are asked: the steady one may stand still while the machine sleeps.
  if (!before || performance.now() > before.steady || Date.now() > before.wall) wishes.set(wish, { id: requestID(), steady: Infinity, wall: Infinity });
  const mine = wishes.get(wish);
  let answer, said;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": mine.id },
      body: text,
      signal: AbortSignal.timeout(15000),
    });
    said = answer.status === 204 ? null : await answer.json();
  } catch (e) {
    mine.steady = performance.now() + LOST;
    mine.wall = Date.now() + LOST;
    throw e;
  }
  wishes.delete(wish);
  if (!answer.ok) throw new Refused(said, answer.status);
  return said;
}

// once lets a button do one thing at a time: while it is under way the button says so and a second press does
// nothing; nor within a second after what act called done, when what the controller made of it may not be seen yet.
export function once(button, act) {
  let done = -SLIP;
  button.addEventListener("click", async () => {
    if (button.dataset.busy || button.getAttribute("aria-disabled") === "true" || performance.now() - done < SLIP) return;
    working(button, true);
    try {
      if (await act()) done = performance.now();
    } finally {
      working(button, false);
    }
  });
}

// working shows on a button that what it does is under way.
export function working(button, yes) {
  if (yes === Boolean(button.dataset.busy)) return;
  if (yes) {
    button.dataset.busy = t("act.working");
    button.setAttribute("aria-busy", "true");
  } else {
    delete button.dataset.busy;
    button.removeAttribute("aria-busy");
  }
}

// hold calls done when the button was pressed for two seconds, by finger, mouse or key.
export function hold(button, done) {
  let timer = 0;
  const off = () => button.getAttribute("aria-disabled") === "true";
  const start = (e) => {
    if (off() || timer) return;
    if (e.type === "keydown" && ![" ", "Enter"].includes(e.key)) return;
    if (e.button) return;
    e.preventDefault();
    button.focus();
    button.dataset.holding = "true";
    timer = setTimeout(() => { stop(); if (!off()) done(); }, HOLD);
  };
  const stop = () => {
    clearTimeout(timer);
    timer = 0;
    delete button.dataset.holding;
  };
  button.addEventListener("pointerdown", start);
  button.addEventListener("keydown", start);
  for (const kind of ["pointerup", "pointerleave", "pointercancel", "keyup", "blur"]) button.addEventListener(kind, stop);
  button.addEventListener("contextmenu", (e) => e.preventDefault());
  return stop;
}
