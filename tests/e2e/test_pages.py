"""The pages as a browser, a keyboard and a screen reader get them: whole HTML, landmarks, nothing foreign come to life, no script
needed, nothing from elsewhere, and both colour schemes."""
import contextlib
import hashlib
import html.parser
import os
import re
import sqlite3

from flows import declare_by_api, ready_channel
from harness import API, check, equal, fetch, post_json

HOSTILE = "<img src=x onerror=alert(1)> &lt;b&gt; \"' \u202eevil\u202c \u062a\u0639\u0637\u0644 \U0001f525 " + "long" * 10
SECRET = "The very secret takeover of a rival"
VOID = {"meta", "link", "img", "br", "hr", "input", "col", "wbr"}


class Page(html.parser.HTMLParser):
    """Checks that elements are closed in their order, and keeps them with their attributes and the page's words."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.words = [], [], []
        self.feed(text)
        self.close()
        equal(self.open, [], "elements that are not closed")

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        check(self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}")
        self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    def text(self):
        return " ".join(" ".join(self.words).split())


def read(engine, path, status=200):
    answer = engine.get(path)
    equal(answer.status, status, path)
    policy = answer.headers["content-security-policy"]
    check("default-src 'none'" in policy and "unsafe" not in policy, f"{path}: {policy}")
    check(answer.headers["content-type"].startswith("text/html; charset=utf-8"), f"{path}: its type")
    page = Page(answer.text)
    check(answer.text.startswith("<!doctype html>"), f"{path}: its document type")
    equal([attrs.get("lang") for attrs in page.all("html")], ["en"], f"{path}: its language")
    for tag in ("title", "main", "footer", "h1"):
        equal(len(page.all(tag)), 1, f"{path}: <{tag}>")
    check({"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta"), f"{path}: it fits a phone")
    check({"name": "color-scheme", "content": "light dark"} in page.all("meta"), f"{path}: both colour schemes")
    return page


def assert_reachable(page, path):
    """By keyboard and screen reader: the way past the top comes first, nothing takes the focus out of order."""
    links = page.all("a")
    equal((links[0].get("class"), links[0].get("href")), ("skip", "#content"), f"{path}: the first link")
    equal([attrs.get("id") for attrs in page.all("main")], ["content"], f"{path}: where it leads")
    for tag, attrs in page.elements:
        check(int(attrs.get("tabindex", "0")) <= 0, f"{path}: <{tag}> takes the focus out of order")
        check(tag != "img" or "alt" in attrs, f"{path}: an image without words")
        check(tag != "nav" or attrs.get("aria-label"), f"{path}: a navigation without a name")
        check(tag != "th" or attrs.get("scope"), f"{path}: a table's head without its scope")
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    check(all(b <= a + 1 for a, b in zip([0] + levels, levels)), f"{path}: headings {levels}")


def assert_harmless(page, path):
    for tag, attrs in page.elements:
        check(not [name for name in attrs if name.startswith("on") or name == "style"], f"{path}: <{tag} {attrs}>")
        for name in ("src", "href"):
            address = attrs.get(name, "/")
            check(tag == "a" or address.startswith("/"), f"{path}: <{tag}> loads {address}")
            check(not address.lower().startswith(("javascript:", "data:")), f"{path}: {address}")
    equal([attrs.get("src") for attrs in page.all("script")], ["/static/times.js"], f"{path}: scripts")


def test_the_pages_of_a_hostile_incident(world):
    engine = world.engine()
    world.sync(engine)
    declare_by_api(engine, title=HOSTILE)
    ready_channel(world)
    declare_by_api(engine, title=SECRET, category="Data Breach")
    engine.settled()
    for path in ("/", "/incident/1/"):
        page = read(engine, path)
        assert_reachable(page, path)
        assert_harmless(page, path)
        check("<img src=x onerror=alert(1)> &lt;b&gt; \"'" in page.text(), f"{path} says the title as it is: {page.text()}")
        check(SECRET not in engine.get(path).text, f"{path} keeps the secret")
        check("P1 PRD" in page.text().replace("\U0001f32a\ufe0f ", ""), f"{path}: words of neighbours are apart, for who hears them: {page.text()}")
        check(all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", attrs["datetime"]) for attrs in page.all("time")), f"{path}: its times")
        check(" ago" in page.text() if path == "/" else " UTC" in page.text(), f"{path} tells times without a script too")
        check(path == "/" or "Key event: Declared" in page.text(), f"{path} calls milestones by their names: {page.text()}")
    for path in ("/incident/2/", "/incident/77/"):
        page = read(engine, path, 404)
        check(SECRET not in page.text() and "does not exist, or it is not yours to see" in page.text(), f"{path}: {page.text()}")
    address = next(attrs["href"] for attrs in page.all("link") if attrs["rel"] == "stylesheet")
    style = fetch(engine.url + address).text
    equal(address, "/static/style.css?" + hashlib.sha256(style.encode()).hexdigest()[:12], "its address changes with it")
    for wanted in ("prefers-color-scheme: dark", ":focus-visible", "max-width"):
        check(wanted in style, f"the style sheet knows {wanted}")
    order = [words for words in re.findall(r"<h2>(.*?)</h2>", engine.get("/incident/1/").text) if words in ("Facts", "Timeline")]
    equal(order, ["Facts", "Timeline"], "what a phone shows first also comes first for a keyboard")
    engine.process.stop()


def test_a_long_timeline_shows_its_newest_first_and_the_rest_when_asked(world):
    engine = world.engine()
    world.sync(engine)
    declare_by_api(engine, priority="P4")
    key = {"Authorization": f"Bearer {world.api_key(engine)}"}
    for number in range(205):
        equal(post_json(f"{engine.url}{API}incidents/1/updates/", {"message": f"Note {number}."}, key).status, 201, f"note {number}")
    page = read(engine, "/incident/1/")
    check("Note 204." in page.text() and "Note 4." not in page.text(), "the newest 200")
    link = next(attrs["href"] for attrs in page.all("a") if "timeline" in attrs.get("href", ""))
    check("Show all 207 entries" in page.text(), f"how many there are: {page.text()[-600:]}")
    page = read(engine, "/incident/1/" + link.split("#")[0])
    check("Note 4." in page.text() and "Show all" not in page.text(), "all of it")
    equal([attrs.get("id") for attrs in page.all("section") if attrs.get("id") == link.split("#")[1]], ["timeline"], "where the link leads")
    engine.process.stop()


def test_what_failed_for_good_is_seen_at_once(world):
    engine = world.engine()
    world.sync(engine)
    world.sandbox.fault("bookmarks.add", "error", error="restricted_action", times=1)
    engine.command("open P1 Everything is down")
    engine.settled()
    page = read(engine, "/incident/1/")
    check("1 effects" not in page.text() and "One effect failed for good . Once the cause is mended," in page.text(), page.text()[:500])
    check("#effects" in [attrs.get("href") for attrs in page.all("a")], "the way to it")
    rows = re.findall(r"<code>integrations/slack/(\w+)</code>", engine.get("/incident/1/").text.split('id="effects"')[1].split("<details>")[0])
    equal(rows, ["bookmark"], "the effects that somebody has to look at; the others are folded")
    equal(len(page.all("details")), 1, "what is folded")
    engine.process.stop()


def test_more_incidents_than_a_page_shows_are_said_to_be_there(world):
    engine = world.engine()
    world.sync(engine)
    declare_by_api(engine)
    engine.settled()
    columns = ("title, description, status, priority_id, category_id, environment_id, created_by, response_type, created_at_ms, updated_at_ms")
    def fill(count):
        with contextlib.closing(sqlite3.connect(os.path.join(world.folder, "halligan.db"), timeout=30)) as db, db:
            db.executemany(f"INSERT INTO incident ({columns}) SELECT {columns} FROM incident WHERE id = 1 AND ? > 0", ((1,) for _ in range(count)))
    fill(499)
    check("500 incidents in progress" in read(engine, "/").text() and "newest" not in read(engine, "/").text(), "all that fit")
    fill(1)
    page = read(engine, "/")
    check("The newest 500 incidents in progress There are more:" in page.text(), page.text()[:300])
    equal(len([attrs for attrs in page.all("a") if attrs.get("class") == "incident"]), 500, "cards")
    check(not [attrs for attrs in page.all("a") if attrs.get("href") == "/incident/1/"], "the oldest is left out")
    engine.process.stop()


def test_the_worst_comes_first_within_each_status(world):
    engine = world.engine()
    world.sync(engine)
    for text in ("P3 The first of two", "P1 Everything is down", "P3 The second of two", "P2 Somebody looks at this one"):
        engine.command("open " + text)
    engine.settled()
    world.cli("incident", "update", "4", "--status", "investigating", "--message", "Somebody looks")
    page = read(engine, "/")
    equal(re.findall(r"#(\d+) ", page.text()), ["2", "3", "1", "4"], "the order of the cards")
    equal(re.findall(r"<h2>([^<]*) <span class=\"count\">(\d+)</span>", engine.get("/").text), [("Open", "3"), ("Investigating", "1")], "the columns")
    engine.process.stop()
