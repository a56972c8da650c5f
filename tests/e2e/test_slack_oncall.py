"""Calling who is on call, from the form to the direct message."""
import json
import os
import re
import sqlite3

from flows import declare_by_api, incident, pressed, view_of, words
from harness import check, equal, wait_for
from test_slack_commands import configure

ROWS = """ oncall = {
    { service = "shop <!channel>", level = 2, email = "keiko.tanaka@example.test" },
    { service = "shop <!channel>", level = 2, email = "liam.byrne@example.test" },
    { service = "shop <!channel>", level = 3, email = "mina.petrova@example.test" },
    { service = "data", level = 2, email = "noah.jansen@example.test" },
"""


def start(world):
    with open(world.config) as shipped:
        text, count = re.subn(r"\n  oncall = \{", "\n " + ROWS, shipped.read(), count=1)
    equal(count, 1, "the list of who is on call")
    world.write("config.lua", text)
    engine = world.engine()
    world.sync(engine)
    return engine


def labels(view):
    return [one["text"]["text"] for block in view["blocks"] if block.get("block_id") == "oncall_service" for one in block["element"]["options"]]


def send(engine, view, label):
    chosen = next(one for block in view["blocks"] if block.get("block_id") == "oncall_service"
                  for one in block["element"]["options"] if one["text"]["text"] == label)
    return engine.submit(view, {"oncall_service": {"select_oncall_service": {"type": "radio_buttons", "selected_option": chosen}}})


def direct_to(world, user):
    return [message["text"] for channel in world.sandbox.state()["channels"] if channel.get("is_im") and channel["user"] == user
            for message in channel["messages"]]


def everybodys(world):
    return [text for channel in world.sandbox.state()["channels"] if channel.get("is_im") for text in direct_to(world, channel["user"])]


def test_who_is_on_call_is_called(world):
    engine = start(world)
    engine.command("open P1 Checkout answers with errors in all shops")
    channel = wait_for("the channel", lambda: next(iter(world.sandbox.channels()), None), 30)["id"]
    engine.settled()
    view = view_of(world, engine, "oncall", "incident_oncall_trigger", channel)
    equal(labels(view), ["data", "shop <!channel>"], "the services")
    check("shop &lt;!channel&gt; (level 2): <@" in words(view), f"who they are: {words(view)}")
    equal(send(engine, view, "shop <!channel>").json, {"response_action": "clear"}, "the call")
    engine.settled()
    now = world.sandbox.channel(channel)
    said = [one for one in now["messages"] if "ff_oncall_called" in json.dumps(one.get("metadata"))]
    equal(len(said), 1, "messages in the channel")
    called = re.findall(r"<@(\w+)>", said[0]["text"])
    equal(len(called), 2, f"who is mentioned: {said[0]['text']}")
    check(set(called) <= set(now["members"]), "they are in the channel")
    for user in called:
        equal(sum("you are needed at" in text for text in direct_to(world, user)), 1, f"direct messages to {user}")
    record = [one for one in incident(world)["updates"] if one["event_type"] == "trigger_oncall"]
    equal(len(record), 1, "records of the timeline")
    check("Keiko Tanaka" in record[0]["message"] and "Mina Petrova" not in record[0]["message"], f"the first level that is covered: {record}")
    why = engine.command("why #1", user=called[0]).json["text"]
    check("was called: on call for shop" in why, f"why they are there: {why}")

    view = view_of(world, engine, "on-call #1", "incident_oncall_trigger")
    equal(labels(view), ["data"], "who can be called still")
    check("Called already: shop" in words(view), f"who was called: {words(view)}")
    equal(send(engine, view, "data").status, 200, "the second call")
    engine.settled()
    check("All of them were called" in words(view_of(world, engine, "oncall #1", "incident_oncall_trigger")), "nobody is left")
    equal([one for one in world.jobs() if one["state"] == "dead"], [], "dead jobs")
    engine.process.stop()


def test_elsewhere_it_says_who_is_on_call(world):
    engine = start(world)
    declare_by_api(engine, priority="P4")
    engine.settled()
    answer = engine.command("oncall").json
    check("*On call now*" in answer["text"] and "data (level 2)" in answer["text"], f"who it is: {answer}")
    button = answer["blocks"][-1]["elements"][0]
    asked = pressed(world, engine, {"id": "V0", "blocks": [{"type": "actions", "block_id": "oncall_choice", "elements": [button]}]},
                    "open_modal_trigger_oncall", "incident_oncall_trigger")
    check("incident_update_select_incident" in words(asked), f"to which incident: {words(asked)}")
    view = view_of(world, engine, "oncall 1", "incident_oncall_trigger")
    equal(send(engine, view, "data").json, {"response_action": "clear"}, "the call to an incident without a channel")
    engine.settled()
    texts = everybodys(world)
    equal(sum("on call for *data*" in text for text in texts), 1, f"direct messages: {texts}")
    engine.process.stop()


