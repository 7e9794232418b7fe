// What a supervisor tells the people in the room: one line beside the actions until somebody there says
// that it was seen. It lies over nothing, and nothing waits for it.

import { $, set, show } from "./dom.js";
import { t } from "./words.js";
import { instant, minute } from "./times.js";
import { once, post } from "./act.js";

let begun = false;

export function told(page, which) {
  const m = page.room.message;
  const open = Boolean(m) && instant(m.seen) === null && which !== "stale";
  show($("told"), open);
  if (!begun) {
    begun = true;
    once($("told-seen"), () => post(`/api/v1/rooms/${page.id}/message/seen`, {}).then(() => true, () => page.say(t("act.unknown"))));
  }
  if (!open) return;
  set($("told-who"), t("message.title", { name: m.by, time: minute(instant(m.at), page.zone()) }));
  set($("told-text"), m.text);
}
