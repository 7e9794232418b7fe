"""The states of a session, as docs/design/states-table.md has them.

That page is read as it is: for every state and event, the states that it may lead to. Which of several rows
holds depends on what went before; here each is as good.
"""

import json
import os
import re

from notes import Wrong

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "design", "states-table.md")


def rows(page=PAGE):
    table, state = {}, None
    with open(page, encoding="utf-8") as f:
        for line in f:
            if line.startswith("## "):
                state = line[3:].strip()
            m = re.match(r"\| `([a-z-]+)` \|[^|]*\| (\w+) \|", line)
            if m:
                table.setdefault((state, m[1]), set()).add(m[2])
    return table


class Replay:
    table = None

    def __init__(self):
        self.state, self.on, self.lost, self.stopped = "Before the opening", False, False, False
        if Replay.table is None:
            Replay.table = rows()

    def step(self, data):
        """Whether the event may lead to the state that is stated; then it has."""
        name = data["event"].get("name")
        if data["state"] not in Replay.table.get((self.state, name), ()):
            return False
        self.state = data["state"]
        self.stopped = self.state == "Closing" and (self.stopped or name == "closing-elapsed")
        return True

    def line(self, line):
        ours, data = line["type"].startswith("session."), line["data"]
        held = isinstance(data.get("event"), dict) and bool(data["event"].get("name"))
        if line["seq"] == 1:
            self.on = ours and held
        if not self.on or self.lost:
            return
        if line["type"] == "recorder.spooled":
            quote = data.get("line")
            if isinstance(quote, dict) and isinstance(quote.get("data"), dict) and isinstance(quote["data"].get("event"), dict):
                if quote.get("type") == "session." + str(quote["data"]["event"].get("name")):
                    self.step(quote["data"])
            return
        if not ours:
            return
        if not held or line["type"] != "session." + data["event"]["name"] or not self.step(data):
            self.lost = True
            raise Wrong("the states do not follow the table: %s in %s leads to %s" % (line["type"], self.state, json.dumps(data.get("state"))))

    def sealable(self):
        return not self.on or self.lost or self.stopped and self.state == "Closing"
