#!/usr/bin/env python3
"""Another verifier of sealed sessions, written from docs/format.md alone.

It shares no code with the program: Python's standard library, and openssl for signatures. It shows that
the format is described well enough, and that two readers who do not know one another come to the same
verdict. It does not look at samples, time text and prft: whoever changes these changes a leaf.

    verify.py FOLDER...     one line of JSON for each
    verify.py -             the same for each folder named in a line of the standard input
"""

import base64
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
from datetime import datetime, timezone

RANK = ["intact", "intact with declared gaps", "incomplete", "unsealed", "unknown version", "altered"]
HEADER_BOX = bytes.fromhex("6f1c3a528d0e4b7a9c552e1f40a7d301")
FRAGMENT_BOX = bytes.fromhex("6f1c3a528d0e4b7a9c552e1f40a7d302")
TOLERANCE = 500_000_000  # nanoseconds
EDGE = 10_000_000_000
TOO_LATE = 60_000_000_000


class Wrong(Exception):
    """The content is not as the format has it."""


class Cut(Wrong):
    """The file ends where something should go on."""


class Unknown(Exception):
    """Of a version that is not known."""


def sha(*parts):
    h = hashlib.sha256()
    for p in parts:
        h.update(p)
    return h.digest()


def escaped(text):
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def instant(text):
    """Nanoseconds since 1970 of an RFC 3339 time with nine fractional digits."""
    m = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z", text)
    if not m:
        raise Wrong("time %r" % text)
    at = datetime.strptime(m[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(at.timestamp()) * 10**9 + int(m[2])


# Signed notes ---------------------------------------------------------------------------------------


def public_key(verifier):
    name, digest, text = verifier.split("+", 2)
    raw = base64.b64decode(text, validate=True)
    if len(raw) != 33 or raw[0] != 1 or sha(name.encode() + b"\n" + raw)[:4].hex() != digest:
        raise Wrong("key %r" % verifier)
    return name, bytes.fromhex(digest), raw[1:]


def open_note(note):
    """The text of a note in its one form, the name, and the signature with its key's hash."""
    try:
        text, signature = note.decode().rsplit("\n\n", 1)
    except ValueError as e:
        raise Wrong("not a signed note") from e
    m = re.fullmatch("— ([^ +\n]+) ([A-Za-z0-9+/=]+)\n", signature)
    if not m:
        raise Wrong("signature line")
    try:
        raw = base64.b64decode(m[2], validate=True)
    except ValueError as e:
        raise Wrong("signature") from e
    if base64.b64encode(raw).decode() != m[2]:
        raise Wrong("signature written otherwise")
    return text + "\n", m[1], raw


def attempt(path):
    """Which attempt to seal the session a file is; 0 for any other file."""
    m = re.fullmatch(r"seal-([1-9]\d{0,3})\.note", path)
    return 1 if path == "seal.note" else int(m[1]) if m and int(m[1]) > 1 else 0


def torn(note):
    """Whether that is what a power cut may leave of a seal."""
    name, dash = b"roomrec-seal/", "— ".encode()
    if not note or note[-1] == 0 or any(not any(note[i:i + 512]) for i in range(0, len(note), 512)):
        return True
    if not note.startswith(name):
        return name.startswith(note)
    _, whole, signature = note.partition(b"\n\n")
    if not whole:
        return all(line[:1] in b"{ }" for line in note.split(b"\n")[1:])
    if len(signature) < len(dash):
        return dash.startswith(signature)
    m = re.fullmatch(dash + rb"[^ \n]*( [A-Za-z0-9+/=]{0,92})?", signature)
    return m is not None


def torn_of(part, note):
    return len(part) <= len(note) and torn(part) and all(a == b or a == 0 for a, b in zip(part, note))


RIGHT = set()  # signatures that openssl has found right


def check_signature(text, name, raw, verifier):
    if (text, name, raw, verifier) in RIGHT:
        return
    want, digest, public = public_key(verifier)
    if name != want or raw[:4] != digest or len(raw) != 68:
        raise Wrong("signed by another key than it names")
    # The prefix is that of an Ed25519 key in DER (RFC 8410).
    der = bytes.fromhex("302a300506032b6570032100") + public
    with tempfile.TemporaryDirectory() as folder:
        def put(name, data):
            path = os.path.join(folder, name)
            with open(path, "wb") as f:
                f.write(data)
            return path
        run = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", put("key", der),
             "-in", put("text", text.encode()), "-sigfile", put("signature", raw[4:])],
            capture_output=True, check=False)
    if run.returncode != 0:
        raise Wrong("the signature is not right")
    RIGHT.add((text, name, raw, verifier))


