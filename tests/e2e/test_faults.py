"""The vendor refuses, resets, limits, breaks, lies or is silent at each call: the incident exists, its effects follow, once."""
import json

from flows import TITLE, assert_happened_once, declare_by_api
from harness import check, equal, wait_for

METHODS = ("conversations.create", "conversations.join", "conversations.setTopic", "conversations.invite", "chat.postMessage", "pins.add")
MEMBERS = ["U0009", "U0010"]


def survive(world, kind, methods=METHODS, **fault):
    engine = world.engine()
    world.sync(engine)
    for method in methods:
        world.sandbox.fault(method, kind, times=1, **fault)
    equal(engine.command(f"open P1 {TITLE}").status, 200, "the command's answer while the vendor fails")
    wait_for("the incident", lambda: engine.api("GET", "incidents/").json)
    engine.settled(90)
    assert_happened_once(world, 1, ["U0001"] + MEMBERS)
    dead = [job for job in world.jobs() if job["state"] == "dead"]
    check(not dead, f"dead jobs: {dead}")
    engine.process.stop()


def test_rate_limited_at_each_call(world):
    """Waiting as long as the vendor asks is no failure: no attempt is used up."""
    survive(world, "rate_limit", retry_after=1)
    tries = {job["handler"]: job["attempt"] for job in world.jobs() if job["incident_id"]}
    check(tries and max(tries.values()) <= 1, f"a rate limit used up attempts: {tries}")


def test_server_error_at_each_call(world):
    survive(world, "server_error", status=500)


def test_garbage_at_each_call(world):
    survive(world, "garbage")


def test_reset_at_each_call(world):
    survive(world, "reset")


def test_reply_lost_after_the_effect(world):
    """Done by the vendor, unknown to us: nothing may happen twice."""
    survive(world, "reset", methods=("conversations.create", "chat.postMessage", "conversations.invite", "pins.add"), applied=True)


def test_server_error_after_the_effect(world):
    survive(world, "server_error", methods=("conversations.create", "chat.postMessage"), status=503, applied=True)


def test_vendor_is_silent(world):
    survive(world, "hang", methods=("conversations.create",), delay="40s")


def test_vendor_is_down_then_back(world):
    engine = world.engine()
    world.sync(engine)
    world.sandbox.fault("*", "server_error", status=503, times=1000000)
    answer = declare_by_api(engine)
    equal(answer["status"], "Open", "declared while the vendor is down")
    wait_for("a first failed try", lambda: any(job["attempt"] >= 1 and job["error_text"] for job in world.jobs()))
    equal(world.sandbox.channels(), [], "channels while the vendor is down")
    world.sandbox.clear_faults()
    engine.settled(90)
    assert_happened_once(world, 1, MEMBERS)
    engine.process.stop()


def test_one_bad_person_does_not_stop_the_others(world):
    engine = world.engine()
    world.sync(engine)
    world.sandbox.fault("conversations.invite", "user_error", user="U0009", error="user_not_found", times=100)
    engine.command(f"open P1 {TITLE}")
    engine.settled(90)
    channel = world.sandbox.channels()[0]
    check("U0010" in channel["members"], "the other lead is in")
    calls = [one for one in world.sandbox.log() if one["method"] == "conversations.invite"]
    check(len(calls) < 12, f"{len(calls)} invite calls")
    told = [one["blocks"] for one in channel["messages"] if "could not be invited" in one["text"]]
    check(len(told) == 1 and "<@U0009> (no such account)" in json.dumps(told), f"the channel hears once who is missing: {told}")
    engine.process.stop()
