// The contact with the controller lost in each way that it can be lost: the controller stopped, the network
// silent, the machine asleep. Each time the page is STALE within three seconds in its whole size, takes no
// touch, comes back by itself, and nothing was done twice. And lost in part while the page loads.
//
//	node contact.mjs URL
//
// URL is a site over panel/paneltest.
import { check, comes, equal, inState, launch, open, wire } from "./chromium.mjs";

const [url] = process.argv.slice(2);
const server = new URL(url);
const browser = await launch();
const acted = async () => (await (await fetch(`${server.origin}/fake/acted`)).json());
const scene = (name) => fetch(`${server.origin}/fake/scene?room=room3&scene=${name}`, { method: "POST" });
const line = await wire(server);
try {
  const { page, wrong } = await open(browser, line.base, { touch: true });
  await page.clock.install(); // so that the machine can sleep; time goes on by itself
  await page.addInitScript(() => {
    window.EventSource = class extends EventSource {
      addEventListener(kind, f) {
        super.addEventListener(kind, (e) => { window.heard = performance.now(); f(e); });
      }
    };
  });
  await scene("questioning");
  await page.goto(`${line.base}/rooms/room3`);
  await inState(page, "Questioning");

  // The sound is of this machine alone and can be lowered.
  // lost says that contact was lost, and looks at what the page makes of it.
  const lost = async (how, began) => {
    await inState(page, "stale");
    console.error(`${how}: STALE after ${Date.now() - began} ms`);
    equal(await page.locator("button[data-testid^=action-][aria-disabled=false], button[data-testid^=marker-][aria-disabled=false]").filter({ visible: true }).evaluateAll((all) => all.map((b) => b.dataset.testid)), ["action-tone"], `${how}: buttons that work without contact`);
    const box = await page.locator("[data-view=stale]").boundingBox();
    const size = page.viewportSize();
    check(box.width > size.width * 0.9 && box.height > size.height * 0.5, `${how}: STALE fills ${box.width}x${box.height} of ${size.width}x${size.height}`);
  };
  const back = async (how) => {
    await inState(page, "Questioning");
    check(await page.locator("[data-testid=marker-rights-read]").isVisible(), `${how}: the page does not come back`);
  };

  // The network falls silent just as a finger comes down: whatever became of that touch, it is done once at most.
  const before = (await acted()).marker ?? 0;
  let began = Date.now();
  line.cut();
  await page.getByTestId("marker-rights-read").tap({ force: true });
  await lost("silent", began);
  line.mend();
  await back("silent");
  const after = (await acted()).marker ?? 0;
  check(after <= before + 1, `a touch was done ${after - before} times`);

  // The controller stops: connections end, new ones are refused.
  began = Date.now();
  await line.stop();
  await lost("stopped", began);
  await line.start();
  await back("stopped");

  // An answer that takes longer than an attempt has at first comes all the same.
  await page.route("**/events", async (r) => {
    await new Promise((done) => setTimeout(done, 2500));
    await r.continue().catch(() => {});
  });
  await line.stop();
  await lost("slow", Date.now());
  await line.start();
  await back("slow");
  await page.unroute("**/events");

  // STALE comes within three seconds of the last sign of life: by the page's own clock, moved on by hand.
  const now = () => page.evaluate(() => performance.now());
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 1000));
  line.cut();
  let shown = 0;
  for (let i = 0; i < 300 && !shown; i++) {
    await page.clock.runFor(50);
    if (await page.getByTestId("state").getAttribute("data-state") === "stale") shown = await now();
  }
  const silent = shown - await page.evaluate(() => window.heard);
  check(shown > 0 && silent > 2000 && silent <= 3000, `STALE ${silent} ms after the last sign of life`);
  await page.clock.resume();
  line.mend();
  await back("paused");

  // The machine sleeps for an hour, and the network is not there yet when it wakes.
  line.cut();
  await page.clock.fastForward("01:00:00");
  await lost("asleep", Date.now());
  line.mend();
  await back("asleep");

  equal((await acted()).marker ?? 0, after, "something was done again after contact was back");
  equal((await acted()).open ?? 0, 0, "sessions opened");

  // The network changes while the page loads, and one of its parts does not come: it is loaded again.
  for (const part of ["/assets/js/pad.js", "/assets/room.css", "/assets/messages/en.json"]) {
    let missed = 0;
    const at = (u) => u.pathname === part;
    await page.route(at, (route) => (missed++ ? route.fallback() : route.abort("internetdisconnected")));
    await page.goto(`${line.base}/rooms/room3`);
    // Without its style it shows the state already; then it is loaded again.
    await comes(() => missed > 1, true, `${part} is asked for again`);
    await inState(page, "Questioning");
    await comes(() => page.evaluate(() => document.styleSheets.length > 3).catch(() => false), true, `the page has ${part}`);
    await page.unroute(at);
  }
  await comes(() => page.evaluate(() => sessionStorage.getItem("boot")).catch(() => "?"), null, "attempts are forgotten once the page is whole");
  equal(wrong, [], "something went wrong in the page");
} finally {
  await browser.close();
  line.close();
}
