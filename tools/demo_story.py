"""The story that the demo tells: one incident from the first word to the archive, all of it through Slack's signed path. Each step
does what a person does, checks that it worked, and tells what happened in the workspace. An end-to-end test tells it too."""
import json
import time

from demo_watch import Watch
from flows import incident, option, ready_channel, select, status_values, typed, view_of
from harness import check, equal

TITLE = "Card payments fail in all shops"
DOCUMENT = "https://wiki.example.org/postmortems/card-payments"
COMMANDER, SECOND, WITNESS = "U0001", "U0002", "U0009"
HELP = 'sos = { { name = "Incident leads", conversation = "C0INCIDENTS", usergroup = "incident-leads" },'
MINUTE = 60


def prepare(world):
    """Somebody who can be called for help; before the engine starts."""
    with open(world.config) as config:
        text = config.read()
    world.write("config.lua", text.replace("sos = {", HELP, 1))


class Story:
    """tell(kind, text): kind is "step" for what somebody does, "answer" for what they see at once, "news" for what followed."""

    def __init__(self, world, engine, tell):
        self.world, self.engine, self.tell = world, engine, tell
        self.watch = Watch(world.sandbox)
        self.channel = None

    def run(self):
        for act in (self.declare, self.invite, self.witness, self.roles, self.investigate, self.sos, self.mitigate, self.mitigated,
                    self.key_events, self.learn, self.close):
            act()

    # ---- how a step is told

    def submit(self, view, values, user=COMMANDER):
        """Sends a form; Slack's answer must be that it is taken."""
        answer = self.engine.submit(view, values, user=user)
        check(answer.status == 200 and (answer.json or {}).get("response_action") in (None, "clear"),
              f"{view['callback_id']} was not taken: {answer.text}")
        self.tell("answer", f"the form is taken after {answer.ms:.0f} ms")

    def form(self, text, callback):
        self.tell("step", f"/incident {text}")
        view = view_of(self.world, self.engine, text, callback, self.channel)
        self.tell("answer", f"the form opens: {view['title']['text']}")
        return view

    def followed(self):
        """Waits for the effects and tells them."""
        self.engine.settled(60)
        dead = [job["handler"] for job in self.world.jobs() if job["state"] == "dead"]
        equal(dead, [], "effects that failed")
        news = self.watch.news()
        for line in news:
            self.tell("news", line)
        return news

    # ---- the acts

    def declare(self):
        text = f"open P1 #payment {TITLE}"
        self.tell("step", f"/incident {text}")
        answer = self.engine.command(text, user=COMMANDER)
        equal(answer.status, 200, "the answer to the command")
        self.tell("answer", f"signed as Slack signs it; answered after {answer.ms:.0f} ms, the incident is on disk")
        ready_channel(self.world)
        self.followed()
        self.channel = self.world.sandbox.channels()[0]["id"]

    def invite(self):
        invitations = incident(self.world)["invitations"]
        check(invitations, "nobody was invited")
        self.tell("step", "who was invited, and why")
        for one in invitations:
            self.tell("news", f"{one['person']['name']}: {'; '.join(why['reason'] for why in one['reasons'])} ({one['state']})")

    def witness(self):
        said = self.world.sandbox.say(self.channel, WITNESS, "The gateway's certificate ran out at ten.")
        self.tell("step", "somebody says it in the channel, somebody else marks it with :mega:")
        item = {"type": "message", "channel": self.channel, "ts": said["ts"]}
        self.engine.event({"type": "reaction_added", "user": SECOND, "reaction": "mega", "item": item}, event_id="EvDemoReaction")
        self.followed()
        check(any("certificate" in (one["message"] or "") for one in incident(self.world)["updates"]), "the timeline lacks what was said")
        self.tell("news", "it is on the incident's timeline now")

    def roles(self):
        view = self.form("roles", "incident_update_roles")
        values = {slug: {slug: {"type": "multi_users_select", "selected_users": users}}
                  for slug, users in (("role_commander", [COMMANDER]), ("role_communication_lead", [SECOND]))}
        self.submit(view, values)
        self.followed()

    def update(self, status, message):
        view = self.form("update status", "incident_update_status")
        self.tell("answer", f"status {status}: {message}")
        self.submit(view, status_values(view, status=status, message=message))
        self.followed()
        equal(incident(self.world)["status_label"], status, "the status")

    def investigate(self):
        self.update("Investigating", "No card payment goes through; we look at the gateway.")

    def sos(self):
        view = self.form("sos", "incident_send_sos")
        self.submit(view, {"sos": {"sos": select(option(view, "sos", "Incident leads"))}})
        self.followed()

    def mitigate(self):
        self.update("Mitigating", "The certificate is being replaced.")

    def mitigated(self):
        self.update("Mitigated", "Payments go through again in all shops.")

    def key_events(self):
        view = self.form("key-events", "incident_key_events")
        now, values = int(time.time()), {}
        minutes_ago = {"key_event_started": 42, "key_event_detected": 35, "key_event_recovered": 0}
        for block in view["blocks"]:
            name = block.get("block_id")
            if name in minutes_ago:
                values[name] = {name: {"type": "datetimepicker", "selected_date_time": now - minutes_ago[name] * MINUTE}}
        equal(sorted(values), sorted(minutes_ago), "the key events asked for")
        self.submit(view, values)
        self.followed()
        for metric in incident(self.world)["metrics"]:
            self.tell("news", f"{metric['name']}: {metric['duration_ms'] / 60_000:.0f} min")

    def learn(self):
        self.update("Post-mortem", "What went wrong is being written down.")
        view = self.form("postmortem", "incident_create_postmortem")
        self.submit(view, {"url": {"url": typed(DOCUMENT)}})
        self.followed()

    def close(self):
        view = self.form("close", "incident_close")
        check(view.get("submit"), f"it cannot be closed: {json.dumps(view['blocks'])}")
        self.submit(view, {"message": {"message": typed("The certificate renews itself from now on. Thank you all.")}})
        self.followed()
        equal(incident(self.world)["status_label"], "Closed", "the status at the end")
