#!/usr/bin/env python3
"""What many incidents cost: each list, page and export with a million of them against ten thousand, as a ratio of CPU measured by turns
in one run. Flat is 1. Standard library only.
    tests/bench/large.py --halligan build/halligan [--incidents 1000000]
"""
import argparse
import json
import os
import sqlite3
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "e2e"))
sys.dont_write_bytecode = True
from fill import fill  # noqa: E402
from harness import API, World  # noqa: E402
from run import cpu_us, report, rows  # noqa: E402
from wire import Volley, http_bytes  # noqa: E402

SMALL = 10_000
ROUNDS = 9
ROUND_US = 15_000  # of CPU: what is cheap is asked often
FLAT = 1.5       # times the small one's cost: a larger tree has more levels, and less of it is in the cache
SCATTERED = 6    # where the rows of a list lie far apart: each is on a page of the file of its own, and so is what belongs to it
SORTED = 2       # an export in an order of its own keeps the numbers of its rows
CSV = f"{API}incidents/?format=csv"


class Filled:
    """An engine with <count> incidents."""

    def __init__(self, binary, count):
        self.middle = count // 2 + 1
        self.world = World(binary)
        self.world.engine().process.stop()
        started = time.monotonic()
        self.path = os.path.join(self.world.folder, "halligan.db")
        fill(self.path, count)
        print(f"{count} incidents were written in {time.monotonic() - started:.0f} s: {os.path.getsize(self.path) / 1e6:.0f} MB", flush=True)
        self.engine = None
        self.restart()
        self.headers = (f"Authorization: Bearer {self.world.api_key(self.engine)}",)
        self.ids = self.find_ids()

    def restart(self):
        if self.engine:
            self.engine.process.stop()
        self.engine = self.world.engine()
        self.pid = self.engine.process.child.pid
        self.volley = Volley(self.engine.port, 1)

    def find_ids(self):
        """Of rows in the middle, and of the rows that filters name."""
        database = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        columns = "environment_id, priority_id, category_id, created_by, created_at_ms / 1000"
        row = database.execute(f"SELECT {columns} FROM incident WHERE id = ?", (self.middle,)).fetchone()
        group = database.execute("SELECT group_id FROM category WHERE id = ?", (row[2],)).fetchone()
        day = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(row[4]))
        database.close()
        return {"middle": self.middle, "environment": row[0], "priority": row[1], "category": row[2], "person": row[3], "group": group[0],
                "day": day}

    def request(self, path):
        return http_bytes("GET", path.format(**self.ids), headers=self.headers)

    def spend(self, path, times):
        """CPU microseconds of a request."""
        request = self.request(path)
        before = cpu_us(self.pid)
        for _ in range(times):
            self.volley.fire([request])
        return (cpu_us(self.pid) - before) / times

    def export(self, path, sign):
        """All of a streamed list: CPU microseconds a row (each has one <sign>), and the most memory that the engine ever had, in MB."""
        before = cpu_us(self.pid)
        stream = self.volley.streams[0]
        self.volley.sockets[0].sendall(self.request(path))
        while stream.readline() not in (b"\r\n", b""):
            pass
        count = 0
        while size := int(stream.readline(), 16):
            count += stream.read(size).count(sign)
            stream.readline()
        stream.readline()
        spent = cpu_us(self.pid) - before
        with open(f"/proc/{self.pid}/status") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
        return spent / count, peak


