// An officer's whole day by the keyboard alone: sign in, the room, the form, questioning with markers that
// begin and end, LOCKED and the way back, the end that is held for two seconds, the seal, and out again.
// Nothing is clicked or touched, and whatever has the focus shows that it has it.
//
//	node keyboard.mjs URL LANGUAGE THEME WIDTH HEIGHT
//
// URL is a site over panel/paneltest where people sign in, with the officer 0417.
import { check, comes, equal, inState, launch, open, PATIENCE, taken } from "./chromium.mjs";

const [url, lang, theme, width, height] = process.argv.slice(2);
const base = url.replace(/\/$/, "");
const browser = await launch();
try {
  const { page, context, wrong } = await open(browser, base, { lang, theme, width: Number(width), height: Number(height) });
  const pointers = [];
  await context.exposeBinding("pointed", (_, what) => pointers.push(what));
  await context.addInitScript(() => {
    for (const kind of ["pointerdown", "mousedown", "touchstart"]) addEventListener(kind, () => window.pointed(kind), true);
  });
  const fake = async (scene) => check((await page.request.post(`${base}/fake/scene?room=room3&scene=${scene}`)).ok(), scene);
  const acted = async () => (await page.request.get(`${base}/fake/acted`)).json();

  // settled waits until the page takes keys after it has changed; only a room's page does not at once.
  const settled = () => page.waitForFunction(() => !document.body.matches(".panel") || document.body.dataset.settled === "true");

  // focus says what has the focus, and what is wrong with how it shows it.
  const focus = () => page.evaluate(() => {
    const at = document.activeElement;
    if (!at || at === document.body) return { id: "", name: "nothing", bad: "nothing has the focus" };
    const looks = at.matches(".seg input, .ask input") ? at.closest("label") : at; // a radio lies invisible in its label
    const style = getComputedStyle(looks);
    const box = looks.getBoundingClientRect();
    const id = at.dataset.testid || at.id;
    const name = id || `${at.tagName} "${at.textContent.trim().slice(0, 30)}"`;
    const bad = [];
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) bad.push("no ring");
    if (box.width < 1 || box.height < 1) bad.push("no size");
    if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth) bad.push(`out of sight ${JSON.stringify(box)}`);
    else {
      // Something of it is on top of everything else.
      const x = Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 2), y = Math.min(Math.max(box.top + box.height / 2, 1), innerHeight - 2);
      const top = document.elementFromPoint(x, y);
      if (!top || !(looks.contains(top) || top.contains(looks))) bad.push(`covered by ${top?.tagName}.${top?.className}`);
    }
    return { id, name, bad: bad.join(", "), group: at.type === "radio" ? at.name : "" };
  });
  const seen = async () => {
    const f = await focus();
    equal(f.bad, "", `the focus on ${f.name}`);
    return f;
  };
  // to goes on with Tab until something has the focus; within a group of choices with the arrow keys.
  const to = async (id, group = "") => {
    let f = await focus();
    for (let i = 0; f.id !== id; i++) {
      check(i < 150, `Tab does not lead to ${id}, but to ${f.name}`);
      await page.keyboard.press(group && f.group === group ? "ArrowDown" : "Tab");
      f = await focus();
      if (f.id) equal(f.bad, "", `the focus on ${f.name}`);
    }
  };
  const press = async (id, key = "Enter") => {
    await taken(page, id, async () => {
      await page.locator(`[data-testid="${id}"]:not([aria-disabled=true], [aria-busy=true])`).first().waitFor({ state: "attached" });
      await settled();
      await to(id);
      await settled(); // what lets a key be pressed changes the page, which takes none for a moment
      await page.keyboard.press(key);
    });
  };
  const choose = async (id, group) => {
    for (const end = Date.now() + PATIENCE; ;) {
      await settled();
      await to(id, group);
      await page.keyboard.press(" ");
      if (await page.getByTestId(id).isChecked()) return;
      check(Date.now() < end, `${id} was not chosen`);
    }
  };
  const write = async (id, text) => {
    await to(id);
    await page.keyboard.type(text);
    equal(await page.getByTestId(id).inputValue(), text, id);
  };
  // landed waits until the focus is in a view that has come by itself, without a key.
  const landed = async (view) => {
    await page.waitForFunction((v) => document.activeElement.closest(`[data-view=${v}]`), view).catch(async () => check(false, `the focus is on ${(await focus()).name}, not in ${view}: ${wrong.slice(0, 3)}`));
    await seen();
  };
  const held = async (id, gone) => {
    for (const end = Date.now() + PATIENCE; !(await gone.isVisible());) {
      check(Date.now() < end, `${id}: held, and nothing came of it`);
      await page.keyboard.up("Enter");
      await settled();
      await to(id);
      await settled();
      await page.keyboard.down("Enter");
      for (const enough = Date.now() + 12000; Date.now() < enough && !(await gone.isVisible());) {
        await page.waitForTimeout(50);
        await page.keyboard.down("Enter"); // as a key that is held down says again and again
      }
    }
    for (let i = 0; i < 15; i++) await page.keyboard.down("Enter"); // and a finger that stays on it
    await page.keyboard.up("Enter");
  };

  // In.
  await fake("ready");
  await page.goto(`${base}/sign-in`);
  await write("id", "0417");
  await write("secret", "correct horse battery");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${base}/`);
  await press("room-room3");
  await inState(page, "Ready");

  // The form.
  await choose("lawyer-no", "lawyer");
  await press("action-open");
  await landed("form");
  await write("f-case", "2026-1187");
  await write("f-person", "2231");
  await choose("f-kind-interrogation-suspect", "kind");
  await press("action-form-next-0");
  await landed("form");
  await choose("f-category-serious-danger", "category");
  await press("action-form-next-1");
  await landed("form");
  for (const id of await page.locator("[data-step=circumstances] input[value=no]").evaluateAll((all) => all.map((n) => n.dataset.testid))) {
    await choose(id, await page.getByTestId(id).getAttribute("name"));
  }
  await press("action-form-next-2");
  await landed("form");
  await write("f-times-arrived", "08:30");
  await press("action-form-next-3");
  await landed("form");
  await write("f-roster-questioner", "0417");
  await choose("f-wall-agrees", "wall_clock");
  // One officer alone is refused; the focus is where that is mended.
  await press("action-form-open");
  await page.locator("[data-field=roster] .wrong").waitFor();
  await seen();
  await write("f-roster-clerk", "0522");
  await press("action-form-open");
  await inState(page, "Standby");
  equal((await acted()).open, 1, "sessions opened");
  await landed("work");
  await press("action-start");
  await inState(page, "Questioning");

  // Markers: one, and one that begins and ends; a key that is held down is one press.
  await press("marker-rights-read");
  for (let i = 0; i < 10; i++) await page.keyboard.down("Enter");
  await page.keyboard.up("Enter");
  await page.locator("[data-testid=marker-rights-read].done").waitFor();
  await press("marker-rest");
  await page.locator("[data-testid=marker-rest].on").waitFor();
  equal((await acted()).marker, 2, "markers");
  for (let tries = 0; (await acted()).marker < 3; tries++) {
    check(tries < 40, "a marker does not end");
    await press("marker-rest"); // for a second after it began, a second press is a slip
    await page.locator("[data-testid=marker-rest]:not([aria-busy])").waitFor();
  }
  await page.locator("[data-testid=marker-rest]:not(.on)").waitFor();
  equal((await acted()).marker, 3, "markers");
  await press("marker-other");
  await landed("words");
  await write("words", "Asks for a doctor");
  await press("action-words-put");
  await landed("work");
  equal((await acted()).marker, 4, "markers");

  // LOCKED comes by itself while a page for something else is open.
  await press("go-people");
  await landed("people");
  await fake("locked");
  await inState(page, "Locked");
  await landed("locked");
  await press("action-spontaneous");
  await comes(async () => (await acted()).marker, 5, "markers");
  await fake("cleared");
  await press("action-resume");
  await inState(page, "Resuming");
  await landed("resuming");
  await choose("answer-no", "answer");
  await press("action-confirm");
  await landed("line");
  await press("action-line-done");
  await inState(page, "Questioning");
  await landed("work");

  // The end: a short press does nothing, two seconds do, and the key that is still held presses nothing else.
  await settled();
  await to("action-end");
  await page.keyboard.press("Enter");
  check(!(await page.locator("[data-view=ending]").isVisible()), "a short press ended");
  await held("action-end", page.locator("[data-view=ending]"));
  await landed("ending");
  await choose("ending-signed", "ending");
  await press("action-end-confirm");
  await inState(page, "Closing");
  await inState(page, "Sealed");
  await landed("sealed");
  equal((await page.getByTestId("hash").locator("span").allTextContents()).length, 16, "groups of the number to sign");
  equal((await acted()).end, 1, "ended");

  // The recording is looked at, and played by key.
  await press("action-look");
  await page.waitForURL("**/sessions/*");
  await page.waitForFunction(() => Number(document.querySelector("#players figure").dataset.at) > 0);
  const begin = await page.evaluate(() => Number(document.querySelector("#players figure").dataset.at));
  await to("play");
  await page.keyboard.press("Enter");
  await page.waitForFunction((begin) => Number(document.querySelector("#players figure").dataset.at) > begin, begin);
  await page.goBack();
  await inState(page, "Sealed");
  await press("action-dismiss");
  await inState(page, "Ready");
  await press("sign-out");
  await page.getByTestId("id").waitFor();
  equal(pointers, [], "something was pointed at");
  equal(wrong, [], "something went wrong in the page");
} finally {
  await browser.close();
}
