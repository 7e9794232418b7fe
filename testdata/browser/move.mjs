// A locked session moves to the mobile equipment and goes on there: from LOCKED in the room to the page
// of the other one, the script, questioning, the end. Prints what it saw as JSON.
//
//	node move.mjs URL FROM TO SWITCH
//
// URL is a controller with the rooms FROM and TO; a POST to URLSWITCH breaks a camera of FROM.
import { check, equal, held, inState, launch, moving, open, pressed, settled } from "./chromium.mjs";
import { opened } from "./opening.mjs";

const [url, from, to, breaks] = process.argv.slice(2);
const base = url.replace(/\/$/, "");
const browser = await launch();
try {
  const { page, wrong } = await open(browser, base, {});
  const tap = (id) => pressed(page, id);
  await page.goto(`${base}/rooms/${from}`);
  await opened(page);
  const broken = await fetch(`${base}${breaks}`, { method: "POST" });
  check(broken.ok, `the cable was not pulled: ${broken.status}`);
  await inState(page, "Locked");
  await tap("action-move");
  await page.getByTestId(`move-${to}`).waitFor();
  await tap(`move-${to}`);
  // Mobile equipment needs one of the grounds (Z22).
  equal(await page.getByTestId("action-move-confirm").getAttribute("aria-disabled"), "true", "moved to mobile equipment without a ground");
  await pressed(page, (await page.locator("[name=move-ground]").first().getAttribute("data-testid")));
  await tap("action-move-confirm");
  // The old room's page says where it went on.
  await page.getByTestId("action-follow").waitFor(); // the page takes no touch in the half second after
  await tap("action-follow");
  await page.waitForURL(`**/rooms/${to}`);
  await inState(page, "Locked");
  await page.waitForFunction(() => document.querySelector("[data-testid=action-resume]")?.getAttribute("aria-disabled") === "false");
  await tap("action-resume");
  await inState(page, "Resuming");
  const script = (await page.locator("#script").textContent()).trim();
  await tap("answer-no");
  await page.waitForFunction(() => document.querySelector("[data-testid=action-confirm]")?.getAttribute("aria-disabled") === "false");
  await tap("action-confirm");
  await inState(page, "Questioning");
  await page.locator("[data-view=line]").waitFor();
  await tap("action-line-done");
  await page.locator("[data-view=work]").waitFor();
  await moving(page, `[data-testid^=live-] video`);
  await held(page, "action-end", "ending-signed");
  await tap("ending-signed");
  await tap("action-end-confirm");
  await inState(page, "Sealed", 120000);
  await tap("action-look");
  await page.waitForURL("**/sessions/*");
  const session = new URL(page.url()).pathname.split("/").pop();
  check(wrong.length === 0, wrong.join("\n"));
  console.log(JSON.stringify({ session, script }));
} finally {
  await browser.close();
}
