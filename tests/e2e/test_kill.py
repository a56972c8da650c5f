"""The plug is pulled at each step of a declaration; after the restart everything has happened, and once."""
import http.client
import json

from flows import TITLE, assert_happened_once
from harness import check, equal, fetch, wait_for

MEMBERS = ["U0001", "U0009", "U0010"]


def declare_and_survive(world, inject):
    first = world.engine()
    world.sync(first)
    first.process.stop()
    engine = world.engine(inject=inject, wait=False)
    wait_for("readiness, or the kill", lambda: not engine.process.is_alive() or fetch(engine.url + "/readyz").status == 200)
    try:
        answered = engine.command(f"open P1 {TITLE}").status == 200
    except (OSError, http.client.HTTPException):
        answered = False
    engine.wait_dead()
    engine = world.engine()
    if not answered and not json.loads(world.cli("incident", "list", "--json").stdout):
        equal(engine.command(f"open P1 {TITLE}").status, 200, "the second try's answer")
    engine.settled(60)
    assert_happened_once(world, 1, MEMBERS)
    dead = [job for job in world.jobs() if job["state"] == "dead"]
    check(not dead, f"dead jobs: {dead}")
    engine.process.stop()


def kill_points(world, point, hits):
    for hit in hits:
        declare_and_survive(world, f"{point}=kill:{hit}")
        world.sandbox.reset()
        world.fresh_database()


def test_kill_when_a_job_was_claimed_1(world):
    kill_points(world, "job.claimed", (1, 2, 4))


def test_kill_when_a_job_was_claimed_2(world):
    kill_points(world, "job.claimed", (3, 5, 6, 7))


def test_kill_after_the_effect_before_its_record_1(world):
    """The vendor has done it, we do not know: the worst moment."""
    kill_points(world, "job.before_finish", (1, 2, 3))


def test_kill_after_the_effect_before_its_record_2(world):
    kill_points(world, "job.before_finish", (4, 5, 6, 7))


def test_kill_after_the_record(world):
    kill_points(world, "job.finished", (1, 3, 5))


def test_kill_before_the_commit(world):
    """Not acknowledged: the caller tries again. Acknowledged: it is there."""
    kill_points(world, "store.commit", (3, 6, 8, 10, 12, 14))


def test_acknowledged_is_on_disk(world):
    first = world.engine()
    world.sync(first)
    acknowledged = 0
    for number in range(5):
        answer = first.command(f"open P4 {TITLE} number {number}")
        acknowledged += answer.status == 200
    first.process.kill()
    engine = world.engine()
    rows = wait_for("the incidents", lambda: engine.api("GET", "incidents/").json)
    equal(len(rows), acknowledged, "incidents after the plug was pulled")
    engine.process.stop()
