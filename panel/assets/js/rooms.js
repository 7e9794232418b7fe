// The start page: all rooms in fixed places, never sorted by state.

import { $, set, show, sign } from "./dom.js";
import { t, say } from "./words.js";
import { day, instant, offset, span, time } from "./times.js";
import { watch } from "./contact.js";
import { about, classOf, lasting, shapeOf, stateOf } from "./states.js";

let rooms = [];

const contact = watch("/api/v1/events", "rooms", {
  snapshot(all) {
    rooms = all;
    draw();
  },
  beat: draw,
  contact: draw,
  stale: draw,
  idle: () => true,
});

function draw() {
  show($("lost"), contact.stale());
  const zone = rooms[0]?.zone || "UTC";
  if (contact.known()) {
    set($("clock"), time(contact.now(), zone));
    set($("day"), day(contact.now(), zone));
    set($("offset"), offset(contact.now(), zone));
  }
  for (const room of rooms) {
    const tile = document.querySelector(`[data-room="${CSS.escape(room.id)}"]`);
    if (tile) one(tile, room);
  }
}

function one(tile, room) {
  const part = (name) => tile.querySelector(`[data-f=${name}]`);
  const s = room.session;
  const state = contact.stale() ? "stale" : stateOf(room);
  const chip = tile.querySelector(".state");
  const look = `state ${contact.stale() ? "is-off" : classOf(state)}`;
  if (chip.className !== look) chip.className = look;
  sign(chip.querySelector("use"), shapeOf(state));
  set(part("state"), t(`state.${state}`));
  set(part("name"), say(room.name));
  const began = s && lasting(s);
  set(part("elapsed"), s && !s.seal ? span(contact.now() - began) : "");
  set(part("about"), s ? about(s) : t("rooms.fit"));
  const called = Boolean(s?.called) && !contact.stale();
  tile.toggleAttribute("data-called", called);
  const fault = room.faults[0];
  const on = room.cameras.filter((c) => c.connected).length;
  set(part("line"), called ? t("rooms.called") : fault ? say(fault.title) : !room.fit && room.unfit?.length && !s ? say(room.unfit[0]) : t("rooms.cameras", { n: on, all: room.cameras.length }));
  const at = s && instant(s.safe_until);
  set(part("safe"), at ? `${t(s.safe_on === 1 ? "safe.disk" : "safe.disks", { n: s.safe_on })} ${time(at, room.zone)}` : "");
}

setInterval(draw, 250);
