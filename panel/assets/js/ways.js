// LOCKED's other ways: another room, going on unrecorded, breaking off. Each is asked on the page
// itself, in the place of what is safe; none covers what failed and what to do now.

import { $, h, set, show } from "./dom.js";
import { t, say } from "./words.js";
import { standing } from "./states.js";
import { once } from "./act.js";
import { instant, time } from "./times.js";
import { live } from "./live.js";
import { label, lower } from "./tone.js";

let rooms = []; // all others of the controller, as they were when they were asked for

async function look(page) {
  const answer = await fetch("/api/v1/rooms").catch(() => null);
  if (!answer?.ok) return;
  rooms = (await answer.json()).filter((r) => r.id !== page.id);
  const chosen = document.querySelector("[name=move-room]:checked")?.value;
  $("move-rooms").replaceChildren(...rooms.map((r) => h("label", {},
    h("input", { type: "radio", name: "move-room", value: r.id, disabled: !r.fit, "data-testid": `move-${r.id}` }),
    h("b", {}, say(r.name)), r.fit ? null : h("small", {}, say(r.unfit?.[0])))));
  for (const r of document.querySelectorAll("[name=move-room]")) r.checked = r.value === chosen && !r.disabled;
  page.draw();
}

// nameOf returns what another room is called.
export const nameOf = (id) => say(rooms.find((r) => r.id === id)?.name) || id;

export function begin(page) {
  look(page);
  const value = (name) => document.querySelector(`[name=${name}]`).value.trim();
  const on = (id, act) => $(id).addEventListener("click", () => {
    if ($(id).getAttribute("aria-disabled") !== "true") act();
  });
  once($("break-confirm"), () => page.command({ name: "break-off", reason: value("break-reason"), supervisor: value("break-supervisor") }, $("breaking")));
  on("move", () => { page.ask("move"); look(page); });
  on("unrecorded", () => page.ask("unrecorded"));
  once($("move-confirm"), () => {
    const to = document.querySelector("[name=move-room]:checked").value;
    const body = { name: "move-room", room: to };
    const ground = document.querySelector("[name=move-ground]:checked")?.value;
    if (mobile() && ground) body.ground = ground;
    return page.command(body, $("moving"));
  });
  once($("unrecorded-confirm"), async () => {
    const done = await page.command({
      name: "unrecorded", reason: reason(), text: value("unrecorded-text"),
      second: { id: value("approver-id"), secret: document.querySelector("[name=approver-secret]").value },
    }, $("going-on"));
    // A secret stays on no page, whatever became of it.
    document.querySelector("[name=approver-secret]").value = "";
    if (done) page.ask(null);
    else page.draw();
    return done;
  });
  once($("unrecorded-refuse"), async () => {
    const done = await page.command({
      name: "refuse-unrecorded", text: value("unrecorded-text"),
      second: { id: value("approver-id"), secret: document.querySelector("[name=approver-secret]").value },
    }, $("going-on"));
    document.querySelector("[name=approver-secret]").value = "";
    if (done) page.ask(null);
    else page.draw();
    return done;
  });
  $("going-on").addEventListener("input", () => page.draw());
  once($("accept"), () => page.command({ name: "accept", subject: $("accept").dataset.subject }));
  for (const b of document.querySelectorAll("[data-tone]")) {
    b.addEventListener("click", () => {
      if (b.getAttribute("aria-disabled") === "true") return;
      lower();
      page.draw();
    });
  }
}

const reason = () => document.querySelector("[name=unrecorded-reason]:checked")?.value;
const filled = (name) => Boolean(document.querySelector(`[name=${name}]`).value);

const mobile = () => rooms.find((r) => r.id === document.querySelector("[name=move-room]:checked")?.value)?.kind === "mobile";

