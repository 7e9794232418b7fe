// Live pictures come back where the controller lost its power and the connection never ends.
//
//	node mute.mjs BASE
import { check, inState, launch, open } from "./chromium.mjs";

const [url] = process.argv.slice(2);
const base = url.replace(/\/$/, "");
const browser = await launch();
const { page } = await open(browser, base);
check((await page.request.post(`${base}/fake/scene?room=room3&scene=questioning`)).ok(), "scene");
let connections = 0;
await page.routeWebSocket(/\/live/, (socket) => { if (++connections > 1) socket.connectToServer(); });
await page.goto(`${base}/rooms/room3`);
await inState(page, "Questioning");
await page.waitForFunction(() => [...document.querySelectorAll("#pics figure")].some((f) => Number(f.dataset.at) > 0));
check(connections > 1, "the first connection said nothing");
await browser.close();
