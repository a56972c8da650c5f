"""What is said beside the updates: the post-mortem, an emergency, the hours, roles, a priority that falls, a channel's name."""
from flows import declare_by_api, open_incident, ready_channel, typed, view_of
from harness import check, equal, wait_for
from test_slack_commands import configure
from test_slack_effects import of_kind, settled_channel, text_of

DOCUMENT = "https://wiki.example.test/postmortem-1"
SOS = ("sos = {", 'sos = { { name = "Leads", conversation = "C0INCIDENTS", usergroup = "incident-leads" },')
NIGHT = ("office_hours = { from = 9, to = 17, days = { 1, 2, 3, 4, 5 } }", "office_hours = { from = 9, to = 17, days = {} }")


def direct_to(world, user):
    return [one for channel in world.sandbox.state()["channels"] if channel.get("is_im") and channel["user"] == user
            for one in channel["messages"]]


def keep_postmortem(world, engine, channel, url):
    view = view_of(world, engine, "postmortem", "incident_create_postmortem", channel)
    equal(engine.submit(view, {"url": {"url": typed(url)}}).json, {"response_action": "clear"}, "the link is taken")
    engine.settled()


def test_a_postmortem_is_where_people_look(world):
    configure(world, ('-- postmortem = "', 'postmortem = "'))
    engine, channel = open_incident(world)
    keep_postmortem(world, engine, channel, DOCUMENT)
    shown = world.sandbox.channel(channel)
    told = of_kind(shown, "ff_incident_postmortem_created")
    equal(len(told), 1, "messages about it")
    check(DOCUMENT in text_of(told[0]) and "how-to-write" in text_of(told[0]), f"the link and the guide: {text_of(told[0])}")
    check(told[0]["ts"] in shown["pins"], "it is pinned")
    check(DOCUMENT in text_of(of_kind(shown, "ff_incident_declared")[0]), "the headline leads to it")
    equal([one["link"] for one in shown["bookmarks"] if one["title"] == "Post-mortem"], [DOCUMENT], "the bookmark")
    shared = of_kind(world.sandbox.channel("C0INCIDENTS"), "ff_incident_postmortem_created_announcement")
    check(len(shared) == 1 and DOCUMENT in text_of(shared[0]), f"it is announced: {shared}")
    moved = DOCUMENT.replace("wiki", "docs")
    keep_postmortem(world, engine, channel, moved)
    shown = world.sandbox.channel(channel)
    told = of_kind(shown, "ff_incident_postmortem_created")
    check(len(told) == 1 and moved in text_of(told[0]), f"the pinned message follows it: {told}")
    equal([one["link"] for one in shown["bookmarks"] if one["title"] == "Post-mortem"], [moved], "and so does the bookmark")
    check(moved in text_of(of_kind(shown, "ff_incident_declared")[0]), "and the headline")
    equal([one for one in world.jobs() if one["state"] == "dead"], [], "dead jobs")
    engine.process.stop()


def test_the_postmortem_of_a_private_incident_is_told_inside_only(world):
    engine = world.engine()
    world.sync(engine)
    declare_by_api(engine, category="Data Breach")
    ready_channel(world)
    engine.settled()
    said = len(world.sandbox.channel("C0INCIDENTS")["messages"])
    channel = world.sandbox.channels()[0]["id"]
    view = view_of(world, engine, "postmortem", "incident_create_postmortem", channel, user="U0011")
    engine.submit(view, {"url": {"url": typed(DOCUMENT)}}, user="U0011")
    engine.settled()
    equal(len(of_kind(world.sandbox.channels()[0], "ff_incident_postmortem_created")), 1, "messages in its channel")
    equal(len(world.sandbox.channel("C0INCIDENTS")["messages"]), said, "messages in the shared channel")
    engine.process.stop()


def test_the_headline_has_the_operators_fields_and_the_menu(world):
    configure(world, ("custom_fields = {", """custom_fields = {
    { key = "customer", name = "Customer", type = "text" },
    { key = "felt_in", name = "Felt in", type = "choices", choices = { { value = "eu", name = "Europe" } } },
    { key = "paid", name = "Pays us", type = "boolean" },"""))
    engine = world.engine()
    world.sync(engine)
    declare_by_api(engine)
    channel = ready_channel(world)["id"]
    engine.settled()
    fields = {"customer": "ACME <!channel>", "felt_in": ["eu"], "paid": False}
    equal(engine.api("PATCH", "incidents/1/custom-fields/", {"custom_fields": fields}).status, 200, "the fields are kept")
    engine.settled()
    headline = of_kind(world.sandbox.channel(channel), "ff_incident_declared")[0]
    said = text_of(headline)
    check("ACME &lt;!channel&gt;" in said and "Europe" in said, f"the fields: {said}")
    check("Pays us" not in said, "what is not so is not said")
    seen = len(world.sandbox.views())
    button = next(one for block in headline["blocks"] for one in block.get("elements", []) if one.get("action_id") == "update_incident")
    engine.interaction({"type": "block_actions", "user": {"id": "U0001", "team_id": "T0SANDBOX"}, "team": {"id": "T0SANDBOX"},
                        "channel": {"id": channel, "name": "incident"}, "message": headline,
                        "container": {"type": "message", "message_ts": headline["ts"], "channel_id": channel},
                        "actions": [{**button, "action_ts": "1.1"}], **world.sandbox.trigger("U0001", channel)})
    wait_for("the menu", lambda: len(world.sandbox.views()) > seen and world.sandbox.newest_view("incident_update"))
    engine.process.stop()


