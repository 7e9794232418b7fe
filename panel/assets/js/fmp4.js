// Just enough of fragmented MP4 to know when a fragment is shown: the time scale of an init segment
// and the decode time of a fragment.

function* boxes(view, from, to) {
  for (let at = from; at + 8 <= to;) {
    const size = view.getUint32(at);
    if (size < 8 || at + size > to) return;
    const type = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5), view.getUint8(at + 6), view.getUint8(at + 7));
    yield { type, from: at + 8, to: at + size };
    at += size;
  }
}

function find(view, from, to, ...path) {
  for (const b of boxes(view, from, to)) {
    if (b.type !== path[0]) continue;
    if (path.length === 1) return b;
    const inner = find(view, b.from, b.to, ...path.slice(1));
    if (inner) return inner;
  }
  return null;
}

const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function timescale(bytes) {
  const view = viewOf(bytes);
  const b = find(view, 0, view.byteLength, "moov", "trak", "mdia", "mdhd");
  if (!b) return 0;
  return view.getUint32(b.from + (view.getUint8(b.from) === 1 ? 20 : 12));
}

export function decodeTime(bytes) {
  const view = viewOf(bytes);
  const b = find(view, 0, view.byteLength, "moof", "traf", "tfdt");
  if (!b) return null;
  return view.getUint8(b.from) === 1 ? Number(view.getBigUint64(b.from + 4)) : view.getUint32(b.from + 4);
}
