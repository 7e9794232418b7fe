// The list of sessions: found by what is typed, on this page alone. What is typed is case data and
// goes into no address.

import { $, show } from "./dom.js";
import { ticking } from "./hands.js";

ticking();
const rows = [...document.querySelectorAll("tbody tr")];
$("filter")?.addEventListener("input", (e) => {
  const words = e.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  let n = 0;
  for (const r of rows) {
    const text = r.dataset.find.toLowerCase();
    const yes = words.every((w) => text.includes(w));
    show(r, yes);
    if (yes) n++;
  }
  show($("nomatch"), n === 0);
});