def test_nobody_is_on_call_any_more(world):
    engine = start(world)
    engine.command("open P1 Checkout answers with errors in all shops")
    channel = wait_for("the channel", lambda: next(iter(world.sandbox.channels()), None), 30)["id"]
    engine.settled()
    view = view_of(world, engine, "oncall", "incident_oncall_trigger", channel)
    gone = engine.submit(view, {"oncall_service": {"select_oncall_service": {"type": "radio_buttons", "selected_option": {"value": "0" * 16}}}})
    check("Nobody is on call" in gone.json["errors"]["oncall_service"], f"said at the field: {gone.json}")
    engine.process.stop()


def exhaust(world, engine, handler):
    """Stops the engine and leaves its job one attempt, due now; starts it again and waits for the end."""
    engine.process.stop()
    with sqlite3.connect(os.path.join(world.folder, "halligan.db")) as db:
        equal(db.execute("UPDATE job SET attempt = 24, due_at_ms = 0 WHERE handler = ? AND state = 'ready'", (handler,)).rowcount, 1, f"jobs of {handler}")
    db.close()
    engine = world.engine()
    wait_for("its end", lambda: any(job["state"] == "dead" for job in world.jobs() if job["handler"] == handler))
    return engine


CALL = "integrations/slack/oncall_call:call"


def call_while_messages_fail(world, fault, **options):
    """An incident from which somebody calls who is on call for data, while Slack takes no messages; gives the engine."""
    engine = start(world)
    declare_by_api(engine, priority="P4")
    engine.settled()
    view = view_of(world, engine, "oncall 1", "incident_oncall_trigger")
    world.sandbox.fault("chat.postMessage", fault, **options)
    equal(send(engine, view, "data").json, {"response_action": "clear"}, "the call")
    return engine


def test_a_call_that_no_attempt_brings_through_can_be_made_again(world):
    engine = call_while_messages_fail(world, "server_error", status=500, times=100)
    wait_for("the first attempt", lambda: any(job["attempt"] > 0 and job["state"] == "ready" for job in world.jobs() if job["handler"] == CALL))
    engine = exhaust(world, engine, CALL)
    world.sandbox.clear_faults()
    wait_for("the timeline", lambda: [one for one in incident(world)["updates"] if one["message"] == "Who is on call for data could not be called."], 30)
    equal([one for one in incident(world)["updates"] if one["event_type"] == "trigger_oncall"], [], "what the timeline says was done")
    view = view_of(world, engine, "oncall 1", "incident_oncall_trigger")
    check("data" in labels(view) and "Called already" not in words(view), f"it can be called again: {words(view)}")
    equal(send(engine, view, "data").json, {"response_action": "clear"}, "the second call")
    engine.settled()
    equal(sum("on call for *data*" in text for text in everybodys(world)), 1, "how often they are told")
    engine.process.stop()


def test_a_call_that_an_operator_cancels_can_be_made_again(world):
    engine = call_while_messages_fail(world, "server_error", status=500, times=100)
    def cancel():
        waiting = [job["id"] for job in world.jobs() if job["handler"] == CALL and job["attempt"] > 0]
        return bool(waiting) and world.cli("job", "cancel", str(waiting[0]), ok=False).returncode == 0
    wait_for("a pause in which it can be cancelled", cancel)
    world.sandbox.clear_faults()
    engine.settled()
    check("Who is on call for data could not be called." in [one["message"] for one in incident(world)["updates"]], "the timeline")
    check("data" in labels(view_of(world, engine, "oncall 1", "incident_oncall_trigger")), "it can be called again")
    engine.process.stop()


def test_who_called_hears_that_it_was_given_up(world):
    engine = call_while_messages_fail(world, "error", error="restricted_action", times=1)
    engine.settled()
    told = [text for text in everybodys(world) if "was not called. Please reach them another way" in text]
    equal(len(told), 1, f"how often who called is told: {everybodys(world)}")
    engine.process.stop()


def test_only_who_may_page_calls(world):
    configure(world, ("permissions = {", 'permissions = { page = { "usergroup:security" },'))
    engine = start(world)
    engine.command("open P1 Checkout answers with errors in all shops")
    engine.settled()
    refused = view_of(world, engine, "oncall #1", "notice")
    check("usergroup:security" in words(refused), f"who may is said: {words(refused)}")
    engine.process.stop()
