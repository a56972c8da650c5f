"""The tasks that keep us like the workspace: interrupted, limited, and with things in them that cannot be read."""
import json
import re

from flows import declare_by_api
from harness import check, equal, wait_for

# Of each task: what it is asked to do, for those that want to be told.
TASKS = {
    "slack.sync_users": None, "slack.update_users": None, "slack.sync_conversation_members": None, "slack.sync_usergroups": None,
    "slack.import_usergroups": None, "slack.send_reminders": None, "slack.send_postmortem_reminders": None, "slack.update_oncall": None,
    "slack.heal": None, "slack.send_message": {"conversation": "tech_incidents", "text": "Maintenance at noon <!channel>"},
}

def configure(world, *changes):
    """Puts text behind the first match of a pattern in the config; no schedule runs by itself."""
    with open(world.config) as text:
        config = text.read()
    names = ("users", "usergroups", "conversation_members")
    off = "".join(f" slack_sync_{name} = false," for name in names) + " slack_update_users = false, slack_update_oncall = false,"
    for pattern, more in ((r"\n  schedules = \{", off), *changes):
        config, count = re.subn(pattern, lambda found: found.group(0) + more, config, count=1)
        equal(count, 1, f"places for {pattern}")
    with open(world.config, "w") as out:
        out.write(config)


def calls(world, method):
    return [one for one in world.sandbox.log() if one["method"] == method]


def job_of(world, task):
    newest = max((one for one in world.jobs() if one["handler"] == "task:" + task), key=lambda one: one["id"])
    return json.loads(world.cli("job", "show", str(newest["id"]), "--json").stdout)


def test_a_group_sync_goes_on_after_a_kill(world):
    world.sandbox.reset(users=300, groups=30, group_size=10)
    groups = "".join(f' {{ handle = "big-{n}", categories = {{ "Payment" }} }},' for n in range(1, 31))
    configure(world, (r"\n  slack = \{", ' rate_limits = { ["users.info"] = 100000 },'), (r"\n\s*usergroups = \{", groups))
    world.sandbox.fault("users.info", "slow", delay="15ms", times=10000)
    engine = world.engine()
    world.cli("task", "run", "slack.sync_usergroups", "--no-wait")

    def is_half_done():
        done = (job_of(world, "slack.sync_usergroups").get("progress") or {}).get("walk", {}).get("done", 0)
        return 10 <= done < 30
    wait_for("some progress", is_half_done)
    engine.process.kill()
    asked = len(calls(world, "users.info"))
    engine = world.engine()
    engine.settled(60)
    walk = job_of(world, "slack.sync_usergroups")["progress"]["walk"]
    equal((walk["done"], walk["failed"], walk["total"]), (33, 0, 33), "groups")
    check(len(calls(world, "users.info")) < asked + 250, "it did not begin anew")
    engine.process.stop()


def test_conversations_one_of_them_gone_and_a_rate_limit(world):
    configure(world, (r"\n\s*conversations = \{", ' { id = "C0GONE", categories = { "Payment" } },'))
    engine = world.engine()
    world.sync(engine)
    world.sandbox.fault("conversations.members", "rate_limit", times=1, retry_after=1)
    world.cli("task", "run", "slack.sync_conversation_members")
    walk = job_of(world, "slack.sync_conversation_members")["progress"]["walk"]
    equal((walk["done"], walk["failed"], walk["total"]), (2, 1, 3), "what became of the conversations")
    check("C0GONE" in engine.process.tail(20000), "the log names the one that is gone")
    engine.process.stop()


def test_import_prints_rows_for_the_config(world):
    engine = world.engine()
    printed = world.cli("task", "run", "slack.import_usergroups").stdout
    check('{ id = "S0PLATFORM", handle = "platform-oncall", name = "Platform on call" },' in printed, f"the row of a group:\n{printed}")
    check("S0PAYMENTS" not in printed, f"what is declared already is left out:\n{printed}")
    engine.process.stop()


def test_only_one_group(world):
    configure(world)
    engine = world.engine()
    world.cli("task", "run", "slack.sync_usergroups", "--args", json.dumps({"only": ["security"]}))
    equal(job_of(world, "slack.sync_usergroups")["progress"]["walk"]["total"], 1, "groups that were looked at")
    world.cli("task", "run", "slack.update_users")
    equal(job_of(world, "slack.update_users")["state"], "done", "the circle of people")
    engine.process.stop()


def test_every_task_runs_by_hand_and_by_its_schedule(world):
    engine = world.engine()
    world.sync(engine)
    listed = json.loads(world.cli("task", "list", "--json").stdout)
    equal(sorted(one["name"] for one in listed if one["name"].startswith("slack.")), sorted(TASKS), "the tasks")
    scheduled = {one["name"] for one in listed if one.get("schedules")}
    equal(sorted(set(TASKS) - scheduled), ["slack.import_usergroups", "slack.send_message"], "those without a schedule, which somebody wants once")
    for task, args in TASKS.items():
        world.cli("task", "run", task, *(["--args", json.dumps(args)] if args else []))
        equal(job_of(world, task)["state"], "done", task)
    engine.process.stop()


