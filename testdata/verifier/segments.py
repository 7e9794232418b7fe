"""Segments, as docs/format.md has them: boxes, samples, times, clock text, leaves and their chain."""

import struct
from datetime import datetime, timedelta, timezone

import movie
from notes import Cut, Unknown, Wrong, sha

HEADER_BOX = bytes.fromhex("6f1c3a528d0e4b7a9c552e1f40a7d301")
FRAGMENT_BOX = bytes.fromhex("6f1c3a528d0e4b7a9c552e1f40a7d302")
SCALE = 90_000  # of the clock text, ticks per second
SECOND = 1_000_000_000
SINCE_1900 = 2_208_988_800
MAX_HEADER, MAX_PRIVATE, MAX_MOOF, MAX_MDAT = 256 << 10, 64 << 10, 2 << 20, (1 << 28) + 8
MAX_SAMPLES, MAX_TICKS, FAR = 1 << 16, 1 << 46, (1 << 63) // 4
KEY, OTHER = 0x02000000, 0x01010000


class Fields:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if self.at + n > len(self.data):
            raise Wrong("a box is too short")
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]

    def text(self):
        return self.take(self.number("H"))

    def left(self):
        return len(self.data) - self.at

    def end(self):
        if self.left():
            raise Wrong("a box is too long")

    def inner(self, kind=None):
        """The type and the fields of the next box inside this one."""
        size, name = self.number("I"), bytes(self.take(4))
        if size < 8 or kind is not None and name != kind:
            raise Wrong("%r of %d bytes" % (name, size))
        return name, Fields(self.take(size - 8))

    def full(self):
        """Version and flags."""
        v = self.number("I")
        return v >> 24, v & 0xFFFFFF


def box(data, at, kind, most):
    """The end of a box of the file's top level."""
    if at + 8 > len(data):
        raise Cut("the file ends in the head of a box")
    size, = struct.unpack(">I", data[at:at + 4])
    if data[at + 4:at + 8] != kind or size < 8 or size > most:
        raise Wrong("no %s that is possible" % kind.decode())
    if at + size > len(data):
        raise Cut("the file ends inside %s" % kind.decode())
    return at + size


def private(fields, kind, other):
    if fields.take(16) != kind:
        raise Wrong("a uuid box of another kind")
    version, flags = fields.full()
    if version != 1:
        raise other("private box of version %d" % version)
    if flags:
        raise Wrong("flags")


class Track:
    def __init__(self, fields, number):
        ident, self.codec, sets = fields.number("I"), fields.number("B"), fields.number("B")
        fields.take(2)
        self.rate = fields.number("I")
        fields.take(4)
        self.size = fields.number("I"), fields.number("I")
        for _ in range(4):
            fields.text()
        self.pictures = self.codec in (1, 2)
        if ident != number or sets > 2 or not self.rate or not 1 <= self.codec <= 7:
            raise Wrong("track %d is described impossibly" % number)


