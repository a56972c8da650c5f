"""From the signed command to a channel with the right people in it."""
import concurrent.futures
import json
import re
import urllib.parse

from flows import TITLE, assert_happened_once, declare_by_api, ready_channel
from harness import check, equal, wait_for
from test_slack_effects import of_kind
from test_slack_effects_why import RESPONDER, click, declared

PAYMENTS = ["U0002", "U0003", "U0004"]
LEADS = ["U0009", "U0010"]


def test_quick_command_opens_the_channel(world):
    engine = world.engine()
    world.sync(engine)
    answer = engine.command(f"open P1 {TITLE}")
    equal(answer.status, 200, "the command's answer")
    ready_channel(world)
    engine.settled()
    channel = assert_happened_once(world, 1, ["U0001"] + LEADS)
    check(channel["name"].startswith("20"), f"the channel's name {channel['name']} starts with the date")
    check(channel["topic"], "the channel has a topic")
    incident = engine.api("GET", "incidents/1/").json
    equal(incident["title"], TITLE, "the title in the API")
    equal(incident["status"], "Open", "the status in the API")
    equal(incident["slack_channel_name"], "#" + channel["name"], "the channel's name in the API")
    engine.process.stop()


def declare_a_field(world):
    """The operator has a custom field of their own; the form's fields, which they did not declare, go on working."""
    with open(world.config) as file:
        text = file.read()
    with open(world.config, "w") as file:
        file.write(text.replace("custom_fields = {", 'custom_fields = { { key = "customer", name = "Customer" },', 1))


def test_creation_modal_to_invited_responders(world):
    declare_a_field(world)
    engine = world.engine()
    world.sync(engine)
    equal(engine.command("open").status, 200, "the command's answer")
    root = wait_for("the creation modal", lambda: world.sandbox.newest_view("incident_open"))
    equal(engine.press(root, "push_incident_select_impact").status, 200, "impact button")
    impact = wait_for("the impact modal", lambda: world.sandbox.newest_view("incident_select_impact"))
    equal(engine.submit(impact, impact_values(impact)).json, None, "impacts are taken")
    root = wait_for("the details button", lambda: with_action(world.sandbox.newest_view("incident_open"), "push_incident_unified"))
    engine.press(root, "push_incident_unified")
    details = wait_for("the details modal", lambda: world.sandbox.newest_view("open_incident_unified"))
    refused = engine.submit(details, details_values(details, title="x")).json
    equal(refused["response_action"], "errors", "a title of one letter")
    check("title" in refused["errors"], f"the error stands at the title: {refused}")
    equal(engine.submit(details, details_values(details, title=TITLE)).json, None, "details are taken")
    root = wait_for("the submit button", lambda: (lambda v: v if v and v.get("submit") else None)(world.sandbox.newest_view("incident_open")))
    told = estimate_of(world)
    equal(engine.submit(root, {}).status, 200, "the final submission")
    ready_channel(world)
    engine.settled()
    channel = assert_happened_once(world, 1, ["U0001"] + PAYMENTS)
    equal(told, len(channel["members"]) - 1, "how many people it said would be invited")
    page = engine.get("/incident/1/")
    equal(page.status, 200, "the incident's page")
    for wanted in (TITLE, channel["name"], "payments-oncall"):
        check(wanted in page.text, f"the page shows {wanted!r}")
    check(TITLE in engine.get("/").text, "the dashboard shows the incident")
    incident = json.loads(world.cli("incident", "show", "1", "--json").stdout)
    check(incident["custom_fields"]["platforms"], f"the form's own field: {incident['custom_fields']}")
    refused = engine.api("PATCH", "incidents/1/custom-fields/", {"custom_fields": {"nothing": "x"}})
    equal(refused.status, 400, "a field that nobody declared, from a client")
    engine.process.stop()


