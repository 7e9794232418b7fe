"""The station's log, as docs/format.md has it, and what it says of a session."""

import base64
import json
import os
import re
import struct

from notes import Wrong, check_signature, escaped, open_notes, sha, tree_hash

MEMBERS = ["kind", "session", "at", "logged", "sha256", "found"]


def digits(n):
    """A number as tlog-tiles writes it in paths."""
    parts = ["%03d" % (n % 1000)]
    while n >= 1000:
        n //= 1000
        parts.insert(0, "x%03d" % (n % 1000))
    return "/".join(parts)


class Log:
    def __init__(self, folder, key):
        self.folder, self.key, self.findings = folder, key, []
        self.entries, self.leaves, self.heads = [], [], {}
        self.origin, self.size, self.root = None, 0, None
        self.read_heads()
        self.read_entries()
        for name, (size, root) in self.heads.items():
            if size <= len(self.leaves) and size > 0 and tree_hash(self.leaves[:size]) != root:
                self.wrong("%s is of other entries" % name)
        if len(self.leaves) == self.size:
            self.tiles()

    def wrong(self, what):
        self.findings.append(what)

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as f:
            return f.read()

    def read_heads(self):
        top = os.path.join(self.folder, "checkpoints")
        for group in sorted(os.listdir(top)):
            for name in sorted(os.listdir(os.path.join(top, group))):
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
        origin, size, root, rest = text.split("\n")
        raw = base64.b64decode(root, validate=True)
        if rest or not origin or str(int(size)) != size or len(raw) != 32 or base64.b64encode(raw).decode() != root:
            raise Wrong("not a head")
        if self.key is not None:
            mine = [s for s in signatures if s[0] == self.key.split("+")[0] and s[1][:4].hex() == self.key.split("+")[1]]
            if not mine:
                self.wrong("%s is not signed by the key" % path)
            for name, signature in mine:
                check_signature(text, name, signature, self.key)
        if self.origin not in (None, origin):
            self.wrong("%s is of another log" % path)
        self.origin = origin
        return int(size), raw

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


def compare_log(s):
    """Compares a session with the log of the volume that it lies on, if there is one."""
    folder = os.path.join(os.path.abspath(s.folder), "..", "..", "..", "..", "log")
    if not os.path.isdir(os.path.join(folder, "checkpoints")) or s.session is None:
        return
    log = Log(folder, s.statement["key"] if s.statement else None)
    if not log.heads and not log.findings:
        return
    s.log = {"findings": log.findings, "opened": None, "sealed": None}
    for kind in ("opened", "sealed"):
        i = log.lookup(kind, s.session)
        if i is None or not log.under():
            continue
        s.log[kind] = i
        want = log.entries[i]["sha256"]
        if kind == "opened" and s.first_line is not None and want != s.first_line.hex():
            s.altered("journal-0001.jsonl", "not the line that the station's log holds")
        if kind == "sealed" and s.note is None:
            s.finding("incomplete", "seal.note", "missing; the station's log holds it")
        elif kind == "sealed" and want != sha(s.note).hex():
            s.altered(s.seal_name, "not the one that the station's log holds")
