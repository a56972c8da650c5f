#!/usr/bin/env python3
"""The demo: the sandbox as chat vendor, the engine, and an incident from `/incident open` to the archive, all of it through the signed
path, with what happened in the workspace after each step. Stays up at the end until Ctrl-C; its data is thrown away."""
import argparse
import os
import signal
import sys
import textwrap
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
sys.dont_write_bytecode = True
from demo_story import Story, prepare  # noqa: E402
from harness import World  # noqa: E402  the tests and the demo drive the same two processes

COLUMNS = 110
MARKS = {"step": "", "answer": "  <- ", "news": "   * "}


class Teller:
    """Prints the story with its steps numbered."""

    def __init__(self):
        self.steps = 0
        self.is_bold = sys.stdout.isatty()

    def __call__(self, kind, text):
        if kind == "step":
            self.steps += 1
            line = f"{self.steps:>2}  {text}"
            print(f"\n\033[1m{line}\033[0m" if self.is_bold else f"\n{line}", flush=True)
            return
        mark = "  " + MARKS[kind]
        print(textwrap.fill(text, COLUMNS, initial_indent=mark, subsequent_indent=" " * len(mark)), flush=True)


def addresses(world, engine):
    return f"""
    the incident's page   {engine.url}/incident/1/
    incidents             {engine.url}/
    the workspace         {world.sandbox.url}/
    health, metrics       {engine.url}/healthz  {engine.url}/metrics
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--halligan", required=True)
    parser.add_argument("--once", action="store_true", help="end after the story")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    tell = Teller()
    world = World(options.halligan)
    failed = True
    try:
        prepare(world)
        tell("step", "the sandbox (a chat workspace in a box) and the engine start")
        engine = world.engine()
        world.sync(engine)
        tell("news", "people and user groups were read from the workspace")
        Story(world, engine, tell).run()
        print(addresses(world, engine), flush=True)
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
