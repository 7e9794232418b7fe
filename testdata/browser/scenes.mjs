// Every page and state of the site over panel/paneltest: what to set, where to go, what to press.
import { held, pressed, settled } from "./chromium.mjs";

const tap = pressed;

// paper gives the sealed session of the room a transcript and returns its page.
const sealedID = async (p, base) => (await (await p.request.get(`${base}/api/v1/rooms/room3`)).json()).session.id;
const paper = (scene) => async (p, base) => {
  const id = await sealedID(p, base);
  const set = await p.request.post(`${base}/fake/paper?session=${id}&scene=${scene}`);
  if (!set.ok()) throw new Error(await set.text());
  return `/sessions/${id}`;
};
// proven sets what others than the station say of seals.
const proven = async (p, base, scene) => {
  const set = await p.request.post(`${base}/fake/proof?scene=${scene}`);
  if (!set.ok()) throw new Error(await set.text());
};
const read = (status) => async (p) => { await p.locator(`[data-testid=transcript-status][data-status=${status}]`).waitFor(); await p.getByTestId("transcript-status").scrollIntoViewIfNeeded(); };
// inChinese reports whether a page speaks Chinese: what people write in a scene then does, too.
const inChinese = (p) => p.evaluate(() => document.documentElement.lang === "zh-CN");
// typed types on the pad as a clerk does, and waits for each line to stand as where says.
const typed = async (p, where = "[data-entry]") => {
  await tap(p, "go-pad");
  await settled(p);
  const chinese = await inChinese(p);
  for (const text of chinese ? ["你的姓名？", "李某某，住在本市。", "二十日晚上你在什么地方？"] : ["Your name?", "Li Moumou, I live in this city.", "Where were you in the evening of the twentieth?"]) {
    await p.getByTestId("pad-text").fill(text);
    await p.getByTestId("pad-text").press("Enter");
    await p.getByTestId("pad-lines").locator(`li${where}`, { hasText: text.slice(0, 8) }).waitFor();
  }
  await p.getByTestId("pad-text").fill(chinese ? "在家，和" : "At home, wi");
  await settled(p);
};

// ago is an instant so many hours ago by the page's own clock, as an officer enters it.
const ago = (p, hours) => p.evaluate((h) => {
  const day = document.getElementById("day").textContent.match(/\d{4}-\d\d-\d\d/)[0];
  const at = new Date(Date.parse(`${day}T${document.getElementById("clock").textContent}Z`) - h * 3600000);
  return at.toISOString().slice(0, 16).replace("T", " ");
}, hours);

// offered has a link made that makes another machine the panel of a room.
const offered = async (p) => {
  await p.getByTestId("panel-name").fill("Screen 3");
  await p.getByTestId("panel-offer").click();
  await p.getByTestId("panel-link").scrollIntoViewIfNeeded();
};

// onTheWay is what a supervisor writes to a room.
const onTheWay = { en: "Technician is on the way, 5 min. Go on with room camera only.", "zh-CN": "技术人员 5 分钟后到达，请仅用全景机位继续。" };
// moved moves the room's session to the mobile unit, as an officer does.
const moved = async (p, base) => {
  await p.context().clearCookies({ name: "fake-role" });
  const set = await p.request.post(`${base}/fake/scene?room=van1&scene=ready`);
  const move = await p.request.post(`${base}/api/v1/sessions/${await sealedID(p, base)}/commands`, { data: { name: "move-room", room: "van1", ground: "special" }, headers: { "Idempotency-Key": `move-${Date.now()}` } });
  if (!set.ok() || !move.ok()) throw new Error(await move.text());
};

