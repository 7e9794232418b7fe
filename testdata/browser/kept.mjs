// What a page keeps of what was entered, and for how long: nothing of another person, session or room, no secret, and
// no wish that got no answer for longer than a second try takes.
//
//	node kept.mjs URL SIGNED
//
// URL and SIGNED are sites over panel/paneltest; at SIGNED people sign in.
import { check, comes, equal, inState, launch, open, pressed, settled } from "./chromium.mjs";
import { toPeople } from "./opening.mjs";

const [url, signedURL] = process.argv.slice(2);
const base = url.replace(/\/$/, "");
const signed = signedURL.replace(/\/$/, "");
const browser = await launch();

const scene = async (page, at, name) => check((await page.request.post(`${at}/fake/scene?room=room3&scene=${name}`)).ok(), name);
const session = async (page, at) => (await (await page.request.get(`${at}/api/v1/rooms/room3`)).json()).session;
const key = () => `kept-${Date.now()}-${Math.random().toString(16).slice(2)}`;

async function signIn(page, who) {
  await page.goto(`${signed}/sign-in`);
  await page.getByTestId("id").fill(who);
  await page.getByTestId("secret").fill("correct horse battery");
  await page.getByTestId("secret").press("Enter");
  await page.waitForURL(`${signed}/`);
}

