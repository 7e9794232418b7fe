// The pages that stop everything else: LOCKED, no contact, the way back, and the sealed session.

import { $, fill, h, icon, set, show, sign } from "./dom.js";
import { lang, t, say } from "./words.js";
import { instant, minute, date, span, time } from "./times.js";
import { place } from "./footer.js";
import { work } from "./work.js";
import { draw as ways, nameOf } from "./ways.js";
import { label } from "./tone.js";
import { once } from "./act.js";

const two = (line, sub) => [line, sub ? h("small", {}, sub) : ""];

function safeOn(n) {
  return n === 1 ? t("locked.safe.on.one") : t("locked.safe.on", { n });
}

// begin makes the buttons of the LOCKED page work.
export function begin(page) {
  once($("spontaneous"), () => page.command({ name: "marker", marker: "spontaneous" }));
}

// then leaves out what the first step says already in letters as large as there are.
function then(text) {
  const said = t("locked.said");
  if (!text.startsWith(said)) return text;
  const rest = text.slice(said.length);
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

export function locked(page) {
  const room = page.room;
  const s = room.session;
  const zone = room.zone;
  const since = instant(s.since);
  const { word } = work.words(s);
  set($("locked-since"), t("locked.since", { time: time(since, zone), span: span(page.now() - since) }));
  set($("locked-called"), s.called ? t("locked.called") : "");
  const faults = room.faults.filter((f) => f.locks);
  const first = faults[0];
  fill($("locked-what"), ...(first
    ? two(say(first.title) + (faults.length > 1 ? `${t("clause")}${t("locked.what.more", { n: faults.length - 1 })}` : ""), t("locked.fault", { time: time(instant(first.since), zone), code: first.code }))
    : two(t("locked.what.none"), "")));
  const safe = instant(s.safe_until);
  fill($("locked-safe"), ...(safe === null ? two(t("locked.safe.none")) : two(t("locked.safe.to", { time: time(safe, zone) }), safeOn(s.safe_on))));
  const broken = new Set(faults.map((f) => f.subject));
  const still = room.cameras.filter((c) => c.connected && !broken.has(c.id));
  fill($("locked-still"), ...(still.length ? two(still.map((c) => say(c.name)).join(t("list")), t("locked.still.sub")) : two(t("locked.still.none"))));
  set($("locked-fix"), first ? say(first.title) : t("locked.cleared"));
  set($("locked-fix-sub"), first ? then(say(first.do)) : t("locked.cleared.sub"));
  const gone = s.room && s.room !== page.id; // who is still here goes after it
  show($("locked-more"), Boolean(first) || gone);
  set($("locked-then"), gone ? t("locked.gone", { name: nameOf(s.room) }) : t("locked.wait"));
  set($("locked-then-sub"), t(gone ? "locked.gone.sub" : "locked.wait.sub"));
  const words = page.room.session.markers.filter((m) => m.code === "spontaneous" && instant(m.begin) >= since).at(-1);
  show($("spontaneous"), page.action("marker").allowed);
  set($("spontaneous-sub"), page.action("marker").allowed ? (words ? t("locked.marked", { time: time(instant(words.begin), zone) }) : t("locked.goes-on.press")) : t("locked.goes-on.sub"));
  ways(page);
  const best = still.map((c) => ({ c, at: instant(c.safe_until) })).filter((x) => x.at !== null).sort((a, b) => a.at - b.at)[0];
  sign($("safe-shape"), best ? "shield" : "off");
  set($("safe-line"), best ? t(best.c.safe_on === 1 ? "locked.safe.still.one" : "locked.safe.still", { name: say(best.c.name), n: best.c.safe_on }) : t("safe.none"));
  set($("safe-time"), best ? time(best.at, zone) : "");
  set($("safe-sub"), "");
  const end = page.action("break-off");
  const resume = page.action("resume");
  place("side", page.asking
    ? { key: "ask-back", label: t(page.asking === "break-off" ? "locked.break-off.keep" : "ways.back"), on: true, act: () => page.ask(null) }
    : { key: "break-off", hold: true, label: t(`act.break-off.${word}`), sub: t("act.break-off.sub"), on: end.allowed, why: say(end.why), act: () => page.ask("break-off") });
  place("next", { key: "resume", label: t(`act.resume.${word}`), sub: t("locked.cleared"), on: resume.allowed, why: t("act.resume.wait"), act: () => page.command({ name: "resume" }) });
}

export function stale(page, contact) {
  label(document.querySelector("[data-view=stale] [data-tone]"), contact.now(), page.room?.zone || "UTC");
  const s = page.room?.session;
  const zone = page.room?.zone || "UTC";
  const since = contact.since();
  set($("stale-since"), contact.known() && page.room ? t("locked.since", { time: time(since, zone), span: span(contact.now() - since) }) : "");
  const safe = s ? instant(s.safe_until) : null;
  fill($("stale-safe"), ...(safe === null ? two(t("safe.last.none")) : two(t("locked.safe.to", { time: time(safe, zone) }), `${safeOn(s.safe_on)}${t("clause")}${t("stale.safe.sub")}`)));
  sign($("safe-shape"), "off");
  set($("safe-line"), safe === null ? t("safe.last.none") : t(s.safe_on === 1 ? "safe.last.one" : "safe.last", { n: s.safe_on }));
  set($("safe-time"), safe === null ? "" : time(safe, zone));
  set($("safe-sub"), t("stale.retry"));
  place("side", null);
  place("next", { key: "off", label: t("act.off"), on: false, why: t("act.off.sub") });
}

export function resuming(page) {
  const s = page.room.session;
  const zone = page.room.zone;
  const { word } = work.words(s);
  work.safe(page);
  set($("script"), say(s.script?.say));
  // The line says what the person answered once somebody has chosen it, not before.
  const answered = document.querySelector("[name=answer]:checked");
  const answer = answered?.value;
  set($("transcript-line"), [say(s.script?.transcript), answered?.dataset.words].filter(Boolean).join(lang === "en" ? " " : ""));
  const explain = page.action("explain");
  const end = page.action("break-off");
  place("side", { key: "end", hold: true, label: t(`act.break-off.${word}`), sub: t("act.break-off.sub"), on: end.allowed, why: say(end.why), act: () => page.go("ending") });
  place("next", {
    key: "confirm", label: t(`act.confirm.${word}`), sub: t("act.confirm.sub"), on: explain.allowed && Boolean(answer), why: explain.allowed ? t("resume.choose") : say(explain.why),
    act: async () => {
      if (await page.command({ name: "explain", answer })) page.go("line");
    },
  });
}

// line shows, when questioning goes on, the line that was kept: with the answer and the instant at
// which it really went on.
export function line(page) {
  const lines = page.room.session.transcript_lines || [];
  work.safe(page);
  set($("line"), say(lines.at(-1)));
  place("side", null);
  place("next", { key: "line-done", label: t("line.done"), sub: t("line.done.sub"), on: true, act: () => page.go(null) });
}

// rows of four groups of four digits, so that the number can be read out and compared.
export function hashRows(hash) {
  const groups = hash.match(/.{4}/g) || [];
  const out = [];
  groups.forEach((g, i) => {
    if (i % 4 === 0) out.push(h("small", {}, String(i / 4 + 1)));
    out.push(h("span", {}, g));
  });
  return out;
}

// paper shows the number as a code and leads to the sheet to sign, once the session is in the list.
function paper(s) {
  const code = $("code");
  const address = s.seal ? `/sessions/${s.id}/code.svg` : "";
  if (code.dataset.of === address) return;
  code.dataset.of = address;
  code.hidden = $("sheet").hidden = !address;
  if (!address) return;
  $("sheet").href = `/sessions/${s.id}/certificate`;
  code.onerror = () => setTimeout(() => { code.src = `${address}?again=${Date.now()}`; }, 1000);
  code.src = address;
}

export function sealed(page) {
  const room = page.room;
  const s = room.session;
  const zone = room.zone;
  work.safe(page);
  fill($("hash"), ...hashRows(s.seal?.hash || ""));
  paper(s);
  const at = (v) => (v === null ? t("sealed.never") : `${date(v, zone)} ${minute(v, zone)}`);
  const rows = [h("dt", {}, t("sealed.start")), h("dd", {}, at(instant(s.started))), h("dt", {}, t("sealed.end")), h("dd", {}, at(instant(s.ended)))];
  const breaks = s.interruptions || [];
  for (const b of breaks) {
    rows.push(h("dt", {}, t("sealed.interruption")), h("dd", {}, t("sealed.interruption.line", {
      from: minute(instant(b.last_good), zone), to: minute(instant(b.first_good), zone), resumed: minute(instant(b.resumed), zone) })));
  }
  for (const l of s.transcript_lines || []) rows.push(h("dt", {}, t("sealed.line")), h("dd", { class: "words" }, say(l)));
  if (!breaks.length) rows.push(h("dt", {}, t("sealed.interruption")), h("dd", {}, t("sealed.none")));
  fill($("minutes"), ...rows);
  const item = (look, shape, line, sub) => h("li", { class: look }, icon(shape), h("span", {}, h("b", {}, line), h("small", {}, sub)));
  const gaps = room.cameras.reduce((n, c) => n + c.gaps, 0);
  const list = [];
  if (s.ending) list.push(item(s.ending === "broken-off" ? "is-alarm" : "is-ready", s.ending === "broken-off" ? "alarm" : "ready", t(`end.${s.ending}`), t(`end.${s.ending}.detail`)));
  if (breaks.length) list.push(item("is-alarm", "alarm", t(breaks.length === 1 ? "sealed.break" : "sealed.breaks", { n: breaks.length }), ""));
  if (gaps) list.push(item("is-alarm", "alarm", t(gaps === 1 ? "checks.camera.gap" : "sealed.gaps", { n: gaps }), ""));
  if (!breaks.length && !gaps) list.push(item("is-ready", "ready", t("sealed.nogaps"), ""));
  list.push(item("is-ready", "ready", t("sealed.signed-by"), s.seal?.key || ""));
  for (const f of s.seal?.facts || []) list.push(item("is-alarm", "alarm", say(f), ""));
  list.push(item("is-off", "disk", t("sealed.folder"), s.seal?.folder || ""));
  fill($("sealed-checks"), ...list);
  const dismiss = page.action("dismiss");
  place("side", { key: "look", label: t("act.look"), on: true, href: `/sessions/${s.id}` });
  place("next", { key: "dismiss", label: t("act.dismiss"), sub: t("act.dismiss.sub"), on: dismiss.allowed, quiet: Boolean(s.seal), why: say(dismiss.why), act: () => page.command({ name: "dismiss" }) });
}
