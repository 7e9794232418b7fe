// What is due and by when, how loud it is, what a marker saw, and what is missing before the end.

import { $, fill, h, icon, show } from "./dom.js";
import { t, say } from "./words.js";
import { instant, minute, span, time } from "./times.js";

const SOON = 15 * 60 * 1000; // ms before it is due from when on it is told in bold

// duties lists what is due, the first first, each with the time that is left. They hold a place of three
// lines, so that nothing moves when one is done.
export function duties(page) {
  const s = page.room.session;
  const now = page.now();
  const zone = page.room.zone;
  const rows = [];
  const list = (s?.duties || []).map((d) => ({ ...d, at: instant(d.due) })).sort((a, b) => a.at - b.at).slice(0, 3);
  for (const d of list) {
    const left = d.at - now;
    const look = left < 0 ? "over" : left < SOON ? "due" : null;
    rows.push(h("dt", { class: look }, left < 0 ? icon("alarm") : null, say(d.title)),
      h("dd", { class: look }, t("duty.by", { time: left < SOON ? time(d.at, zone) : minute(d.at, zone) })),
      h("dd", { class: look, "data-testid": `duty-${d.code}` }, left < 0 ? t("duty.over", { span: span(-left) }) : t("duty.left", { span: left < SOON ? span(left).slice(3) : span(left).slice(0, 5) })));
  }
  fill($("duties"), ...rows);
}

// meters shows beside each picture how loud its microphone is.
export function meters(page) {
  for (const c of page.room.cameras) {
    const figure = document.querySelector(`[data-camera="${CSS.escape(c.id)}"]`);
    const known = typeof c.sound === "number";
    const node = figure?.querySelector(".level");
    if (!node) continue;
    const width = `${Math.round(100 * (c.sound || 0))}%`;
    const value = node.querySelector(".m-val");
    if (value.getAttribute("width") !== width) value.setAttribute("width", width);
    if (node.classList.contains("unknown") === known) node.classList.toggle("unknown", !known);
    const label = known ? t("sound.level", { n: Math.round(100 * c.sound) }) : t("observe.level.unknown");
    if (node.getAttribute("aria-label") !== label) node.setAttribute("aria-label", label);
  }
}

// still keeps what the first picture showed when a marker was set, on its button: an officer sees at once
// what was marked. The recording itself is what counts.
export function still(button) {
  const video = [...document.querySelectorAll("#pics video")].find((v) => v.videoWidth && v.parentNode.querySelector(".none").hidden);
  if (!video) return;
  let canvas = button.querySelector("canvas");
  if (!canvas) {
    canvas = h("canvas", { width: "96", height: "54", "aria-hidden": "true", class: "still" });
    button.append(canvas);
  }
  canvas.getContext("2d").drawImage(video, 0, 0, 96, 54);
}

const told = ["rights-read", "leniency-told", "counsel-told"];

// checklist says before the end what is done and what is not. It refuses nothing: what is missing is the
// people's to judge, and the transcript's to say.
export function checklist(page, ending) {
  const s = page.room.session;
  const zone = page.room.zone;
  const rows = [];
  const name = (code) => document.querySelector(`[data-marker="${CSS.escape(code)}"] b`)?.textContent || code;
  const of = (code) => s.markers.filter((m) => m.code === code);
  const add = (good, what, side) => rows.push(h("li", { class: good ? "is-ready" : "is-alarm" }, icon(good ? "ready" : "alarm"), h("span", {}, h("b", {}, what), h("small", {}, side))));
  const wanted = s.form.kind === "interrogation-suspect" ? [...told] : [];
  wanted.push("transcript-check");
  if (ending === "signed") wanted.push("signing");
  if (ending === "refused") wanted.push("refuses-to-sign");
  for (const code of wanted) {
    const last = of(code).at(-1);
    add(Boolean(last), name(code), last ? t("check.done", { time: time(instant(last.begin), zone) }) : t("check.not"));
  }
  for (const m of s.markers) if (m.length && instant(m.end) === null) add(false, name(m.code), t("check.running", { time: time(instant(m.begin), zone) }));
  fill($("checklist"), ...rows);
  const started = instant(s.started);
  $("write-down").textContent = started === null ? t("check.write.none") : t("check.write", { from: minute(started, zone), to: minute(page.now(), zone) });
  show($("checklist-card"), true);
}
