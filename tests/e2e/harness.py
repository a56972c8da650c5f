"""What the end-to-end tests stand on: the real binary, the sandbox as the chat vendor, signed requests as the vendor sends them.
Standard library only. Each test gets a World: a fresh folder, a fresh sandbox, and as many engine starts as it likes."""
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECRET = "e2e-signing-secret"
HOOK = "/api/v2/firefighter/slack/incident/"
API = "/api/v2/firefighter/"
USERGROUPS = """
      { id = "S0PAYMENTS", handle = "payments-oncall", categories = { "Payment" } },
      { id = "S0LEADS", handle = "incident-leads", tag = "invited_for_all_public_p1" },
      { id = "S0SECURITY", handle = "security", categories = { "Data Breach" } },
"""
CONVERSATIONS = """
      { id = "C0INCIDENTS", name = "tech-incidents", tag = "tech_incidents" },
      { id = "C0DEPLOY", name = "it-deploy", tag = "it_deploy" },
"""


# What the tests of this process have sent to the engine and it took: (kind, name), for coverage.py.
SENT = set()


class Failed(AssertionError):
    pass


def check(condition, message):
    if not condition:
        raise Failed(message)


def equal(got, wanted, what):
    if got != wanted:
        raise Failed(f"{what}: wanted {wanted!r}, got {got!r}")


def wait_for(what, probe, seconds=20):
    """The first true answer of probe; connection errors count as 'not yet'."""
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            last = probe()
            if last:
                return last
        except (OSError, http.client.HTTPException) as error:
            last = error
        time.sleep(0.05)
    raise Failed(f"{what}: not within {seconds} s (last: {last!r})")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Answer:
    def __init__(self, status, headers, body, ms):
        self.status, self.headers, self.body, self.ms = status, headers, body, ms

    @property
    def json(self):
        return json.loads(self.body) if self.body.strip() else None

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


def fetch(url, method="GET", body=None, headers=None, timeout=15):
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    started = time.monotonic()
    try:
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection.request(method, target, body=body, headers=headers or {})
        reply = connection.getresponse()
        data = reply.read()
        return Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, data, (time.monotonic() - started) * 1000)
    finally:
        connection.close()


def post_json(url, value, headers=None, timeout=15):
    return fetch(url, "POST", json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})}, timeout)


NAME_OF = {
    "block_actions": lambda payload: ("action", payload["actions"][0]["action_id"]),
    "block_suggestion": lambda payload: ("options", payload["action_id"]),
    "view_submission": lambda payload: ("submission", payload["view"]["callback_id"]),
    "shortcut": lambda payload: ("shortcut", payload["callback_id"]),
    "message_action": lambda payload: ("shortcut", payload["callback_id"]),
}


def sent(kind, name, answer):
    """Notes what the engine took, and hands its answer on."""
    if answer.status == 200:
        SENT.add((kind, name))
    return answer


class Process:
    """A halligan process with its log in a file."""

    def __init__(self, command, cwd, env, log_path):
        self.log_path = log_path
        self.log = open(log_path, "ab")
        self.child = subprocess.Popen(command, cwd=cwd, env=env, stdout=self.log, stderr=self.log)

    def is_alive(self):
        return self.child.poll() is None

    def kill(self):
        if self.is_alive():
            self.child.kill()
        self.child.wait()
        self.log.close()

    def stop(self, seconds=30):
        """SIGTERM, and the exit must be clean: a sanitizer's complaint fails the test here."""
        self.child.send_signal(signal.SIGTERM)
        code = self.child.wait(timeout=seconds)
        self.log.close()
        check(code == 0, f"exit code {code} after SIGTERM; log ends:\n{self.tail()}")

    def tail(self, size=4000):
        with open(self.log_path, "rb") as log:
            return log.read()[-size:].decode("utf-8", "replace")


