"""The command line over an incident's whole life, without a running engine: its jobs wait."""
import json
import os

from flows import declare_by_api
from harness import check, equal

OPEN = ["incident", "open", "--title", "Checkout answers with errors", "--description", "Since ten o'clock", "--priority", "P1",
        "--category", "Payment", "--environment", "PRD", "--by", "ada@example.test"]


def begin(world):
    """The rows of the config in the database, as one start leaves them."""
    world.engine().process.stop()
    equal(json.loads(world.cli(*OPEN, "--json").stdout)["id"], 1, "the incident")


def refused(world, *arguments, code=1):
    result = world.cli(*arguments, ok=False)
    equal(result.returncode, code, f"halligan {' '.join(arguments)}: {result.stdout}{result.stderr}")
    return result.stderr


def test_an_incident_from_open_to_closed_and_back(world):
    begin(world)
    said = world.cli("incident", "update", "1", "--status", "Investigating", "--message", "We look at the database").stdout
    check("Incident 1 is Investigating; changed: status" in said, said)
    said = refused(world, "incident", "update", "1", "--status", "Post-mortem")
    check("It is Investigating." in said and "It may become: Mitigating" in said, said)
    said = refused(world, "incident", "close", "1")
    check("--closure-reason" in said and "duplicate" in said, said)
    world.cli("incident", "update", "1", "--status", "Mitigating", "--title", "Payments fail in all shops")
    world.cli("incident", "update", "1", "--status", "Mitigated")
    changed = json.loads(world.cli("incident", "update", "1", "--message", "All is well", "--json").stdout)
    equal((changed["updated_fields"], bool(changed["update_id"])), ([], True), "a message alone")
    check("nothing changed" in world.cli("incident", "update", "1", "--status", "Mitigated").stdout, "the same once more")
    changed = json.loads(world.cli("incident", "update", "1", "--drill", "yes", "--json").stdout)
    equal((changed["updated_fields"], changed["incident"]["is_drill"]), (["drill"], True), "it was an exercise")
    check("yes or no" in refused(world, "incident", "update", "1", "--ignore", "perhaps", code=2), "a mark is on or off")
    said = refused(world, "incident", "update", "1", "--message", "x", "--event-type", "started", "--event-at", "noon", code=2)
    check('"noon" is no time' in said, said)
    said = refused(world, "incident", "update", "#1", "--status", "Mitigatd")
    check('there is no status "Mitigatd"' in said and "It may become:" in said, said)
    said = refused(world, "incident", "update", "1", "--title", "x" * 129)
    check("has 129" in said and "may become" not in said, f"nothing of the lifecycle: {said}")
    check("say what is new" in refused(world, "incident", "update", "1", code=2), "nothing to change")
    said = refused(world, "incident", "update", "99", "--message", "Is anybody there")
    check("99" in said and "may become" not in said, said)


def test_a_declaration_needs_no_more_than_in_chat(world):
    begin(world)
    said = world.cli("incident", "open", "p2", "Search", "is", "slow", "--by", "ada@example.test").stdout
    check("P2, category Other, environment PRD, by ada@example.test" in said, said)
    shown = json.loads(world.cli("incident", "show", "2", "--json").stdout)
    equal((shown["title"], shown["description"]), ("Search is slow", "Search is slow"), "title and description")
    said = world.cli("incident", "open", "P3", "Search is slow", "--category", "payment", "--environment", "stg", "--description", "Since noon",
                     extra_env={"EMAIL": "bob@example.test"}).stdout
    check("P3, category Payment, environment STG, by bob@example.test" in said, said)
    said = world.cli("incident", "open", "P2  Search is slow", "--by", "ada@example.test", "--json").stdout
    equal((json.loads(said)["incident"]["priority"]["name"], json.loads(said)["incident"]["title"]), ("P2", "Search is slow"), "all in quotes")
    said = refused(world, "incident", "open", "Search", "is slow", "--by", "ada@example.test")
    check('there is no priority "Search" (there are: P1,' in said, said)
    said = refused(world, "incident", "open", "--priority", "P2", code=2)
    check("--title" in said and "--by EMAIL" in said and "--priority" not in said, said)
    with open(world.config) as file:
        text = file.read()
    world.write("config.lua", text.replace('defaults = { category = "Other",', "defaults = {", 1))
    said = refused(world, "incident", "open", "P2", "Search is slow", "--by", "ada@example.test", code=2)
    check("--category is missing, and" in said and "defaults.category" in said, said)


