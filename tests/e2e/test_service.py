"""What whoever runs the engine relies on: a log that programs can read from its first line on, and a stop that loses nothing."""
import contextlib
import glob
import json
import os
import re
import shutil
import socket
import sqlite3
import threading
import time

from flows import declare_by_api
from harness import check, equal, wait_for


def test_every_line_of_the_log_is_json_when_it_shall_be(world):
    with open(world.config) as text:
        config = text.read().replace("return {", 'return { log = { json = true, level = "debug" },', 1)
    world.write("config.lua", config)
    engine = world.engine()
    world.sync(engine)
    equal(engine.command("open P1 The checkout is down for everybody").status, 200, "a declaration")
    engine.settled()
    engine.process.stop()
    with open(os.path.join(world.folder, "engine.log")) as log:
        lines = log.read().splitlines()
    read = []
    for line in lines:
        try:
            read.append(json.loads(line))
        except ValueError:
            check(False, f"not JSON: {line}")
    check(all({"ts", "level", "group", "msg"} <= set(one) for one in read), "time, level, group and text in each")
    check(any("migration" in one["msg"] for one in read), "from the beginning")
    about = {one["group"] for one in read if one.get("incident") == 1}
    check({"job", "script"} <= about, f"the lines about an incident have its number: {about}")


def test_a_stop_under_load_loses_nothing(world):
    engine = world.engine()
    world.sync(engine)
    acknowledged, stop = [], threading.Event()

    def load(name):
        number = 0
        while not stop.is_set():
            number += 1
            title = f"Under load {name} {number}"
            try:
                if engine.command(f"open P4 {title}").status == 200:
                    acknowledged.append(title)
            except OSError:
                return
    workers = [threading.Thread(target=load, args=(name,)) for name in range(4)]
    for worker in workers:
        worker.start()
    while len(acknowledged) < 100:
        time.sleep(0.02)
    try:
        engine.process.stop(seconds=25)
    finally:
        stop.set()
        for worker in workers:
            worker.join()
    check(not os.path.exists(os.path.join(world.folder, "halligan.db-wal")), "the database was closed in good order")
    with sqlite3.connect(os.path.join(world.folder, "halligan.db")) as database:
        kept = {row[0] for row in database.execute("SELECT title FROM incident")}
        running = database.execute("SELECT count(*) FROM job WHERE state = 'running'").fetchone()[0]
    equal([title for title in acknowledged if title not in kept], [], "acknowledged, and lost")
    equal(running, 0, "jobs that the stop has cut off")


def test_a_silent_vendor_does_not_hold_a_stop(world):
    engine = world.engine()
    world.sync(engine)
    world.sandbox.fault("conversations.create", "hang")
    equal(engine.command("open P1 Nobody answers us today").status, 200, "a declaration")
    wait_for("the call that gets no answer", lambda: any(job["state"] == "running" for job in world.jobs()))
    engine.process.stop(seconds=25)
    world.sandbox.clear_faults()
    engine = world.engine()
    engine.settled(60)
    equal(len(world.sandbox.channels()), 1, "the channel comes with the next start, once")
    engine.process.stop()


def test_what_never_ends_does_not_hold_a_stop(world):
    world.write("strategies/integrations/slow.lua", 'local task = require "engine.task"\n'
                'return { about = "Sleeps", on = { ["incident.created"] = function() task.sleep "1h" end } }\n')
    engine = world.engine()
    world.sync(engine)
    equal(engine.command("open P4 Somebody sleeps over this").status, 200, "a declaration")
    wait_for("the job that sleeps", lambda: any(job["state"] == "running" and "slow" in job["handler"] for job in world.jobs()))
    engine.process.stop(seconds=25)
    check("1 jobs are not done yet" in engine.process.tail(), "it says what it left")
    with sqlite3.connect(os.path.join(world.folder, "halligan.db")) as database:
        states = database.execute("SELECT state, attempt FROM job WHERE handler LIKE '%slow'").fetchall()
    equal(states, [("running", 1)], "the next start finds it")


def test_without_any_integration_the_engine_serves(world):
    """The engine knows no vendor: what is said to one is in files that may go, with their keys of the config."""
    shutil.rmtree(os.path.join(world.root, "strategies", "integrations"))
    for path in glob.glob(os.path.join(world.root, "strategies", "schedules", "slack_*.lua")):
        os.remove(path)
    with open(world.config) as text:
        config = text.read()
    for key in ("slack", "webhooks"):
        config, count = re.subn(rf"(?m)^  {key} = \{{$.*?^  \}},$", "", config, count=1, flags=re.DOTALL)
        equal(count, 1, f"config.lua has {key}")
    world.write("config.lua", config)
    world.cli("check")
    engine = world.engine()
    number = declare_by_api(engine, title="Nobody is told of this")["id"]
    page = engine.get(f"/incident/{number}/")
    check(page.status == 200 and "Nobody is told of this" in page.text, f"its page: {page.status}")
    equal(engine.api("GET", f"incidents/{number}/").json["title"], "Nobody is told of this", "the API")
    equal(json.loads(world.cli("job", "list", "--json").stdout), [], "nobody has anything to do")
    equal(engine.get("/readyz").status, 200, "it is well")
    engine.process.stop()


def test_a_service_manager_hears_how_it_is(world):
    """What Type=notify in tools/halligan.service waits for, and what a watchdog wants."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = os.path.join(world.folder, "notify")
        manager.bind(path)
        manager.settimeout(30)
        engine = world.engine(extra_env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})
        heard = [manager.recv(4096).decode() for _ in range(3)]
        equal((heard.count("READY=1"), heard.count("WATCHDOG=1")), (1, 2), f"at the start: {heard}")
        engine.process.stop()
        manager.settimeout(0.1)
        with contextlib.suppress(TimeoutError):
            while True:
                heard.append(manager.recv(4096).decode())
        check("STOPPING=1" in heard, f"at the end: {heard[-3:]}")
        check(len(heard) > 3 and set(heard) <= {"READY=1", "WATCHDOG=1", "STOPPING=1"}, f"nothing else: {set(heard)}")
