"""Who gets in: strangers reach health and signed hooks, and signed hooks want their signature; pages and /debug are for this machine."""
import json

from harness import API, HOOK, check, equal, fetch

OPEN = ("/healthz", "/readyz", API + "monitoring/healthcheck", API + "monitoring/readiness")


def test_strangers_reach_health_only(world):
    engine = world.engine()
    for path in OPEN:
        equal(fetch(engine.url + path).status, 200, path)
    document = engine.api("GET", "schema", key=engine.key("read")).json
    asked = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path in OPEN or path == "/metrics":
                continue
            check(operation["security"], f"{method} {path} wants a key")
            answer = fetch(engine.url + path.replace("{", "").replace("}", ""), method.upper())
            equal((answer.status, answer.json["errors"][0]["code"]), (401, "not_authenticated"), f"{method} {path}")
            asked += 1
    check(asked >= 30, f"routes that were asked: {asked}")
    engine.process.stop()


def test_hooks_want_their_signature(world):
    engine = world.engine()
    body = b"command=%2Fincident&text=help&user_id=U0001&trigger_id=1"
    answer = fetch(engine.url + HOOK, "POST", body, {"Content-Type": "application/x-www-form-urlencoded"})
    equal(answer.status, 401, "without a signature")
    equal(engine.command("help").status, 200, "with one")
    equal(engine.signed("command=%2Fincident&text=help", secret="another secret").status, 401, "with another secret")
    engine.process.stop()


def test_debug_tasks_is_for_this_machine(world):
    engine = world.engine()
    answer = engine.get("/debug/tasks")
    equal(answer.status, 200, "from this machine")
    check(isinstance(json.loads(answer.text), list), answer.text)
    equal(engine.get("/debug/tasks", {"Host": "halligan.example"}).status, 403, "asked for by another name")
    engine.process.stop()
