// The clock in the room beside this page, apart from any session: the check at the start of the day (Z23).

import { $, h, icon, set, show } from "./dom.js";
import { t, say } from "./words.js";
import { post, Refused } from "./act.js";
import { place } from "./footer.js";
import { date, instant, time } from "./times.js";
import { work } from "./work.js";

const answer = $("wall-answer");
const says = () => answer.querySelector("[name=wall_says]:checked")?.value || "";

export function begin(page) {
  $("checks").addEventListener("click", (e) => {
    if (e.target.closest("[data-wall]")) page.go("wall");
  });
}

function clear() {
  for (const r of answer.querySelectorAll("[name=wall_says]")) r.checked = false;
  for (const w of answer.querySelectorAll(".wrong")) w.remove();
  $("wall-seconds").value = "";
}

// wall is the page on which it is said.
export function wall(page) {
  set($("wall-page"), t("wall.page", { time: time(page.now(), page.zone()) }));
  show($("wall-by"), says() === "differs");
  work.safe(page);
  place("side", { key: "wall-back", label: t("wall.back"), on: true, act: () => { clear(); page.go(null); } });
  place("next", { key: "wall-keep", label: t("wall.keep"), on: Boolean(says()), why: t("wall.first"), act: () => keep(page) });
}

async function keep(page) {
  for (const w of answer.querySelectorAll(".wrong")) w.remove();
  page.say("");
  const body = { says: says() };
  if (body.says === "differs") body.ahead_s = Math.round(Number($("wall-seconds").value)) || 0;
  try {
    await post(`/api/v1/rooms/${page.id}/wall-clock`, body);
    clear();
    page.go(null);
  } catch (e) {
    const beside = e instanceof Refused ? e.fields.filter((f) => {
      const at = answer.querySelector(`[data-field="${CSS.escape(f.field)}"]`);
      at?.append(h("em", { class: "wrong", role: "alert" }, say(f.say)));
      return at;
    }).length : 0;
    page.say(!(e instanceof Refused) ? t("act.unknown") : beside ? "" : e.message);
  }
}

// row is the check among the others: who compared last and what came of it. A day without is said.
export function row(room) {
  const c = room.wall_check;
  const today = c && date(instant(c.at), room.zone) === date(instant(room.now), room.zone);
  const far = today && Math.abs(c.ahead_s || 0) >= 60;
  const line = !today ? t("wall.none") : say(c.told) || t("wall.agrees");
  const who = c && t("wall.by", { who: c.by });
  const sub = today ? (far ? `${who}${t("clause")}${t("wall.far")}` : who) : c ? t("wall.last", { who: c.by, day: date(instant(c.at), room.zone) }) : t("wall.do");
  const bad = !today || far;
  const asks = !room.session && document.body.dataset.opens === "true";
  return h("li", { class: bad ? "is-alarm" : "is-ready", "data-testid": "check-wall" }, icon(bad ? "alarm" : "ready"), h("b", {}, t("wall.title")),
    h("span", {}, line, h("small", {}, sub)),
    h("span", { class: "row" }, h("small", bad ? {} : { class: "strong" }, today ? time(instant(c.at), room.zone) : ""),
      asks ? h("button", { type: "button", class: "btn", "data-wall": true, "aria-label": t("wall.go"), "data-testid": "go-wall" }, t("wall.go.short")) : null));
}
