#!/usr/bin/env python3
"""Judges the built engine with the vendor conformance kit: its mock checks every request that the engine makes, its driver
speaks to the engine as Slack does. Fails on any violation, on a failed hostile case, and when the story did not happen."""
import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

SECRET = "conformance-signing-secret"
PATH = "/api/v2/firefighter/slack/incident/"
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get_json(url, data=None):
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        text = response.read().decode()
    return json.loads(text) if text.strip() else None


def wait_for(what, seconds, probe):
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            last = probe()
            if last:
                return last
        except OSError as error:
            last = error
        time.sleep(0.1)
    raise SystemExit(f"FAILED: {what} did not happen within {seconds} s (last: {last})")


class Kit:
    """The judge, copied to a folder of its own because npm writes beside it."""

    def __init__(self, judge, work):
        self.folder = os.path.join(work, "judge")
        shutil.copytree(judge, self.folder, ignore=shutil.ignore_patterns("node_modules"))
        for folder, _, _ in os.walk(self.folder):
            os.chmod(folder, 0o755)
        subprocess.run(["npm", "ci", "--omit=dev", "--no-audit", "--no-fund"], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.engine = None
        self.checks = 0
        self.failures = []

    def start_mock(self, log):
        self.process = subprocess.Popen(
            ["node", "vendor-mock.js", "--slack", str(self.port), "--pagerduty", "0", "--jira", "0", "--confluence", "0",
             "--users", "150", "--log", log], cwd=self.folder, stdout=subprocess.DEVNULL)
        wait_for("the vendor mock's start", 20, lambda: get_json(self.url + "/__summary") is not None)

    def drive(self, *deed, user=None):
        command = ["node", "slack-driver.js", "--engine", self.engine, "--secret", SECRET, "--mock", self.url,
                   "--commands", PATH, "--interactions", PATH, "--events", PATH]
        if user:
            command += ["--user", user]
        result = subprocess.run(command + list(deed), cwd=self.folder, capture_output=True, text=True, timeout=300)
        lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
        self.expect(result.returncode == 0, f"driver: {' '.join(deed)}", result.stdout[-3000:] + result.stderr[-2000:])
        return lines

    def expect(self, is_good, what, detail=""):
        self.checks += 1
        print(("ok    " if is_good else "FAILED ") + what, flush=True)
        if not is_good:
            self.failures.append(what)
            if detail:
                print(detail, flush=True)

    def state(self):
        return get_json(self.url + "/__state")

    def newest_view(self):
        views = self.state()["views"]
        return views[-1]["view"] if views else None

    def view_with(self, callback_id):
        views = [one["view"] for one in self.state()["views"] if one["view"].get("callback_id") == callback_id]
        return views[-1] if views else None


def start_engine(kit, halligan, work):
    port = free_port()
    environment = dict(os.environ, LISTEN=f"127.0.0.1:{port}", DATABASE=os.path.join(work, "halligan.db"),
                       BASE_URL=f"http://127.0.0.1:{port}", SLACK_BOT_TOKEN="xoxb-conformance", SLACK_SIGNING_SECRET=SECRET,
                       SLACK_API_URL=kit.url + "/api/", SLACK_INCIDENT_COMMAND="/incident")
    log = open(os.path.join(work, "engine.log"), "w")
    engine = subprocess.Popen([os.path.abspath(halligan), "serve", "--config", os.path.join(ROOT, "config.lua")],
                              cwd=work, env=environment, stderr=log, stdout=log)
    kit.engine = f"http://127.0.0.1:{port}"

    def ready():
        if engine.poll() is not None:
            raise SystemExit("FAILED: the engine ended at start:\n" + open(log.name).read()[-4000:])
        return urllib.request.urlopen(kit.engine + "/readyz", timeout=2).status == 200
    wait_for("the engine's readiness", 20, ready)
    return engine, environment


def incident_channels(kit):
    return [one for one in kit.state()["channels"] if not one.get("is_im") and one["name"] != "general"]


def judge_quick_declaration(kit):
    kit.drive("command", "/incident", "open", "P2", "Checkout answers with errors in all shops")
    channel = wait_for("the incident's channel with its announcement", 30,
                       lambda: next((one for one in incident_channels(kit) if one["messages"] and one["topic"]["value"]), None))
    kit.expect(channel["creator"] == "U0000000A", "the channel was made by the app")
    wait_for("the author's invitation", 30,
             lambda: "U100000001" in next(one for one in incident_channels(kit) if one["id"] == channel["id"])["members"])
    kit.expect(True, "the author is in the channel")


def selected(option):
    return {"type": "static_select", "selected_option": option}


def judge_modal(kit):
    """The creation flow: root, impacts, details, submit; asserted by what the mock holds afterwards."""
    before = len(incident_channels(kit))
    kit.drive("command", "/incident", "open")
    root = wait_for("the creation modal", 10, lambda: kit.view_with("incident_open"))
    button = find_element(root, "push_incident_select_impact")
    kit.expect(button is not None, "the creation modal has the impact button")
    kit.drive("press", "push_incident_select_impact", "--in-view")
    impact = wait_for("the impact modal", 10, lambda: kit.view_with("incident_select_impact"))
    values = {}
    for block in impact["blocks"]:
        element = block.get("element") or block.get("accessory")
        if element and element.get("action_id", "").startswith("set_impact_type_"):
            options = element["options"]
            values[block["block_id"]] = {element["action_id"]: selected(options[0])}
    kit.expect(len(values) >= 2, "the impact modal asks for each impact type")
    submit(kit, impact, values)
    root = wait_for("the creation modal with its details button", 10,
                    lambda: has_element(kit.view_with("incident_open"), "push_incident_unified"))
    press_in(kit, root, "push_incident_unified")
    details = wait_for("the details modal", 10, lambda: kit.view_with("open_incident_unified"))
    submit(kit, details, details_values(details, title="Short"), expect_errors="title")
    submit(kit, details, details_values(details, title="Payments are refused for every card"))
    root = wait_for("the creation modal ready to submit", 10,
                    lambda: (lambda view: view if view and view.get("submit") else None)(kit.view_with("incident_open")))
    submit(kit, root, {})
    wait_for("the second incident's channel", 30, lambda: len(incident_channels(kit)) > before)
    kit.expect(True, "the modal's incident has its channel")


def find_element(view, action_id):
    for block in view["blocks"]:
        for element in block.get("elements", []) + [block.get("accessory"), block.get("element")]:
            if element and element.get("action_id") == action_id:
                return element
    return None


def has_element(view, action_id):
    return view if view and find_element(view, action_id) else None


def details_values(view, title):
    values = {}
    for block in view["blocks"]:
        element = block.get("element")
        if block["type"] != "input" or not element:
            continue
        kind, action = element["type"], element["action_id"]
        if kind == "plain_text_input":
            text = {"title": title, "description": "All card payments answer with an error since ten o'clock."}
            values[block["block_id"]] = {action: {"type": kind, "value": text.get(block["block_id"])}}
        elif kind == "static_select":
            options = element.get("options") or element["option_groups"][0]["options"]
            values[block["block_id"]] = {action: {"type": kind, "selected_option": element.get("initial_option") or options[0]}}
        elif kind == "multi_static_select":
            chosen = element.get("initial_options") or element["options"][:1]
            values[block["block_id"]] = {action: {"type": kind, "selected_options": chosen}}
        elif kind == "checkboxes":
            values[block["block_id"]] = {action: {"type": kind, "selected_options": []}}
    return values


HELPER = """
import { SlackDriver } from './lib/driver.js';
const [engine, mock, secret, path, deed] = process.argv.slice(2);
const input = JSON.parse(await new Promise((resolve) => { let text = ''; process.stdin.on('data', (part) => { text += part; }).on('end', () => resolve(text)); }));
const driver = new SlackDriver({ engine, mock, signingSecret: secret, paths: { commands: path, interactions: path, events: path, options: path } });
const answer = deed === 'press' ? await driver.press(input.action, { view: input.view }) : await driver.submitView(input.view, input.values);
driver.close();
console.log(JSON.stringify(answer));
"""


def node(kit, deed, payload):
    script = os.path.join(kit.folder, "deed.mjs")
    if not os.path.exists(script):
        with open(script, "w") as out:
            out.write(HELPER)
    result = subprocess.run(["node", script, kit.engine, kit.url, SECRET, PATH, deed], input=json.dumps(payload), cwd=kit.folder,
                            capture_output=True, text=True, timeout=60)
    if result.returncode != 0:
        raise SystemExit("FAILED: the driver itself: " + result.stderr[-2000:])
    return json.loads(result.stdout)


def press_in(kit, view, action):
    answer = node(kit, "press", {"view": view, "action": action})
    kit.expect(answer["ok"], f"press {action}", json.dumps(answer)[:2000])


def submit(kit, view, values, expect_errors=None):
    answer = node(kit, "submit", {"view": view, "values": values})
    name = f"submit {view['callback_id']}"
    kit.expect(answer["ok"], name, json.dumps(answer)[:3000])
    body = answer.get("json") or {}
    if expect_errors:
        kit.expect(body.get("response_action") == "errors" and expect_errors in body.get("errors", {}),
                   f"{name}: the error stands at {expect_errors}", json.dumps(body)[:1000])
    else:
        kit.expect(body.get("response_action") != "errors", f"{name}: accepted", json.dumps(body)[:1000])


def judge_tasks(kit, halligan, environment):
    for task in ("slack.sync_users", "slack.sync_usergroups", "slack.sync_conversation_members"):
        result = subprocess.run([os.path.abspath(halligan), "task", "run", task, "--config", os.path.join(ROOT, "config.lua")],
                                env=environment, capture_output=True, text=True, timeout=120)
        kit.expect(result.returncode == 0, f"task {task}", result.stdout[-1000:] + result.stderr[-1000:])


def judge_manifest(kit, halligan, environment, work):
    result = subprocess.run([os.path.abspath(halligan), "manifest", "--public-url", "https://halligan.example.test",
                             "--config", os.path.join(ROOT, "config.lua")], env=environment, capture_output=True, text=True, timeout=30)
    path = os.path.join(work, "manifest.json")
    with open(path, "w") as out:
        out.write(result.stdout)
    kit.expect(result.returncode == 0, "halligan manifest", result.stderr[-1000:])
    kit.drive("manifest", path)


def judge_log(kit):
    summary = get_json(kit.url + "/__summary")
    findings = []
    if summary["violations"]:
        with urllib.request.urlopen(kit.url + "/__log?verdict=violation", timeout=10) as response:
            findings = response.read().decode().splitlines()[:10]
    kit.expect(summary["violations"] == 0, f"no violation in {summary['requests']} requests", "\n".join(line[:1500] for line in findings))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judge", required=True)
    parser.add_argument("--halligan", required=True)
    options = parser.parse_args()
    if not shutil.which("node") or not shutil.which("npm"):
        raise SystemExit("FAILED: the conformance judge needs node 20 or newer and npm")
    work = tempfile.mkdtemp(prefix="halligan-conformance-")
    kit = Kit(options.judge, work)
    engine = None
    try:
        kit.start_mock(os.path.join(work, "requests.jsonl"))
        engine, environment = start_engine(kit, options.halligan, work)
        kit.drive("verify")
        judge_tasks(kit, options.halligan, environment)
        judge_quick_declaration(kit)
        judge_modal(kit)
        kit.drive("command", "/incident", "help")
        kit.drive("command", "/incident", "opne")
        judge_manifest(kit, options.halligan, environment, work)
        kit.drive("hostile", "/incident")
        judge_log(kit)
        kit.expect(engine.poll() is None, "the engine is still alive")
        engine.send_signal(signal.SIGTERM)
        kit.expect(engine.wait(timeout=30) == 0, "the engine stops in good order")
    finally:
        for process in (engine, kit.process):
            if process and process.poll() is None:
                process.kill()
        if kit.failures and os.path.exists(os.path.join(work, "engine.log")):
            print("---- the engine's log, its end ----")
            print(open(os.path.join(work, "engine.log")).read()[-6000:])
        shutil.rmtree(work, ignore_errors=True)
    print(f"{kit.checks - len(kit.failures)} passed, {len(kit.failures)} failed")
    sys.exit(1 if kit.failures else 0)


if __name__ == "__main__":
    main()
