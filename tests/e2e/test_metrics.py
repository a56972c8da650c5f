"""/metrics is read by Prometheus, which refuses a whole page for one wrong line; and it says what has happened."""
import re

from flows import declare_by_api
from harness import check, equal, fetch

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"^({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?(?:[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)|\+Inf|NaN)$")
OF_HISTOGRAM = re.compile(r"_(bucket|sum|count)$")


def family_of(name, types):
    short = OF_HISTOGRAM.sub("", name)
    return short if types.get(short) == "histogram" else name


def parse(text):
    """{(name, labels): value}; fails where Prometheus's text format 0.0.4 is not kept."""
    check(text.endswith("\n"), "the last line has its end")
    types, helps, samples, order = {}, set(), {}, []
    for number, line in enumerate(text.split("\n")[:-1], 1):
        where = f"line {number}: {line!r}"
        comment = re.match(rf"^# (HELP|TYPE) ({NAME}) (.+)$", line)
        if comment and comment[1] == "HELP":
            check(comment[2] not in helps, f"one HELP a name, {where}")
            helps.add(comment[2])
        elif comment:
            check(comment[3] in ("counter", "gauge", "histogram"), f"a known type, {where}")
            check(comment[2] not in types, f"one TYPE a name, {where}")
            types[comment[2]] = comment[3]
        else:
            found = SAMPLE.match(line)
            check(found, f"a sample, {where}")
            family = family_of(found[1], types)
            check(family in types and family in helps, f"HELP and TYPE stand before it, {where}")
            check(family not in order or order[-1] == family, f"the samples of a name stand together, {where}")
            order.append(family)
            check((found[1], found[2]) not in samples, f"once, {where}")
            check(types[family] != "counter" or found[1].endswith("_total"), f"a counter's name ends with _total, {where}")
            samples[found[1], found[2]] = float(found[3])
    check_histograms({name for name, kind in types.items() if kind == "histogram"}, samples)
    return samples


def check_histograms(names, samples):
    for name in names:
        buckets = {}
        for (sample, labels), value in samples.items():
            if sample == name + "_bucket":
                rest, bound = re.match(r'^(.*),le="([^"]+)"$', labels).groups()
                buckets.setdefault(rest, []).append((float(bound.replace("+Inf", "inf")), value))
        check(buckets, f"{name} has buckets")
        for rest, steps in buckets.items():
            equal(sorted(bound for bound, _ in steps), [bound for bound, _ in steps], f"the bounds of {name} of {rest} rise")
            equal(sorted(count for _, count in steps), [count for _, count in steps], f"{name} of {rest} rises")
            equal([steps[-1]], [(float("inf"), samples[name + "_count", rest])], f"the last bucket of {name} of {rest} has all")
            check((name + "_sum", rest) in samples, f"{name} of {rest} has a sum")


def value(samples, name, labels=None):
    check((name, labels) in samples, f"{name}{{{labels}}} is there")
    return samples[name, labels]


def test_prometheus_can_read_it(world):
    engine = world.engine()
    world.sync(engine)
    answer = engine.get("/metrics")
    equal(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8", "the type that names the format")
    before = parse(answer.text)
    equal(value(before, "halligan_ready"), 1, "ready")
    declare_by_api(engine, title="Something to count")
    for odd in ("/nowhere", "/%22%5c%0a", "/incident/1/", "/" + "%C3%A9" * 400):
        engine.get(odd)
    fetch(engine.url + "/readyz", method="BREW")
    engine.settled()
    text = engine.get("/metrics").text
    after = parse(text)
    for name in ("halligan_jobs_done_total", "halligan_store_commits_total", "halligan_store_writes_total", "halligan_tasks_started_total"):
        check(value(after, name) > value(before, name), f"{name} has grown")
    check(any(labels and labels.startswith('method="other"') and labels.endswith('status="405"') for _, labels in after), "an unknown method is counted as other")
    check(any(labels and 'route="none",status="404"' in labels for _, labels in after), "paths that nobody knows share a label")
    check("Something to count" not in text and "nowhere" not in text, "no words of people, nor what strangers ask for")
    engine.process.stop()