def filled_form(world, engine, user, **details):
    """The form before its last submission."""
    engine.command("open", user=user)
    root = wait_for("the creation modal", lambda: with_action(world.sandbox.newest_view("incident_open"), "push_incident_select_impact"))
    engine.press(root, "push_incident_select_impact", user=user)
    impact = wait_for("the impact modal", lambda: world.sandbox.newest_view("incident_select_impact"))
    engine.submit(impact, impact_values(impact), user=user)
    root = wait_for("the details button", lambda: with_action(world.sandbox.newest_view("incident_open"), "push_incident_unified"))
    engine.press(root, "push_incident_unified", user=user)
    view = wait_for("the details modal", lambda: world.sandbox.newest_view("open_incident_unified"))
    equal(engine.submit(view, details_values(view, title=TITLE, **details), user=user).json, None, "details are taken")
    return wait_for("the submit button", lambda: with_action(world.sandbox.newest_view("incident_open"), "about *"))


def test_the_estimate_of_a_private_incident_counts_who_may_come(world):
    engine = world.engine()
    world.sync(engine)
    root = filled_form(world, engine, "U0011", category="Data Breach")
    told = estimate_of(world)
    engine.submit(root, {}, user="U0011")
    channel = ready_channel(world)["id"]
    engine.settled()
    members = set(world.sandbox.channel(channel)["members"]) - {"U0BOT"}
    equal((told, members), (len(members), {"U0011", "U0012"}), "how many it said, and who came")
    engine.process.stop()


def test_the_estimate_leaves_out_who_opted_out(world):
    engine = world.engine()
    world.sync(engine)
    first = declared(world, engine)
    headline = of_kind(world.sandbox.channel(first), "ff_incident_declared")[0]
    answer = click(world, engine, first, headline, "why_am_i_here", RESPONDER)
    click(world, engine, first, answer, "invitation_opt_out", RESPONDER)
    root = filled_form(world, engine, "U0001")
    told = estimate_of(world)
    engine.submit(root, {}, user="U0001")
    wait_for("the second channel", lambda: len(world.sandbox.channels()) == 2)
    engine.settled()
    second = next(one for one in world.sandbox.channels() if one["id"] != first)
    members = set(second["members"]) - {"U0BOT"}
    check(RESPONDER not in members, "who opted out is not there")
    equal(told, len(members), "how many it said")
    engine.process.stop()


def test_same_submission_twice_declares_once(world):
    engine = world.engine()
    world.sync(engine)
    given = world.sandbox.trigger()
    for _ in range(3):
        equal(engine.command(f"open P2 {TITLE}", trigger=given).status, 200, "the command's answer")
    engine.settled()
    equal(len(json.loads(world.cli("incident", "list", "--json").stdout)), 1, "incidents after the same delivery three times")
    equal(len(world.sandbox.channels()), 1, "channels")
    engine.process.stop()


def test_what_slack_repeats_is_done_once(world):
    """It repeats what it got no answer to, also while the first delivery is being worked on: an event, a command, a click, a
    submission."""
    engine = world.engine()
    world.sync(engine)

    def calls(method):
        return len([one for one in world.sandbox.log() if one["method"] == method])
    for n in range(3):
        equal(engine.event({"type": "app_home_opened", "user": "U0007", "tab": "home", "channel": "D1"}, event_id="EvOnce",
                           headers={"X-Slack-Retry-Num": str(n)}).status, 200, "the event")
    wait_for("the home tab", lambda: calls("views.publish"))
    body = urllib.parse.urlencode({"command": "/incident", "text": f"open P4 {TITLE}", "user_id": "U0001", "channel_id": "C0GENERAL",
                                   **world.sandbox.trigger()})
    equal(calls("views.publish"), 1, "how often the event was worked on")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: engine.signed(body, headers={"X-Slack-Retry-Num": str(n)} if n else None), range(8)))
    equal({(answer.status, answer.json["text"]) for answer in answers}, {(200, f"Incident #1: {TITLE} was declared.")}, "the answers")
    root = filled_form(world, engine, "U0001")
    pushed = calls("views.push")
    button = next(block for block in root["blocks"] if block.get("block_id") == "step_impact")["elements"][0]
    click = {"type": "block_actions", "user": {"id": "U0001"}, "view": root, "container": {"type": "view", "view_id": root["id"]},
             "actions": [{**button, "block_id": "step_impact", "action_ts": "1.2"}], **world.sandbox.trigger()}
    equal([engine.interaction(click).status for _ in range(3)], [200] * 3, "the click, three times")
    wait_for("the view", lambda: calls("views.push") > pushed)
    equal([engine.submit(root, {}).status for _ in range(3)], [200] * 3, "the submission, three times")
    equal([one["id"] for one in json.loads(world.cli("incident", "list", "--json").stdout)], [2, 1], "incidents")
    engine.process.stop()
    equal(calls("views.push"), pushed + 1, "how often the click was worked on")


