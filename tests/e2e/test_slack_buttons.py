"""Every button, shortcut and page that leads to a form: from a message, from another form, from the menu of shortcuts, at home."""
import json

from flows import declare_by_api, open_incident, view_of, words
from harness import check, equal, wait_for
from test_slack_commands import configure
from test_slack_events import in_message, tell

SOS = 'sos = { { name = "Database team", conversation = "C0GENERAL" },'
# The callback that each button's form has for an open P1. One that was never worked on asks why it is closed.
OPENED = {
    "update_incident": "incident_update", "incident_status": "incident_status",
    "close_incident": "incident_closure_reason", "open_modal_incident_close": "incident_closure_reason",
    "closure_reason_incident": "incident_closure_reason",
    "open_modal_incident_update_status": "incident_update_status", "open_modal_incident_edit": "incident_edit_incident",
    "open_modal_incident_update_roles": "incident_update_roles", "open_modal_incident_send_sos": "incident_send_sos",
    "open_modal_create_postmortem": "incident_create_postmortem", "open_modal_downgrade_workflow": "incident_downgrade_workflow",
    "open_modal_incident_key_events": "incident_key_events",
}
PUSHED = {
    "push_modal_incident_update_status": "incident_update_status", "push_modal_incident_edit": "incident_edit_incident",
    "push_modal_incident_update_roles": "incident_update_roles", "push_modal_incident_send_sos": "incident_send_sos",
    "push_modal_create_postmortem": "incident_create_postmortem", "push_modal_downgrade_workflow": "incident_downgrade_workflow",
    "push_modal_incident_key_events": "incident_key_events", "push_modal_incident_close": "incident_closure_reason",
}
UPDATED = {
    "update_modal_incident_update_status": "incident_update_status", "update_modal_incident_edit": "incident_edit_incident",
    "update_modal_incident_update_roles": "incident_update_roles", "update_modal_incident_send_sos": "incident_send_sos",
    "update_modal_downgrade_workflow": "incident_downgrade_workflow", "update_modal_incident_close": "incident_closure_reason",
}
SHORTCUTS = {
    "close_incident": "incident_closure_reason", "closure_reason_incident": "incident_closure_reason",
    "update_incident_status": "incident_update_status", "modal_edit": "incident_edit_incident", "incident_status": "incident_status",
}


def new_view(world, what, act):
    """The view that <act> brings, beyond those that were there."""
    seen = len(world.sandbox.views())
    act()
    return wait_for(f"the view of {what}", lambda: world.sandbox.views()[seen:])[0]["view"]


def is_about(view, number, what):
    check(f"#{number}" in view["title"]["text"] + words(view), f"{what} is about incident {number}: {view['title']} {words(view)[:300]}")


def test_every_button_of_a_message_opens_its_form(world):
    configure(world, ("sos = {", SOS))
    engine, channel = open_incident(world)
    for action, callback in OPENED.items():
        for where, value in ((channel, {}), (channel, {"value": "1"}), ("C0GENERAL", {"value": "1"})):
            view = new_view(world, action, lambda: in_message(engine, world, where, action, type="button", **value))
            equal(view["callback_id"], callback, f"what {action} opens")
            is_about(view, 1, action)
        asked = new_view(world, action, lambda: in_message(engine, world, "C0GENERAL", action, type="button"))
        check("incident_update_select_incident" in words(asked), f"elsewhere {action} asks which one is meant: {words(asked)}")
        gone = new_view(world, action, lambda: in_message(engine, world, channel, action, type="button", value="99"))
        check("no incident #99" in words(gone), f"{action} of one that is not there: {words(gone)}")
    opened = new_view(world, "open_incident", lambda: in_message(engine, world, channel, "open_incident", type="button"))
    equal(opened["callback_id"], "incident_open", "what open_incident opens")
    engine.process.stop()


def in_view(world, engine, view, action, value):
    payload = {"type": "block_actions", "user": {"id": "U0001"}, "container": {"type": "view", "view_id": view["id"]}, "view": view,
               "actions": [{"type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": "1700000000.000001"}]}
    equal(engine.interaction({**payload, **world.sandbox.trigger("U0001")}).status, 200, f"the acknowledgement of {action}")


