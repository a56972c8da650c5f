"""Steps that several tests and the demo share: declaring, what must be true once an incident's effects are done, and what a person
does in Slack: calls the command, reads a view, fills it in."""
import json

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


# ---- as a person in Slack

def open_incident(world, title=TITLE, priority="P1"):
    """A declared incident with its channel; returns the engine and the channel's id."""
    engine = world.engine()
    world.sync(engine)
    engine.command(f"open {priority} {title}")
    ready_channel(world)
    engine.settled()
    return engine, world.sandbox.channels()[0]["id"]


def view_of(world, engine, text, callback, channel="C0GENERAL", user="U0001"):
    seen = len(world.sandbox.views())
    equal(engine.command(text, user=user, channel=channel).status, 200, f"the acknowledgement of {text}")
    def newest():
        return len(world.sandbox.views()) > seen and world.sandbox.newest_view(callback)
    return wait_for(f"the view {callback}", newest)


def pressed(world, engine, view, action, callback, chosen=None):
    seen = len(world.sandbox.views())
    engine.press(view, action, chosen=chosen)
    return wait_for(f"the view {callback}", lambda: len(world.sandbox.views()) > seen and world.sandbox.newest_view(callback))


def words(view):
    return json.dumps(view["blocks"], ensure_ascii=False)


def option(view, block_id, label):
    """The option with these words in its label."""
    element = next(block["element"] for block in view["blocks"] if block.get("block_id") == block_id)
    options = element.get("options") or [one for group in element["option_groups"] for one in group["options"]]
    return next(one for one in options if label in one["text"]["text"])


def select(chosen):
    return {"type": "static_select", "selected_option": chosen}


def typed(value):
    return {"type": "plain_text_input", "value": value}


def status_values(view, status=None, message=None, priority=None):
    """What a person fills in; all else is as the form came."""
    values = {}
    for block in view["blocks"]:
        element = block.get("element", {})
        if element.get("type") == "static_select":
            values[block["block_id"]] = {element["action_id"]: select(element.get("initial_option"))}
    values["message"] = {"message": typed(message)}
    if status:
        values["status"] = {"status": select(option(view, "status", status))}
    if priority:
        values["priority"] = {"priority": select(option(view, "priority", priority))}
    return values


def update(world, engine, channel, **changes):
    view = view_of(world, engine, "update status", "incident_update_status", channel)
    return engine.submit(view, status_values(view, **changes))


def incident(world):
    return json.loads(world.cli("incident", "show", "1", "--json").stdout)
