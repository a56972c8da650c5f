"""The tasks that keep us like the workspace: interrupted, limited, and with things in them that cannot be read."""
import json
import re

from harness import check, equal, wait_for



def configure(world, *changes):
    """Puts text behind the first match of a pattern in the config; no schedule runs by itself."""
    with open(world.config) as text:
        config = text.read()
    names = ("users", "usergroups", "conversation_members")
    off = "".join(f" slack_sync_{name} = false," for name in names) + " slack_update_users = false,"
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
