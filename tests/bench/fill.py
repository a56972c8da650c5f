"""Fills a database with incidents, in SQL: a million through the kernel would take an hour. What the kernel writes in the transaction of a
change (search index, metrics, timeline) is written here as well; audit log, events and jobs of the past are not."""
import contextlib
import sqlite3

WORDS = ("checkout payment search catalog delivery order refund invoice login session cache queue worker database replica disk memory network"
         " gateway router region cluster node pod deploy rollback timeout latency error warning alert spike drop loss delay retry lock index"
         " price stock cart basket voucher coupon seller buyer partner support ticket mail push mobile desktop tablet browser page form button"
         " image video feed import export batch nightly weekly report ledger account profile address phone").split()
PEOPLE = 1000
MINUTES_APART = 5
OPEN = 200  # the newest; the rest is closed
NEWEST_MS = 1_795_000_000_000

# A word of incident i. Numbers are mixed, so that neighbours differ, and its other words too.
WORD = "(SELECT w FROM temp.word WHERE k = (i.n * {factor} + {salt} * 40503) % 4294967291 / 97 % {words})"
FACTORS = (2654435761, 2246822519, 3266489917, 668265263, 374761393, 2971215073)

STEPS = [
    """INSERT INTO person (id, username, email, name, created_at_ms, updated_at_ms)
       SELECT printf('bbbbbbbb-0000-4000-8000-%012d', n), 'bench' || n, 'bench' || n || '@example.test', 'Bench Person ' || n, 0, 0
       FROM temp.number WHERE n <= {people}""",
    """INSERT INTO incident (id, title, description, status, priority_id, category_id, environment_id, created_by, response_type,
                              is_private, is_ignored, created_at_ms, updated_at_ms, mitigated_at_ms, closed_at_ms)
       SELECT n, 'The ' || {w1} || ' ' || {w2} || ' of the shop ' || {w3}, 'Since the last ' || {w4} || ' customers see ' || {w5} ||
              ' when they open the ' || {w6} || '; case ' || n, CASE WHEN n > {count} - {open} THEN 10 + n % 5 * 10 ELSE 60 END,
              (SELECT id FROM temp.priority_of WHERE k = i.n % (SELECT count(*) FROM temp.priority_of)),
              (SELECT id FROM temp.category_of WHERE k = i.n % (SELECT count(*) FROM temp.category_of)),
              (SELECT id FROM temp.environment_of WHERE k = i.n % (SELECT count(*) FROM temp.environment_of)),
              {person}, 'critical', n % 200 = 0, n % 100 = 7, {at}, {at} + 3600000, {at} + 1800000, {at} + 3600000
       FROM temp.number i""",
    """INSERT INTO incident_update (id, incident_id, message, status, created_by, event_type, event_at_ms, created_at_ms)
       SELECT printf('%08x-%04d-4000-8000-%012d', i.n * 2654435761 % 4294967296, s.k, i.n), i.n,
              CASE s.k WHEN 1 THEN 'Looking into the ' || {w1} END, CASE s.k WHEN 0 THEN 10 WHEN 1 THEN 40 WHEN 2 THEN 60 END,
              {person}, CASE s.k WHEN 0 THEN 'declared' WHEN 1 THEN 'recovered' END, {at} + s.k * 1200000, {at} + s.k * 1200000
       FROM temp.number i, temp.step s""",
    """INSERT INTO incident_role (incident_id, role_type_id, person_id, created_at_ms)
       SELECT i.n, (SELECT id FROM role_type ORDER BY id LIMIT 1), {person}, {at} FROM temp.number i""",
    """INSERT INTO incident_member (incident_id, person_id, created_at_ms)
       SELECT DISTINCT i.n, printf('bbbbbbbb-0000-4000-8000-%012d', 1 + (i.n * 31 + s.k) % {people}), {at}
       FROM temp.number i, temp.step s WHERE s.k < 2""",
    """INSERT INTO incident_metric (incident_id, metric_type_id, duration_ms)
       SELECT i.n, t.id, i.n % 86400 * 1000 FROM temp.number i, metric_type t WHERE t.position < 3""",
    """INSERT INTO cost_type (id, name, created_at_ms, updated_at_ms) VALUES (1, 'Bench', 0, 0) ON CONFLICT DO NOTHING""",
    """INSERT INTO incident_cost (incident_id, cost_type_id, amount_cents, created_at_ms, updated_at_ms)
       SELECT i.n, 1, i.n, {at}, {at} FROM temp.number i WHERE i.n % 10 = 0""",
    """INSERT INTO incident_tag (incident_id, tag) SELECT i.n, 'tag' || i.n % 7 FROM temp.number i WHERE i.n % 10 = 1""",
    """INSERT INTO conversation (id, platform, external_id, name, status, type, incident_id, created_at_ms, updated_at_ms)
       SELECT printf('cccccccc-0000-4000-8000-%012d', i.n), 'slack', 'CBENCH' || i.n, 'inc-' || i.n, 'archived', 'public', i.n, {at}, {at}
       FROM temp.number i""",
    """INSERT INTO attachment (id, incident_id, kind, provider, key, url, created_at_ms, updated_at_ms)
       SELECT 'bench-' || i.n, i.n, 'ticket', 'bench', 'INC-' || i.n, 'https://tickets.example.test/INC-' || i.n, {at}, {at}
       FROM temp.number i WHERE i.n % 2 = 0""",
    """INSERT INTO incident_fts (incident_fts) VALUES ('rebuild')""",
]


def prepare(database, count):
    run = database.execute
    run("CREATE TEMP TABLE number (n INTEGER PRIMARY KEY)")
    run("WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ?) INSERT INTO temp.number SELECT n FROM s", (count,))
    run("CREATE TEMP TABLE word (k INTEGER PRIMARY KEY, w TEXT)")
    database.executemany("INSERT INTO temp.word VALUES (?, ?)", enumerate(WORDS))
    run("CREATE TEMP TABLE step (k INTEGER PRIMARY KEY)")
    database.executemany("INSERT INTO temp.step VALUES (?)", [(0,), (1,), (2,)])
    for table in ("priority", "category", "environment"):
        run(f"CREATE TEMP TABLE {table}_of (k INTEGER PRIMARY KEY, id TEXT)")
        rows = run(f"SELECT id FROM {table} WHERE is_active = 1 ORDER BY id").fetchall()
        database.executemany(f"INSERT INTO temp.{table}_of VALUES (?, ?)", [(k, row[0]) for k, row in enumerate(rows)])


def fill(path, count):
    """<path>: a database with the rows of the config and without incidents; nobody has it open."""
    values = {f"w{salt}": WORD.format(salt=salt, factor=FACTORS[salt - 1], words=len(WORDS)) for salt in range(1, 7)}
    values.update(count=count, open=OPEN, people=PEOPLE, at=f"({NEWEST_MS} - ({count} - i.n) * {MINUTES_APART * 60000})",
                  person=f"printf('bbbbbbbb-0000-4000-8000-%012d', 1 + i.n * 7 % {PEOPLE})")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = MEMORY")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -500000")
        database.execute("PRAGMA foreign_keys = OFF")
        prepare(database, count)
        database.execute("BEGIN")
        for step in STEPS:
            database.execute(step.format(**values))
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode = WAL")
