// A reviewer hands in a transcript whose start is wrong: the difference stands beside the timeline, a
// click and the player is at that second, the difference is explained, and the session is complete with
// an explained difference; then the corrected one is handed in. Prints what it saw as JSON.
//
//	node transcript.mjs URL SESSION WRONG CORRECTED MONTH LANGUAGE
import { check, comes, equal, PATIENCE, launch, open } from "./chromium.mjs";

const [url, session, wrongFile, correctedFile, month, lang] = process.argv.slice(2);
const base = url.replace(/\/$/, "");
const browser = await launch();
try {
  const { page, wrong } = await open(browser, base, { lang });
  const by = (id) => page.getByTestId(id);
  const status = (s) => page.locator(`[data-testid=transcript-status][data-status=${s}]`).waitFor();
  await page.goto(`${base}/sessions/${session}`);
  await status("none");
  await by("transcript-file").setInputFiles(wrongFile);
  await by("transcript-add").click();
  await status("differs");

  // Both times stand beside one another, and only the start is marked.
  const row = (what) => by(`row-${what}`).evaluate((r) => ({ off: r.classList.contains("is-off-time"), times: [...r.querySelectorAll("td")].map((d) => d.textContent.trim()) }));
  const start = await row("start");
  const end = await row("end");
  check(start.off && !end.off, `start ${JSON.stringify(start)}, end ${JSON.stringify(end)}`);
  await by("finding-start_differs").waitFor();

  // A click on the finding, and then on the line of the document: every player is at that second.
  const began = Date.parse((await (await page.request.get(`${base}/api/v1/sessions/${session}`)).json()).started);
  const players = page.locator("#players figure[data-playable=true]");
  const at = async (when) => {
    await page.waitForFunction((when) => {
      const all = [...document.querySelectorAll("#players figure[data-playable=true]")];
      return all.length > 0 && all.every((f) => f.dataset.at && Math.abs(Number(f.dataset.at) - when) < 1000 && f.querySelector("video").readyState >= 2);
    }, when);
  };
  await comes(() => players.count(), 2, "cameras that play");
  await page.waitForFunction(() => [...document.querySelectorAll("#players figure video")].every((v) => v.readyState >= 2));
  await by("seek-start_differs").click();
  await at(began);
  await page.locator("[data-jump='10']").click();
  await page.waitForFunction((when) => [...document.querySelectorAll("#players figure")].every((f) => Number(f.dataset.at) - when > 2000), began);
  const line = await by("transcript-lines").locator("li.is-off-time .when").first();
  await line.click();
  await at(began);

  // What is said in a line is given its instant while watching, and the line leads there from now on.
  const here = by("transcript-lines").locator("li[data-role=question] [data-testid^=time-]").first();
  const number = (await here.getAttribute("data-testid")).slice("time-".length);
  await here.click();
  await by(`line-${number}`).waitFor();

  // Nothing is explained without words.
  await by("transcript-explain").click();
  await by("transcript-problem").waitFor();
  await status("differs");
  await by("transcript-why").fill("The wall clock of the room was five minutes slow; see the time check of that day.");
  await by("transcript-explain").click();
  await status("explained");
  await by("complete-explained").waitFor();
  check(await by("finding-start_differs").isVisible(), "the difference stays");
  await page.goto(`${base}/sessions`);
  const listed = await by(`transcript-${session}`).textContent();

  // A correction counts only when it was signed; the first version stays.
  await page.goto(`${base}/sessions/${session}`);
  await status("explained");
  await by("transcript-file").setInputFiles(correctedFile);
  await by("transcript-add").click();
  await by("transcript-problem").waitFor();
  await by("transcript-file").setInputFiles(correctedFile);
  await by("transcript-signed").check();
  await by("transcript-add").click();
  await status("agrees");
  await by("complete").waitFor();
  equal(await page.locator(".versions > li").count(), 2, "versions");

  // Each key fact is judged by name, one of them by keyboard alone; what differs is said in words, and keeps the
  // session from being complete until a later word on it (Z27).
  const judge = async (fact, word, note, here) => {
    await by(`fact-open-${fact}`).focus();
    await page.keyboard.press("Enter");
    await by(`fact-word-${word}`).focus();
    await page.keyboard.press("Space");
    if (note) await by("fact-note").fill(note);
    if (here) await by("fact-here").check();
    await by("fact-sign").focus();
    await page.keyboard.press("Enter");
  };
  await page.waitForFunction(() => [...document.querySelectorAll("#players figure video")].every((v) => v.readyState >= 2));
  await by("row-start").locator("button").click();
  await at(began);
  await judge("time", "agrees", "", true);
  await page.locator("[data-testid=fact-time][data-word=agrees]").waitFor();
  await page.locator("[data-jump='10']").click();
  await page.waitForFunction((when) => [...document.querySelectorAll("#players figure")].every((f) => Number(f.dataset.at) - when > 2000), began);
  await by("fact-seek-time").click();
  await at(began);
  await judge("tools", "differs", "");
  await by("transcript-problem").waitFor();
  await by("fact-note").fill("The recording has a knife, the transcript a stick.");
  await by("fact-sign").click();
  await status("differs");
  await page.locator("[data-testid=fact-tools][data-word=differs]").waitFor();
  await judge("tools", "agrees", "The knife is on page two.");
  await status("agrees");
  for (const fact of ["place", "means", "victim", "state-of-mind"]) {
    await judge(fact, fact === "victim" ? "not-spoken-of" : "agrees", "");
    await page.locator(`[data-testid=fact-${fact}][data-word]:not([data-word=""])`).waitFor();
  }
  await page.locator("[data-testid=facts][data-judged='6']").waitFor();
  await page.goto(`${base}/transcripts?month=${month}`);
  await by(`month-${session}`).waitFor();
  check(wrong.length === 0, wrong.join("\n"));
  console.log(JSON.stringify({ start, end, listed }));
} finally {
  await browser.close();
}
