"""Each method of Slack's fails in each way in an incident's life, at each form and in each task: what one is left with is
said: done all the same, once; or dead, with the method and Slack's word for it; or told to the person who asked."""
import json
import os
import re
import time

from harness import check, equal, wait_for
from test_slack_commands import configure
from test_slack_life import open_incident, option, select, view_of, words

TITLE = "Checkout answers with errors in all shops"
SOS = 'sos = { { name = "Leads", conversation = "C0INCIDENTS", usergroup = "incident-leads" },'
REFUSAL = "restricted_action"  # Slack's word for: not you, and not later either
PASSING = {  # what time mends
    "reset": {}, "rate_limit": {"retry_after": 1}, "server_error": {"status": 500}, "garbage": {}, "error": {"error": "fatal_error"},
}
SAID = f"Slack says {REFUSAL}: the workspace's settings do not let the app do this; its administrators can"
FINAL = {"error": {"error": REFUSAL}}


# ---- an incident's life, whose every step makes jobs that call Slack

def submit_role(world, engine, channel):
    form = view_of(world, engine, "roles", "incident_update_roles", channel)
    values = {block["block_id"]: {block["block_id"]: {"type": "multi_users_select",
                                                      "selected_users": block["element"].get("initial_users", [])}}
              for block in form["blocks"] if block.get("type") == "input"}
    check("role_commander" in values, f"the form of the channel's incident: {words(form)}")
    values["role_commander"]["role_commander"]["selected_users"] = ["U0030"]
    return lambda: equal(engine.submit(form, values).json, {"response_action": "clear"}, "the answer to the roles")


def submit_sos(world, engine, channel):
    form = view_of(world, engine, "sos", "incident_send_sos", channel)
    values = {"sos": {"sos": select(option(form, "sos", "Leads"))}}
    return lambda: equal(engine.submit(form, values).json, {"response_action": "clear"}, "the answer to the SOS")


def react(world, engine, channel):
    said = world.sandbox.say(channel, "U0001", "The deployment of noon is to blame.")
    world.sandbox.say(channel, "U0030", "It is rolled back.", thread_ts=said["ts"])
    event = {"type": "reaction_added", "user": "U0001", "reaction": "mega",
             "item": {"type": "message", "channel": channel, "ts": said["ts"]}, "event_ts": said["ts"]}
    return lambda: equal(engine.event(event, event_id="EvReaction").status, 200, "the answer to the reaction")


def by_cli(*arguments):
    return lambda world, engine, channel: lambda: world.cli("incident", *arguments)


# Each prepares, while Slack is well, what then is done while it fails.
STEPS = {
    "update": by_cli("update", "1", "--status", "Investigating", "--message", "We look at the database."),
    "role": submit_role,
    "sos": submit_sos,
    "reaction": react,
    "worse": by_cli("update", "1", "--priority", "P1", "--message", "It is everywhere now."),
    "category": by_cli("update", "1", "--category", "Network", "--message", "It is the network."),
    "close": by_cli("close", "1", "--closure-reason", "false_positive", "--message", "It was a test of the alarm."),
    "reopen": by_cli("reopen", "1", "--message", "It was a real one after all."),
}


def methods(world):
    """What effects call; forms and tasks have tests of their own."""
    with open(os.path.join(world.root, "scripts/slack/methods.lua")) as file:
        known = re.findall(r'\["([\w.]+)"\] = \{', file.read())
    return [name for name in known if name.split(".")[0] not in ("views", "apps", "auth")]


def live(world, before_step, after_step):
    """The whole life; before_step is called when Slack is about to be needed, after_step when all is done. Returns the engine."""
    engine = world.engine()
    world.sync(engine)
    engine.settled()
    before_step()
    equal(engine.command(f"open P2 {TITLE}").status, 200, "the declaration")
    engine.settled(120)
    after_step()
    channel = next((one["id"] for one in world.sandbox.channels()), "C0GENERAL")
    for prepare in STEPS.values():
        act = prepare(world, engine, channel)
        before_step()
        act()
        engine.settled(120)
        after_step()
    return engine


def outcome(world):
    """Of the Slack side, what must not depend on how often something had to be tried."""
    def said(channel):
        return sorted(((one.get("metadata") or {}).get("event_payload", {}).get("ff_type", "other"), same(one["text"])) for one in channel["messages"])

    def same(text):
        """Without what differs from run to run: addresses, times, the channel's id."""
        return re.sub(r"127\.0\.0\.1:\d+|<!date\^\d+|<#C\w+>", "SAME", text)
    return [{"id": one["id"] if one["id"].startswith("C0") and len(one["id"]) < 12 else "incident", "topic": same(one["topic"]),
             "is_archived": one["is_archived"], "members": sorted(one["members"]), "pins": len(one["pins"]),
             "bookmarks": len(one.get("bookmarks", [])), "messages": said(one)}
            for one in world.sandbox.state()["channels"] if not one.get("is_im")]


