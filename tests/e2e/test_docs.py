"""The pages of docs/ are true: docs/slack.md names all that there is, and what docs/api.md shows is taken."""
import glob
import http.server
import json
import os
import re
import subprocess
import tempfile
import threading
import urllib.parse

from harness import ROOT, check


def read(*path):
    with open(os.path.join(ROOT, *path)) as file:
        return file.read()


def test_the_page_about_slack_is_complete(world):
    page = read("docs", "slack.md")
    engine = world.engine()
    help_text = "\n".join(block["text"]["text"] for block in engine.command("help").json["blocks"] if block["type"] == "section")
    names = {re.sub(r" (#12|P2 what is broken)$", "", usage) for usage in re.findall(r"`/incident ([^`]+)`", help_text)}
    names |= {word for also in re.findall(r"\(or ([^)]*)\)", help_text) for word in re.findall(r"`([^`]+)`", also)}
    check({"open", "close", "sos sre", "update status"} <= names, f"the commands of help: {names}")
    wanted = {f"`{name}" for name in names}
    wanted |= {f"`{os.path.splitext(os.path.basename(path))[0]}`" for path in glob.glob(os.path.join(ROOT, "strategies", "tags", "*.lua"))}
    actions = re.search(r"M\.ACTIONS = \{(.*?)\}", read("scripts", "slack", "permit.lua"), re.S).group(1)
    wanted |= {f"`{action}`" for action in re.findall(r'"(\w+)"', actions)}
    wanted |= {f"`{one['name']}`" for one in json.loads(world.cli("task", "list", "--json").stdout) if one["name"].startswith("slack.")}
    manifest = json.loads(world.cli("manifest", "--socket").stdout)
    wanted |= {f"**{one['name']}**" for one in manifest["features"]["shortcuts"] if one["type"] == "message"}
    missing = sorted(one for one in wanted if one not in page)
    check(not missing, f"docs/slack.md does not name {missing}")
    engine.process.stop()


def test_the_manual_page_names_every_command(world):
    page = re.sub(r'\\(.)|["]', r"\1", read("docs", "halligan.1"))
    commands = [line[2:21].strip() for line in world.cli("help").stdout.split("First steps:")[0].split("\n") if line.startswith("  ")]
    check(len(commands) > 30 and "incident open" in commands, f"the commands of the help: {commands}")
    missing = [command for command in commands if not re.search(rf"^\.B[IR]? .*\b{command}\b", page, re.M)]
    check(not missing, f"docs/halligan.1 does not name {missing}")


def table_after(page, words):
    """The rows of the first table behind these words."""
    lines = page[page.index(words):].split("\n")
    first = next(i for i, line in enumerate(lines) if line.startswith("|---"))
    rows = []
    for line in lines[first + 1:]:
        if not line.startswith("|"):
            break
        rows.append(line)
    return rows


def test_what_the_page_about_the_api_shows_is_taken(world):
    page = read("docs", "api.md")
    engine = world.engine()
    ranges = [text for row in table_after(page, "Ranges of time") for text in re.findall(r"`([^`]+)`", row)]
    filters = ["created_at=" + urllib.parse.quote(text) for text in ranges]
    filters += [urllib.parse.quote(text, safe="=&,") for row in table_after(page, "In the default order") for text in re.findall(r"`([^`]+=[^`]+)`", row)]
    filters += [f"format={name}&{row.split('`')[1]}" for row in table_after(page, "## CSV and TSV") for name in ("csv", "tsv")]
    check(len(ranges) > 20 and len(filters) > len(ranges) + 5, f"what the page shows: {ranges} {filters}")
    for query in filters:
        answer = engine.api("GET", "incidents/?" + query)
        check(answer.status == 200, f"{query}: {answer.status} {answer.text}")
    refused = engine.api("GET", "incidents/?created_at=whenever")
    check(refused.status == 400, f"a range that is none: {refused.status}")
    kinds = re.findall(r'"(\w+\.\w+)"', read("scripts", "webhooks", "events.lua"))
    missing = [kind for kind in kinds if f"`{kind}`" not in page]
    check(kinds and not missing, f"docs/api.md does not name the events {missing}")
    routes = engine.api("GET", "schema").json["paths"]
    shown = re.findall(r"`(?:GET|POST|PUT|PATCH|DELETE)[^`]* (\S+)`", page)
    check(len(shown) > 5, f"the routes that the page shows: {shown}")
    for path in shown:
        known = "/api/v2/firefighter/" + path.replace("ID", "{id}").replace("PERSON", "{person}")
        check(known in routes, f"the route {known} is not in {sorted(routes)}")
    engine.process.stop()


