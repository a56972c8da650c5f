"""Two incidents that are one: the duplicate is closed and its people go on in the channel of the other."""
import json

from flows import declare_by_api, open_incident
from harness import check, equal, wait_for


def channel_of(world, number):
    text = world.cli("incident", "show", str(number), "--json").stdout
    return (json.loads(text).get("conversation") or {}).get("external_id")


def test_the_people_of_a_duplicate_join_the_other(world):
    engine, channel = open_incident(world)
    made = declare_by_api(engine, title="Nobody can pay at all", category="Other", priority="P2",
                          created_by_email="keiko.tanaka@example.test")
    other = wait_for("the second channel", lambda: channel_of(world, made["id"]))
    engine.settled()
    gone = set(world.sandbox.channel(channel)["members"])
    came = set(world.sandbox.channel(other)["members"]) - gone
    answer = engine.api("POST", f"incidents/{made['id']}/merge", {"into": 1})
    equal(answer.status, 200, f"the merge: {answer.text}")
    engine.settled()
    check(came, "somebody comes who was not there")
    check(came <= set(world.sandbox.channel(channel)["members"]), f"they are in the other channel: {came}")
    check("was merged into it" in json.dumps(world.sandbox.channel(channel)["messages"]), "the channel is told")
    check(world.sandbox.channel(other)["is_archived"], "the channel of the duplicate is archived")
    equal([one for one in world.jobs() if one["state"] == "dead"], [], "dead jobs")
    engine.process.stop()


def test_a_drill_says_so_everywhere(world):
    engine = world.engine()
    world.sync(engine)
    declare_by_api(engine, title="What if the shop were down", drill=True)
    channel = wait_for("the channel", lambda: channel_of(world, 1))
    engine.settled()
    texts = json.dumps(world.sandbox.channel(channel)["messages"])
    check("[Drill] What if the shop were down" in texts, "its messages are marked")
    engine.process.stop()
