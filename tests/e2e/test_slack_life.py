"""An incident's life in Slack: the commands and modals from the first update to the closing."""
import json
import time

from flows import declare_by_api, incident, open_incident, option, pressed, ready_channel, select, status_values, typed, update, view_of, words
from harness import check, equal, wait_for


def test_from_investigating_to_closed(world):
    engine, channel = open_incident(world, priority="P3")
    for status in ("Investigating", "Mitigating", "Mitigated"):
        equal(update(world, engine, channel, status=status, message=f"Now it is {status}, as expected.").json,
              {"response_action": "clear"}, f"the answer to {status}")
        equal(incident(world)["status_label"], status, "the status")

    view = view_of(world, engine, "close", "incident_close", channel)
    if not view.get("submit"):
        check("Key events" in words(view), f"what is missing comes with a button: {words(view)}")
        form = pressed(world, engine, view, "push_modal_incident_key_events", "incident_key_events")
        now = int(time.time())
        values = {block["block_id"]: {block["block_id"]: {"type": "datetimepicker", "selected_date_time": now}}
                  for block in form["blocks"] if block.get("element", {}).get("type") == "datetimepicker"}
        check(values, f"there are key events to fill in: {words(form)}")
        equal(engine.submit(form, values).json, None, "the key events are taken")
        view = view_of(world, engine, "close", "incident_close", channel)
    check(view.get("submit"), f"nothing is missing any more: {words(view)}")
    values = {"message": {"message": typed("All is well again, thank you.")}}
    equal(engine.submit(view, values).json, {"response_action": "clear"}, "the closing")
    closed = incident(world)
    equal(closed["status_label"], "Closed", "the status")
    check(closed["closed_at_ms"] and closed["mitigated_at_ms"], "both times are written")
    again = view_of(world, engine, "close #1", "notice")
    check("closed already" in words(again), f"closing it again is explained: {words(again)}")
    engine.process.stop()


def test_closing_early_asks_why(world):
    engine, channel = open_incident(world)
    answer = update(world, engine, channel, status="Closed", message="It is a test of the alarm.", priority="P2").json
    equal(answer["response_action"], "push", "the answer to closing from Open")
    reason = answer["view"]
    equal(reason["callback_id"], "incident_closure_reason", "the pushed form")
    equal(incident(world)["priority"]["name"], "P1", "nothing is saved yet")
    reason["id"] = "VREASON"
    values = {
        "closure_reason": {"select_closure_reason": select(option(reason, "closure_reason", "False"))},
        "closure_reference": {"input_closure_reference": typed("#7")},
        "closure_message": {"input_closure_message": typed("A test of the alarm.")},
    }
    equal(engine.submit(reason, values).json, {"response_action": "clear"}, "the closing")
    closed = incident(world)
    equal((closed["status_label"], closed["closure_reason"], closed["priority"]["name"]), ("Closed", "false_positive", "P2"), "the incident")
    engine.process.stop()


def test_what_is_refused_stands_at_its_input(world):
    engine, channel = open_incident(world)
    equal(update(world, engine, channel, message="short").json["response_action"], "errors", "a short message")
    check("message" in update(world, engine, channel, message="short").json["errors"], "the error stands at the message")
    view = view_of(world, engine, "update status", "incident_update_status", channel)
    values = status_values(view)
    equal(engine.submit(view, values).json, None, "nothing changed: nothing said")
    values["status"] = {"status": select({"value": "40", "text": {"type": "plain_text", "text": "Mitigated"}})}
    refused = engine.submit(view, values).json
    check("status" in refused.get("errors", {}), f"a step that is not allowed: {refused}")
    equal(incident(world)["status_label"], "Open", "the status")
    engine.process.stop()