def test_an_operators_message_is_sent_once(world):
    engine = world.engine()
    engine.settled()
    world.sandbox.fault("chat.postMessage", "reset", applied=True)
    for conversation in ("tech_incidents", "C0DEPLOY"):
        world.cli("task", "run", "slack.send_message", "--args", json.dumps({"conversation": conversation, "text": "Maintenance *at noon* <!channel>"}))
    for channel in ("C0INCIDENTS", "C0DEPLOY"):
        said = [one["text"] for one in world.sandbox.channel(channel)["messages"] if "Maintenance" in one["text"]]
        equal(said, ["Maintenance *at noon* <!channel>"], f"what is said in {channel}")
    refused = world.cli("task", "run", "slack.send_message", "--args", json.dumps({"conversation": "nowhere", "text": "x"}), ok=False)
    check(refused.returncode == 1 and "nowhere" in refused.stderr, f"a conversation that is not declared: {refused.stderr}")
    engine.process.stop()


def test_a_sync_of_people_goes_on_after_a_kill(world):
    world.sandbox.reset(users=4000)
    configure(world)
    world.sandbox.fault("users.list", "slow", delay="150ms", times=1000)
    engine = world.engine()
    world.cli("task", "run", "slack.sync_users", "--no-wait")

    def pages():
        return len(calls(world, "users.list"))
    wait_for("some pages", lambda: pages() >= 6)
    engine.process.kill()
    read = pages()
    engine = world.engine()
    engine.settled(60)
    progress = job_of(world, "slack.sync_users")["progress"]["sync"]
    people = progress["created"] + progress["unchanged"]
    check(people >= 4000 and not progress.get("failed"), f"everybody is there: {progress}")
    all_pages = -(-4042 // 200)
    check(pages() <= all_pages + 2, f"it goes on where it was: {read} pages before the kill, {pages()} in all, {all_pages} there are")
    engine.process.stop()


def test_whoever_left_the_workspace_is_invited_no_more(world):
    """A sync finds accounts that ended, and those that are there again."""
    configure(world)
    engine = world.engine()
    world.sync(engine)
    for number, (is_gone, is_invited) in enumerate(((True, False), (False, True)), 1):
        world.sandbox.deactivate("U0003", is_gone)
        world.cli("task", "run", "slack.sync_users")
        declare_by_api(engine, priority="P2", title=f"Incident number {number} of this test")
        wait_for("the channel", lambda: len(world.sandbox.channels()) == number)
        engine.settled()
        channel = max(world.sandbox.channels(), key=lambda one: one["created"] if "created" in one else one["id"])
        equal("U0003" in channel["members"], is_invited, f"whether U0003 is invited to #{number}")
    equal([one for one in world.jobs() if one["state"] == "dead"], [], "dead jobs")
    engine.process.stop()


def test_the_topic_says_who_is_on_call(world):
    configure(world, (r"\n  oncall = \{", """
    { service = "payments", email = "bruno.keller@example.test" }, { service = "payments", email = "chiara.conti@example.test" },
    { service = "search", level = 2, email = "daniel.okafor@example.test" },"""))
    engine = world.engine()
    world.sync(engine)
    world.cli("task", "run", "slack.update_oncall")
    world.cli("task", "run", "slack.update_oncall")
    topic = world.sandbox.channel("C0INCIDENTS")["topic"]
    check(topic.startswith("On call: payments ") and "<@U0002>" in topic and "<@U0003>" in topic, f"the topic: {topic}")
    check("search" not in topic, f"the first level only: {topic}")
    equal(len(calls(world, "conversations.setTopic")), 1, "it is set when it changes")
    said = engine.command("oncall").json["text"]
    check("payments (level 1): <@U0002> <@U0003>" in said and "search (level 2): <@U0004>" in said, f"the command: {said}")
    with open(world.config) as text:
        config = text.read()
    world.write("config.lua", re.sub(r'\{ service = "payments".*?\n', "\n", config))
    world.cli("reload")
    world.cli("task", "run", "slack.update_oncall")
    equal(world.sandbox.channel("C0INCIDENTS")["topic"], "Nobody is on call", "the topic when nobody is")
    engine.process.stop()


def test_a_group_that_changes_is_read_at_once(world):
    configure(world)
    engine = world.engine()
    world.sync(engine)
    world.sandbox.set_group("S0PAYMENTS", ["U0007"])
    groups = len(calls(world, "usergroups.list"))
    for number, group in enumerate(("S0PAYMENTS", "S0PAYMENTS", "S0PLATFORM")):
        engine.event({"type": "subteam_members_changed", "subteam_id": group, "users_added": ["U0007"]}, event_id=f"EvGroup{number}")
    engine.settled()
    check(groups < len(calls(world, "usergroups.list")) <= groups + 2, "the group that is declared is read, changes together")
    declare_by_api(engine, priority="P2")
    wait_for("the channel", lambda: world.sandbox.channels())
    engine.settled()
    members = world.sandbox.channels()[0]["members"]
    check("U0007" in members and "U0003" not in members, f"who is in the group now is invited: {members}")
    engine.process.stop()
