#!/usr/bin/env python3
"""Runs the end-to-end tests: every function test_* of tests/e2e/test_*.py, each in a World of its own.
    tests/e2e/run.py --halligan build/asan/halligan [--workers 2] [name ...]     a name selects the tests that contain it
Without a name it also asks the router for all that it answers to, and fails for what no test has sent (coverage.py).
"""
import argparse
import concurrent.futures
import glob
import importlib.util
import io
import os
import sys
import time
import traceback
from contextlib import redirect_stdout

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True


def load_tests(names):
    tests = []
    for path in sorted(glob.glob(os.path.join(HERE, "test_*.py"))):
        module_name = os.path.splitext(os.path.basename(path))[0]
        spec = importlib.util.spec_from_file_location(module_name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, function in vars(module).items():
            full = f"{module_name}.{name}"
            if name.startswith("test_") and callable(function) and (not names or any(one in full for one in names)):
                tests.append((full, path, name))
    return tests


def run_one(full, path, name, binary):
    """In a worker process: returns (name, seconds, output or None, what was sent to the engine)."""
    from harness import SENT, World
    SENT.clear()
    spec = importlib.util.spec_from_file_location(full.split(".")[0], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    started = time.monotonic()
    output = io.StringIO()
    failure = None
    with redirect_stdout(output):
        world = None
        try:
            world = World(binary)
            getattr(module, name)(world)
            world.assert_well_formed()
        except BaseException:  # an exit or a kill of the test is a failure too
            failure = traceback.format_exc()
        finally:
            if world:
                world.close(failed=failure is not None)
    if failure:
        failure += output.getvalue()
    return full, time.monotonic() - started, failure, frozenset(SENT)


def report(full, seconds, failure):
    print(f"{'FAILED' if failure else 'ok    '} {full} ({seconds:.1f} s)", flush=True)
    if failure:
        print("    " + failure.replace("\n", "\n    "), flush=True)
    return 1 if failure else 0


def check_coverage(binary, sent):
    """As one more test: everything that the router knows was sent by some test."""
    import coverage
    started = time.monotonic()
    gaps = coverage.missing(coverage.known(binary), sent)
    return report("coverage.everything_is_sent", time.monotonic() - started, "no test sends:\n" + "\n".join(gaps) if gaps else None)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--halligan", required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    tests = load_tests(options.names)
    if not tests:
        sys.exit("no test has such a name")
    failed, sent = 0, set()
    with concurrent.futures.ProcessPoolExecutor(options.workers) as pool:
        running = [pool.submit(run_one, full, path, name, options.halligan) for full, path, name in tests]
        for future in concurrent.futures.as_completed(running):
            full, seconds, failure, news = future.result()
            failed += report(full, seconds, failure)
            sent |= news
    count = len(tests)
    if not options.names:
        failed += check_coverage(options.halligan, sent)
        count += 1
    print(f"{count - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
