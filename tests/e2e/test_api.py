"""The REST API of the running engine, as the config has it and as a client reads it."""
import csv
import io
import json
import os
import random
from urllib.parse import quote

from flows import declare_by_api
from harness import check, equal, wait_for

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
HOSTILE = ['"', '""', "'", ",", ";", "\t", "\n", "\r", "\r\n", "=1+1", "+1", "-1", "@SUM(A1)", "|cmd", "\\", "\\n", "\u202e", "\u2028",
           "\x85", "\x0b", "\x1f", "\ufeff", "null", "True", "1e5", "007", " ", "  ", "\u00a0", "é", "e\u0301", "🔥", "👩‍🚒", "漢字", "שלום",
           "<script>", "{}", "[0]", "a.b", "*", ".*.", "__all__", "%00", "\x7f", "word", "x" * 40]
COST_TYPES = ["Lost sales", 'Provider, "external"', "=1+1", "a.b.c", "Tab\there"]


def change_config(world, before, after):
    with open(world.config) as file:
        text = file.read()
    check(before in text, f"the shipped config has {before}")
    world.write("config.lua", text.replace(before, after, 1))


def test_times_are_told_in_the_zone_of_the_config(world):
    engine = world.engine(arguments=("--clock", "2026-11-23T23:30:00Z"))
    declare_by_api(engine)
    first = engine.api("GET", "incidents/1/").json
    equal(first["created_at"], "2026-11-23T23:30:00.000000Z", "in UTC, as nothing else is said")
    change_config(world, 'env("TIME_ZONE", "UTC")', '"Europe/Paris"')
    world.cli("reload")
    told = wait_for("the other zone", lambda: next(
        (one for one in engine.api("GET", "incidents/?created_at=2026-11-24").json), None))
    equal(told["created_at"], "2026-11-24T00:30:00.000000+01:00", "in Paris, after a reload")
    equal(engine.api("GET", "incidents/?created_at=today").json[0]["id"], 1, "today is the 24th there")
    engine.process.stop()


def test_without_pages_a_list_is_whole(world):
    engine = world.engine()
    declare_by_api(engine)
    equal(engine.api("GET", "incidents/").headers.get("transfer-encoding"), None, "a page")
    engine.process.stop()
    change_config(world, "  api = {", "  api = {\n    pages = false,")
    engine = world.engine()
    answer = engine.api("GET", "incidents/")
    equal(answer.headers.get("transfer-encoding"), "chunked", "everything, as it is read")
    equal([one["id"] for one in answer.json], [1], "the list")
    engine.process.stop()


# ---- tables say what JSON says

def hostile(chance, most):
    """A text of random pieces, at most so many characters, that no trimming changes."""
    text = "".join(chance.choice(HOSTILE) for _ in range(chance.randint(1, 12)))
    return ("<" + text[:most - 2] + ">") if chance.random() < 0.5 else (text.strip("\t\n\v\f\r ")[:most].strip("\t\n\v\f\r ") or "x")


def flat(value, path=""):
    """The columns of a row, as tables have them."""
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {name: cell for key, item in items for name, cell in flat(item, f"{path}.{key}" if path else str(key)).items()}
    return {path: "" if value is None else str(value)}


def declare_hostile(engine, chance, ids):
    body = {"title": hostile(chance, 128), "description": hostile(chance, 4000), "created_by_email": "ann@example.test", **ids}
    answer = engine.api("POST", "incidents", body)
    equal(answer.status, 201, f"seed {SEED}: {body} {answer.text}")
    number = answer.json["id"]
    equal((answer.json["title"], answer.json["description"]), (body["title"], body["description"]), f"seed {SEED}: what was sent")
    tags = sorted({hostile(chance, 30) for _ in range(chance.randint(0, 3))})
    tagged = engine.api("PUT", f"incidents/{number}/tags/", {"tags": tags})
    check(tagged.status in (200, 400), f"seed {SEED}: tags {tags}: {tagged.text}")
    for _ in range(chance.randint(0, 2)):
        cost = {"cost_type": chance.choice(COST_TYPES), "amount": chance.choice([None, "10.05", "-3.50", 7]), "details": hostile(chance, 100)}
        added = engine.api("POST", f"incidents/{number}/costs/", cost)
        equal(added.status, 201, f"seed {SEED}: {cost} {added.text}")


def table(engine, path, ending, separator):
    answer = engine.api("GET", path.replace("?", f".{ending}?", 1))
    equal(answer.status, 200, f"seed {SEED}: {path} as {ending}: {answer.text[:300]}")
    return list(csv.reader(io.StringIO(answer.body.decode("utf-8"), newline=""), delimiter=separator, strict=True))


def test_tables_parse_back_to_the_json(world):
    chance = random.Random(SEED)
    rows = "".join(f"{{ name = {json.dumps(name)} }}, " for name in COST_TYPES)
    change_config(world, "  api = {", f"  cost_types = {{ {rows}}},\n  api = {{")
    engine = world.engine(extra_env={"SLACK_BOT_TOKEN": ""})  # no channels: one that comes meanwhile would make the readings differ
    first = declare_by_api(engine)
    ids = {"environment_id": first["environment"]["id"], "priority_id": first["priority"]["id"],
           "incident_category_id": first["incident_category"]["id"]}
    for _ in range(40):
        declare_hostile(engine, chance, ids)
    text = engine.api("GET", "incidents/?limit=all&show_tags=true").body
    rows = [flat(row) for row in json.loads(text, parse_float=str, parse_int=str)]
    columns = sorted({name for row in rows for name in row}, key=lambda name: name.encode())
    some = chance.sample(columns, 5)
    for ending, separator in (("csv", ","), ("tsv", "\t")):
        whole = table(engine, "incidents?show_tags=true&fields=__all__", ending, separator)
        equal(whole[0], columns, f"seed {SEED}: the columns as {ending}")
        for row, cells in zip(rows, whole[1:], strict=True):
            equal(dict(zip(columns, cells, strict=True)), {name: row.get(name, "") for name in columns}, f"seed {SEED}: {ending}")
        for names in (some, ["title"], ["postmortem_url"]):
            if any("," in name for name in names):
                continue
            chosen = table(engine, f"incidents?show_tags=true&labels=__hidden__&fields={'%2C'.join(map(quote, names))}", ending, separator)
            equal(chosen, [[row.get(name, "") for name in names] for row in rows], f"seed {SEED}: {names} as {ending}")
    engine.process.stop()