# The tree of RFC 6962 -------------------------------------------------------------------------------


class Tree:
    def __init__(self):
        self.size, self.peaks = 0, []

    def add(self, leaf):
        n = self.size
        while n & 1:
            leaf = sha(b"\x01", self.peaks.pop(), leaf)
            n >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self):
        if not self.peaks:
            return sha()
        root = self.peaks[-1]
        for p in reversed(self.peaks[:-1]):
            root = sha(b"\x01", p, root)
        return root


# Segments -------------------------------------------------------------------------------------------


class Fields:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if self.at + n > len(self.data):
            raise Wrong("a private box is too short")
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]

    def text(self):
        return self.take(self.number("H"))

    def end(self):
        if self.at != len(self.data):
            raise Wrong("a private box is too long")


def box(data, at, kind):
    if at + 8 > len(data):
        raise Cut("the file ends in the head of a box")
    size, = struct.unpack(">I", data[at:at + 4])
    if data[at + 4:at + 8] != kind or size < 8:
        raise Wrong("no %s" % kind.decode())
    if at + size > len(data):
        raise Cut("the file ends inside %s" % kind.decode())
    return at + size


def version(fields):
    v = fields.number("I")
    if v >> 24 != 1:
        raise Unknown("private box of version %d" % (v >> 24))
    if v & 0xFFFFFF:
        raise Wrong("flags")


class Segment:
    """A segment: its header, and of every whole fragment sequence, leaf and times."""

    def __init__(self, data):
        self.fragments, self.whole, self.torn, self.broken, self.header = [], 0, None, [], None
        try:
            at = box(data, 0, b"ftyp")
            end = box(data, at, b"moov")
            self.read_header(data[at + 8:end])
            self.last = sha(data[:end])
            self.whole = end
            while self.whole < len(data):
                self.read_fragment(data)
        except Wrong as e:
            self.torn = e

    def read_header(self, moov):
        at, found = 0, None
        while at < len(moov):
            kind = bytes(moov[at + 4:at + 8])
            end = box(moov, at, kind)
            if kind == b"uuid":
                if found is not None:
                    raise Wrong("two private boxes")
                found = moov[at + 8:end]
            at = end
        if found is None or found[:16] != HEADER_BOX:
            raise Wrong("no private box")
        f = Fields(found[16:])
        version(f)
        if f.number("B") != 1 or f.take(3) != bytes(3):
            raise Wrong("hash suite")
        self.run, self.number = f.number("I"), f.number("I")
        f.take(16)
        self.prev = f.take(32)
        self.session, self.room, self.camera = (f.text().decode() for _ in range(3))
        f.text()
        self.tracks = f.number("H")
        for _ in range(self.tracks):
            f.take(24)
            for _ in range(4):
                f.text()
        f.end()
        self.header = True

    def read_fragment(self, data):
        at = self.whole
        a = box(data, at, b"prft")
        b = box(data, a, b"uuid")
        c = box(data, b, b"moof")
        end = box(data, c, b"mdat")
        if data[a + 8:a + 24] != FRAGMENT_BOX:
            raise Wrong("no private box")
        f = Fields(data[a + 24:b])
        version(f)
        sequence, prev = f.number("I"), f.take(32)
        f.take(16)
        start, _, stop, _ = (f.number("q") for _ in range(4))
        f.take(4)
        f.text()
        n = f.number("H")
        if n != self.tracks:
            raise Wrong("number of tracks")
        lost = []
        for _ in range(n):
            f.take(20)
            lost.append([f.number("I") for _ in range(4)])
        f.end()
        if prev != self.last:
            self.broken.append("fragment %d names another before it" % sequence)
        if self.fragments:
            before = self.fragments[-1]
            if sequence != before[0] + 1:
                self.broken.append("fragment %d after %d" % (sequence, before[0]))
            if any(x < y for now, was in zip(lost, before[4]) for x, y in zip(now, was)):
                self.broken.append("counters decrease")
        self.last = sha(b"\x00", data[at:end])
        self.fragments.append((sequence, self.last, start, stop, lost))
        self.whole = end


