"""Hostile content in every view and every message that the product makes. Whatever people, other systems and the operator
write, Slack takes what is sent (the sandbox is as strict as it is) and nothing in it comes to life."""
import contextlib
import glob
import json
import os
import re
import sqlite3
import time

from flows import declare_by_api, option, pressed, select, typed, view_of
from harness import check, equal, wait_for
from test_slack_effects_why import click

LIVE = "<!channel> <!here|here> <!everyone> <@U0HOSTILE> <#C0HOSTILE|x> <!subteam^S0HOSTILE> <https://evil.example|press> <!date^1^{date}|x>"
FAMILY = "\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d\U0001F466"
CONTENT = {
    "long": "x" * 10000,
    "long words": "lorem ipsum " * 850,
    "mentions": LIVE * 3,
    "many mentions": LIVE * 80,
    "escapes": "&amp;lt;!channel&amp;gt; &lt;!channel&gt; & < > " * 300,
    "emoji": FAMILY * 1400,
    "skins and flags": "\U0001F44B\U0001F3FD\U0001F1F8\U0001F1EA:fire: " * 900,
    "marks": "*_~`>*_ ```" * 900,
    "one letter, many accents": "e" + "\u0301" * 9999,
    "right to left": "\u202e\u2066\u2067\u2068\u202a\u202b\u202d \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u2069\u202c\u200f " * 300,
    "lines": "\n> a\r\n\u2028\u2029" * 1500,
    "no width": "\u200b\ufeff\u2060" * 3000,
    "controls": "a\x00b\x01\x1b[31mred\x7f\x85" * 600,
    "NUL only": "\x00" * 10000,
    "blank": " \t\n\u00a0\u3000\r ",
    "empty": "",
}
ALIVE = re.compile(r"<!(channel|here|everyone|date\^1\^)|<@U0HOSTILE|<#C0HOSTILE|<!subteam\^S0HOSTILE|<https://evil")
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
COMMANDS = ("update", "update status", "edit", "roles", "close", "status", "sos", "downgrade", "pm", "key-events", "oncall")
# What the scripts call their messages and views: all of them have to be seen.
KIND = re.compile(r'"(ff_\w+?|raid_created_issue)_?"')
CALLBACK = re.compile(r'(?:callback_id|CALLBACK|CALLBACK, [A-Z, ]+) = "(\w+)"')
HOURS = "office_hours = { from = 9, to = 17, days = { 1, 2, 3, 4, 5 } }"
NIGHT = "office_hours = { from = 0, to = 24, days = {} }"
DAY = "office_hours = { from = 0, to = 24, days = { 1, 2, 3, 4, 5, 6, 7 } }"
HOME = {"integrations/slack/home:refresh"}             # waits for what comes within five seconds


# ---- what must be true of everything

