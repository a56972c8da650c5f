"""Why am I here: the reason with its strategy and line, for the one who asks, and the way out."""
import json

from flows import declare_by_api, ready_channel
from harness import check, equal, wait_for
from test_slack_effects import of_kind

RESPONDER, OUTSIDER = "U0002", "U0015"


def declared(world, engine, **more):
    declare_by_api(engine, **more)
    channel = ready_channel(world)["id"]
    engine.settled()
    return channel


def click(world, engine, channel, message, action_id, user):
    """A click on a button of a message; answers what only this person is shown then."""
    seen = len(world.sandbox.state()["ephemerals"])
    button = next(one for block in message["blocks"] for one in block.get("elements", []) if one.get("action_id") == action_id)
    trigger = world.sandbox.trigger(user, channel)
    engine.interaction({"type": "block_actions", "user": {"id": user, "team_id": "T0SANDBOX"}, "team": {"id": "T0SANDBOX"},
                        "channel": {"id": channel, "name": "incident"}, "message": message,
                        "container": {"type": "message", "message_ts": message.get("ts", "1.000001"), "channel_id": channel},
                        "actions": [{**button, "action_ts": f"{seen}.{user[1:]}"}], **trigger})
    return wait_for(f"an answer to {action_id}", lambda: world.sandbox.state()["ephemerals"][seen:])[0]


def test_the_reason_and_the_way_out(world):
    engine = world.engine()
    world.sync(engine)
    channel = declared(world, engine)
    headline = of_kind(world.sandbox.channel(channel), "ff_incident_declared")[0]
    answer = click(world, engine, channel, headline, "why_am_i_here", RESPONDER)
    row = next(one for one in json.loads(world.cli("explain", "1", "--json").stdout) if one["person"]["name"] == "Bruno Keller")
    reason = row["reasons"][0]
    check(reason["strategy"] in answer["text"] and f":{reason['source_line']}`" in answer["text"], f"strategy and line: {answer['text']}")
    check(reason["reason"].split("<")[0] in answer["text"], f"the reason: {answer['text']}")

    answer = click(world, engine, channel, answer, "invitation_opt_out", RESPONDER)
    check("not invited" in answer["text"], f"it is confirmed: {answer['text']}")
    declare_by_api(engine, title="Another one of the same category")
    wait_for("the second channel", lambda: len(world.sandbox.channels()) == 2)
    engine.settled()
    second = next(one for one in world.sandbox.channels() if one["id"] != channel)
    check(RESPONDER not in second["members"], "who opted out is not invited")
    check("U0003" in second["members"], "the others are")

    answer = click(world, engine, channel, headline, "why_am_i_here", RESPONDER)
    answer = click(world, engine, channel, answer, "invitation_opt_in", RESPONDER)
    check("again" in answer["text"], f"and taken back: {answer['text']}")
    engine.process.stop()


def test_a_private_incident_is_not_explained_to_outsiders(world):
    engine = world.engine()
    world.sync(engine)
    declared(world, engine, title="A very secret leak", category="Data Breach")
    told = engine.command("why #1", user=OUTSIDER).json["text"]
    check("no such incident" in told and "secret" not in told, f"an outsider learns nothing: {told}")
    check("secret" in engine.command("why #1", user="U0011").json["text"], "who belongs to it does")
    told = engine.command("why #99", user=OUTSIDER).json["text"]
    equal(told, engine.command("why #1", user=OUTSIDER).json["text"], "hidden and missing are told alike")
    engine.process.stop()
