#!/usr/bin/env python3
"""Another verifier of sealed sessions, written from docs/format.md alone.

It shares no code with the program: Python's standard library, and openssl for signatures. It shows that
the format is described well enough, and that two readers who do not know one another come to the same
verdict.

    verify.py [--key FILE] [--log DIR] [--witness FILE]... [--tsa-ca FILE] FOLDER...
    verify.py -             the same for each line of the standard input: an object of keys, log, witnesses, tsa_ca
                            and dirs, of which the keys are lines like those of the files

It answers with a line of JSON: what it says of each folder, and the exit code that answers the question.
"""

import argparse
import json
import os
import re
import stat
import sys

sys.dont_write_bytecode = True  # a copy of this folder stays as it is

from aftermath import after_seal  # noqa: E402
from copies import together  # noqa: E402
from notes import MALFORMED, SUITES, Cut, Tree, Unknown, Wrong, attempt, check_signature, instant, is_key, is_number, key_of, loads, members, open_note, parse, sha, torn, torn_of, written  # noqa: E402
from segments import Segment  # noqa: E402
from statement import check_statement, inside, without_facts  # noqa: E402
from states import Replay  # noqa: E402
from stationlog import compare_log  # noqa: E402

RANK = ["intact", "intact with declared gaps", "incomplete", "unsealed", "unknown version", "altered"]
TOLERANCE = 500_000_000  # nanoseconds
EDGE = 10_000_000_000
TOO_LATE = 60_000_000_000


def journal_number(path):
    """Which of the journal's files one is; 0 for any other file."""
    m = re.fullmatch(r"journal-([0-9]{4,})\.jsonl", path)
    return int(m[1]) if m and "%04d" % int(m[1]) == m[1] else 0


# The folder -----------------------------------------------------------------------------------------