export const scenes = [
  { name: "rooms", scene: "questioning", path: () => "/" },
  { name: "idle", scene: "ready", state: "Ready", moving: true },
  { name: "morning", scene: "morning", state: "Ready", moving: true },
  { name: "wall", scene: "morning", state: "Ready", act: async (p) => { await tap(p, "go-wall"); await tap(p, "wall-differs"); } },
  { name: "unfit", scene: "unfit", state: "Unfit" },
  { name: "open-1-case", scene: "ready", state: "Ready", act: async (p) => { await tap(p, "lawyer-no"); await tap(p, "action-open"); } },
  { name: "open-2-category", scene: "ready", state: "Ready", act: async (p) => { await tap(p, "lawyer-no"); await tap(p, "action-open"); await tap(p, "step-category"); await tap(p, "f-category-serious-danger"); } },
  { name: "open-3-circumstances", scene: "ready", state: "Ready", act: async (p) => { await tap(p, "lawyer-no"); await tap(p, "action-open"); await tap(p, "step-circumstances"); await tap(p, "f-circumstances-minor-no"); await tap(p, "f-circumstances-no-language-yes"); } },
  { name: "open-4-people", scene: "ready", state: "Ready", act: async (p) => { await tap(p, "lawyer-no"); await tap(p, "action-open"); await tap(p, "step-people"); } },
  { name: "open-5-times", scene: "ready", state: "Ready", act: async (p) => { await tap(p, "lawyer-no"); await tap(p, "action-open"); await tap(p, "step-times"); await p.getByTestId("f-times-arrived").fill(await ago(p, 12.5)); await p.getByTestId("f-times-detained").fill(await ago(p, 1)); } },
  { name: "open-refused", scene: "ready", state: "Ready", act: async (p) => { await tap(p, "lawyer-no"); await tap(p, "action-open"); await tap(p, "step-people"); await tap(p, "action-form-open"); await p.locator(".wrong").first().waitFor(); } },
  { name: "starting", scene: "starting", state: "Starting" },
  { name: "standby", scene: "standby", state: "Standby", moving: true },
  { name: "questioning", scene: "questioning", state: "Questioning", moving: true, act: async (p) => { await tap(p, "marker-rights-read"); await p.locator("[data-testid=marker-rights-read].done").waitFor(); } },
  { name: "alarm", scene: "alarm", state: "Questioning" },
  { name: "not-mine", role: "officer", scene: "questioning", state: "Questioning" },
  { name: "words", scene: "questioning", state: "Questioning", act: (p) => tap(p, "marker-other") },
  { name: "people", scene: "questioning", state: "Questioning", act: async (p) => { await tap(p, "go-people"); await settled(p); await tap(p, "in-defender"); } },
  { name: "classify", scene: "questioning", state: "Questioning", act: async (p) => { await tap(p, "go-classify"); await settled(p); await tap(p, "re-category-organised-crime"); } },
  { name: "classify-circumstances", scene: "questioning", state: "Questioning", act: async (p) => { await tap(p, "go-classify"); await settled(p); await tap(p, "re-step-circumstances"); await tap(p, "re-circumstances-minor-yes"); } },
  { name: "ending", scene: "questioning", state: "Questioning", act: async (p) => { await settled(p); await held(p, "action-end", "ending-broken-off"); await tap(p, "ending-broken-off"); } },
  { name: "closing", scene: "closing", state: "Closing" },
  { name: "locked", scene: "locked", state: "Locked", wait: 700 },
  { name: "locked-called", scene: "called", state: "Locked", wait: 700 },
  { name: "rooms-called", scene: "called", path: () => "/", wait: 700 },
  { name: "locked-break-off", scene: "locked", state: "Locked", act: async (p) => { await settled(p); await held(p, "action-break-off", "action-break-confirm"); } },
  { name: "locked-free", scene: "free", state: "Locked" },
  { name: "locked-unrecorded", scene: "free", state: "Locked", act: async (p) => { await tap(p, "action-unrecorded"); await settled(p); await tap(p, "unrecorded-urgent"); } },
  { name: "locked-move", scene: "locked", state: "Locked", act: async (p) => { await tap(p, "action-move"); await settled(p); await tap(p, "move-van1"); await settled(p); } },
  { name: "locked-changed", scene: "exchanged", state: "Locked", act: (p) => p.waitForFunction(() => document.querySelector("[data-testid=accept-pic] video").currentTime > 0) },
  { name: "locked-refused", scene: "refused", state: "Locked" },
  // The room's own screen, after its session went on elsewhere.
  { name: "gone", role: "panel", scene: "locked", state: "Locked", before: moved },
  { name: "locked-cleared", scene: "cleared", state: "Locked" },
  { name: "resuming", scene: "resuming", state: "Resuming" },
  { name: "line", scene: "resuming", state: "Resuming", act: async (p) => { await tap(p, "answer-no"); await tap(p, "action-confirm"); await p.getByTestId("line").waitFor(); await settled(p); } },
  { name: "unrecorded", scene: "unrecorded", state: "Unrecorded" },
  { name: "sealed", scene: "sealed", state: "Sealed" },
  { name: "sessions", scene: "sealed", path: () => "/sessions" },
  { name: "session", scene: "sealed", there: "#stills [data-drawn]:last-child", wait: 300, path: async (p, base) => { await proven(p, base, "made"); return `/sessions/${await sealedID(p, base)}`; } },
  { name: "told", role: "supervisor", scene: "questioning", state: "Questioning", moving: true, tell: onTheWay },
  { name: "told-locked", role: "supervisor", scene: "locked", state: "Locked", tell: onTheWay },
  { name: "observation", role: "supervisor", scene: "called", many: true, wait: 1500, path: () => "/observation#room3" },
  { name: "observation-approve", role: "supervisor", scene: "refused", many: true, wait: 1500, path: () => "/observation#room3" },
  { name: "approvals", role: "approver", scene: "refused", path: () => "/approvals", act: async (p) => { await p.getByTestId("approval-refused-room3").waitFor(); } },
  { name: "approvals-never", role: "approver", scene: "locked", path: () => "/approvals", act: async (p) => { await p.getByTestId("approval-no-room3").waitFor(); } },
  { name: "observation-calm", role: "supervisor", scene: "questioning", wait: 1500, path: () => "/observation#room3" },
  { name: "accesses", role: "auditor", scene: "sealed", path: () => "/accesses", before: async (p, base) => { await p.context().addCookies([{ name: "fake-role", value: "reviewer", url: base }]); await p.request.get(`${base}/sessions/${(await (await p.request.get(`${base}/api/v1/sessions`)).json())[0].id}`); } },
  { name: "station", role: "administrator", scene: "unfit", path: () => "/station" },
  { name: "pad", scene: "questioning", state: "Questioning", act: typed },
  // A line that the disks have not taken yet.
  { name: "pad-waiting", scene: "questioning", state: "Questioning", act: async (p) => {
    await p.route("**/api/v1/sessions/*/pad", (r) => (r.request().method() === "POST" ? undefined : r.fallback()));
    await typed(p, "[data-waiting]");
  } },
  { name: "transcript-none", scene: "sealed", path: paper("none"), act: read("none") },
  { name: "transcript-differs", scene: "sealed", path: paper("differs"), act: read("differs") },
  { name: "transcript-explained", scene: "sealed", path: paper("explained"), act: read("explained") },
  { name: "transcript-unreadable", scene: "sealed", path: paper("unreadable"), act: read("unreadable") },
  { name: "transcript-read-only", scene: "sealed", path: async (p, base) => { await proven(p, base, "wrong"); return paper("read-only")(p, base); }, act: read("differs") },
  { name: "transcripts-month", scene: "sealed", path: async (p, base) => { await paper("explained")(p, base); return "/transcripts"; } },
  { name: "sign-in", signed: "nobody", path: () => "/sign-in" },
  { name: "sign-in-refused", signed: "nobody", path: () => "/sign-in", act: async (p) => { await p.getByTestId("id").fill(`x${Date.now()}`); await p.getByTestId("secret").fill("not it"); await p.getByTestId("sign-in").click(); await p.getByTestId("wrong").waitFor(); } },
  { name: "first", signed: "nobody", path: async (p, base) => (await p.request.get(`${base}/fake/first`)).text() },
  { name: "me", signed: "0417", path: () => "/me" },
  { name: "me-refused", signed: "0417", path: () => "/me", act: async (p) => { await p.getByTestId("present").fill("not it"); await p.getByTestId("secret").fill("long enough to be one"); await p.getByTestId("again").fill("long enough to be another"); await p.getByTestId("change").click(); await p.getByTestId("wrong").waitFor(); } },
  { name: "people-page", signed: "admin", path: () => "/people" },
  { name: "people-panel-link", signed: "admin", path: () => "/people", act: offered },
  { name: "enrol", signed: "admin", path: () => "/people", act: async (p) => {
    await offered(p);
    await p.goto(await p.getByTestId("panel-link").locator("code").textContent());
    await p.getByTestId("enrol").waitFor();
  } },
  { name: "tokens", signed: "admin", path: () => "/tokens" },
  { name: "certificate", scene: "sealed", path: async (p, base) => { await proven(p, base, "awaited"); return `/sessions/${await sealedID(p, base)}/certificate`; } },
  { name: "not-found", scene: "ready", path: () => "/rooms/none" },
];