def test_the_selector_finds_by_number_and_words(world):
    engine, _ = open_incident(world)
    for number, title in enumerate(("Search finds nothing \U0001F525", "<!channel> & \u202eimages are slow"), 2):
        engine.command(f"open P3 {title}")
        wait_for("the declaration", lambda: len(json.loads(world.cli("incident", "list", "--json").stdout)) == number)
    view = view_of(world, engine, "status", "incident_status")
    check("external_select" in words(view), f"outside a channel the person is asked: {words(view)}")

    def suggested(query, user="U0001"):
        answer = engine.interaction({"type": "block_suggestion", "user": {"id": user}, "view": view, "value": query,
                                     "action_id": "incident_update_select_incident", "block_id": "incident_update_select_incident"})
        return [one["value"] for one in answer.json["options"]]
    equal(suggested(""), ["3", "2", "1"], "all, newest first")
    equal(suggested("FINDS"), ["2"], "by words")
    equal(suggested("#1"), ["1"], "by number")
    equal(suggested("%_'\""), [], "by what looks like a pattern")
    chosen = {"selected_option": {"value": "3", "text": {"type": "plain_text", "text": "#3"}}}
    engine.press(view, "incident_update_select_incident", chosen=chosen)
    shown = wait_for("its status", lambda: (lambda v: v if "Environment" in words(v) else None)(world.sandbox.newest_view("incident_status")))
    check("&lt;!channel&gt;" in words(shown) and "\u202e" not in words(shown), f"the title does no harm: {words(shown)}")
    engine.process.stop()


def test_status_list_and_downgrade(world):
    engine, channel = open_incident(world)
    update(world, engine, channel, message="We look at the payment gateway.")
    view = view_of(world, engine, "status 1", "incident_status")
    check("We look at the payment gateway." in words(view), f"the latest message: {words(view)}")
    for text, count in (("list", 1), ("list mine", 1), ("list critical", 1)):
        answer = engine.command(text).json
        equal(sum("#1" in json.dumps(block) for block in answer["blocks"]), count, f"rows of {text}")
    check("takes nothing" in engine.command("list everything").json["text"], "a filter that does not exist")
    check("no incident's number" in engine.command("close it").json["text"], "a number that is none")
    missing = view_of(world, engine, "status #99", "notice")
    check("no incident #99" in words(missing), words(missing))
    form = view_of(world, engine, "downgrade", "incident_downgrade_workflow", channel)
    equal(engine.submit(form, {"message": {"message": typed(None)}}).json, {"response_action": "clear"}, "the downgrade")
    done = incident(world)
    equal((done["status_label"], done["is_ignored"]), ("Closed", True), "the incident")
    check("No incident is open" in json.dumps(engine.command("list").json), "nothing is open")
    engine.process.stop()


def test_a_private_incident_is_hidden_from_others(world):
    engine = world.engine()
    world.sync(engine)
    from flows import declare_by_api
    declare_by_api(engine, title="Canary 5cf3 of the vault", category="Data Breach", created_by_email="user1@example.test")
    engine.settled()
    view = view_of(world, engine, "status #1", "notice", user="U0005")
    check("no incident #1" in words(view), f"an outsider is told what anybody is told: {words(view)}")
    check("Canary" not in json.dumps(engine.command("list", user="U0005").json), "nor does the list say it")
    engine.process.stop()


def test_permissions_narrow_what_people_do(world):
    with open(world.config) as shipped:
        text = shipped.read()
    world.write("config.lua", text.replace("permissions = {", 'permissions = { close = { "usergroup:security" },', 1))
    engine, channel = open_incident(world)
    view = view_of(world, engine, "close", "notice", channel)
    check("usergroup:security" in words(view), f"who may is said: {words(view)}")
    engine.process.stop()


def test_permissions_narrow_who_declares(world):
    with open(world.config) as shipped:
        text = shipped.read()
    world.write("config.lua", text.replace("permissions = {", 'permissions = { declare = { "usergroup:security" },', 1))
    engine = world.engine()
    world.sync(engine)
    refused = engine.command("open P3 Search finds nothing at all").json["text"]
    check("usergroup:security" in refused and "Nothing was declared" in refused, f"who may is said: {refused}")
    equal(engine.command("open").status, 200, "the acknowledgement of the form's command")
    wait_for("the refusal of the form", lambda: any("usergroup:security" in one["text"] for one in world.sandbox.state()["ephemerals"]))
    equal(world.sandbox.views(), [], "forms")
    equal(json.loads(world.cli("incident", "list", "--json").stdout), [], "incidents")
    view_of(world, engine, "open", "incident_open", user="U0011")
    check("#1" in engine.command("open P3 Search finds nothing at all", user="U0011").json["text"], "one of the group declares")
    engine.process.stop()


