"""What the machine has is used up (the disk, files to open), then it is not: nobody is told that something is kept when it is not, and
everybody can see why."""
import os
import resource

from flows import TITLE
from harness import API, check, equal, wait_for


def limit_files(engine, size):
    """No file of the engine's may grow beyond this, as on a full disk; None: no limit any more."""
    hard = resource.prlimit(engine.process.child.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(engine.process.child.pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


def titles(engine):
    return sorted(row["title"] for row in engine.api("GET", "incidents/").json)


def test_full_disk_for_a_while(world):
    engine = world.engine()
    world.sync(engine)
    engine.command(f"open P2 {TITLE} before")
    engine.settled()
    world.api_key(engine)
    full = os.path.getsize(os.path.join(world.folder, "halligan.db-wal"))
    check(os.path.getsize(engine.process.log_path) + 20000 < full, "the log has room")

    limit_files(engine, full)
    answer = engine.command(f"open P2 {TITLE} meanwhile")
    equal(answer.status, 200, "a refusal is an answer")
    check("Nothing was declared" in answer.text, f"the author is told: {answer.text}")
    equal(titles(engine), [f"{TITLE} before"], "reads are answered")
    health = engine.get("/healthz")
    equal((health.status, health.json["database"]["ok"]), (503, False), "what /healthz says")
    equal(engine.get("/" + API.strip("/") + "/monitoring/readiness").status, 503, "what old clients see")
    check("the database keeps no changes" in engine.process.tail(), f"the log says it:\n{engine.process.tail()}")

    limit_files(engine, None)
    wait_for("that it is well again", lambda: engine.get("/healthz").status == 200)
    engine.command(f"open P2 {TITLE} after")
    engine.settled()
    equal(titles(engine), [f"{TITLE} after", f"{TITLE} before"], "what was acknowledged")
    engine.process.stop()
    engine = world.engine()
    equal(titles(engine), [f"{TITLE} after", f"{TITLE} before"], "the same after a restart")
    equal(len(world.sandbox.channels()), 2, "channels")
    engine.process.stop()


def test_few_files_mean_few_connections(world):
    """A process that may open 300 files takes no 1024 connections: some are left for the database and for what it asks of others."""
    script = os.path.join(world.folder, "few-files")
    with open(script, "w") as out:
        out.write(f"#!/bin/sh\nulimit -n 300\nexec {world.binary} \"$@\"\n")
    os.chmod(script, 0o755)
    world.binary = script
    engine = world.engine()
    with open(engine.process.log_path) as log:
        check("150 connections at most, not 1024: this process may open 300 files" in log.read(), "the log says it")
    engine.process.stop()
