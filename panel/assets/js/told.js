// What a supervisor tells the people in the room: one line beside the actions until somebody there says
// that it was seen. It lies over nothing, and nothing waits for it.

import { $, set, show } from "./dom.js";
import { t } from "./words.js";
import { instant, minute } from "./times.js";
import { once, post, Refused, SLIP } from "./act.js";

let begun = false;
let shown = ""; // when the message was sent that is shown; empty: none is
let came = 0;   // when it came: a touch that was meant for what was there before says nothing of it

export function told(page, which) {
  const m = page.room.message;
  const open = Boolean(m) && instant(m.seen) === null && which !== "stale";
  show($("told"), open);
  if (!begun) {
    begun = true;
    once($("told-seen"), () => post(`/api/v1/rooms/${page.id}/message/seen`, { at: shown }).then(() => true, (e) => page.say(e instanceof Refused ? e.message : t("act.unknown"))));
  }
  if (open && shown !== m.at) {
    came = performance.now();
    setTimeout(waits, SLIP + 20);
  }
  shown = open ? m.at : "";
  waits();
  if (!open) return;
  set($("told-who"), t("message.title", { name: m.by, time: minute(instant(m.at), page.zone()) }));
  set($("told-text"), m.text);
}

// waits keeps the button off while nobody can have read the message.
function waits() {
  if (performance.now() - came < SLIP) $("told-seen").setAttribute("aria-disabled", "true");
  else $("told-seen").removeAttribute("aria-disabled");
}
