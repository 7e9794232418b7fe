// Contact with the controller: whole snapshots as they come, a heartbeat each second, and the
// knowledge that there was none for three seconds.

import { instant } from "./times.js";
import { anew } from "./anew.js";

const STALE = 2800; // looked at every 200 ms: said within three seconds
// How long an attempt has before another takes its place: longer each time, or where an answer takes longer than an
// attempt has, none would ever come.
const RETRY = 1000;
const LONGEST = 8000;

// watch calls on.snapshot(data), on.beat(), on.stale() and on.contact(). It never gives up. A page that gives on.idle is
// loaded anew while that is true and the controller is of another version.
export function watch(path, name, on) {
  let source = null;
  let stale = false;
  let heard = { steady: performance.now(), wall: Date.now() };
  let offset = 0; // controller's time minus this machine's steady clock
  let since = null;
  let patience = RETRY;

  function hear(now) {
    heard = { steady: performance.now(), wall: Date.now() };
    patience = RETRY;
    const at = instant(now);
    if (at !== null) offset = at - heard.steady;
    if (stale) {
      stale = false;
      since = null;
      on.contact();
    }
  }

  // same loads the page anew where somebody else is signed in by now, or nobody any more: it says whose name stands
  // in the journal.
  async function same() {
    const { signed, actorId } = document.body.dataset;
    try {
      const answer = await fetch("/api/v1/me");
      if (![200, 401, 403].includes(answer.status)) return;
      const now = answer.ok ? (await answer.json()).id : "";
      if (answer.status === 401 || (signed && now !== (signed === "true" ? actorId : ""))) location.reload();
    } catch {
      // No answer: the stream that comes next asks again.
    }
  }

  let opened = false;

  function connect() {
    if (source) source.close();
    source = new EventSource(path);
    source.addEventListener("open", () => {
      if (opened) same(); // the controller ends a stream whose listener is not who it was
      opened = true;
    });
    source.addEventListener(name, (e) => {
      const data = JSON.parse(e.data);
      const one = Array.isArray(data) ? data[0] : data;
      hear(one ? one.now : null);
      on.snapshot(data);
    });
    source.addEventListener("beat", (e) => {
      const said = JSON.parse(e.data);
      hear(said.now);
      on.beat();
      if (on.idle) anew(said.version, on.idle);
    });
  }

  let tried = performance.now();
  setInterval(() => {
    // Both clocks are asked: the steady one may stand still while the machine sleeps.
    const silent = Math.max(performance.now() - heard.steady, Date.now() - heard.wall);
    if (silent > STALE && !stale) {
      stale = true;
      since = performance.now() + offset - (performance.now() - heard.steady);
      on.stale();
    }
    if (stale && performance.now() - tried > patience) {
      tried = performance.now();
      patience = Math.min(2 * patience, LONGEST);
      connect();
      // Who was signed out is asked again; a controller that is away answers nothing.
      fetch("/api/v1/me").then((r) => { if (r.status === 401) location.reload(); }, () => {});
    }
  }, 200);
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (e) => { if (e.persisted) connect(); });
  connect();
  return {
    now: () => performance.now() + offset,
    known: () => offset !== 0,
    stale: () => stale,
    since: () => since,
  };
}
