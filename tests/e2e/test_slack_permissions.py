"""Who may do what (slack.permissions), by every way to do it."""
import json

from flows import incident, open_incident, update, view_of, words
from harness import check, equal, wait_for


def narrow(world, rules):
    with open(world.config) as shipped:
        text = shipped.read()
    check("permissions = {" in text, "the shipped config holds permissions")
    world.write("config.lua", text.replace("permissions = {", "permissions = { " + rules, 1))


def suggested(engine, view, query, user):
    answer = engine.interaction({"type": "block_suggestion", "user": {"id": user}, "view": view, "value": query,
                                 "action_id": "incident_update_select_incident", "block_id": "incident_update_select_incident"})
    return [one["value"] for one in answer.json["options"]]


def test_what_only_members_see_members_do_see(world):
    narrow(world, 'see = { "members" },')
    engine, channel = open_incident(world)
    for user, sees in (("U0001", True), ("U0020", False)):
        view = view_of(world, engine, "status #1", "incident_status" if sees else "notice", user=user)
        equal("Everything about it" in words(view), sees, f"{user}: {words(view)}")
        form = view_of(world, engine, "update status #1", "incident_update_status" if sees else "notice", user=user)
        equal("What is new?" in words(form), sees, f"{user} updates: {words(form)}")
        for text in ("list", "list critical", "why #1"):
            equal("#1: Checkout" in json.dumps(engine.command(text, user=user).json), sees, f"{user} {text}")
        asked = view_of(world, engine, "status", "incident_status", user=user)
        equal([suggested(engine, asked, query, user) for query in ("", "checkout", "#1")], [["1"] if sees else []] * 3, f"{user} searches")
        declaring = view_of(world, engine, "open", "incident_open", user=user)
        equal("push_check_current_incidents" in words(declaring), sees, f"{user} is told of recent ones")
        engine.event({"type": "app_home_opened", "user": user, "tab": "home", "channel": "D1"}, event_id="EvHome" + user)
        home = wait_for("the home tab", lambda: next((one["view"] for one in world.sandbox.views() if one["view"].get("callback_id") == "app_home"
                        and ("#1: Checkout" in words(one["view"])) == sees), None))
        check(home, f"the home tab of {user}")
    engine.process.stop()


def test_members_may_take_a_role(world):
    narrow(world, 'roles = { "members" },')
    engine, channel = open_incident(world)
    def claim(user):
        engine.interaction({"type": "block_actions", "user": {"id": user}, "channel": {"id": channel},
                            "actions": [{"type": "button", "action_id": "claim_incident_role", "block_id": "b", "value": "1 commander"}],
                            **world.sandbox.trigger(user, channel)})
    def holders():
        return [role["person"]["accounts"]["slack"]["external_id"] for role in incident(world)["roles"] if role["slug"] == "commander"]
    claim("U0020")
    wait_for("the refusal", lambda: "these may: `members`" in json.dumps(world.sandbox.state()))
    check("U0020" not in holders(), "a stranger holds nothing")
    claim("U0001")
    wait_for("the role", lambda: holders() == ["U0001"])
    engine.process.stop()


def test_who_may_not_close_does_not_by_updating(world):
    narrow(world, 'close = { "usergroup:security" },')
    engine, channel = open_incident(world, priority="P3")
    answer = update(world, engine, channel, status="Closed").json
    check("usergroup:security" in answer.get("errors", {}).get("status", ""), f"early: {answer}")
    update(world, engine, channel, status="Investigating", message="We look at the gateway.")
    update(world, engine, channel, status="Mitigating", message="We look at the gateway.")
    update(world, engine, channel, status="Mitigated", message="The gateway is well again.")
    equal(incident(world)["status_label"], "Mitigated", "the status")
    answer = update(world, engine, channel, status="Closed", message="It is over, thank you all.").json
    check("usergroup:security" in answer.get("errors", {}).get("status", ""), f"late: {answer}")
    equal(incident(world)["status_label"], "Mitigated", "still")
    engine.process.stop()


def test_a_rule_that_lets_nobody_declare_is_refused(world):
    narrow(world, 'declare = { "members" },')
    refused = world.cli("check", ok=False)
    equal(refused.returncode, 1, "the exit code")
    check("slack.permissions.declare[1]" in refused.stderr and "nobody" in refused.stderr, refused.stderr)
