"""What Slack shows of an incident's life: status messages, the live headline, the topic, the deploy warning, roles, the archive."""
import json

from flows import open_incident, update
from harness import check, equal, fetch, wait_for

ROLE_HOLDER = "U0002"


def settled_channel(world, engine, channel):
    engine.settled()
    return world.sandbox.channel(channel)


def of_kind(channel, kind):
    return [one for one in channel["messages"]
            if (one.get("metadata") or {}).get("event_payload", {}).get("ff_type") == kind]


def text_of(message):
    return json.dumps(message.get("blocks"), ensure_ascii=False) + message.get("text", "")


def test_an_update_is_told_where_it_belongs(world):
    engine, channel = open_incident(world)
    update(world, engine, channel, status="Investigating", message="The gateway <!channel> refuses every card.")
    shown = settled_channel(world, engine, channel)
    told = of_kind(shown, "ff_incident_status_updated")
    equal(len(told), 1, "status messages in the channel")
    for wanted in ("Investigating", "&lt;!channel&gt; refuses", "<@U0001>", "open_modal_incident_update_status"):
        check(wanted in text_of(told[0]), f"the message shows {wanted}: {text_of(told[0])}")
    check("Investigating" in shown["topic"], f"the topic: {shown['topic']}")
    check("Investigating" in text_of(of_kind(shown, "ff_incident_declared")[0]), "the pinned headline is up to date")
    shared = world.sandbox.channel("C0INCIDENTS")
    equal(len(of_kind(shared, "ff_incident_status_updated")), 1, "status messages for everybody")
    check("Investigating" in text_of(of_kind(shared, "ff_incident_status_updated")[0]), "the status for everybody")

    update(world, engine, channel, message="Only a word about what we try.")
    shown = settled_channel(world, engine, channel)
    equal(len(of_kind(shown, "ff_incident_status_updated")), 2, "status messages in the channel")
    equal(len(of_kind(world.sandbox.channel("C0INCIDENTS"), "ff_incident_status_updated")), 1, "a word is not told to everybody")
    engine.process.stop()


def test_deployments_may_go_on_when_it_is_mitigated(world):
    engine = world.engine()
    world.sync(engine)
    from flows import declare_by_api, ready_channel
    declare_by_api(engine)
    ready_channel(world)
    engine.settled()
    warning = of_kind(world.sandbox.channel("C0DEPLOY"), "ff_deploy_warning_1")
    check(warning and "do not deploy" in text_of(warning[0]), "the warning stands")
    channel = world.sandbox.channels()[0]["id"]
    for status in ("Investigating", "Mitigating", "Mitigated"):
        update(world, engine, channel, status=status)
    engine.settled()
    warning = of_kind(world.sandbox.channel("C0DEPLOY"), "ff_deploy_warning_1")
    equal(len(warning), 1, "warnings")
    check("Deployments may go on" in text_of(warning[0]), f"it is lifted: {text_of(warning[0])}")
    lifted = warning[0]["ts"]
    world.cli("incident", "update", "1", "--priority", "P2", "--message", "It was less than we thought.")
    engine.settled()
    equal([one["ts"] for one in of_kind(world.sandbox.channel("C0DEPLOY"), "ff_deploy_warning_1")], [lifted], "what is said already is not said again")
    world.cli("incident", "update", "1", "--priority", "P1", "--status", "Investigating", "--message", "It is back.")
    engine.settled()
    warning = of_kind(world.sandbox.channel("C0DEPLOY"), "ff_deploy_warning_1")
    equal(len(warning), 1, "the newest replaces the one before")
    check("do not deploy" in text_of(warning[0]) and warning[0]["ts"] > lifted, f"and warns again: {text_of(warning[0])}")
    engine.process.stop()


def test_closing_archives_and_reopening_brings_back(world):
    engine, channel = open_incident(world)
    world.cli("incident", "close", "1", "--closure-reason", "false_positive", "--message", "A test of the alarm.")
    wait_for("the archive", lambda: world.sandbox.channel(channel)["is_archived"])
    shown = settled_channel(world, engine, channel)
    check("Closed" in text_of(of_kind(shown, "ff_incident_status_updated")[-1]), "the last message says that it is closed")
    world.cli("incident", "reopen", "1", "--message", "It was a real one after all.")
    wait_for("the channel's return", lambda: not world.sandbox.channel(channel)["is_archived"])
    shown = settled_channel(world, engine, channel)
    check("a real one" in text_of(of_kind(shown, "ff_incident_status_updated")[-1]), "and why it was reopened")
    equal([one for one in world.jobs() if one["state"] == "dead"], [], "dead jobs")
    engine.process.stop()


def test_a_message_is_said_once_over_a_kill(world):
    engine, channel = open_incident(world)
    world.sandbox.fault("chat.postMessage", "reset", applied=True)
    world.cli("incident", "update", "1", "--message", "Said exactly once, whatever happens.")

    def said():
        return [one for one in world.sandbox.channel(channel)["messages"] if "Said exactly once" in text_of(one)]
    wait_for("the message, whose answer is lost", said)
    engine.process.kill()
    engine = world.engine()
    engine.settled()
    equal(len(said()), 1, "messages")
    engine.process.stop()


def test_removed_from_its_channel_the_app_comes_back(world):
    engine, channel = open_incident(world)
    equal(fetch(world.sandbox.url + "/sandbox/leave", "POST", json.dumps({"channel": channel, "user": "U0BOT"}).encode(),
                {"Content-Type": "application/json"}).status, 200, "somebody removes it")
    world.cli("incident", "update", "1", "--status", "Investigating", "--message", "We go on all the same.")
    shown = settled_channel(world, engine, channel)
    check("U0BOT" in shown["members"], "it joined again")
    check("Investigating" in shown["topic"], f"the topic: {shown['topic']}")
    equal(len([one for one in of_kind(shown, "ff_incident_status_updated") if "We go on" in text_of(one)]), 1, "status messages")
    equal([one for one in world.jobs() if one["state"] == "dead"], [], "dead jobs")
    engine.process.stop()