def dead_jobs(world):
    return [one for one in world.jobs() if one["state"] == "dead"]


# ---- what time mends

def nothing():
    pass


def survive(world, kind):
    """With each method failing once, everything is in the end as if nothing had failed. (Each job with each failure: in
    tests/lua/slack_failures_test.lua.)"""
    configure(world, ("sos = {", SOS))
    live(world, nothing, nothing).process.stop()
    wanted, called = outcome(world), {call["method"] for call in world.sandbox.log()}
    world.sandbox.reset()
    world.fresh_database()

    unbroken = iter(methods(world))

    def break_everything():
        for method in unbroken:
            world.sandbox.fault(method, kind, times=1, **PASSING[kind])
    engine = live(world, break_everything, nothing)
    equal(outcome(world), wanted, f"what Slack shows after {kind}")
    equal(dead_jobs(world), [], "dead jobs")
    failed = {call["method"] for call in world.sandbox.log() if call.get("error") == f"fault:{kind}"}
    missed = called & set(methods(world)) - failed - {"users.list", "usergroups.list", "conversations.info", "conversations.members", "users.info"}
    equal(missed, set(), "methods that were called and did not fail")
    engine.process.stop()


def test_connections_that_break(world):
    survive(world, "reset")


def test_limits(world):
    survive(world, "rate_limit")


def test_server_errors(world):
    survive(world, "server_error")


def test_answers_that_cannot_be_read(world):
    survive(world, "garbage")


def test_errors_of_slacks_own(world):
    survive(world, "error")


# ---- what Slack refuses for good

def direct_messages(world):
    return json.dumps([one["messages"] for one in world.sandbox.state()["channels"] if one.get("is_im")], ensure_ascii=False)


def refuse(world, *refused):
    """The life with these methods refused once at each step; returns the engine and how often each was."""
    configure(world, ("sos = {", SOS))

    def order():
        for method in refused:
            world.sandbox.fault(method, "error", times=1, **FINAL["error"])
    engine = live(world, order, world.sandbox.clear_faults)
    hits = [call["method"] for call in world.sandbox.log() if call.get("error") == "fault:error"]
    equal(sorted(set(hits)), sorted(refused), "methods that were called and refused")
    return engine, hits


def test_a_refused_step_is_dead_and_said(world):
    refused = ["conversations.join", "conversations.setTopic", "conversations.archive", "conversations.unarchive", "conversations.replies",
               "conversations.rename", "chat.update", "bookmarks.add", "pins.add"]
    engine, hits = refuse(world, *refused)
    dead = dead_jobs(world)
    for method in refused:
        said = [one for one in dead if one["error_text"] == f"{method}: {SAID}"]
        equal(len(said), hits.count(method), f"dead jobs that name {method}")
        equal({one["attempt"] for one in said}, {1}, f"attempts at {method}: what is refused for good is not tried again")
    equal(len(dead), len(hits), "dead jobs in all")
    page = engine.get("/incident/1/").text
    check("failed for good" in page and f"conversations.setTopic: Slack says {REFUSAL}" in page, "the incident's page says what failed")
    channel = world.sandbox.channels()[0]
    kinds = [(one.get("metadata") or {}).get("event_payload", {}).get("ff_type") for one in channel["messages"]]
    equal(kinds.count("ff_incident_status_updated"), len([name for name in STEPS if name in ("update", "worse", "category", "close", "reopen")]) + 2,
          f"what is not refused goes on: {kinds}")
    world.cli("job", "retry", str(dead[0]["id"]))
    engine.settled()
    equal(len(dead_jobs(world)), len(dead) - 1, "one that is tried again by hand, when Slack is well, is done")
    engine.process.stop()


