"""Messages as records of the timeline: brought there by a reaction or a shortcut, and what becomes of them with the message."""
import json
import uuid

from flows import incident, open_incident
from harness import check, equal, wait_for
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


def retold(world):
    """What the app itself says in the incident's channel about updates."""
    kinds = [((one.get("metadata") or {}).get("event_payload", {}).get("ff_type"), one) for one in world.sandbox.channels()[0]["messages"]]
    return [json.dumps(one["blocks"], ensure_ascii=False) for kind, one in kinds if kind == "ff_incident_status_updated"]


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
    equal(len(retold(world)), 1, "messages of the app about it")
    do(world, engine, "unreact", channel, message["ts"], reaction="eyes", user=other)
    only_record(world)
    do(world, engine, "unreact", channel, message["ts"], reaction="mega", user=other)
    equal(records(world), [], "records after the last one")
    equal(retold(world), [], "what the app said of it is gone too")
    do(world, engine, "react", channel, message["ts"], reaction="mega")
    equal(only_record(world)["message"], WORDS, "it can be made again")
    equal(dead_jobs(world), [], "dead jobs")
    engine.process.stop()


def test_the_shortcut_adds_a_message_and_says_so(world):
    engine, channel = open_incident(world)
    message = world.sandbox.say(channel, "U0002", WORDS)
    equal(engine.message_shortcut("add_to_timeline", channel, message).status, 200, "the acknowledgement")
    wait_for("the confirmation", lambda: any("is on the timeline of" in one for one in told(world)))
    record = only_record(world)
    equal((record["message"], record["source"]["kind"]), (WORDS, "shortcut"), "the record")
    engine.settled()
    shortcuts = json.loads(world.cli("manifest", "--public-url", "https://x.example.test").stdout)["features"]["shortcuts"]
    check(any(one["callback_id"] == "add_to_timeline" and one["type"] == "message" for one in shortcuts), "the manifest lists it")
    engine.process.stop()


def test_the_shortcut_says_why_not(world):
    configure(world, ("permissions = {", 'permissions = { update = { "role:commander" },'))
    engine, channel = open_incident(world)
    message = world.sandbox.say(channel, "U0002", WORDS)
    said = {**message, "user": "U0BOT"}

    def refused(words, where=channel, what=message, user="U0001"):
        seen = len(told(world, user))
        engine.message_shortcut("add_to_timeline", where, what, user=user)
        wait_for(f"the answer {words!r}", lambda: any(words in one for one in told(world, user)[seen:]))

    refused("You may not do this", user=colleague(world))
    refused("no incident in this channel", where="C0GENERAL")
    refused("no text", what={**message, "text": "  "})
    refused("What I say", what=said)
    equal(records(world), [], "records")
    do(world, engine, "react", channel, message["ts"], reaction="mega", user=colleague(world))
    equal(len([one for one in told(world, colleague(world)) if "You may not do this" in one]), 2, "a mark is refused with the same words")
    equal(records(world), [], "records")
    engine.process.stop()


def test_a_mark_and_the_shortcut_on_one_message_make_one_record(world):
    engine, channel = open_incident(world)
    marked, picked = world.sandbox.say(channel, "U0001", "Marked first"), world.sandbox.say(channel, "U0001", "Picked first")
    do(world, engine, "react", channel, marked["ts"], reaction="mega")
    engine.message_shortcut("add_to_timeline", channel, marked)
    wait_for("the answer", lambda: any("already" in one for one in told(world)))
    engine.message_shortcut("add_to_timeline", channel, picked)
    wait_for("the confirmation", lambda: any("is on the timeline of" in one for one in told(world)))
    do(world, engine, "react", channel, picked["ts"], reaction="mega")
    equal(sorted(one["message"] for one in records(world)), ["Marked first", "Picked first"], "one record a message")
    do(world, engine, "unreact", channel, picked["ts"], reaction="mega")
    equal(len(records(world)), 2, "what the shortcut made, a mark does not take away")
    equal(dead_jobs(world), [], "dead jobs")
    engine.process.stop()


def test_a_record_follows_its_message(world):
    engine, channel = open_incident(world)
    first = world.sandbox.say(channel, "U0002", "Does anybody know more?")
    message = world.sandbox.say(channel, "U0002", WORDS, thread_ts=first["ts"])
    other = world.sandbox.say(channel, "U0002", "Nobody marked this.")
    for one in (first, message):
        do(world, engine, "react", channel, one["ts"], reaction="mega")
    do(world, engine, "edit", channel, message["ts"], text="The gateway's certificate ran out at ten.")
    do(world, engine, "edit", channel, other["ts"], text="Nobody marked this yet.")
    record = next(one for one in records(world) if one["source"]["external_id"] == message["ts"])
    equal(record["message"], "The gateway's certificate ran out at ten.", "the edited words")
    check(record["edited_at_ms"], "the record says that it was edited")
    check(any("ran out at ten." in one for one in retold(world)), f"the app says it anew: {retold(world)}")
    check(not any(WORDS in one for one in retold(world)), "and not as it was")
    check("(edited, " in engine.get("/incident/1/").text, "and the page too")
    for one in (message, first, other):
        do(world, engine, "delete", channel, one["ts"])
    kept = {one["source"]["external_id"]: one for one in records(world)}
    equal(sorted(kept), sorted([first["ts"], message["ts"]]), "records stay when their messages go")
    check(all(one["source"]["deleted_at_ms"] for one in kept.values()), f"and are marked: {kept}")
    equal(engine.get("/incident/1/").text.count("(its message was deleted, "), 2, "marks on the page")
    equal(kept[first["ts"]]["message"], "Does anybody know more?", "the words are kept")
    equal(dead_jobs(world), [], "dead jobs")
    engine.process.stop()


def test_a_deleted_message_whose_thread_goes_on(world):
    engine, channel = open_incident(world)
    first = world.sandbox.say(channel, "U0002", WORDS)
    world.sandbox.say(channel, "U0003", "I look at it.", thread_ts=first["ts"])
    do(world, engine, "react", channel, first["ts"], reaction="mega")
    do(world, engine, "delete", channel, first["ts"])
    record = only_record(world)
    equal(record["message"], WORDS, "the words, not the tombstone's")
    check(record["source"]["deleted_at_ms"], "it is marked")
    engine.process.stop()


def test_what_slack_cannot_answer_now_is_taken_over_later(world):
    engine, channel = open_incident(world)
    message = world.sandbox.say(channel, "U0002", WORDS)
    for method in ("conversations.history", "conversations.replies"):
        world.sandbox.fault(method=method, kind="server_error", times=1)
    do(world, engine, "react", channel, message["ts"], reaction="mega")
    only_record(world)
    world.sandbox.fault(method="conversations.history", kind="rate_limit", retry_after=1, times=1)
    do(world, engine, "edit", channel, message["ts"], text="It ran out at ten.")
    equal(only_record(world)["message"], "It ran out at ten.", "the edited words")
    world.sandbox.fault(method="conversations.history", kind="server_error", times=1)
    do(world, engine, "unreact", channel, message["ts"], reaction="mega")
    equal(records(world), [], "records after the mark was taken back")
    equal(dead_jobs(world), [], "dead jobs")
    engine.process.stop()
