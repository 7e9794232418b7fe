"""The states of a session, as docs/design/states-table.md has them.

That page is read as it is: for every state and event its rows in their order, with their conditions. What the
conditions ask is remembered as the page says.
"""

import json
import os
import re

from notes import Wrong, instant

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "design", "states-table.md")
ENDINGS = ("signed", "refused", "broken-off", "finished")

# What each condition asks of what is remembered and of the event.
CONDITIONS = {
    "": lambda s, e: True,
    "questioning had begun": lambda s, e: s.begun,
    "recording is mandatory": lambda s, e: s.mandatory,
    "recording is mandatory from now on": lambda s, e: e.get("mandatory", False),
    "a locking fault is open": lambda s, e: bool(s.faults),
    "recording is not yet safe": lambda s, e: not s.safe,
    "the fault is open already": lambda s, e: fault(e.get("fault")) in s.faults,
    "the fault is not open": lambda s, e: fault(e.get("fault")) not in s.faults,
    "broken off": lambda s, e: e.get("ending") == "broken-off",
    "finished, but people take part": lambda s, e: e.get("ending") == "finished" and not s.technical,
    "finished": lambda s, e: e.get("ending") == "finished",
    "no ending is named": lambda s, e: e.get("ending") not in ENDINGS,
    "recording was stopped": lambda s, e: s.stopped,
    "it was safe already": lambda s, e: s.safe,
    "no other room is named": lambda s, e: e.get("room", "") in ("", s.room),
    "nothing stands against resuming": lambda s, e: s.safe and not s.faults,
    "overdue already": lambda s, e: s.overdue,
}
MEMBERS = {"name": str, "at": instant, "room": str, "mandatory": bool, "technical": bool, "ending": str, "fault": dict, "faults": list, "last_good": instant, "first_good": instant}


def rows(page=PAGE):
    """By state and event, the rows in their order: the condition and where it leads, None for a refusal and
    the state itself, in brackets, for what is overtaken."""
    table, state, part = {}, None, None
    with open(page, encoding="utf-8") as f:
        for line in f:
            if line.startswith("## "):
                state, part = line[3:].strip(), None
            elif line.strip() in ("Refused:", "Overtaken:"):
                part = line.strip()
            row = None
            if m := re.match(r"\| `([a-z-]+)` \| (\d*) \| ([^|]*) \| (\w+) \|", line):
                row = (int(m[2] or 1), m[3].strip(), m[4])
            elif part == "Refused:" and (m := re.match(r"- `([a-z-]+)`(?: \(row (\d+)\))?(?:, if ([^:]*))?: ", line)):
                row = (int(m[2] or 1), m[3] or "", None)
            elif part == "Overtaken:" and (m := re.match(r"- `([a-z-]+)`(?: \(row (\d+)\))?(?:, if (.*))?$", line)):
                row = (int(m[2] or 1), m[3] or "", [state])
            if row and state:
                if row[1] not in CONDITIONS:
                    raise ValueError("a condition that is not known: %r" % row[1])
                table.setdefault((state, m[1]), []).append(row)
    for key, cell in table.items():
        cell.sort(key=lambda row: row[0])
        if [row[0] for row in cell] != list(range(1, len(cell) + 1)):
            raise ValueError("rows are missing: %r" % (key,))
    return table


def fault(f):
    f = f or {}
    return f.get("code", ""), f.get("room", ""), f.get("subject", "")


def is_fault(f):
    return isinstance(f, dict) and all(isinstance(f.get(m, ""), str) for m in ("code", "room", "subject"))


def is_event(e):
    """Whether that is an event: its members are of the kinds that they should be."""
    if not isinstance(e, dict) or not e.get("name"):
        return False
    for member, kind in MEMBERS.items():
        if member not in e:
            continue
        try:
            if kind is instant:
                instant(e[member])
            elif not isinstance(e[member], kind):
                return False
        except (Wrong, TypeError):
            return False
    return is_fault(e.get("fault", {})) and all(is_fault(f) for f in e.get("faults", []))


def bare(v):
    """A value without the members that are null: they are not there."""
    if isinstance(v, dict):
        return {k: bare(x) for k, x in v.items() if x is not None}
    return [bare({} if x is None else x) for x in v] if isinstance(v, list) else v


class Replay:
    table = None

    def __init__(self):
        self.state, self.on, self.lost = "Before the opening", False, False
        self.room, self.begun, self.mandatory, self.technical = "", False, False, False
        self.safe, self.stopped, self.overdue, self.faults = False, False, False, set()
        if Replay.table is None:
            Replay.table = rows()

    def leads(self, e):
        """Where the event leads by the first row whose condition holds."""
        for _, condition, to in Replay.table.get((self.state, e["name"]), ()):
            if CONDITIONS[condition](self, e):
                return to
        return None

    def step(self, data):
        """Whether the event leads to the state that is stated; then it has."""
        e = data["event"]
        to = self.leads(e)
        if to == [data.get("state", "")]:
            return True  # overtaken
        if to is None or to != data.get("state", ""):
            return False
        self.state = to
        self.remember(e)
        return True

    def remember(self, e):
        name = e["name"]
        if name == "opened":
            self.room, self.mandatory, self.technical = e.get("room", ""), e.get("mandatory", False), e.get("technical", False)
        elif name == "start":
            self.begun = True
        elif name == "classified":
            self.mandatory = e.get("mandatory", False)
        elif name == "move-room":
            self.room, self.safe = e.get("room", ""), False
            self.faults = {f for f in self.faults if f[1] in ("", self.room)} | {fault(f) for f in e.get("faults", [])}
        elif name == "all-safe":
            self.safe = True
        elif name in ("fault-locks", "start-elapsed", "restarted") and not self.stopped:
            self.safe = False
            if name == "restarted":
                self.faults = {fault(f) for f in e.get("faults", [])}
            self.faults = self.faults | {fault(e.get("fault"))}
        elif name == "fault-cleared":
            self.faults = self.faults - {fault(e.get("fault"))}
        elif name == "unrecorded-overdue":
            self.overdue = True
        elif name == "closing-elapsed":
            self.stopped = True

    def line(self, line):
        ours, data = line["type"].startswith("session."), bare(line["data"])
        held = is_event(data.get("event")) and isinstance(data.get("state", ""), str)
        if line["seq"] == 1:
            self.on = ours and held
        if not self.on or self.lost:
            return
        if line["type"] == "recorder.spooled":
            quote = data.get("line")
            if isinstance(quote, dict) and isinstance(quote.get("data"), dict) and is_event(quote["data"].get("event")):
                if quote.get("type") == "session." + quote["data"]["event"]["name"]:
                    self.step(quote["data"])
            return
        if not ours:
            return
        if not held or line["type"] != "session." + data["event"]["name"] or not self.step(data):
            self.lost = True
            raise Wrong("the states do not follow the table: %s in %s leads to %s" % (line["type"], self.state, json.dumps(data.get("state"))))

    def sealable(self):
        return not self.on or self.lost or self.leads({"name": "seal-done"}) is not None
