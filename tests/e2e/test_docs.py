"""docs/slack.md names what there is: commands, tags, permissions, shortcuts, tasks."""
import glob
import json
import os
import re

from harness import ROOT, check


def read(*path):
    with open(os.path.join(ROOT, *path)) as file:
        return file.read()


def test_the_page_about_slack_is_complete(world):
    page = read("docs", "slack.md")
    engine = world.engine()
    help_text = "\n".join(block["text"]["text"] for block in engine.command("help").json["blocks"] if block["type"] == "section")
    names = {re.sub(r" (#12|P2 what is broken)$", "", usage) for usage in re.findall(r"`/incident ([^`]+)`", help_text)}
    names |= {word for also in re.findall(r"\(or ([^)]*)\)", help_text) for word in re.findall(r"`([^`]+)`", also)}
    check({"open", "close", "sos sre", "update status"} <= names, f"the commands of help: {names}")
    wanted = {f"`{name}" for name in names}
    wanted |= {f"`{os.path.splitext(os.path.basename(path))[0]}`" for path in glob.glob(os.path.join(ROOT, "strategies", "tags", "*.lua"))}
    actions = re.search(r"M\.ACTIONS = \{(.*?)\}", read("scripts", "slack", "permit.lua"), re.S).group(1)
    wanted |= {f"`{action}`" for action in re.findall(r'"(\w+)"', actions)}
    manifest = json.loads(world.cli("manifest", "--socket").stdout)
    wanted |= {f"**{one['name']}**" for one in manifest["features"]["shortcuts"] if one["type"] == "message"}
    missing = sorted(one for one in wanted if one not in page)
    check(not missing, f"docs/slack.md does not name {missing}")
    engine.process.stop()
