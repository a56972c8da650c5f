"""64 writers on one incident at once, each with a change of its own kind: every change that was answered is told once, and
the log is one history: what an entry says was before is what the entry before it left."""
import json
import os
import sqlite3
import threading
from collections import Counter

from flows import declare_by_api
from harness import check, equal

WRITERS = 64
PEOPLE = ["first.responder@example.test", "ada@example.test", "ben@example.test"]


def changes(priorities):
    """How each kind of writer changes incident 1, by its number: method, path and body."""
    return [
        lambda n: ("POST", "incidents/1/updates/", {"message": f"word {n}"}),
        lambda n: ("PATCH", "incidents/1/", {"title": f"Renamed by writer {n}", "message": f"word {n}"}),
        lambda n: ("PATCH", "incidents/1/", {"priority_id": priorities[n // 8 % len(priorities)]}),
        lambda n: ("PATCH", "incidents/1/key-events/", {"key_events": {"started": f"2026-11-01T10:{n:02d}:00Z"}}),
        lambda n: ("PATCH", "incidents/1/roles/", {"roles": {"commander": PEOPLE[n // 8 % len(PEOPLE)]}}),
        lambda n: ("PUT", "incidents/1/tags/", {"tags": [f"tag {n}"]}),
        lambda n: ("PATCH", "incidents/1/", {"status": "Investigating"}),
        lambda n: ("PATCH", "incidents/1/custom-fields/", {"custom_fields": {f"field_{n}": n}}),
    ]


def at_once(engine, key, request):
    """What 64 threads are answered, by number; they start together."""
    answers, start = {}, threading.Barrier(WRITERS)

    def write(number):
        method, path, body = request(number)
        start.wait()
        answers[number] = engine.api(method, path, body, key).status

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def history(world):
    """The audit log of incident 1: (action, before, after), oldest first."""
    with sqlite3.connect(os.path.join(world.folder, "halligan.db")) as db:
        rows = db.execute("SELECT action, before, after FROM audit WHERE incident_id = 1 ORDER BY id").fetchall()
    return [(action, json.loads(before) if before else None, json.loads(after) if after else None) for action, before, after in rows]


def check_is_one_history(log, action, field):
    """Among the entries that tell of <field>, each begins where the one before it ended. Returns how many changed it."""
    def part(value):
        return value.get(field) if isinstance(value, dict) and field else value
    now, steps = None, 0
    for name, before, after in log:
        if name != action or part(after) is None:
            continue
        if steps:
            equal(part(before), now, f"{action} {field or ''}: entry {steps} begins where the last one ended")
        now, steps = part(after), steps + 1
    return steps


def test_64_writers_leave_a_consistent_log(world):
    engine = world.engine()
    declare_by_api(engine)
    for email in PEOPLE[1:]:
        declare_by_api(engine, created_by_email=email)
    key = world.api_key(engine)
    priorities = [row["id"] for row in engine.api("GET", "priorities/", key=key).json]
    kinds = changes(priorities)
    answers = at_once(engine, key, lambda number: kinds[number % len(kinds)](number))
    check(set(answers.values()) <= {200, 201}, f"all are answered: {Counter(answers.values())}")
    detail = json.loads(world.cli("incident", "show", "1", "--json").stdout)
    said = [one["message"] for one in detail["updates"] if (one["message"] or "").startswith("word ")]
    equal(sorted(said), sorted(f"word {number}" for number in range(WRITERS) if number % 8 < 2), "each message once")
    titles = [one["title"] for one in detail["updates"] if (one["title"] or "").startswith("Renamed")]
    equal(len(titles), WRITERS // 8, "each renaming is a record")
    equal(sum(one["status"] == 20 for one in detail["updates"]), 1, "eight say Investigating, one makes it so")
    equal(detail["custom_fields"], {f"field_{n}": n for n in range(7, WRITERS, 8)}, "no custom field is lost")

    closings = at_once(engine, key, lambda n: ("POST", "incidents/1/close", {"closure_reason": "cancelled"}))
    equal(Counter(closings.values()), Counter({200: WRITERS}), "closing what is closed is no mistake")
    detail = json.loads(world.cli("incident", "show", "1", "--json").stdout)
    equal((detail["status"], sum(one["status"] == 60 for one in detail["updates"])), (60, 1), "closed once")
    verified = json.loads(world.cli("verify", "--json").stdout)
    check(verified["is_intact"], f"the log is whole: {verified}")
    engine.process.stop()

    log = history(world)
    equal(check_is_one_history(log, "incident.update", "title"), WRITERS // 8, "entries about the title")
    check(check_is_one_history(log, "incident.update", "priority_id") > 0, "the priority changed")
    equal(check_is_one_history(log, "incident.update", "status"), 2, "entries about the status")
    equal(check_is_one_history(log, "incident.set_tags", None), WRITERS // 8, "entries about tags")
    equal(check_is_one_history(log, "incident.set_custom_fields", None), WRITERS // 8, "entries about custom fields")
    check(check_is_one_history(log, "incident.set_roles", "commander") > 0, "the commander changed")
    equal([after["title"] for name, _, after in log if name == "incident.update" and "title" in after][-1], detail["title"], "the last one stands")
    with sqlite3.connect(os.path.join(world.folder, "halligan.db")) as db:
        equal(db.execute("SELECT COUNT(*) FROM event WHERE kind = 'incident.closed'").fetchone()[0], 1, "closing is told once")
