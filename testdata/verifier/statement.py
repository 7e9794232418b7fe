"""What a seal may state, as docs/format.md has it: the kind of every member, and the order of the lists."""

import json
import re

from notes import Wrong, attempt, instant, loads, public_key, written

NO_HASH = "0" * 64


def integer(bits, signed):
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)

    def check(v):
        if type(v) is not int or not low <= v <= high:
            raise Wrong("%r is no number of %d bits" % (v, bits))
    return check


def string(v):
    if not isinstance(v, str):
        raise Wrong("%r is no text" % (v,))


def boolean(v):
    if not isinstance(v, bool):
        raise Wrong("%r is neither true nor false" % (v,))


def digest(v):
    if not isinstance(v, str) or not re.fullmatch("[0-9a-f]{64}", v):
        raise Wrong("%r is no hash" % (v,))


def anything(v):
    if not isinstance(v, dict):
        raise Wrong("facts are no object")


def nullable(kind):
    return lambda v: None if v is None else kind(v)


def lists(kind):
    def check(v):
        if not isinstance(v, list):
            raise Wrong("%r is no list" % (v,))
        for x in v:
            kind(x)
    return check


def record(optional=(), **kinds):
    """An object of these members; those that are optional are left out if they are 0."""
    def check(v):
        if not isinstance(v, dict) or not set(kinds) - set(optional) <= set(v) <= set(kinds):
            raise Wrong("other members than %s" % ", ".join(kinds))
        for name, x in v.items():
            kinds[name](x)
            if name in optional and x == 0:
                raise Wrong("%s is 0" % name)
    return check


I64, U64, U32 = integer(64, True), integer(64, False), integer(32, False)
INSTANT = record(wall=instant, uncertainty_ns=I64)
MAYBE = nullable(INSTANT)
STATEMENT = record(
    algorithm=string, hash_suite=string, key=string, version=string, session=string, opened=INSTANT, sealed=INSTANT, zone=string,
    clock=record(source=string, trusted=boolean, reasons=lists(string), uncertainty_ns=I64), facts=anything,
    journal=record(file=string, lines=U64, sha256=digest),
    files=lists(record(
        path=string, kind=string, size=I64, sha256=digest,
        abandoned=lists(record(["unread"], volume=string, size=I64, sha256=digest, unread=I64)),
        partial=lists(record(["rest_unread"], volume=string, size=I64, sha256=digest, rest=I64, rest_sha256=digest, rest_unread=I64)))),
    runs=lists(record(
        room=string, camera=string, run=I64, cause=string, first=INSTANT, last=INSTANT, segments=lists(string), fragments=U32, last_leaf=digest, root=digest,
        tracks=lists(record(codec=string, units=U64, bytes=U64, lost_units=U64, lost_packets=U64, damaged_units=U64)),
        gaps=lists(record(track=I64, cause=string, **{"from": INSTANT}, to=INSTANT, units=U64, packets=U64, count=U64)))),
    cameras=lists(record(
        room=string, camera=string, required=boolean,
        offset=nullable(record(reports=U64, first_ns=I64, last_ns=I64, least_ns=I64, most_ns=I64)))),
    interruptions=lists(record(cause=string, missing_from=MAYBE, missing_to=MAYBE, suspended_from=MAYBE, suspended_to=MAYBE)),
    volumes=lists(record(id=string, complete=boolean, left=MAYBE, fault=string, joined=MAYBE)))


def ordered(items, once, *names):
    keys = [tuple(x[n] for n in names) for x in items]
    if keys != sorted(keys) or once and len(set(keys)) != len(keys):
        raise Wrong("a list that is not in its order, or has one member twice")


def inside(path):
    """Whether that is a path in the session's folder, written in the one way."""
    return path != "" and not re.search(r"[\\\0]", path) and all(part not in ("", ".", "..") for part in path.split("/"))