def test_normal_incident_has_no_channel(world):
    engine = world.engine()
    world.sync(engine)
    engine.command(f"open P4 {TITLE}")
    engine.settled()
    equal(world.sandbox.channels(), [], "channels of a P4")
    equal(engine.api("GET", "incidents/1/").json["priority"]["name"], "P4", "the priority")
    engine.process.stop()


def test_private_incident_stays_private(world):
    engine = world.engine()
    world.sync(engine)
    world.sandbox.fault("conversations.create", "error", error="restricted_action", times=2)
    opened = world.cli("incident", "open", "--title", "Customer data was seen by a stranger", "--description",
                       "A mailbox export was found outside.", "--priority", "P1", "--category", "Data Breach", "--environment", "PRD",
                       "--by", "user.one@example.test", "--json")
    number = json.loads(opened.stdout)["id"]
    waiting = wait_for("the reason why there is no channel", lambda: next((one for one in world.jobs(number) if one["error_text"]), None))
    equal(world.sandbox.channels(), [], "channels while a private one is refused")
    world.sandbox.clear_faults()
    world.cli("job", "retry", str(waiting["id"]))
    channel = wait_for("the private channel", lambda: next(iter(world.sandbox.channels()), None), 60)
    check(channel["is_private"], "the channel is private")
    engine.settled(60)
    for shared in ("C0INCIDENTS", "C0DEPLOY"):
        equal(world.sandbox.channel(shared)["messages"], [], f"messages in {shared}")
    check("U0009" not in channel["members"], "the P1 leads are not invited to a private incident")
    equal(engine.get(f"/incident/{number}/").status, 404, "the page of a private incident")
    check("Customer data" not in engine.get("/").text, "the dashboard is silent about it")
    equal(engine.api("GET", f"incidents/{number}/").status, 404, "the API with an ordinary key")
    equal(engine.api("GET", "incidents/").json, [], "the API's list with an ordinary key")
    for place in (engine.get("/metrics").text, engine.process.tail(200_000)):
        check("Customer data" not in place, "no log or metric holds the title")
    engine.process.stop()


def test_the_author_hears_that_a_private_channel_is_waited_for(world):
    engine = world.engine()
    world.sync(engine)
    world.sandbox.fault("conversations.create", "error", error="restricted_action", times=50)
    engine.command("open P1 #data-breach Somebody reads our mail")
    def told():
        return [message["text"] for channel in world.sandbox.state()["channels"] if channel.get("is_im")
                for message in channel["messages"] if "it gets no public one" in message["text"]]
    wait_for("the direct message", told)
    waiting = next(one for one in world.jobs(1) if one["error_text"])
    world.cli("job", "retry", str(waiting["id"]))
    wait_for("the second refusal", lambda: len([one for one in world.sandbox.log() if one["method"] == "conversations.create"]) == 2)
    world.sandbox.clear_faults()
    wait_for("the wait", lambda: next(one for one in world.jobs(1) if one["id"] == waiting["id"])["state"] == "ready")
    world.cli("job", "retry", str(waiting["id"]))
    check(ready_channel(world)["is_private"], "the channel is private")
    engine.settled(60)
    equal(len(told()), 1, "how often it was told")
    check("restricted_action" in told()[0], told()[0])
    engine.process.stop()


