// The watch folder: a person names the session of a file whose session is not certain.

import { $ } from "./dom.js";
import { t } from "./words.js";
import { post, Refused } from "./act.js";

const problem = $("inbox").querySelector("[data-testid=inbox-problem]");

for (const form of $("inbox").querySelectorAll("[data-file]")) {
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    const session = form.elements.namedItem("session").value.trim();
    const document = form.closest("[data-sha256]").dataset.sha256;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await post(`/api/v1/sessions/${encodeURIComponent(session)}/transcripts/inbox`, { document, signed: form.elements.namedItem("signed").checked });
      location.assign(`/sessions/${encodeURIComponent(session)}`);
    } catch (e) {
      problem.textContent = e instanceof Refused ? e.message : t("problem.internal");
      problem.hidden = false;
      button.disabled = false;
    }
  });
}