const tests = {
  "a marker that got no answer, and another later": async () => {
    const { page } = await open(browser, base);
    await scene(page, base, "questioning");
    await page.clock.install();
    await page.goto(`${base}/rooms/room3`);
    await inState(page, "Questioning");
    const count = async () => (await session(page, base)).markers.filter((m) => m.code === "complaint").length;
    const before = await count();
    // The controller does it, and its answer is lost.
    await page.route("**/commands", async (route) => { await route.fetch(); await route.abort(); }, { times: 1 });
    await pressed(page, "marker-complaint");
    await comes(count, before + 1, "the first");
    await page.getByText("No answer. Look").waitFor();
    // Later it is another.
    await page.clock.fastForward(70000);
    await inState(page, "Questioning");
    await page.clock.runFor(2000);
    const answered = page.waitForResponse((r) => r.url().endsWith("/commands"));
    await pressed(page, "marker-complaint");
    await answered;
    await comes(count, before + 2, "complaints on record");
    await page.context().close();
  },
  "what somebody else began to enter": async () => {
    const { page } = await open(browser, signed);
    await scene(page, signed, "ready");
    await signIn(page, "0417");
    await page.goto(`${signed}/rooms/room3`);
    await toPeople(page);
    await page.getByTestId("sign-out").click();
    await page.waitForURL(/sign-in/);
    await signIn(page, "0102");
    await page.goto(`${signed}/rooms/room3`);
    await inState(page, "Ready");
    equal(await page.getByTestId("f-case").inputValue(), "", "the case that another officer entered");
    await page.context().close();
  },
  "what was entered before a session was opened elsewhere": async () => {
    const { page } = await open(browser, base);
    await scene(page, base, "ready");
    await page.goto(`${base}/rooms/room3`);
    await toPeople(page);
    await scene(page, base, "questioning");
    await inState(page, "Questioning");
    await scene(page, base, "ready");
    await inState(page, "Ready");
    equal([await page.getByTestId("f-case").inputValue(), await page.getByTestId("lawyer-no").isChecked()], ["", false], "case and answer of before");
    await page.context().close();
  },
  "a browser whose clock is a day behind": async () => {
    const { page } = await open(browser, base);
    await page.addInitScript(() => { const now = Date.now; Date.now = () => now() - 86400000; });
    await scene(page, base, "ready");
    await page.goto(`${base}/rooms/room3`);
    await toPeople(page);
    await page.getByTestId("step-times").click();
    await settled(page);
    await page.getByTestId("f-times-arrived").fill("00:01");
    const shown = await page.locator("[data-limit=arrived]").textContent();
    const rail = await page.locator("[data-answer=times]").textContent();
    const room = await (await page.request.get(`${base}/api/v1/rooms/room3`)).json();
    const today = new Intl.DateTimeFormat("sv-SE", { timeZone: room.zone }).format(Date.parse(room.now));
    equal(rail, `${today} 00:01`, `the time that is sent (beside it stands: ${shown})`);
    await page.context().close();
  },
  "what was written of another room": async () => {
    const { page } = await open(browser, base, { width: 1920, height: 1080 });
    await page.context().addCookies([{ name: "fake-role", value: "supervisor", url: base }]);
    await scene(page, base, "free");
    await page.goto(`${base}/observation#room3`);
    await page.getByTestId("message-text").fill("Ask 2231 about the knife");
    await page.getByTestId("why-text").fill("hospital waits");
    const other = await page.locator(".rooms [data-room]:not([data-room=room3])").first().getAttribute("data-room");
    await page.evaluate((id) => { location.hash = id; }, other);
    await page.waitForFunction((id) => document.querySelector(`.rooms [data-room="${id}"]`).getAttribute("aria-current") === "true", other);
    equal([await page.getByTestId("message-text").inputValue(), await page.locator("#why-text").inputValue()], ["", ""], "words for another room");
    await page.context().close();
  },
  "a secret": async () => {
    const { page } = await open(browser, signed);
    await scene(page, signed, "ready");
    await signIn(page, "0417");
    await page.goto(`${signed}/rooms/room3`);
    await toPeople(page);
    await page.getByTestId("f-roster-questioner").fill("0417");
    await page.getByTestId("f-roster-clerk").fill("0522");
    await pressed(page, "f-wall-differs");
    await page.getByTestId("f-wall-ahead").fill("-75");
    await page.getByTestId("f-wall-second-id").fill("0102");
    await page.getByTestId("f-wall-second-secret").fill("correct horse battery");
    const answer = page.waitForResponse((r) => r.request().method() === "POST" && r.url().endsWith("/rooms/room3/sessions"));
    await pressed(page, "action-form-open");
    equal((await answer).status(), 422, "without a reason");
    equal(await page.getByTestId("f-wall-second-secret").inputValue(), "", "the supervisor's password on the page");
    await page.context().close();
  },
  "a message that takes another's place under the finger": async () => {
    const { page } = await open(browser, base);
    await page.context().addCookies([{ name: "fake-role", value: "supervisor", url: base }]);
    await scene(page, base, "questioning");
    const tell = (text) => page.request.post(`${base}/api/v1/rooms/room3/message`, { data: { text }, headers: { "Idempotency-Key": key() } });
    await tell("First");
    await page.goto(`${base}/rooms/room3`);
    await inState(page, "Questioning");
    await page.getByTestId("told-seen").getByText("First").waitFor();
    await page.locator("[data-testid=told-seen]:not([aria-disabled=true])").waitFor();
    await page.evaluate(() => {
      const text = document.getElementById("told-text");
      new MutationObserver(() => { document.getElementById("told-seen").click(); window.pressed = true; }).observe(text, { childList: true, characterData: true, subtree: true });
    });
    await tell("Stop, second");
    await page.waitForFunction(() => window.pressed);
    await page.waitForTimeout(700);
    equal((await (await page.request.get(`${base}/api/v1/rooms/room3`)).json()).message.seen?.slice(0, 4) ?? "1970", "1970", "a message that nobody had time to read is seen");
    await page.context().close();
  },
  "a word that one message was seen, on its way while another comes": async () => {
    const { page } = await open(browser, base);
    await page.context().addCookies([{ name: "fake-role", value: "supervisor", url: base }]);
    await scene(page, base, "questioning");
    const tell = (text) => page.request.post(`${base}/api/v1/rooms/room3/message`, { data: { text }, headers: { "Idempotency-Key": key() } });
    await tell("First");
    await page.goto(`${base}/rooms/room3`);
    await inState(page, "Questioning");
    await page.getByTestId("told-seen").getByText("First").waitFor();
    await page.locator("[data-testid=told-seen]:not([aria-disabled=true])").waitFor();
    const done = page.waitForResponse((r) => r.url().endsWith("/message/seen"));
    await page.route("**/message/seen", async (route) => {
      await tell("Stop, second");
      await route.continue();
    });
    await page.getByTestId("told-seen").click();
    equal((await done).status(), 200, "the word");
    const { message } = await (await page.request.get(`${base}/api/v1/rooms/room3`)).json();
    equal(message.text, "Stop, second", "the message");
    equal(message.seen?.slice(0, 4) ?? "1970", "1970", "the second message, which nobody saw, is seen");
    await page.unroute("**/message/seen");
    await page.getByTestId("told-seen").getByText("Stop, second").waitFor();
    await page.locator("[data-testid=told-seen]:not([aria-disabled=true]):not([data-busy])").waitFor();
    await page.waitForTimeout(1100); // a press so soon after the other would be a slip
    await page.getByTestId("told-seen").click();
    await page.getByTestId("told").waitFor({ state: "hidden" });
    await page.context().close();
  },
  "a panel whose officer is signed out meanwhile": async () => {
    const { page, context } = await open(browser, signed);
    await scene(page, signed, "ready");
    await signIn(page, "admin");
    const made = await page.request.post(`${signed}/panels`, { form: { room: "room3", name: "Screen 3" }, headers: { Origin: signed } });
    check(made.ok(), `enrolled: ${made.status()}`);
    await page.goto(`${signed}/sign-in?next=/rooms/room3`);
    await page.getByTestId("id").fill("0417");
    await page.getByTestId("secret").fill("104729");
    await page.getByTestId("secret").press("Enter");
    await page.waitForURL(`${signed}/rooms/room3`);
    await inState(page, "Ready");
    await page.getByText("Signed in: Officer 0417").waitFor();
    await page.request.post(`${signed}/sign-out`, { headers: { Origin: signed } }); // as after ten minutes without a deed
    await page.getByTestId("nav-sign-in").waitFor();
    await inState(page, "Ready");
    equal(await page.getByText("Signed in: Officer 0417").count(), 0, "who is signed in");
    let loads = 0;
    page.on("load", () => loads++);
    await page.waitForTimeout(4000);
    equal(loads, 0, "loaded again and again");
    await context.close();
  },
};
const only = process.argv[4];
let bad = 0;
for (const [name, run] of Object.entries(tests).filter(([n]) => !only || n.includes(only))) {
  try {
    await run();
    console.log(`good: ${name}`);
  } catch (e) {
    bad++;
    console.error(`${name}: ${e.message}`);
  }
}
await browser.close();
process.exit(bad ? 1 : 0);
