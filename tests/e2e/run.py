#!/usr/bin/env python3
"""Runs the end-to-end tests: every function test_* of tests/e2e/test_*.py, each in a World of its own.
    tests/e2e/run.py --halligan build/asan/halligan [--workers 2] [name ...]     a name selects the tests that contain it
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
    """In a worker process: returns (name, seconds, output or None)."""
    from harness import World
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
    return full, time.monotonic() - started, failure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--halligan", required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    tests = load_tests(options.names)
    if not tests:
        sys.exit("no test has such a name")
    failed = 0
    with concurrent.futures.ProcessPoolExecutor(options.workers) as pool:
        running = [pool.submit(run_one, full, path, name, options.halligan) for full, path, name in tests]
        for future in concurrent.futures.as_completed(running):
            full, seconds, failure = future.result()
            print(f"{'FAILED' if failure else 'ok    '} {full} ({seconds:.1f} s)", flush=True)
            if failure:
                failed += 1
                print("    " + failure.replace("\n", "\n    "), flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
