// Instants and lengths as the pages show them: local civil time of the room, 24 hours.

import { lang } from "./words.js";

// An instant of the controller is RFC 3339 with nanoseconds; the first instant of 1970 means none.
export function instant(text) {
  if (!text || text.startsWith("1970-01-01T00:00:00")) return null;
  return Date.parse(text);
}

const formats = new Map();

function format(zone, kind, options) {
  const key = zone + kind;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options }));
  return formats.get(key);
}

const two = { hour: "2-digit", minute: "2-digit", second: "2-digit" };

export const time = (ms, zone) => (ms === null ? "–" : format(zone, "time", two).format(ms));

export const minute = (ms, zone) => (ms === null ? "–" : format(zone, "minute", { hour: "2-digit", minute: "2-digit" }).format(ms));

export function date(ms, zone) {
  if (ms === null) return "–";
  const part = {};
  for (const p of format(zone, "date", { year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(ms)) part[p.type] = p.value;
  return `${part.year}-${part.month}-${part.day}`;
}

export const dateTime = (ms, zone) => (ms === null ? "–" : `${date(ms, zone)} ${time(ms, zone)}`);

export function day(ms, zone) {
  const weekday = new Intl.DateTimeFormat(lang, { timeZone: zone, weekday: "long" }).format(ms);
  return lang === "zh-CN" ? `${date(ms, zone)} ${weekday}` : `${weekday} ${date(ms, zone)}`;
}

export function offset(ms, zone) {
  const name = format(zone, "offset", { timeZoneName: "longOffset" }).formatToParts(ms).find((p) => p.type === "timeZoneName").value;
  return name.replace("GMT", "") || "+00:00";
}

// span returns a length as hh:mm:ss.
export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const pad = (n) => String(n).padStart(2, "0");
  return `${pad(Math.floor(s / 3600))}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}`;
}
