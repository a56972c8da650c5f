"""A private incident says nothing to those who are not part of it: a canary word walks through every output."""
import json

from flows import declare_by_api
from harness import check, equal

CANARY = "canary-5e1b"


def declare_secret(engine):
    made = declare_by_api(engine, title=f"The {CANARY} of the vault sings", category="Data Breach",
                          created_by_email="keiko.tanaka@example.test")
    insider = engine.key("read write private")
    for method, path, body in (("POST", "updates/", {"message": f"{CANARY} in a message"}), ("PUT", "tags/", {"tags": [CANARY]}),
                               ("PATCH", "custom-fields/", {"custom_fields": {"note": CANARY}}),
                               ("POST", "costs/", {"cost_type": "Lost sales", "amount": "1", "details": CANARY})):
        answer = engine.api(method, f"incidents/{made['id']}/{path}", body, insider)
        check(answer.status in (200, 201, 400), f"{path}: {answer.status} {answer.text}")
    shown = engine.api("GET", f"incidents/{made['id']}/", key=insider)
    check(CANARY in shown.text, "who may see it, sees it")
    return made["id"]


def reads_of(engine, number):
    """Every GET of the document, with the secret incident's number and words wherever something can be asked for."""
    document = engine.api("GET", "schema").json
    for path, methods in document["paths"].items():
        if "get" not in methods or "webhook" in path or not path.startswith("/api/"):
            continue
        yield path.split("/firefighter/", 1)[1].replace("{id}", str(number))
    for query in (f"search={CANARY}", f"search={number}", "format=csv&fields=__all__", "format=tsv", "limit=all&show_tags=true", f"id={number}",
                  "order_by=title", "ignore=false"):
        yield f"incidents/?{query}"
    yield f"incidents/{number}/?format=csv&fields=__all__"
    yield "incident_costs/?format=csv"


def test_the_canary_is_never_heard(world):
    engine = world.engine()
    world.sync(engine)
    declare_by_api(engine)
    number = declare_secret(engine)
    engine.settled()
    outsider = engine.key("read write")
    count = 0
    for path in reads_of(engine, number):
        answer = engine.api("GET", path, key=outsider)
        check(CANARY not in answer.text, f"GET {path} says it: {answer.text[:200]}")
        count += 1
    check(count >= 35, f"reads that were walked: {count}")
    for method, path, body in (("PATCH", "", {"title": "Let me see"}), ("POST", "close", {}), ("POST", "merge", {"into": 1}),
                               ("POST", "updates/", {"message": "hello"}), ("PUT", "tags/", {"tags": []})):
        answer = engine.api(method, f"incidents/{number}/{path}", body, outsider)
        equal(answer.status, 404, f"{method} {path}")
        check(CANARY not in answer.text, f"{method} {path} says it: {answer.text}")
    hidden, missing = (engine.api("POST", "incidents/1/merge", {"into": into}, outsider) for into in (number, number + 1000))
    equal((hidden.status, hidden.text), (missing.status, missing.text.replace(str(number + 1000), str(number))),
          "merging into it is as merging into nothing")
    for page in ("/", f"/incident/{number}/", "/metrics", "/healthz", "/readyz", "/debug/tasks"):
        check(CANARY not in engine.get(page).text, f"the page {page} says it")
    channels = [one for one in world.sandbox.channels() if CANARY in json.dumps(one["messages"])]
    check(all(one["is_private"] for one in channels), "only private channels speak of it")
    check(CANARY not in json.dumps(world.sandbox.channel("C0INCIDENTS")["messages"]), "no announcement to all")
    engine.process.stop()
    with open(engine.process.log_path) as log:
        check(CANARY not in log.read(), "the log says it")
