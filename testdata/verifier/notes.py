"""Signed notes, hashes and the tree of RFC 6962, as docs/format.md has them."""

import base64
import hashlib
import json
import os
import re
import subprocess
import tempfile
from datetime import datetime, timezone


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


# What malformed content can raise in whoever reads it.
MALFORMED = (Wrong, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)


class Number:
    """A number as it is written: readers do not agree on how to write it again."""

    def __init__(self, text):
        self.text = text


def loads(text):
    def number(text):
        # Whole numbers of a usual length are read; of others it counts only how they are written.
        return int(text) if re.fullmatch(r"0|-?[1-9][0-9]{0,18}", text) else Number(text)

    def members(pairs):
        if len({k for k, _ in pairs}) != len(pairs):
            raise Wrong("a member twice")
        return dict(pairs)
    return json.loads(text, parse_int=number, parse_float=number, parse_constant=number, object_pairs_hook=members)


def written(v, indent=None, level=0):
    """The one way to write a value: as it comes, or with its members sorted and indented."""
    def inside(begin, items, end):
        if indent is None:
            return begin + ",".join(items) + end
        if not items:
            return begin + end
        line = "\n" + " " * level
        return begin + line + " " + ("," + line + " ").join(items) + line + end
    if level > 64 and isinstance(v, (dict, list)):
        raise Wrong("nested deeper than 64")
    if isinstance(v, dict):
        names = v if indent is None else sorted(v)
        colon = ":" if indent is None else ": "
        return inside("{", [written(k) + colon + written(v[k], indent, level + 1) for k in names], "}")
    if isinstance(v, list):
        return inside("[", [written(x, indent, level + 1) for x in v], "]")
    if isinstance(v, Number):
        return v.text
    return escaped(json.dumps(v, ensure_ascii=False))


def parse(raw):
    """The object of a line of a journal, which must be written in the one way."""
    line = loads(raw)
    again = written(line) + "\n"
    # In data, words that came in another encoding than UTF-8 may stand with this escape for what could not be read.
    head = raw.decode().partition(',"data":')[0]
    if not isinstance(line, dict) or not again.startswith(head) or again != re.sub(r"\\(?:(ufffd)|.)", lambda m: "\ufffd" if m[1] else m[0], raw.decode()):
        raise Wrong("written otherwise")
    return line


def is_number(v):
    """Whether that is a whole number that fits 64 bits with sign."""
    return type(v) is int and -1 << 63 <= v < 1 << 63


def members(line, *numbers):
    """Raises Wrong unless a line's members are of the kinds that they must be."""
    instant(line["wall"])
    for name in numbers:
        if not is_number(line[name]) or name != "mono" and line[name] < 0:
            raise Wrong(name)
    for name in ("type", "actor"):
        if not line[name] or not isinstance(line[name], str):
            raise Wrong(name)
    if not re.fullmatch("[0-9a-f]{64}", line["prev"]) or not isinstance(line["data"], dict):
        raise Wrong("prev or data")


def key_of(text):
    """A public key: its name and what it is."""
    name, _, key = text.split("+", 2)
    return name, base64.b64decode(key)


