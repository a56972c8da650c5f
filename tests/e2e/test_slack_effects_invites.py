"""Who comes to the channel later: when it gets worse, and when somebody is given a role."""
import json

from flows import announcements, declare_by_api, open_incident, ready_channel, status_values
from harness import check, equal, post_json, wait_for

LEADS = {"U0009", "U0010"}
HOLDER, HOLDER_EMAIL = "U0011", "keiko.tanaka@example.test"


def invite_calls(world):
    return [one["ok"] for one in world.sandbox.log() if one["method"] == "conversations.invite"]


def attempts(world):
    """How often each person was asked to the channel, by name."""
    return {row["person"]["name"]: row["attempts"] for row in json.loads(world.cli("explain", "1", "--json").stdout)}


def test_worse_brings_the_leads_and_nobody_twice(world):
    engine = world.engine()
    world.sync(engine)
    declare_by_api(engine, priority="P3")
    channel = ready_channel(world)["id"]
    engine.settled()
    members = set(world.sandbox.channel(channel)["members"])
    check(not LEADS & members, f"no lead comes to a P3: {sorted(members)}")
    calls, asked = len(invite_calls(world)), attempts(world)
    check(asked and set(asked.values()) == {1}, f"everybody was asked once: {asked}")
    world.cli("incident", "update", "1", "--message", "Only a word: nobody has to come for it.")
    engine.settled()
    equal(len(invite_calls(world)), calls, "invitations after a word")
    world.cli("incident", "update", "1", "--priority", "P1", "--message", "Every shop is down now.")
    engine.settled()
    members = set(world.sandbox.channel(channel)["members"])
    check(LEADS <= members, f"the leads came: {sorted(members)}")
    gone = {"channel": channel, "user": "U0009"}
    equal(post_json(world.sandbox.url + "/sandbox/leave", gone).status, 200, "a lead leaves")
    engine.event({"type": "member_left_channel", "channel_type": "C", **gone}, event_id="EvLeft")
    world.cli("incident", "update", "1", "--priority", "P2", "--message", "Better again.")
    world.cli("incident", "update", "1", "--priority", "P1", "--message", "And worse.")
    engine.settled()
    equal(len(invite_calls(world)), calls + 1, "invitations of the leads")
    check("U0009" not in world.sandbox.channel(channel)["members"], "who left is not dragged back")
    now = attempts(world)
    check(len(now) > len(asked) and set(now.values()) == {1}, f"whoever came before, and may have left, is left alone: {now}")
    engine.process.stop()


def test_a_private_incident_does_not_grow_by_updates(world):
    engine = world.engine()
    world.sync(engine)
    declare_by_api(engine, category="Data Breach", priority="P3")
    ready_channel(world)
    engine.settled()
    calls = len(invite_calls(world))
    world.cli("incident", "update", "1", "--priority", "P1", "--message", "It is worse than we thought.")
    engine.settled()
    equal(len(invite_calls(world)), calls, "invitations to a private incident")
    engine.process.stop()


def test_a_role_brings_its_holder_though_the_answer_is_lost(world):
    engine, channel = open_incident(world, priority="P3")
    check(HOLDER not in world.sandbox.channel(channel)["members"], "not there before")
    world.sandbox.fault("conversations.invite", "reset", applied=True)
    world.cli("incident", "roles", "1", "commander=" + HOLDER_EMAIL)
    engine.settled()
    check(HOLDER in world.sandbox.channel(channel)["members"], "the commander is in the channel")
    equal([one for one in world.jobs() if one["state"] == "dead"], [], "dead jobs")
    engine.process.stop()


def test_what_turns_out_to_be_critical_gets_its_channel(world):
    engine = world.engine()
    world.sync(engine)
    declare_by_api(engine, priority="P4")
    engine.settled()
    equal(world.sandbox.channels(), [], "channels of a P4")
    world.cli("incident", "update", "1", "--message", "A word changes nothing.")
    engine.settled()
    equal(world.sandbox.channels(), [], "channels after a word")
    world.sandbox.fault("conversations.create", "reset", applied=True)
    engine.command("update status #1")
    form = wait_for("the form", lambda: world.sandbox.newest_view("incident_update_status"))
    engine.submit(form, status_values(form, priority="P1", message="Nobody can pay any more."))
    channel = ready_channel(world)["id"]
    engine.settled()
    equal([one for one in world.jobs() if one["state"] == "dead"], [], "dead jobs")
    shown = world.sandbox.channel(channel)
    equal(len(world.sandbox.channels()), 1, "channels, though the answer to the first try was lost")
    check("U0001" in shown["members"], "whoever made it a P1 is there")
    check(LEADS <= set(shown["members"]), f"and who is needed: {shown['members']}")
    equal([announcements(shown), len(shown["pins"]), len(shown["bookmarks"])], [1, 1, 1], "announcement, pin, bookmark")
    told = [one for one in world.sandbox.channel("C0INCIDENTS")["messages"]
            if one["metadata"]["event_payload"]["ff_type"] == "ff_general_incident_declared"]
    equal(len(told), 1, "announcements to all")
    reasons = [why["reason"] for row in json.loads(world.cli("explain", "1", "--json").stdout) for why in row["reasons"]]
    check("made it P1" in reasons, f"the reasons: {reasons}")
    world.cli("incident", "update", "1", "--priority", "P4", "--message", "Less than we thought.")
    world.cli("incident", "update", "1", "--priority", "P2", "--message", "Or not.")
    engine.settled()
    equal(len(world.sandbox.channels()), 1, "channels in the end")
    engine.process.stop()
