"""What came after the seal, as docs/format.md has it."""

import base64
import hashlib
import io
import os
import stat

import timestamps
from notes import MALFORMED, Wrong, check_signature, members, parse, sha

MEMBERS = ["seq", "wall", "uncertainty_ns", "type", "actor", "data", "prev", "key", "signature"]
JOURNAL = "after/journal.jsonl"
MAX_JOURNAL = 64 << 20


class Form(Wrong):
    """Not a line of this format."""


def parse_line(raw):
    try:
        if len(raw) > 1 << 20:
            raise Form("too long")
        line = parse(raw)
        if list(line) != MEMBERS:
            raise Form("written otherwise")
        members(line, "seq", "uncertainty_ns")
        if not isinstance(line["key"], str) or not isinstance(line["signature"], str):
            raise Form("members")
    except MALFORMED as e:
        raise Form(str(e)) from e
    return line


def follow(raw, seq, prev, keys):
    line = parse_line(raw)
    if line["seq"] != seq + 1 or line["prev"] != prev.hex():
        raise Wrong("does not follow")
    key = line["key"]
    if key not in keys:
        raise Wrong("signed by another key")
    try:
        signature = base64.b64decode(line["signature"], validate=True)
    except ValueError as e:
        raise Wrong("signature") from e
    if base64.b64encode(signature).decode() != line["signature"]:
        raise Wrong("signature written otherwise")
    bare = raw[:raw.rindex(b',"signature":')] + b"}"
    name, digest, _ = key.split("+", 2)
    check_signature("roomrec-after/1\n" + bare.decode(), name, bytes.fromhex(digest) + signature, key)
    return line


class Passed:
    """What was found that is no line: how much, and its hash, but for its last newline."""

    def __init__(self):
        self.any, self.size, self.hash = False, 0, hashlib.sha256()

    def add(self, raw):
        if self.any:
            raw = b"\n" + raw
        self.any, self.size = True, self.size + len(raw) - 1
        self.hash.update(raw[:-1])


def lines_of(journal, sealed, keys):
    """What the lines of the journal say, whether its end is torn, and what is wrong with it."""
    lines, seq, prev = [], 0, sealed
    passed, untold = Passed(), None
    for raw in journal:
        full = raw.endswith(b"\n")
        raw = raw if full else raw + b"\n"
        try:
            if not raw.startswith(b'{"seq":'):
                raise Form("written otherwise")
            line = follow(raw, seq, prev, keys)
        except Wrong as e:
            if not full:
                passed.add(raw)
                break
            if not isinstance(e, Form) or raw.startswith(b'{"seq":') and raw.endswith(b'"}\n'):
                return lines, False, e
            passed.add(raw)
            continue
        if not full and passed.any:
            break
        if passed.any:
            if untold is not None:
                break
            untold, passed = (passed.size, passed.hash.hexdigest()), Passed()
        if untold is not None and line["type"] == "journal.torn":
            d = line["data"]
            if type(d.get("size")) is int and (d["size"], d.get("sha256")) == untold:
                untold = None
        seq, prev = seq + 1, sha(raw)
        lines.append({"type": line["type"], "data": {m: line["data"].get(m) for m in ("file", "sha256")}, "line": prev})
    if untold is not None:
        return lines, False, Wrong("bytes that no line tells of")
    return lines, passed.any, None


def after_seal(folder, note, keys, roots):
    """The verdict on what came after the seal, None if nothing did, its lines, if they are right, and its time-stamps."""
    if not os.path.lexists(os.path.join(folder, "after")):
        return None, None, []
    sealed, stamps = sha(note), []
    verdict = "intact"
    rank = ["intact", "incomplete", "unsealed", "altered"]

    def found(v):
        nonlocal verdict
        verdict = max(verdict, v, key=rank.index)

    documents, journal = set(), io.BytesIO()
    if not stat.S_ISDIR(os.lstat(os.path.join(folder, "after")).st_mode):
        return "altered", [], []
    for at, folders, names in os.walk(os.path.join(folder, "after")):
        for name in folders + names:
            path = os.path.relpath(os.path.join(at, name), folder)
            info = os.lstat(os.path.join(at, name))
            if stat.S_ISDIR(info.st_mode) and path != JOURNAL:
                continue
            if not stat.S_ISREG(info.st_mode):
                found("altered")
            elif path != JOURNAL:
                documents.add(path)
            elif info.st_size > MAX_JOURNAL:
                found("altered")
            else:
                journal = open(os.path.join(folder, JOURNAL), "rb")
    with journal:
        lines, torn, fault = lines_of(journal, sealed, keys)
    if fault is not None:
        found("altered")
    if torn:
        found("incomplete")
    named = set()
    for line in lines:
        path, stamped = line["data"].get("file"), line["type"] == timestamps.TYPE
        wrong = None
        if not path or not isinstance(path, str):
            wrong, path = "altered" if stamped else None, JOURNAL
        elif os.path.normpath(path) != path or not path.startswith("after/"):
            wrong, stamped = "altered", False
        elif path not in documents:
            wrong = "incomplete"
        else:
            named.add(path)
            with open(os.path.join(folder, path), "rb") as f:
                data = f.read()
            if sha(data).hex() != line["data"].get("sha256"):
                wrong = "altered"
            elif stamped:
                stamp = timestamps.check(data, note, roots)
                stamps.append({"file": path, **stamp})
                if stamp["status"] == "wrong":
                    found("altered")
                continue
        if wrong:
            found(wrong)
            if stamped:
                stamps.append({"file": path, "status": "wrong"})
    if documents - named:
        found("unsealed")
    return verdict, None if fault is not None else lines, stamps
