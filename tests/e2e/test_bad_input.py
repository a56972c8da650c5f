"""Odd, broken and hostile input: a clear message to whoever sent it, nothing half-made, nothing lost, the process lives."""
import json
import socket
import time

from flows import TITLE, declare_by_api
from harness import HOOK, check, equal, fetch


def test_forged_requests_are_refused(world):
    engine = world.engine()
    body = "command=%2Fincident&text=open+P1+" + "a" * 20 + "&user_id=U0001&channel_id=C0GENERAL&trigger_id=1"
    for what, options in (("another secret", {"secret": "wrong"}), ("an old timestamp", {"timestamp": int(time.time()) - 400}),
                          ("a future timestamp", {"timestamp": int(time.time()) + 400}), ("no number", {"timestamp": "soon"})):
        equal(engine.signed(body, **options).status, 401, f"signature with {what}")
    equal(fetch(engine.url + HOOK, "POST", body.encode()).status, 401, "no signature at all")
    equal(json.loads(world.cli("incident", "list", "--json").stdout), [], "incidents after forged requests")
    engine.process.stop()


def test_commands_answer_clearly(world):
    engine = world.engine()
    world.sync(engine)
    def said(text, **more):
        answer = engine.command(text, **more)
        equal(answer.status, 200, f"/incident {text[:30]}")
        return json.dumps(answer.json, ensure_ascii=False) if answer.body.strip() else ""
    check("open" in said("help"), "help names open")
    check("open" in said(""), "no words: help")
    check("open" in said("opne"), "a typing mistake: did you mean")
    check(said("open P2 short"), "a short title is answered")
    check(said("open P9 " + TITLE), "an unknown priority is answered")
    check(said("open P2 " + "x" * 10000), "a title of 10,000 characters is answered")
    equal(json.loads(world.cli("incident", "list", "--json").stdout), [], "nothing half-made")
    said("open P4 " + "🔥 تعطل الدفع ‮RTL <!channel> & <script>")
    rows = json.loads(world.cli("incident", "list", "--json").stdout)
    equal(len(rows), 1, "emoji and right-to-left text are fine")
    page = engine.get(f"/incident/{rows[0]['id']}/").text
    check("<script>" not in page.replace("<script src", ""), "the page escapes")
    engine.process.stop()


def test_unknown_people_views_and_triggers(world):
    engine = world.engine()
    world.sync(engine)
    for user in ("U_NOBODY", "", "x" * 500):
        check(engine.command(f"open P2 {TITLE}", user=user).status == 200, f"user {user[:10]!r}")
    late = world.sandbox.trigger()
    time.sleep(3.2)
    equal(engine.command("open", trigger=late).status, 200, "an expired trigger")
    ghost = {"id": "V999", "callback_id": "no_such_view", "private_metadata": "", "blocks": [], "hash": "1"}
    check(engine.submit(ghost, {}).status < 500, "an unknown view")
    ghost["callback_id"] = "incident_open"
    answer = engine.submit(ghost, {})
    equal(answer.status, 200, "a submission without its draft")
    equal(engine.event({"type": "no_such_event"}).status, 200, "an unknown event")
    check(engine.process.is_alive(), "the engine lives")
    engine.process.stop()


def test_rest_refuses_with_reasons(world):
    engine = world.engine()
    equal(engine.get("/api/v2/firefighter/incidents/").status, 401, "no key")
    equal(engine.api("GET", "incidents/", key="hk_" + "0" * 40).status, 401, "an unknown key")
    equal(engine.api("GET", "incidents/999/").status, 404, "an unknown incident")
    equal(engine.api("GET", "incidents/abc/").status, 404, "an id that is no number")
    answer = engine.api("POST", "incidents", {"title": "x" * 129})
    equal(answer.status, 400, "a wrong incident")
    wrong = {error["attr"] for error in answer.json["errors"]}
    check({"title", "description", "priority_id", "created_by_email"} <= wrong, f"every wrong field is named: {wrong}")
    read_only = engine.key("read")
    equal(engine.api("POST", "incidents", {}, key=read_only).status, 403, "a key that may only read")
    auth = {"Authorization": "Bearer " + world.api_key(engine)}
    broken = fetch(engine.url + "/api/v2/firefighter/incidents", "POST", b"{", {"Content-Type": "application/json", **auth})
    equal((broken.status, broken.json["errors"][0]["code"]), (400, "parse_error"), "broken JSON")
    other = fetch(engine.url + "/api/v2/firefighter/incidents", "POST", b"x", {"Content-Type": "text/plain", **auth})
    equal(other.status, 415, "another content type")
    deep = fetch(engine.url + "/api/v2/firefighter/incidents", "POST", b"[" * 20000, {"Content-Type": "application/json", **auth})
    equal(deep.status, 400, "20,000 brackets")
    nul = engine.api("POST", "incidents", {"title": "a\u0000bcdefghijklmno", "description": "y"})
    equal(nul.status, 400, "a NUL in the title")
    big = fetch(engine.url + HOOK, "POST", b"x" * 3_000_000)
    check(big.status in (400, 401, 413), f"three megabytes: {big.status}")
    engine.process.stop()


