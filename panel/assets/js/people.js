// Who is in the room, and what the case is: both may change while recording goes on.

import { $, fill, h, set, show } from "./dom.js";
import { t } from "./words.js";
import { changed, SLIP, working } from "./act.js";
import { place } from "./footer.js";
import { work } from "./work.js";

const people = document.querySelector("[data-view=people]");
const again = document.querySelector("[data-view=classify]");
const parts = [...again.querySelectorAll("[data-part]")].map((p) => p.dataset.part);
let part = 0;
let leaving = null; // {role, name, until}: who is being put down as gone; the list stays until they have gone

const roleName = (s, role) => t(role === "questioner" && s.form.kind !== "interrogation-suspect" ? "role.questioner.other" : `role.${role}`);

const chosen = (scope, name) => scope.querySelector(`[name="${name}"]:checked`)?.value || "";

export function begin(page) {
  for (const [id, view, action] of [["go-people", "people", "roster"], ["go-classify", "classify", "classify"]]) {
    $(id).addEventListener("click", () => {
      if ($(id).getAttribute("aria-disabled") === "true") return;
      if (view === "classify") take(page);
      page.go(view);
    });
    $(id).dataset.action = action;
  }
  for (const b of again.querySelectorAll("[data-part-to]")) b.addEventListener("click", () => turn(page, parts.indexOf(b.dataset.partTo)));
  $("present").addEventListener("click", async (e) => {
    const b = e.target.closest("[data-out]");
    if (!b || leaving) return;
    const { role, name } = page.room.session.form.roster[Number(b.dataset.out)];
    leaving = { role, name, until: Infinity };
    working(b, true);
    const done = await page.command({ name: "roster", phase: "out", member: { role, name } });
    if (leaving) leaving.until = done ? performance.now() + SLIP : 0;
    if (!done) working(b, false);
    page.draw();
  });
}

// buttons says on the work page whether both can be done now.
export function buttons(page) {
  for (const id of ["go-people", "go-classify"]) $(id).setAttribute("aria-disabled", String(!page.action($(id).dataset.action).allowed));
}

// members is the page on which people come and go.
export function members(page) {
  const s = page.room.session;
  if (leaving && !(performance.now() < leaving.until && s.form.roster.some((m) => m.role === leaving.role && m.name === leaving.name))) leaving = null;
  if (!leaving) fill($("present"), ...s.form.roster.map((m, i) => h("li", {}, h("span", {}, h("small", {}, roleName(s, m.role)), h("b", {}, m.name)),
    h("button", { type: "button", class: "btn", "data-out": String(i), "aria-label": `${t("people.out")}: ${m.name}`, "data-testid": `out-${m.role}` }, t("people.out")))));
  set($("in-questioner"), roleName(s, "questioner"));
  work.safe(page);
  const name = $("in-name").value.trim();
  const role = chosen(people, "in-role");
  place("side", { key: "people-back", label: t("people.back"), on: true, act: () => page.go(null) });
  place("next", {
    key: "people-in", label: t("people.in"), sub: t("people.in.sub"), on: Boolean(name && role), why: t("people.in.first"),
    act: async () => {
      if (!await page.command({ name: "roster", phase: "in", member: { role, name } }, people)) return;
      $("in-name").value = "";
      for (const r of people.querySelectorAll("[name=in-role]")) r.checked = false;
    },
  });
}

// take puts the case as it is judged now into the page on which it is judged anew.
function take(page) {
  const f = page.room.session.form;
  for (const r of again.querySelectorAll("[name=re-category]")) r.checked = r.value === f.category;
  for (const r of again.querySelectorAll("[name^='re-circumstances.']")) r.checked = r.value === f.circumstances?.[r.name.slice("re-circumstances.".length)];
  for (const w of again.querySelectorAll(".wrong")) w.remove();
  part = 0;
}

function read() {
  const circumstances = {};
  for (const r of again.querySelectorAll("[name^='re-circumstances.']:checked")) circumstances[r.name.slice("re-circumstances.".length)] = r.value;
  return { name: "classify", category: chosen(again, "re-category"), circumstances };
}

function turn(page, to) {
  if (part === to) return;
  part = to;
  changed();
  page.draw();
}

// classify is the page on which the case is judged anew. An officer may tighten; loosening needs a
// supervisor, which the controller says beside the answer.
export function classify(page) {
  const s = page.room.session;
  const body = read();
  const same = body.category === s.form.category && Object.entries(body.circumstances).every(([k, v]) => s.form.circumstances?.[k] === v);
  for (const p of again.querySelectorAll("[data-part]")) show(p, p.dataset.part === parts[part]);
  for (const b of again.querySelectorAll("[data-part-to]")) {
    if (b.dataset.partTo === parts[part]) b.setAttribute("aria-current", "step");
    else b.removeAttribute("aria-current");
  }
  const yes = Object.values(body.circumstances).filter((v) => v === "yes").length;
  const unknown = Object.values(body.circumstances).filter((v) => v === "unknown").length;
  set(again.querySelector("[data-answer=category]"), again.querySelector("[name=re-category]:checked")?.closest("label").querySelector("b").textContent || t("form.rail.empty"));
  set(again.querySelector("[data-answer=circumstances]"), yes + unknown ? t("form.rail.circumstances.yes", { n: yes, u: unknown }) : t("form.rail.circumstances.no"));
  set($("classify-now"), t(s.mandatory ? "classify.mandatory" : "classify.free"));
  work.safe(page);
  place("side", { key: "classify-back", label: t("classify.back"), on: true, act: () => page.go(null) });
  place("next", {
    key: "classify-put", label: t("classify.put"), sub: t("classify.put.sub"), on: !same, why: t("classify.same"),
    act: async () => {
      if (await page.command(body, again)) page.go(null);
      else {
        const wrong = again.querySelector(".wrong")?.closest("[data-part]");
        if (wrong) turn(page, parts.indexOf(wrong.dataset.part));
      }
    },
  });
}