class Session:
    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.key = "none"
        self.readable = {}  # by path: how much can be read of files that cannot be read to the end
        self.held = {}  # by path: how much of a file counts, and whether that is all that the seal states
        self.missing = []  # declared gaps and interruptions
        self.after_lines = None
        self.signers = []  # keys of the checkpoints
        self.findings = []
        self.verdict = "intact"
        self.statement = None
        self.session = None
        self.note = None
        self.timestamps = []  # what authorities say of the seal
        self.after = None  # the verdict on what came after the seal
        self.log = None  # what the station's log says
        self.replay = Replay()
        self.milestones = {}
        self.first_line = None
        self.checkpoints, self.last_checkpoint, self.keyless = 0, None, False

    def finding(self, verdict, file, what, lacks=False):
        """Takes in a finding; lacks says that bytes of the file are not here, which another copy may have."""
        self.findings.append({"verdict": verdict, "file": file, "what": str(what), "lacks": lacks})
        if RANK.index(verdict) > RANK.index(self.verdict):
            self.verdict = verdict

    def altered(self, file, what):
        self.finding("altered", file, what)

    def read(self, path):
        """A file's bytes. Of one that cannot be read to its end the rest is zeros, and self.readable says how much is not."""
        name, data = os.path.join(self.folder, path), b""
        try:
            with open(name, "rb", buffering=0) as f:
                while piece := f.read(1 << 20):
                    data += piece
        except PermissionError:
            raise
        except OSError:
            self.readable[path] = len(data)
            data += bytes(max(os.lstat(name).st_size - len(data), 0))
        return data

    def verify(self):
        self.paths, self.odd = [], []
        for at, folders, names in os.walk(self.folder):
            rel = os.path.relpath(at, self.folder)
            for n in folders + names:
                path = os.path.normpath(os.path.join(rel, n))
                mode = os.lstat(os.path.join(at, n)).st_mode
                if not stat.S_ISDIR(mode):  # a link to a folder is none
                    (self.paths if stat.S_ISREG(mode) else self.odd).append(path)
            if rel == ".":
                folders[:] = [f for f in folders if f != "after"]
        self.paths.sort(key=lambda p: (os.path.dirname(p), len(os.path.basename(p)), p))
        self.seal()
        self.understood = self.verdict != "unknown version"
        if not self.understood:
            return
        for path in self.odd:
            self.altered(path, "neither a file nor a folder")
        files = {f["path"]: f for f in self.statement["files"]} if self.statement else None
        try:
            self.content(files)
        finally:
            if self.statement is None:
                self.signed_by()
        if self.statement is not None:
            self.after, self.after_lines, self.timestamps = after_seal(
                self.folder, self.note, [self.statement["key"]] + self.options.keys, self.options.authorities)

    def content(self, files):
        self.journals(files)
        self.segments = {}
        for path in self.paths:
            if path == self.seal_name or path in self.torn or journal_number(path):
                continue
            if files is not None and path not in files or files is None and not re.fullmatch(r"[^/]+/[^/]+/run-[0-9]{4,}/[0-9]{4,}\.mp4", path):
                self.altered(path, "does not belong here")
                continue
            self.segment(path, files[path] if files else None)
        if files is None:
            self.unsealed_runs()
            return
        for path, f in files.items():
            if path not in self.paths and f["size"] > 0:
                self.finding("incomplete", path, "missing", lacks=True)
        self.runs()

    def seal(self):
        self.seal_name, self.torn = None, {}
        for path in sorted(filter(attempt, self.paths), key=attempt):
            note = self.read(path)
            if not torn(note):
                self.seal_name, self.note = path, note
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
            facts = None
            if first == "roomrec-seal/1":
                try:
                    body = without_facts(body)
                except MALFORMED as e:
                    facts = e
            s = loads(body)
            if not isinstance(s, dict):
                raise Wrong("no object")
            known = first == "roomrec-seal/1"
            if known:
                by = [s[m] for m in ("version", "hash_suite", "algorithm")]
                if not all(isinstance(x, str) and x for x in by):
                    raise Wrong("no version, hash suite or algorithm")
                known = by[:2] == [first, "SHA-256"] and by[2] in SUITES
            if not known:
                if not s["key"]:
                    raise Wrong("no key")
                if is_key(s["key"]):
                    check_signature(text, name, raw, s["key"])
                raise Unknown(first)
            if facts is not None or written(s, 0) + "\n" != body:
                raise facts or Wrong("written otherwise")
            check_statement(s)
            self.session = s["session"]
            check_signature(text, name, raw, s["key"], s["algorithm"])
            self.key = self.options.knows([s["key"]])
            self.statement = s
        except Unknown as e:
            self.finding("unknown version", self.seal_name, e)
        except MALFORMED as e:
            self.altered(self.seal_name, e)
        if self.statement is not None:
            if instant(self.statement["sealed"]["wall"]) < instant(self.statement["opened"]["wall"]):
                self.altered(self.seal_name, "sealed before it was opened")
            self.before(note)

    def speaks_against(self):
        """Whether anything beside the verdict makes the answer "no"."""
        log = self.log is not None and (bool(self.log["findings"]) or self.log["opened"] is None)
        log = log or any(t["status"] == "another authority" for t in self.timestamps)
        return log or self.key == "another key" or self.after not in (None, "intact")

    def signed_by(self):
        """Without a seal the keys of the checkpoints stand for it."""
        if self.signers:
            self.key = self.options.knows(self.signers)

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
        readable = self.readable.get(path, len(data))
        if stated is None:
            if readable < len(data):
                self.finding("incomplete", path, "cannot be read from byte %d on" % readable, lacks=True)
            return data[:readable], readable == len(data)
        size = stated["size"]
        self.held[path] = (min(len(data), size), len(data) >= size)
        tails = [t for t in stated["abandoned"] if t["size"] == len(data) - size and readable >= len(data) - t.get("unread", 0)]
        tail = any(t["sha256"] == sha(data[size:len(data) - t.get("unread", 0)]).hex() for t in tails)
        complete = size <= min(len(data), readable) and sha(data[:size]).hex() == stated["sha256"] and (len(data) == size or tail)
        other = None
        for p in stated["partial"]:  # several may be as long
            if len(data) == p["size"] + p["rest"] and not (complete and p.get("rest_unread")):
                end = len(data) - p.get("rest_unread", 0)  # what is behind could not be read at the seal
                if readable >= end and sha(data[:p["size"]]).hex() == p["sha256"] and sha(data[p["size"]:end]).hex() == p["rest_sha256"]:
                    self.finding("incomplete", path, "volume %s had left" % p["volume"], lacks=True)
                    self.held[path] = (p["size"], False)
                    return data[:p["size"]], False
                other = p["volume"]
        if other is not None and len(data) < size:
            self.altered(path, "not what volume %s holds of it" % other)
        if readable < min(size, len(data)) or readable < len(data) and not tails:
            del self.held[path]
            self.finding("incomplete", path, "cannot be read from byte %d on" % readable, lacks=True)
            return data[:min(readable, size)], False
        if len(data) < size:
            self.finding("incomplete", path, "cut off: %d bytes of %d" % (len(data), size), lacks=True)
            return data, False
        if sha(data[:size]).hex() != stated["sha256"]:
            self.held[path] = (len(data), False)
            self.altered(path, "its SHA-256 is not the one that the seal states")
        if len(data) > size and not tail:
            self.altered(path, "%d bytes after its end" % (len(data) - size))
        return data[:size], True

    # Journals

    def journals(self, files):
        added = [p for p in self.paths if journal_number(p) and files is not None and p not in files and not os.path.getsize(os.path.join(self.folder, p))]
        for path in added:
            self.altered(path, "added: the seal does not list it")
        numbers = sorted({n for p in self.paths + list(files or ()) if p not in added and (n := journal_number(p))})
        seq, prev, broken, want = 0, bytes(32), False, 1
        for n in numbers:
            path = "journal-%04d.jsonl" % n
            if n != want:
                if not broken:
                    self.finding("incomplete", "journal-%04d.jsonl" % want, "missing")
                broken = True
            want = n + 1
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
            if files is None:
                self.held[path] = (len(data) - len(torn), False)
            last = self.goes_on(path, data, [m for m in numbers if m > n]) if files is None else None
            for i, raw in enumerate(lines):
                raw += b"\n"
                if last is not None and seq == last:  # what follows was written and never acknowledged
                    self.held[path] = (sum(len(l) + 1 for l in lines[:i]), False)
                    torn = b""
                    break
                try:
                    line = parse(raw)
                    if list(line) != ["seq", "wall", "uncertainty_ns", "mono", "type", "actor", "data", "prev"]:
                        raise Wrong("written otherwise")
                    members(line, "seq", "uncertainty_ns", "mono")
                    self.replay.lost = self.replay.lost or broken
                    if broken and i == 0:
                        seq, prev = line["seq"] - 1, bytes.fromhex(line["prev"])
                    if line["seq"] != seq + 1 or line["prev"] != prev.hex():
                        raise Wrong("does not follow the line before")
                    if (line["type"] == "journal.resumed") != (n > 1 and i == 0):
                        raise Wrong("journal.resumed")
                    if n > 1 and i == 0:
                        self.resumed(line["data"], "journal-%04d.jsonl" % (n - 1), files or {})
                    self.line(path, line)
                except MALFORMED as e:
                    at = sum(len(l) + 1 for l in lines[:i])
                    if files is None and b"\0" in data[at:at + (1 << 20)]:  # no line holds a zero
                        self.finding("unsealed", path, "%d bytes are whole lines, what follows was not finished" % at)
                        self.held[path] = (at, False)
                    else:
                        self.altered(path, "line %d: %s" % (i + 1, e))
                    torn = b""
                    break
                seq, prev = seq + 1, sha(raw)
                if seq == 1:
                    self.first_line = prev
            if torn and whole and files is not None:
                self.altered(path, "a torn line")
            broken = not whole or broken and not lines
        if files is not None and not broken:
            if not self.replay.sealable():
                self.altered(self.seal_name, "the journal ends in a state in which nothing is sealed")
            j = self.statement["journal"]
            if seq < j["lines"]:
                self.finding("incomplete", j["file"], "ends with line %d of %d" % (seq, j["lines"]))
            elif (seq, prev.hex()) != (j["lines"], j["sha256"]):
                self.altered(j["file"], "ends with another line than the seal states")

    def resumed(self, data, before, files):
        """What a file after a restart says of those before it."""
        if data.get("before") != before:
            raise Wrong("it does not name the journal file before it")
        volumes = data.get("volumes")
        if volumes is not None and not isinstance(volumes, list):
            raise Wrong("volumes")
        for v in volumes or ():
            for member in ("volume", "file", "whole", "torn", "unread"):
                if v.get(member) is not None and not (isinstance(v[member], str) if member in ("volume", "file") else is_number(v[member])):
                    raise Wrong(member)
            for member in ("whole_sha256", "torn_sha256"):
                if v.get(member) is not None and not re.fullmatch("[0-9a-f]{64}", v[member]):
                    raise Wrong(member)
            stated = files.get(v.get("file"))
            if stated and stated["size"] == (v.get("whole") or 0) and stated["sha256"] != (v.get("whole_sha256") or "0" * 64):
                self.altered(v["file"], "found with another hash than the seal states")

    def goes_on(self, path, data, later):
        """The number of the line that the next file goes on from, if that one tells of what it found in this one."""
        for n in later:
            following = "journal-%04d.jsonl" % n
            raw, newline, _ = (self.read(following) if following in self.paths else b"").partition(b"\n")
            try:
                line = parse(raw + newline)
                members(line, "seq", "uncertainty_ns", "mono")
            except MALFORMED:
                continue
            try:
                for v in line["data"]["volumes"] or ():
                    whole, torn = v["whole"], v["torn"]
                    if v["file"] == path and torn and whole + torn == len(data) and (v["whole_sha256"], v["torn_sha256"]) == (sha(data[:whole]).hex(), sha(data[whole:]).hex()):
                        return line["seq"] - 1
            except MALFORMED:
                pass  # it is said of the line itself
            return None
        return None

    def line(self, path, line):
        try:
            self.replay.line(line)
        except Wrong as e:
            self.altered(path, "line %d: %s" % (line["seq"], e))
        if line["type"] == "recorder.key_missing":
            self.keyless = True
        if line["type"] != "recorder.checkpoint":
            return
        text, name, raw = open_note(line["data"]["note"].encode())
        lines = text[:-1].split("\n")
        if lines[0] != "roomrec-checkpoint/1":
            if not lines[0].startswith("roomrec-checkpoint/"):
                raise Wrong(lines[0])
            self.later_checkpoint(path, text, name, raw)
            return
        values = {}
        for want, l in zip(["session", "at", "algorithm", "key", "journal"], lines[1:6]):
            key, _, values[want] = l.partition(" ")
            if key != want:
                raise Wrong("checkpoint: no %s" % want)
        if values["algorithm"] not in SUITES:
            self.later_checkpoint(path, text, name, raw)
            return
        check_signature(text, name, raw, values["key"], values["algorithm"])
        self.signers.append(values["key"])
        if values["at"] != line["wall"] or values["journal"] != "%d %s" % (line["seq"] - 1, line["prev"]):
            raise Wrong("the checkpoint was signed for another place")
        if self.session not in (None, values["session"]):
            raise Wrong("the checkpoint is of another session")
        self.session = values["session"]
        run = None
        for l in lines[6:]:
            m = re.fullmatch("run ([^ ]+) (0|[1-9][0-9]{0,18}) ([0-9a-f]{64})", l)
            if not m or not inside(m[1]) or not is_number(int(m[2])) or run is not None and m[1] <= run:
                raise Wrong("checkpoint: %s" % l)
            run, count, root = m.groups()
            marks = self.milestones.setdefault(run, [])
            if marks and marks[-1][:2] == (int(count), root):
                continue  # said again after a restart
            if marks and marks[-1][0] >= int(count):
                raise Wrong("checkpoint: %s" % l)
            marks.append((int(count), root, path))
        self.checkpoints += 1
        self.last_checkpoint = instant(line["wall"])

    def later_checkpoint(self, path, text, name, raw):
        """One of an unknown version: without a seal that covers it it must be signed by the key that it names."""
        key = next((l[4:] for l in text.split("\n") if l.startswith("key ")), "")
        if self.statement is None:
            if not key:
                raise Wrong("checkpoint without a key")
            if is_key(key):
                check_signature(text, name, raw, key)
        self.finding("unknown version", path, text.split("\n")[0])

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
        if stated is None or g.torn is not None and len(data) < stated["size"] and self.held.get(path, (0, False))[0] == len(data):
            self.held[path] = (g.whole, False)
        if g.torn is not None and len(data) > 0 and (stated is None or whole):
            blank = stated is None and (isinstance(g.torn, Cut) or zeros(data, g.whole))
            self.finding("unsealed" if blank else "altered", path, g.torn)
        elif g.torn is not None and not whole and not isinstance(g.torn, Cut) and stated is not None:
            self.altered(path, g.torn)
        for b in g.broken:
            self.altered(path, b)
        if g.header and path != "%s/%s/run-%04d/%04d.mp4" % (g.room, g.camera, g.run, g.number):
            self.altered(path, "its header says that it lies elsewhere")
        if g.header and self.session is None:
            self.session = g.session
        if g.header and g.session != self.session:
            self.altered(path, "of session " + g.session)
        self.segments[path] = g

    def follow(self, path, run, before, now):
        if now[2] < before[2] or now[3] < before[3]:
            self.altered(path, "fragment %d goes back" % now[0])
        elif run is not None and now[2] - before[3] > TOLERANCE:
            bare, reached = 0, before[3]
            for f, t in sorted((instant(g["from"]["wall"]), instant(g["to"]["wall"])) for g in run["gaps"]):
                if f < now[2] and t > reached:
                    bare, reached = max(bare, f - reached), t
            if max(bare, now[2] - reached) > TOLERANCE:
                self.finding("incomplete", path, "a hole before fragment %d that is not declared" % now[0])

    def walk(self, name, run, segments):
        """Goes through a run's segments; returns its tree and fragments, or None if something is missing."""
        tree, last, before, leaf, skipped = Tree(), None, None, None, 0
        marks = list(self.milestones.get(name, []))
        for k, (path, g, count) in enumerate(segments):
            if g is None or not g.header:
                return None
            if before is None and leaf is None:
                begins = self.first_line is not None and g.prev == self.first_line
                if g.number != 1 and not begins and not (self.first_line is None and g.fragments[:1] and g.fragments[0][0] == 1):
                    self.finding("incomplete", path, "segments before it are missing")
                    # Checkpoints count from the run's beginning: nothing can be said of them.
                    skipped, marks = g.fragments[0][0] - 1 if g.fragments else 0, []
                elif self.first_line is not None and not begins:
                    self.altered(path, "of another session")
            elif g.prev != leaf:
                self.altered(path, "does not follow the segment before")
            if run is not None and (g.room, g.camera, g.run) != (run["room"], run["camera"], run["run"]):
                self.altered(path, "the seal states it as of another run")
            for now in g.fragments[:count]:
                if now[0] != skipped + tree.size + 1:
                    self.altered(path, "fragment %d where %d must come" % (now[0], skipped + tree.size + 1))
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
            if not parts and run["fragments"]:
                self.altered(self.seal_name, "%s: no fragment, the seal states %d" % (name, run["fragments"]))
            got = self.walk(name, run, parts)
            if got is None or not parts:
                continue
            tree, last, marks = got
            first = parts[0][1].fragments[0] if parts[0][1].fragments else last
            if (tree.size, tree.root().hex()) != (run["fragments"], run["root"]) or last is not None and last[1].hex() != run["last_leaf"]:
                self.altered(parts[-1][0], "the run has other fragments than the seal states")
            if last is not None and (first[2], last[3]) != (instant(run["first"]["wall"]), instant(run["last"]["wall"])):
                self.altered(parts[-1][0], "the run lasts otherwise than the seal states")
            if marks and tree.size == run["fragments"]:
                stated = next(f for f in s["files"] if f["path"] == parts[-1][0])
                lie = any(t.get("unread") for t in stated["abandoned"])  # where nothing could be read any more
                self.finding("incomplete" if lie else "altered", marks[0][2], "a checkpoint states more fragments of %s than the seal" % name)
        for path, g in self.segments.items():
            if path not in used and g.fragments:
                self.altered(path, "in no run")
        self.holes()

    def holes(self):
        s = self.statement

        def hole(begin, end, cause, room="", camera="", run=0):
            self.missing.append({"room": room, "camera": camera, "run": run, "from": begin["wall"], "to": end["wall"], "cause": cause})

        for i in s["interruptions"]:
            hole(i["missing_from"] or i["suspended_from"] or s["sealed"], i["missing_to"] or i["suspended_to"] or s["sealed"], i["cause"])
        cameras = {}
        for run in s["runs"]:
            cameras.setdefault((run["room"], run["camera"]), []).append(run)
        opened, sealed = instant(s["opened"]["wall"]), instant(s["sealed"]["wall"])
        for (room, camera), runs in cameras.items():
            for before, run in zip([None] + runs, runs):
                for g in run["gaps"]:
                    hole(g["from"], g["to"], g["cause"], room, camera, run["run"])
                begins = instant(run["first"]["wall"])
                if before is None:
                    if begins - opened > EDGE:
                        hole(s["opened"], run["first"], "start", room, camera, run["run"])
                elif instant(before["last"]["wall"]) - begins > TOLERANCE:
                    self.altered(self.seal_name, "a run begins before the one before it ends")
                else:
                    hole(before["last"], run["first"], before["cause"], room, camera, before["run"])
            last = runs[-1]
            if last["cause"] != "closing" and sealed - instant(last["last"]["wall"]) > TOLERANCE:
                hole(last["last"], s["sealed"], last["cause"], room, camera, last["run"])
        for c in s["cameras"]:
            if c["required"] and (c["room"], c["camera"]) not in cameras:
                hole(s["opened"], s["sealed"], "never recorded", c["room"], c["camera"])
        if self.missing:
            self.finding("intact with declared gaps", "", "declared gaps")

    def anew(self, parts, k, i):
        """Whether what a segment holds was written anew behind the i-th: its first number is there, or is so of what it goes on from."""
        g = parts[k][1]
        if not g.fragments:
            return False
        first = g.fragments[0][0]
        for _, h, n in parts[i + 1:]:
            if n and h.prev == g.fragments[-1][1]:
                return False
            if n and h.fragments[0][0] <= first <= h.fragments[n - 1][0]:
                return True
        for j in range(k):
            e = parts[j][1]
            if e.fragments and e.fragments[-1][1] == g.prev:
                return self.anew(parts, j, i)
        return False

    def unsealed_runs(self):
        runs = {}
        for path, g in self.segments.items():
            if g.header:
                runs.setdefault(os.path.dirname(path), []).append([path, g, len(g.fragments)])
        for name in sorted(set(runs) | set(self.milestones)):
            parts = runs.get(name, [])
            following = None
            for k, part in reversed(list(enumerate(parts))):  # what the segment after does not go on from does not count
                g = part[1]
                if following is not None:
                    here = [i + 1 for i, f in enumerate(g.fragments) if f[1] == following.prev]
                    earlier = any(following.prev in [b.prev] + [f[1] for f in b.fragments] for _, b, _ in parts[:k])
                    if here:
                        part[2] = here[0]
                    elif g.prev == following.prev or earlier and self.anew(parts, k, k):
                        part[2] = 0
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


