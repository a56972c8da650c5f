"""`halligan verify`: a changed, removed or forged entry of the audit log is found and named; the file's pages too."""
import json
import os
import sqlite3

from flows import declare_by_api
from harness import check, equal


def database(world):
    return sqlite3.connect(os.path.join(world.folder, "halligan.db"))


def verified(world, *more):
    result = world.cli("verify", "--json", *more, ok=False)
    return result.returncode, json.loads(result.stdout)


def tamper(world, sql):
    with database(world) as db:
        db.execute(sql)


def test_the_audit_log_tells_what_was_done_to_it(world):
    engine = world.engine()
    declare_by_api(engine, title="Checkout is down for everybody")
    declare_by_api(engine, title="Mails are late by two hours")
    status, first = verified(world)
    equal((status, first["is_intact"]), (0, True), f"beside a running engine: {first}")
    check("intact" in world.cli("verify").stdout, "it says so in words")
    head = first["audit"]["head_hash"]
    engine.process.stop()

    equal(verified(world, "--hash", head)[0], 0, "with the hash noted before")
    with database(world) as db:
        rows = db.execute("SELECT * FROM audit WHERE action = 'incident.declare'").fetchall()
        entry = rows[0][0]
        before = db.execute("SELECT after FROM audit WHERE id = ?", (entry,)).fetchone()[0]
    tamper(world, f"UPDATE audit SET after = replace(after, 'Checkout', 'Nothing') WHERE id = {entry}")
    status, changed = verified(world)
    equal((status, changed["is_intact"]), (1, False), "a changed entry")
    check(str(entry) in json.dumps(changed["audit"]), f"it is named: {changed['audit']}")
    with database(world) as db:
        db.execute("UPDATE audit SET after = ? WHERE id = ?", (before, entry))
    equal(verified(world)[0], 0, "put back as it was")
    tamper(world, f"DELETE FROM audit WHERE id = {entry}")
    status, removed = verified(world)
    equal(status, 1, f"a removed entry: {removed}")


def test_a_broken_reference_is_found(world):
    engine = world.engine()
    declare_by_api(engine)
    engine.process.stop()
    tamper(world, "UPDATE incident SET category_id = 'no-such-category'")
    status, answer = verified(world)
    equal(status, 1, "the exit status")
    check(answer["database"]["problems"], f"the problem is told: {answer}")
