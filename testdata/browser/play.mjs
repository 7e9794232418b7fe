// Plays a page in Chromium and prints what the page's script returns as JSON.
//
//	node play.mjs URL SECONDS
//
// The page sets window.result, or window.failure to a message; window.state, a function, says where
// it stands if neither comes in time. The Go tests serve the page; see playback/browser_test.go.
import { chromium } from "playwright-core";

const [url, seconds] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
  ],
});
try {
  const page = await browser.newPage();
  page.on("console", (m) => console.error("page:", m.text()));
  page.on("pageerror", (e) => console.error("page error:", e.message));
  await page.goto(url);
  const deadline = Date.now() + Number(seconds) * 1000;
  for (;;) {
    const done = await page.evaluate(() => {
      if (window.failure) return { failure: window.failure };
      return window.result ? { result: window.result } : null;
    });
    if (done?.failure) throw new Error(done.failure);
    if (done) {
      console.log(JSON.stringify(done.result));
      break;
    }
    if (Date.now() > deadline) throw new Error("no result in time: " + JSON.stringify(await page.evaluate(() => window.state?.())));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
} finally {
  await browser.close();
}
