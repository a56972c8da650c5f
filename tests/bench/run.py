#!/usr/bin/env python3
"""Measures the engine against its targets: CPU per request is the figure that holds on a noisy machine, and each is also given as a
multiple of the plainest request (/readyz) of the same run. Standard library only.
    tests/bench/run.py --halligan build/halligan [--quick]
"""
import argparse
import os
import shutil
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
sys.dont_write_bytecode = True
from acknowledgement import bench_acknowledgements  # noqa: E402
from harness import API, World, fetch  # noqa: E402
from wire import CONNECTIONS, Volley, http_bytes, signed_command  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
rows = []
plainest_us = 0.0


def report(what, value, unit, target, as_multiple=False):
    multiple = f"{value / plainest_us:6.1f} x plainest" if as_multiple and plainest_us else ""
    verdict = "" if target is None else ("met" if value <= target else "MISSED")
    rows.append((what, value, unit, target, verdict))
    shown = "" if target is None else f"target {target:g}"
    print(f"{what:<66} {value:>10.1f} {unit:<8} {shown:<14} {verdict:<7} {multiple}", flush=True)


def cpu_us(pid):
    """User and system time of a process and its finished children, in microseconds."""
    with open(f"/proc/{pid}/schedstat") as stat:
        main_thread = int(stat.read().split()[0])
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as stat:
            total += int(stat.read().split()[0])
    return max(total, main_thread) / 1000


