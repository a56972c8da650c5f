"""What the tags of conversations and user groups do, and what is said of tags that would do nothing."""
from flows import declare_by_api
from harness import check, equal
from test_slack_commands import configure
from test_slack_effects import of_kind, text_of

ROOMS = """conversations = {
      { id = "C0GENERAL", tag = "raid_alert__incidents_normal_shops" },
      { id = "C0DEPLOY", tag = "raid_alert__example.test" },
      { id = "C0INCIDENTS", tag = "raid_alert__incidents_high" },
"""

DECLARE_HIGH = """
local incidents = require "engine.incidents"
return { about = "Declares one", tasks = { declare_high = { about = "Declares one", run = function()
  local done, err = incidents.declare {
    title = "Prices are wrong", description = "Some are too low.", priority = "P4", category = "Payment", environment = "PRD",
    created_by_email = "somebody@elsewhere.example", impacts = { business_impact = "HI" },
  }
  return nil, not done and err or nil
end } } }
"""


def told(world):
    return {room: [text_of(one) for one in of_kind(world.sandbox.channel(room), "raid_created_issue")]
            for room in ("C0GENERAL", "C0DEPLOY", "C0INCIDENTS")}


def tag_rooms(world):
    with open(world.config) as text:
        config = text.read()
    start = config.index("conversations = {")
    world.write("config.lua", config[:start] + ROOMS + config[config.index("    },", start):])


def test_ordinary_incidents_are_told_where_their_kind_is_looked_after(world):
    tag_rooms(world)
    engine = world.engine()
    world.sync(engine)
    declare_by_api(engine, priority="P4", title="A picture is missing")
    declare_by_api(engine, priority="P4", title="A secret about customers", category="Data Breach")
    declare_by_api(engine, priority="P2", title="Something that has a channel")
    engine.settled()
    rooms = told(world)
    equal({room: len(list_) for room, list_ in rooms.items()}, {"C0GENERAL": 1, "C0DEPLOY": 1, "C0INCIDENTS": 0}, "how often it is told")
    check("A picture is missing" in rooms["C0GENERAL"][0] and "A picture is missing" in rooms["C0DEPLOY"][0], f"what is told: {rooms}")
    world.write("strategies/integrations/declare_high.lua", DECLARE_HIGH)
    world.cli("reload")
    world.cli("task", "run", "declare_high")
    engine.settled()
    equal([len(list_) for list_ in told(world).values()], [1, 1, 1], "one with a high business impact is told elsewhere")
    check("Prices are wrong" in told(world)["C0INCIDENTS"][0], f"where those are: {told(world)}")
    engine.process.stop()


def test_a_tag_of_the_other_kind_is_a_mistake(world):
    configure(world, ('tag = "invited_for_all_public_p1"', 'tag = "tech_incidents"'))
    answer = world.cli("check", ok=False)
    check(answer.returncode != 0 and 'tag "tech_incidents" says something of a conversation, not of a user group' in answer.stdout + answer.stderr,
          f"it is named: {answer.stdout}{answer.stderr}")


def test_a_tag_is_given_once_and_ones_own_is_taken(world):
    configure(world, ('tag = "it_deploy"', 'tag = "our_own"'))
    world.cli("check")
    configure(world, ('tag = "our_own"', 'tag = "tech_incidents"'))
    answer = world.cli("check", ok=False)
    check(answer.returncode != 0 and "tech_incidents" in answer.stdout + answer.stderr, f"twice is refused: {answer.stdout}{answer.stderr}")
