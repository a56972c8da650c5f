"""Webhooks: a receiver that checks signatures as Standard Webhooks lays down, tries and replays, and what is told to nobody."""
import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

from flows import declare_by_api, ready_channel
from harness import check, equal, wait_for

KEY = b"a key of thirty-two bytes or so."
SECRET = "whsec_" + base64.b64encode(KEY).decode()


class Receiver:
    """Keeps what it is sent; answers what `answers` says, then 204."""

    def __init__(self):
        self.messages, self.answers = [], []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.messages.append((self.path, dict(self.headers.items()), body))
                status = owner.answers.pop(0) if owner.answers else 204
                text = b"" if status == 204 else b"not now"
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def sent_to(self, path):
        return [(headers, body) for at, headers, body in self.messages if at == path]

    def kinds(self, path):
        return [json.loads(body)["type"] for _, body in self.sent_to(path)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def header(headers, name):
    return next(value for key, value in headers.items() if key.lower() == name)


def assert_signed(headers, body):
    at = header(headers, "webhook-timestamp")
    check(abs(time.time() - int(at)) < 60, f"a fresh timestamp, not {at}")
    signed = f"{header(headers, 'webhook-id')}.{at}.".encode() + body
    wanted = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    equal(header(headers, "webhook-signature"), "v1," + wanted, "the signature")


def begin(world, hooks):
    """`hooks`: Lua rows, with {url} and {secret} to be filled in."""
    receiver = Receiver()
    rows = hooks.replace("{url}", receiver.url).replace("{secret}", 'secret("HOOK_SECRET")')
    with open(world.config) as file:
        text = file.read()
    with open(world.config, "w") as file:
        file.write(text.replace("  webhooks = {", f"  webhooks = {{ {rows}", 1))
    return receiver, world.engine(extra_env={"HOOK_SECRET": SECRET})


def cli_json(world, *arguments):
    return json.loads(world.cli("webhook", *arguments, "--json", extra_env={"HOOK_SECRET": SECRET}).stdout)


def test_deliveries_are_signed_and_logged(world):
    receiver, engine = begin(world, '{ name = "page", url = "{url}/page", secret = {secret} },'
                                    '{ name = "ends", url = "{url}/ends", secret = {secret}, events = { "incident.closed" } }')
    incident = declare_by_api(engine)
    wait_for("the delivery", lambda: "incident.created" in receiver.kinds("/page"))
    for headers, body in receiver.sent_to("/page"):
        assert_signed(headers, body)
    told = next(json.loads(body) for _, body in receiver.sent_to("/page") if b"incident.created" in body)
    equal(told["data"]["incident"]["id"], incident["id"], "the incident that is told of")
    engine.api("POST", f"incidents/{incident['id']}/close", {"closure_reason": "cancelled", "message": "It was a drill"})
    wait_for("the closing", lambda: receiver.kinds("/ends") == ["incident.closed"])
    wait_for("the log", lambda: all(row["waiting"] == 0 for row in cli_json(world, "list")))
    admin = engine.key("read admin")
    hooks = engine.api("GET", "webhooks/", key=admin).json
    equal([hook["name"] for hook in hooks], ["ends", "page"], "webhooks")
    equal(hooks[0]["delivered"], 1, "delivered to one that wants closings only")
    rows = engine.api("GET", "webhooks/ends/deliveries/?state=delivered&limit=1", key=admin).json
    equal([(row["event"], row["state"], row["status"]) for row in rows], [("incident.closed", "delivered", 204)], "its deliveries")
    detail = engine.api("GET", f"webhooks/deliveries/{rows[0]['id']}/", key=admin).json
    equal(detail["body"].encode(), receiver.sent_to("/ends")[0][1], "the body in the log")
    check("secret" not in json.dumps(hooks) and SECRET not in json.dumps(hooks), "the API tells no secret")
    equal(engine.api("GET", "webhooks/").status, 403, "without the scope admin")
    for query, field in (("limit=x", "limit"), ("state=lost", "state")):
        answer = engine.api("GET", "webhooks/ends/deliveries/?" + query, key=admin)
        equal((answer.status, answer.json["errors"][0]["attr"]), (400, field), query)
    equal(engine.api("GET", "webhooks/nobody/deliveries/", key=admin).status, 404, "a webhook that is not there")
    receiver.close()
    engine.process.stop()


def test_failures_are_tried_again_and_replayed(world):
    receiver, engine = begin(world, '{ name = "page", url = "{url}/page", secret = {secret}, events = { "incident.created" } }')
    receiver.answers = [503, 500]
    declare_by_api(engine)
    wait_for("three tries", lambda: len(receiver.messages) == 3, 40)
    row = wait_for("the end", lambda: next((one for one in cli_json(world, "deliveries", "page") if one["state"] == "delivered"), None))
    tries = cli_json(world, "show", str(row["id"]))["tries"]
    equal([one["status"] for one in tries], [503, 500, 204], "answers in the log")
    equal(tries[0]["answer"], "not now", "how the answer began")
    first = receiver.sent_to("/page")[0]
    for headers, body in receiver.sent_to("/page"):
        assert_signed(headers, body)
        equal((header(headers, "webhook-id"), body), (header(first[0], "webhook-id"), first[1]), "each try")
    equal(cli_json(world, "replay", str(row["id"])), {"count": 1}, "replay by the command line")
    wait_for("the replay", lambda: len(receiver.messages) == 4)
    admin = engine.key("read write admin")
    answer = engine.api("POST", f"webhooks/deliveries/{row['id']}/replay", key=admin)
    equal((answer.status, answer.json), (202, {"count": 1}), "replay by the API")
    wait_for("the second replay", lambda: len(receiver.messages) == 5)
    for headers, body in receiver.sent_to("/page")[3:]:
        assert_signed(headers, body)
        equal((header(headers, "webhook-id"), body), (header(first[0], "webhook-id"), first[1]), "a replay")
    equal(engine.api("POST", "webhooks/deliveries/99999/replay", key=admin).status, 404, "replay of nothing")
    receiver.close()
    engine.process.stop()


def test_gone_is_the_end_and_failed_ones_are_replayed_together(world):
    receiver, engine = begin(world, '{ name = "page", url = "{url}/page", secret = {secret}, events = { "incident.created" } }')
    receiver.answers = [410]
    declare_by_api(engine)
    wait_for("the failure", lambda: cli_json(world, "list")[0]["failed"] == 1)
    equal(len(receiver.messages), 1, "tries after 410")
    shown = world.cli("webhook", "deliveries", "--state", "failed", extra_env={"HOOK_SECRET": SECRET}).stdout
    check("410 not now" in shown, "the table says why: " + shown)
    equal(cli_json(world, "replay", "--failed-of", "page"), {"count": 1}, "replayed")
    wait_for("the delivery", lambda: cli_json(world, "list")[0]["delivered"] == 1)
    check(world.cli("webhook", "replay", ok=False).returncode == 2, "neither an id nor --failed-of")
    receiver.close()
    engine.process.stop()


def test_private_incidents_are_told_to_those_who_may_hear(world):
    receiver, engine = begin(world, '{ name = "open", url = "{url}/open", secret = {secret} },'
                                    '{ name = "closed", url = "{url}/closed", secret = {secret}, private = true }')
    declare_by_api(engine, category="Data Breach", title="The canary sings at night")
    wait_for("the one that may hear", lambda: "incident.created" in receiver.kinds("/closed"))
    declare_by_api(engine, title="Something that all may know")
    wait_for("the other", lambda: "incident.created" in receiver.kinds("/open"))
    engine.settled()
    check(not any(b"canary" in body for _, body in receiver.sent_to("/open")), "a private incident was told")
    admin = engine.key("read admin")
    log = engine.api("GET", "webhooks/closed/deliveries/", key=admin).json
    public = {json.loads(body)["data"]["incident"]["id"] for _, body in receiver.sent_to("/open")}
    equal({row["incident_id"] for row in log}, public, "a key that sees no private incidents is not shown their deliveries")
    receiver.close()
    engine.process.stop()


def test_a_record_that_is_edited_or_taken_away_is_told(world):
    receiver, engine = begin(world, '{ name = "line", url = "{url}/line", secret = {secret}, events = { "update.edited", "update.deleted" } }')
    declare_by_api(engine)
    channel = wait_for("the pinned announcement", lambda: ready_channel(world)["pins"] and ready_channel(world)["id"])
    message = world.sandbox.say(channel, "U0001", "The certificate ran out.")

    def do(what, **more):
        engine.event(world.sandbox.message_act(what, channel, message["ts"], **more), event_id="EvW" + what)

    do("react", reaction="mega")
    wait_for("the record", lambda: "The certificate" in engine.api("GET", "incidents/1/updates/").text)
    do("edit", text="It ran out at ten.")
    wait_for("the edit", lambda: receiver.kinds("/line") == ["update.edited"])
    do("unreact", reaction="mega")
    wait_for("the end", lambda: receiver.kinds("/line") == ["update.edited", "update.deleted"])
    changes = [json.loads(body)["data"]["change"] for _, body in receiver.sent_to("/line")]
    equal(changes[0], changes[1], "both name the record")
    check(changes[0]["update_id"], f"by its id: {changes[0]}")
    receiver.close()
    engine.process.stop()