def test_refused_messages_do_not_stop_the_rest(world):
    engine, hits = refuse(world, "chat.postMessage", "conversations.invite", "conversations.history")
    dead = [one["error_text"] for one in dead_jobs(world)]
    for method in ("chat.postMessage", "conversations.history"):
        equal(dead.count(f"{method}: {SAID}"), hits.count(method), f"dead jobs that name {method}")
    shown = json.loads(world.cli("incident", "show", "1", "--json").stdout)
    missing = {"U0009", "U0010"} - set(world.sandbox.channels()[0]["members"])
    equal(missing, set(), "those who are refused together are invited one by one")
    refused = [one for one in shown["invitations"] if one.get("error") == REFUSAL]
    equal([one["state"] for one in refused], ["failed"], f"one who is refused alone is recorded: {shown['invitations']}")
    equal((shown["status_label"], shown["closed_at_ms"]), ("Investigating", None), "the incident went through its life")
    check("could not be called" in json.dumps(shown["updates"]), "the timeline says that the SOS reached nobody")
    check("*Leads* was not called" in direct_messages(world), f"and so does a message to who asked: {direct_messages(world)}")
    engine.process.stop()


def test_what_was_given_up_is_said_in_the_channel(world):
    engine = world.engine()
    world.sync(engine)
    world.sandbox.fault("conversations.invite", "error", error="missing_scope", times=100)
    engine.command(f"open P1 {TITLE}")
    engine.settled()
    gone = {one["handler"] for one in dead_jobs(world)}
    check("integrations/slack/invite" in gone, f"dead jobs: {gone}")
    said = [one["text"] for one in world.sandbox.channels()[0]["messages"] if "ff_given_up" in json.dumps(one.get("metadata"))]
    equal(len(said), 1, f"how often it is said: {said}")
    check("People who are needed may not have been invited. (conversations.invite: Slack says missing_scope" in said[0], said[0])
    world.sandbox.clear_faults()
    world.cli("job", "retry", "--incident", "1")
    engine.settled()
    equal(dead_jobs(world), [], "jobs that are dead once an operator has begun them anew")
    engine.process.stop()


def test_without_a_channel_the_author_is_told(world):
    engine = world.engine()
    world.sync(engine)
    world.sandbox.fault("conversations.create", "error", **FINAL["error"])
    equal(engine.command(f"open P1 {TITLE}").status, 200, "the declaration")
    engine.settled()
    equal([(one["handler"], one["error_text"]) for one in dead_jobs(world)],
          [("integrations/slack/open_channel", f"conversations.create: {SAID}")], "dead jobs")
    equal(world.sandbox.channels(), [], "channels")
    check("gets no channel" in direct_messages(world), f"the author is told: {direct_messages(world)}")
    view = view_of(world, engine, "status #1", "incident_status")
    check(TITLE in words(view), "it goes on without one")
    engine.process.stop()


# ---- forms

FORMS = {"update": "incident_update", "update status": "incident_update_status", "edit": "incident_edit_incident",
         "roles": "incident_update_roles", "close": "incident_closure_reason", "status": "incident_status", "sos": "incident_send_sos",
         "downgrade": "incident_downgrade_workflow", "key-events": "incident_key_events", "postmortem": "incident_create_postmortem"}
NOT_SHOWN = "Slack did not let us show the form"


def told(world, where):
    """How often people were told that a form was not shown: beside the command, or as a direct message."""
    text = json.dumps(world.sandbox.state()["ephemerals"]) if where == "beside" else direct_messages(world)
    return text.count(NOT_SHOWN)


def failing_forms(world, kind, fault):
    """Each form is not opened once: that is said, and the next time it opens. The same for one pushed and one updated."""
    configure(world, ("sos = {", SOS))
    engine, channel = open_incident(world)
    for count, (text, callback) in enumerate(FORMS.items(), 1):
        world.sandbox.fault("views.open", kind, **fault)
        equal(engine.command(text, channel=channel).status, 200, f"the acknowledgement of {text}")
        wait_for(f"words about {text}", lambda: told(world, "beside") == count)
        equal(world.sandbox.newest_view(callback), None, f"{text} shows nothing")
        view_of(world, engine, text, callback, channel)
    menu = view_of(world, engine, "update", "incident_update", channel)
    world.sandbox.fault("views.push", kind, **fault)
    before = told(world, "beside") + told(world, "direct")
    engine.press(menu, "push_modal_incident_edit")
    wait_for("words about the pushed form", lambda: told(world, "beside") + told(world, "direct") == before + 1)
    asked = view_of(world, engine, "status", "incident_status")
    world.sandbox.fault("views.update", kind, **fault)
    chosen = {"selected_option": {"value": "1", "text": {"type": "plain_text", "text": "#1"}}}
    engine.press(asked, "incident_update_select_incident", chosen=chosen)
    wait_for("words about the updated form", lambda: told(world, "beside") + told(world, "direct") == before + 2)
    world.sandbox.fault("views.publish", kind, **fault)
    engine.event({"type": "app_home_opened", "user": "U0001", "tab": "home", "channel": "D1"}, event_id="EvHome1")
    wait_for("the refusal", lambda: any(one["method"] == "views.publish" and not one["ok"] for one in world.sandbox.log()))
    time.sleep(fault.get("retry_after", 0))
    engine.event({"type": "app_home_opened", "user": "U0001", "tab": "home", "channel": "D1"}, event_id="EvHome2")
    wait_for("the home tab", lambda: any(one["view"]["type"] == "home" for one in world.sandbox.views()))
    check(engine.process.is_alive(), "the engine goes on")
    engine.process.stop()


