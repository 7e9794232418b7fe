// In which rooms a session was: a camera of another room was no part of it then, and lacks nothing.

import { say } from "./words.js";
import { instant } from "./times.js";

let stays = []; // {room, name, from} in their order

// been takes in what the controller tells of a session.
export function been(record) {
  stays = (record?.stays || []).map((s) => ({ room: s.room, name: say(s.name), from: instant(s.from) }));
}

// away returns where the session was between two instants while it was not in a room: {from, to, name} of each stretch.
export function away(room, from, to) {
  return stays.map((s, i) => ({ ...s, from: Math.max(from, i ? s.from : from), to: Math.min(to, stays[i + 1]?.from ?? to) }))
    .filter((s) => s.room !== room && s.from < s.to);
}
