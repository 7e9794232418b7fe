// A session's recordings are played over what one camera lacks: whoever plays it sees what the others recorded
// meanwhile, and what comes after a camera's end.
//
//	node gaps.mjs BASE SPEED [part of a name]
//
// The playlists of the site are cut here, as they are when a camera was lost or the session went to another room.
// What was shown is what the players say they played: a busy machine shows fewer pictures of it, and leaves out none.
import { check, launch, open, PATIENCE } from "./chromium.mjs";

const [base, speed, only = ""] = process.argv.slice(2);
const browser = await launch();

// cut leaves those entries of a playlist whose numbers keep says.
function cut(text, keep) {
  const lines = text.split("\n");
  const map = lines.find((l) => l.startsWith("#EXT-X-MAP"));
  const from = lines.findIndex((l) => l.startsWith("#EXT-X-PROGRAM"));
  const entries = [];
  for (let i = from; lines[i].startsWith("#EXT-X-PROGRAM"); i += 4) entries.push(lines.slice(i, i + 4));
  check(entries.length === 3, `the playlist has ${entries.length} entries`);
  const out = lines.slice(0, from);
  let last = -1;
  for (const n of keep) {
    if (last >= 0 && n !== last + 1) out.push("#EXT-X-DISCONTINUITY", map);
    out.push(...entries[n]);
    last = n;
  }
  return [...out, "#EXT-X-ENDLIST", ""].join("\n");
}

// played plays a session whose cameras have only those parts, from an instant on to its end. It returns what each
// camera played, as stretches of its own player, at which instants it said that it shows something, in seconds after
// the opening, and whether it plays on.
async function played(front, room, from) {
  const { page, context, wrong } = await open(browser, base);
  await page.request.post(`${base}/fake/scene?room=room3&scene=sealed`);
  const [session] = await (await page.request.get(`${base}/api/v1/sessions`)).json();
  for (const [camera, keep] of Object.entries({ front, room })) {
    await page.route(`**/cameras/room3/${camera}/playlist.m3u8`, async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: cut(await answer.text(), keep) });
    });
  }
  await page.goto(`${base}/sessions/${session.id}`);
  await page.waitForFunction(() => [...document.querySelectorAll("#players figure")].every((f) => f.querySelector("video").readyState >= 3 || f.dataset.at === ""));
  await page.waitForFunction(() => [...document.querySelectorAll("#players figure")].some((f) => Number(f.dataset.at) > 0));
  await page.locator(`[name=speed][value="${speed}"]`).check({ force: true });
  const seen = await page.evaluate(async ({ begin, from, patience }) => {
    const figures = [...document.querySelectorAll("#players figure")];
    const wait = (ms) => new Promise((done) => setTimeout(done, ms));
    document.dispatchEvent(new CustomEvent("roomrec:seek", { detail: begin + 1000 * from }));
    while (figures.some((f) => f.querySelector("video").seeking)) await wait(40);
    const said = { front: [], room: [] };
    const button = document.getElementById("playing");
    const playing = () => button.querySelector("use").getAttribute("href") === "#halt";
    button.click();
    for (const end = performance.now() + patience; playing() && performance.now() < end; await wait(40)) {
      for (const f of figures) if (Number(f.dataset.at)) said[f.dataset.camera].push((Number(f.dataset.at) - begin) / 1000);
    }
    const stretches = Object.fromEntries(figures.map((f) => {
      const r = f.querySelector("video").played;
      return [f.dataset.camera, Array.from({ length: r.length }, (_, i) => [r.start(i), r.end(i)])];
    }));
    return { ...stretches, said, still: playing() };
  }, { begin: Date.parse(session.opened), from, patience: PATIENCE });
  check(wrong.length === 0, wrong.join("\n"));
  await context.close();
  check(!seen.still, "at the end it plays on");
  return seen;
}

// whole checks that a stretch was played without a leap.
function whole(stretches, from, to, message) {
  check(stretches.some(([a, b]) => a <= from && b >= to), `${message}: ${JSON.stringify(stretches)} were played, want ${from} to ${to} whole`);
}

