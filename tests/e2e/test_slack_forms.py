"""What forms do beside being sent: lists too long for a select, clicks that overtake each other, moments that are taken back."""
import contextlib
import os
import re
import sqlite3
import time

from flows import incident, open_incident, option, pressed, select, typed, update, view_of, words
from harness import check, equal, wait_for
from test_slack_commands import configure

MANY = 150


def crowd(world):
    """Hundreds of whatever an operator may list."""
    with open(world.config) as shipped:
        text = shipped.read()
    rows = {
        "teams": "".join(f'{{ value = "team-{n}", name = "Team {n} of many" }}, ' for n in range(MANY)),
        "platforms": "".join(f'{{ value = "platform-{n}", name = "Platform {n}" }}, ' for n in range(MANY)),
        "environments": "".join(f'{{ value = "E{n}", name = "Environment {n}", order = {n + 10} }}, ' for n in range(MANY)),
        "groups": "".join(f'{{ name = "Group {n}", order = {n + 10}, categories = {{ {{ name = "Category {n} of it" }} }} }}, ' for n in range(MANY)),
    }
    for name, more in rows.items():
        text, count = re.subn(rf"(\n\s*{name} = \{{)", lambda found, more=more: found.group(1) + more, text, count=1)
        equal(count, 1, f"lists {name} in the shipped config")
    world.write("config.lua", text)


def element_of(view, block_id):
    return next(block["element"] for block in view["blocks"] if block.get("block_id") == block_id)


def suggested(engine, view, action_id, query):
    answer = engine.interaction({"type": "block_suggestion", "user": {"id": "U0001"}, "view": view, "value": query,
                                 "action_id": action_id, "block_id": action_id})
    return answer.json["options"]


def root_of(world, root):
    return next(one["view"] for one in world.sandbox.views() if one["view"]["id"] == root["id"])


def impacts_of(world, engine, root, level):
    """The form of impacts, with <level> (a label's words) chosen for the first type; its values."""
    view = pressed(world, engine, root, "push_incident_select_impact", "incident_select_impact")
    values = {block["block_id"]: {block["element"]["action_id"]: select(block["element"]["initial_option"])}
              for block in view["blocks"] if block["type"] == "input"}
    values["set_impact_type_customers_impact"] = {"set_impact_type_customers_impact": select(
        option(view, "set_impact_type_customers_impact", level))}
    return view, values


def test_lists_too_long_for_a_select_are_searched(world):
    crowd(world)
    engine = world.engine()
    world.sync(engine)
    root = view_of(world, engine, "open", "incident_open")
    impacts, values = impacts_of(world, engine, root, "Minor fault")
    equal(engine.submit(impacts, values).json, None, "the impacts are taken")
    root = wait_for("the second step", lambda: (lambda view: view if "push_incident_unified" in words(view) else None)(root_of(world, root)))
    form = pressed(world, engine, root, "push_incident_unified", "open_incident_unified")
    chosen = {}
    for name, query, label in (("suggested_team_routing", "team 149", "Team 149 of many"), ("platform", "PLATFORM 149", "Platform 149"),
                               ("environment", "environment 149", "Environment 149"), ("incident_category", "y 149 of", "Group 149 / Category 149 of it")):
        equal(element_of(form, name)["type"].replace("multi_", ""), "external_select", f"the list {name}")
        equal(len(suggested(engine, form, name, "")), 100, f"{name}: what is offered at first")
        equal(suggested(engine, form, name, "no such words"), [], f"{name}: what is not there")
        found = suggested(engine, form, name, query)
        equal([one["text"]["text"] for one in found], [label], f"{name}: what is found")
        chosen[name] = found[0]
    equal([one["value"] for one in element_of(form, "environment")["initial_options"]], ["PRD"], "the default is chosen")
    values = {"title": {"title": typed("The parts of it are many")}, "description": {"description": typed("There are hundreds of them.")}}
    for name in ("platform", "environment"):
        values[name] = {name: {"type": "multi_external_select", "selected_options": [chosen[name]]}}
    for name in ("suggested_team_routing", "incident_category"):
        values[name] = {name: {"type": "external_select", "selected_option": chosen[name]}}
    equal(engine.submit(form, values).json, None, "the details are taken")
    ready = wait_for("the last step", lambda: (lambda view: view if view.get("submit") else None)(root_of(world, root)))
    equal(engine.submit(ready, {}).json, None, "the declaration")
    one = incident(world)
    equal((one["category"]["name"], one["environment"]["value"], one["custom_fields"]["suggested_team_routing"], one["custom_fields"]["platforms"]),
          ("Category 149 of it", "E149", "team-149", ["platform-149"]), "the incident")
    edit = view_of(world, engine, "edit #1", "incident_edit_incident")
    equal([one["value"] for one in element_of(edit, "environment")["initial_options"]], ["E149"], "what it has is chosen in its form")
    status = view_of(world, engine, "update status #1", "incident_update_status")
    equal(element_of(status, "incident_category")["initial_option"]["text"]["text"], "Group 149 / Category 149 of it", "and its category")
    engine.process.stop()