class Sandbox:
    def __init__(self, world, root=ROOT):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = Process([world.binary, "sandbox", "--listen", f"127.0.0.1:{self.port}", "--root", root], world.folder,
                               world.base_env(), os.path.join(world.folder, "sandbox.log"))
        wait_for("the sandbox's start", lambda: fetch(self.url + "/sandbox/state").status == 200)

    def state(self):
        return fetch(self.url + "/sandbox/state").json

    def channels(self, of_incidents=True):
        shared = {"C0GENERAL", "C0INCIDENTS", "C0DEPLOY"}
        return [one for one in self.state()["channels"]
                if not one.get("is_im") and (one["id"] not in shared) == of_incidents]

    def channel(self, channel_id):
        return next(one for one in self.state()["channels"] if one["id"] == channel_id)

    def fault(self, method, kind, **more):
        answer = post_json(self.url + "/sandbox/fault", {"method": method, "kind": kind, **more})
        equal(answer.status, 200, f"setting the fault {method} {kind}: {answer.text}")

    def clear_faults(self):
        fetch(self.url + "/sandbox/fault", "DELETE")

    def reset(self, **options):
        equal(post_json(self.url + "/sandbox/reset", options, timeout=120).status, 200, "reset of the sandbox")

    def log(self):
        return fetch(self.url + "/sandbox/log").json

    def trigger(self, user="U0001", channel="C0GENERAL"):
        return post_json(self.url + "/sandbox/trigger", {"user_id": user, "channel_id": channel}).json

    def say(self, channel, user, text, thread_ts=None):
        """A person's message; the answer is as the vendor keeps it."""
        return post_json(self.url + "/sandbox/say", {"channel": channel, "user": user, "text": text, "thread_ts": thread_ts}).json

    def message_act(self, what, channel, ts, user="U0001", **more):
        """A person does something with a message: react, unreact (reaction=NAME), edit (text=WORDS) or delete; returns the event of it."""
        answer = post_json(f"{self.url}/sandbox/{what}", {"channel": channel, "ts": ts, "user": user, **more})
        equal(answer.status, 200, f"{what} {ts}: {answer.text}")
        return answer.json

    def deactivate(self, user, deleted=True):
        equal(post_json(self.url + "/sandbox/deactivate", {"user": user, "deleted": deleted}).status, 200, f"the end of {user}'s account")

    def set_group(self, group, users):
        equal(post_json(self.url + "/sandbox/group", {"group": group, "users": users}).status, 200, f"the members of {group}")

    def views(self):
        return self.state()["views"]

    def take_answer(self, kind, answer, view=None):
        """What the vendor would say to the engine's answer, strictly."""
        if answer.status != 200 or not answer.body.strip():
            return
        with contextlib.suppress(OSError):  # a test may have ended the sandbox
            problem = post_json(self.url + "/sandbox/check", {"kind": kind, "answer": answer.json, "view": view}).json.get("problem")
            check(not problem, f"the vendor would refuse the answer to a {kind}: {problem}: {answer.text[:2000]}")

    def malformed(self):
        """What the engine sent that the vendor would take from nobody."""
        return fetch(self.url + "/sandbox/malformed").json

    # ---- Socket Mode

    def socket(self):
        return fetch(self.url + "/sandbox/socket").json

    def send(self, kind, payload, **more):
        """An envelope; the answer says whether it was acknowledged, with which payload, and after how many attempts."""
        return post_json(self.url + "/sandbox/socket/send", {"type": kind, "payload": payload, **more}, timeout=60).json

    def disconnect(self, *hows, times=None, pause_ms=0):
        return post_json(self.url + "/sandbox/socket/disconnect", {"hows": hows, "times": times, "pause_ms": pause_ms}).json["ok"]

    def newest_view(self, callback_id):
        found = [one["view"] for one in self.views() if one["view"].get("callback_id") == callback_id]
        return found[-1] if found else None


