// What the camera saw at each marker, drawn out of the recording itself. A still is called drawn only when its
// canvas holds a picture. What has not come in time is asked for again, with more patience; in the end the still
// says in words that its picture did not come. A press on a still goes to its instant.

import { h } from "./dom.js";
import { t } from "./words.js";
import { instant } from "./times.js";

// How long one picture is waited for, in ms, the first time and each time after that.
const PATIENCE = [8000, 16000, 32000];
// How far from the wanted instant, in seconds, the player may stand: it steps over what is missing.
const NEAR = 0.5;

const id = document.body.dataset.session;

// said puts words under a still.
const said = (figure, key) => figure.append(h("small", { class: "none" }, t(key)));

// listed waits for the camera's playlist; without one in time it is null.
const listed = (hls, patience) => new Promise((done) => {
  const late = setTimeout(done, patience, null);
  const end = (details) => {
    clearTimeout(late);
    done(details);
  };
  hls.on(Hls.Events.LEVEL_LOADED, (_, d) => end(d.details));
  hls.on(Hls.Events.ERROR, (_, e) => { if (e.fatal) end(null); });
});

// place is where in the playlist a still's instant lies, in seconds, or null where nothing was recorded.
function place(figure, { fragments }) {
  let wanted = instant(figure.dataset.at);
  // A camera's first picture comes after the opening.
  if (figure.dataset.first && fragments[0]) wanted = Math.max(wanted, fragments[0].programDateTime);
  const f = fragments.find((x) => wanted >= x.programDateTime - 1 && wanted < x.programDateTime + x.duration * 1000);
  return f ? f.start + (wanted - f.programDateTime) / 1000 + 0.02 : null;
}

// drawn draws the picture that the video stands at, and says whether there was one.
function drawn(canvas, video) {
  const paper = canvas.getContext("2d", { willReadFrequently: true });
  paper.drawImage(video, 0, 0, canvas.width, canvas.height);
  return paper.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data[3] === 255;
}

// drawAt draws what the video shows at a place, and says whether it came in time.
const drawAt = (canvas, video, at, patience) => new Promise((done) => {
  const end = (yes) => {
    clearTimeout(late);
    clearInterval(again);
    video.onseeked = video.onloadeddata = video.oncanplay = null;
    done(yes);
  };
  const late = setTimeout(end, patience, false);
  // The first seek may end before there is any picture, or elsewhere.
  const there = (e) => {
    if (video.seeking || video.readyState < 2) return;
    if (Math.abs(video.currentTime - at) <= NEAR) {
      if (drawn(canvas, video)) end(true);
    } else if (e) {
      video.currentTime = at;
    }
  };
  video.onseeked = video.onloadeddata = video.oncanplay = there;
  // A picture may be ready to be drawn a moment after the last of these events, and nothing says so.
  const again = setInterval(there, 100);
  video.currentTime = at;
});

// round draws those stills whose pictures come in time. It returns those that come late, and those of whose instant the
// camera recorded nothing.
async function round(figures, camera, patience) {
  const video = h("video", { muted: true, playsinline: true });
  video.muted = true;
  const hls = new Hls({ enableWorker: false, maxBufferLength: 2, backBufferLength: 0 });
  hls.loadSource(`/api/v1/sessions/${id}/cameras/${camera.room}/${camera.camera}/playlist.m3u8`);
  hls.attachMedia(video);
  const details = await listed(hls, patience);
  const late = details ? [] : figures;
  const none = [];
  for (const figure of details ? figures : []) {
    const at = place(figure, details);
    if (at === null) none.push(figure);
    else if (await drawAt(figure.querySelector("canvas"), video, at, patience)) figure.dataset.drawn = "true";
    else late.push(figure);
  }
  hls.destroy();
  return { late, none };
}

for (const f of document.querySelectorAll("#stills button")) {
  f.addEventListener("click", () => document.dispatchEvent(new CustomEvent("roomrec:seek", { detail: instant(f.dataset.at) })));
}

let left = [...document.querySelectorAll("#stills [data-at]:has(canvas)")];
const cameras = [...document.querySelectorAll("#players figure[data-playable=true]")].map((f) => f.dataset);
for (const patience of cameras.length ? PATIENCE : []) {
  let none = left;
  left = [];
  // What the first camera lacks, as where the session was in another room then, the next may have.
  for (const camera of cameras) {
    if (!none.length) break;
    const { late, none: others } = await round(none, camera, patience);
    left.push(...late);
    none = others;
  }
  for (const figure of none) said(figure, "session.pic.gap");
}
for (const figure of cameras.length ? left : []) {
  figure.dataset.missed = "true";
  said(figure, "session.pic.late");
}