// draw shows the ways that there are, and the shut ones with their reasons.
export function draw(page) {
  const no = standing(page.room.session);
  if (no && page.asking === "unrecorded") page.asking = null; // what is left is in sight again
  const asking = page.asking;
  label(document.querySelector("[data-view=locked] [data-tone]"), page.now(), page.zone());
  show($("ways"), !asking);
  for (const [id, name] of [["breaking", "break-off"], ["moving", "move"], ["going-on", "unrecorded"]]) show($(id), asking === name);
  for (const id of ["locked-safe", "locked-still"]) show($(id).parentNode, !asking);
  show($("locked-what").parentNode, asking !== "unrecorded"); // it stands beside, with what to do

  const move = page.action("move-room");
  const way = (id, allowed, why) => {
    $(id).setAttribute("aria-disabled", String(!allowed));
    set($(id).querySelector("small"), why || "");
  };
  way("move", move.allowed && rooms.length > 0, !move.allowed ? say(move.why) : rooms.length ? t("ways.move.sub") : t("ways.move.none"));
  const unrecorded = page.action("unrecorded");
  way("unrecorded", unrecorded.allowed && !no, t(!unrecorded.allowed ? "ways.unrecorded.shut" : no ? "ways.refused.sub" : "ways.unrecorded.sub"));
  const refusal = page.room.session.refusals?.[0] || (unrecorded.allowed ? null : unrecorded.why);
  show($("locked-why"), Boolean(refusal || no));
  if (refusal) set($("locked-why").querySelector("span"), say(refusal));
  else if (no) set($("locked-why").querySelector("span"), t("ways.refused", { name: no.by.name, time: time(instant(no.at), page.zone()), reason: no.reason }));

  const to = document.querySelector("[name=move-room]:checked");
  show($("move-ground"), mobile());
  const ready = Boolean(to) && (!mobile() || Boolean(document.querySelector("[name=move-ground]:checked")));
  $("move-confirm").setAttribute("aria-disabled", String(!ready));
  show($("move-first"), !ready);

  const whole = unrecorded.allowed && Boolean(reason()) && filled("approver-id") && filled("approver-secret");
  $("unrecorded-confirm").setAttribute("aria-disabled", String(!whole));
  show($("unrecorded-first"), !whole);
  const refusable = unrecorded.allowed && Boolean(document.querySelector("[name=unrecorded-text]").value.trim()) && filled("approver-id") && filled("approver-secret");
  $("unrecorded-refuse").setAttribute("aria-disabled", String(!refusable));
  show($("refuse-first"), !refusable);

  // What it sends first, then what it is: in the order in which the controller takes them.
  const changed = page.room.faults.find((f) => f.code === "camera.changed") || page.room.faults.find((f) => f.code === "camera.exchanged" && f.locks);
  const accepting = Boolean(changed) && page.action("accept").allowed;
  show($("accept-look"), accepting);
  see(page, accepting ? changed.subject : null);
  if (changed) {
    $("accept").dataset.subject = changed.subject;
    const camera = page.room.cameras.find((c) => c.id === changed.subject);
    set($("accept"), t("act.accept", { name: camera ? say(camera.name) : changed.subject }));
  }
}

let seen = null; // the picture of the camera that is to be accepted: nobody accepts what they cannot see

function see(page, camera) {
  if ((seen?.camera ?? null) === camera) return;
  seen?.pictures.stop();
  show($("accept-pic"), camera !== null);
  show($("accept-pic").querySelector(".none"), true);
  seen = camera && { camera, pictures: live(page.id, page.zone(), () => $("accept-pic"), camera) };
}

// leave ends what belongs to LOCKED alone.
export const leave = (page) => see(page, null);

// elsewhere says where a session went on that has left this room.
export function elsewhere(page) {
  const s = page.room.session;
  if (!s?.room || s.room === page.id) return null;
  // The screen of one room shows no other: one goes there.
  if (document.body.dataset.bound === "true") return { key: "gone", label: t("act.gone"), on: false, why: nameOf(s.room) };
  return { key: "follow", label: t("act.follow"), sub: nameOf(s.room), on: true, href: `/rooms/${s.room}` };
}

