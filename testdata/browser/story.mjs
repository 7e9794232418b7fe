// An officer's session on the room's page, by touch: the form refused and mended, a double tap, a
// marker, LOCKED and the way back, the end, the seal; and the connection lost in between.
//
//	node story.mjs URL [LANGUAGE THEME WIDTH HEIGHT]
//
// URL is a site over panel/paneltest.
import { acts, check, comes, equal, held, inState, launch, moving, open, play, pressed, settled, taken, wire } from "./chromium.mjs";

const [url, lang = "en", theme = "light", width = "1280", height = "800"] = process.argv.slice(2);
const server = new URL(url);

const line = await wire(server); // the site is reached through a line that can be cut
const base = line.base;

const browser = await launch();
try {
  const { page, context, wrong } = await open(browser, base, { lang, theme, width: Number(width), height: Number(height), touch: true });
  const tap = (id) => pressed(page, id, "tap");
  const act = (id) => acts(page, id, "tap"); // once, however often it is pressed, and the button says so
  const fake = (scene) => fetch(`${server.origin}/fake/scene?room=room3&scene=${scene}`, { method: "POST" });
  const acted = async () => (await (await fetch(`${server.origin}/fake/acted`)).json());
  await fake("ready");
  await page.goto(`${base}/rooms/room3`);
  await inState(page, "Ready");

  // A lawyer's meeting is asked first, and not recorded.
  const openButton = page.getByTestId("action-open");
  equal(await openButton.getAttribute("aria-disabled"), "true", "open before the question is answered");
  await tap("lawyer-yes");
  equal(await openButton.getAttribute("aria-disabled"), "true", "open for a lawyer's meeting");
  await tap("lawyer-no");
  await tap("action-open");

  // One officer alone is refused, beside the field.
  await page.getByTestId("f-case").fill("2026-1187");
  await page.getByTestId("f-person").fill("2231");
  await tap("f-kind-interrogation-suspect");
  await tap("action-form-next-0");
  await tap("f-category-serious-danger");
  await tap("action-form-next-1");
  await settled(page);
  for (const f of await page.locator("[data-step=circumstances] input[value=no]").all()) await tap(await f.getAttribute("data-testid"));
  await tap("action-form-next-2");
  await settled(page);
  await tap("action-form-next-3");
  await settled(page);
  await tap("f-wall-agrees");
  await page.getByTestId("f-roster-questioner").fill("0417");
  await tap("action-form-open");
  await page.locator("[data-field=roster] .wrong").waitFor();
  equal((await acted()).open ?? 0, 0, "opened with one officer alone");
  await page.getByTestId("f-roster-clerk").fill("0522");
  const button = page.getByTestId("action-form-open");
  await taken(page, "action-form-open", async () => {
    await settled(page);
    await button.scrollIntoViewIfNeeded();
    const { x, y, width: wide, height: high } = await button.boundingBox();
    const finger = () => page.touchscreen.tap(x + wide / 2, y + high / 2);
    await Promise.all([finger(), finger()]); // a nervous one
  });
  await inState(page, "Standby");
  equal((await acted()).open, 1, "a double tap opened");

  await act("action-start");
  await inState(page, "Questioning");
  for (const camera of ["front", "room"]) {
    const [a, b] = await moving(page, `[data-testid=live-${camera}] video`);
    const at = await page.getByTestId(`live-${camera}`).locator("time").textContent();
    check(/\d\d:\d\d:\d\d$/.test(at), `no time over ${camera}: ${at}`);
    check(b.millis > a.millis, "the camera's clock stands still");
  }
  // The live picture is less than half a second behind.
  const behind = () => page.evaluate(async () => {
    const got = [];
    for (let i = 0; i < 20; i++) {
      got.push(Date.now() - Number(document.querySelector("[data-testid=live-front]").dataset.at));
      await new Promise((r) => setTimeout(r, 50));
    }
    return got.sort((a, b) => a - b)[10];
  });
  await comes(async () => await behind() < 500, true, "live pictures less than half a second behind"); // a machine may be busy with other things

  await act("marker-rights-read");
  await page.locator("[data-testid=marker-rights-read].done").waitFor();
  equal((await acted()).marker, 1, "markers");

  // Someone comes in and goes out again; the person turns out to be a minor, and an
  // officer alone cannot take that back.
  await tap("go-people");
  await tap("in-defender");
  equal(await page.getByTestId("action-people-in").getAttribute("aria-disabled"), "true", "someone without a name comes in");
  await page.getByTestId("in-name").fill("L-31");
  await act("action-people-in");
  await page.getByTestId("out-defender").waitFor();
  await act("out-defender");
  await page.getByTestId("out-defender").waitFor({ state: "detached" });
  await tap("action-people-back");
  const judged = async (id) => {
    await tap("go-classify");
    equal(await page.getByTestId("action-classify-put").getAttribute("aria-disabled"), "true", "nothing was changed, and it can be put on record");
    if (id.startsWith("circumstances")) await tap("re-step-circumstances");
    await tap(`re-${id}`);
    await act("action-classify-put");
  };
  await judged("circumstances-minor-yes");
  await page.locator("[data-view=work]").waitFor();
  await judged("category-theft");
  await page.locator("[data-view=classify] [data-field=category] .wrong").waitFor();
  await tap("action-classify-back");
  await page.locator("[data-view=work]").waitFor();
  equal([(await acted()).roster, (await acted()).classify], [2, 1], "comings and goings, and new judgements");

  // The connection goes silent: STALE in the size of the page, buttons off, and back by itself.
  const safe = page.getByTestId("safe");
  await safe.getByText(/\d\d:\d\d:\d\d/).waitFor();
  line.cut(); // how soon it says so is measured by contact.mjs
  await inState(page, "stale");
  equal(await page.locator("footer button[aria-disabled=false]").count(), 0, "buttons that work without contact");
  await page.locator("[data-view=stale]").getByText(/Stop asking\.|停止发问。/).waitFor();
  const fills = (view) => page.locator(`[data-view=${view}]`).boundingBox();
  const size = await fills("stale");
  line.mend();
  await inState(page, "Questioning");
  await moving(page, "[data-testid=live-front] video");
  equal((await acted()).marker, 1, "something was done again after the contact was back");

  // LOCKED by itself, while the page for the end is open: it takes the whole page.
  await held(page, "action-end", "ending-signed");
  await fake("locked");
  await inState(page, "Locked");
  await page.locator("[data-view=locked]").waitFor();
  const big = await fills("locked");
  check(Math.abs(big.width - size.width) < 2 && Math.abs(big.height - size.height) < 2, `STALE fills ${size.width}x${size.height}, LOCKED ${big.width}x${big.height}`);
  await page.locator("[data-view=ending]").waitFor({ state: "hidden" });
  equal(await page.getByTestId("action-resume").getAttribute("aria-disabled"), "true", "resume while the fault is open");
  equal(await page.getByTestId("action-unrecorded").getAttribute("aria-disabled"), "true", "unrecorded in a case that must be recorded");
  await tap("action-move"); // where to is asked, and nothing but LOCKED is left by it
  await page.getByTestId("move-van1").waitFor();
  equal(await page.getByTestId("action-move-confirm").getAttribute("aria-disabled"), "true", "moved to nowhere");
  await tap("action-ask-back");
  await act("action-spontaneous");
  await page.getByText(/Marked at|已标记/).waitFor();
  // After ten minutes a supervisor is called: the room's page says so, the page of all rooms calls.
  equal(await page.getByTestId("called").textContent(), "", "a supervisor was called too soon");
  await fake("called");
  await page.getByTestId("called").getByText(/supervisor|值班领导/).waitFor();
  const desk = await context.newPage();
  await desk.goto(`${base}/`);
  await desk.locator("[data-testid=room-room3][data-called]").getByText(/Supervisor: go there now|请值班领导立即到场/).waitFor();
  await desk.close();
  await fake("cleared");
  await page.waitForFunction(() => document.querySelector("[data-testid=action-resume]").getAttribute("aria-disabled") === "false");
  await act("action-resume");
  await inState(page, "Resuming");
  equal(await page.getByTestId("action-confirm").getAttribute("aria-disabled"), "true", "confirmed before the answer");
  await tap("answer-no");
  await act("action-confirm");
  await inState(page, "Questioning");
  await page.getByTestId("line").waitFor();
  await tap("action-line-done");
  await page.locator("[data-view=work]").waitFor();

  // A second interruption of the same session: the person is asked anew.
  await fake("resuming&same");
  await inState(page, "Resuming");
  equal(await page.locator("[name=answer]:checked").count(), 0, "the answer of the first interruption is given at the second");
  equal(await page.getByTestId("action-confirm").getAttribute("aria-disabled"), "true", "confirmed before the second answer");
  await tap("answer-yes");
  await fake("questioning&same");
  await inState(page, "Questioning");
  await page.locator("[data-view=work]").waitFor();

  // A short press does not end; two seconds do, by key too.
  await tap("action-end");
  await page.waitForTimeout(700);
  check(!(await page.locator("[data-view=ending]").isVisible()), "a short press ended");
  for (let tries = 1, ending = page.locator("[data-view=ending]"); !(await ending.isVisible()); tries++) {
    check(tries < 6, "a key that is held does not end");
    await settled(page);
    await page.getByTestId("action-end").focus();
    await page.keyboard.down("Enter");
    await ending.waitFor({ timeout: 12000 }).catch(() => {});
    await page.keyboard.up("Enter");
  }
  await settled(page);
  equal(await page.getByTestId("action-end-confirm").getAttribute("aria-disabled"), "true", "ended without saying how");
  await tap("ending-signed");
  await act("action-end-confirm");
  await inState(page, "Closing");
  await inState(page, "Sealed");
  equal((await page.getByTestId("hash").locator("span").allTextContents()).length, 16, "groups of the number to sign");
  await tap("action-look");
  await play(page);
  for (const camera of ["front", "room"]) await moving(page, `[data-testid=play-${camera}] video`);
  await page.waitForFunction(() => {
    const at = (c) => Number(document.querySelector(`[data-testid=play-${c}]`).dataset.at);
    return Math.abs(at("front") - at("room")) < 200; // in step
  });
  await page.goto(`${base}/rooms/room3`);
  await inState(page, "Sealed");
  await act("action-dismiss");
  await inState(page, "Ready");

  // The buttons that this day did not need act once as well.
  const set = async (scene, state) => {
    await fake(scene);
    await inState(page, state);
  };
  await set("questioning", "Questioning");
  await act("action-due-rights-read");
  await page.getByTestId("action-due-rights-read").waitFor({ state: "hidden" }); // what comes next takes no touch at once
  await tap("marker-other");
  await page.getByTestId("words").fill("Asks for a doctor");
  await act("action-words-put");
  await page.locator("[data-view=work]").waitFor();
  await set("changed", "Locked");
  await act("action-accept");
  await set("questioning", "Questioning"); // or the other session's LOCKED is taken for this one's
  await set("locked", "Locked");
  await tap("action-move");
  await tap("move-van1");
  await pressed(page, await page.locator("[name=move-ground]").first().getAttribute("data-testid"), "tap");
  await act("action-move-confirm");
  await page.getByTestId("action-follow").waitFor();
  await set("questioning", "Questioning");
  await set("free", "Locked");
  await tap("action-unrecorded");
  await tap("unrecorded-urgent");
  await page.getByTestId("approver-id").fill("0102");
  await page.getByTestId("approver-secret").fill("not it");
  await act("action-unrecorded-confirm");
  await set("questioning", "Questioning");
  await set("locked", "Locked");
  const left = await page.evaluate(() => [...document.querySelectorAll("[data-view=ending] input, [data-view=locked] input, [data-view=resuming] input, [data-view=words] input")]
    .filter((i) => (["radio", "checkbox"].includes(i.type) ? i.checked !== i.defaultChecked : i.value !== i.defaultValue)).map((i) => `${i.name || i.id}=${i.value}`));
  equal(left, [], "words of another session stand on the page");
  await held(page, "action-break-off", "action-break-confirm");
  await act("action-break-confirm");
  await page.goto(`${base}/sessions`);
  await page.locator("tbody tr").first().waitFor();
  equal(wrong, [], "something went wrong in the page");
} finally {
  await browser.close();
  line.close();
}
