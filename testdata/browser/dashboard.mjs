// Draws dashboards of deploy/grafana as pictures, where no Grafana is: asks a Prometheus every panel's
// queries and lays the panels out as the file says. What a file leaves open is drawn with Grafana's own
// defaults: its thresholds (red from 80 on), its colours of a state timeline (from green, the least, to
// red). Prints for each dashboard its panels with how many series each has, and which have none, as JSON.
//
//	node dashboard.mjs PROMETHEUS RANGE FOLDER FILE...
//
// PROMETHEUS is its URL. RANGE is how many seconds are looked back on; 0: as the file says. The pictures
// go into FOLDER, named as the files are.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { check, launch } from "./chromium.mjs";

const WIDTH = 1280, CELL = 30, GAP = 8; // Grafana's rows are 30 pixels high
const COLOURS = { green: "#1a7f37", red: "#c4162a", yellow: "#b88600", text: "#24292f" };
const LINES = ["#1f60c4", "#fa6400", "#37872d", "#8f3bb8", "#c4162a", "#0a8a8a", "#b88600", "#6d4c41", "#5a5f66", "#e0529c", "#2f9e8f", "#30408d"];

const [prometheus, range, folder, ...files] = process.argv.slice(2);

async function ask(path, parameters) {
  const res = await fetch(`${prometheus.replace(/\/$/, "")}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const answer = await res.json();
  check(answer.status === "success", `${parameters.query}: ${answer.error}`);
  return answer.data.result;
}

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

// legend is how Grafana calls a series.
function legend(format, labels) {
  if (format) return format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? "");
  const { __name__: name = "", ...rest } = labels;
  return `${name}{${Object.entries(rest).map(([k, v]) => `${k}="${v}"`).join(", ")}}`;
}

// called is the name that a panel's overrides give a series, or else the one of its legend. As in Grafana they
// match what the legend gives, and the last that does counts.
function called(given, labels, overrides) {
  let name = given;
  for (const o of overrides) {
    check(o.matcher.id === "byRegexp" && o.properties.every((p) => p.id === "displayName"), `no override ${JSON.stringify(o)} is known here`);
    if (new RegExp(o.matcher.options.slice(1, -1)).test(given)) name = o.properties[0].value.replace(/\$\{__field\.labels\.(\w+)\}/g, (_, label) => labels[label] ?? "");
  }
  return name;
}

function scaled(value, steps) {
  let [factor, unit] = steps[0];
  for (const s of steps) if (Math.abs(value) >= s[0]) [factor, unit] = s;
  return `${Number((value / factor).toPrecision(3))}${unit}`;
}

// shown is a value in its unit.
function shown(value, unit) {
  if (!Number.isFinite(value)) return String(value);
  switch (unit) {
    case "s": return Math.abs(value) < 1 && value !== 0 ? `${Number((value * 1000).toPrecision(3))} ms`
      : scaled(value, [[1, " s"], [60, " min"], [3600, " h"], [86400, " days"], [604800, " weeks"], [31536000, " years"]]).replace(/^1 (day|week|year)s$/, "1 $1");
    case "bytes": return scaled(value, [[1, " B"], [2 ** 10, " KiB"], [2 ** 20, " MiB"], [2 ** 30, " GiB"], [2 ** 40, " TiB"]]);
    case "Bps": return scaled(value, [[1, " B/s"], [1e3, " kB/s"], [1e6, " MB/s"], [1e9, " GB/s"]]);
    case "percentunit": return `${Number((value * 100).toPrecision(3))} %`;
    case "dB": return `${Number(value.toPrecision(3))} dB`;
    case "": case "none": case undefined: return String(Number(value.toPrecision(4)));
    default: throw new Error(`no unit ${unit} is known here`);
  }
}

// mapped is what is written for a value, and its colour if the mapping gives one.
function mapped(value, defaults) {
  for (const m of defaults.mappings ?? []) {
    const to = m.type === "value" && m.options[value];
    if (to) return { text: to.text ?? String(value), colour: COLOURS[to.color] };
  }
  return { text: typeof value === "number" ? shown(value, defaults.unit) : value };
}

// colour is that of a value in a stat or a state timeline.
function colour(value, { color = {}, thresholds, min = 0, max = 1 }, kind) {
  const mode = color.mode ?? (kind === "state-timeline" ? "continuous-GrYlRd" : "thresholds");
  if (mode === "fixed") return COLOURS[color.fixedColor] ?? check(false, `no colour ${color.fixedColor} is known here`);
  if (mode === "continuous-GrYlRd") return `hsl(${120 * (1 - Math.min(1, (value - min) / (max - min)))} 60% 40%)`;
  check(mode === "thresholds", `no mode of colours ${mode} is known here`);
  let last = "text";
  for (const s of thresholds?.steps ?? [{ value: null, color: "green" }, { value: 80, color: "red" }]) if (s.value === null || value >= s.value) last = s.color;
  check(COLOURS[last], `no colour ${last} is known here`);
  return COLOURS[last];
}

function stat(panel, series) {
  const defaults = panel.fieldConfig.defaults;
  return `<div class="stats">${series.map((s) => {
    const value = Number(s.value[1]), m = mapped(value, defaults);
    return `<div style="color:${m.colour ?? colour(value, defaults, "stat")}">${series.length > 1 ? `<small>${escape(s.legend)}</small>` : ""}<b>${escape(m.text)}</b></div>`;
  }).join("")}</div>`;
}

// table has the columns that Grafana makes of an instant query, less what the panel leaves out.
function table(panel, series) {
  const organize = panel.transformations?.find((t) => t.id === "organize")?.options ?? {};
  const columns = ["Time", ...[...new Set(series.flatMap((s) => Object.keys(s.metric)))].sort(), "Value"]
    .filter((c) => !organize.excludeByName?.[c])
    .sort((a, b) => (organize.indexByName?.[a] ?? 99) - (organize.indexByName?.[b] ?? 99));
  const cell = (s, c) => {
    const { text, colour } = mapped({ Time: () => new Date(s.value[0] * 1000).toISOString(), Value: () => Number(s.value[1]) }[c]?.() ?? s.metric[c] ?? "", panel.fieldConfig.defaults);
    return `<td${colour ? ` style="color:${colour};font-weight:600"` : ""}>${escape(text)}</td>`;
  };
  return `<table><tr>${columns.map((c) => `<th>${escape(organize.renameByName?.[c] ?? c)}</th>`).join("")}</tr>${
    series.map((s) => `<tr>${columns.map((c) => cell(s, c)).join("")}</tr>`).join("")}</table>`;
}

// marks are those of an axis: steps of 1, 2 or 5, or in times of whole minutes, hours and days.
function marks(low, high, unit) {
  const rough = (high - low) / 4 || 1;
  const ten = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map((k) => k * ten).find((s) => s >= rough);
  if (unit === "s" && rough > 1) step = [5, 10, 30, 60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 2419200].find((s) => s >= rough) ?? step;
  if (unit === "bytes" && rough > 1) step = 2 ** Math.ceil(Math.log2(rough));
  const out = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step / 1e6; v += step) out.push(v);
  return out;
}

const clock = (seconds, span) => new Date(seconds * 1000).toISOString().slice(11, span < 600 ? 19 : 16);

function times(from, to, left, width, height) {
  return [0, 1, 2].map((i) => `<text x="${left + (i * width) / 2}" y="${height - 3}" text-anchor="${["start", "middle", "end"][i]}">${clock(from + (i * (to - from)) / 2, to - from)}</text>`).join("");
}

function lines(panel, series, from, to, width, height) {
  const { unit, min, max } = panel.fieldConfig.defaults;
  const values = series.flatMap((s) => s.values.map((v) => Number(v[1]))).filter(Number.isFinite);
  let low = min ?? Math.min(...values, max ?? Infinity), high = max ?? Math.max(...values, low);
  if (high === low) high = low + 1;
  const at = marks(low, high, unit);
  high = Math.max(high, at.at(-1));
  const left = 62, top = 6, w = width - left - 8, h = height - top - 18;
  const x = (t) => left + ((t - from) / (to - from)) * w, y = (v) => top + h - ((v - low) / (high - low)) * h;
  const grid = at.map((v) => `<line x1="${left}" x2="${left + w}" y1="${y(v)}" y2="${y(v)}"/><text x="${left - 5}" y="${y(v) + 4}" text-anchor="end">${escape(shown(v, unit))}</text>`).join("");
  const drawn = series.map((s, i) => `<polyline stroke="${LINES[i % LINES.length]}" points="${s.values.filter((v) => Number.isFinite(Number(v[1]))).map(([t, v]) => `${x(t).toFixed(1)},${y(Number(v)).toFixed(1)}`).join(" ")}"/>`).join("");
  // As in Grafana, what lies beyond the file's least and most is not seen.
  return `<svg width="${width}" height="${height}"><clipPath id="p${panel.id}"><rect x="${left}" y="${top - 1}" width="${w}" height="${h + 2}"/></clipPath>${grid}<g clip-path="url(#p${panel.id})">${drawn}</g>${times(from, to, left, w, height)}</svg>`;
}

function timeline(panel, series, from, to, width, height, step) {
  const defaults = panel.fieldConfig.defaults, left = 70, w = width - left - 8, h = Math.min(34, (height - 20) / series.length);
  return `<svg width="${width}" height="${height}">${series.map((s, i) => {
    const y = 4 + i * h, spans = [];
    for (const [t, v] of s.values) {
      const last = spans.at(-1);
      if (last && last.v === v) last.end = t + step;
      else spans.push({ v, start: t, end: t + step });
    }
    return `<text x="${left - 5}" y="${y + h / 2 + 3}" text-anchor="end">${escape(s.legend)}</text>` + spans.map((b) => {
      const value = Number(b.v), a = left + ((b.start - from) / (to - from)) * w, z = left + ((Math.min(b.end, to) - from) / (to - from)) * w, m = mapped(value, defaults);
      return `<rect x="${a}" y="${y}" width="${Math.max(1, z - a)}" height="${h - 5}" fill="${m.colour ?? colour(value, defaults, "state-timeline")}"/>${z - a > 8 * m.text.length ? `<text class="on" x="${a + 5}" y="${y + h / 2 + 2}">${escape(m.text)}</text>` : ""}`;
    }).join("");
  }).join("")}${times(from, to, left, w, height)}</svg>`;
}

async function draw(panel, from, to) {
  const { x, y, w, h } = panel.gridPos, unit = WIDTH / 24;
  const width = w * unit - GAP, height = h * (CELL + GAP) - GAP, step = Math.max(1, Math.round((to - from) / 200));
  const series = [];
  for (const t of panel.targets) {
    const query = t.expr.replaceAll("$room", ".+");
    const got = t.instant ? await ask("query", { query, time: to }) : await ask("query_range", { query, start: from, end: to, step });
    series.push(...got.map((s) => ({ ...s, legend: called(legend(t.legendFormat, s.metric), s.metric, panel.fieldConfig.overrides) })));
  }
  const inner = width - 20, key = panel.type === "timeseries" ? 60 + (h - 8) * (CELL + GAP) : 0; // a panel is higher for its legend
  const kinds = { stat, table, timeseries: lines, "state-timeline": timeline };
  check(kinds[panel.type], `${panel.title}: no kind of panel ${panel.type} is known here`);
  const body = series.length ? kinds[panel.type](panel, series, from, to, inner, height - 36 - key, step) : `<p class="none">No data</p>`;
  const names = key && series.length ? `<p class="key">${series.map((s, i) => `<span><i style="background:${LINES[i % LINES.length]}"></i>${escape(s.legend)}</span>`).join(" ")}</p>` : "";
  return {
    told: { title: panel.title, kind: panel.type, series: series.length }, bottom: (y + h) * (CELL + GAP),
    html: `<section style="left:${x * unit}px;top:${y * (CELL + GAP)}px;width:${width}px;height:${height}px"><h2>${escape(panel.title)}</h2>${body}${names}</section>`,
  };
}

const STYLE = `body{margin:0;padding:10px;width:${WIDTH}px;background:#f4f5f5;font:12px "Noto Sans","Noto Sans CJK SC",sans-serif;color:#24292f}
h1{font-size:16px;margin:0 0 10px}h1 small{font-weight:400;color:#555;margin-left:1em}main{position:relative}
section{position:absolute;box-sizing:border-box;background:#fff;border:1px solid #d8dade;border-radius:2px;padding:6px 10px;overflow:hidden}
h2{font-size:12px;margin:0 0 6px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.stats{display:flex;height:calc(100% - 26px);align-items:center;justify-content:space-around;text-align:center}.stats b{display:block;font-size:34px;line-height:1.1}.stats small{font-size:13px;color:#24292f}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:4px 6px;border-bottom:1px solid #e4e5e6}th{color:#1f60c4}
svg{display:block;font-size:11px}svg text{fill:#555}svg .on{fill:#fff}line{stroke:#e4e5e6}polyline{fill:none;stroke-width:1.5}
.key{margin:2px 0 0;line-height:18px}.key span{margin-right:10px;white-space:nowrap}.key i{display:inline-block;width:14px;height:3px;vertical-align:middle;margin-right:4px}.none{text-align:center;color:#777;margin-top:2em}`;

const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: WIDTH + 20, height: 800 } });
  const told = [];
  for (const file of files) {
    const board = JSON.parse(readFileSync(file, "utf8"));
    const [, number, unit] = /^now-(\d+)([mhd])$/.exec(board.time.from);
    const to = Math.floor(Date.now() / 1000), from = to - (Number(range) || Number(number) * { m: 60, h: 3600, d: 86400 }[unit]);
    const panels = await Promise.all(board.panels.map((p) => draw(p, from, to)));
    const span = `${new Date(from * 1000).toISOString().slice(0, 10)} ${clock(from, 0)} – ${clock(to, 0)} UTC`;
    await page.setContent(`<!doctype html><meta charset="utf-8"><style>${STYLE}</style><h1>${escape(board.title)}<small>${span}</small></h1><main style="height:${Math.max(...panels.map((p) => p.bottom))}px">${panels.map((p) => p.html).join("")}</main>`);
    // What does not fit into its panel cannot be read in the picture.
    const cut = await page.locator("section").evaluateAll((all) => all.filter((s) => s.scrollHeight > s.clientHeight + 1 || [...s.children].some((c) => c.scrollWidth > c.clientWidth + 1 && c.tagName !== "svg")).map((s) => s.querySelector("h2").textContent));
    writeFileSync(join(folder, basename(file, ".json") + ".png"), await page.screenshot({ fullPage: true }));
    told.push({ dashboard: board.uid, panels: panels.map((p) => p.told), empty: panels.filter((p) => !p.told.series).map((p) => p.told.title), cut });
  }
  console.log(JSON.stringify(told));
} finally {
  await browser.close();
}
