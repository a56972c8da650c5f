"""What Slack tells of channels and people, each event once, and what the store holds afterwards."""
import contextlib
import json
import os
import sqlite3
import time

from flows import incident, open_incident, view_of, words
from harness import check, equal, wait_for


def stored(world, channel):
    db = sqlite3.connect(os.path.join(world.folder, "halligan.db"), timeout=30)
    db.row_factory = sqlite3.Row
    with contextlib.closing(db):
        row = db.execute("SELECT name, type, status, is_shared FROM conversation WHERE external_id = ?", (channel,)).fetchone()
        return dict(row) if row else None


def tell(engine, kind, **more):
    tell.count += 1
    equal(engine.event({"type": kind, **more}, event_id=f"EvTold{tell.count}").status, 200, f"the event {kind}")


tell.count = 0


def move(world, what, channel, user):
    from harness import post_json
    equal(post_json(f"{world.sandbox.url}/sandbox/{what}", {"channel": channel, "user": user}).status, 200, f"{user}: {what}")


def test_what_happens_to_a_channel_is_taken_over(world):
    engine, channel = open_incident(world)
    for kind in ("channel_rename", "group_rename"):
        tell(engine, kind, channel={"id": channel, "name": "new-" + kind[:5], "created": 1})
        equal(stored(world, channel)["name"], "new-" + kind[:5], kind)
    for kind, status in (("channel_archive", "archived"), ("channel_unarchive", "opened"), ("group_archive", "archived"),
                         ("group_unarchive", "opened"), ("channel_deleted", "archived"), ("channel_unarchive", "opened")):
        tell(engine, kind, channel=channel, user="U0001")
        equal(stored(world, channel)["status"], status, kind)
    tell(engine, "channel_shared", channel=channel, connected_team_id="T0OTHER")
    equal(stored(world, channel)["is_shared"], 1, "shared")
    tell(engine, "channel_unshared", channel=channel, is_ext_shared=True)
    equal(stored(world, channel)["is_shared"], 1, "with another one still")
    tell(engine, "channel_unshared", channel=channel, is_ext_shared=False)
    equal(stored(world, channel)["is_shared"], 0, "with nobody any more")
    tell(engine, "channel_id_changed", old_channel_id=channel, new_channel_id="C0MOVED")
    check(stored(world, "C0MOVED") and not stored(world, channel), "it is known by its new id")
    for kind in ("channel_rename", "channel_archive", "channel_unarchive", "channel_shared", "channel_id_changed", "member_joined_channel"):
        for channel_id in (None, 7, {}, "C0UNKNOWN", {"id": None, "name": 5}):
            tell(engine, kind, channel=channel_id, user=channel_id, old_channel_id=channel_id, new_channel_id=channel_id)
    equal(stored(world, "C0UNKNOWN"), None, "what we do not know stays unknown")
    equal([one for one in engine.settled() if one["state"] == "dead"], [], "dead jobs")
    engine.process.stop()


def test_the_app_comes_back_to_a_channel_that_was_brought_back(world):
    engine, channel = open_incident(world)
    move(world, "leave", channel, "U0BOT")
    tell(engine, "channel_unarchive", channel=channel, user="U0001")
    wait_for("the app in the channel", lambda: "U0BOT" in world.sandbox.channel(channel)["members"])
    engine.process.stop()


def test_a_public_channel_makes_nothing_public(world):
    engine, channel = open_incident(world)
    engine.settled()
    title = incident(world)["title"]

    def says_it(where):
        return title in json.dumps(world.sandbox.channel(where)["messages"])
    check(says_it("C0INCIDENTS"), "the shared channel tells of a public incident")
    tell(engine, "message", subtype="channel_convert_to_private", channel=channel, user="U0001")
    wait_for("the incident is private", lambda: incident(world)["is_private"])
    engine.settled()
    check(not says_it("C0INCIDENTS") and not says_it("C0DEPLOY"), "what shared channels said of it is gone")
    check(says_it(channel), "its own channel goes on")
    tell(engine, "message", subtype="channel_convert_to_public", channel=channel, user="U0001")
    equal(stored(world, channel)["type"], "public", "the channel's type")
    check(incident(world)["is_private"], "the incident stays private")
    engine.process.stop()


def test_notices_of_our_topics_are_taken_away(world):
    engine, channel = open_incident(world)
    ours, theirs = (world.sandbox.say(channel, user, "set the channel topic") for user in ("U0BOT", "U0001"))
    for notice in (theirs, ours):
        tell(engine, "message", subtype="channel_topic", channel=channel, user=notice["user"], ts=notice["ts"], topic="x")
    there = lambda: {one["ts"] for one in world.sandbox.channel(channel)["messages"]}
    wait_for("our notice is gone", lambda: ours["ts"] not in there())
    check(theirs["ts"] in there(), "what people set is told")
    engine.process.stop()