def test_closing_says_what_is_missing(world):
    begin(world)
    for status in ("Investigating", "Mitigating", "Mitigated"):
        world.cli("incident", "update", "1", "--status", status)
    said = refused(world, "incident", "close", "1")
    check("Before it can be closed:" in said, said)
    events = json.loads(world.cli("incident", "key-events", "1", "--json").stdout)
    wanted = [event["event_type"] for event in events if event["is_required"] and event["at_ms"] is None]
    check(wanted, "the shipped config requires key events")
    check(all(f"halligan incident key-events 1 {name}=now" in said for name in wanted), said)


def test_early_closing_reopening_downgrading(world):
    begin(world)
    said = refused(world, "incident", "reopen", "1", "--message", "It is true after all")
    check("it is Open: there is nothing to open again" in said, said)
    said = refused(world, "incident", "close", "1", "--closure-reason", "boredom")
    check("boredom" in said and "false_positive" in said, said)
    check("is Closed" in world.cli("incident", "close", "1", "--closure-reason", "false_positive").stdout, "closed early")
    check("10" in refused(world, "incident", "reopen", "1", "--message", "no"), "a justification is wanted")
    check("is Investigating" in world.cli("incident", "reopen", "1", "--message", "It is true after all").stdout, "open again")
    answer = json.loads(world.cli("incident", "downgrade", "1", "--json").stdout)
    equal((answer["incident"]["status_label"], answer["incident"]["is_ignored"]), ("Closed", True), "downgraded")


def test_key_events_and_roles(world):
    begin(world)
    table = world.cli("incident", "key-events", "1", "started=2026-11-23T10:42", "detected=now").stdout
    check("2026-11-23 10:42:00" in table, table)
    events = json.loads(world.cli("incident", "key-events", "1", "detected=", "--json").stdout)
    at = {event["event_type"]: event["at_ms"] for event in events}
    equal((at["started"], at["detected"]), (1795430520000, None), "key events by now")
    check("no change" in refused(world, "incident", "key-events", "1", "detected", code=2), "a word without =")
    check("is no time" in refused(world, "incident", "key-events", "1", "detected=never", code=2), "no time")
    world.cli("incident", "roles", "1", "commander=ada@example.test")
    roles = json.loads(world.cli("incident", "roles", "1", "--json").stdout)["roles"]
    equal([(role["slug"], role["person"]["email"]) for role in roles], [("commander", "ada@example.test")], "roles")
    said = refused(world, "incident", "roles", "1", "commander=nobody@example.test", "communication_lead=ada@example.test", code=2)
    check('"nobody@example.test" is not known here' in said, said)
    check("required" in refused(world, "incident", "roles", "1", "commander="), "a required role stays held")


def test_explain_names_strategy_line_and_reason(world):
    engine = world.engine()
    world.sync(engine)
    world.cli(*OPEN)
    engine.settled()
    rows = json.loads(world.cli("explain", "1", "--json").stdout)
    check(rows and all(reason["strategy"] for row in rows for reason in row["reasons"]), rows)
    shown = world.cli("explain", "1").stdout
    check(all(row["person"]["name"] in shown for row in rows), shown)
    check(rows[0]["reasons"][0]["reason"] in shown, shown)
    engine.process.stop()


def test_jobs_and_keys_answer_machines_too(world):
    begin(world)
    job = json.loads(world.cli("job", "list", "--json").stdout)[0]["id"]
    equal(json.loads(world.cli("job", "cancel", str(job), "--json").stdout)["count"], 1, "jobs that were cancelled")
    equal(json.loads(world.cli("job", "show", str(job), "--json").stdout)["state"], "cancelled", "the job")
    check("1 job due now" in world.cli("job", "retry", str(job)).stdout, "a cancelled one can be tried again")
    check("number" in refused(world, "job", "cancel", "soon", code=2), "an ID is a number")
    world.cli("key", "create", "grafana")
    world.cli("key", "revoke", "1", "--json")
    check(json.loads(world.cli("key", "list", "--json").stdout)[0]["revoked_at_ms"] > 0, "the key")
    check("there is no key 7" in refused(world, "key", "revoke", "7"), "a key that is not there")


def test_a_task_that_is_not_there_leaves_no_job(world):
    engine = world.engine()
    before = len(world.jobs())
    said = refused(world, "task", "run", "slack.sync_user", code=2)
    check('there is no task "slack.sync_user"; did you mean "slack.sync_users"?' in said, said)
    equal([job for job in world.jobs() if job["handler"] == "task:slack.sync_user"], [], f"jobs beside the {before} before")
    world.cli("task", "run", "slack.sync_users")
    engine.process.stop()


