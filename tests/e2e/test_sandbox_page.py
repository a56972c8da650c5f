"""The sandbox's page: a newcomer reads the workspace in a browser as its people do, and foreign text stays text."""
from flows import open_incident
from harness import Sandbox, check, equal, fetch, wait_for

TITLE = "<b>Payments</b> & *stars* <!channel>"


def test_the_workspace_as_a_page(world):
    _, channel = open_incident(world, title=TITLE)
    world.sandbox.say(channel, "U0009", "See <https://example.test/|the graph>, *now*")
    answer = fetch(world.sandbox.url + "/")
    equal(answer.status, 200, "the page")
    page = answer.text
    for wanted in ('<b class="mention">@Amal Haddad</b>', f"#{world.sandbox.channel(channel)['name']}", "pinned", "Why am I here?",
                   '<a href="https://example.test/">the graph</a>, <strong>now</strong>',
                   "&lt;b&gt;Payments&lt;/b&gt; &amp; *stars* &lt;!channel&gt;"):
        check(wanted in page, f"the page shows {wanted}")
    check("37 people: Amal Haddad," in page and " and 25 more" in page, "of many people some are named")
    for unwanted in ("<b>Payments</b>", "<@U", "&lt;@U", "&lt;!date", "&amp;lt;"):
        check(unwanted not in page, f"the page does not show {unwanted}")


def test_saving_a_strategy_does_not_empty_the_workspace(world):
    sandbox = Sandbox(world, world.root)
    world.processes.append(sandbox.process)
    made = fetch(sandbox.url + "/api/conversations.create", "POST", b"name=kept",
                 {"Authorization": "Bearer xoxb-sandbox", "Content-Type": "application/x-www-form-urlencoded"})
    check(made.json["ok"], made.text)
    engine = world.engine()
    before = engine.get("/healthz").json["generation"]
    world.write("strategies/invites/nobody.lua", 'return { about = "Nobody", invite = function(_, find) return find.nobody() end }\n')
    wait_for("the engine to take it over", lambda: engine.get("/healthz").json["generation"] != before)
    check("kept" in [one["name"] for one in sandbox.channels()], "the channel is still there")
    sandbox.process.stop()
    engine.process.stop()
