"""The station's log, as docs/format.md has it, and what it says of a session."""

import base64
import json
import os
import re
import stat
import struct
from datetime import datetime, timezone

from copies import gave_up
from notes import Wrong, check_cosignature, check_signature, escaped, open_notes, sha, tree_hash, witness_key

MAX_FILE = 256 * (2 + 65535)  # a tile of the longest entries
MEMBERS = ["kind", "session", "at", "logged", "sha256", "found"]


def digits(n):
    """A number as tlog-tiles writes it in paths."""
    parts = ["%03d" % (n % 1000)]
    while n >= 1000:
        n //= 1000
        parts.insert(0, "x%03d" % (n % 1000))
    return "/".join(parts)


class Log:
    def __init__(self, folder, keys, witnesses):
        self.folder, self.keys, self.findings, self.trusted = folder, keys, [], bool(keys)
        self.witnesses = {witness_key(w)[:2]: w for w in witnesses}
        self.witnessed = []  # name, size, seconds since 1970 by the witness's clock; by size
        self.entries, self.leaves, self.heads = [], [], {}
        self.origin, self.size, self.root = None, 0, None
        self.read_heads()
        self.read_entries()
        for name, (size, root) in self.heads.items():
            if size <= len(self.leaves) and size > 0 and tree_hash(self.leaves[:size]) != root:
                self.wrong("%s is of other entries" % name)
        if len(self.leaves) == self.size:
            self.tiles()
        self.read_cosigned()

    def wrong(self, what):
        self.findings.append(what)

    def read(self, name):
        info = os.lstat(os.path.join(self.folder, name))
        if not stat.S_ISREG(info.st_mode) or info.st_size > MAX_FILE:
            raise Wrong("%s: not a file that can be of a log" % name)
        with open(os.path.join(self.folder, name), "rb") as f:
            return f.read()

    def read_heads(self):
        top = os.path.join(self.folder, "checkpoints")
        for group in sorted(os.listdir(top)):
            for name in sorted(os.listdir(os.path.join(top, group))) if os.path.isdir(os.path.join(top, group)) else []:
                if not re.fullmatch(r"\d{12,}", name) or group != "%09d" % (int(name) // 1000):
                    continue
                path = "checkpoints/%s/%s" % (group, name)
                try:
                    size, root = self.head(path)
                except (Wrong, ValueError) as e:
                    self.wrong("%s: %s" % (path, e))
                    continue
                if size != int(name):
                    self.wrong("%s states %d entries" % (path, size))
                    continue
                self.heads[path] = (size, root)
                self.size, self.root = size, root

    def head(self, path):
        text, signatures = open_notes(self.read(path))
        origin, size, root = head_text(text)
        if self.keys:
            known = False
            for name, signature in signatures:
                for key in self.keys:
                    if (name, signature[:4].hex()) == tuple(key.split("+", 2)[:2]):
                        check_signature(text, name, signature, key)
                        known = True
            if not known:
                self.trusted = False
                self.wrong("%s is not signed by a key that is known" % path)
        if self.origin not in (None, origin):
            self.wrong("%s is of another log" % path)
        self.origin = origin
        return size, root

    def read_cosigned(self):
        """What witnesses that are known have signed."""
        folder = os.path.join(self.folder, "cosigned")
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if ".part" in name:
                continue
            try:
                text, signatures = open_notes(self.read("cosigned/" + name))
                origin, size, root = head_text(text)
                seen = []
                for by, signature in signatures:
                    witness = self.witnesses.get((by, signature[:4]))
                    if witness is not None:
                        seen.append((by, size, check_cosignature(text, signature, witness)))
            except (Wrong, ValueError) as e:
                self.wrong("cosigned/%s: %s" % (name, e))
                continue
            if not seen:
                continue  # by a witness that is not known
            if origin != self.origin:
                self.wrong("cosigned/%s: a witness saw another log" % name)
                continue
            if size > len(self.entries):
                self.wrong("cosigned/%s: a witness saw %d entries, %d are here" % (name, size, len(self.entries)))
                continue
            if size > 0 and tree_hash(self.leaves[:size]) != root:
                self.wrong("cosigned/%s is of other entries" % name)
            self.witnessed += seen
        self.witnessed.sort(key=lambda w: w[1])

    def seen(self, entry):
        """Who saw the log with an entry: first, and until when."""
        first = {}
        for by, size, at in self.witnessed:
            if size > entry:
                first.setdefault(by, at)
        return [{"by": by, "first": when(at), "until": when([a for b, _, a in self.witnessed if b == by][-1])} for by, at in first.items()]

    def grown(self, kind, n, width, each):
        """The tile with at least so many members; a copy may have a longer one alone."""
        for w in range(width, 257):
            name = "tile/%s/%s%s" % (kind, digits(n), "" if w == 256 else ".p/%d" % w)
            if os.path.exists(os.path.join(self.folder, name)):
                data = self.read(name)
                if each and len(data) != w * each:
                    raise Wrong("%s: %d bytes" % (name, len(data)))
                return data, w
        raise FileNotFoundError("tile/%s/%s" % (kind, digits(n)))

    def read_entries(self):
        for n in range(0, self.size, 256):
            width = min(self.size - n, 256)
            try:
                data, w = self.grown("entries", n // 256, width, 0)
                part = []
                for _ in range(w):
                    if len(data) < 2 or len(data) < 2 + struct.unpack(">H", data[:2])[0]:
                        raise Wrong("entries are cut off")
                    end = 2 + struct.unpack(">H", data[:2])[0]
                    part.append(data[2:end])
                    data = data[end:]
                if data:
                    raise Wrong("bytes after the last entry")
            except (FileNotFoundError, Wrong) as e:
                self.wrong("entries from %d on: %s" % (n, e))
                return
            for raw in part[:width]:
                self.leaves.append(sha(b"\x00", raw))
                self.entries.append(self.entry(raw))

    def entry(self, raw):
        try:
            e = json.loads(raw)
            again = escaped(json.dumps(e, separators=(",", ":"), ensure_ascii=False)).encode()
            if list(e) != MEMBERS or again != raw or e["kind"] not in ("opened", "sealed") or not e["session"]:
                raise ValueError("written otherwise")
            return e
        except (ValueError, AttributeError, TypeError) as e:
            self.wrong("entry %d: %s" % (len(self.entries), e))
            return {"kind": None, "session": None, "sha256": None}

    def tiles(self):
        """Compares the tiles of hashes with those over the entries."""
        level, hashes = 0, self.leaves
        while hashes:
            for n in range(0, len(hashes), 256):
                part = hashes[n:n + 256]
                try:
                    data, _ = self.grown(str(level), n // 256, len(part), 32)
                    if data[:32 * len(part)] != b"".join(part):
                        self.wrong("tile %d/%d is not of the entries" % (level, n // 256))
                except (FileNotFoundError, Wrong) as e:
                    self.wrong(str(e))
            hashes = [tree_hash(hashes[n:n + 256]) for n in range(0, len(hashes) - 255, 256)]
            level += 1

    def under(self):
        return len(self.leaves) >= self.size and (self.size == 0 or tree_hash(self.leaves[:self.size]) == self.root)

    def lookup(self, kind, session):
        for i, e in enumerate(self.entries):
            if (e["kind"], e["session"]) == (kind, session):
                return i
        return None


def head_text(text):
    """Origin, number of entries and root of a C2SP checkpoint."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise Wrong("not a head")
    raw = base64.b64decode(lines[2], validate=True)
    if str(int(lines[1])) != lines[1] or int(lines[1]) < 0 or len(raw) != 32 or base64.b64encode(raw).decode() != lines[2]:
        raise Wrong("not a head")
    return lines[0], int(lines[1]), raw


def when(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000000000Z")


def find(folder):
    """The folder of the log that belongs to a path; None if none is there."""
    for at in (folder, os.path.join(folder, "log")):
        if os.path.isdir(os.path.join(at, "checkpoints")):
            return at
    return None


def compare_log(s, options, copies=()):
    """Compares a session with the log that was given, or that of the volume that it lies on, if there is one.

    A seal that was given up is right where the one that the log holds lies in another copy and says so."""
    folder = find(options.log or os.path.join(os.path.abspath(s.folder), "..", "..", "..", "..", "log"))
    if folder is None and options.log:
        raise FileNotFoundError("%s: no log here" % options.log)
    if folder is None or s.session is None:
        return
    log = Log(folder, options.keys or ([s.statement["key"]] if s.statement else []), options.witnesses)
    if not log.heads and not log.findings:
        return
    s.log = {"origin": log.origin or "", "findings": log.findings, "opened": None, "sealed": None, "witnessed": [], "key": "another key"}
    if log.trusted:
        s.log["key"] = "trusted" if options.keys else "not known here"
    right = not log.findings
    for kind in ("opened", "sealed"):
        i = log.lookup(kind, s.session)
        if i is None or not log.under():
            continue
        s.log[kind], s.log["witnessed"] = i, log.seen(i)
        want = log.entries[i]["sha256"]
        if kind == "opened" and s.first_line is not None and want != s.first_line.hex():
            s.altered("journal-0001.jsonl", "not the line that the station's log holds")
        if kind == "sealed" and s.note is None:
            s.finding("incomplete", "seal.note", "missing; the station's log holds it")
        elif kind == "sealed" and want != sha(s.note).hex() and not any(
                c is not s and c.note is not None and sha(c.note).hex() == want and gave_up(c, s) for c in copies):
            s.altered(s.seal_name, "not the one that the station's log holds")
    if sum((e["kind"], e["session"]) == ("sealed", s.session) for e in log.entries) > 1:
        s.log["findings"] = log.findings + ["several seals of this session"]
    if right and s.log["opened"] is not None and s.log["sealed"] is None and s.note is not None:
        s.log["findings"], s.log["witnessed"] = log.findings + ["no seal of this session"], []
