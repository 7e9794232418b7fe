// Pictures of every page and state, in both languages, light and dark, at 1280x800 and 1920x1080, and
// of some with the text twice as large.
//
//	node screenshots.mjs FOLDER URL SIGNED [URL SIGNED]...
//
// Each URL is a site over panel/paneltest, SIGNED one where people sign in; as many looks are taken at once. "make screenshots" does it all.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, open, textSize, wire } from "./chromium.mjs";
import { drawn, scenes, visit } from "./scenes.mjs";

const [folder, ...urls] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const looks = [];
for (const [width, height] of [[1280, 800], [1920, 1080]]) for (const lang of ["en", "zh-CN"]) for (const theme of ["light", "dark"]) looks.push({ lang, theme, width, height });
looks.push("text-200");

const browser = await launch();
try {
  await Promise.all(urls.flatMap((url, i) => (i % 2 ? [] : [work(url, urls[i + 1])])));
} finally {
  await browser.close();
}

// work takes one look after the other from those that are left.
async function work(url, signed) {
  for (let look = looks.shift(); look; look = looks.shift()) {
    const line = await wire(new URL(url)); // a line that can be cut
    const { page, context } = await open(browser, line.base, look === "text-200" ? {} : look);
    try {
      if (look === "text-200") await large({ page, context }, line);
      else await every(page, line, look, signed);
    } finally {
      await context.close();
      line.close();
    }
  }
}

async function every(page, line, { lang, theme, width, height }, signed) {
  const shot = (name) => page.screenshot({ path: join(folder, `${name}.${lang}.${theme}.${width}.png`) });
  for (const scene of scenes) {
    await page.evaluate(() => sessionStorage.clear()).catch(() => {});
    await visit(page, line.base, scene, signed);
    await shot(scene.name);
  }
  // The connection is lost: the page says so by itself.
  await visit(page, line.base, { scene: "questioning", state: "Questioning", moving: true });
  line.cut();
  await page.locator("[data-testid=state][data-state=stale]").waitFor();
  await drawn(page);
  await shot("stale");
  console.log(`${lang} ${theme} ${width}x${height}: ${scenes.length + 1} pictures`);
}

async function large({ page, context }, line) {
  await page.goto(line.base);
  await textSize({ page, context }, 32);
  const some = scenes.filter((s) => ["locked", "questioning", "idle", "people", "open-3-circumstances"].includes(s.name));
  for (const scene of some) {
    await visit(page, line.base, scene);
    await page.screenshot({ path: join(folder, `${scene.name}.text-200.png`) });
  }
  console.log(`text twice as large: ${some.length} pictures`);
}
