"""`halligan check --online`: what Slack says of the settings, at the line of the config that is wrong."""
import json
import os
import re

from flows import open_incident, update
from harness import check, equal, wait_for
from test_slack_commands import configure


def ask(world, env=None):
    """Exit code, what is well, and the mistakes as {path: message}; each names the line where its path stands."""
    result = world.cli("check", "--online", ok=False, extra_env=env)
    with open(world.config) as file:
        lines = file.read().split("\n")
    mistakes = {}
    for line in result.stderr.splitlines():
        found = re.fullmatch(r"config\.lua:(\d+) slack\.(\S+): (.*)", line)
        check(found, f"a mistake has file, line and path: {line!r}")
        name = re.sub(r"\[\d+\]", "", found.group(2)).split(".")[-1]
        check(name in lines[int(found.group(1)) - 1], f"line {found.group(1)} holds {name}: {lines[int(found.group(1)) - 1]!r}")
        mistakes[found.group(2)] = found.group(3)
    return result.returncode, result.stdout, mistakes


def granted(world):
    made = json.loads(world.cli("manifest", "--socket").stdout)
    return made["oauth_config"]["scopes"]["bot"]


def calls(world):
    return [call["method"] for call in world.sandbox.log()]


def test_all_is_well_and_nothing_is_changed(world):
    world.sandbox.reset(scopes=granted(world))
    code, said, mistakes = ask(world)
    equal((code, mistakes), (0, {}), "the outcome")
    check("Slack: Sandbox as halligan; asked for 2 conversations" in said, said)
    equal(set(calls(world)), {"auth.test", "conversations.info", "usergroups.list"}, "what was called")
    check(not os.path.exists(os.path.join(world.folder, "halligan.db")), "no database was made")


def test_tokens(world):
    code, _, mistakes = ask(world, {"SLACK_BOT_TOKEN": "xoxp-another-kind"})
    equal((code, list(mistakes)), (1, ["token"]), "a token that Slack refuses")
    check("invalid_auth" in mistakes["token"] and "another-kind" not in mistakes["token"], mistakes["token"])
    code, _, mistakes = ask(world, {"SLACK_APP_TOKEN": "xapp-good"})
    equal((code, mistakes), (0, {}), "an app-level token that Slack takes")
    world.sandbox.fault("apps.connections.open", "error", error="invalid_auth")
    code, _, mistakes = ask(world, {"SLACK_APP_TOKEN": "xapp-bad"})
    equal((code, list(mistakes)), (1, ["app_token"]), "one that it refuses")
    code, said, mistakes = ask(world, {"SLACK_BOT_TOKEN": "", "SLACK_SIGNING_SECRET": ""})
    equal((code, mistakes), (0, {}), "no token is no mistake")
    check("Slack is off" in said, said)


def test_slack_is_not_reached(world):
    for kind in ("reset", "server_error", "garbage", "rate_limit"):
        world.sandbox.fault("auth.test", kind)
        code, _, mistakes = ask(world)
        equal((code, list(mistakes)), (1, ["api_url"]), f"the outcome of {kind}")
    code, _, mistakes = ask(world, {"SLACK_API_URL": "http://127.0.0.1:1/api/"})
    equal((code, list(mistakes)), (1, ["api_url"]), "nobody listens")


def test_scopes_that_are_missing_are_named(world):
    world.sandbox.reset(scopes=[scope for scope in granted(world) if scope not in ("pins:write", "usergroups:read")])
    code, _, mistakes = ask(world)
    equal(code, 1, "the exit code")
    check("lacks the scopes pins:write, usergroups:read;" in mistakes["token"], mistakes)
    check("needed: usergroups:read" in mistakes["usergroups"], mistakes)


def test_channels_and_groups_that_are_not_there(world):
    configure(world, ("conversations = {", 'conversations = { { id = "C0NOWHERE", tag = "nowhere" }, { id = "C0GENERAL", tag = "fine" },'),
              ("usergroups = {", 'usergroups = { { handle = "paymentz-oncall", tag = "lost" }, { id = "S0NOWHERE" },'),
              ("sos = {", 'sos = { { name = "Nobody", conversation = "C0NOWHERE", usergroup = "nobody" },'),
              ("permissions = {", 'permissions = { close = { "everyone", "usergroup:lost-leads" },'),
              ("emergency = {", 'emergency = { usergroup = "speakers",'))
    code, said, mistakes = ask(world)
    equal(code, 1, "the exit code")
    equal(sorted(mistakes), ["conversations[1].id", "emergency.usergroup", "permissions.close[2]", "sos[1].conversation", "sos[1].usergroup",
                             "usergroups[1].handle", "usergroups[2].id"], f"the mistakes; {said}")
    check("C0NOWHERE is not there" in mistakes["conversations[1].id"] and 'the tag "nowhere"' in mistakes["conversations[1].id"], mistakes)
    check('no user group "paymentz-oncall" (did you mean "payments-oncall"?)' in mistakes["usergroups[1].handle"], mistakes)


def test_an_archived_channel_cannot_be_used(world):
    engine, channel = open_incident(world)
    configure(world, ("conversations = {", 'conversations = { { id = "%s", tag = "old" },' % channel))
    equal(ask(world)[2], {}, "a channel in use")
    world.cli("incident", "close", "1", "--closure-reason", "false_positive", "--message", "A test of the alarm.")
    wait_for("the archive", lambda: world.sandbox.channel(channel)["is_archived"])
    check("is archived" in ask(world)[2]["conversations[1].id"], "an archived one")
    engine.process.stop()


def test_the_manifests_scopes_are_enough(world):
    """With them, and no others, an incident lives its whole life."""
    world.sandbox.reset(scopes=granted(world))
    engine, channel = open_incident(world, priority="P3")
    for status in ("Investigating", "Mitigating", "Mitigated"):
        update(world, engine, channel, status=status, message=f"Now it is {status}, as expected.")
    engine.settled()
    refused = [call for call in world.sandbox.log() if call.get("error") == "missing_scope"]
    equal(refused, [], "calls without a scope")
    equal([job for job in world.jobs() if job["state"] == "dead"], [], "dead jobs")
    engine.process.stop()
