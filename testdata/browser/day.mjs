// The days of those who are not in the room: the supervisor watches, writes, approves and judges a sample;
// the reviewer finds a session and goes through it by keyboard alone; the auditor looks for who has looked; the
// administrator makes and shuts accounts and tokens. Neither of these two sees a picture or a case.
//
//	node day.mjs URL LANGUAGE THEME WIDTH HEIGHT SIGNED
//
// URL and SIGNED are sites over panel/paneltest; at SIGNED people sign in.
import { acts, check, comes, equal, launch, open } from "./chromium.mjs";

const [url, lang, theme, width, height, signed] = process.argv.slice(2);
const look = { lang, theme, width: Number(width), height: Number(height), touch: Number(width) < 1600 };
const base = url.replace(/\/$/, "");
const browser = await launch();
try {
  const { page, context, wrong } = await open(browser, base, look);
  context.setDefaultTimeout(120000);
  const as = (role) => context.addCookies([{ name: "fake-role", value: role, url: base }]);
  const fake = async (scene) => check((await page.request.post(`${base}/fake/scene?room=room3&scene=${scene}`)).ok(), scene);
  const acted = async () => (await page.request.get(`${base}/fake/acted`)).json();
  const until = (test, arg) => page.waitForFunction(test, arg);

  // The supervisor.
  await as("supervisor");
  await fake("called");
  check((await page.request.post(`${base}/fake/many?rooms=many`)).ok(), "many rooms");
  await page.goto(`${base}/observation`);
  for (const room of ["room3", "more4", "more5"]) await page.getByTestId(`call-${room}`).waitFor();
  await until(() => document.querySelectorAll("[data-testid^=tile-]").length === 8); // at a glance
  await page.getByTestId("call-room3").getByRole("link").press("Enter");
  await until(() => document.querySelector("[data-testid=tile-room3]").getAttribute("aria-current") === "true");
  const plays = () => { const v = document.querySelector("[data-testid=one-pic] video"); return v.videoWidth > 0 && v.currentTime > 0 && document.querySelector("[data-testid=one-pic] .none").hidden; };
  await until(plays);
  await until(() => /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.test(document.querySelector("[data-testid=one-pic] > time").textContent));
  await page.getByTestId("approval-no").waitFor(); // a case that must be recorded does not go on unrecorded
  await page.getByTestId("sound-on").check({ force: true });
  check(!(await page.locator("[data-testid=one-pic] video").evaluate((v) => v.muted)), "the sound stays off");
  await page.getByTestId("message-text").fill("Technician comes");
  await page.getByTestId("message-text").press("Enter");
  await until(() => document.querySelector("[data-testid=story]").textContent.includes("Technician comes"));
  await page.getByTestId("mark-code").selectOption("complaint");
  await page.getByTestId("mark-put").press("Enter");
  await comes(async () => [(await acted()).message, (await acted()).marker], [1, 1], "message and marker");
  // In the room it is read and said so.
  const panel = await context.newPage();
  await panel.goto(`${base}/rooms/room3`);
  await panel.getByTestId("told-seen").getByText("Technician comes").waitFor();
  await acts(panel, "told-seen");
  await panel.getByTestId("told").waitFor({ state: "hidden" });
  await panel.close();
  // Going on unrecorded, where it may be: a reason first, whether it is refused or approved.
  await fake("free");
  await page.getByTestId("approval").waitFor();
  await page.getByTestId("approve").press("Enter");
  await page.locator("#said").waitFor();
  equal((await acted()).unrecorded, undefined, "approved without a reason");
  await page.getByTestId("refuse").press("Enter");
  await page.locator("#said").waitFor();
  await comes(async () => (await acted())["refuse-unrecorded"], undefined, "refused without a reason");
  await page.getByTestId("why-text").fill("Room 5 is free");
  await page.getByTestId("refuse").press("Enter");
  await page.getByTestId("approval-title").getByText("0102").waitFor();
  await until(() => document.querySelector("[data-testid=story]").textContent.includes("Room 5 is free"));
  equal((await acted())["refuse-unrecorded"], 1, "refused");
  await page.getByTestId("why-urgent").check({ force: true });
  await page.getByTestId("approve").press("Enter");
  await until(() => document.querySelector("[data-testid=tile-room3] .state.is-unrec"));

  // The reviewer: found by case, not by another; the address holds nothing of it.
  check((await page.request.post(`${base}/fake/many?rooms=few`)).ok(), "few rooms");
  await fake("sealed");
  await as("reviewer");
  await page.goto(`${base}/sessions`);
  await page.getByTestId("find-case").fill("no-such-case");
  await page.getByTestId("find-case").press("Enter");
  await page.getByTestId("none").waitFor();
  await page.getByTestId("find-case").fill("1187");
  await page.getByTestId("find-officer").fill("0522");
  await page.getByTestId("find-state").selectOption("Sealed");
  await page.getByTestId("find").press("Enter");
  await page.locator("[data-testid^=session-]").first().waitFor();
  equal(new URL(page.url()).search, "", "case data in the address");
  // A day is written as the page says it, whatever language the browser has.
  await page.getByTestId("find-from").fill("28.11.2026");
  await page.getByTestId("find-from").press("Enter");
  await page.getByTestId("bad-day").waitFor();
  await page.getByTestId("find-from").fill("2020/1/2");
  await page.getByTestId("find-from").press("Enter");
  await page.locator("[data-testid^=session-]").first().waitFor();
  await page.locator("[data-testid^=session-] a").first().press("Enter");
  await page.locator("#timeline .head").waitFor({ state: "attached" });
  await until(() => document.querySelectorAll("#timeline .t-lock").length === 1 && document.querySelectorAll("#timeline .t-loud").length > 5);
  // What was refused has its mark, and stands in words beside it; what was recorded is as long as the timeline.
  equal(await page.locator("#timeline .t-refused title").allTextContents().then((all) => all.map((s) => s.includes("Room 5 is free"))), [true], "the refusal on the timeline");
  await page.getByTestId("unrecorded-refused").getByText("Approver 0205").waitFor();
  // Begin and end of what a marker marks, and whoever came and went, each have their picture.
  for (const still of ["wall", "evidence", "evidence-end", "signing", "signing-end", "came-in", "went-out"]) {
    const canvas = page.locator(`[data-testid=still-${still}][data-drawn] canvas`);
    await canvas.waitFor();
    equal(await canvas.evaluate(drawn), true, `${still}: a still without a picture`);
  }
  await lateStills(context, page.url());
  check(/(^|\D)7 (s|秒)/.test(await page.getByTestId("wall-clock").textContent()), "the page does not say how far the clock in the room was off");
  await page.getByTestId("seen").locator("li").first().waitFor();
  const at = () => page.evaluate(() => Number(document.querySelector("#players figure").dataset.at));
  await until(() => Number(document.querySelector("#players figure").dataset.at) > 0);
  const first = await at();
  await until(() => /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.* \d\d\.\d °C/.test(document.querySelector("#players figure > time").textContent));
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("ArrowRight");
  await until((f) => Number(document.querySelector("#players figure").dataset.at) >= f + 9000, first);
  await page.keyboard.press("4");
  equal(await page.locator("#players video").first().evaluate((v) => v.playbackRate), 4, "speed by key");
  await page.keyboard.press("1");
  equal(await page.locator("#players video").first().evaluate((v) => v.playbackRate), 0.5, "speed by key");
  const before = await at();
  await page.keyboard.press(".");
  await until((b) => { const a = Number(document.querySelector("#players figure").dataset.at); return a > b && a < b + 500; }, before);
  await page.getByTestId("still-rights-read").press("Enter");
  await until((f) => Math.abs(Number(document.querySelector("#players figure").dataset.at) - f - 4000) < 500, first);
  // The sample: words are wanted where the signing is not visible, and it is asked once.
  await page.getByTestId("signing-not-visible").check({ force: true });
  await page.getByTestId("signing-put").press("Enter");
  await page.locator("#signing-said").waitFor();
  await page.getByTestId("signing-text").fill("Covered by a hand");
  await page.getByTestId("signing-put").press("Enter");
  await page.getByTestId("signing-done").waitFor();
  await page.reload();
  await page.locator("#timeline .head").waitFor({ state: "attached" });
  equal(await page.getByTestId("signing").count(), 0, "asked a second time");
  const session = page.url();

  // A document that cannot be read neither agrees nor differs, and the page says why.
  check((await page.request.post(`${base}/fake/paper?session=${session.split("/").pop()}&scene=unreadable`)).ok(), "a paper");
  await page.goto(session);
  await page.locator("[data-testid=transcript-status][data-status=unreadable]").waitFor();
  const rows = (await page.locator("[data-testid=transcript-times] tbody tr").allInnerTexts()).map((s) => s.trim());
  check(rows.length >= 2 && rows.every((s) => /Could not be read|无法读取/.test(s) && /Not compared|未比对/.test(s)), `times of what cannot be read: ${rows}`);
  // Another month is chosen by keyboard, in the page's own language.
  await page.goto(`${base}/transcripts?month=2026-11`);
  equal(await page.getByTestId("month-of").evaluate((s) => s.selectedOptions[0].textContent), lang === "en" ? "November" : "11 月", "the month");
  await page.getByTestId("month-of").focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL(/year=2026&of=10/);

  // The auditor reads who looked, and gets no session; the administrator the station, and no session either.
  for (const [role, path, id] of [["auditor", "/accesses", "accesses"], ["administrator", "/station", "station-settings"]]) {
    await as(role);
    await page.goto(base + path);
    await page.getByTestId(id).waitFor();
    equal(await page.locator("video").count(), 0, `${role}: a picture`);
    equal(await page.locator("body").evaluate((b) => b.textContent.includes("2026-1187")), false, `${role}: a case`);
    equal((await page.request.get(session)).status(), 403, `${role}: a session`);
    equal((await page.request.get(`${base}/observation`)).status(), 403, `${role}: the observation`);
  }

  // The auditor looks for one person, then for one who never looked.
  await as("auditor");
  await page.goto(`${base}/accesses`);
  await page.getByTestId("find-person").fill("0102");
  await page.getByTestId("find-person").press("Enter");
  await page.waitForURL(/person=0102/);
  const who = await page.locator("[data-testid=accesses] tbody td:nth-child(2)").allTextContents();
  check(who.length > 0 && who.every((name) => name.includes("0102")), `found: ${who}`);
  await page.getByTestId("find-person").fill("nobody-of-this-name");
  await page.getByTestId("find-person").press("Enter");
  await page.getByTestId("none").waitFor();
  await administrator();
  await approver();
  equal(wrong, [], "something went wrong in the page");
} finally {
  await browser.close();
}