def test_impacts_that_hit_nobody_are_no_incident(world):
    engine = world.engine()
    engine.command("open")
    root = wait_for("the creation modal", lambda: world.sandbox.newest_view("incident_open"))
    check("Nobody feels it" not in json.dumps(root), "before anything was chosen")
    engine.press(root, "push_incident_select_impact")
    impact = wait_for("the impact modal", lambda: world.sandbox.newest_view("incident_select_impact"))
    values = {block["block_id"]: {block["element"]["action_id"]: {"type": "static_select", "selected_option": block["element"]["initial_option"]}}
              for block in impact["blocks"] if block["type"] == "input"}
    equal(engine.submit(impact, values).json, None, "the submission")
    root = wait_for("what is missing", lambda: with_action(world.sandbox.newest_view("incident_open"), "Nobody feels it so far"))
    check("submit" not in root and "push_incident_unified" not in json.dumps(root), "it goes no further")
    engine.process.stop()


def test_five_hundred_people_in_five_calls(world):
    world.sandbox.reset(users=500, groups=1, group_size=500)
    with open(world.config) as text:
        config = text.read().replace('id = "S0PAYMENTS", handle = "payments-oncall"', 'id = "S0BIG1", handle = "big-1"')
    with open(world.config, "w") as out:
        out.write(config)
    engine = world.engine()
    world.sync(engine)
    declare_by_api(engine, priority="P2")
    ready_channel(world)
    engine.settled(60)
    calls = [one for one in world.sandbox.log() if one["method"] == "conversations.invite"]
    check(len(calls) <= 7, f"{len(calls)} invite calls for 500 people")
    check(len(world.sandbox.channels()[0]["members"]) >= 500, "everyone is in")
    engine.process.stop()


def test_without_a_token_it_starts_and_says_so(world):
    engine = world.engine(extra_env={"SLACK_BOT_TOKEN": "", "SLACK_SIGNING_SECRET": ""})
    check("slack" in engine.process.tail().lower(), "the log says that the chat part is off")
    world.cli("incident", "open", "--title", TITLE, "--description", "All cards fail since ten.", "--priority", "P1", "--category", "Payment",
              "--environment", "PRD", "--by", "user.one@example.test")
    check(TITLE in engine.get("/").text, "the dashboard shows it")
    engine.process.stop()


def impact_values(view):
    values = {}
    for block in view["blocks"]:
        element = block.get("element") or block.get("accessory")
        if element and element.get("action_id", "").startswith("set_impact_type_"):
            values[block["block_id"]] = {element["action_id"]: {"type": "static_select", "selected_option": element["options"][0]}}
    check(values, "the impact modal has a select for each type")
    return values


def with_action(view, action_id):
    if view and action_id in json.dumps(view):
        return view
    return None


def estimate_of(world):
    """How many people the form says will be invited."""
    def told():
        return re.search(r"about \*(\d+)\* pe", json.dumps(world.sandbox.newest_view("incident_open")))
    return int(wait_for("the estimate", told).group(1))


def details_values(view, title, description="All card payments answer with an error since ten.", category="Payment"):
    values = {}
    for block in view["blocks"]:
        element = block.get("element")
        if not element:
            continue
        kind, action = element["type"], element["action_id"]
        if kind == "plain_text_input":
            text = {"title": title, "description": description}.get(block["block_id"])
            values[block["block_id"]] = {action: {"type": kind, "value": text}}
        elif kind == "static_select":
            groups = element.get("option_groups")
            options = [option for group in groups for option in group["options"]] if groups else element["options"]
            chosen = next((option for option in options if category in option["text"]["text"]), options[0])
            values[block["block_id"]] = {action: {"type": kind, "selected_option": chosen}}
        elif kind == "multi_static_select":
            values[block["block_id"]] = {action: {"type": kind, "selected_options": element.get("initial_options") or element["options"][:1]}}
        elif kind == "checkboxes":
            values[block["block_id"]] = {action: {"type": kind, "selected_options": []}}
    return values
