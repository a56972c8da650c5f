"""The sandbox's page: a newcomer reads the workspace in a browser as its people do, and foreign text stays text."""
from flows import open_incident
from harness import check, equal, fetch

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
    for unwanted in ("<b>Payments</b>", "<@U", "&lt;@U", "&lt;!date", "&amp;lt;"):
        check(unwanted not in page, f"the page does not show {unwanted}")
