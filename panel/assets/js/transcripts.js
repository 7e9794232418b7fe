// A session's transcript beside its timeline: hand in, see the differences, click a line and the player
// is there, explain, correct, key a paper's times.

import { h, icon, fill, $ } from "./dom.js";
import { t, say } from "./words.js";
import { instant, time, dateTime } from "./times.js";
import { post, Refused } from "./act.js";

const box = $("transcript");
const zone = document.body.dataset.zone || "UTC";
const root = `/api/v1/sessions/${document.body.dataset.session}/transcripts`;

const statuses = {
  none: ["off", "transcript.status.none"],
  agrees: ["ready", "transcript.status.agrees"],
  differs: ["alarm", "transcript.status.differs"],
  explained: ["alarm", "transcript.status.explained"],
  unreadable: ["alarm", "transcript.status.unreadable"],
};
const whats = { start: "transcript.start", end: "transcript.end", suspended: "transcript.suspended", resumed: "transcript.resumed" };

const reviews = document.body.dataset.reviews === "true";

let view = null;
let failure = "";
let busy = false;

const seek = (text) => document.dispatchEvent(new CustomEvent("roomrec:seek", { detail: instant(text) }));

// shownAt returns the instant that the players show, null if none.
function shownAt() {
  const at = Number(document.querySelector("#players figure[data-at]")?.dataset.at);
  return at ? new Date(at).toISOString() : null;
}

// does sends a wish and shows what came of it.
async function does(wish) {
  if (busy) return;
  busy = true;
  failure = "";
  box.setAttribute("aria-busy", "true");
  try {
    view = await wish();
  } catch (e) {
    failure = e instanceof Refused ? e.message : t("problem.internal");
  } finally {
    busy = false;
    box.removeAttribute("aria-busy");
  }
  draw();
}

async function upload(file, signed) {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  const answer = await fetch(root, {
    method: "POST",
    headers: {
      "Content-Type": "application/octet-stream", "Idempotency-Key": id,
      "Document-Name": encodeURIComponent(file.name), "Document-Signed": String(signed),
    },
    body: file,
  });
  const said = await answer.json();
  if (!answer.ok) throw new Refused(said, answer.status);
  return said;
}

function handIn(current) {
  const file = h("input", { type: "file", id: "transcript-file", "data-testid": "transcript-file", accept: ".docx,.txt,.pdf,.html,.htm,.json,.jpg,.jpeg,.png,.tif,.tiff" });
  // The browser's own words on it are in the language of the browser: the page says it itself.
  const chosen = h("span", { class: "grow", "data-testid": "transcript-chosen" }, t("transcript.file.none"));
  file.addEventListener("change", () => { chosen.textContent = file.files[0]?.name || t("transcript.file.none"); });
  const signed = h("input", { type: "checkbox", id: "transcript-signed", "data-testid": "transcript-signed" });
  const button = h("button", { type: "button", class: "btn", "data-testid": "transcript-add" }, t(current ? "transcript.correct" : "transcript.add"));
  button.addEventListener("click", () => {
    if (!file.files.length) {
      failure = t("transcript.choose");
      draw();
      return;
    }
    does(() => upload(file.files[0], signed.checked));
  });
  return h("div", { class: "stack hand-in" },
    h("label", { class: "field file" }, h("span", {}, t(current ? "transcript.corrected" : "transcript.file")), file, h("span", { class: "row" }, h("span", { class: "btn" }, t("transcript.file.choose")), chosen)),
    current ? h("label", { class: "tick" }, signed, h("span", {}, t("transcript.signed"))) : null,
    button, h("small", {}, t("transcript.formats")));
}

