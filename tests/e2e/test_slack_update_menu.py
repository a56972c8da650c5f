"""The menu of `/incident update`: which forms it offers, to whom, and that they lead on."""
from flows import incident, open_incident, pressed, select, status_values, view_of, words
from harness import check, equal

PUSHED = {
    "push_modal_incident_update_status": "incident_update_status",
    "push_modal_incident_update_roles": "incident_update_roles",
    "push_modal_incident_edit": "incident_edit_incident",
    "push_modal_incident_key_events": "incident_key_events",
}


def buttons(view):
    return [one["action_id"] for block in view["blocks"] if block.get("block_id") == "choose_update_type" for one in block["elements"]]


def test_each_button_pushes_its_form(world):
    engine, channel = open_incident(world)
    menu = view_of(world, engine, "update", "incident_update", channel)
    equal(menu["title"]["text"], "Update incident #1", "the title")
    check(not menu.get("submit"), "there is nothing to send")
    equal(buttons(menu), list(PUSHED), "the buttons")
    for action, callback in PUSHED.items():
        form = pressed(world, engine, menu, action, callback)
        check("1" in form["private_metadata"], f"{callback} is about incident 1: {form['private_metadata']}")
    form = pressed(world, engine, menu, "push_modal_incident_update_status", "incident_update_status")
    answer = engine.submit(form, status_values(form, status="Investigating", message="Looking into it right now.")).json
    equal(answer, {"response_action": "clear"}, "the answer closes form and menu")
    equal(incident(world)["status_label"], "Investigating", "the status")
    engine.process.stop()


def test_elsewhere_the_incident_is_chosen_first(world):
    engine, _ = open_incident(world)
    asked = view_of(world, engine, "update", "incident_update")
    equal(buttons(asked), [], "outside of its channel nobody knows which incident is meant")
    chosen = {"selected_option": {"value": "1", "text": {"type": "plain_text", "text": "#1"}}}
    engine.press(asked, "incident_update_select_incident", chosen=chosen)
    shown = view_of(world, engine, "update #1", "incident_update")
    equal(buttons(shown), list(PUSHED), "with its number there is nothing to choose")
    filled = next(one["view"] for one in world.sandbox.views() if one["view"]["id"] == asked["id"])
    equal(buttons(filled), list(PUSHED), "the chosen incident's menu takes the place of the question")
    engine.process.stop()


def test_only_what_one_may_do_is_offered(world):
    with open(world.config) as shipped:
        text = shipped.read()
    rules = 'permissions = { update = { "nobody@example.test" }, roles = { "role:nobody" }, edit = { "members" },'
    world.write("config.lua", text.replace("permissions = {", rules, 1))
    engine, channel = open_incident(world)
    menu = view_of(world, engine, "update", "incident_update", channel)
    equal(buttons(menu), ["push_modal_incident_edit"], "what is left for a member")
    refused = view_of(world, engine, "update", "notice", channel, user="U0030")
    check("You may not do this" in words(refused), f"nothing is left, and that is said: {words(refused)}")
    engine.process.stop()
