"""Socket Mode: everything over connections that the engine opens, through every way in which they can end."""
import concurrent.futures
import contextlib
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import threading
import time

import test_main_job
from flows import TITLE, assert_happened_once, ready_channel
from harness import HOOK, check, equal, fetch, free_port, wait_for

# Counts what is done for each event, so that one that is lost or doubled shows.
TALLY_FEATURE = """
local store = require "engine.store"
return { events = { tally = function(event)
  if not store.put_new("tally", "first:" .. event.number, true) then
    store.put("tally", "again:" .. event.number, true)
  end
end } }
"""
TALLY_PAGE = """
local json = require "engine.json"
local store = require "engine.store"
return { about = "The tally of a test", routes = { {
  method = "GET", path = "/tally/:most#", access = "loopback", about = "The tally",
  handler = function(request)
    local lost, doubled = json.array {}, json.array {}
    for n = 1, math.tointeger(request.params.most) do
      if not store.get("tally", "first:" .. n) then lost[#lost + 1] = n end
      if store.get("tally", "again:" .. n) then doubled[#doubled + 1] = n end
    end
    return { content_type = "application/json", body = json.encode { lost = lost, doubled = doubled } }
  end,
} } }
"""
EVENTS, COMMANDS = 400, 60


def over_socket(world, tally=False):
    world.uses_socket = True
    with open(world.config) as text:
        config = text.read()
    with open(world.config, "w") as out:
        out.write(config.replace("  slack = {\n", '  slack = {\n    rate_limits = { ["apps.connections.open"] = 1000000 },\n', 1))
    if tally:
        world.write("scripts/slack/features/tally.lua", TALLY_FEATURE)
        world.write("scripts/pages/tally.lua", TALLY_PAGE)
        with open(os.path.join(world.root, "scripts/slack/features/init.lua")) as text:
            features = text.read()
        world.write("scripts/slack/features/init.lua", features.replace("return {\n", 'return {\n  require "slack.features.tally",\n', 1))
    return world.engine()


def event(number):
    return {"type": "event_callback", "team_id": "T0SANDBOX", "event_id": f"Ev{number}", "event": {"type": "tally", "number": number}}


def command(world, text):
    return {"command": "/incident", "text": text, "user_id": "U0001", "user_name": "one", "channel_id": "C0GENERAL",
            "channel_name": "general", "team_id": "T0SANDBOX", **world.sandbox.trigger()}


def load(world, events=EVENTS, commands=COMMANDS, workers=8):
    """Events and commands at once, in no order. Returns what became of each command, by its title."""
    results = {}

    def send_event(number):
        got = world.sandbox.send("events_api", event(number))
        check(got["is_acked"], f"event {number} was never acknowledged: {got}")
        return got

    def send_command(number):
        title = f"Load test incident number {number}"
        results[title] = got = world.sandbox.send("slash_commands", command(world, f"open P5 {title}"))
        return got
    work = [(send_event, n) for n in range(1, events + 1)] + [(send_command, n) for n in range(1, commands + 1)]
    random.Random(4).shuffle(work)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        answers = list(pool.map(lambda one: one[0](one[1]), work))
    return results, answers


def assert_nothing_lost_or_doubled(world, engine, results, events=EVENTS):
    equal(engine.get(f"/tally/{events}").json, {"lost": [], "doubled": []}, "events")
    titles = [one["title"] for one in json.loads(world.cli("incident", "list", "--limit", "1000", "--json").stdout)]
    for title, got in results.items():
        if got["is_acked"]:
            check("was declared" in json.dumps(got["payload"]) or "incident" in json.dumps(got["payload"]).lower(),
                  f"the answer to {title}: {got['payload']}")
            equal(titles.count(title), 1, f"incidents of an acknowledged command, {title}")
        else:
            check(titles.count(title) <= 1, f"{titles.count(title)} incidents of one command, {title}")
    status = world.sandbox.socket()
    check(status["double_acks"] <= status["repeated"], f"only what comes twice is acknowledged twice: {status}")


def connections(engine):
    return engine.get("/healthz").json["connections"]


def service(engine):
    return next(one for one in engine.get("/healthz").json["services"] if one["name"] == "slack.socket")


# ---- the whole life over it