// table sets the times of the document beside the recording's. Of a document that could not be read nothing is known:
// it neither agrees nor differs.
function table(v) {
  const unread = v.verdict === "unreadable";
  const cell = (text) => (text ? dateTime(instant(text), zone) : t(unread ? "transcript.unread" : "transcript.notfound"));
  const judged = (r) => [icon(r.agrees ? "ready" : "alarm"), " ", t(r.agrees ? "transcript.same" : r.document || !unread ? "transcript.other" : "transcript.uncompared")];
  const rows = v.rows.map((r) => h("tr", { class: r.agrees ? "" : "is-off-time", "data-testid": `row-${r.what}` },
    h("th", { scope: "row" }, t(whats[r.what])),
    h("td", {}, h("time", {}, cell(r.document)), r.line ? h("small", {}, ` ${t("transcript.line", { n: r.line })}`) : null),
    h("td", {}, r.recording ? h("button", { type: "button", class: "btn", onclick: () => seek(r.recording) }, dateTime(instant(r.recording), zone)) : t("transcript.notfound")),
    h("td", {}, ...judged(r))));
  return h("div", { class: "table" }, h("table", { "data-testid": "transcript-times" },
    h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, t("transcript.document")), h("th", { scope: "col" }, t("transcript.recording")), h("th", { scope: "col" }, t("transcript.result")))),
    h("tbody", {}, ...rows)));
}

function findings(v) {
  if (!v.findings.length) return h("p", {}, t("transcript.nofindings"));
  return h("ul", { class: "findings" }, ...v.findings.map((f) => h("li", { class: `find is-${f.severity === "error" ? "alarm" : "off"}`, "data-testid": `finding-${f.code}` },
    icon(f.severity === "information" ? "ready" : "alarm"),
    h("span", {}, h("b", {}, say(f.say)), h("small", {}, say(f.do)), h("small", {}, `${f.code} · ${f.clause}${f.line ? ` · ${t("transcript.line", { n: f.line })}` : ""}`)),
    f.at ? h("button", { type: "button", class: "btn", "data-testid": `seek-${f.code}`, onclick: () => seek(f.at) }, time(instant(f.at), zone)) : h("span", {}))));
}

function lines(v) {
  const wrong = new Map(v.findings.filter((f) => f.line && f.severity === "error").map((f) => [f.line, f]));
  return h("ol", { class: "lines", tabindex: "0", "aria-label": t("transcript.text"), "data-testid": "transcript-lines" }, ...v.lines.map((l) => {
    const act = l.at
      ? h("button", { type: "button", class: "btn when", "data-testid": `line-${l.number}`, "aria-label": t("transcript.goto", { n: l.number, time: time(instant(l.at), zone) }), onclick: () => seek(l.at) }, time(instant(l.at), zone))
      : null;
    const here = l.role && !view.read_only
      ? h("button", { type: "button", class: "btn quiet", "data-testid": `time-${l.number}`, "aria-label": `${t("transcript.now")}: ${t("transcript.settime", { n: l.number })}`, onclick: () => {
        const at = shownAt();
        if (at) does(() => post(`${root}/times`, { document: v.sha256, line: l.number, at }));
      } }, t("transcript.now"))
      : null;
    return h("li", { value: String(l.number), class: wrong.has(l.number) ? "is-off-time" : "", "data-role": l.role }, h("span", {}, l.text || "\u00a0"), act, here);
  }));
}

function explain(v) {
  const text = h("textarea", { rows: "3", maxlength: "2000", id: "transcript-why", "data-testid": "transcript-why" });
  const button = h("button", { type: "button", class: "btn", "data-testid": "transcript-explain" }, t("transcript.explain"));
  button.addEventListener("click", () => {
    if (!text.value.trim()) {
      failure = t("problem.explanation");
      draw();
      return;
    }
    does(async () => {
      const next = await post(`${root}/explanations`, { document: v.sha256, text: text.value.trim() });
      text.value = "";
      return next;
    });
  });
  return h("div", { class: "stack" }, h("label", { class: "field" }, h("span", {}, t("transcript.why")), text), button, h("small", {}, t("transcript.why.note")));
}

