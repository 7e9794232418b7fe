// The first thing a newcomer does: open the page, start a session on both cameras of the demo, see
// both live pictures move, end it, see it listed. Prints what it saw as JSON.
//
//	node demo.mjs URL [LANGUAGE]
//
// URL is the address that "roomrec demo" prints.
import { check, held, inState, launch, moving, open, play, pressed, settled } from "./chromium.mjs";
import { opened } from "./opening.mjs";

const [url, lang = "en"] = process.argv.slice(2);
const base = url.replace(/\/$/, "");
const browser = await launch();
try {
  const { page, wrong } = await open(browser, base, { lang });
  const tap = (id) => pressed(page, id);
  await page.goto(base + "/");
  await page.locator("a.room").first().click();
  await opened(page);

  const cameras = await page.locator("figure[data-camera]").evaluateAll((all) => all.map((f) => f.dataset.camera));
  check(cameras.length >= 2, `${cameras.length} cameras on the page`);
  const seen = {};
  for (const camera of cameras) {
    const [a, b] = await moving(page, `[data-testid=live-${camera}] video`);
    const over = await page.getByTestId(`live-${camera}`).locator("time").textContent();
    check(/\d\d:\d\d:\d\d$/.test(over), `no time over the picture of ${camera}`);
    seen[camera] = { first: a, last: b, over };
  }
  // A picture that the browser cannot decode costs a moment, not the picture until the page is loaded again.
  await page.evaluate(() => {
    document.addEventListener("error", (e) => { if (e.target.tagName === "VIDEO") window.spoilt = e.target.closest("figure").dataset.camera; }, true);
    const append = SourceBuffer.prototype.appendBuffer;
    SourceBuffer.prototype.appendBuffer = function () {
      SourceBuffer.prototype.appendBuffer = append;
      append.call(this, new TextEncoder().encode("\0\0\0\x08junk"));
    };
  });
  const spoilt = await (await page.waitForFunction(() => window.spoilt)).jsonValue();
  await page.waitForFunction((camera) => !document.querySelector(`[data-testid=live-${camera}] video`).error, spoilt);
  await moving(page, `[data-testid=live-${spoilt}] video`);

  // What is safe moves on, on every camera.
  const safe = () => page.getByTestId("safe").locator("time").textContent();
  const before = await safe();
  await page.waitForFunction((old) => document.querySelector("[data-testid=safe] time").textContent > old, before);
  const after = await safe();

  // What is asked and answered is typed beside it, and stands in the list once it is on the disks.
  const typed = ["你昨晚在哪里？", "在家里。"];
  await tap("go-pad");
  await settled(page);
  for (const text of typed) {
    await page.getByTestId("pad-text").fill(text);
    await page.getByTestId("pad-text").press("Enter");
    await page.getByTestId("pad-lines").locator("li[data-entry]", { hasText: text }).waitFor();
  }
  await tap("action-pad-back");

  await held(page, "action-end", "ending-signed");
  await tap("ending-signed");
  await tap("action-end-confirm");
  await inState(page, "Closing");
  await inState(page, "Sealed", 120000);
  const hash = (await page.getByTestId("hash").locator("span").allTextContents()).join("");
  check(/^[0-9a-f]{64}$/.test(hash), `the number to sign is ${hash}`);

  await page.getByTestId("action-look").click();
  await page.waitForURL("**/sessions/*");
  const folder = (await page.getByTestId("folder").textContent()).trim();
  const session = new URL(page.url()).pathname.split("/").pop();
  await play(page);
  const played = {};
  for (const camera of cameras) {
    const video = `[data-testid=play-${camera}] video`;
    if (await page.locator(video).count()) played[camera] = await moving(page, video, 60000, () => play(page));
  }
  await page.goto(`${base}/sessions`);
  await page.getByTestId(`session-${session}`).waitFor();
  check(wrong.length === 0, wrong.join("\n"));
  console.log(JSON.stringify({ session, folder, hash, typed, safe: [before, after], live: seen, played }));
} finally {
  await browser.close();
}