def test_a_key_of_a_person_acts_as_them(world):
    begin(world)
    engine = world.engine()
    email = engine.api("GET", "incidents/1/").json["created_by"]["email"]
    key = json.loads(world.cli("key", "create", "laptop", "--person", email, "--scopes", "read write", "--json").stdout)["key"]
    equal(engine.api("POST", "incidents/1/updates/", {"message": "I looked at it"}, key).json["created_by"]["email"], email, "who said it")
    check(email in world.cli("key", "list").stdout, "the list names the person")
    world.write("token", "9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b\n")
    world.cli("key", "create", "dashboard", "--secret-file", os.path.join(world.root, "token"))
    equal(engine.api("GET", "incidents/", None, "9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b").status, 200, "a key of before")
    check("no key" in refused(world, "key", "create", "x", "--secret-file", "/dev/null"), "an empty file")
    check("not known" in refused(world, "key", "create", "x", "--person", "nobody@example.test"), "a person who is not there")


def test_the_list_by_status_and_words(world):
    begin(world)
    for title in ("Search is slow", "Search is empty"):
        world.cli(*[title if word == "Checkout answers with errors" else word for word in OPEN])
    world.cli("incident", "close", "2", "--closure-reason", "false_positive")

    def ids(*arguments):
        return [one["id"] for one in json.loads(world.cli("incident", "list", "--json", *arguments).stdout)]
    equal(ids(), [3, 1], "in progress")
    equal(ids("--search", "search"), [3], "in progress, with the word")
    equal(ids("--search", "search", "--all"), [3, 2], "all with the word")
    equal(ids("--status", "closed"), [2], "the closed ones")
    equal(ids("--status", "Open,Closed"), [3, 2, 1], "of two statuses")
    equal(ids("--status", "post-mortem"), [], "of none")
    check("Search is slow" in world.cli("incident", "list", "--status", "Closed").stdout, "the table")
    check("is no status" in refused(world, "incident", "list", "--status", "Open,Lost"), "a word that is none")


def test_statuses_are_called_what_the_operator_calls_them(world):
    with open(world.config) as file:
        text = file.read()
    renamed = text.replace("lifecycle = {", 'lifecycle = { statuses = { investigating = "Triage" },', 1)
    check(renamed != text, "the config has a lifecycle")
    with open(world.config, "w") as file:
        file.write(renamed)
    engine = world.engine()
    declare_by_api(engine)
    check("is Triage" in world.cli("incident", "update", "1", "--status", "triage").stdout, "the command line")
    check("Triage" in world.cli("incident", "list", "--status", "triage").stdout, "the list")
    check("Triage" in engine.get("/incident/1/").text, "the page")
    equal(engine.api("GET", "incidents/1/").json["status"], "Investigating", "clients of the REST API read what they know")
    with open(world.config, "w") as file:
        file.write(text)
    world.cli("reload")
    page = engine.get("/incident/1/").text
    check("Investigating" in page and "Triage" not in page, "after a reload")
    engine.process.stop()


def test_the_audit_log_is_read_by_incident_and_whole(world):
    begin(world)
    world.cli("incident", "update", "1", "--status", "Investigating", "--message", "We \x1b[31mlook at it")
    of_one = json.loads(world.cli("audit", "1", "--json").stdout)
    equal([entry["action"] for entry in of_one], ["incident.declare", "incident.update"], "oldest first")
    equal((of_one[1]["before"], of_one[1]["source"], of_one[1]["actor_kind"]), ({"status": 10}, "cli", "operator"), "who and from where")
    newest = json.loads(world.cli("audit", "--limit", "1", "--json").stdout)
    equal([entry["id"] for entry in newest], [of_one[1]["id"]], "of everything, the newest")
    older = json.loads(world.cli("audit", "--before", str(of_one[0]["id"]), "--json").stdout)
    check("reference.reconcile" in [entry["action"] for entry in older], f"what the config changed: {older}")
    said = world.cli("audit", "1").stdout
    check("status: 10 -> 20" in said and "#1" in said and "\x1b" not in said, said)
    refused(world, "audit", "99")


def test_the_timeline_tells_each_change(world):
    begin(world)
    world.cli("incident", "update", "1", "--status", "Investigating", "--priority", "P2", "--message", "Traffic is\nmoved")
    world.cli("incident", "update", "1", "--title", "All payments fail", "--environment", "STG")
    world.cli("incident", "key-events", "1", "detected=2026-11-23T10:42")
    lines = world.cli("incident", "show", "1").stdout.splitlines()
    for words in ("Investigating, priority P2: Traffic is moved", "environment STG, title All payments fail", "detected"):
        check(any(words in line for line in lines), f"{words}: {lines}")