function keying(v) {
  const field = (id, label) => {
    const input = h("input", { type: "text", id, "data-testid": id, placeholder: "2026-11-22 09:05", autocomplete: "off" });
    return [input, h("label", { class: "field" }, h("span", {}, label), input)];
  };
  const [start, startLabel] = field("keyed-start", t("transcript.keyed.start"));
  const [end, endLabel] = field("keyed-end", t("transcript.keyed.end"));
  const breaks = h("textarea", { rows: "2", id: "keyed-breaks", "data-testid": "keyed-breaks", placeholder: "2026-11-22 09:35 / 2026-11-22 09:45" });
  const button = h("button", { type: "button", class: "btn", "data-testid": "keyed-send" }, t("transcript.keyed.send"));
  button.addEventListener("click", () => {
    const times = { start: start.value.trim(), end: end.value.trim(), breaks: breaks.value.split("\n").filter((l) => l.trim()).map((l) => {
      const [a, b = ""] = l.split("/");
      return [a.trim(), b.trim()];
    }) };
    does(() => post(`${root}/keyed`, { document: v.sha256, times }));
  });
  return h("div", { class: "stack" }, h("h3", {}, t("transcript.keyed")), v.waiting ? h("p", { "data-testid": "keyed-waiting" }, t("transcript.keyed.waiting", { name: v.waiting })) : null,
    startLabel, endLabel, h("label", { class: "field" }, h("span", {}, t("transcript.keyed.breaks")), breaks), button);
}

// The six key facts: each judged by name, beside the moment that shows it.
let judging = "";
const words = ["agrees", "differs", "not-spoken-of"];

function fact(v, f) {
  const last = f.said.at(-1);
  const shape = !last ? "off" : last.word === "differs" ? "alarm" : "ready";
  const said = (s) => h("small", {}, `${t(`facts.${s.word}`)} · ${s.by}, ${dateTime(instant(s.on), zone)}${s.note ? ` · ${s.note}` : ""}`);
  const row = h("li", { class: `find is-${shape}`, "data-testid": `fact-${f.fact}`, "data-word": last?.word ?? "" }, icon(shape),
    h("span", {}, h("b", {}, `${t(`facts.${f.fact}`)}: ${t(last ? `facts.${last.word}` : "facts.none")}`), ...f.said.map(said)),
    h("span", { class: "row" },
      last?.at ? h("button", { type: "button", class: "btn", "data-testid": `fact-seek-${f.fact}`, "aria-label": t("facts.goto", { fact: t(`facts.${f.fact}`), time: time(instant(last.at), zone) }), onclick: () => seek(last.at) }, time(instant(last.at), zone)) : null,
      reviews && !view.read_only ? h("button", { type: "button", class: "btn", "data-testid": `fact-open-${f.fact}`, "aria-expanded": String(judging === f.fact), "aria-label": `${t("facts.judge")}: ${t(`facts.${f.fact}`)}`, onclick: () => {
        judging = judging === f.fact ? "" : f.fact;
        draw();
        box.querySelector(judging ? `[name=fact-word]` : `[data-testid=fact-open-${f.fact}]`)?.focus();
      } }, t("facts.judge")) : null));
  return judging === f.fact ? [row, judge(v, f)] : [row];
}

function judge(v, f) {
  const note = h("input", { type: "text", maxlength: "500", "data-testid": "fact-note", autocomplete: "off" });
  const here = h("input", { type: "checkbox", "data-testid": "fact-here" });
  const choice = h("fieldset", { class: "seg", "aria-label": t(`facts.${f.fact}`) }, ...words.map((w) => h("label", {}, h("input", { type: "radio", name: "fact-word", value: w, "data-testid": `fact-word-${w}` }), t(`facts.${w}`))));
  const sign = h("button", { type: "button", class: "btn go", "data-testid": "fact-sign", onclick: () => {
    const word = choice.querySelector(":checked")?.value;
    if (!word || (word === "differs" && !note.value.trim())) {
      failure = t(word ? "facts.words" : "facts.choose");
      alarm();
      return;
    }
    const wish = { document: v.sha256, fact: f.fact, word, note: note.value.trim() };
    if (here.checked) {
      wish.at = shownAt();
      if (!wish.at) {
        failure = t("facts.nomoment");
        alarm();
        return;
      }
    }
    does(async () => {
      const next = await post(`${root}/facts`, wish);
      judging = "";
      return next;
    });
  } }, t("facts.sign"));
  return h("li", { class: "stack judging", "data-testid": "fact-form" }, choice,
    h("label", { class: "field" }, h("span", {}, t("facts.note")), note),
    h("label", { class: "tick" }, here, h("span", {}, t("facts.here"))), sign, h("small", {}, t("facts.signed")));
}