def instant(text):
    """Nanoseconds since 1970 of an RFC 3339 time with nine fractional digits."""
    m = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})\.([0-9]{9})Z", text)
    if not m:
        raise Wrong("time %r" % text)
    try:
        at = datetime.strptime(m[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        raise Wrong("time %r" % text) from None
    ns = int(at.timestamp()) * 10**9 + int(m[2])
    if not -1 << 63 <= ns < 1 << 63:
        raise Wrong("time %r" % text)
    return ns


# Signed notes ---------------------------------------------------------------------------------------


# By algorithm: what stands before the public key in a key's base64, the same in DER, and how openssl is
# told. Ed25519: RFC 8410. The others: the point X, Y behind a byte 4, on P-256 (RFC 5480) or on the curve
# of SM2 (GB/T 32918.5), there with the identity 1234567812345678.
SUITES = {
    "Ed25519": (b"\x01", "302a300506032b6570032100", []),
    "ECDSA-P256-SHA256": (b"\xffroomrec-ecdsa-p256-sha256\n", "3059301306072a8648ce3d020106082a8648ce3d030107034200", ["-digest", "sha256"]),
    "SM2-SM3": (b"\xffroomrec-sm2-sm3\n", "3059301306072a8648ce3d020106082a811ccf5501822d034200", ["-digest", "sm3", "-pkeyopt", "distid:1234567812345678"]),
}


# The order of P-256's group (FIPS 186-5).
P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def public_key(verifier):
    name, digest, text = verifier.split("+", 2)
    raw = base64.b64decode(text, validate=True)
    if sha(name.encode() + b"\n" + raw)[:4].hex() != digest:
        raise Wrong("key %r" % verifier)
    for algorithm, (begin, _, _) in SUITES.items():
        public = raw[len(begin):]
        if raw.startswith(begin) and len(public) == (32 if algorithm == "Ed25519" else 65):
            return name, bytes.fromhex(digest), algorithm, public
    raise Wrong("key %r" % verifier)


def is_key(verifier):
    """Whether it is a key of an algorithm that is known."""
    try:
        public_key(verifier)
    except (Wrong, ValueError):
        return False
    return True


def open_notes(note):
    """The text of a note in its one form, and its signatures: names, and hashes of keys with what they made."""
    try:
        text, signatures = note.decode().rsplit("\n\n", 1)
    except ValueError as e:
        raise Wrong("not a signed note") from e
    out = []
    for line in signatures.split("\n")[:-1]:
        m = re.fullmatch("— ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        if not m:
            raise Wrong("signature line")
        try:
            raw = base64.b64decode(m[2], validate=True)
        except ValueError as e:
            raise Wrong("signature") from e
        if base64.b64encode(raw).decode() != m[2]:
            raise Wrong("signature written otherwise")
        out.append((m[1], raw))
    if not out or not signatures.endswith("\n"):
        raise Wrong("signature line")
    return text + "\n", out


def open_note(note):
    """The same of a note with one signature."""
    text, signatures = open_notes(note)
    if len(signatures) != 1:
        raise Wrong("want one signature")
    return text, signatures[0][0], signatures[0][1]


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


def der_signature(raw):
    """The numbers r and s, of 32 bytes each, as DER has them."""
    def number(b):
        b = b.lstrip(b"\0") or b"\0"
        b = b"\0" + b if b[0] & 0x80 else b
        return bytes([2, len(b)]) + b
    both = number(raw[:32]) + number(raw[32:])
    return bytes([0x30, len(both)]) + both


RIGHT = set()  # what openssl has found right


def openssl(text, signature, der, options):
    """Raises Wrong unless openssl finds that to be the signature of a text by a key in DER."""
    if (text, signature, der) in RIGHT:
        return
    with tempfile.TemporaryDirectory() as folder:
        def put(name, data):
            path = os.path.join(folder, name)
            with open(path, "wb") as f:
                f.write(data)
            return path
        run = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", put("key", der),
             "-in", put("text", text), "-sigfile", put("signature", signature), *options],
            capture_output=True, check=False)
    if run.returncode != 0:
        raise Wrong("the signature is not right")
    RIGHT.add((text, signature, der))


def check_signature(text, name, raw, verifier, algorithm=None):
    """Raises Wrong unless the text is rightly signed by the key, by the algorithm that is named."""
    want, digest, own, public = public_key(verifier)
    if algorithm not in (None, own):
        raise Wrong("the key is not one for %s" % algorithm)
    if name != want or raw[:4] != digest or len(raw) != 68:
        raise Wrong("signed by another key than it names")
    _, before, options = SUITES[own]
    if own == "ECDSA-P256-SHA256" and int.from_bytes(raw[36:], "big") > P256 // 2:
        raise Wrong("of the two signatures that are right the lesser one is written")
    signature = raw[4:] if own == "Ed25519" else der_signature(raw[4:])
    openssl(text.encode(), signature, bytes.fromhex(before) + public, options)


# Witnesses: C2SP tlog-cosignature, Ed25519 with a time ------------------------------------------------


def witness_key(text):
    """Name, hash and public key of a witness."""
    name, digest, key = text.strip().split("+", 2)
    raw = base64.b64decode(key, validate=True)
    if len(raw) != 33 or raw[0] != 4 or sha(name.encode() + b"\n" + raw)[:4].hex() != digest:
        raise Wrong("witness's key %r" % text)
    return name, bytes.fromhex(digest), raw[1:]


def check_cosignature(text, raw, witness):
    """The time of a cosignature, in seconds since 1970; raises Wrong if it is not right."""
    if len(raw) != 4 + 8 + 64:
        raise Wrong("cosignature of %d bytes" % len(raw))
    seconds = int.from_bytes(raw[4:12], "big")
    signed = "cosignature/v1\ntime %d\n%s" % (seconds, text)
    openssl(signed.encode(), raw[12:], bytes.fromhex(SUITES["Ed25519"][1]) + witness_key(witness)[2], [])
    return seconds


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


def tree_hash(leaves):
    t = Tree()
    for leaf in leaves:
        t.add(leaf)
    return t.root()