def chose(view, values, label):
    """The view as it is in the browser once a level is chosen, and the click."""
    block = "set_impact_type_customers_impact"
    level = option(view, block, label)
    state = {**values, block: {block: select(level)}}
    return {**view, "state": {"values": state}}, {"selected_option": level, "type": "static_select"}


def test_the_later_of_two_clicks_stays(world):
    engine = world.engine()
    world.sync(engine)
    root = view_of(world, engine, "open", "incident_open")
    view, values = impacts_of(world, engine, root, "None")
    block = "set_impact_type_customers_impact"

    def shown():
        return words(root_of(world, view))
    started = time.time()
    first, click = chose(view, values, "Critical for many")
    engine.press(first, block, chosen={**click, "action_ts": f"{started:.6f}"})
    wait_for("the priority of the first click", lambda: "P1" in shown())
    conflicts = lambda: sum(one.get("error") == "hash_conflict" for one in world.sandbox.log())
    second, click = chose(view, values, "Major for few")        # drawn before the first answer came: with the old hash
    engine.press(second, block, chosen={**click, "action_ts": f"{started + 1:.6f}"})
    wait_for("the priority of the second click", lambda: "P3" in shown() and "P1" not in shown())
    equal(conflicts(), 1, "the view had changed meanwhile, and Slack said so")
    late, click = chose(view, values, "Major for many")         # one from between the two, delivered last
    engine.press(late, block, chosen={**click, "action_ts": f"{started + 0.5:.6f}"})
    time.sleep(0.5)
    check("P3" in shown() and "P2" not in shown(), f"a click from before changes nothing: {shown()}")
    engine.process.stop()


def test_another_incident_chosen_before_the_first_was_shown(world):
    engine, _ = open_incident(world)
    engine.command("open P4 Search finds nothing in any shop")
    view = view_of(world, engine, "status", "incident_status")
    for number in ("1", "2"):                                    # both with the view as it was
        picked = {"selected_option": {"value": number, "text": {"type": "plain_text", "text": "#" + number}}}
        engine.press(view, "incident_update_select_incident", chosen=picked)
    wait_for("the one chosen last", lambda: "#2" in words(root_of(world, view)))
    engine.process.stop()


def picked(at):
    return {"type": "datetimepicker", "selected_date_time": at}


def test_a_key_event_can_be_taken_back(world):
    with open(world.config) as shipped:
        text = shipped.read()
    world.write("config.lua", text.replace('order = 1, required = true, summary = "The first signs of trouble"',
                                           'order = 1, summary = "The first signs of trouble"'))
    engine, channel = open_incident(world)
    at = int(time.time()) - 600

    def known():
        form = view_of(world, engine, "key-events", "incident_key_events", channel)
        return form, element_of(form, "key_event_started").get("initial_date_time")
    form, before = known()
    equal(before, None, "when it started, at first")
    for value in (at, at - 60, None):
        equal(engine.submit(form, {"key_event_started": {"key_event_started": picked(value)}}).status, 200, f"{value} is sent")
        form, now = known()
        equal(now, value, "when it started")
    equal(engine.submit(form, {}).json, None, "what the form does not hold stays as it is")
    engine.process.stop()


