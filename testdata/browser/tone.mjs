// The sound of LOCKED: it can be lowered for two minutes, after which it is as loud as before; nothing puts
// it off while LOCKED lasts. The page's clock is moved on by hand.
//
//	node tone.mjs URL
//
// URL is a site over panel/paneltest.
import { check, equal, inState, launch, open, pressed } from "./chromium.mjs";

const base = process.argv[2].replace(/\/$/, "");
const fake = (scene) => fetch(`${base}/fake/scene?room=room3&scene=${scene}`, { method: "POST" });
const browser = await launch();
try {
  const { page, wrong } = await open(browser, base, {});
  await page.clock.install();
  await page.addInitScript(() => {
    window.loud = []; // how loud each note was meant to be
    window.AudioContext = class extends AudioContext {
      constructor() {
        super();
        window.context = this;
      }
    };
    const ramp = AudioParam.prototype.linearRampToValueAtTime;
    AudioParam.prototype.linearRampToValueAtTime = function (value, at) {
      window.loud.push(value);
      return ramp.call(this, value, at);
    };
  });
  await fake("locked");
  await page.goto(`${base}/rooms/room3`);
  await inState(page, "Locked");
  await page.locator("h2.huge:visible").click(); // browsers keep silent until the page was touched
  // sounded passes time on the page until a note more was played, and returns how loud it was.
  const sounded = async () => {
    await page.evaluate(() => { window.loud = []; });
    await page.waitForFunction(() => window.context?.state === "running"); // the browser's sound begins in its own time
    for (let i = 0; i < 40; i++) {
      await page.clock.runFor(500);
      const loud = await page.evaluate(() => window.loud[0]);
      if (loud !== undefined) return loud;
    }
    throw new Error("LOCKED makes no sound");
  };
  const before = await sounded();
  // Without contact the page says so, and sounds as well: what is pressed here is LOCKED's button.
  await inState(page, "Locked");
  await pressed(page, "action-tone");
  const low = await sounded();
  check(low > 0 && low < before, `lowered from ${before} to ${low}`);
  equal(await page.locator("[data-view=locked] [data-testid=action-tone]").getAttribute("aria-disabled"), "true", "lowered, and can be lowered further");
  for (let i = 0; i < 24; i++) await page.clock.runFor(5000);
  equal(await sounded(), before, "as loud as before after two minutes");
  equal(wrong, [], "something went wrong in the page");
} finally {
  await browser.close();
}