def assert_harmless(value, where, is_markup=False):
    """No mention, no link and no turned direction in any text that Slack reads as markup."""
    if isinstance(value, dict):
        kind = value.get("type")
        for name, inner in value.items():
            if name == "text" and isinstance(inner, str):
                assert_harmless(inner, where, kind != "plain_text")
            elif name not in ("initial_value", "private_metadata", "value"):
                assert_harmless(inner, f"{where}.{name}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            assert_harmless(inner, f"{where}[{i}]")
    elif isinstance(value, str):
        check(not (is_markup and ALIVE.search(value)), f"{where}: comes to life: {value[:1500]!r}")
        check(not TURNING.search(value), f"{where}: turns the direction: {value[:300]!r}")


def named(world):
    """The kinds of messages and the callbacks of views that the scripts name."""
    kinds, callbacks = {"ff_incident_postmortem_reminder_5days_announcement"}, set()
    for folder in ("scripts/slack", "strategies"):
        for path in glob.glob(os.path.join(world.root, folder, "**", "*.lua"), recursive=True):
            with open(path) as source:
                text = source.read()
            kinds |= set(KIND.findall(text))
            if os.path.basename(path) != "manifest.lua":       # there they are shortcuts
                callbacks |= set(CALLBACK.findall(text))
    check(len(kinds) > 10 and len(callbacks) > 15, f"the scripts name them: {kinds} {callbacks}")
    return kinds, callbacks


class Seen:
    """What was made, over all content: kinds of messages and callbacks of views."""

    def __init__(self):
        self.kinds, self.callbacks = set(), set()

    def look(self, world):
        state = world.sandbox.state()
        for entry in state["views"]:
            self.callbacks.add(entry["callback_id"])
            assert_harmless(entry["view"], f"view {entry['callback_id']}")
        for note in state["ephemerals"]:
            assert_harmless(note, f"note")
        for channel in state["channels"]:
            assert_harmless(channel["topic"], f"topic", True)
            for message in channel["messages"]:
                if message["user"] == "U0BOT":
                    kind = (message.get("metadata") or {}).get("event_payload", {}).get("ff_type")
                    self.kinds.add(re.sub(r"_\d[\d_]*$", "", kind or ""))
                    assert_harmless(message, f"message {kind}")


# ---- the workspace of a malicious operator

def quoted(text):
    return json.dumps(text, ensure_ascii=False).replace("\\u", "\\\\u")


def configure(world):
    """Every text of the operator's that is free is long and full of markup; names keep their beginning, so that rows can be found."""
    bad = "\u202e" + LIVE.replace('"', "") + FAMILY * 20
    with open(world.config) as shipped:
        text = shipped.read()
    for field in ("description", "summary", "help", "emoji"):
        text = re.sub(rf'(\s{field} = )"[^"]*"', lambda found: found.group(1) + quoted((bad * 6)[:1900 if field != "emoji" else 40]), text)
    names = ("Customer journey", "Checkout", "Commander", "Communication Lead", "Started", "Detected", "Recovered", "Business Impact",
             "Severe loss", "Serious loss", "Production", "Staging", "Customers Impact", "All platforms", "Other")
    for name in names:
        limit = 75 if name == "All platforms" else 128
        text = text.replace(f'name = "{name}"', f"name = {quoted((name + ' ' + bad)[:limit])}")
    methods = ("views.open", "views.push", "views.update", "views.publish", "chat.postMessage", "chat.update", "conversations.create",
               "conversations.setTopic", "conversations.join", "conversations.invite", "conversations.history", "bookmarks.add", "pins.add")
    unlimited = ", ".join(f'["{method}"] = 100000' for method in methods)
    for old, new in (('app_name = "Halligan"', f'app_name = {quoted("A <!channel> & <@U0HOSTILE>")}'),
                     ("defaults = { category = \"Other\",", "defaults = { category = \"Payment\","), ("\n    permissions = {", f"\n    rate_limits = {{ {unlimited} }}, permissions = {{"),
                     (HOURS, NIGHT), ("emergency = {", 'emergency = { guide = "https://wiki.example.test/", usergroup = "incident-leads",'),
                     ("postmortem_reminder = days(5)", 'postmortem_reminder = "1s"'),
                     ("\n    conversations = {", '\n    conversations = { { id = "C0GENERAL", tag = "raid_alert__incidents_normal" },'),
                     ('name = "P1",', 'name = "P1", reminder_time = "1s",'),
                     ("\n  oncall = {", f'\n  oncall = {{ {{ service = {quoted((bad * 2)[:128])}, email = "keiko.tanaka@example.test" }},'),
                     ("sos = {", f"sos = {{ {{ name = {quoted('Leads ' + LIVE[:60])}, conversation = \"C0INCIDENTS\", usergroup = \"incident-leads\" }},"),
                     ("teams = {", f"teams = {{ {{ value = \"t\", name = {quoted(LIVE[:75])} }},"),
                     ("commands = {", f"commands = {{ edit = {{ about = {quoted(LIVE[:150])} }},")):
        check(old in text, f"the shipped config holds {old!r}")
        text = text.replace(old, new, 1)
    world.write("config.lua", text)
    world.write("strategies/invites/hostile.lua", "return { about = 'Hostile', invite = function(_, find) return find.usergroup "
                "\"payments-oncall\":because(" + quoted(LIVE * 5) + ") end }\n")


def flood(world, number, text, with_document=True):
    """What an incident holds that was imported, or came from another system: without any limit."""
    db = sqlite3.connect(os.path.join(world.folder, "halligan.db"), timeout=30)
    with contextlib.closing(db), db:
        db.execute("UPDATE incident SET title = ?, description = ? WHERE id = ?", (text, text, number))
        db.execute("UPDATE incident_update SET message = ? WHERE incident_id = ? AND message IS NOT NULL", (text, number))
        db.execute("UPDATE person SET name = ? WHERE id NOT IN (SELECT person_id FROM account WHERE platform = 'slack')", (text,))
        db.execute("UPDATE OR IGNORE invitation_reason SET reason = ?", (text,))
        db.execute("UPDATE attachment SET key = ?, title = ? WHERE incident_id = ?", (text, text, number))
        if with_document:
            db.execute("INSERT OR REPLACE INTO attachment (id, incident_id, kind, provider, key, url, title, created_at_ms, updated_at_ms)"
                       " VALUES (?, ?, 'postmortem', 'other', ?, ?, ?, 1, 1)",
                       (f"hostile-{number}", number, text, "https://wiki.example.test/" + text[:3000], text))


# ---- everything that a person does

def look_at_everything(world, engine, number, channel, text):
    for command in COMMANDS:
        before = len(world.sandbox.views())
        equal(engine.command(f"{command} #{number}", channel=channel).status, 200, command)
        wait_for(f"a view of {command}", lambda: len(world.sandbox.views()) > before)
    words = text[:3000].replace("\x00", "")
    for typed_words in ("list", "list mine", "list critical", f"why #{number}", "oncall", "help", "", words, f"open P2 {words}",
                        f"open P2 #{words}", f"open {words}", f"close {words}", f"list {words}"):
        equal(engine.command(typed_words, channel=channel).status, 200, typed_words[:20])
    asked = view_of(world, engine, "status", "incident_status")
    for query in ("", words, f"#{number}"):
        equal(engine.interaction({"type": "block_suggestion", "user": {"id": "U0001"}, "view": asked, "value": query,
                                  "action_id": "incident_update_select_incident",
                                  "block_id": "incident_update_select_incident"}).status, 200, "suggestions")
    engine.event({"type": "app_home_opened", "user": "U0001", "tab": "home", "channel": "D1"}, event_id=f"EvHome{number}")
    home = wait_for("the home tab", lambda: world.sandbox.newest_view("app_home"))
    engine.press(home, "home_filter_critical")


def declare_in_the_form(world, engine, text):
    """The four views of a declaration, filled in with <text>: refused at the field, or taken."""
    root = view_of(world, engine, "open", "incident_open")
    impacts = pressed(world, engine, root, "push_incident_select_impact", "incident_select_impact")
    values = {}
    for block in impacts["blocks"]:
        if block["type"] == "input":
            values[block["block_id"]] = {block["element"]["action_id"]: select(block["element"]["options"][0])}
    engine.submit(impacts, values)
    def with_details():
        view = next((one["view"] for one in world.sandbox.views() if one["view"]["id"] == root["id"]), None)
        return view if "push_incident_unified" in json.dumps(view) else None
    root = wait_for("the second step", with_details)
    if "push_check_current_incidents" in json.dumps(root):
        pressed(world, engine, root, "push_check_current_incidents", "check_current_incidents")
    details = pressed(world, engine, root, "push_incident_unified", "open_incident_unified")
    values = {"title": {"title": typed(text)}, "description": {"description": typed(text)}}
    for block in details["blocks"]:
        element = block.get("element", {})
        if element.get("type") == "static_select":
            one = (element.get("options") or element["option_groups"][0]["options"])[0]
            values[block["block_id"]] = {element["action_id"]: select(one)}
        elif element.get("type") == "multi_static_select":
            values[block["block_id"]] = {element["action_id"]: {"type": "multi_static_select", "selected_options": element["options"]}}
        elif element.get("type") == "plain_text_input" and block["block_id"] not in values:
            values[block["block_id"]] = {element["action_id"]: typed(text)}
    answer = engine.submit(details, values)
    equal(answer.status, 200, "the details")
    if answer.json is None:
        shown = wait_for("the last step", lambda: (lambda view: view if view.get("submit") else None)(
            next(one["view"] for one in world.sandbox.views() if one["view"]["id"] == root["id"])))
        equal(engine.submit(shown, {}).status, 200, "the declaration")


def say_everything(world, engine, number, channel, text):
    """Each form sent with <text> in all that can be written: the answer is one that Slack takes."""
    fields = {
        "incident_update_status": ("update status", {"message": {"message": typed(text)}}),
        "incident_edit_incident": ("edit", {"title": {"title": typed(text)}, "description": {"description": typed(text)}}),
        "incident_create_postmortem": ("pm", {"url": {"url": typed(text)}}),
        "incident_send_sos": ("sos", {"sos": {"sos": select({"value": text[:75]})}}),
        "incident_update_roles": ("roles", {"role_commander": {"role_commander": {"type": "multi_users_select", "selected_users": [text[:75]]}}}),
        "incident_key_events": ("key-events", {"key_event_started": {"key_event_started": {"type": "datetimepicker", "selected_date_time": text}}}),
    }
    for callback, (command, values) in fields.items():
        form = view_of(world, engine, f"{command} #{number}", callback, channel)
        shown = {block["block_id"] for block in form["blocks"] if block["type"] == "input"}
        equal(engine.submit(form, {name: value for name, value in values.items() if name in shown}).status, 200, f"{callback} sent")
    message = world.sandbox.say(channel, "U0001", text)
    equal(engine.message_shortcut("add_to_timeline", channel, message).status, 200, "the shortcut")
    other = world.sandbox.say(channel, "U0001", text + " ")
    event = world.sandbox.message_act("react", channel, other["ts"], reaction="mega")
    equal(engine.event(event, event_id=f"EvHostile{number}").status, 200, "the reaction")


def live_through(world, engine, number, text):
    """One incident with <text> as its content, from the declaration to its closing."""
    world.sandbox.fault("conversations.create", "rate_limit", retry_after=1)
    author = "amal.haddad@example.test" if number % 2 else "first.responder@example.test"      # the second is not in Slack
    declare_by_api(engine, title=f"Hostile number {number}", created_by_email=author)
    flood(world, number, text, False)         # before its channel is there: its first messages hold the text
    channel = wait_for("its channel", lambda: next((one["id"] for one in world.sandbox.channels()
                                                    if f"-{number}-" in one["name"] or one["name"].endswith(f"-{number}")
                                                    or f"{number:05d}" in one["name"]), None), 30)
    engine.settled(besides=HOME)
    headline = next(one for one in world.sandbox.channel(channel)["messages"] if "ff_incident_declared" in json.dumps(one.get("metadata")))
    for action in ("why_am_i_here",):
        click(world, engine, channel, headline, action, "U0002")
    look_at_everything(world, engine, number, channel, text)
    say_everything(world, engine, number, channel, text)
    engine.settled(besides=HOME)
    flood(world, number, text, False)
    sos = view_of(world, engine, f"sos #{number}", "incident_send_sos", channel)
    engine.submit(sos, {"sos": {"sos": select(option(sos, "sos", "Leads"))}})
    with open(world.config) as given:
        at_day = given.read().replace(NIGHT, DAY)
    world.write("config.lua", at_day)         # it was night when the incident began
    world.cli("reload")
    flood(world, number, text, False)
    postmortem = view_of(world, engine, f"pm #{number}", "incident_create_postmortem", channel)
    engine.submit(postmortem, {"url": {"url": typed("https://wiki.example.test/of-its-own")}})
    oncall = view_of(world, engine, f"oncall #{number}", "incident_oncall_trigger", channel)
    one = next(block["element"]["options"][0] for block in oncall["blocks"] if block.get("block_id") == "oncall_service")
    equal(engine.submit(oncall, {"oncall_service": {"select_oncall_service": {"type": "radio_buttons", "selected_option": one}}}).json,
          {"response_action": "clear"}, "the call")
    for status in ("Investigating", "Mitigating", "Mitigated"):
        form = view_of(world, engine, f"update status #{number}", "incident_update_status", channel)
        equal(engine.submit(form, {"status": {"status": select(option(form, "status", status))}}).json, {"response_action": "clear"}, status)
        if status != "Investigating":
            time.sleep(1.1)                   # longer than a P1 may be silent here, and a post-mortem may take
            world.cli("task", "run", "slack.send_reminders" if status == "Mitigating" else "slack.send_postmortem_reminders")
            engine.settled(besides=HOME)
    engine.settled(besides=HOME)
    view_of(world, engine, f"close #{number}", "incident_close", channel)
    form = view_of(world, engine, f"update status #{number}", "incident_update_status", channel)
    equal(engine.submit(form, {"priority": {"priority": select(option(form, "priority", "P4"))}}).json, {"response_action": "clear"}, "P4")
    engine.settled(besides=HOME)
    flood(world, number, text)
    view_of(world, engine, f"pm #{number}", "incident_create_postmortem", channel)
    form = view_of(world, engine, f"downgrade #{number}", "incident_downgrade_workflow", channel)
    equal(engine.submit(form, {"message": {"message": typed(text)}}).status, 200, "the downgrade")
    engine.settled(besides=HOME)
    equal([one for one in world.jobs() if one["state"] == "dead"], [], "dead jobs")


def living_through(text):
    def run(world):
        configure(world)
        engine = world.engine()
        world.sync(engine)
        live_through(world, engine, 1, text)
        world.sandbox.fault("chat.postMessage", "rate_limit", retry_after=1, times=1)
        declare_by_api(engine, title="An ordinary one", priority="P4")
        flood(world, 2, text)
        engine.settled(besides=HOME)
        view_of(world, engine, "status #99", "notice")
        world.sandbox.fault("pins.add", "error", error="restricted_action", times=1)   # it is said that this was given up
        declare_by_api(engine, title="One that is looked at", priority="P2")
        flood(world, 3, text)
        engine.settled(besides=HOME)
        declare_in_the_form(world, engine, text)
        seen = Seen()
        seen.look(world)
        kinds, callbacks = named(world)
        equal(kinds - seen.kinds, set(), "kinds of messages that were not seen")
        equal(callbacks - seen.callbacks, set(), "views that were not seen")
        engine.process.stop()
    return run


for name, content in CONTENT.items():
    globals()["test_hostile_content_" + re.sub(r"\W+", "_", name)] = living_through(content)