# What is asked, and how much dearer it may be. A search reads each match of its words once; pages in an order count what they skip.
ASKED = [
    ("the list, 50 of them", "incidents/?limit=50", FLAT),
    ("one incident", "incidents/{middle}/", FLAT),
    ("its timeline", "incidents/{middle}/updates/", FLAT),
    ("the list from the middle on", "incidents/?limit=50&cursor={middle}", FLAT),
    ("open incidents", "incidents/?limit=50&_status__lt=60", FLAT),
    ("closed incidents", "incidents/?limit=50&status=60", FLAT),
    ("of an environment", "incidents/?limit=50&environment={environment}", FLAT),
    ("of a priority in an environment", "incidents/?limit=50&environment={environment}&priority={priority}", SCATTERED),
    ("of a category", "incidents/?limit=50&incident_category={category}", SCATTERED),
    ("of a group", "incidents/?limit=50&group={group}", FLAT),
    ("of a person", "incidents/?limit=10&created_by={person}", SCATTERED),
    ("of a person, open", "incidents/?limit=50&created_by={person}&_status__lt=60", FLAT),
    ("after a day in the middle", "incidents/?limit=50&created_at__gte={day}", FLAT),
    ("before a day in the middle", "incidents/?limit=50&created_at__lt={day}", None),
    ("by title", "incidents/?limit=50&order_by=title", SCATTERED),
    ("by priority", "incidents/?limit=50&order_by=priority", FLAT),
    ("by who declared it", "incidents/?limit=50&order_by=created_by", SCATTERED),
    ("by priority, from the middle on", "incidents/?limit=50&order_by=priority&cursor={middle}", None),
    ("search for a number", "incidents/?limit=50&search={middle}", SCATTERED),
    ("search for a word of each 20th", "incidents/?limit=50&search=payment", None),
    ("search for a word of all", "incidents/?limit=50&search=shop", None),
    ("the dashboard", "/", FLAT),
    ("the page of an incident", "/incident/{middle}/", FLAT),
]


def compare_requests(small, large):
    for what, path, target in ASKED:
        path = path if path.startswith("/") else API + path
        times = 10
        spent = [[], []]
        for _ in range(ROUNDS):
            for side, filled in enumerate((small, large)):
                spent[side].append(filled.spend(path, times))
            times = max(3, min(200, int(ROUND_US / max(spent[0][-1], spent[1][-1]))))
        least = [min(one) for one in spent]
        report(f"{what} ({least[0]:.0f}, {least[1]:.0f} us CPU)", least[1] / least[0], "x", target)


def compare_exports(small, large):
    for what, path, sign, cost, memory in (
            ("CSV", CSV, b"\r\n", FLAT, FLAT), ("JSON", f"{API}incidents/?limit=all", b'"status_page_url"', FLAT, FLAT),
            ("CSV by title", CSV + "&order_by=title", b"\r\n", SCATTERED, SORTED),
            ("CSV of a search", CSV + "&search=shop", b"\r\n", FLAT, SORTED)):
        results = []
        for filled in (small, large):
            filled.restart()
            results.append(filled.export(path, sign))
        costs, peaks = zip(*results)
        report(f"{what} of all, a row ({costs[0]:.1f}, {costs[1]:.1f} us CPU)", costs[1] / costs[0], "x", cost)
        report(f"{what} of all, peak memory ({peaks[0]:.0f}, {peaks[1]:.0f} MB)", peaks[1] / peaks[0], "x", memory)


def compare_declarations(small, large):
    costs = []
    for filled in (small, large):
        filled.restart()
        ids = filled.ids
        body = {"title": "One more", "description": "Among all the others.", "environment_id": ids["environment"],
                "incident_category_id": ids["category"], "priority_id": ids["priority"], "created_by_email": "bench1@example.test"}
        request = http_bytes("POST", f"{API}incidents", json.dumps(body).encode(), (*filled.headers, "Content-Type: application/json"))
        spent = []
        for _ in range(ROUNDS):
            before = cpu_us(filled.pid)
            for _ in range(20):
                filled.volley.fire([request])
            spent.append((cpu_us(filled.pid) - before) / 20)
            filled.engine.settled(120)
        costs.append(min(spent))
    report(f"declaring one more through REST ({costs[0]:.0f}, {costs[1]:.0f} us CPU)", costs[1] / costs[0], "x", FLAT)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--halligan", required=True)
    parser.add_argument("--incidents", type=int, default=1_000_000)
    options = parser.parse_args()
    both = []
    try:
        for count in (SMALL, options.incidents):
            both.append(Filled(options.halligan, count))
        print(f"{options.incidents} incidents against {SMALL}:")
        for filled in both:
            filled.restart()  # connections that were idle for long are closed
        compare_requests(*both)
        compare_exports(*both)
        compare_declarations(*both)
    finally:
        for filled in both:
            filled.world.close(failed=False)
    missed = [row[0] for row in rows if row[4] == "MISSED"]
    print(f"{len(rows)} figures, {len(missed)} over their target")


if __name__ == "__main__":
    main()