def test_the_figures_to_alert_on_are_there(world):
    wanted = set(re.findall(r"\bhalligan_\w+", read("docs", "operating.md")))
    engine = world.engine()
    given = engine.get("/metrics").text
    check(len(wanted) > 5, f"the figures of the page: {wanted}")
    missing = sorted(name for name in wanted if f"\n{name} " not in given)
    check(not missing, f"/metrics does not tell {missing}")
    engine.process.stop()


def test_the_worked_example_of_a_strategy_works(world):
    section = read("docs", "strategies.md").split("## What happens when")[0]
    strategy, its_test = re.findall(r"```lua\n(.*?)```", section, re.S)
    os.mkdir(os.path.join(world.root, "drafts"))
    world.write("drafts/payments.lua", strategy)
    world.write("drafts/payments_test.lua", its_test)
    engine = world.engine()
    world.sync(engine)
    engine.command("open P1 #payment Nobody can pay")
    engine.settled()
    commands = re.sub(r"(?m)^    ", "", "".join(re.findall(r"^    .*\n", re.sub(r"(?s)```lua.*?```", "", section), re.M)))
    check(len(re.findall(r"\bhalligan ", commands)) == 6, f"what the page shows: {commands}")
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "halligan"), "w") as file:
            file.write(f'#!/bin/sh\nexec "{world.binary}" "$@" --config "{world.config}"\n')
        os.chmod(file.name, 0o755)
        done = subprocess.run(["sh", "-e", "-c", commands], cwd=world.root, capture_output=True, text=True, timeout=120, check=False,
                              env={**world.env(), "PATH": f"{folder}:{os.environ['PATH']}"})
    check(done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}")
    check("1 passed, 0 failed" in done.stdout and done.stdout.count("9     looks after payments") == 6, f"what they say: {done.stdout}")
    engine.process.stop()


def test_the_page_about_strategies_names_every_event(world):
    kinds = re.findall(r'"([a-z_]+\.[a-z_]+)"', read("engine", "core", "event.c").split("EVENT_KINDS[] = {")[1].split("};")[0])
    check(len(kinds) > 10, f"the engine's list is found: {kinds}")
    text = read("docs", "strategies.md")
    missing = [kind for kind in kinds if f"`{kind}`" not in text]
    check(not missing, f"events that the page does not name: {missing}")


class Pager(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps([{"service": "shop", "level": 1, "email": "keiko.tanaka@example.test"}]).encode()
        is_known = self.headers["Authorization"] == "Bearer secret"
        self.send_response(200 if is_known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_the_worked_example_of_an_on_call_provider_works(world):
    section = read("docs", "strategies.md").split("### Who is on call")[1]
    provider, schedule = re.findall(r"```lua\n(.*?)```", section, re.S)[:2]
    setting = re.search(r"`(pager = \{.*?\},)`", section).group(1)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pager)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        world.write("strategies/integrations/pager.lua", provider)
        world.write("strategies/schedules/pager_sync.lua", schedule)
        setting = setting.replace("https://pager.example.com", f"http://127.0.0.1:{server.server_port}").replace('secret("PAGER_TOKEN")', '"secret"')
        with open(world.config) as file:
            config = file.read()
        world.write("config.lua", config.replace("return {\n", "return {\n  " + setting + "\n", 1))
        engine = world.engine()
        world.sync(engine)
        world.cli("task", "run", "pager.sync")
        said = engine.command("oncall").json["text"]
        check("shop (level 1): <@" in said, f"who is on call now: {said}")
        engine.process.stop()
    finally:
        server.shutdown()
        server.server_close()