// approver is the day of somebody who decides and nothing else: what waits, what stands against it, one that cannot
// be approved, one that is approved with a reason; no picture, no session, no room's sound; and out.
async function approver() {
  const site = signed.replace(/\/$/, "");
  const { page, context, wrong } = await open(browser, site, look);
  const scene = async (name) => check((await page.request.post(`${site}/fake/scene?room=room3&scene=${name}`)).ok(), name);
  const times = async () => (await (await page.request.get(`${site}/fake/acted`)).json()).unrecorded ?? 0;
  await page.goto(`${site}/sign-in`);
  await page.getByTestId("id").fill("0205");
  await page.getByTestId("secret").fill("correct horse battery");
  await page.getByTestId("secret").press("Enter");
  await page.waitForURL((at) => !at.pathname.startsWith("/sign-in"));

  // A case that must be recorded: it says so, and there is nothing to press.
  await scene("locked");
  await page.goto(`${site}/approvals`);
  const facts = page.getByTestId("approval-room3");
  await page.getByTestId("approval-no-room3").waitFor();
  for (const fact of ["2026-1187", "Officer 0417", "Officer 0522"]) await facts.getByText(fact).waitFor();
  equal(await facts.getByTestId("approve").count(), 0, "a case that must be recorded can be approved");
  const session = await facts.getAttribute("data-session");

  // One that may: not without a reason, then once.
  await scene("free");
  await facts.getByTestId("approve").press("Enter");
  await facts.getByTestId("approve-wrong").waitFor();
  const before = await times();
  equal(before, 0, "approved without a reason");
  const free = await facts.getAttribute("data-session");
  // Refused with a reason: the room's page says by whom and why, and what is left.
  // What is being written stays while another session is locked and goes on.
  await facts.locator("[name=text]").fill("Room 5 is free");
  await facts.locator("[name=text]").evaluate((i) => { window.written = i; });
  await page.request.post(`${site}/fake/scene?room=van1&scene=locked`);
  await page.getByTestId("approval-van1").waitFor();
  await page.request.post(`${site}/fake/scene?room=van1&scene=ready`);
  await page.getByTestId("approval-van1").waitFor({ state: "detached" });
  check(await facts.locator("[name=text]").evaluate((i) => i === window.written && i === document.activeElement && i.value === "Room 5 is free"), "what was being written is lost");
  await facts.getByTestId("refuse").press("Enter");
  await page.getByTestId("approval-refused-room3").getByText("Room 5 is free").waitFor();
  equal(await times(), 0, "refused, not approved");
  await facts.getByTestId("why-urgent").check({ force: true });
  await facts.getByTestId("approve").press("Enter");
  await page.getByTestId("approvals-none").waitFor();
  equal(await times(), 1, "approved");

  // Nothing else is theirs.
  equal(await page.locator("video, img, canvas").count(), 0, "the approver: a picture");
  for (const path of ["/observation", "/sessions", "/api/v1/rooms/room3/live"]) equal((await page.request.get(site + path)).status(), 403, `the approver: ${path}`);
  for (const id of [session, free]) for (const path of [`/sessions/${id}`, `/api/v1/sessions/${id}`, `/api/v1/sessions/${id}/cameras/room3/front/playlist.m3u8`]) {
    check([403, 404].includes((await page.request.get(site + path)).status()), `the approver: ${path}`);
  }
  await page.getByTestId("sign-out").press("Enter");
  await page.getByTestId("id").waitFor();
  await page.goto(`${site}/approvals`);
  await page.waitForURL(/sign-in/);
  equal(wrong, [], "something went wrong in the approver's pages");
  await context.close();
}

