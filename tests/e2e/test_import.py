"""`halligan import firefighter`: a small dump of every kind of row, what the API says of it after, and importing it again."""
import json
import os

from flows import declare_by_api
from harness import check, equal

PERSON = "11111111-0000-4000-8000-000000000001"
OTHER = "11111111-0000-4000-8000-000000000002"
ENVIRONMENT = "22222222-0000-4000-8000-000000000001"
GROUP = "33333333-0000-4000-8000-000000000001"
CATEGORY = "44444444-0000-4000-8000-000000000001"
PRIORITY = "55555555-0000-4000-8000-000000000001"
LEVEL = "66666666-0000-4000-8000-000000000001"
CHANNEL = "77777777-0000-4000-8000-000000000001"
PAGE = "88888888-0000-4000-8000-000000000001"
RUNBOOK = "88888888-0000-4000-8000-000000000002"
TEAM = "aaaaaaaa-0000-4000-8000-000000000001"
STAMPS = {"created_at": "2023-01-01T00:00:00Z", "updated_at": "2023-01-02T00:00:00.250Z"}


def person(pk, name, email, shown=None):
    first, last = name.split(" ")
    return ("incidents.user", pk, {"username": email.split("@")[0], "first_name": first, "last_name": last, "name": shown or name, "email": email,
                                   "bot": False, "avatar": None, "is_active": True, **STAMPS})


def incident(pk, title, status, private=False):
    return ("incidents.incident", pk, {
        "title": title, "description": "Written <elsewhere> & kept", "_status": status, "priority": PRIORITY,
        "incident_category": CATEGORY, "environment": ENVIRONMENT, "created_by": PERSON, "created_at": "2024-05-01T10:00:00.123Z",
        "updated_at": "2024-05-02T10:00:00Z", "mitigated_at": None, "closed_at": None, "closure_reason": None, "closure_reference": "",
        "custom_fields": {"zendesk": "1"}, "dedup_key": None, "ignore": False, "private": private})


def update(number, status, at, **more):
    return ("incidents.incidentupdate", f"99999999-0000-4000-8000-{number:012d}", {
        "message": None, "_status": status, "priority": None, "environment": None, "incident": 41, "incident_category": None,
        "created_by": PERSON, "commander": None, "communication_lead": None, "title": None, "description": None, "created_at": at,
        "event_ts": at, "event_type": None, **more})


