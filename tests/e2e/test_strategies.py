"""A hostile strategy is skipped and named; the others' people come; the engine does not notice."""
import json

from flows import TITLE, ready_channel
from harness import check, equal

HOSTILE = {
    "loops": "while true do end",
    "pattern_bomb": 'return (("a"):rep(28):find(("a?"):rep(28) .. ("a"):rep(28)))',
    "eats_memory": 'local hoard = {} while true do hoard[#hoard + 1] = ("x"):rep(1000000) .. #hoard end',
    "throws": 'error("on purpose")',
    "writes": 'find.store.put("x", "y")',
    "answers_nonsense": "return 42",
}


def test_hostile_strategies_are_skipped_and_named(world):
    for name, body in HOSTILE.items():
        world.write(f"strategies/invites/{name}.lua",
                    f'local M = {{ about = "hostile" }}\nfunction M.invite(incident, find)\n  {body}\nend\nreturn M\n')
    engine = world.engine()
    world.sync(engine)
    engine.command(f"open P1 {TITLE}")
    ready_channel(world)
    worst = max(engine.command("help").ms for _ in range(40))
    check(worst < 1500, f"an acknowledgement took {worst:.0f} ms while strategies misbehave")
    engine.settled(90)
    members = world.sandbox.channels()[0]["members"]
    check({"U0009", "U0010"} <= set(members), f"the leads were invited all the same: {members}")
    runs = json.loads(world.cli("incident", "show", "1", "--json").stdout)["strategy_runs"]
    failed = {run["strategy"]: run["error"] for run in runs if run["state"] == "failed"}
    for name in HOSTILE:
        check(any(name in strategy for strategy in failed), f"{name} is named as failed: {failed}")
    check(engine.process.is_alive(), "the engine lives")
    engine.process.stop()


def test_strategy_that_names_the_disk_is_refused_at_load(world):
    world.write("strategies/invites/opens_files.lua",
                'local M = { about = "hostile" }\nfunction M.invite() io.open("/tmp/x", "w") end\nreturn M\n')
    checked = world.cli("check", ok=False)
    text = checked.stdout + checked.stderr
    check(checked.returncode != 0 and "opens_files.lua:2" in text and "io" in text, f"file, line and name: {text}")


def test_strategy_run_has_no_effect(world):
    engine = world.engine()
    world.sync(engine)
    engine.command(f"open P1 {TITLE}")
    engine.settled()
    before = len(world.sandbox.log())
    shown = world.cli("strategy", "run", "strategies/invites/p1_leads.lua", "--incident", "1").stdout
    check("lead" in shown.lower(), f"it names people and reasons: {shown}")
    equal(len(world.sandbox.log()), before, "requests to the vendor")
    engine.process.stop()
