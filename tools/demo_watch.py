"""What happened in the sandbox's workspace between two looks at it, as lines that a newcomer reads."""
import re

from harness import check, fetch

LONGEST = 220


def shortened(text):
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= LONGEST else one_line[:LONGEST - 1] + "…"


def words_of(message):
    """Its lines, without buttons."""
    lines = []
    for block in message.get("blocks") or []:
        texts = [block.get("text"), *block.get("fields", []), *(block.get("elements", []) if block["type"] == "context" else [])]
        lines += [line for text in texts if text and text.get("text") for line in text["text"].split("\n") if line.strip()]
    return lines or [message["text"]]


def names_of(sandbox):
    """Of everybody in the workspace, by id."""
    answer = fetch(sandbox.url + "/api/users.list", "POST", headers={"Authorization": "Bearer xoxb-sandbox"}).json
    check(answer["ok"], f"users.list: {answer}")
    return {person["id"]: person["profile"].get("real_name") or person["name"] for person in answer["members"]}


class Watch:
    """Looks at the workspace whenever asked, and says what is new since the last time."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.state = sandbox.state()
        self.names = names_of(sandbox)

    def news(self):
        """Lines; empty when nothing happened."""
        before, self.state = self.state, self.sandbox.state()
        known = {channel["id"]: channel for channel in before["channels"]}
        lines = []
        for channel in self.state["channels"]:
            lines += self._of_channel(channel, known.get(channel["id"]))
        for note in self.state["ephemerals"][len(before["ephemerals"]):]:
            lines.append(f"only {self._name(note.get('user'))} sees: {self._plain(note.get('text') or '')}")
        return [shortened(line) for line in lines]

    def _of_channel(self, channel, old):
        where = self._where(channel)
        if not old:
            old = {"members": [], "messages": [], "pins": [], "bookmarks": [], "topic": "", "is_archived": False}
            if not channel.get("is_im"):
                yield f"{where} is opened"
        if channel["topic"] != old["topic"]:
            yield f"{where} topic: {self._plain(channel['topic'])}"
        joined = [self._name(one) for one in channel["members"] if one not in old["members"]]
        if joined and not channel.get("is_im"):
            yield f"{where} joined by {', '.join(joined)}"
        yield from self._of_messages(where, channel, old)
        yield from (f"{where} bookmark: {one['title']}" for one in channel["bookmarks"][len(old["bookmarks"]):])
        if channel["is_archived"] and not old["is_archived"]:
            yield f"{where} is archived"

    def _of_messages(self, where, channel, old):
        known = {message["ts"]: words_of(message) for message in old["messages"]}
        for message in channel["messages"]:
            words, before = words_of(message), known.get(message["ts"])
            if before is None:
                pinned = "pinned, " if message["ts"] in channel["pins"] else ""
                yield f"{where} {pinned}{self._name(message.get('user'))}: {self._plain(' / '.join(words))}"
            elif words != before:
                added = [line for line in words if line not in before]
                kind, lines = ("changes in place", added) if added else ("no longer says", [one for one in before if one not in words])
                yield f"{where} {kind}: {self._plain(' / '.join(lines))}"

    def _where(self, channel):
        return f"direct to {self._name(channel.get('user'))}:" if channel.get("is_im") else "#" + channel["name"]

    def _name(self, slack_id):
        return self.names.get(slack_id) or str(slack_id)

    def _plain(self, text):
        """Slack's markup as the reader of a channel sees it."""
        def reference(found):
            kind, target, label = found.group(1), found.group(2), found.group(3)
            if label:
                return label
            if kind == "@":
                return "@" + self._name(target)
            if kind == "#":
                return "#" + next((one["name"] for one in self.state["channels"] if one["id"] == target), target)
            return "@" + target.split("^")[-1] if kind == "!" else target
        text = re.sub(r"<!date\^[^<>|]*\|([^<>]*)>", r"\1", text)
        text = re.sub(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>", reference, text)
        return text.replace("*", "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