DUMP = [
    ("contenttypes.contenttype", 5, {"app_label": "incidents", "model": "incident"}),
    ("taggit.tag", 1, {"name": "database", "slug": "database"}),
    ("taggit.taggeditem", 1, {"tag": 1, "content_type": 5, "object_id": 41}),
    person(PERSON, "Ada First", "ada.first@example.test"),
    person(OTHER, "Bo Second", "Bo.Second@example.test", "Bo from the night shift"),
    # "Production" under the value that config.lua declares too: the imported id wins.
    ("incidents.environment", ENVIRONMENT, {"value": "PRD", "name": "Old production", "description": "", "order": 0, "default": True,
                                            **STAMPS}),
    ("incidents.group", GROUP, {"name": "Only in the dump", "description": "", "order": 90, **STAMPS}),
    ("incidents.incidentcategory", CATEGORY, {"name": "Mainframe", "description": "", "order": 0, "group": GROUP, "private": False,
                                              "deploy_warning": False, **STAMPS}),
    ("incidents.priority", PRIORITY, {"name": "P1", "value": 1, "emoji": "x", "description": "", "order": 0, "default": False,
                                      "needs_postmortem": True, "enabled_create": True, "enabled_update": True,
                                      "reminder_time": "01:00:00", "sla": "1 02:00:00", "recommended_response_type": None, **STAMPS}),
    ("incidents.milestonetype", 1, {"name": "Started", "event_type": "started", "summary": "s", "user_editable": True, "required": True,
                                    "asked_for": True, "description": None}),
    ("incidents.milestonetype", 2, {"name": "Detected", "event_type": "detected", "summary": "d", "user_editable": True, "required": True,
                                    "asked_for": True, "description": None}),
    ("incidents.metrictype", 1, {"name": "Time To Detect", "code": "TTD", "description": "", "milestone_lhs": 2, "milestone_rhs": 1,
                                 "type": "time_to_detect"}),
    ("incidents.incidentroletype", 1, {"name": "Commander", "slug": "commander", "emoji": "c", "required": True, "order": 1, "summary": "s",
                                       "summary_first_person": None, "description": "d", "aka": None}),
    ("incidents.impacttype", 1, {"emoji": "i", "name": "Business", "help_text": "h", "value": "business_impact", "order": 10}),
    ("incidents.impactlevel", LEVEL, {"impact_type": 1, "emoji": "l", "name": "Major", "value": "HI", "order": 1, "description": None}),
    ("incidents.impact", 1, {"impact_type": 1, "impact_level": LEVEL, "details": "all shops", **STAMPS}),
    ("incidents.incidentcosttype", 1, {"name": "Lost sales", "description": "", "category": None, "default": True, "editable": True,
                                       **STAMPS}),
    incident(41, "Closed & kept", 60),
    incident(43, "Secret merger", 10, private=True),
    update(1, 20, "2024-05-01T10:05:00Z", message="Looking"),
    update(2, 60, "2024-05-01T12:00:00.500Z", commander=OTHER),
    update(3, None, "2024-05-01T09:00:00Z", event_type="started"),
    ("incidents.incidentmembership", 1, {"incident": 41, "user": PERSON}),
    ("incidents.incidentrole", 1, {"incident": 41, "user": OTHER, "role_type": 1, "created_at": "2024-05-01T10:06:00Z"}),
    ("incidents.incidentimpact", 1, {"incident": 41, "impact": 1}),
    ("incidents.incidentmetric", 1, {"incident": 41, "metric_type": 1, "duration": "1 01:09:10.123456"}),
    ("incidents.incidentcost", 1, {"incident": 41, "cost_type": 1, "amount": "12.50", "details": "half a day", **STAMPS}),
    ("slack.slackuser", "s1", {"slack_id": "U777", "user": PERSON, "username": "ada", "image": ""}),
    ("slack.conversation", CHANNEL, {"name": "20240501-41-old", "channel_id": "C777", "_status": 2, "_type": 10, "is_shared": False,
                                     "tag": "", "members": [PERSON], "incident_categories": [], **STAMPS}),
    ("slack.incidentchannel", CHANNEL, {"incident": 41}),
    ("jira_app.jiraissue", 9, {"key": "INC-7", "summary": "Closed & kept"}),
    ("raid.jiraticket", 9, {"incident": 41}),
    ("confluence.confluencepage", PAGE, {"name": "Post-mortem", "page_id": 8, "page_url": "https://wiki.example.test/8", **STAMPS}),
    ("confluence.postmortem", PAGE, {"incident": 41}),
    ("confluence.confluencepage", RUNBOOK, {"name": "[shop] Restart", "page_id": 9, "page_url": "https://wiki.example.test/9",
                                            "page_edit_url": "https://wiki.example.test/9/edit", "body_storage": "<p>Restart it</p>",
                                            "body_view": None, "body_export_view": None, "version": {"number": 3}, **STAMPS}),
    ("confluence.runbook", RUNBOOK, {"title": "Restart", "service_name": "shop", "service_type": "API"}),
    ("slack.usergroup", TEAM, {"name": "DBAs", "usergroup_id": "S777", "handle": "dba", "description": "", "is_external": False, "tag": "",
                               "members": [OTHER], "incident_categories": [CATEGORY], **STAMPS}),
    ("slack.sos", "sos", {"name": "Database", "user_group": TEAM, "conversation": CHANNEL}),
    ("raid.featureteam", 1, {"name": "Search team", "jira_project_key": "FT1"}),
    ("pagerduty.pagerdutyuser", "pd", {"user": OTHER}),
    ("pagerduty.pagerdutyescalationpolicy", "pp", {"name": "Shop"}),
    *[("pagerduty.pagerdutyoncall", f"po{n}", {"escalation_policy": "pp", "pagerduty_user": "pd", "escalation_level": 1,
                                               "start": "2024-05-01T10:00:00Z", "end": None}) for n in (1, 2)],
    ("slack.message", 1, {}),
    ("somebody.elses", 1, {}),
]