# The folder -----------------------------------------------------------------------------------------


class Session:
    def __init__(self, folder):
        self.folder = folder
        self.findings = []
        self.verdict = "intact"
        self.statement = None
        self.milestones = {}
        self.first_line = None
        self.checkpoints, self.last_checkpoint, self.keyless = 0, None, False

    def finding(self, verdict, file, what):
        self.findings.append({"verdict": verdict, "file": file, "what": str(what)})
        if RANK.index(verdict) > RANK.index(self.verdict):
            self.verdict = verdict

    def altered(self, file, what):
        self.finding("altered", file, what)

    def read(self, path):
        with open(os.path.join(self.folder, path), "rb") as f:
            return f.read()

    def verify(self):
        self.paths = []
        for at, folders, names in os.walk(self.folder):
            rel = os.path.relpath(at, self.folder)
            if rel == ".":
                folders[:] = [f for f in folders if f != "after"]
            self.paths += [os.path.normpath(os.path.join(rel, n)) for n in names]
        self.paths.sort(key=lambda p: (os.path.dirname(p), len(os.path.basename(p)), p))
        self.seal()
        if self.verdict == "unknown version":
            return
        files = {f["path"]: f for f in self.statement["files"]} if self.statement else None
        self.journals(files)
        self.segments = {}
        for path in self.paths:
            if path == self.seal_name or path in self.torn or re.fullmatch(r"journal-\d{4,}\.jsonl", path):
                continue
            if files is not None and path not in files or files is None and not re.fullmatch(r"[^/]+/[^/]+/run-\d{4,}/\d{4,}\.mp4", path):
                self.altered(path, "does not belong here")
                continue
            self.segment(path, files[path] if files else None)
        if files is None:
            self.unsealed_runs()
            return
        for path, f in files.items():
            if path not in self.paths and f["size"] > 0:
                self.finding("incomplete", path, "missing")
        self.runs()

    def seal(self):
        self.seal_name, self.torn = None, {}
        for path in sorted(filter(attempt, self.paths), key=attempt):
            note = self.read(path)
            if not torn(note):
                self.seal_name = path
                break
            self.torn[path] = note
        if self.seal_name is None:
            for path in self.torn:
                self.finding("unsealed", path, "not a whole seal, and there is no other")
            if not self.torn:
                self.finding("unsealed", "", "there is no seal.note")
            if os.path.isdir(os.path.join(self.folder, "after")):
                self.finding("incomplete", "seal.note", "what came after the seal is here, the seal is not")
            return
        try:
            text, name, raw = open_note(note)
            first, body = text.split("\n", 1)
            if not first.startswith("roomrec-seal/"):
                raise Wrong("the first line")
            s = json.loads(body)
            check_signature(text, name, raw, s["key"])
            if first != "roomrec-seal/1":
                raise Unknown(first)
            if (s["version"], s["hash_suite"], s["algorithm"]) != (first, "SHA-256", "Ed25519"):
                raise Unknown("suite")
            again = first + "\n" + escaped(json.dumps(s, indent=1, sort_keys=True, ensure_ascii=False)) + "\n"
            if again != text:
                raise Wrong("written otherwise")
            self.statement = s
        except Unknown as e:
            self.finding("unknown version", self.seal_name, e)
        except (Wrong, ValueError, KeyError, UnicodeError) as e:
            self.altered(self.seal_name, e)
        if self.statement is not None:
            self.before(note)

    def before(self, note):
        """The attempts before the seal: as it lists them, or a part of the seal itself."""
        last = attempt(self.seal_name)
        listed = {attempt(f["path"]): f for f in self.statement["files"] if attempt(f["path"])}
        for n in range(1, last):
            path = "seal.note" if n == 1 else "seal-%d.note" % n
            part, stated = self.torn.get(path), listed.get(n)
            if part is None:
                if stated is None:
                    self.altered(self.seal_name, "it follows %s, which is neither here nor listed" % path)
                continue
            if stated is None:
                fits = torn_of(part, note)
            else:
                fits = not part or any(t["size"] == len(part) and t["sha256"] == sha(part).hex() for t in stated["abandoned"])
            if not fits:
                self.altered(path, "not as the seal lists it")
        for n, f in listed.items():
            if n >= last or f["kind"] != "attempt" or f["size"] != 0:
                self.altered(self.seal_name, "lists %s as torn before it" % f["path"])

    def counted(self, path, stated):
        """What counts of a file, compared with what the seal states; all of it without a seal."""
        data = self.read(path)
        if stated is None:
            return data, True
        size = stated["size"]
        for p in stated["partial"]:
            if len(data) == p["size"] + p["rest"]:
                if sha(data[:p["size"]]).hex() == p["sha256"] and sha(data[p["size"]:]).hex() == p["rest_sha256"]:
                    self.finding("incomplete", path, "volume %s had left" % p["volume"])
                    return data[:p["size"]], False
                if len(data) < size:
                    self.altered(path, "not what volume %s holds of it" % p["volume"])
        if len(data) < size:
            self.finding("incomplete", path, "cut off: %d bytes of %d" % (len(data), size))
            return data, False
        if sha(data[:size]).hex() != stated["sha256"]:
            self.altered(path, "its SHA-256 is not the one that the seal states")
        rest = data[size:]
        if rest and not any(t["size"] == len(rest) and t["sha256"] == sha(rest).hex() for t in stated["abandoned"]):
            self.altered(path, "%d bytes after its end" % len(rest))
        return data[:size], True

    # Journals

    def journals(self, files):
        numbers = [int(m[1]) for p in self.paths if (m := re.fullmatch(r"journal-(\d{4,})\.jsonl", p))]
        if files:
            numbers += [int(m[1]) for p in files if (m := re.fullmatch(r"journal-(\d{4,})\.jsonl", p))]
        seq, prev, broken = 0, bytes(32), False
        for n in range(1, max(numbers, default=0) + 1):
            path = "journal-%04d.jsonl" % n
            if path not in self.paths:
                if files and path in files and files[path]["size"] == 0:
                    continue
                if not broken and not (files and path in files):
                    self.finding("incomplete", path, "missing")
                broken = True
                continue
            data, whole = self.counted(path, files.get(path) if files else None)
            lines = data.split(b"\n")
            torn = lines.pop()
            for i, raw in enumerate(lines):
                raw += b"\n"
                try:
                    line = json.loads(raw)
                    again = escaped(json.dumps(line, separators=(",", ":"), ensure_ascii=False)) + "\n"
                    if list(line) != ["seq", "wall", "uncertainty_ns", "mono", "type", "actor", "data", "prev"] or again.encode() != raw:
                        raise Wrong("written otherwise")
                    if broken and i == 0:
                        seq, prev = line["seq"] - 1, bytes.fromhex(line["prev"])
                    if line["seq"] != seq + 1 or line["prev"] != prev.hex():
                        raise Wrong("does not follow the line before")
                    if (line["type"] == "journal.resumed") != (n > 1 and i == 0):
                        raise Wrong("journal.resumed")
                    self.line(path, line)
                except (Wrong, ValueError, KeyError) as e:
                    self.altered(path, "line %d: %s" % (i + 1, e))
                    break
                seq, prev = seq + 1, sha(raw)
                if seq == 1:
                    self.first_line = prev
            if torn and whole:
                if files is None:
                    self.finding("unsealed", path, "a torn line")
                else:
                    self.altered(path, "a torn line")
            broken = not whole
        if files is not None and not broken:
            j = self.statement["journal"]
            if seq < j["lines"]:
                self.finding("incomplete", j["file"], "ends with line %d of %d" % (seq, j["lines"]))
            elif (seq, prev.hex()) != (j["lines"], j["sha256"]):
                self.altered(j["file"], "ends with another line than the seal states")

    def line(self, path, line):
        if line["type"] == "recorder.key_missing":
            self.keyless = True
        if line["type"] != "recorder.checkpoint":
            return
        text, name, raw = open_note(line["data"]["note"].encode())
        lines = text[:-1].split("\n")
        if lines[0] != "roomrec-checkpoint/1":
            raise Wrong(lines[0])
        values = {}
        for want, l in zip(["session", "at", "algorithm", "key", "journal"], lines[1:6]):
            key, _, values[want] = l.partition(" ")
            if key != want:
                raise Wrong("checkpoint: no %s" % want)
        if values["algorithm"] != "Ed25519":
            raise Wrong("algorithm")
        check_signature(text, name, raw, values["key"])
        if values["at"] != line["wall"] or values["journal"] != "%d %s" % (line["seq"] - 1, line["prev"]):
            raise Wrong("the checkpoint was signed for another place")
        for l in lines[6:]:
            word, run, count, root = l.split(" ")
            marks = self.milestones.setdefault(run, [])
            if word != "run" or marks and marks[-1][0] >= int(count):
                raise Wrong("checkpoint: %s" % l)
            marks.append((int(count), root, path))
        self.checkpoints += 1
        self.last_checkpoint = instant(line["wall"])

    # Segments and runs

    def segment(self, path, stated):
        data, whole = self.counted(path, stated)
        try:
            g = Segment(data)
        except Unknown as e:
            if stated is None or not any(f["file"] == path for f in self.findings):
                self.finding("unknown version", path, e)
            return
        g.complete = whole
        if g.torn is not None and len(data) > 0 and (stated is None or whole):
            blank = stated is None and (isinstance(g.torn, Cut) or zeros(data, g.whole))
            self.finding("unsealed" if blank else "altered", path, g.torn)
        elif g.torn is not None and not whole and not isinstance(g.torn, Cut) and stated is not None:
            self.altered(path, g.torn)
        for b in g.broken:
            self.altered(path, b)
        if g.header and path != "%s/%s/run-%04d/%04d.mp4" % (g.room, g.camera, g.run, g.number):
            self.altered(path, "its header says that it lies elsewhere")
        if g.header and self.statement and g.session != self.statement["session"]:
            self.altered(path, "of session " + g.session)
        self.segments[path] = g

    def follow(self, path, run, before, now):
        if now[2] < before[2] or now[3] < before[3]:
            self.altered(path, "fragment %d goes back" % now[0])
        elif run is not None and now[2] - before[3] > TOLERANCE:
            gaps = [(instant(g["from"]["wall"]), instant(g["to"]["wall"])) for g in run["gaps"]]
            if not any(f - now[2] < TOLERANCE and before[3] - t < TOLERANCE for f, t in gaps):
                self.finding("incomplete", path, "a hole before fragment %d that is not declared" % now[0])

    def walk(self, name, run, segments):
        """Goes through a run's segments; returns its tree and fragments, or None if something is missing."""
        tree, last, before, leaf = Tree(), None, None, None
        marks = list(self.milestones.get(name, []))
        for k, (path, g, count) in enumerate(segments):
            if g is None or not g.header:
                return None
            if before is None and leaf is None:
                if self.first_line is not None and g.prev != self.first_line:
                    if g.number != 1:
                        self.finding("incomplete", path, "segments before it are missing")
                    else:
                        self.altered(path, "of another session")
            elif g.prev != leaf:
                self.altered(path, "does not follow the segment before")
            if run is not None and (g.room, g.camera, g.run) != (run["room"], run["camera"], run["run"]):
                self.altered(path, "the seal states it as of another run")
            for now in g.fragments[:count]:
                if now[0] != tree.size + 1:
                    self.altered(path, "fragment %d where %d must come" % (now[0], tree.size + 1))
                    return None
                if before is not None:
                    self.follow(path, run, before, now)
                before = now
                tree.add(now[1])
                while marks and marks[0][0] == tree.size:
                    if marks[0][1] != tree.root().hex():
                        self.altered(marks[0][2], "a checkpoint states other fragments of " + name)
                    marks.pop(0)
            leaf = before[1] if before is not None else g.last
            if not g.complete:
                return None
        return tree, before, marks

    def runs(self):
        s, used = self.statement, set()
        for run in s["runs"]:
            name = "%s/%s/run-%04d" % (run["room"], run["camera"], run["run"])
            parts = []
            for path in run["segments"]:
                if path in used:
                    self.altered(self.seal_name, path + " is in two runs")
                used.add(path)
                g = self.segments.get(path)
                parts.append((path, g, len(g.fragments) if g else 0))
            got = self.walk(name, run, parts)
            if got is None or not parts:
                continue
            tree, last, marks = got
            first = parts[0][1].fragments[0] if parts[0][1].fragments else last
            if (tree.size, tree.root().hex()) != (run["fragments"], run["root"]) or last is not None and last[1].hex() != run["last_leaf"]:
                self.altered(parts[-1][0], "the run has other fragments than the seal states")
            if last is not None and (first[2], last[3]) != (instant(run["first"]["wall"]), instant(run["last"]["wall"])):
                self.altered(parts[-1][0], "the run lasts otherwise than the seal states")
            if marks:
                self.altered(marks[0][2], "a checkpoint states more fragments of %s than the seal" % name)
        for path, g in self.segments.items():
            if path not in used and g.fragments:
                self.altered(path, "in no run")
        self.holes()

    def holes(self):
        s = self.statement
        gaps = len(s["interruptions"]) > 0
        cameras = {}
        for run in s["runs"]:
            gaps = gaps or bool(run["gaps"])
            cameras.setdefault((run["room"], run["camera"]), []).append(run)
        opened, sealed = instant(s["opened"]["wall"]), instant(s["sealed"]["wall"])
        for runs in cameras.values():
            gaps = gaps or len(runs) > 1 or instant(runs[0]["first"]["wall"]) - opened > EDGE
            gaps = gaps or runs[-1]["cause"] != "closing" and sealed - instant(runs[-1]["last"]["wall"]) > EDGE
            for a, b in zip(runs, runs[1:]):
                if instant(a["last"]["wall"]) - instant(b["first"]["wall"]) > TOLERANCE:
                    self.altered(self.seal_name, "a run begins before the one before it ends")
        gaps = gaps or any(c["required"] and (c["room"], c["camera"]) not in cameras for c in s["cameras"])
        if gaps:
            self.finding("intact with declared gaps", "", "declared gaps")

    def unsealed_runs(self):
        runs = {}
        for path, g in self.segments.items():
            if g.header:
                runs.setdefault(os.path.dirname(path), []).append([path, g, len(g.fragments)])
        for name in sorted(set(runs) | set(self.milestones)):
            parts = runs.get(name, [])
            following = None
            for part in reversed(parts):  # what the segment after does not go on from does not count
                g = part[1]
                if following is not None:
                    if g.prev == following.prev:
                        part[2] = 0
                    for i, f in enumerate(g.fragments):
                        if f[1] == following.prev:
                            part[2] = i + 1
                            break
                if part[2] > 0:
                    following = g
            got = self.walk(name, None, [p for p in parts if p[2] > 0])
            if got is None:
                continue
            tree, last, marks = got
            if marks:
                self.finding("incomplete", marks[-1][2], "cut off: a checkpoint states %d fragments of %s, %d are here" % (marks[-1][0], name, tree.size))
            if self.checkpoints and not self.keyless and last is not None and last[3] - self.last_checkpoint > TOO_LATE:
                self.finding("incomplete", name, "the journal ends before the recording")


def zeros(data, whole):
    """Whether what follows what is whole holds a piece that a disk was never given."""
    end = min(len(data), whole + (8 << 20))
    at = whole
    while at < end:
        stop = min(end, (at // 512 + 1) * 512)
        if not any(data[at:stop]) and (stop - at == 512 or at == whole and stop == end):
            return True
        at = stop
    return False


def main(folders):
    for folder in folders:
        s = Session(folder.rstrip("\n"))
        s.verify()
        print(json.dumps({"dir": s.folder, "verdict": s.verdict, "checkpoints": s.checkpoints, "findings": s.findings}), flush=True)


if __name__ == "__main__":
    main(sys.stdin if sys.argv[1:] == ["-"] else sys.argv[1:])
