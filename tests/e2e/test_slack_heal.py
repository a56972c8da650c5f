"""After an outage the channels of open incidents are read again: the timeline and the members become what they would be."""
import json
import time
import uuid

from flows import declare_by_api, incident, open_incident
from harness import check, equal, post_json, wait_for

HOURS = 3600


def move(world, what, channel, user):
    equal(post_json(f"{world.sandbox.url}/sandbox/{what}", {"channel": channel, "user": user}).status, 200, f"{user} does {what}")


def send(engine, event):
    equal(engine.event(event, event_id="Ev" + uuid.uuid4().hex).status, 200, "the acknowledgement")


def said(world, channel, user, text, thread_ts=None):
    return world.sandbox.say(channel, user, text, thread_ts)["ts"]


def mark(world, channel, ts, what="react", user="U0001"):
    return world.sandbox.message_act(what, channel, ts, user=user, reaction="mega")


def timeline(world):
    """What messages made of the timeline: {ts: (words, is the message gone)}."""
    return {one["source"]["external_id"]: (one["message"], one["source"]["deleted_at_ms"] is not None)
            for one in incident(world)["updates"] if one["source"]}


def members(world):
    people = json.loads(world.cli("incident", "show", "1", "--json").stdout)["members"]
    return sorted(one["accounts"]["slack"]["external_id"] for one in people)


def truth(world, channel):
    return sorted(one for one in world.sandbox.channel(channel)["members"] if one != "U0BOT")


def later(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def before_the_gap(world, engine, channel):
    """Five messages on the timeline, and somebody who came by."""
    stamps = [said(world, channel, "U0001", f"Message {n}") for n in range(5)]
    for ts in stamps:
        send(engine, mark(world, channel, ts))
    move(world, "join", channel, "U0020")
    send(engine, {"type": "member_joined_channel", "user": "U0020", "channel": channel})
    engine.settled()
    wait_for("the first member", lambda: members(world) == truth(world, channel))
    equal(timeline(world), {ts: (f"Message {n}", False) for n, ts in enumerate(stamps)}, "the timeline before")
    return stamps


def in_the_gap(world, channel, stamps):
    """What the app is not told; the timeline that is wanted."""
    invited = next(one for one in truth(world, channel) if one not in ("U0001", "U0020"))
    for user in (invited, "U0020"):
        move(world, "leave", channel, user)
    for user in ("U0021", "U0022"):
        move(world, "join", channel, user)
    _, edited, deleted, unmarked, threaded = stamps
    world.sandbox.message_act("edit", channel, edited, text="Message 1, corrected")
    answer = said(world, channel, "U0021", "An answer in a thread", threaded)
    world.sandbox.message_act("delete", channel, deleted)
    mark(world, channel, unmarked, "unreact")
    fresh = said(world, channel, "U0022", "It began at nine.")
    said(world, channel, "U0022", "Nobody marks this one.")
    mark(world, channel, fresh, user="U0021")
    mark(world, channel, answer, user="U0022")
    return {stamps[0]: ("Message 0", False), edited: ("Message 1, corrected", False), deleted: ("Message 2", True),
            threaded: ("Message 4", False), answer: ("An answer in a thread", False), fresh: ("It began at nine.", False)}


def test_a_gap_of_sixteen_hours(world):
    engine, channel = open_incident(world)
    stamps = before_the_gap(world, engine, channel)
    engine.process.kill()
    wanted = in_the_gap(world, channel, stamps)
    engine = world.engine(arguments=["--clock", later(16 * HOURS)])
    wait_for("the members", lambda: members(world) == truth(world, channel))
    wait_for("the timeline", lambda: timeline(world) == wanted, 30)
    engine.settled()
    equal([job for job in world.jobs() if job["state"] == "dead"], [], "dead jobs")
    calls = len(world.sandbox.log())
    world.cli("task", "run", "slack.heal")
    engine.settled()
    equal(timeline(world), wanted, "healing again changes nothing")
    equal(members(world), truth(world, channel), "nor the members")
    again = [one["method"] for one in world.sandbox.log()[calls:]]
    check("conversations.history" in again and not [one for one in again if one.startswith("chat.")], f"it only reads: {again}")
    engine.process.stop()


def test_a_restart_without_a_gap_asks_nothing(world):
    engine, _ = open_incident(world)
    engine.process.kill()
    calls = len(world.sandbox.log())
    engine = world.engine()
    engine.settled()
    time.sleep(1)
    asked = [one["method"] for one in world.sandbox.log()[calls:]]
    check("conversations.members" not in asked, f"nothing is read again: {asked}")
    engine.process.stop()


def test_a_channel_that_cannot_be_read_keeps_no_other_out(world):
    engine, gone = open_incident(world)
    declare_by_api(engine, title="Another one", priority="P2")
    wait_for("the second channel", lambda: len(world.sandbox.channels()) == 2)
    engine.settled()
    other = next(one["id"] for one in world.sandbox.channels() if one["id"] != gone)
    move(world, "leave", gone, "U0BOT")
    ts = said(world, other, "U0001", "Read me")
    mark(world, other, ts)
    world.sandbox.fault("conversations.members", "rate_limit", retry_after=1, times=1)
    world.cli("task", "run", "slack.heal")
    wait_for("the other one's timeline", lambda: [
        one["message"] for one in json.loads(world.cli("incident", "show", "2", "--json").stdout)["updates"] if one["source"]] == ["Read me"])
    engine.process.stop()
