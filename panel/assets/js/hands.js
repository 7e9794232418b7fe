// The clock of pages that show no room: the controller's time all the same.

import { $, set } from "./dom.js";
import { day, offset, time } from "./times.js";
import { watch } from "./contact.js";

export function ticking(zone = null) {
  let z = zone;
  const contact = watch("/api/v1/events", "rooms", {
    snapshot: (rooms) => { z ||= rooms[0]?.zone; },
    beat() {},
    contact() {},
    stale() {},
  });
  setInterval(() => {
    if (!contact.known() || contact.stale()) {
      set($("clock"), "--:--:--");
      return;
    }
    const now = contact.now();
    set($("clock"), time(now, z || "UTC"));
    set($("day"), day(now, z || "UTC"));
    set($("offset"), offset(now, z || "UTC"));
  }, 250);
}
