#!/usr/bin/env python3
"""Runs the demo: see tools/demo.sh."""
import argparse
import json
import os
import signal
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
sys.dont_write_bytecode = True
from harness import World, wait_for  # noqa: E402  the tests and the demo drive the same two processes

TITLE = "Checkout answers with errors in all shops"


def say(step, text):
    print(f"\033[1m{step:>2}\033[0m  {text}" if sys.stdout.isatty() else f"{step:>2}  {text}", flush=True)


def tell_story(world, engine):
    say(2, "people and user groups were read from the workspace")
    answer = engine.command(f"open P1 {TITLE}")
    say(3, f"/incident open P1 {TITLE}\n      signed as the vendor signs it; answered {answer.status} after {answer.ms:.0f} ms, "
           "with the incident already on disk")
    channel = wait_for("the channel", lambda: next(iter(world.sandbox.channels()), None), 30)
    say(4, f"the channel #{channel['name']} was opened")
    engine.settled()
    channel = world.sandbox.channels()[0]
    say(5, f"topic: {channel['topic']}")
    say(6, f"announcement pinned; {len(channel['members'])} people in the channel")
    detail = json.loads(world.cli("incident", "show", "1", "--json").stdout)
    for invitation in detail["invitations"]:
        why = "; ".join(reason["reason"] for reason in invitation["reasons"])
        say("", f"  {invitation['person']['name']}: {why} ({invitation['state']})")
    done = sum(job["state"] == "done" for job in detail["jobs"])
    say(7, f"{done} of {len(detail['jobs'])} effects are done")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--halligan", required=True)
    parser.add_argument("--once", action="store_true", help="end after the story (for tests)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    world = World(options.halligan)
    failed = True
    try:
        say(1, "the sandbox (a chat workspace in a box) and the engine start")
        engine = world.engine()
        world.sync(engine)
        tell_story(world, engine)
        print(f"\n    the incident's page   {engine.url}/incident/1/\n    incidents             {engine.url}/\n"
              f"    the workspace         {world.sandbox.url}/\n    health, metrics       {engine.url}/healthz  {engine.url}/metrics\n")
        failed = False
        if not options.once:
            print("    Ctrl-C ends the demo. Its data is thrown away.", flush=True)
            while engine.process.is_alive():
                time.sleep(1)
    except KeyboardInterrupt:
        failed = False
    finally:
        world.close(failed=failed)


if __name__ == "__main__":
    main()
