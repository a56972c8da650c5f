"""Steps that several tests share: the quick declaration, and what must be true once an incident's effects are done."""
from harness import check, equal, wait_for

TITLE = "Checkout answers with errors in all shops"


def declare_by_api(engine, title=TITLE, priority="P1", category="Payment", **more):
    """Through REST, with ids looked up by name as a client does. Returns the answer's JSON."""
    def find(route, key, value):
        rows = engine.api("GET", route).json
        return next(row["id"] for row in rows if row[key] == value)
    body = {"title": title, "description": "Every card payment fails since ten o'clock.", "environment_id": find("environments/", "value", "PRD"),
            "incident_category_id": find("incident-categories/", "name", category), "priority_id": find("priorities/", "name", priority),
            "created_by_email": "first.responder@example.test", **more}
    answer = engine.api("POST", "incidents", body)
    check(answer.status in (200, 201), f"POST incidents: {answer.status} {answer.text}")
    return answer.json


def announcements(channel):
    kinds = [(message.get("metadata") or {}).get("event_payload", {}).get("ff_type") for message in channel["messages"]]
    return kinds.count("ff_incident_declared")


def assert_happened_once(world, incident, members):
    """One channel, one pinned announcement, everyone invited, each invitation sent once."""
    channels = world.sandbox.channels()
    equal(len(channels), 1, "incident channels")
    channel = channels[0]
    equal(announcements(channel), 1, "announcements in the channel")
    equal(len(channel["pins"]), 1, "pins in the channel")
    missing = set(members) - set(channel["members"])
    check(not missing, f"not in the channel: {sorted(missing)}")
    shared = world.sandbox.channel("C0INCIDENTS")
    told = [m for m in shared["messages"] if (m.get("metadata") or {}).get("event_payload", {}).get("ff_type") == "ff_general_incident_declared"]
    equal(len(told), 1, "general announcements")
    return channel


def ready_channel(world):
    return wait_for("the incident's channel", lambda: next(iter(world.sandbox.channels()), None), 30)
