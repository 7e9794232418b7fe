// The opening form: four steps, every answer stays in sight. What is wrong with it the controller
// says, field by field.

import { $, h, set, show } from "./dom.js";
import { t, say } from "./words.js";
import { changed, post, Refused } from "./act.js";
import { place } from "./footer.js";
import { date, minute, offset, span } from "./times.js";
import { work } from "./work.js";

const root = $("form");
const steps = [...root.querySelectorAll("[data-step]")].map((s) => s.dataset.step);
const circumstances = [...root.querySelectorAll("[data-field^='circumstances.']")].map((f) => f.dataset.field.slice("circumstances.".length));
const roles = [...root.querySelectorAll("input[name^='roster.']")].map((i) => i.name.slice("roster.".length));
let step = 0;

const value = (name) => {
  const one = root.elements.namedItem(name);
  return one ? (one.value || "").trim() : "";
};

const draftKey = `form ${document.body.dataset.room}`;
const me = document.body.dataset.signed === "true" ? document.body.dataset.actorId : ""; // nobody, at a panel

export function form(page) {
  for (const b of root.querySelectorAll("[data-step-to]")) b.addEventListener("click", () => go(page, steps.indexOf(b.dataset.stepTo)));
  root.addEventListener("submit", (e) => e.preventDefault());
  root.addEventListener("input", (e) => {
    e.target.closest("[data-field]")?.querySelectorAll(".wrong").forEach((w) => w.remove());
    sessionStorage.setItem(draftKey, JSON.stringify({ by: me, fields: [...new FormData(root)].filter(([name]) => !name.startsWith("second-")) }));
    page.draw();
  });
  zoned.now = page.now;
  // What was entered survives a change of language; it never leaves this page otherwise, and whoever signs in after
  // somebody else finds nothing of theirs.
  const draft = JSON.parse(sessionStorage.getItem(draftKey) || "null");
  if (draft && (draft.by === me || draft.by === "")) for (const [name, v] of draft.fields) {
    const field = root.elements.namedItem(name);
    if (field) field.value = v;
  } else if (draft && me) sessionStorage.removeItem(draftKey);
}

function go(page, to) {
  if (to === step) return;
  step = to;
  changed();
  page.draw();
  root.querySelector(`[data-step=${steps[step]}] h2`).scrollIntoView({ block: "nearest" });
}

// clear takes away all that was entered: it was of the session that was opened, here or elsewhere, or of none.
export function clear() {
  root.reset();
  sessionStorage.removeItem(draftKey);
  root.querySelectorAll(".wrong").forEach((w) => w.remove());
  show($("form-refused"), false);
  for (const r of document.querySelectorAll("[name=lawyer]")) r.checked = false;
  step = 0;
}

const zoned = { of: "UTC", now: null }; // the room's zone, and the controller's time: this machine's may be any

// instantOf reads a day and a time of the room's clock, or a time of today; null for nothing, false for
// what is neither.
function instantOf(text) {
  if (!text) return null;
  const parts = text.match(/^(?:(\d{4})[-./年]?(\d\d)[-./月]?(\d\d)日?[ T]*)?([01]\d|2[0-3])[:：]?([0-5]\d)$/);
  if (!parts) return false;
  const on = parts[1] ? `${parts[1]}-${parts[2]}-${parts[3]}` : date(zoned.now(), zoned.of);
  const wall = `${on}T${parts[4]}:${parts[5]}:00`;
  const guess = Date.parse(`${wall}Z`);
  if (Number.isNaN(guess)) return false;
  const near = Date.parse(`${wall}${offset(guess, zoned.of)}`); // right but for the hours in which the clocks change
  const whole = `${wall}${offset(near, zoned.of)}`;
  return { text: whole, ms: Date.parse(whole) };
}

// entered are the times of what came before, as the controller takes them.
function entered() {
  const out = {};
  for (const i of root.querySelectorAll("[name^='times.']")) {
    const at = instantOf(i.value.trim());
    // What cannot be read the controller refuses beside its field.
    if (at !== null) out[i.name.slice("times.".length)] = at ? at.text : i.value.trim();
  }
  return out;
}

// limits says beside each time until when it gives.
function limits(page) {
  const suspect = value("kind") === "interrogation-suspect" || !value("kind");
  show($("times"), suspect);
  show($("times-note"), suspect);
  show($("times-not"), !suspect);
  for (const node of root.querySelectorAll("[data-limit]")) {
    const at = instantOf(value(`times.${node.dataset.limit}`));
    const end = at && at.ms + (node.dataset.limit === "arrived" ? 12 : 24) * 3600000;
    const left = end && end - page.now();
    set(node, at === false ? t("form.times.bad") : !at ? "\u00a0" : t(node.dataset.limit === "arrived" ? "form.times.summons" : "form.times.limit", {
      time: `${date(end, zoned.of)} ${minute(end, zoned.of)}`, left: left < 0 ? t("duty.over-by", { span: span(-left) }) : t("duty.left", { span: span(left) }) }));
    node.classList.toggle("over", at === false || (Boolean(at) && left < 0));
  }
}

