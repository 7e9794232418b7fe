// Every page and state, in its usual size and with the text twice as large: nothing breaks, nothing is cut off
// or pushed off the screen, axe finds nothing, the contrast on the room's page is 7:1, no other host is asked.
//
//	node pages.mjs URL LANGUAGE THEME [WIDTH HEIGHT [SIGNED [PART]]]
//
// SIGNED is a site where people sign in (panel/paneltest). With a width every scene is looked at by axe;
// without, in the dark, only where colours matter: the structure is the same. PART, as in 1/2, is every second
// scene from the first on.
import { AxeBuilder } from "@axe-core/playwright";
import { check, launch, open, textSize } from "./chromium.mjs";
import { drawn, scenes, visit } from "./scenes.mjs";

const [url, lang, theme, width, height, signed, part = "1/1"] = process.argv.slice(2);
const [first, step] = part.split("/").map(Number);
const base = url.replace(/\/$/, "");
const COLOURS = /^(idle|open-refused|alarm|ending|locked|resuming|sealed|session)$/;
const also = signed ? [signed, await (await fetch(`${signed.replace(/\/$/, "")}/fake/first`)).text()] : [];
const browser = await launch();
const failures = [];
try {
  const at = await open(browser, base, { lang, theme, width: Number(width) || 1280, height: Number(height) || 800, also });
  const { page, wrong } = at;
  for (const scene of scenes.filter((_, i) => i % step === first - 1)) {
    if (scene.signed && !signed) continue;
    await page.evaluate(() => sessionStorage.clear()).catch(() => {});
    await visit(page, base, scene, signed).catch(async (e) => {
      const state = await page.evaluate(() => `${location.pathname} ${document.querySelector("[data-testid=state]")?.dataset.state} ${document.body.innerText.slice(0, 300)}`).catch(() => "");
      throw new Error(`${scene.name}: ${e.message}\nthe page: ${state}\n${wrong.slice(0, 5)}`);
    });
    const found = await page.evaluate(look, { room: Boolean(scene.state), glance: scene.path?.toString().includes("/observation") });
    if (width || theme !== "dark" || COLOURS.test(scene.name)) {
      const axe = await new AxeBuilder({ page })
        .options({ rules: { "color-contrast-enhanced": { enabled: Boolean(scene.state) } } })
        .analyze();
      for (const v of axe.violations) found.push(`axe ${v.id}: ${v.nodes.map((n) => `${n.target} ${(n.any[0] || {}).message || ""}`).join("; ").slice(0, 400)}`);
    }
    // Text twice as large: everything is still there, and on LOCKED what to do comes first and is on the screen.
    await textSize(at, 32);
    await drawn(page);
    for (const f of await page.evaluate(look, { large: true })) found.push(`text at 200 %: ${f}`);
    if (scene.name === "locked") {
      const [action, facts] = await page.evaluate(() => [".steps li b", ".facts"].map((s) => document.querySelector(`[data-view=locked] ${s}`).getBoundingClientRect()).map((r, i) => [r.bottom, r.top][i]));
      if (!(action < facts && action < 800)) found.push(`LOCKED at 200 %: action ends at ${action}, facts begin at ${facts}`);
    }
    await textSize(at, 16);
    if (scene.name === "certificate") {
      // On paper it is one page, also where most is to be said of others than the station.
      await page.request.post(`${base}/fake/proof?scene=unchecked`);
      await page.reload();
      const printed = (await page.pdf({ preferCSSPageSize: true })).toString("latin1").match(/\/Type\s*\/Page\b/g);
      if (printed?.length !== 1) found.push(`printed on ${printed?.length} pages`);
    }
    for (const f of [...found, ...wrong.splice(0)]) failures.push(`${scene.name}: ${f}`);
  }
  check(failures.length === 0, failures.join("\n"));
} finally {
  await browser.close();
}

// look runs in the page and says what is cut off, too wide or too small. A room's page is never higher than the
// screen; nor is the glance over all rooms, on which each room is wholly in sight.
function look({ room, glance, large }) {
  const out = [];
  const root = document.documentElement;
  const text = (n) => `${n.tagName} ${n.className} "${n.textContent.trim().replace(/\s+/g, " ").slice(0, 50)}"`;
  if (root.scrollWidth > root.clientWidth) out.push(`wider than the screen: ${root.scrollWidth}`);
  if ((room || glance) && root.scrollHeight > innerHeight) out.push(`higher than the screen: ${root.scrollHeight}`);
  for (const n of document.querySelectorAll("button, .btn, .seg label, .card, .call, .room, dd, dt, p, h1, h2, b, small, time, figcaption, legend, th")) {
    if (n.offsetParent === null || n.matches(".sr, .table, .pic *")) continue;
    const style = getComputedStyle(n);
    if (style.display === "inline") continue;
    if (n.scrollWidth > n.clientWidth + 2) out.push(`cut off: ${text(n)} ${n.scrollWidth}>${n.clientWidth}`);
    if (/hidden|clip/.test(style.overflowY) && n.scrollHeight > n.clientHeight + 2) out.push(`cut off below: ${text(n)} ${n.scrollHeight}>${n.clientHeight}`);
  }
  // Words that stand over other words.
  for (const n of document.querySelectorAll("header.bar > *, .field, .log li > *, .facts > div, .steps li > *")) {
    if (n.offsetParent === null) continue;
    const r = n.getBoundingClientRect();
    const next = n.nextElementSibling?.getBoundingClientRect();
    if (next?.height && r.height && Math.min(r.right, next.right) - Math.max(r.left, next.left) > 2 && Math.min(r.bottom, next.bottom) - Math.max(r.top, next.top) > 2) out.push(`overlaps what follows: ${text(n)}`);
  }
  for (const n of document.querySelectorAll(".panel button, .panel .btn")) {
    const r = n.getBoundingClientRect();
    if (!large && n.offsetParent !== null && (r.height < 48 || r.width < 48)) out.push(`too small to touch: ${n.textContent.trim()} ${r.width}x${r.height}`);
  }
  if (glance) {
    for (const n of document.querySelectorAll(".rooms .room")) {
      const r = n.getBoundingClientRect();
      if (r.top < 0 || r.bottom > innerHeight || r.right > innerWidth) out.push(`a room out of sight: ${text(n)}`);
    }
  }
  return out;
}