def test_forms_lead_to_forms(world):
    configure(world, ("sos = {", SOS))
    engine, channel = open_incident(world)
    for action, callback in PUSHED.items():
        menu = view_of(world, engine, "update #1", "incident_update")
        pushed = new_view(world, action, lambda: in_view(world, engine, menu, action, "1"))
        equal((pushed["callback_id"], pushed["root_view_id"]), (callback, menu["id"]), f"what {action} pushes, and onto what")
        is_about(pushed, 1, action)
    for action, callback in UPDATED.items():
        menu = view_of(world, engine, "update #1", "incident_update")
        count = len(world.sandbox.views())
        in_view(world, engine, menu, action, "1")
        def replaced():
            now = next(one["view"] for one in world.sandbox.views() if one["view"]["id"] == menu["id"])
            return now if now["callback_id"] == callback else None
        is_about(wait_for(f"what {action} makes of it", replaced), 1, action)
        equal(len(world.sandbox.views()), count, f"{action} opens nothing beside")
    engine.process.stop()


def test_every_shortcut_opens_its_form(world):
    engine, channel = open_incident(world)
    def shortcut(callback_id, kind, **more):
        equal(engine.interaction({"type": kind, "callback_id": callback_id, "user": {"id": "U0001"}, **more,
                                  **world.sandbox.trigger("U0001")}).status, 200, f"the acknowledgement of {callback_id}")
    for callback_id, form in SHORTCUTS.items():
        asked = new_view(world, callback_id, lambda: shortcut(callback_id, "shortcut"))
        check("incident_update_select_incident" in words(asked), f"from everywhere {callback_id} asks which one is meant: {words(asked)}")
        message = {"ts": "1.000001", "text": "Hello"}
        shown = new_view(world, callback_id, lambda: shortcut(callback_id, "message_action", channel={"id": channel}, message=message))
        equal(shown["callback_id"], form, f"what {callback_id} opens at a message")
        is_about(shown, 1, callback_id)
    opened = new_view(world, "open_incident", lambda: shortcut("open_incident", "shortcut"))
    equal(opened["callback_id"], "incident_open", "what open_incident opens")
    shortcut("no_such_shortcut", "shortcut")
    wait_for("words about a shortcut that is none", lambda: "unknown to the app" in json.dumps(world.sandbox.state()["ephemerals"]))
    engine.process.stop()


def shown_at_home(world, wanted):
    """The numbers of the incidents at home, once they are as wanted."""
    def numbers():
        view = world.sandbox.newest_view("app_home")
        found = view and [int(block["block_id"].rsplit("_", 1)[1]) for block in view["blocks"]
                 if block.get("block_id", "").startswith("app_home_incident_element_")]
        return (view, found) if found == wanted else None
    return wait_for(f"the incidents {wanted} at home", numbers)[0]


def test_home_is_filtered_and_paged(world):
    engine = world.engine()
    world.sync(engine)
    for number in range(1, 31):
        declare_by_api(engine, title=f"Number {number} of many", priority="P4" if number % 10 else "P3",
                       created_by_email="bruno.keller@example.test" if number % 5 else "amal.haddad@example.test")
    declare_by_api(engine, title="A secret of others", category="Data Breach", created_by_email="bruno.keller@example.test", priority="P4")
    engine.settled()
    tell(engine, "app_home_opened", user="U0001", tab="home", channel="D1")
    home = shown_at_home(world, list(range(30, 5, -1)))
    check("The newest 25, as of" in words(home) and "secret" not in words(home), f"what is shown: {words(home)[:500]}")
    engine.press(home, "home_older")
    rest = shown_at_home(world, [5, 4, 3, 2, 1])
    check("home_older" not in words(rest), "there is no older one")
    engine.press(rest, "home_filter_all")
    home = shown_at_home(world, list(range(30, 5, -1)))
    engine.press(home, "home_filter_mine")
    home = shown_at_home(world, [30, 25, 20, 15, 10, 5])
    engine.press(home, "home_filter_critical")
    shown_at_home(world, [30, 20, 10])
    engine.process.stop()