// drawn says, in the page, whether there is a picture on a canvas.
function drawn(canvas) {
  return canvas.getContext("2d").getImageData(120, 60, 1, 1).data[3] === 255;
}

// lateStills: a still whose picture comes late is drawn when it comes; one whose picture never comes says so.
// The page's own timers for a still (stills.js) go off when the test says so.
async function lateStills(context, address) {
  const page = await context.newPage();
  await page.addInitScript(() => {
    const real = window.setTimeout;
    const waiting = [];
    window.setTimeout = (f, ms, ...more) => {
      if ([8000, 16000, 32000].includes(ms)) waiting.push([ms, () => f(...more)]);
      return real(f, ms, ...more);
    };
    window.late = (times) => { for (let i = waiting.length - 1; i >= 0; i--) if (times.includes(waiting[i][0])) waiting.splice(i, 1)[0][1](); };
  });
  // The players get the first piece of the recording; the rest is slow.
  let come;
  const held = new Promise((done) => { come = done; });
  let piece;
  await page.route("**/*.m3u8", async (r) => {
    const answer = await r.fetch();
    const [, length, from] = /#EXTINF:([\d.]+),\n#EXT-X-BYTERANGE:\d+@(\d+)/.exec(await answer.text());
    piece = { length: 1000 * Number(length), from: Number(from) };
    await r.fulfill({ response: answer });
  });
  await page.route("**/*.mp4*", async (r) => {
    if (Number(/^bytes=(\d+)-/.exec(r.request().headers().range)[1]) > piece.from) await held;
    await r.continue();
  });
  await page.goto(address);
  const stills = await page.locator("#stills canvas").count();
  await page.locator("#stills [data-drawn]").first().waitFor();
  const soon = await page.evaluate((length) => {
    const at = [...document.querySelectorAll("#stills [data-at]:has(canvas)")].map((f) => Date.parse(f.dataset.at));
    return at.filter((ms) => ms < Math.min(...at) + length).length;
  }, piece.length);
  check(soon < stills, "no still lies in the slow part");
  await page.waitForFunction((n) => document.querySelectorAll("#stills [data-drawn]").length >= n, soon);
  await page.evaluate(() => window.late([8000]));
  equal(await page.locator("#stills [data-drawn]").count(), soon, "drawn before there was any picture");
  come();
  await page.waitForFunction((n) => document.querySelectorAll("#stills [data-drawn]").length === n, stills).catch(async (e) => {
    throw new Error(`${e.message}: ${await page.evaluate(() => JSON.stringify([...document.querySelectorAll("#stills [data-at]:has(canvas)")].map((f) => [f.dataset.testid, f.dataset.at, f.dataset.drawn, f.dataset.missed, f.querySelector(".none")?.textContent])))}`);
  });
  for (const canvas of await page.locator("#stills canvas").all()) equal(await canvas.evaluate(drawn), true, "a late still without a picture");
  equal(await page.locator("#stills .none").count(), 0, "stills that were drawn and say that they were not");

  await page.unrouteAll();
  let refused;
  const second = new Promise((done) => { refused = done; });
  await page.route("**/*.mp4*", (r) => { refused(); return r.abort(); });
  await page.goto(address);
  await second;
  await page.evaluate(() => { setInterval(() => window.late([8000, 16000, 32000]), 50); });
  await page.waitForFunction((n) => document.querySelectorAll("#stills [data-missed]").length === n, stills);
  equal(await page.locator("#stills [data-drawn]").count(), 0, "drawn without any picture");
  equal(await page.locator("#stills .none").count(), stills, "stills that say that no picture came");
  await page.close();
}