def test_an_incident_over_the_socket(world):
    engine = over_socket(world)
    world.sync(engine)
    equal(fetch(engine.url + HOOK, "POST", b"command=/incident").status, 404, "there is no address to post to")
    got = world.sandbox.send("slash_commands", command(world, f"open P2 {TITLE}"))
    check(got["is_acked"] and got["ms"] < 3000, f"acknowledged in time: {got}")
    equal(got["payload"]["response_type"], "ephemeral", "the answer is the acknowledgement's payload")
    ready_channel(world)
    engine.settled()
    assert_happened_once(world, 1, ["U0001"])
    equal(sorted(one["name"] for one in connections(engine)), ["slack/1", "slack/2"], "named connections")
    check("2 of 2" in service(engine)["status"], f"the service's status: {service(engine)}")
    check("halligan_websockets 2" in engine.get("/metrics").text, "the connections are counted")
    engine.process.stop()
    equal(world.sandbox.socket()["lost"], 0, "connections that ended without a good-bye")


def test_the_creation_modal_over_the_socket(world):
    world.uses_socket = True
    test_main_job.test_creation_modal_to_invited_responders(world)


def test_both_ways_in_at_once(world):
    engine = world.engine(extra_env={"SLACK_APP_TOKEN": "xapp-sandbox"})
    engine.wait_connected()
    equal(engine.command("help").status, 200, "a signed request")
    got = world.sandbox.send("slash_commands", command(world, "help"))
    check(got["is_acked"] and got["payload"]["blocks"], f"an envelope: {got}")
    engine.process.stop()


# ---- ends


def test_refreshes_lose_nothing(world):
    """Slack replaces connections all the time; a word before, and the new one is open before the old one closes."""
    engine = over_socket(world, tally=True)
    world.sandbox.disconnect("refresh_requested", "warning", times=150, pause_ms=5)
    results, answers = load(world)
    wait_for("150 refreshes", lambda: world.sandbox.socket()["ended"] >= 150, 60)
    engine.wait_connected()
    equal([one for one in answers if not one["is_acked"] or one["attempts"] != 1], [], "envelopes that needed a second attempt")
    assert_nothing_lost_or_doubled(world, engine, results)
    equal(world.sandbox.socket()["lost"], 0, "connections that were lost")
    engine.process.stop()


def test_a_thousand_disconnects_under_load(world):
    engine = over_socket(world, tally=True)
    world.sandbox.disconnect("abort", "refresh_requested", "close", "abort", "warning", times=1000, pause_ms=3)
    results, _ = load(world, events=2000, commands=200)
    wait_for("a thousand disconnects", lambda: world.sandbox.socket()["ended"] >= 1000, 120)
    engine.wait_connected()
    assert_nothing_lost_or_doubled(world, engine, results, events=2000)
    check(sum(one["is_acked"] for one in results.values()) > 100, "most commands are answered all the same")
    wait_for("quiet", lambda: world.sandbox.socket()["connections"] == 2)
    got = world.sandbox.send("slash_commands", command(world, "help"))
    check(got["is_acked"] and got["attempts"] == 1, f"afterwards all is well: {got}")
    engine.process.stop()


def test_an_envelope_that_comes_twice_is_done_once(world):
    engine = over_socket(world, tally=True)
    payload = command(world, f"open P5 {TITLE}")
    first = world.sandbox.send("slash_commands", payload, envelope_id="twice")
    again = world.sandbox.send("slash_commands", payload, envelope_id="twice")
    equal(again["payload"], first["payload"], "the answer to the same envelope")
    equal(len(json.loads(world.cli("incident", "list", "--json").stdout)), 1, "incidents")
    check(world.sandbox.send("events_api", event(1))["is_acked"], "an event")
    check(world.sandbox.send("events_api", event(1))["is_acked"], "the same event in another envelope")
    equal(engine.get("/tally/1").json, {"lost": [], "doubled": []}, "events")
    engine.process.stop()


def test_reloads_keep_the_connections(world):
    engine = over_socket(world, tally=True)
    since = {one["name"]: one["since_ms"] for one in connections(engine)}
    stop = threading.Event()

    def reload_often():
        number = 0
        while not stop.is_set():
            number += 1
            world.write("scripts/slack/tally_comment.lua", f"return {{ number = {number} }}\n")
            stop.wait(0.25)
    writer = threading.Thread(target=reload_often)
    writer.start()
    before = engine.get("/healthz").json["generation"]
    results, answers = load(world, workers=4)
    wait_for("a reload", lambda: engine.get("/healthz").json["generation"] != before)
    more_results, more = load(world, events=EVENTS, commands=0, workers=4)
    stop.set()
    writer.join()
    equal([one for one in answers + more if not one["is_acked"] or one["attempts"] != 1], [], "envelopes that were not taken at once")
    assert_nothing_lost_or_doubled(world, engine, {**results, **more_results})
    equal({one["name"]: one["since_ms"] for one in connections(engine)}, since, "the connections, before and after")
    equal(world.sandbox.socket()["opened"], 2, "connections that were opened")
    engine.process.stop()


