"""64 writers on one incident at once: every change that was answered is on the timeline once, in one consistent log."""
import json
import threading
from collections import Counter

from flows import declare_by_api
from harness import check, equal

WRITERS = 64


def change(engine, key, number):
    """What the writer <number> does: a message, a priority, or a role's word; all on incident 1."""
    if number % 4 == 3:
        return engine.api("PATCH", "incidents/1/", {"title": f"Renamed by writer {number}", "message": f"word {number}"}, key)
    return engine.api("POST", "incidents/1/updates/", {"message": f"word {number}"}, key)


def test_64_writers_leave_a_consistent_log(world):
    engine = world.engine()
    declare_by_api(engine)
    key, answers, start = world.api_key(engine), {}, threading.Barrier(WRITERS)

    def write(number):
        start.wait()
        answers[number] = change(engine, key, number).status

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(set(answers.values()) <= {200, 201}, f"all are answered: {Counter(answers.values())}")
    detail = json.loads(world.cli("incident", "show", "1", "--json").stdout)
    said = [one["message"] for one in detail["updates"] if (one["message"] or "").startswith("word ")]
    equal(sorted(said), sorted(f"word {number}" for number in range(WRITERS)), "each message once")
    titles = [one["title"] for one in detail["updates"] if (one["title"] or "").startswith("Renamed")]
    equal(len(titles), WRITERS // 4, "each renaming is a record")
    check(detail["title"] in titles, f"the last one stands: {detail['title']}")
    verified = json.loads(world.cli("verify", "--json").stdout)
    check(verified["is_intact"], f"the log is whole: {verified}")
    engine.process.stop()