def test_forms_when_the_connection_breaks(world):
    failing_forms(world, "reset", PASSING["reset"])


def test_forms_when_there_is_a_limit(world):
    failing_forms(world, "rate_limit", PASSING["rate_limit"])


def test_forms_when_the_server_fails(world):
    failing_forms(world, "server_error", PASSING["server_error"])


def test_forms_when_the_answer_cannot_be_read(world):
    failing_forms(world, "garbage", PASSING["garbage"])


def test_forms_when_slack_has_an_error(world):
    failing_forms(world, "error", PASSING["error"])


def test_forms_when_slack_refuses(world):
    failing_forms(world, "error", FINAL["error"])


# ---- tasks, and people who are not known yet

TASKS = {"slack.sync_users": "users.list", "slack.sync_usergroups": "usergroups.list", "slack.sync_conversation_members": "conversations.members"}


def task_job(world, task):
    newest = max((one["id"] for one in world.jobs() if one["handler"] == "task:" + task))
    return json.loads(world.cli("job", "show", str(newest), "--json").stdout)


def test_tasks_get_through_what_time_mends(world):
    engine = world.engine()
    world.sync(engine)
    engine.settled()
    for method in TASKS.values():
        for kind, fault in PASSING.items():
            world.sandbox.fault(method, kind, **fault)
    for task in TASKS:
        world.cli("task", "run", task, "--no-wait")
    engine.settled(120)
    for task, method in TASKS.items():
        failed = {call["error"] for call in world.sandbox.log() if call["method"] == method and not call["ok"]}
        equal(failed, {f"fault:{kind}" for kind in PASSING}, f"failures of {method}")
        equal(task_job(world, task)["state"], "done", task)
    equal(task_job(world, "slack.sync_conversation_members")["progress"]["walk"]["failed"], 0, "conversations left out")
    engine.process.stop()


def test_a_refused_task_says_so_to_who_runs_it(world):
    engine = world.engine()
    world.sync(engine)
    engine.settled()
    for task in ("slack.sync_users", "slack.sync_usergroups"):
        world.sandbox.fault(TASKS[task], "error", **FINAL["error"])
        ran = world.cli("task", "run", task, ok=False)
        equal(ran.returncode, 1, f"the exit code of {task}")
        check(f"{task} is dead: {TASKS[task]}: Slack says {REFUSAL}" in ran.stderr, ran.stderr)
    world.sandbox.fault("conversations.members", "error", **FINAL["error"])
    world.cli("task", "run", "slack.sync_conversation_members")
    walk = task_job(world, "slack.sync_conversation_members")["progress"]["walk"]
    equal((walk["failed"], walk["done"]), (1, walk["total"] - 1), "one conversation that is refused does not stop the others")
    engine.process.stop()


def test_a_stranger_may_declare_unless_slack_knows_nobody(world):
    """Without a sync Slack is asked who types; that it does not answer is no reason to turn somebody away."""
    configure(world, ("\n  schedules = {", "\n  schedules = { slack_sync_users = false,"))
    engine = world.engine()
    engine.settled()
    for number, (kind, fault) in enumerate(PASSING.items(), 1):
        stranger = f"U{number + 20:04}"
        world.sandbox.fault("users.info", kind, **fault)
        answer = engine.command(f"open P3 {TITLE}", user=stranger).json
        check(f"#{number}" in json.dumps(answer), f"declared though {kind}: {answer}")
        failed = [call for call in world.sandbox.log() if call["method"] == "users.info" and call.get("error") == f"fault:{kind}"]
        equal(len(failed), 1, f"Slack was asked who {stranger} is, and failed with {kind}")
        if kind == "rate_limit":
            time.sleep(fault["retry_after"])
    world.sandbox.fault("users.info", "error", error="user_not_found")
    answer = engine.command(f"open P3 {TITLE}", user="U9999").json
    check("We could not find out who you are" in json.dumps(answer), f"Slack says that there is nobody: {answer}")
    equal(len(json.loads(world.cli("incident", "list", "--json").stdout)), len(PASSING), "incidents")
    engine.process.stop()
