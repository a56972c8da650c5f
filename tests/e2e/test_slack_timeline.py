"""Messages as records of the timeline: brought there by a reaction or a shortcut, and what becomes of them with the message."""
import uuid

from flows import incident, open_incident
from harness import check, equal
from test_slack_commands import configure

WORDS = "The gateway's certificate ran out."


def do(world, engine, what, channel, ts, **more):
    """Somebody does something with a message, and the app hears of it."""
    event = world.sandbox.message_act(what, channel, ts, **more)
    equal(engine.event(event, event_id="Ev" + uuid.uuid4().hex).status, 200, f"the acknowledgement of {what}")
    engine.settled()


def records(world):
    """The timeline's records that messages made."""
    return [one for one in incident(world)["updates"] if one["source"]]


def only_record(world):
    found = records(world)
    equal(len(found), 1, "records made from messages")
    return found[0]


def told(world, user="U0001"):
    return [one["text"] for one in world.sandbox.state()["ephemerals"] if one["user"] == user]


def colleague(world):
    """Somebody else in the incident's channel."""
    return next(one for one in world.sandbox.channels()[0]["members"] if one not in ("U0001", "U0BOT"))


def dead_jobs(world):
    return [one for one in world.jobs() if one["state"] == "dead"]


def test_a_reaction_works_in_a_thread_with_the_configured_emoji(world):
    configure(world, ('update_reaction = "mega"', 'update_reaction = "pushpin"'))
    engine, channel = open_incident(world)
    first = world.sandbox.say(channel, "U0002", "Does anybody know more?")
    message = world.sandbox.say(channel, "U0002", WORDS, thread_ts=first["ts"])
    do(world, engine, "react", channel, message["ts"], reaction="mega")
    equal(records(world), [], "another emoji does nothing")
    do(world, engine, "react", channel, message["ts"], reaction="pushpin::skin-tone-3")
    record = only_record(world)
    equal(record["message"], WORDS, "the record's words")
    equal(record["event_at_ms"], int(float(message["ts"]) * 1000), "the time is the message's")
    equal(record["source"]["external_id"], message["ts"], "the message it was made from")
    do(world, engine, "react", channel, first["ts"], reaction="pushpin", user="U0003")
    equal(sorted(one["message"] for one in records(world)), ["Does anybody know more?", WORDS], "the thread's first message too")
    equal(dead_jobs(world), [], "dead jobs")
    engine.process.stop()


def test_the_last_reaction_taken_back_undoes_it(world):
    engine, channel = open_incident(world)
    message, other = world.sandbox.say(channel, "U0001", WORDS), colleague(world)
    do(world, engine, "react", channel, message["ts"], reaction="mega")
    do(world, engine, "react", channel, message["ts"], reaction="mega", user=other)
    do(world, engine, "react", channel, message["ts"], reaction="eyes", user=other)
    check(any("already" in one for one in told(world, other)), "the second one is told that it is there")
    do(world, engine, "unreact", channel, message["ts"], reaction="mega")
    only_record(world)
    do(world, engine, "unreact", channel, message["ts"], reaction="eyes", user=other)
    only_record(world)
    do(world, engine, "unreact", channel, message["ts"], reaction="mega", user=other)
    equal(records(world), [], "records after the last one")
    do(world, engine, "react", channel, message["ts"], reaction="mega")
    equal(only_record(world)["message"], WORDS, "it can be made again")
    equal(dead_jobs(world), [], "dead jobs")
    engine.process.stop()
