"""`make demo`: the story it tells is true, step by step, and what it leaves to look at is there."""
import os
import re
import signal
import subprocess
import sys

from flows import incident
from harness import ROOT, check, equal, fetch

TOOLS = os.path.join(ROOT, "tools")
STEPS = ["/incident open P1 #payment Card payments fail in all shops", "who was invited, and why",
         "somebody says it in the channel, somebody else marks it with :mega:", "/incident roles", "/incident update status", "/incident sos",
         "/incident update status", "/incident update status", "/incident key-events", "/incident update status", "/incident postmortem",
         "/incident close"]
STATUSES = ["Open", "Investigating", "Mitigating", "Mitigated", "Post-mortem", "Closed"]


def told_story(world):
    """What each step told: [(step, [lines])]."""
    if TOOLS not in sys.path:
        sys.path.append(TOOLS)
    from demo_story import Story, prepare
    prepare(world)
    engine = world.engine()
    world.sync(engine)
    chapters = []

    def tell(kind, text):
        if kind == "step":
            chapters.append((text, []))
        else:
            chapters[-1][1].append(text)
    Story(world, engine, tell).run()
    return engine, chapters


def count(messages, what):
    return sum(what in str(message) for message in messages)


def test_every_step_of_the_story_happens(world):
    engine, chapters = told_story(world)
    equal([step for step, _ in chapters], STEPS, "the steps")
    for (step, lines), news in zip(chapters, ["is opened", "@incident-leads", "certificate", "Communication Lead", "Investigating", "Help is needed",
                                              "Mitigating", "Deployments may go on", "no longer says", "Post-mortem", "bookmark: Post-mortem", "is archived"]):
        check(any(news in line for line in lines), f"{step} tells of '{news}': {lines}")
    check(any("@payments-oncall" in line for line in chapters[1][1]), f"who looks after the category comes: {chapters[1]}")

    told = incident(world)
    equal((told["status_label"], told["priority"]["name"]), ("Closed", "P1"), "the incident")
    equal({role["slug"]: role["person"]["accounts"]["slack"]["external_id"] for role in told["roles"]},
          {"commander": "U0001", "communication_lead": "U0002"}, "the roles")
    texts = [one["message"] or "" for one in told["updates"]]
    for words in ("certificate ran out", "No card payment goes through", "was called for help", "being replaced", "go through again", "renews itself"):
        equal(count(texts, words), 1, f"'{words}' on the timeline")
    check({"TTD", "TTRep", "TTRec"} <= {metric["code"] for metric in told["metrics"]}, f"the figures: {told['metrics']}")

    check(all(one["reasons"] for one in told["invitations"]), f"everyone knows why they are here: {told['invitations']}")
    page = engine.get("/incident/1/").text
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    for shown in ("Communication Lead: Bruno Keller", "was given the role Communication Lead", "Key event: Recovered", "Called for help",
                  "Time To Detect 7 minutes"):
        check(shown in words, f"the page shows '{shown}': {words}")

    channel = world.sandbox.channel(told["conversation"]["external_id"])
    check(channel["is_archived"], "the channel is archived")
    check({"U0001", "U0002", "U0009", "U0010"} <= set(channel["members"]), f"who was needed is there: {channel['members']}")
    shared = world.sandbox.channel("C0INCIDENTS")["messages"]
    for status in STATUSES[1:]:
        equal(sum(message["text"].endswith("is " + status) for message in shared), 1, f"messages that it is {status}")
    equal(count(shared, "<!subteam^S0LEADS>"), 1, "calls for help")
    equal([job for job in world.jobs() if job["state"] != "done"], [], "effects that are not done")
    engine.process.stop()


def test_the_demo_stays_up_until_it_is_ended(world):
    demo = subprocess.Popen([sys.executable, os.path.join(TOOLS, "demo.py"), "--halligan", world.binary], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, env=world.base_env())
    try:
        said = []
        for line in demo.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        text = "".join(said)
        equal(re.findall(r"^ ?(\d+)  ", text, re.M), [str(n) for n in range(1, len(STEPS) + 2)], "the numbers of the steps")
        for name, words in (("the incident's page", "Card payments fail"), ("the workspace", "tech-incidents")):
            url = re.search(rf"{name} +(http\S+)", text)
            check(url, f"the address of {name}: {text}")
            page = fetch(url.group(1))
            check(page.status == 200 and words in page.text, f"{name}: {page.status} {page.text[:200]}")
        equal(demo.poll(), None, "the demo's exit code while it stays up")
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=30)
        equal(demo.returncode, 0, "the demo's exit code at its end")
        try:
            fetch(url.group(1))
            check(False, "the workspace still answers")
        except OSError:
            pass
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.wait()
