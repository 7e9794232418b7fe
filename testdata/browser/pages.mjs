// Every page and state: nothing breaks, nothing is cut off or pushed off the screen, axe finds
// nothing, the contrast on the room's page is 7:1, no other host is asked.
//
//	node pages.mjs URL LANGUAGE THEME
import { AxeBuilder } from "@axe-core/playwright";
import { check, launch, open, textSize } from "./chromium.mjs";
import { scenes, visit } from "./scenes.mjs";

const [url, lang, theme] = process.argv.slice(2);
const base = url.replace(/\/$/, "");
const browser = await launch();
const failures = [];
try {
  const { page, context, wrong } = await open(browser, base, { lang, theme });
  for (const scene of scenes) {
    await page.evaluate(() => sessionStorage.clear()).catch(() => {});
    await visit(page, base, scene);
    const room = Boolean(scene.state);
    const found = await page.evaluate((room) => {
      const out = [];
      const root = document.documentElement;
      if (root.scrollWidth > root.clientWidth) out.push(`wider than the screen: ${root.scrollWidth}`);
      if (room && root.scrollHeight > innerHeight) out.push(`higher than the screen: ${root.scrollHeight}`);
      for (const n of document.querySelectorAll("button, .btn, .seg label, .card, dd, p, h1, h2, b, small, time, figcaption")) {
        if (n.offsetParent === null || n.matches(".sr, .table, .pic *")) continue;
        if (n.scrollWidth > n.clientWidth + 2 && getComputedStyle(n).display !== "inline") out.push(`cut off: ${n.tagName} ${n.className} "${n.textContent.trim().slice(0, 50)}" ${n.scrollWidth}>${n.clientWidth}`);
      }
      for (const n of document.querySelectorAll(".panel button, .panel .btn")) {
        const r = n.getBoundingClientRect();
        if (n.offsetParent !== null && (r.height < 48 || r.width < 48)) out.push(`too small to touch: ${n.textContent.trim()} ${r.width}x${r.height}`);
      }
      return out;
    }, room);
    // The second look has the same structure: there it is the colours of what stands out that count.
    if (theme === "dark" && !/^(idle|open-refused|alarm|ending|locked|resuming|sealed|session)$/.test(scene.name)) {
      for (const f of [...found, ...wrong.splice(0)]) failures.push(`${scene.name}: ${f}`);
      continue;
    }
    const axe = await new AxeBuilder({ page })
      .options({ rules: { "color-contrast-enhanced": { enabled: room } } })
      .analyze();
    for (const v of axe.violations) found.push(`axe ${v.id}: ${v.nodes.map((n) => `${n.target} ${(n.any[0] || {}).message || ""}`).join("; ").slice(0, 400)}`);
    for (const f of [...found, ...wrong.splice(0)]) failures.push(`${scene.name}: ${f}`);
  }
  await context.close();
  // Text twice as large: on the LOCKED page what to do comes before what failed, and is on the screen.
  const big = await open(browser, base, { lang, theme });
  await visit(big.page, base, scenes.find((s) => s.name === "locked"));
  await textSize(big, 32);
  await big.page.waitForTimeout(300);
  const [action, facts, wide] = await big.page.evaluate(() => [
    document.querySelector("[data-view=locked] .steps li b").getBoundingClientRect().bottom,
    document.querySelector("[data-view=locked] .facts").getBoundingClientRect().top,
    document.documentElement.scrollWidth > document.documentElement.clientWidth,
  ]);
  if (!(action < facts && action < 800)) failures.push(`LOCKED at 200 %: action ends at ${action}, facts begin at ${facts}`);
  if (wide) failures.push("LOCKED at 200 %: wider than the screen");
  check(failures.length === 0, failures.join("\n"));
} finally {
  await browser.close();
}