def check_statement(s):
    """Raises Wrong unless that can be stated."""
    STATEMENT(s)
    if not s["session"] or public_key(s["key"])[2] != s["algorithm"]:
        raise Wrong("no session, or a key of another algorithm")
    ordered(s["files"], True, "path")
    ordered(s["runs"], True, "room", "camera", "run")
    ordered(s["cameras"], False, "room", "camera")
    ordered(s["volumes"], False, "id")
    kinds = {}
    for f in s["files"]:
        is_attempt = attempt(f["path"]) > 0
        if not inside(f["path"]) or f["kind"] not in ("journal", "segment", "attempt") or f["size"] < 0:
            raise Wrong("file %r" % f["path"])
        if is_attempt != (f["kind"] == "attempt") or is_attempt and f["size"] != 0:
            raise Wrong("file %r is of another kind" % f["path"])
        kinds[f["path"]] = f["kind"]
        ordered(f["abandoned"], True, "volume")
        ordered(f["partial"], True, "volume")
        for t in f["abandoned"]:
            if t["size"] <= 0 or not 0 <= t.get("unread", 0) <= t["size"] or not t["volume"]:
                raise Wrong("abandoned tail of %r" % f["path"])
        for p in f["partial"]:
            if not p["volume"] or not 0 <= p["size"] < f["size"] or p["rest"] < 0 or not 0 <= p.get("rest_unread", 0) <= p["rest"]:
                raise Wrong("part of %r" % f["path"])
    if kinds.get(s["journal"]["file"]) != "journal":
        raise Wrong("the journal is not among the files")
    for run in s["runs"]:
        if any(kinds.get(path) != "segment" for path in run["segments"]):
            raise Wrong("a segment is not among the files")


# Facts may be long, and are what another layer states: their form is read line by line, and they are not kept.

OPENED = {"{": "}", "[": "]"}


def scalar(text, at, end):
    """Where the text, number or word ends that begins there and is written in the one way."""
    if text[at:at + 1] == '"':
        value, stop = json.decoder.scanstring(text, at + 1)
        if written(value) != text[at:stop]:
            raise Wrong("written otherwise")
        return stop
    word = re.compile("[-+.0-9A-Za-z]+").match(text, at, end)
    if word is None or written(loads(word[0])) != word[0]:
        raise Wrong("written otherwise")
    return word.end()


def check_facts(text, at, end):
    """Raises Wrong unless the lines from there to the end are the members of an object on the first level, in the one form."""
    if text[end - 1] == "\n":
        raise Wrong("facts are written otherwise")
    opened, last, more = ["{"], [None], True  # more: a member must follow, or none
    while at < end:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        i = at
        while i < stop and text[i] == " ":
            i += 1
        indent, what = i - at, text[i:i + 1]
        if what and what in "}]":
            more = more or len(opened) == 1 or indent != len(opened) or OPENED[opened.pop()] != what
            last.pop()
            i += 1
            if more:
                raise Wrong("facts are written otherwise")
        else:
            if not more or indent != 1 + len(opened):
                raise Wrong("facts are written otherwise")
            if opened[-1] == "{":
                begin, i = i, scalar(text, i, stop)
                name = json.loads(text[begin:i])
                if not isinstance(name, str) or text[i:i + 2] != ": " or last[-1] is not None and name <= last[-1]:
                    raise Wrong("facts are written otherwise")
                last[-1], i = name, i + 2
            nested = text[i:i + 1] in OPENED
            if nested and len(opened) == 64:
                raise Wrong("nested deeper than 64")
            if nested and i + 1 == stop:
                opened.append(text[i])
                last.append(None)
                at, more = stop + 1, True
                continue
            i = i + 2 if text[i:i + 2] in ("{}", "[]") else scalar(text, i, stop)
        more = text[i:i + 1] == "," and i < stop
        if i + more != stop:
            raise Wrong("facts are written otherwise")
        at = stop + 1
    if more or len(opened) != 1:
        raise Wrong("facts are written otherwise")


def without_facts(body):
    """The same statement without what its facts say, whose form is checked."""
    name = '\n "facts": {'
    at = body.find(name) + len(name)
    if at < len(name) or body[at:at + 1] == "}":
        return body
    end = body.find("\n }", at)
    if end < 0 or body[at] != "\n":
        raise Wrong("facts are written otherwise")
    check_facts(body, at + 1, end)
    return body[:at] + body[end + 2:]