def test_who_declares_hears_once_what_the_role_asks(world):
    engine, channel = open_incident(world)
    told = [one for one in direct_to(world, "U0001") if "Commander" in text_of(one)]
    equal(len(told), 1, "direct messages about the role")
    check("comes with declaring" in text_of(told[0]) and "Leads, delegates" in text_of(told[0]), f"what it asks: {text_of(told[0])}")
    engine.command("open P2 Another incident, the same day")
    wait_for("the second channel", lambda: len(world.sandbox.channels()) == 2)
    engine.settled()
    equal(len([one for one in direct_to(world, "U0001") if "Commander" in text_of(one)]), 1, "not again within the interval")
    world.cli("incident", "roles", "1", "commander=bruno.keller@example.test")
    said = of_kind(settled_channel(world, engine, channel), "ff_incident_roles_updated")[-1]
    check("<@U0002>" in text_of(said) and "open_modal_incident_update_roles" in text_of(said), f"the channel is told: {text_of(said)}")
    check(any("You are now *Commander*" in text_of(one) for one in direct_to(world, "U0002")), "and who has the role now")
    engine.process.stop()


def test_roles_can_be_told_each_time_or_never(world):
    configure(world, ("role_note_every = days(90)", "role_note_every = 0"))
    engine, _ = open_incident(world)
    for count, every in ((2, "0"), (2, "false")):
        engine.command(f"open P2 An incident while it is {every}")
        engine.settled()
        equal(len([one for one in direct_to(world, "U0001") if "Commander" in text_of(one)]), count, f"direct messages with {every}")
        if every == "0":
            configure(world, ("role_note_every = 0,", "role_note_every = false,"))
            world.cli("reload")
    engine.process.stop()


def test_what_is_no_critical_incident_any_more(world):
    engine, channel = open_incident(world)
    world.cli("incident", "update", "1", "--priority", "P3", "--message", "Less than we thought.")
    engine.settled()
    hints = lambda: [one for one in world.sandbox.state()["ephemerals"] if "regular incident" in one["text"]]
    equal(hints(), [], "hints while it is critical")
    world.cli("incident", "update", "1", "--priority", "P4", "--message", "Hardly anything.")
    engine.settled()
    equal([(one["user"], one["channel"]) for one in hints()], [("U0001", channel)], "who is asked")
    world.cli("incident", "update", "1", "--priority", "P5", "--message", "Nothing.")
    engine.settled()
    equal(len(hints()), 1, "it is asked once")
    button = next(one for block in hints()[0]["blocks"] for one in block.get("elements", []))
    equal((button["action_id"], button["value"]), ("open_modal_downgrade_workflow", "1"), "the button")
    engine.process.stop()


def test_an_emergency_says_who_speaks(world):
    configure(world, ("emergency = {", 'emergency = { guide = "https://wiki.example.test/emergency", usergroup = "incident-leads",'))
    engine, channel = open_incident(world, priority="P2")
    equal(of_kind(world.sandbox.channel(channel), "ff_incident_com_process"), [], "a P2 is none")
    for _ in range(2):
        world.cli("incident", "update", "1", "--priority", "P1", "--message", "Everything is down.")
        engine.settled()
        world.cli("incident", "update", "1", "--priority", "P2", "--message", "Or not.")
    told = of_kind(settled_channel(world, engine, channel), "ff_incident_com_process")
    equal(len(told), 1, "it is said once")
    check("<!subteam^S0LEADS>" in text_of(told[0]) and "wiki.example.test/emergency" in text_of(told[0]), f"guide and group: {text_of(told[0])}")
    engine.process.stop()


def test_outside_office_hours_the_channel_says_whom_to_call(world):
    configure(world, SOS, NIGHT)
    engine, channel = open_incident(world)
    told = of_kind(world.sandbox.channel(channel), "ff_incident_during_off_hours")
    equal(len(told), 1, "messages")
    check("*Leads*" in text_of(told[0]) and "open_modal_incident_send_sos" in text_of(told[0]), f"with a button: {text_of(told[0])}")
    engine.process.stop()


def test_the_channels_name_follows_the_category(world):
    engine, channel = open_incident(world)
    name = world.sandbox.channel(channel)["name"]
    equal(name.endswith("-1-prd-other"), True, f"the name {name}")
    world.sandbox.fault("conversations.rename", "error", error="name_taken")
    world.cli("incident", "update", "1", "--category", "Payment", "--message", "It is payment.")
    renamed = settled_channel(world, engine, channel)["name"]
    equal(renamed, name.replace("-other", "-payment-2"), "the name, whose first choice was taken")
    world.cli("incident", "update", "1", "--message", "A word.")
    equal(settled_channel(world, engine, channel)["name"], renamed, "a word changes nothing")
    engine.event({"type": "channel_rename", "channel": {"id": channel, "name": "war-room"}}, event_id="EvRename")
    world.cli("incident", "update", "1", "--category", "Network", "--message", "It is the network.")
    engine.settled()
    calls = [one for one in world.sandbox.log() if one["method"] == "conversations.rename"]
    equal(len(calls), 2, "a name that somebody gave it stays")
    equal([one for one in world.jobs() if one["state"] == "dead"], [], "dead jobs")
    engine.process.stop()
