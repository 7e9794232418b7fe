"""Several copies of one session, judged together, as docs/format.md has it."""

import os

from notes import sha

RANK = ["intact", "intact with declared gaps", "incomplete", "unsealed", "unknown version", "altered"]


def beginning(s, path, size):
    with open(os.path.join(s.folder, path), "rb") as f:
        return f.read(size)


def whole_elsewhere(path, copies, statement):
    """Whether a copy holds all that the seal states of a file; one without a seal was compared with none yet."""
    if any(s.held.get(path, (0, False))[1] for s in copies):
        return True
    stated = [f for f in statement["files"] if f["path"] == path] if statement else []
    for s in copies:
        if stated and s.note is None and path in s.held:
            data = beginning(s, path, stated[0]["size"])
            if len(data) == stated[0]["size"] and sha(data).hex() == stated[0]["sha256"]:
                return True
    return False


def gave_up(s, other):
    """Whether a seal names the other one as an attempt that a silent disk took, after which it was made anew."""
    return any(
        f["kind"] == "attempt" and tail["size"] == len(other.note) and tail["sha256"] == sha(other.note).hex()
        for f in (s.statement or {"files": []})["files"]
        for tail in f.get("abandoned") or []
    )


def together(copies):
    """The verdict on copies of one session: what one lost another may have, but no two may differ."""
    verdicts = [s.verdict for s in copies if s.verdict in ("altered", "unknown version")]
    sealed = [s for s in copies if s.note is not None]
    counts = sealed[0] if sealed else None
    for s in sealed[1:]:
        if s.note == counts.note or gave_up(counts, s):
            continue
        if gave_up(s, counts):
            counts = s
        else:
            verdicts.append("altered")
    for path in {p for s in copies for p in s.held}:
        here = [s for s in copies if path in s.held]
        longest = max(here, key=lambda s: s.held[path][0])
        for s in here:
            if s is longest or s.held[path][1] and longest.held[path][1]:
                continue
            size = s.held[path][0]
            if beginning(s, path, size) != beginning(longest, path, size):
                verdicts.append("altered")
    afters = sorted((s.after_lines for s in copies if s.after_lines is not None), key=len)
    if any(a != b[:len(a)] for a, b in zip(afters, afters[1:])):
        verdicts.append("altered")
    if not sealed:
        return max(verdicts + ["unsealed"], key=RANK.index)
    for s in sealed:
        for f in s.findings:
            if f["verdict"] == "incomplete" and (not f["lacks"] or not whole_elsewhere(f["file"], copies, counts.statement)):
                verdicts.append("incomplete")
        if s.missing:
            verdicts.append("intact with declared gaps")
    return max(verdicts + ["intact"], key=RANK.index)
