"""200 reloads under load: no request is dropped; a broken file changes nothing and is named with its line."""
import re
import threading

from harness import check, equal, fetch, wait_for


def test_two_hundred_reloads_under_load(world):
    engine = world.engine()
    stop = threading.Event()
    problems, sent = [], [0]

    def load():
        while not stop.is_set():
            try:
                answer = engine.command("help", trigger={"trigger_id": f"t{sent[0]}", "response_url": "http://127.0.0.1:9/x"})
                if answer.status != 200:
                    problems.append(answer.status)
            except OSError as error:
                problems.append(repr(error))
            sent[0] += 1
    worker = threading.Thread(target=load)
    worker.start()
    try:
        for number in range(200):
            world.write("strategies/tags/extra.lua", f'return {{ about = "number {number}", tag = "extra", applies_to = "conversation" }}\n')
            world.cli("reload")
    finally:
        stop.set()
        worker.join()
    check(sent[0] > 50, f"only {sent[0]} requests were sent")
    equal(problems, [], "dropped or failed requests")
    engine.process.stop()


def test_broken_file_changes_nothing_and_is_named(world):
    engine = world.engine()
    before = engine.get("/healthz").json
    world.write("strategies/tags/broken.lua", "return {\n  about = \n}\n")
    result = world.cli("reload", ok=False)
    check(result.returncode != 0, "reload of a broken file must fail")
    check("broken.lua:3" in result.stdout + result.stderr, f"file and line are named: {result.stdout}{result.stderr}")
    health = wait_for("the error on the health page", lambda: (lambda h: h if "broken.lua" in str(h) else None)(engine.get("/healthz").json))
    equal(health["generation"], before["generation"], "the generation in use")
    equal(engine.command("help").status, 200, "commands go on")
    checked = world.cli("check", ok=False)
    check(checked.returncode != 0 and "broken.lua:3" in checked.stdout + checked.stderr, f"check names it: {checked.stdout}{checked.stderr}")
    engine.process.stop()


def test_start_with_broken_files_uses_the_last_good_ones(world):
    engine = world.engine()
    engine.process.stop()
    world.write("strategies/tags/broken.lua", "this is no Lua")
    engine = world.engine()
    equal(engine.command("help").status, 200, "commands work")
    check("broken.lua" in engine.process.tail(20000), "the log is loud about it")
    engine.process.stop()


def test_edit_is_noticed_without_a_command(world):
    engine = world.engine()
    before = engine.get("/healthz").json["generation"]
    world.write("strategies/tags/extra.lua", 'return { about = "new", tag = "extra", applies_to = "conversation" }\n')
    wait_for("the new generation", lambda: fetch(engine.url + "/healthz").json["generation"] != before)
    engine.process.stop()


def test_config_mistake_has_file_line_and_path(world):
    with open(world.config) as text:
        config = text.read()
    with open(world.config, "w") as out:
        out.write(config.replace("return {", 'return {\n  prioritys = {},', 1))
    line = 1 + next(i for i, row in enumerate((config.replace("return {", 'return {\n  prioritys = {},', 1)).split("\n")) if "prioritys" in row)
    checked = world.cli("check", ok=False)
    text = checked.stdout + checked.stderr
    check(checked.returncode != 0 and f"config.lua:{line}" in text and "prioritys" in text, f"file, line and path: {text}")


def test_what_the_database_refuses_has_line_and_path_too(world):
    """No file says which categories there are: they may have been imported."""
    engine = world.engine()
    with open(world.config) as text:
        config = text.read().replace('categories = { "Data Breach" }', 'categories = { "Data Beach" }', 1)
    world.write("config.lua", config)
    line = 1 + next(i for i, row in enumerate(config.split("\n")) if "Data Beach" in row)
    told = world.cli("reload", ok=False)
    check(told.returncode == 1 and f'config.lua:{line} slack.usergroups[3].categories: there is no category "Data Beach"' in told.stderr,
          f"file, line, path and what is wrong: {told.stderr}")
    equal(engine.command("help").status, 200, "what ran goes on")
    engine.process.stop()


def test_without_rows_nothing_could_be_declared(world):
    with open(world.config) as text:
        config = text.read()
    for key in ("priorities", "environments", "groups"):
        broken, count = re.subn(rf"(?m)^  {key} = \{{$.*?^  \}},$", f"  {key} = {{}},", config, count=1, flags=re.DOTALL)
        equal(count, 1, f"config.lua has {key}")
        world.write("config.lua", broken)
        told = world.cli("check", ok=False)
        line = 1 + broken.split("\n").index(f"  {key} = {{}},")
        check(told.returncode == 1 and f"config.lua:{line} {key}: needs at least one row" in told.stdout + told.stderr, f"{key}: {told.stdout}{told.stderr}")