function facts(v) {
  const judged = v.facts.filter((f) => f.said.length).length;
  return h("section", { class: "stack", "aria-labelledby": "facts-title", "data-testid": "facts", "data-judged": String(judged) },
    h("h3", { id: "facts-title" }, t("facts.title", { n: judged, of: v.facts.length })),
    h("ul", { class: "findings" }, ...v.facts.flatMap((f) => fact(v, f))));
}

function current(v) {
  return h("div", { class: "beside" },
    v.lines.length ? lines(v) : h("p", {}, t("transcript.notext")),
    h("div", { class: "stack" },
      table(v),
      v.confirmed ? h("small", {}, t("transcript.keyed.by", { first: v.confirmed[0], second: v.confirmed[1] })) : null,
      findings(v),
      ...v.explanations.map((e) => h("blockquote", { class: "explained", "data-testid": "explanation" }, h("p", {}, e.text), h("small", {}, `${e.by}, ${dateTime(instant(e.at), zone)}`))),
      facts(v),
      (v.verdict === "differs" || view.status === "differs") && !view.read_only ? explain(v) : null,
      v.verdict === "unreadable" && !v.confirmed && !view.read_only ? keying(v) : null,
      v.not_checked.length ? h("small", {}, `${t("transcript.notchecked")} ${v.not_checked.map((c) => t(`finding.${c}`)).join(t("list"))}`) : null));
}

function versions() {
  if (!view.versions.length) return null;
  return h("ul", { class: "versions" }, ...view.versions.map((v, i) => h("li", {},
    h("a", { href: `${root}/${v.sha256}`, download: "" }, `${i + 1}. ${v.name}`),
    h("small", {}, ` ${v.by}, ${dateTime(instant(v.at), zone)} · ${t(statuses[v.verdict][1])}${v.current ? "" : ` · ${t("transcript.replaced")}`}`))));
}

function draw() {
  if (!view) return;
  const [shape, key] = statuses[view.status];
  const now = view.versions.find((v) => v.current);
  fill(box.querySelector("[data-part=status]"),
    h("p", { class: `find is-${shape}`, "data-testid": "transcript-status", "data-status": view.status }, icon(shape), h("span", {}, h("b", {}, t(key)),
      view.complete === "complete" ? h("small", { "data-testid": "complete" }, t("transcript.complete")) : null,
      view.complete === "complete-explained" ? h("small", { "data-testid": "complete-explained" }, t("transcript.complete.explained")) : null)));
  const why = $("transcript-why")?.value;
  box.querySelector("[data-part=body]").replaceChildren(...[
    view.read_only ? h("p", { class: "find is-alarm", "data-testid": "transcript-read-only" }, icon("alarm"), h("span", {}, say(view.read_only))) : null,
    now ? current(now) : null, versions(), view.read_only ? null : handIn(Boolean(now)),
  ].filter(Boolean));
  if (why && $("transcript-why")) $("transcript-why").value = why;
  alarm();
}

function alarm() {
  const problem = box.querySelector("[role=alert]");
  problem.hidden = !failure;
  problem.textContent = failure;
}

if (box) {
  await does(async () => {
    const answer = await fetch(root);
    const said = await answer.json();
    if (!answer.ok) throw new Refused(said, answer.status);
    return said;
  });
  if (!view && failure) {
    const problem = box.querySelector("[role=alert]");
    problem.hidden = false;
    problem.textContent = failure;
  }
}