def test_what_keeps_it_open_comes_with_the_forms_that_mend_it(world):
    engine, channel = open_incident(world, priority="P1")
    for status in ("Investigating", "Mitigating", "Mitigated"):
        update(world, engine, channel, status=status, message=f"Now it is {status}, as expected.")
    view = view_of(world, engine, "close", "incident_close", channel)
    check(not view.get("submit"), "it cannot be closed yet")
    for action, callback in (("push_modal_incident_update_status", "incident_update_status"),
                             ("push_modal_incident_key_events", "incident_key_events"),
                             ("push_modal_create_postmortem", "incident_create_postmortem")):
        check("#1" in words(pressed(world, engine, view, action, callback)), f"{action} is about it")
    engine.process.stop()


def test_a_form_that_takes_long_begins_as_a_skeleton(world):
    """Slack lets us open a view for three seconds: one whose content is not there by then is opened empty and filled."""
    slow = "strategies/integrations/slow.lua"
    engine, channel = open_incident(world)
    path = "scripts/slack/features/status.lua"
    with open(f"{world.root}/{path}") as source:
        text = source.read()
    world.write(path, text.replace("local function build(context)\n", 'local function build(context)\n  require("engine.task").sleep "4s"\n', 1))
    world.cli("check")
    wait_for("the slow script", lambda: engine.get("/healthz").json)
    engine.process.stop()
    engine = world.engine()
    view = view_of(world, engine, "status #1", "notice", channel)
    check("One moment" in words(view) and "status" in view["title"]["text"], f"the skeleton: {words(view)}")
    filled = wait_for("its content", lambda: (lambda now: now if "Environment" in words(now) else None)(root_of(world, view)), 10)
    equal(filled["callback_id"], "incident_status", "what it became")
    engine.process.stop()


def test_more_people_hold_a_role_than_the_form_gives(world):
    """As an import may leave it: the form still opens, and takes nobody's role away by itself."""
    engine, channel = open_incident(world)
    db = sqlite3.connect(os.path.join(world.folder, "halligan.db"), timeout=30)
    with contextlib.closing(db), db:
        db.execute("INSERT OR IGNORE INTO incident_role (incident_id, role_type_id, person_id, created_at_ms) SELECT 1, t.id, a.person_id, 1"
                   " FROM role_type t, (SELECT person_id FROM account WHERE external_id LIKE 'U00%' ORDER BY external_id LIMIT 30) a"
                   " WHERE t.slug = 'commander'")
    form = view_of(world, engine, "roles", "incident_update_roles", channel)
    holders = element_of(form, "role_commander")["initial_users"]
    check(len(holders) >= 30, f"all of them are shown: {holders}")
    sent = {"role_commander": {"role_commander": {"type": "multi_users_select", "selected_users": holders}}}
    equal(engine.submit(form, sent).json, None, "nothing was changed")
    engine.process.stop()


def test_more_roles_and_key_events_than_a_form_holds(world):
    roles = "".join(f'{{ slug = "r{n}", name = "Role {n}", order = {n + 10} }},\n' for n in range(120))
    events = "".join(f'{{ event_type = "e{n}", name = "Event {n}", order = {n + 50}, asked_for = true, user_editable = true }},\n'
                     for n in range(120))
    configure(world, ("  roles = {\n", "  roles = {\n" + roles), ("  milestones = {\n", "  milestones = {\n" + events))
    engine, channel = open_incident(world)
    form = view_of(world, engine, "roles", "incident_update_roles", channel)
    check("26 more do not fit" in words(form) and "halligan incident roles 1" in words(form), f"what is said of the others: {words(form)[-400:]}")
    engine.submit(form, {"role_r7": {"role_r7": {"type": "multi_users_select", "selected_users": ["U0030"]}}})
    engine.settled()
    held = {role["slug"] for role in incident(world)["roles"]}
    check({"commander", "r7"} <= held, f"who is there and not shown stays: {held}")
    form = view_of(world, engine, "key-events", "incident_key_events", channel)
    check("do not fit" in words(form) and "halligan incident key-events 1" in words(form), f"and of key events: {words(form)[-400:]}")
    engine.process.stop()
