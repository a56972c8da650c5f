"""Reminders: silence is asked about once for each span of it, in office hours, unless somebody snoozes; so are post-mortems."""
import re
import time

from flows import open_incident, ready_channel
from harness import check, equal, wait_for
from test_slack_commands import configure
from test_slack_effects import of_kind, text_of
from test_slack_effects_why import click

ALWAYS = "office_hours = { from = 0, to = 24, days = { 1, 2, 3, 4, 5, 6, 7 } },"
NEVER = "office_hours = { from = 0, to = 24, days = {} },"
SPAN = 2


def start(world, hours):
    """An open P1 that is asked about after two seconds of silence; no schedule asks by itself."""
    with open(world.config) as text:
        config = text.read()
    for pattern, more in ((r'name = "P1",', f' reminder_time = "{SPAN}s",'),
                          (r"\n  schedules = \{", " slack_send_reminders = false,")):
        config, count = re.subn(pattern, lambda found: found.group(0) + more, config, count=1)
        equal(count, 1, f"places for {pattern}")
    config, count = re.subn(r"office_hours = \{.*?\},", hours, config, count=1)
    equal(count, 1, "places for the office hours")
    with open(world.config, "w") as out:
        out.write(config)
    engine = world.engine()
    world.sync(engine)
    engine.command("open P1 The shop is down")
    channel = ready_channel(world)["id"]
    engine.settled()
    return engine, channel


def reminders(world, channel):
    return [one for one in world.sandbox.channel(channel)["messages"] if "How is it going" in text_of(one)]


def asked(world, engine, channel):
    world.cli("task", "run", "slack.send_reminders")
    engine.settled()
    return reminders(world, channel)


def test_silence_is_asked_about_again_until_it_is_snoozed(world):
    engine, channel = start(world, ALWAYS)
    first = wait_for("the first reminder", lambda: asked(world, engine, channel))[0]

    def second():
        return [one for one in asked(world, engine, channel) if one["ts"] > first["ts"]]
    last = wait_for("the second reminder", second)[0]
    equal([one["ts"] for one in reminders(world, channel)], [last["ts"]], "it takes the place of the first")
    check("<!date^" in text_of(last) and "open_modal_incident_update_status" in text_of(last), f"it says since when: {text_of(last)}")
    answer = click(world, engine, channel, last, "snooze_incident_reminders", "U0001")
    check("no reminder" in answer["text"], f"the snooze is confirmed: {answer['text']}")
    before = [one["ts"] for one in reminders(world, channel)]
    time.sleep(SPAN + 0.5)
    equal([one["ts"] for one in asked(world, engine, channel)], before, "reminders while it is snoozed")
    engine.process.stop()


def test_nobody_is_asked_outside_office_hours(world):
    engine, channel = start(world, NEVER)
    time.sleep(SPAN + 0.5)
    equal(asked(world, engine, channel), [], "reminders")
    engine.process.stop()


def test_an_overdue_postmortem_is_asked_for_again_until_it_is_closed(world):
    configure(world, ("postmortem_reminder = days(5)", 'postmortem_reminder = "2s"'),
              ("\n  schedules = {", "\n  schedules = { slack_send_postmortem_reminders = false,"))
    engine, channel = open_incident(world)

    def asked():
        world.cli("task", "run", "slack.send_postmortem_reminders")
        engine.settled()
        return [of_kind(world.sandbox.channel(where), "ff_incident_postmortem_reminder_5days" + kind)
                for where, kind in ((channel, ""), ("C0INCIDENTS", "_announcement"))]
    time.sleep(SPAN)
    equal(asked(), [[], []], "reminders before it is mitigated")
    for status in ("Investigating", "Mitigating", "Mitigated"):
        world.cli("incident", "update", "1", "--status", status)
    first = wait_for("the first reminder", lambda: asked()[0])[0]
    check("no post-mortem yet" in text_of(first) and "open_modal_create_postmortem" in text_of(first), f"what it says: {text_of(first)}")
    time.sleep(SPAN)
    inside, shared = asked()
    equal((len(inside), len(shared)), (1, 1), "reminders that stand there")
    check(inside[0]["ts"] > first["ts"], "the second takes the place of the first")
    check(f"<#{channel}>" in text_of(shared[0]), f"the shared channel is told where: {text_of(shared[0])}")
    world.cli("incident", "downgrade", "1")
    time.sleep(SPAN)
    equal([[one["ts"] for one in where] for where in asked()], [[inside[0]["ts"]], [shared[0]["ts"]]], "reminders after it is closed")
    equal([one for one in world.jobs() if one["state"] == "dead"], [], "dead jobs")
    engine.process.stop()