def test_roles_are_given_and_claimed(world):
    engine, channel = open_incident(world)
    view = view_of(world, engine, "roles", "incident_update_roles", channel)
    values = {}
    for block in view["blocks"]:
        element = block.get("element", {})
        if element.get("type") == "multi_users_select":
            values[block["block_id"]] = {block["block_id"]: {"type": "multi_users_select", "selected_users": []}}
    check("role_commander" in values, f"the commander can be chosen: {words(view)}")
    refused = engine.submit(view, values).json
    check("role_commander" in (refused or {}).get("errors", {}), f"a required role cannot be emptied: {refused}")
    values["role_commander"]["role_commander"]["selected_users"] = ["U0002", "U0003"]
    equal(engine.submit(view, values).json, {"response_action": "clear"}, "the roles")
    holders = [role["person"]["accounts"]["slack"]["external_id"] for role in incident(world)["roles"] if role["slug"] == "commander"]
    equal(sorted(holders), ["U0002", "U0003"], "the commanders")
    engine.settled()
    said = [one for one in world.sandbox.channel(channel)["messages"] if "<@U0003>" in json.dumps(one)]
    check(said, "the channel is told")
    engine.process.stop()


def test_members_follow_the_channel(world):
    engine, channel = open_incident(world)
    for kind, wanted in (("member_joined_channel", True), ("member_left_channel", False)):
        engine.event({"type": kind, "user": "U0006", "channel": channel, "channel_type": "C"}, event_id="Ev" + kind)
        names = [member["accounts"]["slack"]["external_id"]
                 for member in json.loads(world.cli("incident", "show", "1", "--json").stdout)["members"]]
        equal("U0006" in names, wanted, f"a member after {kind}")
    engine.process.stop()


def test_the_home_tab(world):
    engine, _ = open_incident(world, title="Home <!here> canary")
    engine.event({"type": "app_home_opened", "user": "U0001", "tab": "home", "channel": "D1"}, event_id="EvHome")
    home = wait_for("the home tab", lambda: world.sandbox.newest_view("app_home"))
    check("#1: Home &lt;!here&gt; canary" in words(home), f"the incident is shown: {words(home)}")
    engine.press(home, "home_filter_critical")
    wait_for("the critical ones", lambda: "critical" in world.sandbox.newest_view("app_home")["private_metadata"])
    check("canary" in words(world.sandbox.newest_view("app_home")), "a P1 is critical")
    engine.process.stop()


def published(world):
    return [one for one in world.sandbox.log() if one["method"] == "views.publish"]


def test_the_home_tab_follows_what_changes(world):
    engine, channel = open_incident(world)
    for user in ("U0001", "U0002"):
        engine.event({"type": "app_home_opened", "user": user, "tab": "home", "channel": "D1"}, event_id="EvHome" + user)
    wait_for("both tabs", lambda: len(published(world)) >= 2)
    for status in ("Investigating", "Mitigating"):
        update(world, engine, channel, status=status, message=f"Now it is {status}, as expected.")
    wait_for("the tab shows it", lambda: "Mitigating" in words(world.sandbox.newest_view("app_home")), 15)
    engine.settled()
    check(len(published(world)) <= 6, "changes are shown together")
    engine.process.stop()


def test_an_incident_follows_its_channel_into_privacy(world):
    engine, channel = open_incident(world)
    outsider = engine.key("read")
    equal(engine.api("GET", "incidents/1/", key=outsider).status, 200, "while it is public")
    engine.event({"type": "message", "subtype": "channel_convert_to_private", "channel": channel, "user": "U0001"}, event_id="EvP")
    wait_for("the incident is private", lambda: incident(world)["is_private"])
    equal(engine.api("GET", "incidents/1/", key=outsider).status, 404, "from now on")
    equal(incident(world)["conversation"]["type"], "private", "the channel's type")
    engine.process.stop()


