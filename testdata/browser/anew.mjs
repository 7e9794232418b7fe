// A page that stayed open over an upgrade of the program: it is loaded anew where nobody works on it, once.
//
//	node anew.mjs URL
//
// URL is a site over panel/paneltest. Its pages are said to be of another version here than what its events say.
import { check, comes, equal, inState, launch, open, pressed, settled } from "./chromium.mjs";

const [url] = process.argv.slice(2);
const base = url.replace(/\/$/, "");
const browser = await launch();
const QUIET = 5000; // as anew.js has it
const scene = (name) => fetch(`${base}/fake/scene?room=room3&scene=${name}`, { method: "POST" });

// older opens a page whose loads are counted, the first of which, or all, are of an older version. Where there are hands
// at it they touch it until they are taken off.
async function older(path, { always = false, cookies = [], hands = false } = {}) {
  const { page, context, wrong } = await open(browser, base);
  await context.addCookies(cookies);
  const loads = { n: 0 };
  await page.route((u) => u.pathname === path, async (route) => {
    if (route.request().resourceType() !== "document") return route.fallback();
    const answer = await route.fetch();
    const body = await answer.text();
    check(/name="version" content="[^"]+"/.test(body), "a page does not say of which version it is");
    return route.fulfill({ response: answer, body: loads.n++ && !always ? body : body.replace(/name="version" content="[^"]+"/, 'name="version" content="0.0.1-older"') });
  });
  if (hands) await page.addInitScript(() => {
    window.hands = true;
    setInterval(() => { if (window.hands) dispatchEvent(new Event("input")); }, 500);
  });
  await page.goto(base + path);
  return { page, wrong, loads, close: () => context.close() };
}

// stays checks that a page is not loaded anew in a time in which it would be.
async function stays({ page, loads }, n, message) {
  await page.waitForTimeout(QUIET + 3500);
  equal(loads.n, n, message);
}

try {
  const supervisor = [{ name: "fake-role", value: "supervisor", url: base }];
  await scene("questioning");
  const [room, rooms, observed, loop] = [
    await older("/rooms/room3"), await older("/"), await older("/observation", { cookies: supervisor, hands: true }), await older("/", { always: true }),
  ];
  await inState(room.page, "Questioning");
  await observed.page.evaluate(() => { location.hash = "#van1"; });
  await observed.page.getByTestId("message-text").fill("Technician");
  await observed.page.evaluate(() => { window.hands = false; });
  await stays(room, 1, "a room's page is loaded anew during a session");
  await comes(() => rooms.loads.n, 2, "the page of the rooms is loaded anew");
  await comes(() => loop.loads.n, 2, "a page that stays older is loaded anew");
  equal(observed.loads.n, 1, "a page on which something is written is loaded anew");
  await observed.page.getByTestId("message-text").fill("");
  await comes(() => observed.loads.n, 2, "the observation page is loaded anew");

  // Nothing goes on in the room any more, but somebody fills in the form.
  await room.close();
  await scene("ready");
  const idle = await older("/rooms/room3", { hands: true });
  await pressed(idle.page, "lawyer-no");
  await pressed(idle.page, "action-open");
  await settled(idle.page);
  await idle.page.getByTestId("f-case").fill("2026-1");
  await idle.page.evaluate(() => { window.hands = false; });
  await stays(idle, 1, "a page on which a form is open is loaded anew");
  await idle.page.getByTestId("f-case").fill("");
  await stays(idle, 1, "a page on which an empty form is open is loaded anew");
  await idle.close();
  const free = await older("/rooms/room3");
  await comes(() => free.loads.n, 2, "an idle room's page is loaded anew");
  await stays(loop, 2, "a page that stays older is loaded again and again");
  equal(free.loads.n, 2, "a page is loaded anew once");
  for (const one of [rooms, observed, loop, free]) {
    equal(one.wrong, [], "something went wrong in the page");
    await one.close();
  }
} finally {
  await browser.close();
}