def test_a_stop_answers_what_it_has_taken(world):
    engine = over_socket(world)
    world.sandbox.fault("users.info", "slow", delay="1s")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(world.sandbox.send, "slash_commands", {**command(world, f"open P5 {TITLE}"), "user_id": "U0007"})
        wait_for("the question to Slack", lambda: world.sandbox.socket()["sent"] == 1)
        time.sleep(0.2)
        engine.process.child.send_signal(signal.SIGTERM)
        got = running.result()
    check(got["is_acked"], f"a command that was being handled at the stop: {got}")
    equal(engine.process.child.wait(timeout=30), 0, "the exit code")
    equal(world.sandbox.socket()["lost"], 0, "connections that ended without a good-bye")


def test_socket_mode_switched_off_in_the_app(world):
    engine = over_socket(world)
    fetch(world.sandbox.url + "/sandbox/socket/disable", "POST", b'{"value": true}', {"Content-Type": "application/json"})
    wait_for("the status", lambda: "switched off" in (service(engine)["status"] or ""))
    opened = world.sandbox.socket()["opened"]
    time.sleep(1)
    equal(world.sandbox.socket()["opened"], opened, "connections tried while it is switched off")
    equal(engine.get("/healthz").status, 200, "the rest is well")
    engine.process.stop()


def test_slack_is_down_at_the_start_and_comes_back(world):
    world.sandbox.fault("apps.connections.open", "server_error", times=4)
    world.sandbox.fault("apps.connections.open", "rate_limit", times=1, retry_after=1)
    engine = over_socket(world)
    check(world.sandbox.send("slash_commands", command(world, "help"))["is_acked"], "an envelope once it is back")
    engine.process.stop()


def test_a_wrong_app_token_is_said(world):
    engine = world.engine(extra_env={"SLACK_APP_TOKEN": "xapp-sandbox"})
    engine.process.stop()
    world.sandbox.fault("apps.connections.open", "error", error="invalid_auth", times=1000)
    engine = world.engine(extra_env={"SLACK_APP_TOKEN": "xapp-wrong"})
    wait_for("the status", lambda: "invalid_auth" in (service(engine)["status"] or ""))
    calls = len([one for one in world.sandbox.log() if one["method"] == "apps.connections.open"])
    check(calls <= 6, f"{calls} tries with a wrong token")
    engine.process.stop()


# ---- TLS


class TlsProxy:
    """TLS in front of the sandbox, with a certificate of its own."""

    def __init__(self, world):
        self.cert, key = os.path.join(world.folder, "cert.pem"), os.path.join(world.folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", key, "-out", self.cert], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, key)
        self.context, self.target = context, world.sandbox.port
        self.port = free_port()
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        with contextlib.suppress(OSError):
            client = self.context.wrap_socket(plain, server_side=True)
            server = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self.copy, args=(server, client, False), daemon=True).start()
            self.copy(client, server, True)

    @staticmethod
    def copy(source, target, is_request):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_request:
                    data = data.replace(b"\r\nHost:", b"\r\nX-Forwarded-Proto: https\r\nHost:")
                target.sendall(data)
            target.close()


def test_certificates_are_verified(world):
    proxy = TlsProxy(world)
    world.uses_socket = True
    address = {"SLACK_API_URL": f"https://localhost:{proxy.port}/api/"}
    engine = world.engine(extra_env=address, wait=False)
    engine.wait_ready()
    wait_for("the status", lambda: "certificate" in (service(engine)["status"] or "").lower())
    equal(world.sandbox.socket()["opened"], 0, "connections with a certificate that nobody vouches for")
    engine.process.stop()
    engine = world.engine(extra_env={**address, "SSL_CERT_FILE": proxy.cert})
    got = world.sandbox.send("slash_commands", command(world, f"open P5 {TITLE}"))
    check(got["is_acked"], f"over TLS: {got}")
    engine.process.stop()
    proxy.listener.close()
