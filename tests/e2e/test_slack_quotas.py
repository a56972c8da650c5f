"""The sandbox counts calls as Slack does: more incidents at once than Slack makes channels in a minute, and not one call too many."""
from harness import check, equal

STORM = 22          # 20 channels a minute


def test_a_storm_keeps_to_what_slack_takes(world):
    world.sandbox.reset(quotas=True)
    engine = world.engine()
    world.sync(engine)
    for number in range(STORM):
        equal(engine.command(f"open P2 The storm breaks number {number}").status, 200, "a declaration")
    jobs = engine.settled(300)
    equal([one for one in jobs if one["state"] == "dead"], [], "dead jobs")
    equal(len(world.sandbox.channels()), STORM, "channels")
    equal([one["method"] for one in world.sandbox.log() if one.get("error") == "ratelimited"], [], "what Slack refused")
    engine.process.stop()


def test_the_sandbox_refuses_what_slack_would(world):
    """With budgets of our own that are too large, Slack has to say so; its word is obeyed, and all of it happens."""
    world.sandbox.reset(quotas=True)
    with open(world.config) as text:
        config = text.read().replace("\n    permissions = {", '\n    rate_limits = { ["conversations.create"] = 6000 }, permissions = {', 1)
    check("rate_limits" in config, "the shipped config has permissions")
    world.write("config.lua", config)
    engine = world.engine()
    world.sync(engine)
    for number in range(STORM):
        equal(engine.command(f"open P2 The storm breaks number {number}").status, 200, "a declaration")
    engine.settled(300)
    check(any(one["method"] == "conversations.create" and one.get("error") == "ratelimited" for one in world.sandbox.log()), "Slack said wait")
    equal(len(world.sandbox.channels()), STORM, "channels")
    engine.process.stop()
