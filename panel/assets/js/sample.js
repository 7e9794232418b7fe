// A session that was drawn: a person says whether the signing can be seen.

import { $, set, show } from "./dom.js";
import { t, say } from "./words.js";
import { post, Refused } from "./act.js";

const form = $("signing");
form.addEventListener("submit", async (e) => {
  e.preventDefault();
  if ($("signing-put").getAttribute("aria-disabled") === "true") return;
  const chosen = form.querySelector("[name=signing]:checked");
  if (!chosen) return;
  $("signing-put").setAttribute("aria-disabled", "true");
  show($("signing-said"), false);
  try {
    await post(`/api/v1/sessions/${document.body.dataset.session}/sample`, { signing: chosen.value, text: $("signing-text").value.trim() });
    set($("signing-done"), t("sample.done"));
    show($("signing-done"), true);
    show($("signing-parts"), false);
  } catch (problem) {
    set($("signing-said"), problem instanceof Refused ? say(problem.fields[0]?.say) || problem.message : t("act.unknown"));
    show($("signing-said"), true);
    $("signing-put").setAttribute("aria-disabled", "false");
  }
});