// administrator is the day of an administrator, by keyboard: from signing in to signing out.
async function administrator() {
  const site = signed.replace(/\/$/, "");
  const password = "correct horse battery";
  const { page, context, wrong } = await open(browser, site, look);
  const press = (id) => page.getByTestId(id).press("Enter");
  const signIn = async (p, id, secret) => {
    await p.goto(`${site}/sign-in`);
    await p.getByTestId("id").fill(id);
    await p.getByTestId("secret").fill(secret);
    await p.getByTestId("secret").press("Enter");
  };
  await signIn(page, "admin", password);
  await page.waitForURL(`${site}/`);
  await press("nav-people");
  await page.getByTestId("new-id").fill("0733");
  await page.getByTestId("new-name").fill("Reviewer 0733");
  await page.getByTestId("new-role").selectOption("reviewer");
  await page.getByTestId("new-secret").fill(password);
  await press("new-add");
  await page.getByTestId("person-0733").waitFor();
  await page.getByTestId("deeds").getByText("0733").first().waitFor();
  await page.getByTestId("name-0733").fill("Reviewer Zhao");
  await page.getByTestId("name-0733").press("Enter");
  await page.getByTestId("deeds").getByText('name="Reviewer 0733"→"Reviewer Zhao"').waitFor();
  equal(await page.getByTestId("name-0733").inputValue(), "Reviewer Zhao", "the name is another one");
  // Who was added signs in, until shut out.
  const other = await open(browser, site, look);
  await signIn(other.page, "0733", password);
  await other.page.waitForURL(`${site}/`);
  await page.getByTestId("person-0733").locator("[name=shut] ~ button").press("Enter");
  await page.locator("[data-testid=person-0733] [name=shut][value=no]").waitFor({ state: "attached" });
  await other.page.goto(`${site}/sessions`);
  await other.page.waitForURL(/sign-in/);
  await signIn(other.page, "0733", password);
  await other.page.getByTestId("wrong").waitFor();
  equal(other.wrong, [], "something went wrong in the other's page");
  await other.context.close();
  // A token is shown once.
  await press("to-tokens");
  await page.getByTestId("token-name").fill("Evidence system");
  await page.getByTestId("token-office-auditor").check();
  await page.locator("[data-testid^=scope-auditor-]").first().check();
  await press("token-add");
  const secret = await page.getByTestId("secret").textContent();
  await page.goto(`${site}/tokens`);
  await page.getByTestId("tokens").getByText("Evidence system").waitFor();
  check(secret.length > 20 && !(await page.content()).includes(secret), "a token is shown a second time");
  // No picture, no case.
  for (const path of ["/observation", "/sessions"]) equal((await page.request.get(site + path)).status(), 403, `the administrator: ${path}`);
  equal(await page.locator("video").count(), 0, "the administrator: a picture");
  // The own password, and out.
  await press("nav-me");
  await page.getByTestId("present").fill(password);
  await page.getByTestId("secret").fill("battery horse correct");
  await page.getByTestId("again").fill("battery horse correct");
  await press("change");
  await page.getByTestId("done").waitFor();
  await press("sign-out");
  await page.getByTestId("id").waitFor();
  await signIn(page, "admin", "battery horse correct");
  await page.waitForURL(`${site}/`);
  equal(wrong, [], "something went wrong in the administrator's pages");
  await context.close();
}
