// Pictures of every page and state, in both languages, light and dark, at 1280x800 and 1920x1080.
//
//	node screenshots.mjs URL FOLDER
//
// URL is a site over panel/paneltest; "go run ./panel/paneltest/serve -screenshots FOLDER" does it all.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, open, textSize, wire } from "./chromium.mjs";
import { scenes, visit } from "./scenes.mjs";

const [url, folder] = process.argv.slice(2);
const line = await wire(new URL(url));
const base = line.base;
mkdirSync(folder, { recursive: true });
const browser = await launch();
try {
  for (const [width, height] of [[1280, 800], [1920, 1080]]) for (const lang of ["en", "zh-CN"]) for (const theme of ["light", "dark"]) {
    const { page, context } = await open(browser, base, { lang, theme, width, height });
    for (const scene of scenes) {
      await page.evaluate(() => sessionStorage.clear()).catch(() => {});
      await visit(page, base, scene);
      await page.screenshot({ path: join(folder, `${scene.name}.${lang}.${theme}.${width}.png`) });
    }
    // The connection is lost: the page says so by itself.
    await visit(page, base, { scene: "questioning", state: "Questioning", wait: 1500 });
    line.cut();
    await page.locator("[data-testid=state][data-state=stale]").waitFor();
    await page.waitForTimeout(700);
    await page.screenshot({ path: join(folder, `stale.${lang}.${theme}.${width}.png`) });
    line.mend();
    await context.close();
    console.log(`${lang} ${theme} ${width}x${height}: ${scenes.length + 1} pictures`);
  }
  const { page, context } = await open(browser, base, {});
  for (const scene of scenes.filter((s) => ["locked", "questioning", "idle", "open-3-circumstances"].includes(s.name))) {
    await visit(page, base, scene);
    await textSize({ page, context }, 32);
    await page.waitForTimeout(300);
    await page.screenshot({ path: join(folder, `${scene.name}.text-200.png`) });
  }
  await context.close();
} finally {
  await browser.close();
  line.close();
}
