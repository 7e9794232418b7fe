// Every page of a site where people sign in, by whoever sees it, with the browser's own log of what it asked
// of the network. Prints every host that stands in the log, those apart that the browser asks by itself.
//
//	node hosts.mjs URL LOG SESSION
//
// URL is a site over panel/paneltest with the people lead (supervisor), admin and aud (auditor); LOG is the file
// that Chromium writes its log to; SESSION is sealed.
import fs from "node:fs";
import { check, launch, moving, open, play } from "./chromium.mjs";

const [url, log, session] = process.argv.slice(2);
const base = url.replace(/\/$/, "");
const password = "correct horse battery";

const browser = await launch([`--log-net-log=${log}`, "--disable-features=AutofillServerCommunication,OptimizationHints,MediaRouter,Translate", "--net-log-capture-mode=Everything"]);
let pages = 0;
try {
  for (const [who, paths] of Object.entries({
    lead: ["/", "/rooms/room3", "/rooms/van1", "/sessions", `/sessions/${session}`, `/sessions/${session}/certificate`, "/transcripts", "/none"],
    admin: ["/", "/people", "/tokens", "/none"],
    aud: ["/", "/none"],
  })) {
    const { page, context, wrong } = await open(browser, base);
    await page.goto(`${base}/sign-in`);
    await page.locator("[name=id]").fill(who);
    await page.locator("[name=secret]").fill(password);
    await page.locator("[name=secret]").press("Enter");
    await page.waitForURL(`${base}/`);
    const also = await page.locator("nav a[href^='/']").evaluateAll((all) => all.map((a) => a.getAttribute("href")).filter((h) => !h.includes("?")));
    for (const path of new Set([...paths, ...also])) {
      await page.goto(base + path);
      await page.waitForLoadState("load");
      if (path === "/rooms/van1") await moving(page, "[data-testid=live-front] video");
      if (path === `/sessions/${session}`) {
        await play(page);
        await moving(page, "[data-testid=play-front] video");
      }
      pages++;
    }
    check(wrong.length === 0, wrong.join("\n"));
    await context.close();
  }
} finally {
  await browser.close();
}
// The log is JSON, and whole when the browser has ended.
const { constants, events } = JSON.parse(fs.readFileSync(log, "utf8"));
const names = Object.fromEntries(Object.entries(constants.logEventTypes).map(([k, v]) => [v, k]));
const hosts = {};   // that pages asked, or that the network was asked for by whatever means
const browsers = {}; // that the browser asked for itself: its maker's, no page has a hand in it
for (const e of events) {
  const p = e.params ?? {};
  if (names[e.type] !== "URL_REQUEST_START_JOB" || !p.url || /^(data|blob|chrome|about|devtools):/.test(p.url)) continue;
  const host = new URL(p.url).hostname;
  // A page's request says which page it is from, or goes to where the page was told to go.
  const own = p.initiator === "not an origin" && !String(p.network_isolation_key).includes(new URL(base).hostname) && /\.(google|googleapis|gvt1)\.com$/.test(host);
  ((own ? browsers : hosts)[host] ??= new Set()).add(`${p.initiator} ${p.network_isolation_key}`);
}
const plain = (o) => Object.fromEntries(Object.entries(o).map(([h, s]) => [h, [...s]]));
console.log(JSON.stringify({ pages, events: events.length, hosts: plain(hosts), browsers: plain(browsers) }));
