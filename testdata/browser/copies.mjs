// Someone whose role allows it has a viewing copy made: with a reason and an approval, percent and time
// left while it is made, the file at the end. Prints what it saw as JSON.
//
//	node copies.mjs URL SESSION LANGUAGE FILE [PICTURE]
import { check, launch, open } from "./chromium.mjs";

const [url, session, lang, file, picture] = process.argv.slice(2);
const base = url.replace(/\/$/, "");
const browser = await launch();
try {
  const { page, wrong } = await open(browser, base, { lang });
  page.setDefaultTimeout(120000);
  const by = (id) => page.getByTestId(id);
  await page.goto(`${base}/sessions/${session}`);

  // What was seen of the clock in the room at the opening, kept after the seal, and the paper shows it too.
  const still = page.locator("[data-testid^=still-wall-] img");
  await still.nth(1).scrollIntoViewIfNeeded();
  const pictures = (on, selector) => on.waitForFunction((s) => {
    const all = [...document.querySelectorAll(s)];
    return all.length === 2 && all.every((i) => i.complete && i.naturalWidth > 0);
  }, selector);
  await pictures(page, "[data-testid^=still-wall-] img");
  const paper = await page.context().newPage();
  await paper.goto(`${base}/sessions/${session}/certificate`);
  await paper.getByTestId("wall-clock").waitFor();
  await pictures(paper, ".wall img");
  if (picture) {
    await paper.screenshot({ path: picture.replace(/(\.png)?$/, "-paper.png"), fullPage: true });
    await page.screenshot({ path: picture.replace(/(\.png)?$/, "-page.png"), fullPage: true });
  }
  await paper.close();

  // Nothing without a reason and an approval.
  await by("copy-make").click();
  await by("copies-problem").waitFor();
  await by("copy-reason").fill("for the prosecution");
  await by("copy-rank").fill("head of the county organ");
  await by("copy-name").fill("Li");
  await by("copy-number").fill("2026-17");
  const layout = [await by("copy-camera").inputValue(), await by("copy-inset").inputValue()];
  await by("copy-make").click();
  const copy = page.locator("[data-testid=copies] .made > li", { has: page.locator("[data-testid=copy-cancel], [data-testid=copy-fetch]") }).first();
  await copy.waitFor();
  check(!(await by("copies-problem").isVisible()), "what was missing is there");
  await page.locator("[data-testid=copies] .made > li[data-state=done]").waitFor();
  const download = page.waitForEvent("download");
  await by("copy-fetch").click();
  await (await download).saveAs(file);
  if (picture) {
    await by("copies").scrollIntoViewIfNeeded();
    await page.screenshot({ path: picture });
  }
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(overflow <= 0, `the page is ${overflow} pixels too wide`);
  check(wrong.length === 0, wrong.join("\n"));
  console.log(JSON.stringify({ layout, name: (await download).suggestedFilename() }));
} finally {
  await browser.close();
}