def test_people_come_and_change(world):
    engine, channel = open_incident(world)
    user = {"id": "U0NEW", "name": "new.one", "profile": {"real_name": "New <!channel> One", "email": "new.one@example.test"}}
    tell(engine, "team_join", user=user)
    tell(engine, "member_joined_channel", user="U0NEW", channel=channel, channel_type="C", inviter="U0001")
    names = lambda: [member["name"] for member in incident(world)["members"]]
    check("New <!channel> One" in names(), f"who joined is a member: {names()}")
    tell(engine, "user_change", user={**user, "profile": {**user["profile"], "real_name": "Renamed One"}})
    check("Renamed One" in names(), f"and has a new name: {names()}")
    tell(engine, "member_left_channel", user="U0NEW", channel=channel, channel_type="C")
    check("Renamed One" not in names(), "and is gone")
    engine.process.stop()


# ---- the home tab's menus, and what older messages hold

def in_message(engine, world, channel, action, user="U0001", **more):
    trigger = world.sandbox.trigger(user, channel)
    return engine.interaction({"type": "block_actions", "user": {"id": user}, "channel": {"id": channel}, "message": {"ts": "1.000001"},
                               "container": {"type": "message", "channel_id": channel},
                               "actions": [{"block_id": "b", "action_id": action, "action_ts": str(time.time()), **more}], **trigger})


def test_the_menu_of_an_incident_at_home(world):
    engine, channel = open_incident(world)
    tell(engine, "app_home_opened", user="U0001", tab="home", channel="D1")
    home = wait_for("the home tab", lambda: world.sandbox.newest_view("app_home"))
    check("1 open incident," in words(home) and "Checkout answers" in words(home), f"what is open: {words(home)}")
    block = next(block for block in home["blocks"] if block.get("block_id") == "app_home_incident_element_1")
    offered = {one["value"]: one for one in block["accessory"]["options"]}
    equal(offered["open_link"]["url"], incident(world)["url"], "the address of its page")
    for value, callback in (("update_status", "incident_update_status"), ("status", "incident_status"), ("close", "incident_closure_reason")):
        seen = len(world.sandbox.views())
        engine.press(home, "app_home_incident_action", chosen={"selected_option": offered[value]})
        shown = wait_for(f"the view of {value}", lambda: len(world.sandbox.views()) > seen and world.sandbox.newest_view(callback))
        check("#1" in words(shown), f"{value} is about it: {words(shown)}")
    seen = len(world.sandbox.views())
    engine.press(home, "app_home_incident_action", chosen={"selected_option": offered["open_link"]})
    time.sleep(0.3)
    equal(len(world.sandbox.views()), seen, "a link opens by itself")
    engine.process.stop()


def test_buttons_that_only_hold_a_link_say_nothing(world):
    engine, channel = open_incident(world)
    told = len(world.sandbox.state()["ephemerals"])
    equal(in_message(engine, world, channel, "open_link", type="button", url="https://x.example").status, 200, "the acknowledgement")
    in_message(engine, world, channel, "no_such_button", type="button", value="1")
    notes = wait_for("the answer to what is unknown", lambda: world.sandbox.state()["ephemerals"][told:])
    equal(["older version" in one["text"] for one in notes], [True], "the only answer")
    engine.process.stop()


def test_moments_picked_in_a_message(world):
    engine, channel = open_incident(world)
    at = int(time.time()) - 900

    def started():
        view = view_of(world, engine, "key-events", "incident_key_events", channel)
        return next(block["element"] for block in view["blocks"] if block.get("block_id") == "key_event_started").get("initial_date_time")
    for action in ("key_event_started___1700000000", "post_mortem_milestone_date_started"):
        at += 60
        in_message(engine, world, channel, action, type="datetimepicker", selected_date_time=at)
        wait_for(f"what {action} said", lambda: started() == at)
    told = len(world.sandbox.state()["ephemerals"])
    in_message(engine, world, "C0GENERAL", "key_event_started", type="datetimepicker", selected_date_time=at)
    note = wait_for("the refusal", lambda: world.sandbox.state()["ephemerals"][told:])[0]
    check("no incident in this channel" in note["text"], f"elsewhere nobody knows what is meant: {note['text']}")
    in_message(engine, world, channel, "key_event_nonsense", type="datetimepicker", selected_date_time=at)
    wait_for("its refusal", lambda: ":warning:" in json.dumps(world.sandbox.state()["ephemerals"][told + 1:]))
    engine.process.stop()


def test_groups_that_are_made_or_changed_are_read(world):
    engine, _ = open_incident(world)

    def members():
        db = sqlite3.connect(os.path.join(world.folder, "halligan.db"), timeout=30)
        with contextlib.closing(db):
            return {row[0] for row in db.execute(
                "SELECT a.external_id FROM usergroup_member m JOIN usergroup g ON g.id = m.usergroup_id JOIN account a ON a.person_id = m.person_id"
                " WHERE g.external_id = 'S0PAYMENTS'")}
    for kind, users in (("subteam_created", ["U0007"]), ("subteam_updated", ["U0008", "U0009"])):
        world.sandbox.set_group("S0PAYMENTS", users)
        tell(engine, kind, subteam={"id": "S0PAYMENTS", "handle": "payments-oncall"})
        wait_for(f"the people after {kind}", lambda: members() == set(users))
        tell(engine, kind, subteam={"id": "S0UNKNOWN"})
        tell(engine, kind, subteam=7)
    engine.process.stop()
