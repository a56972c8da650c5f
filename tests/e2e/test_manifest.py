"""The app's manifest: what it asks Slack for is what the scripts use, no less and no more."""
import glob
import json
import os
import re

from flows import open_incident
from harness import check, equal, wait_for
from test_slack_commands import configure

URL = "https://incidents.example.test"
# As Slack's pages say, written down apart from the scripts: of each method and event, the bot scopes for what we ask of it.
CHANNELS, HISTORY, MANAGE = {"channels:read", "groups:read"}, {"channels:history", "groups:history"}, {"channels:manage", "groups:write"}
METHODS = {
    "apps.connections.open": set(), "auth.test": set(), "views.open": set(), "views.push": set(), "views.update": set(), "views.publish": set(),
    "bookmarks.add": {"bookmarks:write"}, "bookmarks.edit": {"bookmarks:write"}, "bookmarks.list": {"bookmarks:read"},
    "chat.postMessage": {"chat:write", "chat:write.public"}, "chat.postEphemeral": {"chat:write"}, "chat.update": {"chat:write"},
    "chat.delete": {"chat:write"}, "conversations.archive": MANAGE, "conversations.unarchive": MANAGE, "conversations.create": MANAGE,
    "conversations.rename": MANAGE, "conversations.invite": MANAGE, "conversations.kick": MANAGE, "conversations.setTopic": MANAGE,
    "conversations.join": {"channels:join"}, "conversations.history": HISTORY | {"metadata.message:read"}, "conversations.replies": HISTORY,
    "conversations.info": CHANNELS, "conversations.list": CHANNELS, "conversations.members": CHANNELS, "pins.add": {"pins:write"},
    "pins.remove": {"pins:write"}, "usergroups.list": {"usergroups:read"}, "usergroups.users.list": {"usergroups:read"},
    "users.info": {"users:read", "users:read.email"}, "users.list": {"users:read", "users:read.email"}, "users.lookupByEmail": {"users:read.email"},
}
EVENTS = {
    "app_home_opened": set(), "message.channels": {"channels:history"}, "message.groups": {"groups:history"},
    "member_joined_channel": CHANNELS, "member_left_channel": CHANNELS, "channel_shared": CHANNELS, "channel_unshared": CHANNELS,
    "reaction_added": {"reactions:read"},
    "reaction_removed": {"reactions:read"}, "team_join": {"users:read"}, "user_change": {"users:read"},
    **{f"channel_{what}": {"channels:read"} for what in ("archive", "unarchive", "deleted", "rename", "id_changed", "created")},
    **{f"group_{what}": {"groups:read"} for what in ("archive", "unarchive", "deleted", "rename")},
    **{f"subteam_{what}": {"usergroups:read"} for what in ("created", "updated", "members_changed")},
}


def manifest(world, *arguments):
    return json.loads(world.cli("manifest", *arguments).stdout)


def sources(world):
    for folder in ("scripts/slack", "strategies"):
        for path in glob.glob(os.path.join(world.root, folder, "**", "*.lua"), recursive=True):
            if os.path.basename(path) not in ("methods.lua", "scopes.lua"):
                with open(path) as file:
                    yield re.sub(r"--.*", "", file.read())


def used_methods(world):
    """Those that a script names."""
    with open(os.path.join(world.root, "scripts/slack/methods.lua")) as file:
        known = set(re.findall(r'\["([\w.]+)"\] = \{', file.read()))
    text = "\n".join(sources(world))
    used = {name for name in known if f'"{name}"' in text}
    equal(sorted(known - used), [], "methods with a rate limit that nothing calls")
    return used


def test_scopes_are_what_is_used(world):
    made = manifest(world, "--public-url", URL)
    scopes, events = made["oauth_config"]["scopes"]["bot"], made["settings"]["event_subscriptions"]["bot_events"]
    equal(len(scopes), len(set(scopes)), "each scope once")
    needed = {"commands"}
    for name in used_methods(world):
        check(name in METHODS, f"this test does not know which scopes {name} needs")
        needed |= METHODS[name]
    for name in events:
        check(name in EVENTS, f"this test does not know which scopes {name} needs")
        needed |= EVENTS[name]
    equal(sorted(scopes), sorted(needed), "the scopes")


def test_where_slack_finds_us(world):
    made = manifest(world, "--public-url", URL + "/")
    address = URL + "/api/v2/firefighter/slack/incident/"
    settings = made["settings"]
    equal({settings["event_subscriptions"]["request_url"], settings["interactivity"]["request_url"], made["features"]["slash_commands"][0]["url"],
           settings["interactivity"]["message_menu_options_url"]}, {address}, "one address for everything")
    equal(settings["socket_mode_enabled"], False, "Socket Mode")
    socket = manifest(world, "--socket")
    equal(socket["settings"]["socket_mode_enabled"], True, "Socket Mode")
    check("http" not in json.dumps(socket), f"without an address there is none in it: {socket}")
    for arguments in ([], ["--socket", "--public-url", URL], ["--public-url", "incidents.example.test"]):
        equal(world.cli("manifest", *arguments, ok=False).returncode, 2, f"the exit code with {arguments}")


def test_the_config_decides(world):
    configure(world, ('update_reaction = "mega"', 'update_reaction = ""'), ('aliases = { env("SLACK_INCIDENT_COMMAND_ALIASES") }', 'aliases = { "/inc" }'))
    made = json.dumps(manifest(world, "--socket"))
    check("reaction" not in made, "no reaction makes an update, so none is asked for")
    check("subteam_members_changed" in made, "the groups that are declared are followed")
    with open(world.config) as text:
        config = text.read()
    start = config.index("usergroups = {")
    world.write("config.lua", config[:start] + "usergroups = {\n" + config[config.index("    },", start):])
    check("subteam" not in json.dumps(manifest(world, "--socket")), "without groups nothing of them is asked for")
    equal([one["command"] for one in json.loads(made)["features"]["slash_commands"]], ["/incident", "/inc"], "the commands")


def test_every_shortcut_is_answered(world):
    engine, channel = open_incident(world)
    listed = manifest(world, "--socket")["features"]["shortcuts"]
    check(len(listed) >= 4, f"the shortcuts: {listed}")
    for kind in ("global", "message"):
        check(sum(one["type"] == kind for one in listed) <= 5, f"Slack takes five of the type {kind}")
    for one in listed:
        check(len(one["name"]) <= 24 and len(one["description"]) <= 150, f"Slack's limits: {one}")
        payload = {"type": "shortcut", "callback_id": one["callback_id"], "user": {"id": "U0001", "team_id": "T0SANDBOX"},
                   "team": {"id": "T0SANDBOX"}, "action_ts": "1.0", **world.sandbox.trigger()}
        if one["type"] == "message":
            said = world.sandbox.say(channel, "U0001", "It began with the deployment at noon.")
            payload.update(type="message_action", channel={"id": channel}, message=said, message_ts=said["ts"])
        seen = len(world.sandbox.log())
        equal(engine.interaction(payload).status, 200, f"the answer to {one['callback_id']}")
        engine.settled()
        check("unknown to the app" not in json.dumps(world.sandbox.state()["ephemerals"]), f"{one['callback_id']} is known")
        if one["type"] == "global":
            wait_for(f"the view of {one['callback_id']}",
                     lambda seen=seen: any(call["method"] == "views.open" and call["ok"] for call in world.sandbox.log()[seen:]))
    engine.process.stop()
