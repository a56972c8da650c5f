"""A hostile strategy is skipped and named; the others' people come; the engine does not notice."""
import json

from flows import TITLE, ready_channel
from harness import check, equal, wait_for

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


def test_a_hostile_behaviour_stops_nothing(world):
    """Outside of the jail, in the engine's own state: one long call of C that no hook interrupts, and many of them."""
    bombs = {
        1: ('local _ = ("a"):rep(28):find(("a?"):rep(28) .. ("a"):rep(29))', "takes too long"),
        2: ('while true do pcall(string.gsub, ("a"):rep(5000), ("a-"):rep(8) .. "b", "") end', "CPU time"),
        3: ('local _ = (""):rep(1 << 62) error("on purpose")', "on purpose"),
        4: ("table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 1)", "the table is too long"),
    }
    bodies = ", ".join(f"function() {body} end" for body, _ in bombs.values())
    world.write("strategies/integrations/hostile.lua", f'local BOMBS = {{ {bodies} }}\n'
                'return { about = "hostile", on = { ["incident.created"] = function(_, event) BOMBS[event.incident_id]() end } }\n')
    engine = world.engine()
    world.sync(engine)
    for number in bombs:
        engine.command(f"open P1 {TITLE} {number}")
    worst = max(engine.command("help").ms for _ in range(40))
    check(worst < 1500, f"an acknowledgement took {worst:.0f} ms")
    wait_for("the channels", lambda: len(world.sandbox.channels()) == len(bombs))
    def failures():
        return [line for line in engine.process.tail(100000).splitlines() if "group=job" in line and "integrations/hostile failed" in line]
    for number, (_, why) in bombs.items():
        wait_for(f"the failure of {number}", lambda: any(f"incident={number} " in line and why in line for line in failures()))
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
    path = "strategies/invites/typo.lua"
    world.write(path, "return {\n  about = 'x',\n  invite = function(_, find) return find.usergrup 'x' end,\n}\n")
    failed = world.cli("strategy", "run", path, "--incident", "1", ok=False)
    equal((failed.returncode, failed.stderr.count("\n"), failed.stderr.count("typo.lua")), (1, 1, 1), f"said once: {failed.stderr}")
    check(failed.stderr.endswith("invites/typo.lua:3: there is no find.usergrup\n"), failed.stderr)
    engine.process.stop()
