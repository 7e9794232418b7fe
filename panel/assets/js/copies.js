// Viewing copies of a sealed session: asked for with a reason and an approval, percent and time left
// while one is made, cancelled, fetched.

import { h, icon, $ } from "./dom.js";
import { t, say } from "./words.js";
import { instant, dateTime, span } from "./times.js";
import { post, Refused } from "./act.js";

const box = $("copies");
const zone = document.body.dataset.zone || "UTC";
const root = `/api/v1/sessions/${document.body.dataset.session}/copies`;
const LOOK = 1000; // between two looks while a copy is being made

const shapes = { waiting: "off", checking: "off", running: "off", done: "ready", cancelled: "off", failed: "alarm" };
const making = (c) => ["waiting", "checking", "running"].includes(c.state);

let view = null;
let drawn = "";
let failure = "";
let timer = 0;

async function look() {
  const answer = await fetch(root);
  const said = await answer.json();
  if (!answer.ok) throw new Refused(said, answer.status);
  return said;
}

// does sends a wish and shows what came of it.
async function does(wish) {
  clearTimeout(timer);
  try {
    view = await wish();
    failure = "";
  } catch (e) {
    failure = e instanceof Refused ? e.message : t("problem.internal");
  }
  draw();
  if (view && view.copies.some(making)) timer = setTimeout(() => does(look), LOOK);
}

function layout(c) {
  return c.inset ? t("copies.layout.inset", { main: say(c.camera), inset: say(c.inset) }) : say(c.camera);
}

function one(c) {
  const running = c.state === "running";
  const left = running && c.left_s >= 0 ? t("copies.left", { time: span(c.left_s * 1000) }) : "";
  return h("li", { "data-testid": `copy-${c.id}`, "data-state": c.state },
    h("div", { class: "stack" },
      h("p", { class: `find is-${shapes[c.state]}` }, icon(shapes[c.state]), h("span", {}, h("b", {}, layout(c)), h("small", { "data-testid": "copy-state" }, t(`copies.state.${c.state}`), c.ahead ? ` · ${t("copies.ahead", { n: c.ahead })}` : "", running ? ` ${c.percent} %` : "", left ? ` · ${left}` : ""))),
      running ? h("progress", { max: "100", value: String(c.percent), "aria-label": layout(c) }) : null,
      c.why ? h("p", {}, say(c.why)) : null,
      h("small", {}, `${t("copies.by")} ${c.by}, ${dateTime(instant(c.at), zone)} · ${t("copies.reason")}: ${c.reason} · ${t("copies.approval")}: ${c.approval}`),
      c.sha256 ? h("small", { class: "path" }, `SHA-256 ${c.sha256}`) : null),
    c.state === "done" ? h("a", { class: "btn", href: `${root}/${c.file}`, download: c.file, "data-testid": "copy-fetch" }, t("copies.fetch")) : null,
    making(c) ? h("button", { type: "button", class: "btn", "data-testid": "copy-cancel", onclick: () => does(() => post(`${root}/cancel`, { copy: c.id })) }, t("copies.cancel")) : null);
}

function field(id, label, props = {}) {
  const input = h("input", { type: "text", id, "data-testid": id, maxlength: "100", autocomplete: "off", ...props });
  return [input, h("label", { class: "field" }, h("span", {}, label), input)];
}

function choice(id, label, options) {
  const select = h("select", { id, "data-testid": id }, ...options.map((o) => h("option", { value: o.id }, o.name)));
  return [select, h("label", { class: "field" }, h("span", {}, label), select)];
}

// form is built once: what a person has begun to write stays.
function form() {
  const cameras = view.cameras.map((c) => ({ id: c.id, name: say(c.name) }));
  const [camera, cameraLabel] = choice("copy-camera", t("copies.camera"), cameras);
  const [inset, insetLabel] = choice("copy-inset", t("copies.inset"), [{ id: "", name: t("copies.inset.none") }, ...cameras]);
  if (cameras.length > 1) inset.value = cameras[1].id;
  const [reason, reasonLabel] = field("copy-reason", t("copies.reason.long"), { maxlength: "500" });
  reasonLabel.classList.add("wide");
  const [rank, rankLabel] = field("copy-rank", t("copies.rank"));
  const [name, nameLabel] = field("copy-name", t("copies.name"));
  const [number, numberLabel] = field("copy-number", t("copies.number"));
  const button = h("button", { type: "button", class: "btn go", "data-testid": "copy-make" }, t("copies.make"));
  button.addEventListener("click", () => {
    const body = { camera: camera.value, reason: reason.value.trim(), rank: rank.value.trim(), name: name.value.trim(), number: number.value.trim() };
    if (inset.value) body.inset = inset.value;
    if (!body.reason || !body.rank || !body.name || !body.number) {
      failure = t("problem.copy-words");
      draw();
      return;
    }
    does(() => post(root, body));
  });
  return h("div", { class: "wanted" }, cameraLabel, insetLabel, reasonLabel, rankLabel, nameLabel, numberLabel, button);
}

function draw() {
  const problem = box.querySelector("[role=alert]");
  problem.hidden = !failure;
  problem.textContent = failure;
  if (!view) return;
  const now = JSON.stringify(view.copies);
  if (now !== drawn) {
    drawn = now;
    const list = box.querySelector("[data-part=list]");
    const focus = list.contains(document.activeElement) ? document.activeElement.dataset.testid : "";
    list.replaceChildren(view.copies.length ? h("ul", { class: "made" }, ...view.copies.map(one)) : h("p", {}, t("copies.none")));
    if (focus) list.querySelector(`[data-testid="${focus}"]`)?.focus();
  }
  const order = box.querySelector("[data-part=order]");
  if (view.problem) order.replaceChildren(h("p", { class: "find is-alarm", "data-testid": "copies-cannot" }, icon("alarm"), h("span", {}, say(view.problem))));
  else if (!order.children.length) order.replaceChildren(form());
}

if (box) await does(look);
