"""The header of a segment, ftyp and moov, as docs/format.md has it byte for byte."""

import struct

from notes import Wrong

SINCE_1904 = 2_082_844_800
KEY, OTHER = 0x02000000, 0x01010000
ENTRIES = {1: (b"avc3", b"avc1"), 2: (b"hev1", b"hvc1"), 3: (b"mp4a",), 4: (b"Opus",), 5: (b"alaw",), 6: (b"ulaw",), 7: (b"ipcm",)}


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind, version, flags, *parts):
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def numbers(form, *values):
    return struct.pack(">" + form, *values)


MATRIX = numbers("9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def clock_entry(width, height):
    font = box(b"ftab", numbers("HHB", 1, 1, 9), b"Monospace")
    return box(
        b"tx3g", bytes(6), numbers("HIBB", 1, 0xC0000000, 1, 0xFF), numbers("4B", 0, 0, 0, 0x80),
        numbers("4H", 0, 0, height & 0xFFFF, width & 0xFFFF), numbers("3HBBI", 0, 0, 1, 0, 18, 0xFFFFFFFF), font)


def track(ident, seconds, handler, name, scale, size, kind_of_media, entry):
    sound = handler == b"soun"
    tkhd = full(
        b"tkhd", 1, 3, numbers("QQIIQ", seconds, seconds, ident, 0, 0), bytes(8), numbers("4H", 0, 0, 0x100 if sound else 0, 0),
        MATRIX, numbers("II", size[0] << 16 & 0xFFFFFFFF, size[1] << 16 & 0xFFFFFFFF))
    mdhd = full(b"mdhd", 1, 0, numbers("QQIQHH", seconds, seconds, scale, 0, 0x55C4, 0))
    hdlr = full(b"hdlr", 0, 0, bytes(4), handler, bytes(12), name, b"\0")
    data = box(b"dinf", full(b"dref", 0, 0, numbers("I", 1), full(b"url ", 0, 1)))
    none = [full(kind, 0, 0, bytes(4)) for kind in (b"stts", b"stsc", b"stco")]
    table = box(b"stbl", full(b"stsd", 0, 0, numbers("I", 1), entry), *none, full(b"stsz", 0, 0, bytes(8)))
    return box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, box(b"minf", kind_of_media, data, table)))


def movie(origin, tracks, entries, private):
    """ftyp and moov of such tracks, with these sample entries and this private box."""
    seconds = (abs(origin) // 1_000_000_000 * (1 if origin >= 0 else -1) + SINCE_1904) & (1 << 64) - 1
    parts, size = [], None
    for i, (t, entry) in enumerate(zip(tracks, entries)):
        if t.pictures:
            size = size or (t.size[0], max(t.size[1] // 10, 32))
            parts.append(track(i + 1, seconds, b"vide", b"picture", t.rate, t.size, full(b"vmhd", 0, 1, bytes(8)), entry))
        else:
            parts.append(track(i + 1, seconds, b"soun", b"sound", t.rate, (0, 0), full(b"smhd", 0, 0, bytes(4)), entry))
    size = size or (640, 64)
    parts.append(track(len(tracks) + 1, seconds, b"sbtl", b"clock", 90_000, size, full(b"nmhd", 0, 0), clock_entry(*size)))
    mvhd = full(
        b"mvhd", 1, 0, numbers("QQIQIH", seconds, seconds, 1000, 0, 0x10000, 0x100), bytes(10), MATRIX, bytes(24), numbers("I", len(tracks) + 2))
    extends = [full(b"trex", 0, 0, numbers("5I", i + 1, 1, 0, 0, OTHER if i < len(tracks) and tracks[i].pictures else KEY)) for i in range(len(tracks) + 1)]
    ftyp = box(b"ftyp", b"iso6", numbers("I", 0x200), b"iso6isommp41")
    return ftyp + box(b"moov", mvhd, *parts, box(b"mvex", *extends), private)


def check(head, moov, origin, tracks):
    """Raises Wrong unless a header is the one that belongs to such tracks; moov are the fields of its body."""
    entries, private = [], b""
    while moov.left():
        at = moov.at
        kind, inside = moov.inner()
        private = moov.data[at:moov.at]
        if kind != b"trak" or len(entries) >= len(tracks):
            continue
        for want in (b"mdia", b"minf", b"stbl", b"stsd"):
            kind, deeper = inside.inner()
            while kind != want:
                kind, deeper = inside.inner()
            inside = deeper
        if inside.full() is None or inside.number("I") != 1:
            raise Wrong("not one sample entry")
        entry = inside.take(inside.left())
        if entry[4:8] not in ENTRIES[tracks[len(entries)].codec] or len(entry) != struct.unpack(">I", entry[:4])[0]:
            raise Wrong("a sample entry of another kind")
        entries.append(entry)
    if len(entries) != len(tracks) or movie(origin, tracks, entries, private) != head:
        raise Wrong("not the header that belongs to such tracks")
