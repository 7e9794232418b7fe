// A clock in the room that is a minute or more off: no session opens without a supervisor's reason and their
// own sign-in, and the difference stays on the session's page.
//
//	node wall.mjs URL LANGUAGE OFFICER SUPERVISOR SECRET [PICTURE]
import { check, equal, inState, launch, open, pressed, settled } from "./chromium.mjs";
import { toPeople } from "./opening.mjs";

const [url, lang, officer, supervisor, secret, picture] = process.argv.slice(2);
const base = url.replace(/\/$/, "");
const browser = await launch();
try {
  const { page, wrong } = await open(browser, base, { lang });
  const by = (id) => page.getByTestId(id);
  await page.goto(`${base}/rooms/room3`);
  await by("id").fill(officer);
  await by("secret").fill(secret);
  await by("sign-in").click();
  await page.waitForURL((at) => !at.pathname.startsWith("/sign-in"));
  await page.goto(`${base}/rooms/room3`);

  // The start of the day: the room is fit, and the page says that nobody has compared the clocks today.
  const row = by("check-wall");
  await page.locator("[data-testid=check-wall].is-alarm").getByText("0522").waitFor(); // and who looked at it last
  await pressed(page, "go-wall");
  await by("wall-page").waitFor();
  await settled(page);
  await pressed(page, "wall-differs");
  const keep = async () => {
    await settled(page);
    const answer = page.waitForResponse((r) => r.request().method() === "POST" && r.url().endsWith("/rooms/room3/wall-clock"));
    await pressed(page, "action-wall-keep");
    return (await answer).status();
  };
  equal(await keep(), 422, "by how much is not said");
  await page.locator("[data-view=wall] [data-field='wall_clock.ahead_s'] .wrong").waitFor();
  await by("wall-seconds").fill("-7");
  equal(await keep(), 200, "a look at the clock in the room");
  await page.locator("[data-testid=check-wall].is-ready").waitFor();
  check(/7 .*0417/s.test(await row.textContent()), `what was seen: ${await row.textContent()}`);
  const { at, ...seen } = (await (await page.request.get(`${base}/api/v1/rooms/room3`)).json()).wall_check;
  check(Boolean(at) && Boolean(seen.told["zh-CN"] || seen.told.zh), "the controller does not tell the difference in words");
  equal([seen.by, seen.says, seen.ahead_s], [officer, "differs", -7], "what the controller has of it");

  await toPeople(page);
  await by("f-roster-questioner").fill("0417");
  await by("f-roster-clerk").fill("0522");

  // Whether they agree is asked; less than a minute needs no one else.
  for (const id of ["f-wall-reason", "f-wall-second-id"]) check(!(await by(id).isVisible()), `${id} before it is needed`);
  await pressed(page, "f-wall-differs");
  await by("f-wall-ahead").fill("59");
  check(!(await by("f-wall-reason").isVisible()), "a supervisor for less than a minute");
  await by("f-wall-ahead").fill("-75");
  for (const id of ["f-wall-reason", "f-wall-second-id", "f-wall-second-secret"]) await by(id).waitFor();
  if (picture) await page.screenshot({ path: picture });

  const session = async () => (await (await page.request.get(`${base}/api/v1/rooms/room3`)).json()).session;
  const press = async () => {
    await settled(page);
    const answer = page.waitForResponse((r) => r.request().method() === "POST" && r.url().endsWith("/rooms/room3/sessions"));
    await pressed(page, "action-form-open");
    return (await answer).status();
  };
  const refused = async (what, field = "wall_clock.reason") => {
    equal(await press(), 422, what);
    await page.locator(`[data-step=people] [data-field='${field}'] .wrong`).waitFor();
    equal(await session(), undefined, `opened ${what}`);
  };
  await refused("without a reason");
  await by("f-wall-reason").fill("battery low, maintenance is told");
  await refused("by the officer's own reason");
  await by("f-wall-second-id").fill(officer);
  await by("f-wall-second-secret").fill(secret);
  await refused("with the officer for a supervisor", "approver");
  await by("f-wall-second-id").fill(supervisor);
  await by("f-wall-second-secret").fill(secret);
  equal(await press(), 201, "with a supervisor's reason and sign-in");
  await inState(page, "Standby");
  const { id, form } = await session();
  equal(form.wall_clock, { says: "differs", ahead_s: -75, reason: "battery low, maintenance is told" }, "what was entered");
  check(form.clock_supervisor.includes(supervisor), `whose reason it is: ${form.clock_supervisor}`);
  await page.goto(`${base}/sessions/${id}`);
  const told = await by("wall-clock").textContent();
  check(told.includes("75") && told.includes("battery low"), `the session's page: ${told}`);
  equal(wrong, [], "something went wrong in the page");
} finally {
  await browser.close();
}
