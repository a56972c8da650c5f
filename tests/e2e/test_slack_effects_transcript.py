"""What was said in the channel is kept when the incident is closed, whatever stands between."""
import os
import sqlite3
import urllib.parse

from flows import open_incident
from harness import check, equal, fetch, wait_for

MANY = 230


def say(world, channel, text, thread=None):
    """A message in the channel, as another app posts it. Returns its ts."""
    body = {"channel": channel, "text": text, **({"thread_ts": thread} if thread else {})}
    headers = {"Authorization": "Bearer xoxb-sandbox", "Content-Type": "application/x-www-form-urlencoded"}
    answer = fetch(world.sandbox.url + "/api/chat.postMessage", "POST", urllib.parse.urlencode(body).encode(), headers)
    check(answer.json.get("ok"), f"the message stands: {answer.text}")
    return answer.json["ts"]


def rows(world, query):
    with sqlite3.connect(f"file:{os.path.join(world.folder, 'halligan.db')}?mode=ro", uri=True) as db:
        return db.execute(query).fetchall()


def close(world):
    world.cli("incident", "close", "1", "--closure-reason", "false_positive", "--message", "A test of the alarm.")


def is_complete(world):
    return rows(world, "SELECT is_complete FROM transcript WHERE incident_id = 1") == [(1,)]


def texts(world):
    return [text for text, in rows(world, "SELECT text FROM transcript_message ORDER BY at_ms, external_id")]


def test_threads_and_pages_are_kept(world):
    engine, channel = open_incident(world)
    first = say(world, channel, "The disk is full")
    say(world, channel, "Which one", thread=first)
    for number in range(MANY):
        say(world, channel, f"line {number}")
    world.sandbox.fault("conversations.replies", "rate_limit", times=1, retry_after=1)
    close(world)
    wait_for("the archive", lambda: world.sandbox.channel(channel)["is_archived"])
    check(is_complete(world), "the transcript is complete before the channel is archived")
    kept = texts(world)
    for wanted in ["The disk is full", "Which one", *(f"line {number}" for number in range(MANY))]:
        equal(kept.count(wanted), 1, f"'{wanted}' in the transcript")
    equal(rows(world, "SELECT thread_id FROM transcript_message WHERE text = 'Which one'"), [(first,)], "the thread of an answer")
    check("Closed" in "".join(kept), "the closing words are in it")
    engine.process.stop()


def test_it_goes_on_after_a_kill(world):
    engine, channel = open_incident(world)
    for number in range(MANY):
        say(world, channel, f"line {number}")
    world.sandbox.fault("conversations.history", "slow", delay="400ms", times=3)
    close(world)
    wait_for("the first page", lambda: rows(world, "SELECT 1 FROM transcript") and len(texts(world)) >= 100)
    engine.process.kill()
    check(not is_complete(world), "killed before the end")
    engine = world.engine()
    wait_for("the archive", lambda: world.sandbox.channel(channel)["is_archived"])
    check(is_complete(world), "complete after the restart")
    kept = texts(world)
    equal([kept.count(f"line {number}") for number in range(MANY)], [1] * MANY, "each line once")
    engine.process.stop()
