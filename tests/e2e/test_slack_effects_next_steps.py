"""What is left to do until an incident can be closed: one message that keeps up with what is done."""
import json

from flows import open_incident
from harness import check, equal
from test_slack_effects import of_kind, settled_channel, text_of

KIND = "ff_incident_fixed_next_actions"


def move_to(world, engine, *statuses):
    for status in statuses:
        world.cli("incident", "update", "1", "--status", status, "--message", f"Now it is {status}.")
    engine.settled()


def missing_events(world):
    rows = json.loads(world.cli("incident", "key-events", "1", "--json").stdout)
    return [row for row in rows if row["is_required"] and not row["at_ms"]]


def test_one_message_that_keeps_up(world):
    engine, channel = open_incident(world, priority="P3")
    move_to(world, engine, "Investigating", "Mitigating")
    equal(of_kind(settled_channel(world, engine, channel), KIND), [], "messages before it is mitigated")
    move_to(world, engine, "Mitigated")
    told = of_kind(settled_channel(world, engine, channel), KIND)
    equal(len(told), 1, "messages once it is mitigated")
    rows = missing_events(world)
    check(rows, "something is missing, else this test says nothing")
    for row in rows:
        equal(text_of(told[0]).count(row["name"]), 1, f"how often it names {row['name']}: {text_of(told[0])}")
    check("open_modal_incident_key_events" in text_of(told[0]), "with a button for the key events")
    check("close_incident" not in text_of(told[0]), "and none to close, which would be refused")

    world.cli("incident", "key-events", "1", *(f"{row['event_type']}=now" for row in rows))
    told = of_kind(settled_channel(world, engine, channel), KIND)
    equal(len(told), 1, "messages after the key events")
    check("close_incident" in text_of(told[0]) and "can be closed" in text_of(told[0]), f"now it can be closed: {text_of(told[0])}")

    world.cli("incident", "close", "1", "--message", "All is well again.")
    told = of_kind(settled_channel(world, engine, channel), KIND)
    check("All is done" in text_of(told[0]) and "button" not in text_of(told[0]), f"nothing is left: {text_of(told[0])}")
    equal([one for one in world.jobs() if one["state"] == "dead"], [], "dead jobs")
    engine.process.stop()