def changed(records, model, pk, **fields):
    """The same records, one of them with other fields."""
    return [(one[0], one[1], {**one[2], **fields}) if (one[0], one[1]) == (model, pk) else one for one in records]


def write_dump(world, records):
    path = os.path.join(world.folder, "dump.json")
    with open(path, "w") as out:
        json.dump([{"model": model, "pk": pk, "fields": fields} for model, pk, fields in records], out)
    return path


def take_over(world, path, ok=True):
    result = world.cli("import", "firefighter", path, "--json", "--ticket-url", "https://tickets.example.test/", ok=ok)
    return json.loads(result.stdout)


def test_everything_is_taken_over_once(world):
    engine = world.engine()
    path = write_dump(world, DUMP)
    report = take_over(world, path)
    equal(report["problems"], [], "problems")
    equal(report["models"]["pagerduty.pagerdutyoncall"]["left_out"],
          {"the same person is on call there already, by another schedule": 1}, "one of two turns at the same time")
    equal(report["models"]["incidents.incident"]["mapped"], 2, "incidents that became rows")
    equal(report["models"]["slack.message"]["left_out"], {"messages stay in Slack": 1}, "why messages are left out")
    equal(report["models"]["somebody.elses"]["left_out"], {"the other system's own": 1}, "a model that nobody knows")
    again = take_over(world, path)["rows"]
    equal((again["created"], again["updated"]), (0, 0), "rows written by the second run")

    got = engine.api("GET", "incidents/41/").json
    equal((got["title"], got["status"], got["description"]), ("Closed & kept", "Closed", "Written <elsewhere> & kept"), "the incident")
    equal((got["environment"]["id"], got["incident_category"]["id"]), (ENVIRONMENT, CATEGORY), "ids of what it refers to")
    equal((got["priority"]["id"], got["priority"]["sla"]), (PRIORITY, "1 02:00:00"), "its priority")
    equal(got["created_by"], {"id": PERSON, "name": "Ada First", "email": "ada.first@example.test"}, "who declared it")
    equal(got["slack_channel_name"], "#20240501-41-old", "its channel")
    equal((got["jira_ticket_key"], got["jira_ticket_url"]), ("INC-7", "https://tickets.example.test/INC-7"), "its ticket")
    equal(got["postmortem_url"], "https://wiki.example.test/8", "its post-mortem")
    equal(got["tags"], ["database"], "its tags")
    runbook = {"id": RUNBOOK, "name": "[shop] Restart", "page_id": 9, "page_url": "https://wiki.example.test/9",
               "page_edit_url": "https://wiki.example.test/9/edit", "created_at": "2023-01-01T00:00:00.000000Z",
               "updated_at": "2023-01-02T00:00:00.250000Z", "body_storage": "<p>Restart it</p>", "body_view": None,
               "body_export_view": None, "version": {"number": 3}, "title": "Restart", "service_name": "shop", "service_type": "API"}
    equal(engine.api("GET", "runbooks/").json, [runbook], "the runbooks")
    equal(engine.api("GET", f"runbooks/{RUNBOOK}/").json, runbook, "one of them")
    one = next(row for row in engine.api("GET", "incidents/?id=41").json)
    equal(one["metrics"]["time_to_detect"]["duration"], "1 01:09:10.123456", "a duration, to the microsecond")
    equal(one["metrics"]["time_to_detect"]["duration_seconds"], 90550.123456, "the same in seconds")
    equal(one["costs"], {"Lost sales": {"amount": "12.50", "details": "half a day"}}, "its costs")
    equal(one["roles"]["commander"], {"id": OTHER, "name": "Bo from the night shift", "email": "bo.second@example.test"}, "its commander")
    updates = engine.api("GET", "incidents/41/updates/").json
    equal([(one["event_at"], one["event_type"], one["status"], one["message"]) for one in updates],
          [("2024-05-01T12:00:00.500000Z", None, "Closed", None), ("2024-05-01T10:05:00.000000Z", None, "Investigating", "Looking"),
           ("2024-05-01T09:00:00.000000Z", "started", None, None)], "its timeline")
    equal([one["person"]["id"] for one in engine.api("GET", "incidents/41/members/").json], [PERSON], "its members")
    impact = engine.api("GET", "incidents/41/impacts/").json[0]
    equal((impact["type"]["name"], impact["level"]["name"]), ("Business", "Major"), "its impact")

    shown = json.loads(world.cli("incident", "show", "41", "--json").stdout)
    equal(shown["closed_at_ms"], 1714564800500, "when it was closed, which its history knows")
    equal(engine.api("GET", "incidents/43/").status, 404, "the private one, for a key that may not see it")
    equal(world.jobs(incident=41), [], "jobs: nobody is told of what was imported")
    engine.process.stop()