class Engine:
    """The engine under test, with what the vendor and a client send to it."""

    def __init__(self, world, inject=None, config=None, extra_env=None, wait=True, arguments=()):
        self.world = world
        self.port = world.engine_port
        self.url = f"http://127.0.0.1:{self.port}"
        env = world.env(extra_env)
        if inject:
            env["HALLIGAN_INJECT"] = inject
        self.config = config or world.config
        self.env = env
        self.process = Process([world.binary, "serve", "--config", self.config, *arguments], world.folder, env,
                               os.path.join(world.folder, "engine.log"))
        if wait:
            self.wait_ready()
        if wait and world.uses_socket:
            self.wait_connected()

    def wait_ready(self, seconds=30):
        def ready():
            check(self.process.is_alive(), f"the engine ended at start; log ends:\n{self.process.tail()}")
            return fetch(self.url + "/readyz").status == 200
        wait_for("the engine's readiness", ready, seconds)

    def wait_connected(self, count=2, seconds=30):
        wait_for("the connections of Socket Mode", lambda: self.world.sandbox.socket()["open"] == count, seconds)

    def wait_dead(self, seconds=30):
        wait_for("the injected kill", lambda: not self.process.is_alive(), seconds)
        self.process.kill()

    # ---- as the chat vendor ------------------------------------------------------------------------------------

    def over_socket(self, kind, payload):
        """The same over Socket Mode, in the shape of an HTTP answer."""
        started = time.monotonic()
        got = self.world.sandbox.send(kind, payload)
        body = json.dumps(got["payload"]).encode() if "payload" in got else b""
        return Answer(200 if got["is_acked"] else 504, {}, body, (time.monotonic() - started) * 1000)

    def signed(self, body, content_type="application/x-www-form-urlencoded", timestamp=None, secret=SECRET, headers=None):
        timestamp = str(int(time.time()) if timestamp is None else timestamp)
        raw = body.encode() if isinstance(body, str) else body
        digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + raw, hashlib.sha256).hexdigest()
        return fetch(self.url + HOOK, "POST", raw, {"Content-Type": content_type, "X-Slack-Request-Timestamp": timestamp,
                                                   "X-Slack-Signature": "v0=" + digest, **(headers or {})})

    def command(self, text, user="U0001", channel="C0GENERAL", trigger=None):
        given = trigger or self.world.sandbox.trigger(user, channel)
        fields = {"command": "/incident", "text": text, "user_id": user, "channel_id": channel, "channel_name": "general",
                  "team_id": "T0SANDBOX", **given}
        answer = self.over_socket("slash_commands", fields) if self.world.uses_socket else self.signed(urllib.parse.urlencode(fields))
        self.world.sandbox.take_answer("note", answer)
        return sent("command", text, answer)

    ANSWERS = {"view_submission": "submission", "block_suggestion": "suggestions"}

    def interaction(self, payload):
        answer = (self.over_socket("interactive", payload) if self.world.uses_socket
                  else self.signed(urllib.parse.urlencode({"payload": json.dumps(payload)})))
        if payload["type"] in self.ANSWERS:
            self.world.sandbox.take_answer(self.ANSWERS[payload["type"]], answer, payload.get("view"))
        kind, name = NAME_OF[payload["type"]](payload)
        return sent(kind, name, answer)

    def press(self, view, action_id, user="U0001", chosen=None):
        for block in view["blocks"]:
            for element in block.get("elements", []) + [block.get("accessory"), block.get("element")]:
                if element and element.get("action_id", "").startswith(action_id):
                    action = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"],
                              "action_ts": str(time.time()), **({"value": element["value"]} if "value" in element else {}), **(chosen or {})}
                    return self.interaction({"type": "block_actions", "user": {"id": user, "team_id": "T0SANDBOX"},
                                             "team": {"id": "T0SANDBOX"}, "container": {"type": "view", "view_id": view["id"]},
                                             "view": view, "actions": [action], **self.world.sandbox.trigger(user)})
        raise Failed(f"no element {action_id} in the view {view.get('callback_id')}")

    def submit(self, view, values, user="U0001"):
        return self.interaction({"type": "view_submission", "user": {"id": user, "team_id": "T0SANDBOX"}, "team": {"id": "T0SANDBOX"},
                                 "view": {**view, "state": {"values": values}}, **self.world.sandbox.trigger(user)})

    def message_shortcut(self, callback_id, channel, message, user="U0001"):
        """What somebody picks from the menu of a message."""
        return self.interaction({"type": "message_action", "callback_id": callback_id, "user": {"id": user, "team_id": "T0SANDBOX"},
                                 "team": {"id": "T0SANDBOX"}, "channel": {"id": channel}, "message": message, "message_ts": message["ts"],
                                 **self.world.sandbox.trigger(user, channel)})

    def event(self, event, event_id="Ev1", headers=None):
        body = {"type": "event_callback", "team_id": "T0SANDBOX", "event_id": event_id, "event_time": int(time.time()), "event": event}
        if self.world.uses_socket:
            return sent("event", event["type"], self.over_socket("events_api", body))
        return sent("event", event["type"], self.signed(json.dumps(body), "application/json", headers=headers))

    # ---- as a client ---------------------------------------------------------------------------------------------

    def get(self, path, headers=None):
        return fetch(self.url + path, headers=headers)

    def key(self, scopes="read write"):
        result = self.world.cli("key", "create", "e2e", "--scopes", scopes, "--json")
        return json.loads(result.stdout)["key"]

    def api(self, method, path, value=None, key=None):
        headers = {"Authorization": "Bearer " + (key or self.world.api_key(self))}
        body = None
        if value is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(value).encode()
        return fetch(self.url + API + path, method, body, headers)

    def settled(self, seconds=40, besides=()):
        """Waits until no job is ready or running, but for those of the handlers besides; returns all jobs."""
        def quiet():
            jobs = self.world.jobs()
            over = (one["state"] in ("done", "dead", "cancelled") or one["handler"] in besides for one in jobs)
            return jobs if jobs and all(over) else None
        return wait_for("all jobs to settle", quiet, seconds)


