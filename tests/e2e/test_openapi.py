"""The API's description: a real validator, a client generated from it, and real answers held against it (tests/openapi)."""
import os
import subprocess

from flows import declare_by_api
from harness import API, ROOT, check, equal, fetch

FOLDER = os.path.join(ROOT, "tests", "openapi")


def install():
    """The packages of the lock file, once."""
    mark = os.path.join(FOLDER, "node_modules", ".package-lock.json")
    lock = os.path.join(FOLDER, "package-lock.json")
    if not os.path.exists(mark) or os.path.getmtime(mark) < os.path.getmtime(lock):
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FOLDER, check=True, capture_output=True)


def test_the_document_is_valid_and_true(world):
    install()
    engine = world.engine()
    declare_by_api(engine)
    generated = os.path.join(world.folder, "generated")
    os.mkdir(generated)
    key = engine.key("read write admin")
    result = subprocess.run(["node", "check.mjs", engine.url, key, generated], cwd=FOLDER, capture_output=True, text=True, timeout=120)
    equal(result.returncode, 0, "tests/openapi/check.mjs: " + result.stdout + result.stderr)
    check("by a generated client" in result.stdout, result.stdout)
    engine.process.stop()


def test_the_document_is_public_when_the_config_says_so(world):
    engine = world.engine()
    equal(fetch(engine.url + API + "schema").status, 401, "without a key")
    engine.process.stop()
    with open(world.config) as file:
        text = file.read()
    with open(world.config, "w") as file:
        file.write(text.replace("  api = {", "  api = {\n    public_schema = true,", 1))
    engine = world.engine()
    equal(fetch(engine.url + API + "schema").json["openapi"], "3.1.0", "without a key, as the config says")
    equal(fetch(engine.url + API + "incidents/").status, 401, "and nothing else")
    engine.process.stop()
