"""How long each kind of chat request waits for its acknowledgement while all people are synchronised. Requests come at a set pace,
whether or not the earlier ones are answered, and each one's time counts from when it was due: a queue is seen, not hidden."""
import json
import threading
import time
import urllib.parse

from flows import view_of
from harness import check
from wire import Volley, signed, signed_command

CONNECTIONS = 16
LIMIT_MS = 50          # what a person does not notice; the chat vendor gives up after 3000
OPEN_INCIDENTS = 200   # that the searched list finds its options among

# In the answer to what succeeded; a refusal would be fast, too. Nothing: the answer is empty.
SIGNS = {"command": b"The page of shop", "options": b"The page of shop"}


class Requests:
    """Makes the requests, each with what a duplicate is known by of its own. The forms write: key events change, people come and go."""

    def __init__(self, world, engine):
        for number in range(OPEN_INCIDENTS):
            engine.command(f"open P5 The page of shop {number} looks wrong")
        engine.command("open P1 Payments fail in all shops of the country")
        engine.settled(300)
        self.channel = world.sandbox.channels()[0]["id"]
        self.form = view_of(world, engine, "key-events", "incident_key_events", self.channel)
        self.number = 0
        self.began = int(time.time())
        self.kinds = {"command": self.command, "view_submission": self.submission, "block_actions": self.action, "event": self.event,
                      "options": self.options}

    def make(self, kind):
        self.number += 1
        return self.kinds[kind](self.number)

    def person(self, number):
        return f"U{number % 30 + 2:04d}"

    def interaction(self, number, **payload):
        payload = {"user": {"id": self.person(number), "team_id": "T0SANDBOX"}, "team": {"id": "T0SANDBOX"},
                   "trigger_id": f"{number}.bench", **payload}
        return signed(urllib.parse.urlencode({"payload": json.dumps(payload)}).encode())

    def command(self, number):
        return signed_command("list", number, self.person(number))

    def submission(self, number):
        name = "key_event_started"
        values = {name: {name: {"type": "datetimepicker", "selected_date_time": self.began - number}}}
        return self.interaction(number, type="view_submission", view={**self.form, "state": {"values": values}})

    def action(self, number):
        action = {"type": "button", "action_id": "home_filter_mine", "block_id": "home_filters", "value": "mine", "action_ts": str(number)}
        view = {"id": "VHOME", "type": "home", "callback_id": "app_home", "blocks": [], "private_metadata": ""}
        return self.interaction(number, type="block_actions", view=view, container={"type": "view", "view_id": "VHOME"}, actions=[action])

    def event(self, number):
        kind = "member_joined_channel" if number // 150 % 2 == 0 else "member_left_channel"
        event = {"type": kind, "user": self.person(number), "channel": self.channel, "channel_type": "C"}
        body = {"type": "event_callback", "team_id": "T0SANDBOX", "event_id": f"EvBench{number}", "event_time": int(time.time()), "event": event}
        return signed(json.dumps(body).encode(), "application/json")

    def options(self, number):
        action = "incident_update_select_incident"
        return self.interaction(number, type="block_suggestion", view=self.form, value=f"shop {number % OPEN_INCIDENTS}", action_id=action,
                                block_id=action)


class Paced:
    """Sends <count> requests, one kind after the other, <per_second> of them; times in ms by kind."""

    def __init__(self, engine, requests, count, per_second):
        kinds = list(requests.kinds)
        self.port = engine.port
        self.slots = [(number / per_second, kinds[number % len(kinds)], requests.make(kinds[number % len(kinds)])) for number in range(count)]
        self.times = {kind: [] for kind in kinds}
        self.failure = None

    def run(self):
        self.start = time.monotonic() + 0.1
        senders = [threading.Thread(target=self._send, args=(first,)) for first in range(CONNECTIONS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        check(not self.failure, f"while requests were sent: {self.failure}")
        return {kind: sorted(times) for kind, times in self.times.items()}

    def _send(self, first):
        try:
            volley = Volley(self.port, 1)
            for due, kind, request in self.slots[first::CONNECTIONS]:
                time.sleep(max(0.0, self.start + due - time.monotonic()))
                _, body = volley.fire([request])[0]
                self.times[kind].append((time.monotonic() - self.start - due) * 1000)
                check(SIGNS[kind] in body if kind in SIGNS else not body, f"the answer to {kind}: {body}")
            volley.close()
        except BaseException as error:  # also the exit with which a volley tells of a refused request
            self.failure = error


class EndlessSync(threading.Thread):
    """Synchronises all people, again and again until stopped. Each time the workspace is made anew, with later times of change: pages
    that are as before need not be read, and would make it easy."""

    def __init__(self, world, people):
        super().__init__()
        self.world, self.people, self.count, self.failure = world, people, 0, None
        self.stopped = threading.Event()

    def run(self):
        try:
            while not self.stopped.is_set():
                self.world.sandbox.reset(users=self.people)
                self.world.cli("task", "run", "slack.sync_users")
                self.count += 1
        except BaseException as error:
            self.failure = error

    def stop(self):
        self.stopped.set()
        self.join()
        check(self.count and not self.failure, f"the synchronisation: {self.failure}")


def bench_acknowledgements(world, people, minutes, report):
    """The paces: 500 a minute all the time is the vendor's 30,000 an hour, which may also come in one minute. minutes: how long each lasts."""
    engine = world.engine()
    world.sync(engine)
    requests = Requests(world, engine)
    for pace, per_second in (("500 a minute", 500 / 60), ("30,000 in a minute", 500)):
        paced = Paced(engine, requests, int(per_second * 60 * minutes), per_second)
        sync = EndlessSync(world, people)
        sync.start()
        try:
            times = paced.run()
        finally:
            sync.stop()
        for kind, measured in times.items():
            for percent, limit in ((50, None), (99, LIMIT_MS)):
                value = measured[min(len(measured) - 1, len(measured) * percent // 100)]
                report(f"{kind}, {pace}, in a sync of {people}: p{percent}", value, "ms", limit)
    engine.process.stop()