def memory_mb(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def measured(pid, volley, make, count):
    """CPU microseconds per request of the process while <count> requests are answered."""
    before = cpu_us(pid)
    sent = 0
    while sent < count:
        batch = [make(sent + i) for i in range(min(CONNECTIONS, count - sent))]
        volley.fire(batch)
        sent += len(batch)
    return (cpu_us(pid) - before) / count


def bench_start(world):
    times = []
    for _ in range(5):
        started = time.monotonic()
        engine = world.engine(wait=False)
        while True:
            try:
                if fetch(engine.url + "/readyz").status == 200:
                    break
            except OSError:
                time.sleep(0.002)
        times.append((time.monotonic() - started) * 1000)
        engine.process.stop()
    report("start to first answer, median of 5", sorted(times)[2], "ms", 60)


def bench_requests(world, engine, count):
    global plainest_us
    pid = engine.process.child.pid
    volley = Volley(engine.port)
    plainest_us = measured(pid, volley, lambda n: http_bytes("GET", "/readyz"), 5000)
    report("the plainest request: GET /readyz", plainest_us, "us CPU", None)
    help_us = measured(pid, volley, lambda n: signed_command("help", n), 3000)
    report("signed command answered by Lua, nothing stored but its duplicate mark", help_us, "us CPU", None, True)
    declare = measured(pid, volley, lambda n: signed_command(f"open P5 Cosmetic problem number {n} on the page", n), count)
    report("signed command, incident durable, answered, and all its effects", declare, "us CPU", None, True)
    engine.settled(600)
    key = world.api_key(engine)
    engine.settled(600)
    headers = (f"Authorization: Bearer {key}",)
    listing = measured(pid, volley, lambda n: http_bytes("GET", f"{API}incidents/?limit=50", headers=headers), 3000)
    report(f"JSON list, 50 of {count} incidents", listing, "us CPU", 280, True)
    page = measured(pid, volley, lambda n: http_bytes("GET", "/incident/1/"), 500)
    report("an incident as an HTML page", page, "us CPU", None, True)
    volley.close()


def bench_declaration(binary, count):
    """The acknowledgement alone: scripts that only receive, so that no effect follows."""
    world = World(binary)
    try:
        folder = os.path.join(world.root, "strategies", "integrations", "slack")
        for name in os.listdir(folder):
            if name not in ("config.lua", "receive.lua"):
                os.remove(os.path.join(folder, name))
        shutil.rmtree(os.path.join(world.root, "strategies", "schedules"))
        engine = world.engine()
        pid = engine.process.child.pid
        volley = Volley(engine.port)
        volley.fire([signed_command("open P5 The first one finds its author", 1)])
        declare = measured(pid, volley, lambda n: signed_command(f"open P5 Cosmetic problem number {n} on the page", n + 2), count)
        report(f"signed command, incident durable on disk, answered ({CONNECTIONS} connections)", declare, "us CPU", 100, True)
        volley.close()
        lone = Volley(engine.port, 1)
        times = []
        for number in range(200):
            started = time.monotonic()
            lone.fire([signed_command(f"open P5 One at a time, number {number}", 10_000_000 + number)])
            times.append((time.monotonic() - started) * 1000)
        lone.close()
        report("the same, one connection, p50", sorted(times)[100], "ms", 0.6)
        engine.process.stop()
    finally:
        world.close(failed=False)


class Probe(threading.Thread):
    """Sends commands one after another and keeps their times, while something else goes on."""

    def __init__(self, engine):
        super().__init__()
        self.volley = Volley(engine.port, 1)
        self.times = []
        self.stopped = threading.Event()

    def run(self):
        number = 20_000_000
        while not self.stopped.is_set():
            number += 1
            started = time.monotonic()
            self.volley.fire([signed_command("help", number)])
            self.times.append((time.monotonic() - started) * 1000)
            time.sleep(0.01)

    def stop(self):
        self.stopped.set()
        self.join()
        self.volley.close()
        self.times.sort()
        return self.times[int(len(self.times) * 0.99)]


def lift_limits(world):
    """Our own rate limits towards the vendor, which would be all that a long synchronisation measures."""
    with open(world.config) as text:
        config = text.read()
    with open(world.config, "w") as out:
        out.write(config.replace("\n  slack = {", '\n  slack = {\n    rate_limits = { ["users.list"] = 1000000, ["conversations.invite"] = 1000000 },', 1))


def bench_sync(world, engine, people):
    pid = engine.process.child.pid
    world.sandbox.reset(users=people, groups=people // 50, group_size=50)
    for what, target in (("first", 25), ("unchanged", 15)):
        probe = Probe(engine)
        probe.start()
        before = cpu_us(pid)
        started = time.monotonic()
        world.cli("task", "run", "slack.sync_users")
        seconds = time.monotonic() - started
        spent = cpu_us(pid) - before
        p99 = probe.stop()
        spent -= len(probe.times) * plainest_us
        report(f"sync of {people} people, {what}, per person ({seconds:.0f} s)", spent / people, "us CPU", target)
        report(f"acknowledgement p99 during the {what} sync", p99, "ms", 50)


def declare_crowd(world):
    """2,000 groups are known; 20 of them look after the category of the incidents, and 500 people are on call."""
    groups = "".join(f'      {{ id = "S0BIG{n}", categories = {{ {chr(34) + "Other" + chr(34) if n <= 20 else ""} }} }},\n' for n in range(1, 2001))
    rota = "".join(f'    {{ service = "service {n % 50}", level = 1, email = "person{n}@example.test" }},\n' for n in range(2001, 2501))
    with open(world.config) as text:
        config = text.read()
    config = config.replace("\n    usergroups = {", "\n    usergroups = {\n" + groups, 1).replace("\n  oncall = {", "\n  oncall = {\n" + rota, 1)
    with open(world.config, "w") as out:
        out.write(config)
    world.cli("reload")


def jail_cpu_us(pid):
    """Of the engine's child, which runs the invite strategies."""
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        child = children.read().split()
    return cpu_us(int(child[0])) if child else 0.0


def bench_invites(world, engine, count=20):
    pid = engine.process.child.pid
    declare_crowd(world)
    world.cli("task", "run", "slack.sync_usergroups")
    engine.command("open P1 Everything is slow for everybody today")
    engine.settled(300)
    before = jail_cpu_us(pid)
    for number in range(count):
        engine.command(f"open P1 Everything is slow for everybody, number {number}")
    engine.settled(300)
    spent = (jail_cpu_us(pid) - before) / count / 1000
    report("who is invited: 20 groups of 50 and 500 on call, of 100,000 people in 2,000 groups", spent, "ms CPU", 1.2)


def measure_acknowledgements(binary, scale):
    world = World(binary)
    lift_limits(world)
    failed = True
    try:
        bench_acknowledgements(world, 100_000 // scale, 1 / scale, report)
        failed = False
    finally:
        world.close(failed=failed)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--halligan", required=True)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    options = parser.parse_args()
    scale = 10 if options.quick else 1
    world = World(options.halligan)
    lift_limits(world)
    failed = True
    try:
        bench_start(world)
        engine = world.engine()
        world.sync(engine)
        time.sleep(1)
        report("idle memory", memory_mb(engine.process.child.pid), "MB", 20)
        bench_requests(world, engine, 10_000 // scale)
        bench_declaration(options.halligan, 10_000 // scale)
        bench_sync(world, engine, 100_000 // scale)
        bench_invites(world, engine)
        report("memory after all of it", memory_mb(engine.process.child.pid), "MB", None)
        engine.process.stop()
        failed = False
    finally:
        world.close(failed=failed)
    measure_acknowledgements(options.halligan, scale)
    missed = [row[0] for row in rows if row[4] == "MISSED"]
    print(f"{len(rows)} figures, {len(missed)} over their target")


if __name__ == "__main__":
    main()
