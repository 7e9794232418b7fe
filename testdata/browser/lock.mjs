// The whole story of a lock on the demo: questioning is recorded, a camera's cable is pulled, the page
// says LOCKED and what to do, the cable is plugged in again, the script is read, questioning goes on,
// ends and is sealed; and for a case that must be recorded there is no going on unrecorded. Prints
// what it saw as JSON.
//
//	node lock.mjs URL [LANGUAGE]
//
// URL is the address that "roomrec demo" prints.
import { check, comes, equal, held, inState, launch, moving, open, pressed, settled } from "./chromium.mjs";
import { opened } from "./opening.mjs";

const [url, lang = "en"] = process.argv.slice(2);
const base = url.replace(/\/$/, "");
const browser = await launch();
try {
  const { page, context, wrong } = await open(browser, base, { lang });
  await page.addInitScript(() => {
    window.notes = 0; // that were sounded
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...at) {
      window.notes++;
      return start.apply(this, at);
    };
  });
  const tap = (id) => pressed(page, id);
  const text = async (id) => (await page.locator(id).textContent()).trim();
  await page.goto(base + "/");
  const switches = await context.newPage(); // the demo's own page for breaking cameras
  await switches.goto(base + "/");
  await switches.getByTestId("extra").click();
  await page.locator("a.room").first().click();
  await opened(page);
  await moving(page, "[data-testid=live-front] video");
  await page.waitForFunction(() => /\d\d:\d\d:\d\d/.test(document.querySelector("[data-testid=safe] time").textContent));

  // The cable of the frontal camera is pulled.
  const locked = page.locator("[data-testid=state][data-state=Locked]").waitFor().then(() => Date.now());
  const [pulled] = await Promise.all([
    switches.evaluate(() => new Promise((done) => {
      document.querySelector("form").addEventListener("submit", () => done(Date.now()));
      document.querySelector("[data-testid=demo-front-cable-out]").click();
    })),
    switches.waitForNavigation(),
  ]);
  const after = (await locked) - pulled;
  await inState(page, "Locked");

  // What the page says: what failed, when, what is safe, what still records, what to do.
  const said = {
    state: await text("[data-view=locked] .huge"), since: await text("#locked-since"), what: await text("#locked-what"), safe: await text("#locked-safe"),
    still: await text("#locked-still"), steps: await page.locator("[data-view=locked] .steps li:visible").allInnerTexts(),
  };
  check(await page.locator("[data-view=locked] [role=alert]").count() === 1, "LOCKED is not announced");
  const seen = await page.locator("[data-view=locked]").boundingBox();
  check(seen.width >= 1280 && seen.height > 800 - 72 - 104 - 8, `LOCKED fills ${seen.width}x${seen.height}`);
  equal(await page.getByTestId("action-resume").getAttribute("aria-disabled"), "true", "Resume while the camera is away");
  // Z29-2, S1: a case that must be recorded. The way is shown, shut, with the reason.
  const refused = await text("[data-testid=unrecorded-why]");
  equal(await page.getByTestId("action-unrecorded").getAttribute("aria-disabled"), "true", "going on unrecorded in a case that must be recorded");
  await page.getByTestId("action-unrecorded").click({ force: true });
  await page.waitForTimeout(300);
  await inState(page, "Locked"); // still
  await tap("action-spontaneous");
  await page.waitForFunction(() => /\d\d:\d\d:\d\d/.test(document.getElementById("spontaneous-sub").textContent));
  // The tone is lowered for a while; there is no way to put it off.
  await tap("action-tone");
  const tone = await text("[data-view=locked] [data-testid=action-tone]");
  await page.waitForFunction(() => window.notes > 0); // LOCKED makes a sound
  const notes = await page.evaluate(() => window.notes);
  // What still works goes on being recorded.
  const safe = () => page.getByTestId("safe").locator("time").textContent();
  const before = await safe();
  await page.waitForFunction((old) => document.querySelector("[data-testid=safe] time").textContent > old, before);

  await page.waitForFunction((old) => window.notes > old, notes);

  // Plugged in again: by itself the page offers Resume.
  await switches.getByTestId("demo-front-cable-in").click();
  await page.waitForFunction(() => document.querySelector("[data-testid=action-resume]")?.getAttribute("aria-disabled") === "false");
  await tap("action-resume");
  await inState(page, "Resuming");
  const script = await text("#script");
  // What the person answers stands in the line once it was chosen, not before.
  const asked = await text("#transcript-line");
  await tap("answer-no");
  await comes(async () => (await text("#transcript-line")).length > asked.length, true, "the answer joins the line");
  const answered = await text("#transcript-line");
  // Where the room's sound is measured, confirming waits until it was read aloud, 20 s at most.
  await page.waitForFunction(() => document.querySelector("[data-testid=action-confirm]")?.getAttribute("aria-disabled") === "false");
  await tap("action-confirm");
  await inState(page, "Questioning");
  await page.locator("[data-view=line]").waitFor();
  await settled(page);
  const kept = await text("#line");
  await tap("action-line-done");
  await page.locator("[data-view=work]").waitFor();
  await moving(page, "[data-testid=live-front] video");
  // The tone falls silent when questioning goes on. Where a busy machine hears nothing of the controller for a
  // while, the page says that by a tone as well.
  await comes(async () => {
    const still = await page.evaluate(() => window.notes);
    await page.waitForTimeout(4500);
    return await page.evaluate(() => window.notes) === still;
  }, true, "silent when questioning goes on");

  await held(page, "action-end", "ending-signed");
  await tap("ending-signed");
  const goesOn = await text("[data-testid=action-end-confirm] small");
  await tap("action-end-confirm");
  await inState(page, "Closing");
  await inState(page, "Sealed", 120000);
  const minutes = await text("#minutes");
  const hash = (await page.getByTestId("hash").locator("span").allTextContents()).join("");
  check(/^[0-9a-f]{64}$/.test(hash), `the number to sign is ${hash}`);
  await page.getByTestId("action-look").click();
  await page.waitForURL("**/sessions/*");
  const session = new URL(page.url()).pathname.split("/").pop();
  const folder = (await page.getByTestId("folder").textContent()).trim();
  check(wrong.length === 0, wrong.join("\n"));
  console.log(JSON.stringify({ session, folder, after, said, refused, tone, script, line: kept, asked, answered, goesOn, minutes, hash }));
} finally {
  await browser.close();
}
