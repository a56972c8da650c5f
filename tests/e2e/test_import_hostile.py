"""`halligan import firefighter` with files that are broken or do not fit: each is refused with the record and the field, and nothing of
it is imported."""
import gzip
import json
import os

from flows import declare_by_api
from harness import check, equal
from test_import import DUMP, OTHER, PERSON, STAMPS, changed, person, take_over, write_dump

UPDATE = "99999999-0000-4000-8000-000000000001"
USER = dict(DUMP[3][2])


def without(model, pk, field):
    return [(one[0], one[1], {key: value for key, value in one[2].items() if key != field} if one[:2] == (model, pk) else one[2])
            for one in DUMP]


def nobody_else(model, pk, **fields):
    return DUMP + [(model, pk, fields)]


def declare_cost_types(world):
    with open(world.config) as text:
        config = text.read()
    with open(world.config, "w") as out:
        out.write(config.replace("return {", 'return {\n  cost_types = { { name = "Overtime" }, { name = "Fines" } },', 1))


def renumbered(number):
    """The dump with another number for its incident 41."""
    text = json.dumps(DUMP)
    for name in ("incident", "object_id"):
        text = text.replace(f'"{name}": 41,', f'"{name}": {number},').replace(f'"{name}": 41}}', f'"{name}": {number}}}')
    return json.loads(text.replace('["incidents.incident", 41,', f'["incidents.incident", {number},'))


def refused(world, path, *words):
    """The import fails, says so in each of these words, and leaves the database as it was."""
    before = world.content()
    result = world.cli("import", "firefighter", path, ok=False)
    equal(result.returncode, 1, f"exit of an import that is refused for {words}")
    for word in words:
        check(word in result.stderr, f"{word!r} is said: {result.stderr[-1500:]!r}")
    check(os.path.basename(path) in result.stderr, f"the file is named: {result.stderr!r}")
    equal(result.stdout, "", "a report of what did not happen")
    check(world.content() == before, f"nothing was imported of a file that is refused for {words}")


def write(world, content):
    path = os.path.join(world.folder, "broken.json")
    with open(path, "wb") as out:
        out.write(content)
    return path


def test_what_is_no_dump_is_refused_with_the_byte(world):
    world.cli("import", "firefighter", write_dump(world, DUMP[:1]))
    whole = json.dumps([{"model": model, "pk": pk, "fields": fields} for model, pk, fields in DUMP]).encode()
    for content, words in ((whole[:-40], ("at byte",)), (whole[:3000], ("record ", "at byte")), (b"[{]", ("at byte",)), (b"", ("not a list",)),
                           (b'{"model": 1}', ("not a list of records",)), (b"[1]", ("record 1", "at byte")), (whole + b"x", ("at byte",)),
                           (b'[{"pk": 1, "fields": {}}]', ("a record without a model",)), (b'"\xff"', ("not a list",)),
                           (gzip.compress(whole), ("compressed", "zcat"))):
        refused(world, write(world, content), *words)
    result = world.cli("import", "firefighter", "/nowhere.json", ok=False)
    check("No such file" in result.stderr, result.stderr)


def test_fields_that_are_wrong_are_named(world):
    world.cli("import", "firefighter", write_dump(world, DUMP[:1]))
    incident = "(incidents.incident 41): "
    for records, words in (
            (without("incidents.incident", 41, "title"), (incident + "title: is missing",)),
            (changed(DUMP, "incidents.incident", 41, title=5), (incident + "title: expected text, got number 5",)),
            (changed(DUMP, "incidents.incident", 41, created_at="\u00e9" * 5000), (incident + "created_at: expected a date", "\u00e9...")),
            (nobody_else("incidents.incident", "\u00e9" * 5000, title="x"), ("\u00e9): pk: expected a whole number",)),
            (changed(DUMP, "incidents.incident", 41, title=None), (incident + "title: is missing",)),
            (changed(DUMP, "incidents.incident", 41, _status=55), (incident + "_status: expected one of 10, 20",)),
            (changed(DUMP, "incidents.incident", 41, created_at="2024-13-45T00:00:00Z"), (incident + "created_at: expected a date", "2024-13-45")),
            (changed(DUMP, "incidents.incident", 41, private="no"), (incident + "private: expected true or false",)),
            (changed(DUMP, "incidents.incident", 41, custom_fields=[1]), (incident + "custom_fields: expected an object",)),
            (changed(DUMP, "incidents.incident", 41, priority=["P1"]), (incident + "priority: ", "--natural-foreign")),
            (changed(DUMP, "incidents.incident", 41, priority="nothing"), (incident + "priority: there is no incidents.priority nothing",)),
            (changed(DUMP, "incidents.incidentupdate", UPDATE, incident=4711), (f"{UPDATE}): incident: there is no incidents.incident 4711",)),
            (changed(DUMP, "incidents.incidentupdate", UPDATE, event_ts="soon"), ("event_ts: expected a date",)),
            (changed(DUMP, "incidents.incidentmetric", 1, duration="long"), ("duration: expected a duration",)),
            (changed(DUMP, "incidents.incidentcost", 1, amount="12,50"), ("amount: expected an amount",)),
            (changed(DUMP, "slack.usergroup", "aaaaaaaa-0000-4000-8000-000000000001", members=["x"]), ("members: there is no incidents.user x",)),
            (nobody_else("incidents.incident", None, title="x"), ("pk: is missing", "--natural-primary")),
            (nobody_else("incidents.incident", "43", title="x"), ("(incidents.incident 43): pk: expected a whole number",)),
            (DUMP + [DUMP[3]], (f"record {len(DUMP) + 1} (incidents.user {PERSON}): pk: record 4 is the same one",)),
            (DUMP + [person("11111111-0000-4000-8000-000000000003", "Ada Twin", "ADA.first@example.test")], ("email: record 4 has the same",)),
            (DUMP[:4] + [(DUMP[4][0], OTHER, {**DUMP[4][2], "username": USER["username"]})] + DUMP[5:], ("username: record 4 has the same",)),
            (nobody_else("taggit.taggeditem", 2, tag=1, content_type=5, object_id=4711), ("object_id: there is no incident 4711",)),
            (nobody_else("slack.slackuser", "s2", slack_id="U778", user=PERSON), ("(slack.slackuser s2): user: another account has the same",)),
            (DUMP + [("incidents.group", "x", "none")], (f"record {len(DUMP) + 1} (incidents.group): fields: is missing",))):
        refused(world, write_dump(world, records), "nothing was imported", *words)