class World:
    def __init__(self, binary):
        self.binary = os.path.abspath(binary)
        self.folder = tempfile.mkdtemp(prefix="halligan-e2e-")
        self.engine_port = free_port()
        self.root = os.path.join(self.folder, "root")
        self.config = os.path.join(self.root, "config.lua")
        self.processes = []
        self._key = None
        self.uses_socket = False  # True: Socket Mode only, nothing is signed
        os.mkdir(self.root)
        for name in ("scripts", "strategies"):
            shutil.copytree(os.path.join(ROOT, name), os.path.join(self.root, name))
        with open(os.path.join(ROOT, "config.lua")) as shipped, open(self.config, "w") as out:
            out.write(add_workspace(shipped.read()))
        self.sandbox = Sandbox(self)
        self.processes.append(self.sandbox.process)

    def base_env(self):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "HALLIGAN_"))}
        env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:exitcode=99")
        env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        env["TMPDIR"] = self.folder  # what a killed sandbox leaves goes away with it
        return env

    def env(self, extra=None):
        if self.uses_socket:
            extra = {"SLACK_SIGNING_SECRET": "", "SLACK_APP_TOKEN": "xapp-sandbox", **(extra or {})}
        return {**self.base_env(), "LISTEN": f"127.0.0.1:{self.engine_port}", "DATABASE": os.path.join(self.folder, "halligan.db"),
                "BASE_URL": f"http://127.0.0.1:{self.engine_port}", "SLACK_BOT_TOKEN": "xoxb-sandbox", "SLACK_SIGNING_SECRET": SECRET,
                "SLACK_API_URL": self.sandbox.url + "/api/", **(extra or {})}

    def engine(self, **options):
        engine = Engine(self, **options)
        self.processes.append(engine.process)
        return engine

    def cli(self, *arguments, ok=True, extra_env=None):
        result = subprocess.run([self.binary, *arguments, "--config", self.config], cwd=self.folder, env=self.env(extra_env),
                                capture_output=True, text=True, timeout=120)
        if ok:
            check(result.returncode == 0, f"halligan {' '.join(arguments)}: exit {result.returncode}\n{result.stdout}{result.stderr}")
        return result

    def api_key(self, engine):
        if not self._key:
            self._key = engine.key()
        return self._key

    def sync(self, engine):
        """Fills people and groups from the sandbox, as an operator would."""
        for task in ("slack.sync_users", "slack.sync_usergroups"):
            self.cli("task", "run", task)

    def jobs(self, incident=None):
        arguments = ["job", "list", "--json", "--limit", "1000"] + (["--incident", str(incident)] if incident else [])
        return json.loads(self.cli(*arguments).stdout)

    def content(self):
        """All that the database holds, as text."""
        with contextlib.closing(sqlite3.connect(f"file:{os.path.join(self.folder, 'halligan.db')}?mode=ro", uri=True)) as database:
            return list(database.iterdump())

    def fresh_database(self):
        """A new database for the next engine of this world; the old key goes with the old one."""
        for name in os.listdir(self.folder):
            if name.startswith("halligan.db"):
                os.remove(os.path.join(self.folder, name))
        self._key = None

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full + ".new", "w") as out:
            out.write(text)
        os.replace(full + ".new", full)

    def assert_well_formed(self):
        """Whatever a test is about: nothing that was sent to the vendor may be in a shape that it never takes."""
        if self.sandbox.process.is_alive():
            equal(self.sandbox.malformed(), [], "what the vendor takes from nobody")

    def close(self, failed):
        for process in reversed(self.processes):
            with contextlib.suppress(Exception):
                process.kill()
        if failed:
            for name in ("engine.log", "sandbox.log"):
                path = os.path.join(self.folder, name)
                if os.path.exists(path):
                    with open(path, "rb") as log:
                        print(f"---- {name}, its end ----\n{log.read()[-3000:].decode('utf-8', 'replace')}")
        shutil.rmtree(self.folder, ignore_errors=True)


def add_workspace(config):
    """The sandbox's groups and channels, put into the shipped config's empty lists."""
    for name, rows in (("usergroups", USERGROUPS), ("conversations", CONVERSATIONS)):
        config, count = re.subn(rf"(\n\s*{name} = \{{)", lambda found: found.group(1) + rows, config, count=1)
        check(count == 1, f"the shipped config.lua has no list `{name} = {{`")
    return config
