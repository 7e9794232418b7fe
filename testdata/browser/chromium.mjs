// What the browser's tests share: Debian's Chromium, pages in a language, theme and size, and a reader
// of the strip of blocks in the pictures of simulated cameras (rtsp/rtsptest/testcard).
import net from "node:net";
import { chromium } from "playwright-core";

export function launch(more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--autoplay-policy=no-user-gesture-required", ...more,
    ],
  });
}

export function check(yes, message) {
  if (!yes) throw new Error(message);
}

export function equal(got, want, message) {
  check(JSON.stringify(got) === JSON.stringify(want), `${message}: ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

// PATIENCE is how long a busy machine has for anything, in milliseconds: it is no failure.
export const PATIENCE = 60000;

// comes asks until the answer is the one wanted.
export async function comes(ask, want, message) {
  for (const end = Date.now() + PATIENCE; ;) {
    const got = await ask();
    if (JSON.stringify(got) === JSON.stringify(want)) return;
    if (Date.now() > end) equal(got, want, message);
    await new Promise((done) => setTimeout(done, 50));
  }
}

// open returns a page of the site, and what went wrong in it: errors of scripts, messages on the
// console, requests to any host but the site's own and those of also.
export async function open(browser, base, { lang = "en", theme = "light", width = 1280, height = 800, touch = false, also = [] } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, locale: lang, hasTouch: touch });
  context.setDefaultTimeout(PATIENCE);
  await context.addCookies([{ name: "roomrec-lang", value: lang, url: base }]);
  const page = await context.newPage();
  const wrong = [];
  const hosts = [base, ...also].map((u) => new URL(u).host);
  page.on("pageerror", (e) => wrong.push(`script: ${e.message}`));
  page.on("console", (m) => { if (["error", "warning"].includes(m.type()) && !/Failed to load resource|ERR_|WebSocket connection/.test(m.text())) wrong.push(`console: ${m.text()}`); });
  page.on("request", (r) => {
    const u = new URL(r.url());
    if (!["blob:", "data:"].includes(u.protocol) && !hosts.includes(u.host)) wrong.push(`another host was asked: ${u.host}`);
  });
  page.on("websocket", (s) => { if (!hosts.includes(new URL(s.url()).host)) wrong.push(`another host was asked: ${s.url()}`); });
  return { page, context, wrong };
}

// settled waits until the page takes touches again after it has changed.
export const settled = (page) => page.waitForFunction(() => document.body?.dataset.settled === "true");

// inState waits until the room's page shows a state.
export async function inState(page, state, timeout = PATIENCE) {
  await page.locator(`[data-testid=state][data-state=${state}]`).waitFor({ timeout }).catch(async (e) => {
    const shows = await page.evaluate(() => ({
      at: location.pathname, loads: document.readyState, body: { ...document.body.dataset },
      states: [...document.querySelectorAll("[data-testid=state]")].map((s) => s.dataset.state), text: document.body.innerText.slice(0, 400),
    })).catch((why) => `nothing: ${why.message}`);
    throw new Error(`${e.message}\nthe page shows ${JSON.stringify(shows)}`);
  });
  await settled(page);
}

// held presses a button for two seconds, and more where the machine is busy, until what comes of it is there.
export async function held(page, id, then) {
  const button = page.locator(`[data-testid="${id}"]:not([aria-disabled=true])`).filter({ visible: true }).first();
  const there = page.getByTestId(then);
  for (const end = Date.now() + PATIENCE; !(await there.isVisible());) {
    check(Date.now() < end, `${id}: held again and again, and ${then} does not come of it`);
    await settled(page);
    const box = await button.boundingBox({ timeout: 5000 }).catch(() => null);
    if (!box) continue; // it was taken as the mouse was let go
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await there.waitFor({ timeout: 12000 }).catch(() => {});
    await page.mouse.up();
  }
  await settled(page);
}

// play presses Play on a session's page, once the page takes it.
export async function play(page) {
  await page.waitForFunction(() => [...document.querySelectorAll("#players figure[data-playable=true]")].some((f) => Number(f.dataset.at) > 0));
  await page.getByTestId("play").click();
}

// strip reads the strip in what a video shows: {frame, millis, card}, or null if there is none or its
// check disagrees. See testcard.Strip.
export function strip(page, selector) {
  return page.locator(selector).evaluate((video) => {
    const w = video.videoWidth, h = video.videoHeight;
    if (!w) return null;
    const canvas = document.createElement("canvas");
    canvas.width = w;
    canvas.height = h;
    const c = canvas.getContext("2d", { willReadFrequently: true });
    c.drawImage(video, 0, 0);
    const px = c.getImageData(0, 0, w, h).data;
    const block = Math.floor(h / (16 * 22)) * 16 || 8;
    const x0 = (Math.floor(Math.ceil(w / 16) * 16 / block) - 5) * block;
    const at = (col, row) => {
      let sum = 0, n = 0;
      for (let y = -2; y <= 2; y++) for (let x = -2; x <= 2; x++) {
        sum += px[4 * ((block + Math.round((row + 0.5) * block) + y) * w + x0 + Math.round((col + 0.5) * block) + x) + 1];
        n++;
      }
      return sum / n;
    };
    let white = 0, black = 0;
    for (let row = 0; row < 20; row++) if (row % 2) black += at(0, row) / 10; else white += at(0, row) / 10;
    if (white - black < 40) return null;
    let data = 0n, crc = 0n;
    for (let i = 0; i < 80; i++) {
      const bit = at(1 + (i % 4), Math.floor(i / 4)) > (white + black) / 2 ? 1n : 0n;
      if (i < 64) data = (data << 1n) | bit;
      else crc = (crc << 1n) | bit;
    }
    let sum = 0xffffn;
    for (let i = 0n; i < 8n; i++) {
      sum ^= ((data >> (56n - 8n * i)) & 0xffn) << 8n;
      for (let k = 0; k < 8; k++) sum = sum & 0x8000n ? ((sum << 1n) ^ 0x1021n) & 0xffffn : (sum << 1n) & 0xffffn;
    }
    if (sum !== crc) return null;
    return { frame: Number(data >> 32n), millis: Number((data >> 5n) & 0x7ffffffn), card: Number(data & 31n) };
  });
}

// moving waits until two pictures of a video with different, rising numbers were read. A recording may
// have come to its end before a busy machine has read two; again plays it once more.
export async function moving(page, selector, timeout = PATIENCE, again = null) {
  const end = Date.now() + timeout;
  let first = null;
  for (;;) {
    if (again && await page.locator(selector).evaluate((video) => video.ended)) {
      first = null;
      await again();
    }
    const s = await strip(page, selector);
    if (s && (!first || s.frame < first.frame)) first = s; // or the stream has begun anew
    if (s && first && s.frame > first.frame + 10) return [first, s];
    check(Date.now() < end, `${selector}: the picture does not move (${JSON.stringify(first)}, ${JSON.stringify(s)})`);
    await page.waitForTimeout(100);
  }
}

// pressed waits until something can be pressed, presses it, and sees that it was: a page takes no touch in the
// half second after it has changed, and a button none while it is off, and either may come about between the look
// and the press. What did not reach it is pressed again; what did never is. A radio lies invisible over its label.
export async function pressed(page, id, how = "click") {
  const target = page.locator(`[data-testid="${id}"]:not([aria-disabled=true], [aria-busy=true])`).filter({ visible: true }).first();
  await taken(page, id, async () => {
    await target.waitFor();
    await settled(page);
    await target[how]({ force: true, timeout: 10000 });
  });
}

// taken does what presses something until the press has reached it. A press that would fall on something else,
// because the page has changed under the hand, falls on nothing: people look where they press. A press may be taken
// later than a starved browser says so: then what was pressed may be gone, and is not waited for.
export async function taken(page, id, press) {
  for (let tries = 0, end = Date.now() + PATIENCE; ; tries++) {
    const late = await page.evaluate(([id, again]) => {
      if (again && (!window.hand || window.hand.became === "taken")) return true;
      const mine = (e) => e.target.closest(`[data-testid="${id}"]`) || e.target.closest("label")?.querySelector(`[data-testid="${id}"]`);
      const hand = window.hand = { became: "" };
      const before = (e) => {
        if (window.hand !== hand) return;
        if (!hand.became) hand.became = mine(e) ? "lost" : `on ${e.target.tagName} ${e.target.dataset.testid ?? ""}`;
        if (mine(e)) return;
        e.preventDefault();
        e.stopImmediatePropagation();
      };
      // The page's own guard is on the document: what comes further has passed it.
      const after = (e) => {
        const it = window.hand === hand && mine(e);
        if (it && hand.became !== "taken") hand.became = it.getAttribute("aria-disabled") === "true" || it.getAttribute("aria-busy") === "true" ? "off" : "taken";
      };
      addEventListener("click", before, true);
      document.documentElement.addEventListener("click", after, true);
      return false;
    }, [id, tries > 0]).catch((e) => {
      if (tries > 0) return true; // the page it was on is being left
      throw e;
    });
    let wrong = null;
    if (!late) await press().catch((e) => { wrong = e; });
    // A press that leads to another page takes its hand along.
    const became = late ? "taken" : await page.waitForFunction(() => (window.hand ? window.hand.became : "taken"), null, { timeout: 5000, polling: 50 })
      .then((h) => h.jsonValue()).catch((e) => (/Timeout/.test(e.message) ? "" : "taken"));
    if (became === "taken") {
      await page.evaluate(() => { delete window.hand; }).catch(() => {});
      return;
    }
    if (Date.now() < end) continue;
    // What the page shows instead, for whoever reads this.
    const shown = await page.evaluate((id) => [...document.querySelectorAll(`[data-view]:not([hidden]), [data-testid="${id}"]`)]
      .map((n) => n.dataset.view || n.outerHTML.slice(0, 200)).join("; "), id).catch((e) => e.message);
    check(false, `${id}: pressed again and again in vain; it was ${became || "not reached"}, the page shows ${shown}. ${wrong?.message ?? ""}`);
  }
}

// acts presses a button that acts while the controller's answer is held back. At once, before the browser draws
// again, the button is busy; what says so is drawn within 200 ms; and another press sends nothing.
export async function acts(page, id, how = "click") {
  let answer;
  const held = new Promise((done) => { answer = done; });
  const sent = [];
  const hold = async (route) => {
    const r = route.request();
    if (r.method() !== "POST" || r.url().endsWith("/alive")) return route.fallback();
    sent.push(r.url());
    await held;
    return route.continue().catch(() => {}); // the page may have gone on
  };
  await page.route("**/api/v1/**", hold);
  const button = page.locator(`[data-testid="${id}"]:visible`).first();
  const busy = page.evaluate((id) => new Promise((done) => {
    addEventListener("click", (e) => {
      const b = e.target.closest(`[data-testid="${id}"]`);
      if (b && (b.getAttribute("aria-busy") === "true" || b.getAttribute("aria-disabled") !== "true")) done(b.getAttribute("aria-busy") === "true");
    });
  }), id);
  const asked = page.waitForRequest((r) => r.method() === "POST" && !r.url().endsWith("/alive"));
  await pressed(page, id, how);
  check(await busy, `${id}: not busy when it was pressed`);
  await asked;
  const shown = await button.evaluate((b) => { const s = getComputedStyle(b, "::after"); return { words: s.content, delay: s.animationDelay, takes: s.animationDuration }; });
  check(/Working|正在处理/.test(shown.words) && shown.takes === "0s" && parseFloat(shown.delay) < 0.2, `${id}: does not show that it is working: ${JSON.stringify(shown)}`);
  await page.waitForFunction((id) => [...document.querySelectorAll(`[data-testid="${id}"]`)].some((b) => getComputedStyle(b, "::after").opacity === "1"), id);
  await button[how]({ force: true });
  await button.press("Enter");
  const answered = page.waitForResponse((r) => r.request().method() === "POST" && !r.url().endsWith("/alive"));
  answer();
  await answered;
  equal(sent.length, 1, `${id}: ${sent}`);
  await page.unroute("**/api/v1/**", hold);
}

// textSize sets the reader's own text size in pixels; 16 is usual.
export async function textSize({ page, context }, standard) {
  const client = await context.newCDPSession(page);
  await client.send("Page.setFontSizes", { fontSizes: { standard, fixed: standard } });
}

// wire is a way to a site that can be cut: then nothing passes, as on a network that drops everything.
export async function wire(server) {
  let cut = false;
  const ends = new Set();
  const proxy = net.createServer((a) => {
    if (cut) return a.destroy();
    const b = net.connect(Number(server.port), server.hostname);
    for (const [x, y] of [[a, b], [b, a]]) {
      ends.add(x);
      x.on("data", (d) => { if (!cut) y.write(d); });
      x.on("close", (failed) => { // what it sent before it closed goes on
        ends.delete(x);
        if (failed) y.destroy(); else y.end();
      });
      x.on("error", () => y.destroy());
    }
  });
  const listen = (port) => new Promise((done) => proxy.listen(port, "127.0.0.1", done));
  await listen(0);
  const { port } = proxy.address();
  const mend = () => {
    cut = false;
    for (const e of ends) e.destroy();
  };
  return {
    base: `http://127.0.0.1:${port}`,
    cut: () => { cut = true; },
    mend,
    // As if the site ended, and was started again: connections end, new ones are refused.
    stop: () => new Promise((done) => {
      proxy.close(done);
      mend();
    }),
    start: () => listen(port),
    close: () => { mend(); if (proxy.listening) proxy.close(); },
  };
}