def test_changes_are_taken_over(world):
    world.engine().process.stop()
    take_over(world, write_dump(world, DUMP))
    report = take_over(world, write_dump(world, changed(DUMP, "incidents.incident", 41, title="Renamed there", custom_fields={})))
    equal(report["rows"]["updated"], 1, "rows updated")
    shown = json.loads(world.cli("incident", "show", "41", "--json").stdout)
    equal((shown["title"], shown["custom_fields"]), ("Renamed there", {}), "what changed there")
    take_over(world, write_dump(world, changed(DUMP, "incidents.incidentcost", 1, amount=None, details=None)))
    engine = world.engine()
    equal(engine.api("GET", "incident_costs/").json[0]["amount"], None, "what was emptied there is empty here")
    equal(engine.api("GET", "incidents/?search=renamed").json, [], "words that are gone find nothing")
    equal([one["id"] for one in engine.api("GET", "incidents/?search=kept").json], [41], "words that came back are found")
    engine.process.stop()


def test_the_second_time_not_a_byte_changes(world):
    world.engine().process.stop()
    path = write_dump(world, DUMP)
    take_over(world, path)
    before = world.content()
    take_over(world, path)
    check(world.content() == before, "the database says the same, its search index too")


def test_what_was_imported_can_be_named_in_the_config(world):
    engine = world.engine()
    take_over(world, write_dump(world, DUMP))
    with open(world.config) as file:
        text = file.read()
    named = text.replace("usergroups = {", 'usergroups = { { id = "S0LEADS2", handle = "x", categories = { "Mainframe" } },', 1)
    world.write("config.lua", named)
    world.cli("check")
    world.cli("reload")
    world.write("config.lua", named.replace("Mainframe", "Mainfrome"))
    check('there is no category "Mainfrome"' in world.cli("check", ok=False).stderr, "one that is nowhere")
    engine.process.stop()


def test_the_report_accounts_for_every_record(world):
    report = take_over(world, write_dump(world, DUMP))
    for name, model in report["models"].items():
        equal(model["read"], sum(1 for one in DUMP if one[0] == name), f"{name}: records read")
        equal(model["read"], model["mapped"] + sum(model["left_out"].values()), f"{name}: read is mapped and left out")
    equal(report["config"], ['slack.sos: { name = "Database", conversation = "C777", usergroup = "S777" },',
                             'slack.teams: { value = "FT1", name = "Search team" },'], "what config.lua says here")


def test_the_clock_is_frozen_on_loopback_only(world):
    result = world.cli("serve", "--clock", "noon", ok=False)
    check(result.returncode == 2 and "write it as 2026" in result.stderr, f"wrong usage: {result.stderr!r}")
    result = world.cli("serve", "--clock", "2026-11-23T12:00:00Z", ok=False, extra_env={"LISTEN": "0.0.0.0:0"})
    check(result.returncode != 0 and "--clock" in result.stderr, f"refused beyond this machine: {result.stderr!r}")
    result = world.cli("serve", "--clock", "yesterday-ish", ok=False)
    check(result.returncode != 0 and "yesterday-ish" in result.stderr, f"a time that is none: {result.stderr!r}")
    engine = world.engine(arguments=["--clock", "2020-02-29T23:59:59Z"])
    check("2020-02-29" in engine.process.tail(), "the frozen clock is announced")
    created = declare_by_api(engine)["created_at"]
    check(created.startswith("2020-02-29T23:59:59"), f"declared at the frozen time: {created}")
    engine.process.stop()