def test_dedup_key_answers_the_open_incident(world):
    engine = world.engine()
    first = declare_by_api(engine, dedup_key="monitor-7")
    again = declare_by_api(engine, dedup_key="monitor-7", title="Another title of the same alarm")
    equal(again["id"], first["id"], "the incident of the second call")
    equal(again["title"], first["title"], "nothing was changed")
    engine.process.stop()


def test_slow_and_broken_connections(world):
    engine = world.engine()
    slow = [socket.create_connection(("127.0.0.1", engine.port)) for _ in range(50)]
    for connection in slow:
        connection.send(b"POST " + HOOK.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Le")
    equal(engine.command("help").status, 200, "a command beside 50 slow connections")
    for connection in slow:
        connection.close()
    with socket.create_connection(("127.0.0.1", engine.port)) as connection:
        connection.send(b"\x00\xff garbage\r\n\r\n")
        connection.recv(1000)
    equal(engine.command("help").status, 200, "a command afterwards")
    engine.process.stop()


def test_pages_answer_only_local_names(world):
    engine = world.engine()
    equal(engine.get("/").status, 200, "the dashboard from here")
    equal(engine.get("/", headers={"Host": "evil.example"}).status, 403, "the dashboard under a foreign name")
    equal(engine.get("/incident/12345/").status, 404, "the page of an unknown incident")
    equal(engine.get("/no/such/page").status, 404, "an unknown page")
    engine.process.stop()


def test_command_line_teaches(world):
    check("serve" in world.cli("help").stdout, "help lists the commands")
    wrong = world.cli("srve", ok=False)
    equal(wrong.returncode, 2, "exit code of an unknown command")
    check("serve" in wrong.stdout + wrong.stderr, "it suggests the right one")
    missing = world.cli("incident", "open", ok=False)
    check(missing.returncode == 2 and "--title" in missing.stdout + missing.stderr, "missing options are named")


def put(world, old, new):
    with open(world.config) as file:
        text = file.read()
    check(old in text, f"the config holds {old!r}")
    world.write("config.lua", text.replace(old, new, 1))


def test_check_refuses_what_the_engine_would(world):
    with open(world.config) as file:
        good = file.read()
    engine = world.engine()
    for old, new, wanted in (("usergroups = {", 'usergroups = { { handle = "x", categories = { "Paymnt" } },',
                              'slack.usergroups[1].categories[1]: there is no category "Paymnt"'),
                             ("conversations = {", 'conversations = { { id = "general" },', "slack.conversations[1].id: must be a conversation's id")):
        put(world, old, new)
        line = next(number for number, text in enumerate(open(world.config), 1) if new in text)
        offline, running = world.cli("check", ok=False), world.cli("reload", ok=False)
        equal((offline.returncode, running.returncode), (1, 1), f"{wanted}: {offline.stderr}{running.stderr}")
        check(f"config.lua:{line} {wanted}" in offline.stderr, f"{wanted}: {offline.stderr}")
        check(wanted.split(": ")[1] in running.stderr, f"{wanted}: {running.stderr}")
        world.write("config.lua", good)
    put(world, 'defaults = { category = "Other"', 'defaults = { category = "Othr"')
    check('defaults.category: there is no category "Othr"' in world.cli("check", ok=False).stderr, "the check")
    world.cli("reload")
    check('defaults.category: there is no category \\"Othr\\"' in engine.process.tail(), f"the engine warns: {engine.process.tail()}")
    engine.process.stop()