function read() {
  const body = {
    case: value("case"), person: value("person"), kind: value("kind"), category: value("category"),
    circumstances: {}, planned_ns: Number(value("planned")) || 0, roster: [], lawyer_meeting: document.querySelector("[name=lawyer]:checked")?.value !== "no",
  };
  for (const c of circumstances) if (value(`circumstances.${c}`)) body.circumstances[c] = value(`circumstances.${c}`);
  for (const r of roles) if (value(`roster.${r}`)) body.roster.push({ role: r, name: value(`roster.${r}`) });
  const times = entered();
  if (body.kind === "interrogation-suspect" && Object.keys(times).length) body.times = times;
  if (value("ordinal")) body.ordinal = Math.round(Number(value("ordinal"))) || 0;
  if (value("ground")) body.ground = value("ground");
  body.wall_clock = { says: value("wall_clock") };
  if (body.wall_clock.says === "differs") {
    body.wall_clock.ahead_s = Math.round(Number(value("wall_ahead"))) || 0;
    if (value("wall_reason")) body.wall_clock.reason = value("wall_reason");
  }
  if (value("clock_reason")) body.clock_reason = value("clock_reason");
  // A supervisor's own sign-in for this one decision; it is kept nowhere.
  for (const where of ["second", "second-wall"]) {
    if (value(`${where}-id`)) body.second = { id: value(`${where}-id`), secret: root.elements.namedItem(`${where}-secret`).value };
  }
  return body;
}

async function open(page) {
  root.querySelectorAll(".wrong").forEach((w) => w.remove());
  show($("form-refused"), false);
  const body = read();
  // A secret stays on no page, whatever became of it.
  for (const i of root.querySelectorAll("[type=password]")) i.value = "";
  try {
    await post(`/api/v1/rooms/${page.id}/sessions`, body);
    clear();
    page.busy = null;
  } catch (e) {
    if (!(e instanceof Refused)) {
      page.say(t("act.unknown"));
      return;
    }
    set($("form-why"), e.message);
    show($("form-refused"), true);
    let first = null;
    for (const f of e.fields) {
      // What no field is named after belongs to the one around it.
      const named = (name) => [...root.querySelectorAll(`[data-field="${CSS.escape(name)}"]`)].find((n) => !n.hidden);
      const at = named(f.field) || named(f.field.split(".")[0]);
      if (!at) {
        set($("form-why"), `${e.message} ${say(f.say)}`);
        continue;
      }
      at.append(h("em", { class: "wrong", role: "alert" }, say(f.say)));
      first ||= at;
    }
    if (first) {
      go(page, steps.indexOf(first.closest("[data-step]").dataset.step));
      first.querySelector("input")?.focus();
    }
  }
}

function answers() {
  const body = read();
  const chosen = (name) => root.querySelector(`[name="${name}"]:checked`)?.closest("label");
  const yes = Object.values(body.circumstances).filter((v) => v === "yes").length;
  const unknown = Object.values(body.circumstances).filter((v) => v === "unknown").length;
  const asked = Object.keys(body.circumstances).length;
  return {
    case: [[body.case, body.person].filter(Boolean).join(t("list")), Boolean(body.case && body.person && body.kind)],
    category: [chosen("category")?.querySelector("b").textContent || "", Boolean(body.category)],
    circumstances: [asked < circumstances.length ? (asked ? t("form.answered", { n: asked, all: circumstances.length }) : "") : yes + unknown ? t("form.rail.circumstances.yes", { n: yes, u: unknown }) : t("form.rail.circumstances.no"), asked === circumstances.length],
    times: [Object.values(body.times || {}).map((v) => v.slice(0, 16).replace("T", " ")).join(t("list")), true],
    people: [body.roster.map((m) => m.name).join(t("list")), Boolean(body.wall_clock.says) && body.roster.filter((m) => ["questioner", "clerk"].includes(m.role)).length >= (body.kind === "interrogation-suspect" || !body.kind ? 2 : 1)],
  };
}

form.draw = (page) => {
  zoned.of = page.zone();
  limits(page);
  for (const s of root.querySelectorAll("[data-step]")) show(s, s.dataset.step === steps[step]);
  const all = answers();
  for (const b of root.querySelectorAll("[data-step-to]")) {
    const [line, done] = all[b.dataset.stepTo];
    if (b.dataset.stepTo === steps[step]) b.setAttribute("aria-current", "step");
    else b.removeAttribute("aria-current");
    show(b.querySelector("svg"), done);
    set(b.querySelector("[data-answer]"), line || t("form.rail.empty"));
  }
  const kind = value("kind");
  const suspect = kind === "interrogation-suspect" || !kind;
  set(root.querySelector("[data-role=questioner]"), t(suspect ? "role.questioner" : "role.questioner.other"));
  show($("clock-reason"), !page.room.clock.trusted);
  const differs = value("wall_clock") === "differs";
  show($("wall-ahead"), differs);
  const far = differs && Math.abs(Number(value("wall_ahead"))) >= 60;
  show($("wall-reason"), far);
  // Where the clock is not trusted, a supervisor is asked for on the first page already.
  if ($("wall-second")) show($("wall-second"), far && page.room.clock.trusted);
  show(root.querySelector("[data-two]"), suspect && !far);
  work.safe(page);
  if (step === 0) place("side", { key: "form-cancel", label: t("act.form.cancel"), on: true, act: () => { clear(); page.go(null); } });
  else place("side", { key: `form-back-${step}`, label: t("act.form.back"), on: true, act: () => go(page, step - 1) });
  if (step < steps.length - 1) {
    place("next", { key: `form-next-${step}`, label: t("act.form.next"), sub: t(`form.step.${steps[step + 1]}`), on: true, act: () => go(page, step + 1) });
    return;
  }
  const ready = page.action("open");
  place("next", { key: "form-open", label: t("act.form.open"), sub: t("act.form.open.sub"), on: ready.allowed, why: say(ready.why), act: () => open(page) });
};
