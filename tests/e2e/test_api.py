"""The REST API of the running engine, as the config has it and as a client reads it."""
from flows import declare_by_api
from harness import equal, wait_for


def test_times_are_told_in_the_zone_of_the_config(world):
    engine = world.engine(arguments=("--clock", "2026-11-23T23:30:00Z"))
    declare_by_api(engine)
    first = engine.api("GET", "incidents/1/").json
    equal(first["created_at"], "2026-11-23T23:30:00.000000Z", "in UTC, as nothing else is said")
    with open(world.config) as file:
        text = file.read()
    world.write("config.lua", text.replace('env("TIME_ZONE", "UTC")', '"Europe/Paris"'))
    world.cli("reload")
    told = wait_for("the other zone", lambda: next(
        (one for one in engine.api("GET", "incidents/?created_at=2026-11-24").json), None))
    equal(told["created_at"], "2026-11-24T00:30:00.000000+01:00", "in Paris, after a reload")
    equal(engine.api("GET", "incidents/?created_at=today").json[0]["id"], 1, "today is the 24th there")
    engine.process.stop()
