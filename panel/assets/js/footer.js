// The footer's two places for actions: beside (what ends or leads away) and next (the one next
// action). A place keeps its button as long as it means the same, so that nothing jumps.

import { $, h, icon, set } from "./dom.js";
import { changed, hold, working } from "./act.js";

let instead = null;

// rule puts actions into both places whatever a view wants there, until it is called with null: a button
// that two views took from one another in turn could not be pressed.
export function rule(over) {
  instead = over;
  if (over) for (const name of Object.keys(places)) place(name, null);
}

const places = { side: { node: $("slot-side") }, next: { node: $("slot-next") } };

// place puts an action into a place: {key, label, sub, on, why, hold, quiet, href, act}. An action
// that is refused now is shown dashed with its reason; a place without action stays empty.
export function place(name, action) {
  const p = places[name];
  if (instead) action = instead[name];
  if (!action) {
    if (p.key) p.node.replaceChildren();
    p.key = null;
    return;
  }
  if (p.key !== action.key) {
    p.key = action.key;
    p.button = build(name, p, action);
    p.node.replaceChildren(p.button);
    changed();
  }
  p.action = action;
  const off = !action.on || p.busy;
  if (p.button.tagName === "BUTTON") {
    p.button.setAttribute("aria-disabled", String(off));
    working(p.button, p.busy);
  }
  p.button.classList.toggle("go", name === "next" && !off && !action.quiet);
  set(p.label, action.label);
  set(p.sub, (action.on ? action.sub : action.why || action.sub) || "");
  p.sub.hidden = !p.sub.textContent;
}

function build(name, p, action) {
  p.label = h("span", { class: "label" });
  p.sub = h("small");
  p.busy = false;
  const props = { class: `btn ${name === "next" ? "next" : ""} ${action.hold ? "hold" : ""}`, "data-testid": `action-${action.key}` };
  const inside = [action.hold ? icon("press") : null, h("span", {}, p.label, p.sub)];
  if (action.href) return h("a", { ...props, href: action.href }, ...inside);
  const button = h("button", { ...props, type: "button" }, ...inside);
  const run = async () => {
    if (p.busy || button.getAttribute("aria-disabled") === "true") return;
    p.busy = true;
    place(name, p.action);
    try {
      await p.action.act();
    } finally {
      p.busy = false;
      if (p.button === button) place(name, p.action);
    }
  };
  if (action.hold) hold(button, run);
  else button.addEventListener("click", run);
  return button;
}