const tests = {
  // The first camera lacks 6 to 12; the other recorded on.
  "a gap of the first camera": async () => {
    const { room, front, said } = await played([0, 2], [0, 1, 2], 4.5);
    whole(room, 6.3, 11.7, "of what one camera recorded while the other lacked");
    check(!said.front.some((s) => s > 6.5 && s < 11.5), "the camera that recorded nothing claims to show it");
    check(front.some(([, b]) => b > 11), `the camera that came back is not shown again: ${JSON.stringify(front)}`);
  },
  // The first camera was lost for good at 6.
  "the first camera's end": async () => {
    const { room } = await played([0], [0, 1, 2], 4.5);
    whole(room, 6.3, 17.5, "of what one camera recorded after the other's end");
  },
  // It went to another room at 6 and goes on there at 12.
  "another room": async () => {
    const { room } = await played([0], [2], 4.5);
    whole(room, 0.3, 5.5, "of what the other room recorded");
  },
  // The session went to another room at 6, where recording began at 12: the first room's cameras lack nothing from 6 on.
  "another room on the timeline": async () => {
    for (const [lang, elsewhere, nothing] of [["en", "The session was in Mobile unit 1", "Nothing was recorded"], ["zh-CN", "在移动设备 1", "没有录制内容"]]) {
      const { page, context, wrong } = await open(browser, base, { lang });
      await page.request.post(`${base}/fake/scene?room=room3&scene=sealed`);
      const [session] = await (await page.request.get(`${base}/api/v1/sessions`)).json();
      const begin = Date.parse(session.opened);
      const moved = new Date(begin + 6000).toISOString();
      await page.route(`**/api/v1/sessions/${session.id}`, async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, json: { ...(await answer.json()), stays: [
          { room: "room3", name: { en: "Interview room 3", "zh-CN": "3 号讯问室" }, from: session.opened },
          { room: "van1", name: { en: "Mobile unit 1", "zh-CN": "移动设备 1" }, from: moved },
        ] } });
      });
      await page.route(`**/sessions/${session.id}`, async (route) => {
        if (route.request().resourceType() !== "document") return route.fallback();
        const answer = await route.fetch();
        await route.fulfill({ response: answer, body: (await answer.text()).replace('data-room="room3" data-camera="room"', 'data-room="van1" data-camera="room"') });
      });
      for (const [of, keep] of Object.entries({ "room3/front": [0], "van1/room": [2] })) {
        await page.route(`**/cameras/${of}/playlist.m3u8`, async (route) => {
          const answer = await route.fetch();
          await route.fulfill({ response: answer, body: cut(await answer.text(), keep) });
        });
      }
      await page.goto(`${base}/sessions/${session.id}`);
      await page.waitForFunction(() => document.querySelectorAll("#timeline .t-rec").length >= 3); // of both cameras and the session
      const drawn = await page.locator("#timeline").evaluate((timeline) => [...timeline.querySelectorAll(":scope > svg")].slice(2, 4).map((s) => Object.fromEntries(["t-rec", "t-gap", "t-away"].map((look) => [look, [...s.querySelectorAll(`rect.${look}`)].map((r) => [parseFloat(r.getAttribute("x")), parseFloat(r.getAttribute("width")), r.textContent])]))));
      for (const [i, [from, length]] of [[30, 70], [0, 30]].entries()) {
        check(drawn[i]["t-gap"].length === 0, `a camera of the room in which the session was not is drawn as lost: ${JSON.stringify(drawn[i])}`);
        check(drawn[i]["t-away"].length === 1, `where the session was is not drawn: ${JSON.stringify(drawn[i])}`);
        const [x, width] = drawn[i]["t-away"][0];
        check(Math.abs(x - from) < 3 && Math.abs(width - length) < 3, `${lang}: drawn from ${x} for ${width}, want ${from} and ${length}`);
      }
      check(drawn[0]["t-away"][0][2].includes(elsewhere.replace("The session was in ", "")), `what is drawn says ${drawn[0]["t-away"][0][2]}`);
      await page.evaluate((at) => document.dispatchEvent(new CustomEvent("roomrec:seek", { detail: at })), begin + 9000);
      await page.getByTestId("play-front").getByText(elsewhere).waitFor();
      await page.getByTestId("play-room").getByText(nothing).waitFor();
      await page.waitForFunction((begin) => [...document.querySelectorAll("#stills [data-at]:has(canvas)")].every((f) => {
        const at = (Date.parse(f.dataset.at) - begin) / 1000;
        return f.dataset.drawn === "true" || at >= 6 && at < 12 && f.querySelector(".none");
      }), begin); // what the first room's camera lacks the other room's has
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/moved.${lang}.png`, fullPage: true });
      check(wrong.length === 0, wrong.join("\n"));
      await context.close();
    }
  },
  // While a session is recorded the playlist's last entry grows. A player that has it already does not ask for the rest:
  // where it has no picture it claims to show none.
  "the last entry grows, on the timeline": async () => {
    const { page, context } = await open(browser, base);
    await page.request.post(`${base}/fake/scene?room=room3&scene=sealed`);
    const [session] = await (await page.request.get(`${base}/api/v1/sessions`)).json();
    const begin = Date.parse(session.opened);
    let grown = false;
    await page.route("**/cameras/room3/room/playlist.m3u8", (route) => route.abort());
    await page.route("**/cameras/room3/front/playlist.m3u8", async (route) => {
      const answer = await route.fetch();
      const lines = (await answer.text()).replace("VOD", "EVENT").split("\n").filter((l) => l && !l.startsWith("#EXT-X-ENDLIST"));
      const from = lines.findIndex((l) => l.startsWith("#EXT-X-PROGRAM"));
      if (!grown) { // of the second entry the first two fragments, of a second each
        const [, size, at] = lines[from + 6].match(/BYTERANGE:(\d+)@(\d+)/).map(Number);
        const entry = (await (await page.request.get(base + lines[from + 7])).body()).subarray(at, at + size);
        const starts = [];
        for (let o = 0; o < size; o += entry.readUInt32BE(o)) if (entry.toString("latin1", o + 4, o + 8) === "prft") starts.push(o);
        lines.splice(from + 5, Infinity, "#EXTINF:2.000000,", `#EXT-X-BYTERANGE:${starts[2]}@${at}`, lines[from + 7]);
      }
      await route.fulfill({ response: answer, body: [...lines, ""].join("\n") });
    });
    await page.goto(`${base}/sessions/${session.id}`);
    const front = page.getByTestId("play-front");
    const shows = (from, to) => page.waitForFunction(([from, to]) => {
      const at = Number(document.querySelector("[data-testid=play-front]").dataset.at);
      return at >= from && at < to;
    }, [begin + 1000 * from, begin + 1000 * to]);
    const seek = (s) => page.evaluate((at) => document.dispatchEvent(new CustomEvent("roomrec:seek", { detail: at })), begin + 1000 * s);
    await shows(0, 1);
    await seek(6.5);
    await shows(6, 7);
    grown = true;
    await page.waitForFunction(() => { const b = document.querySelector("[data-testid=play-front] video").buffered; return b.length && b.end(b.length - 1) > 14; });
    await seek(13);
    await shows(12.9, 13.1);
    await seek(9.5);
    await front.getByText("Loading").waitFor();
    const claim = await front.evaluate((f) => [f.dataset.at, f.querySelector("time").textContent, f.querySelector("video").readyState < 2]);
    check(!claim[2] || (claim[0] === "" && claim[1] === "–"), `a picture of another time stands under ${claim[1]}`);
    await seek(13);
    await shows(12.9, 13.1);
    await context.close();
  },
};
let bad = 0;
for (const [name, run] of Object.entries(tests).filter(([n]) => n.includes(only))) {
  try {
    await run();
  } catch (e) {
    bad++;
    console.error(`${name}: ${e.message}`);
  }
}
await browser.close();
process.exit(bad ? 1 : 0);