class Place:
    """Where a fragment lies: in ticks of the clock text, and on the wall."""

    def __init__(self, f):
        self.first, self.last = f.number("q"), f.number("q")
        self.start, _, self.stop, _ = (f.number("q") for _ in range(4))
        self.zone = f.number("i")
        if max(abs(self.first), abs(self.last)) > MAX_TICKS or max(abs(self.start), abs(self.stop)) > FAR:
            raise Wrong("an impossible time")
        self.wall, self.ticks = self.stop - self.start, self.last - self.first
        if self.wall <= 0 or self.ticks <= 0:
            self.wall, self.ticks = SECOND, SCALE

    def wall_at(self, tick):
        return self.start + (tick - self.first) * self.wall // self.ticks

    def tick_at(self, wall):
        return self.first - (self.start - wall) * self.ticks // self.wall

    def lines(self, after):
        """The clock's lines, each with its tick."""
        at, out = max(after, self.last - 60 * SCALE), []
        while at < self.last and len(out) < 128:
            second = self.wall_at(at) // SECOND
            shown = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=second + self.zone)
            minutes = abs(self.zone) // 60
            text = "%s %s%02d:%02d" % (shown.strftime("%Y-%m-%d %H:%M:%S"), "-" if self.zone <= -60 else "+", minutes // 60, minutes % 60)
            out.append((at, text.encode()))
            at = max(at + 1, self.tick_at((second + 1) * SECOND))
        return out


class Sample:
    def __init__(self, duration, size, offset):
        self.duration, self.size, self.offset = duration, size, offset


class Share:
    """What a fragment has of one track."""

    def __init__(self, traf, data_at, left):
        head, time, run = traf.inner(b"tfhd")[1], traf.inner(b"tfdt")[1], traf.inner(b"trun")[1]
        traf.end()
        version, flags = head.full()
        if version or not flags & 0x020000 or flags & ~0x020038:
            raise Wrong("tfhd")
        self.track = head.number("I")
        duration = head.number("I") if flags & 0x08 else 0
        size = head.number("I") if flags & 0x10 else 0
        if flags & 0x20:
            sample_flags(head)
        head.end()
        if time.full() != (1, 0):
            raise Wrong("tfdt")
        self.decode = time.number("q")
        time.end()
        if not 0 <= self.decode <= MAX_TICKS:
            raise Wrong("an impossible decode time")
        version, per = run.full()
        if version != 1 or per & ~0xF05 or not per & 1:
            raise Wrong("trun")
        for whole, each in ((0x08, 0x100), (0x10, 0x200), (0x20, 0x400)):
            if bool(flags & whole) == bool(per & each):
                raise Wrong("a property of samples is said twice, or not at all")
        if per & 0x400 and per & 4:
            raise Wrong("flags of the first sample, and of each")
        count, offset = run.number("I"), run.number("i")
        if not 0 < count <= left:
            raise Wrong("an impossible number of samples")
        if offset != data_at:
            raise Wrong("the data are said to be elsewhere")
        if per & 4:
            sample_flags(run)
        if run.left() != 4 * count * sum(bool(per & f) for f in (0x100, 0x200, 0x400, 0x800)):
            raise Wrong("trun has the wrong size")
        self.samples = []
        for _ in range(count):
            d = run.number("I") if per & 0x100 else duration
            s = run.number("I") if per & 0x200 else size
            if per & 0x400:
                sample_flags(run)
            self.samples.append(Sample(d, s, run.number("i") if per & 0x800 else 0))
        self.bytes = sum(s.size for s in self.samples)


def sample_flags(fields):
    if fields.number("I") not in (KEY, OTHER):
        raise Wrong("unknown flags of a sample")


class Segment:
    """A segment: its header, and of every whole fragment sequence, leaf, times and counters."""

    def __init__(self, data):
        self.fragments, self.whole, self.torn, self.broken, self.header = [], 0, None, [], None
        self.text_at = 0
        try:
            at = box(data, 0, b"ftyp", MAX_HEADER)
            end = box(data, at, b"moov", MAX_HEADER - at)
            self.read_header(Fields(data[at + 8:end]))
            try:
                movie.check(data[:end], Fields(data[at + 8:end]), self.origin, self.tracks)
            except (Wrong, struct.error) as e:
                self.broken.append("the movie header: %s" % e)
            self.last = sha(data[:end])
            self.whole = end
            while self.whole < len(data):
                self.read_fragment(data)
        except Wrong as e:
            self.torn = e

    def read_header(self, moov):
        found = None
        while moov.left():
            kind, inside = moov.inner()
            if kind == b"uuid":
                if found is not None:
                    raise Wrong("two private boxes")
                found = inside
        if found is None:
            raise Wrong("no private box")
        f = found
        private(f, HEADER_BOX, Unknown)
        if f.number("B") != 1:
            raise Unknown("hash suite")
        if f.take(3) != bytes(3):
            raise Wrong("reserved bytes")
        self.run, self.number = f.number("I"), f.number("I")
        self.origin = f.number("q")
        f.take(8)
        self.prev = f.take(32)
        self.session, self.room, self.camera = (f.text().decode("utf-8", "replace") for _ in range(3))
        f.text()
        self.tracks = [Track(f, n + 1) for n in range(f.number("H"))]
        f.end()
        if not self.tracks:
            raise Wrong("no track is described")
        self.header = True

    def read_fragment(self, data):
        at = self.whole
        a = box(data, at, b"prft", 32)
        if a - at != 32:
            raise Wrong("prft")
        b = box(data, a, b"uuid", MAX_PRIVATE)
        c = box(data, b, b"moof", MAX_MOOF)
        end = box(data, c, b"mdat", MAX_MDAT)
        f = Fields(data[a + 8:b])
        private(f, FRAGMENT_BOX, Wrong)
        sequence, prev = f.number("I"), f.take(32)
        place = Place(f)
        f.text()
        lost = []
        for _ in range(f.number("H")):
            f.take(20)
            lost.append([f.number("I") for _ in range(4)])
        f.end()
        number, shares = self.samples(Fields(data[b + 8:c]), c - b)
        if number != sequence or len(lost) != len(self.tracks):
            raise Wrong("moof, private box and header do not agree")
        clock = shares.pop(0) if shares[0].track == len(self.tracks) + 1 else None
        order = [s.track for s in shares]
        if not order or order != sorted(set(order)) or order[0] < 1 or order[-1] > len(self.tracks):
            raise Wrong("tracks")
        payload = sum(s.bytes for s in shares) + (clock.bytes if clock else 0)
        if end - c - 8 != payload or clock and clock.bytes > MAX_PRIVATE:
            raise Wrong("mdat is not what the samples need")
        if self.reference(shares, place) != data[at:a]:
            self.broken.append("fragment %d: prft is not that of its first picture" % sequence)
        if not self.shows(clock, place, data[c + 8:end]):
            self.broken.append("fragment %d: the clock text is not that of its times" % sequence)
        if prev != self.last:
            self.broken.append("fragment %d names another before it" % sequence)
        if self.fragments:
            before = self.fragments[-1]
            if sequence != before[0] + 1:
                self.broken.append("fragment %d after %d" % (sequence, before[0]))
            if any(x < y for now, was in zip(lost, before[4]) for x, y in zip(now, was)):
                self.broken.append("counters decrease")
        self.last = sha(b"\x00", data[at:end])
        self.fragments.append((sequence, self.last, place.start, place.stop, lost))
        self.whole = end
        if clock:
            self.text_at = place.last

    def samples(self, moof, size):
        head = moof.inner(b"mfhd")[1]
        if head.full()[0]:
            raise Wrong("mfhd")
        number = head.number("I")
        head.end()
        shares, left, data_at = [], MAX_SAMPLES, size + 8
        while moof.left():
            s = Share(moof.inner(b"traf")[1], data_at, left)
            left, data_at = left - len(s.samples), data_at + s.bytes
            shares.append(s)
        if not shares:
            raise Wrong("no track in moof")
        return number, shares

    def reference(self, shares, place):
        """The prft that a fragment must have."""
        best = next((s for s in shares if self.tracks[s.track - 1].pictures), shares[0])
        at = best.decode + best.samples[0].offset
        rate = self.tracks[best.track - 1].rate
        ticks = abs(at) * SCALE // rate * (-1 if at < 0 else 1) if rate != SCALE else at
        wall = place.wall_at(ticks)
        ntp = ((wall // SECOND + SINCE_1900) % (1 << 32)) << 32 | ((wall % SECOND) << 32) // SECOND
        return struct.pack(">I4sIIQq", 32, b"prft", 1 << 24 | 24, best.track, ntp, at)

    def shows(self, clock, place, payload):
        try:
            want = place.lines(self.text_at)
        except (ValueError, OverflowError):
            return False  # a year that no calendar here has
        if clock is None or not want:
            return clock is None and not want
        at, line = clock.decode, 0
        if len(clock.samples) != len(want):
            return False
        for s, (tick, text) in zip(clock.samples, want):
            sample = struct.pack(">H", len(text)) + text
            if at != tick or s.size != len(sample) or s.offset or payload[line:line + s.size] != sample:
                return False
            at, line = at + s.duration, line + s.size
        return at == place.last