def test_every_problem_is_told_up_to_twenty(world):
    world.cli("import", "firefighter", write_dump(world, DUMP[:1]))
    many = DUMP + [("incidents.incidentmembership", n, {"incident": 41, "user": "nobody"}) for n in range(100, 150)]
    result = world.cli("import", "firefighter", write_dump(world, many), "--json", ok=False)
    equal(len(json.loads(result.stdout)["problems"]), 20, "problems listed")
    check("50 problems" in result.stderr, f"how many there are: {result.stderr!r}")


def test_numbers_that_are_taken_are_not_given_away(world):
    """The engine has incidents of its own: their numbers, costs and roles are what they were."""
    declare_cost_types(world)
    engine = world.engine()
    for number in (1, 2):
        declare_by_api(engine, title=f"Our own number {number}")
    cost_type = engine.api("GET", "incident_cost_types/").json[0]["id"]
    engine.api("POST", "incidents/1/costs/", {"cost_type": cost_type, "amount": "7.00"})
    engine.process.stop()
    refused(world, write_dump(world, renumbered(2)), "(incidents.incident 2): pk: incident 2 is another one here", "Our own number 2")
    take_over(world, write_dump(world, renumbered(1041)))
    engine = world.engine()
    equal(engine.api("GET", "incidents/2/").json["title"], "Our own number 2", "an incident of our own")
    costs = {one["incident"]: (one["id"], one["amount"]) for one in engine.api("GET", "incident_costs/").json}
    equal(costs[1041], (1, "12.50"), "the imported cost has its number")
    equal(costs.get(1, (0, None))[1], "7.00", "a cost of our own")
    engine.process.stop()


def test_a_number_of_the_config_makes_room(world):
    """Ids that the config gave out belong to the imported rows afterwards; what had them is still there."""
    declare_cost_types(world)
    engine = world.engine()
    before = {one["name"]: one["id"] for one in engine.api("GET", "incident_cost_types/").json}
    engine.process.stop()
    name = next(name for name, number in before.items() if number == 1)
    take_over(world, write_dump(world, changed(DUMP, "incidents.incidentcosttype", 1, name="Lost elsewhere")))
    engine = world.engine()
    after = {one["name"]: one["id"] for one in engine.api("GET", "incident_cost_types/").json}
    equal(after["Lost elsewhere"], 1, "the imported type has its number")
    check(after[name] not in (None, 1), f"the one of the config has another: {after}")
    engine.process.stop()


def test_large_and_odd_texts_come_through(world):
    text = "x" * (3 << 20) + " \u202e \U0001f525 </script>\n\t\"'"
    world.engine().process.stop()
    take_over(world, write_dump(world, changed(DUMP, "incidents.incident", 41, description=text, title="t" * 300)))
    engine = world.engine()
    got = engine.api("GET", "incidents/41/").json
    equal((len(got["description"]), got["description"][-40:], got["title"]), (len(text), text[-40:], "t" * 300), "the texts")
    engine.process.stop()


def test_a_part_of_a_dump_leans_on_what_is_there(world):
    parts = ([one for one in DUMP if not one[0].startswith("slack.")], [one for one in DUMP if one[0].startswith("slack.")])
    world.engine().process.stop()
    for part in parts:
        take_over(world, write_dump(world, part))
    engine = world.engine()
    equal(engine.api("GET", "incidents/41/").json["slack_channel_name"], "#20240501-41-old", "the channel of the second file")
    engine.process.stop()
    lonely = [("incidents.incidentmembership", 9, {"incident": 4711, "user": PERSON})]
    refused(world, write_dump(world, lonely), "(incidents.incidentmembership 9): incident: there is no incident 4711")
    twice = [*parts[1], ("slack.conversation", "other", {**next(one[2] for one in parts[1] if one[0] == "slack.conversation"), **STAMPS})]
    report = take_over(world, write_dump(world, twice))
    equal(report["models"]["slack.conversation"]["left_out"], {"another record is of the same channel": 1}, "two records of one channel")