def test_a_reaction_puts_a_message_on_the_timeline(world):
    engine, channel = open_incident(world)
    message = world.sandbox.say(channel, "U0001", "The gateway's certificate ran out.")
    event = {"type": "reaction_added", "user": "U0001", "reaction": "mega", "item": {"type": "message", "channel": channel, "ts": message["ts"]}}
    engine.event(event, event_id="EvR1")
    engine.event({**event, "user": "U0002"}, event_id="EvR2")
    engine.event({**event, "reaction": "eyes"}, event_id="EvR3")
    engine.settled()
    said = [one["message"] for one in incident(world)["updates"] if one["message"] and "certificate" in one["message"]]
    equal(len(said), 1, "records of it")
    engine.process.stop()


def test_editing_changes_what_was_edited(world):
    engine, channel = open_incident(world)
    view = view_of(world, engine, "edit", "incident_edit_incident", channel)
    values = {"title": {"title": typed("Checkout answers slowly, not wrongly")},
              "environment": {"environment": {"type": "multi_static_select", "selected_options": [option(view, "environment", "")]}}}
    equal(engine.submit(view, {**values, "title": {"title": typed("short")}}).json["response_action"], "errors", "a short title")
    equal(engine.submit(view, values).json, {"response_action": "clear"}, "the edit")
    equal(incident(world)["title"], "Checkout answers slowly, not wrongly", "the title")
    engine.process.stop()


def test_sos_calls_those_who_can_help(world):
    with open(world.config) as shipped:
        text = shipped.read()
    world.write("config.lua", text.replace("sos = {", 'sos = { { name = "Leads", conversation = "C0INCIDENTS", usergroup = "incident-leads" },', 1))
    engine, channel = open_incident(world)
    view = view_of(world, engine, "sos", "incident_send_sos", channel)
    equal(engine.submit(view, {"sos": {"sos": select(option(view, "sos", "Leads"))}}).json, {"response_action": "clear"}, "the call")
    engine.settled()
    called = [one for one in world.sandbox.channel("C0INCIDENTS")["messages"] if ":sos:" in json.dumps(one)]
    equal(len(called), 1, "calls")
    check("<!subteam^S0LEADS>" in json.dumps(called[0]), f"the group is called: {called[0]}")
    check("Leads was called" in json.dumps(incident(world)["updates"]), "the timeline has it")
    equal([one for one in world.jobs() if one["state"] == "dead"], [], "dead jobs")
    engine.process.stop()


def test_an_sos_to_nowhere_is_said_once(world):
    with open(world.config) as shipped:
        text = shipped.read()
    world.write("config.lua", text.replace("sos = {", 'sos = { { name = "Leads", conversation = "C0GENERAL" },', 1))
    engine, channel = open_incident(world)
    view = view_of(world, engine, "sos", "incident_send_sos", channel)
    engine.submit(view, {"sos": {"sos": select(option(view, "sos", "Leads"))}})
    engine.settled()
    dead = [one for one in world.jobs() if one["state"] == "dead"]
    check(len(dead) == 1 and "slack.conversations does not declare" in dead[0]["error_text"], f"it is dead at once: {dead}")
    told = [one for place in world.sandbox.state()["channels"] if place.get("is_im") for one in place["messages"] if "was not called" in one["text"]]
    equal(len(told), 1, "how often the caller is told")
    engine.process.stop()


def test_an_sos_keeps_what_is_private(world):
    with open(world.config) as shipped:
        text = shipped.read()
    world.write("config.lua", text.replace("sos = {", 'sos = { { name = "Leads", conversation = "C0INCIDENTS", usergroup = "incident-leads" },', 1))
    engine = world.engine()
    world.sync(engine)
    declare_by_api(engine, category="Data Breach", title="Customer addresses are public")
    channel = ready_channel(world)["id"]
    engine.settled()
    view = view_of(world, engine, "sos", "incident_send_sos", channel, user="U0011")
    engine.submit(view, {"sos": {"sos": select(option(view, "sos", "Leads"))}}, user="U0011")
    engine.settled()
    called = [one for one in world.sandbox.channel("C0INCIDENTS")["messages"] if ":sos:" in json.dumps(one)]
    equal(len(called), 1, "calls")
    said = json.dumps(called[0])
    check("<!subteam^S0LEADS>" in said and "<@U0011> can let you in" in said, f"who is called hears whom to ask: {said}")
    for secret in ("Customer addresses", "Every card payment", channel):
        check(secret not in said, f"and nothing that is private: {secret}")
    engine.process.stop()
