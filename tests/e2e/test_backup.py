"""A backup is taken under load, put back after a crash, and holds what was acknowledged before it; nothing migrates under an engine."""
import os
import shutil
import sqlite3
import threading

from harness import check, equal

NEWEST = "SELECT max(version) FROM schema_version"


def declare(engine, count, words):
    for number in range(count):
        equal(engine.command(f"open P5 {words} number {number}").status, 200, "a declaration")


def titles(path):
    with sqlite3.connect(path) as database:
        return {row[0] for row in database.execute("SELECT title FROM incident")}


def test_a_backup_under_load_comes_back_after_a_crash(world):
    engine = world.engine()
    world.sync(engine)
    declare(engine, 20, "before the backup")
    stop = threading.Event()

    def load():
        number = 0
        while not stop.is_set():
            engine.command(f"open P5 during the backup {number}")
            number += 1
    worker = threading.Thread(target=load)
    worker.start()
    backup = os.path.join(world.folder, "backup.db")
    try:
        world.cli("backup", backup)
    finally:
        stop.set()
        worker.join()
    kept = titles(backup)
    check({f"before the backup number {number}" for number in range(20)} <= kept, f"what was acknowledged is in it: {kept}")
    declare(engine, 60, "after the backup")
    refused = world.cli("restore", backup, ok=False)
    check(refused.returncode == 1 and "already serves" in refused.stderr, f"not under a running engine: {refused.stderr}")
    engine.process.kill()
    check(os.path.getsize(os.path.join(world.folder, "halligan.db-wal")) > 0, "the crash left a log behind")

    told = world.cli("restore", backup).stdout
    check("kept as" in told, f"it says where the old one is: {told}")
    old = told.split("kept as ")[1].strip().rstrip(".")
    check("after the backup number 59" in titles(old), "what was there is kept, with its log")
    equal(titles(os.path.join(world.folder, "halligan.db")), kept, "the database is the backup")
    check(os.path.exists(backup), "the backup is still there")
    engine = world.engine()
    check("intact" in world.cli("verify").stdout, "it is whole")
    declare(engine, 1, "life goes on")
    engine.process.stop()


def test_what_is_no_backup_is_not_restored(world):
    engine = world.engine()
    world.sync(engine)
    declare(engine, 3, "kept as it was")
    world.cli("backup", os.path.join(world.folder, "good.db"))
    engine.process.stop()
    before = titles(os.path.join(world.folder, "halligan.db"))

    def made(name, change):
        path = os.path.join(world.folder, name)
        shutil.copy(os.path.join(world.folder, "good.db"), path)
        change(path)
        return path

    def newer(path):
        with sqlite3.connect(path) as database:
            database.execute("INSERT INTO schema_version VALUES (999, 'later', 1)")

    def torn(path):
        with open(path, "r+b") as file:
            file.seek(4096 * 3)
            file.write(b"\xff" * 4096 * 5)

    def foreign(path):
        os.remove(path)
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE recipes (name TEXT)")

    def text(path):
        with open(path, "w") as file:
            file.write("This is a text, and no database at all. " * 200)
    for name, change, word in (("newer.db", newer, "999"), ("torn.db", torn, "damaged"), ("foreign.db", foreign, "another program"),
                               ("text.db", text, "not a database"), ("missing.db", os.remove, "missing.db")):
        result = world.cli("restore", made(name, change), ok=False)
        check(result.returncode == 1 and word in result.stderr, f"{name}: {result.stdout}{result.stderr}")
        equal(titles(os.path.join(world.folder, "halligan.db")), before, f"the database after {name}")
    left = [name for name in os.listdir(world.folder) if ".restore" in name or "replaced" in name]
    equal(left, [], "nothing is left lying about")


def test_no_command_migrates_under_a_running_engine(world):
    """After an upgrade of the files the old engine still runs: a backup of before the upgrade must stay possible."""
    engine = world.engine()
    path = os.path.join(world.folder, "halligan.db")
    with sqlite3.connect(path) as database:
        newest = database.execute(NEWEST).fetchone()[0]
        database.execute("DELETE FROM schema_version WHERE version = ?", (newest,))
    result = world.cli("job", "list", ok=False)
    check(result.returncode == 1 and "another version" in result.stderr, f"a command says so: {result.stdout}{result.stderr}")
    world.cli("backup", os.path.join(world.folder, "backup.db"))
    for one in (path, os.path.join(world.folder, "backup.db")):
        with sqlite3.connect(one) as database:
            equal(database.execute(NEWEST).fetchone()[0], newest - 1, f"the schema of {os.path.basename(one)}")
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO schema_version VALUES (?, 'put back', 1)", (newest,))
    engine.process.stop()