class Options:
    """What a reader knows from elsewhere: keys of the station, its log, witnesses, authorities that stamp times."""

    def __init__(self, keys=(), log=None, witnesses=(), authorities=None):
        self.keys, self.log, self.witnesses, self.authorities = list(keys), log, list(witnesses), authorities

    def knows(self, signers):
        known = {key_of(k) for k in self.keys}  # the whole key: others may have the same hash
        if not known:
            return "not known here"
        return "trusted" if all(key_of(s) in known for s in signers) else "another key"


def judge(folders, options):
    """What is said of each folder and of the copies of a session, and the exit code."""
    sessions, out = [], []
    for folder in folders:
        s = Session(folder, options)
        s.verify()
        sessions.append(s)
    for s in sessions:
        if s.understood:
            compare_log(s, options, sessions)
        out.append({
            "dir": s.folder, "session": s.session or "", "verdict": s.verdict, "key": s.key, "checkpoints": s.checkpoints,
            "clock_trusted": s.statement["clock"]["trusted"] if s.statement else None, "missing": s.missing,
            "findings": s.findings, "after": s.after, "timestamps": s.timestamps, "log": s.log})
    copies = [[s for s in sessions if s.session == name] for name in sorted({s.session for s in sessions if s.session})]
    both = [{"session": c[0].session, "verdict": together(c)} for c in copies if len(c) > 1]
    code = 2 if any(s["verdict"] == "unknown version" for s in out + both) else 0
    if any(s["verdict"] not in ("intact", "intact with declared gaps", "unknown version") for s in out + both) or any(s.speaks_against() for s in sessions):
        code = 1
    return {"folders": out, "together": both, "exit": code}


def lines_of(path):
    with open(path, encoding="utf-8") as f:
        return [line.strip() for line in f if line.strip() and not line.startswith("#")]


def main(arguments):
    if arguments == ["-"]:
        for line in sys.stdin:
            asked = json.loads(line)
            print(json.dumps(judge(asked["dirs"], Options(asked.get("keys") or (), asked.get("log"), asked.get("witnesses") or (), asked.get("tsa_ca")))), flush=True)
        return 0
    p = argparse.ArgumentParser()
    p.add_argument("--key", help="public keys of the station, one a line")
    p.add_argument("--log", help="the station's log, or a volume with it")
    p.add_argument("--witness", action="append", default=[], help="public key of a witness of that log")
    p.add_argument("--tsa-ca", help="certificates, in PEM, of authorities that stamp times")
    p.add_argument("folder", nargs="+")
    a = p.parse_args(arguments)
    answer = judge([f.rstrip("/") for f in a.folder], Options(lines_of(a.key) if a.key else (), a.log, [w for f in a.witness for w in lines_of(f)], a.tsa_ca))
    print(json.dumps(answer, indent=1))
    return answer["exit"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