// inside signs somebody in at a site where people sign in, unless they are; "nobody" is signed out.
async function inside(page, base, who) {
  const jar = page.context();
  const now = (await jar.cookies(base)).find((c) => c.name === "roomrec-test-who")?.value;
  if (now === who) return;
  await jar.clearCookies({ name: "roomrec" });
  if (who !== "nobody") {
    await page.goto(`${base}/sign-in`);
    await page.getByTestId("id").fill(who);
    await page.getByTestId("secret").fill("correct horse battery");
    await page.getByTestId("secret").press("Enter");
    await page.waitForURL(`${base}/`);
  }
  await jar.addCookies([{ name: "roomrec-test-who", value: who, url: base }]);
}

// visit goes to a scene and waits until it stands. signed is a site where people sign in.
export async function visit(page, base, scene, signed) {
  if (scene.signed) {
    base = signed.replace(/\/$/, "");
    await inside(page, base, scene.signed);
  } else {
    const set = await page.request.post(`${base}/fake/scene?room=room3&scene=${scene.scene}`);
    if (!set.ok()) throw new Error(await set.text());
    await page.request.post(`${base}/fake/many?rooms=${scene.many ? "many" : "few"}`);
  }
  if (scene.before) await scene.before(page, base);
  if (scene.role) await page.context().addCookies([{ name: "fake-role", value: scene.role, url: base }]);
  else await page.context().clearCookies({ name: "fake-role" });
  if (scene.tell) await page.request.post(`${base}/api/v1/rooms/room3/message`, { data: { text: scene.tell[(await page.context().cookies(base)).find((c) => c.name === "roomrec-lang")?.value] || scene.tell.en }, headers: { "Idempotency-Key": `tell-${Date.now()}` } });
  await page.goto(new URL(scene.path ? await scene.path(page, base) : "/rooms/room3", base).href);
  if (scene.state) {
    await page.locator(`[data-testid=state][data-state=${scene.state}]`).waitFor();
    await settled(page);
  }
  if (scene.act) await scene.act(page);
  await page.waitForFunction(() => document.getElementById("clock")?.textContent !== "--:--:--");
  if (scene.there) await page.locator(scene.there).waitFor();
  // Where pictures move, until the first of each is there; then until what is drawn is on the screen.
  if (scene.moving) await page.waitForFunction(() => [...document.querySelectorAll("figure:not([hidden]) video")].every((v) => v.videoWidth && v.currentTime > 0));
  if (scene.wait) await page.waitForTimeout(scene.wait);
  await drawn(page);
}

// drawn waits until all fonts are there and two frames have been drawn.
export const drawn = (page) => page.evaluate(async () => {
  await document.fonts.ready;
  for (let i = 0; i < 2; i++) await new Promise((done) => requestAnimationFrame(done));
});
