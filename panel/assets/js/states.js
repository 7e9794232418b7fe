// What each state looks like: colour, shape and word always together; and what a session is about.

import { t } from "./words.js";
import { instant } from "./times.js";

const looks = {
  Ready: ["is-ready", "ready"],
  Unfit: ["is-alarm", "alarm"],
  Starting: ["is-off", "off"],
  Standby: ["is-rec", "rec"],
  Questioning: ["is-rec", "rec"],
  Closing: ["is-rec", "rec"],
  Locked: ["is-locked", "locked"],
  Resuming: ["is-resume", "resume"],
  Unrecorded: ["is-unrec", "unrec"],
  Sealed: ["is-sealed", "sealed"],
  stale: ["is-locked", "off"],
  connecting: ["is-off", "off"],
};

// A state that this page does not know yet, after an upgrade of the controller, looks like none that is fine.
const lookOf = (state) => looks[state] || ["is-alarm", "alarm"];

export const classOf = (state) => lookOf(state)[0];
export const shapeOf = (state) => lookOf(state)[1];

// stateOf names what a room looks like.
export function stateOf(room) {
  if (room.session) return room.session.state;
  return room.fit ? "Ready" : "Unfit";
}

// standing returns the refusal to go on unrecorded that holds now, if there is one.
export function standing(session) {
  const last = session?.unrecorded_refused?.at(-1);
  return session?.state === "Locked" && last && instant(last.at) >= instant(session.since) ? last : null;
}

// about says whose session it is. Of a session of others nothing is known but its state.
export function about(session) {
  const { case: number, person, kind } = session.form;
  if (!number && !kind) return t("about.others");
  return t("about.session", { case: number || session.id, person: person || t(`kind.${kind}`) });
}

// lasting is since when that has lasted which a room's tile counts: of a state that has to end, that state;
// of any other, the questioning.
export function lasting(s) {
  return ["Locked", "Resuming", "Unrecorded"].includes(s.state) ? instant(s.since) : instant(s.started) ?? instant(s.opened);
}
