-- The kernel's tables. Times are UTC epoch milliseconds (`*_ms`), booleans are integers (`is_*`), JSON is text.
-- Ids: text UUIDs for people and reference rows, integers where the outside world reads numbers.
-- Checks of busy tables spell their values with OR: SQLite builds a temporary table for IN with more than two, at every insert.

-- ---- people ---------------------------------------------------------------------------------------------------
CREATE TABLE person (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    email TEXT UNIQUE,                      -- lower case; NULL when unknown
    name TEXT NOT NULL DEFAULT '',
    first_name TEXT NOT NULL DEFAULT '',
    last_name TEXT NOT NULL DEFAULT '',
    avatar TEXT,
    is_bot INTEGER NOT NULL DEFAULT 0,
    is_active INTEGER NOT NULL DEFAULT 1,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
);

-- A person on one chat platform. The engine knows no vendor: the name is data.
CREATE TABLE account (
    platform TEXT NOT NULL,
    external_id TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES person(id),
    handle TEXT,
    image TEXT,
    is_active INTEGER NOT NULL DEFAULT 1,
    digest TEXT,                            -- of the last synchronised profile; equal digest: nothing to do
    seen_at_ms INTEGER NOT NULL DEFAULT 0,  -- by the last synchronisation that met it
    updated_at_ms INTEGER NOT NULL,
    PRIMARY KEY (platform, external_id)
);
CREATE UNIQUE INDEX account_person ON account(person_id, platform);

-- ---- reference data, reconciled from config.lua by natural key; what disappears is deactivated ------------------
CREATE TABLE priority (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, value INTEGER NOT NULL UNIQUE, emoji TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '', position INTEGER NOT NULL DEFAULT 0, is_default INTEGER NOT NULL DEFAULT 0,
    needs_postmortem INTEGER NOT NULL DEFAULT 0, enabled_create INTEGER NOT NULL DEFAULT 1,
    enabled_update INTEGER NOT NULL DEFAULT 1, reminder_time_ms INTEGER NOT NULL DEFAULT 3600000,
    sla_ms INTEGER NOT NULL DEFAULT 3600000, recommended_response_type TEXT, is_active INTEGER NOT NULL DEFAULT 1,
    created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL
);
CREATE TABLE environment (
    id TEXT PRIMARY KEY, value TEXT NOT NULL UNIQUE, name TEXT NOT NULL, description TEXT NOT NULL DEFAULT '',
    position INTEGER NOT NULL DEFAULT 0, is_default INTEGER NOT NULL DEFAULT 0, is_active INTEGER NOT NULL DEFAULT 1,
    created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL
);
CREATE TABLE category_group (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT NOT NULL DEFAULT '', position INTEGER NOT NULL DEFAULT 0,
    is_active INTEGER NOT NULL DEFAULT 1, created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL
);
CREATE TABLE category (
    id TEXT PRIMARY KEY, group_id TEXT NOT NULL REFERENCES category_group(id), name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '', position INTEGER NOT NULL DEFAULT 0, is_private INTEGER NOT NULL DEFAULT 0,
    deploy_warning INTEGER NOT NULL DEFAULT 1, is_active INTEGER NOT NULL DEFAULT 1,
    created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, UNIQUE (group_id, name)
);
CREATE TABLE role_type (
    id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, emoji TEXT NOT NULL DEFAULT '',
    is_required INTEGER NOT NULL DEFAULT 0, position INTEGER NOT NULL DEFAULT 0, summary TEXT NOT NULL DEFAULT '',
    summary_first_person TEXT, description TEXT NOT NULL DEFAULT '', aka TEXT NOT NULL DEFAULT '',
    is_active INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE milestone_type (
    id INTEGER PRIMARY KEY, event_type TEXT NOT NULL UNIQUE, name TEXT NOT NULL, summary TEXT NOT NULL DEFAULT '',
    user_editable INTEGER NOT NULL DEFAULT 1, is_required INTEGER NOT NULL DEFAULT 0, asked_for INTEGER NOT NULL DEFAULT 1,
    description TEXT, position INTEGER NOT NULL DEFAULT 0, is_active INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE metric_type (
    id INTEGER PRIMARY KEY, type TEXT NOT NULL UNIQUE, code TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL DEFAULT '',
    milestone_end TEXT NOT NULL, milestone_start TEXT NOT NULL, position INTEGER NOT NULL DEFAULT 0,
    is_active INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE impact_type (
    id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE, name TEXT NOT NULL, emoji TEXT NOT NULL DEFAULT '',
    help_text TEXT NOT NULL DEFAULT '', position INTEGER NOT NULL DEFAULT 10, is_active INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE impact_level (
    id TEXT PRIMARY KEY, impact_type_id INTEGER NOT NULL REFERENCES impact_type(id), value TEXT NOT NULL
        CHECK (value IN ('HT','HI','MD','LO','LT','NO')),
    name TEXT NOT NULL DEFAULT '', emoji TEXT NOT NULL DEFAULT '', position INTEGER NOT NULL DEFAULT 10, description TEXT,
    is_active INTEGER NOT NULL DEFAULT 1, UNIQUE (impact_type_id, value)
);
CREATE TABLE cost_type (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT, category TEXT, is_default INTEGER NOT NULL DEFAULT 0,
    is_editable INTEGER NOT NULL DEFAULT 1, is_active INTEGER NOT NULL DEFAULT 1,
    created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL
);

-- ---- incidents --------------------------------------------------------------------------------------------------
CREATE TABLE incident (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL, description TEXT NOT NULL,
    status INTEGER NOT NULL DEFAULT 10 CHECK (status BETWEEN 10 AND 60 AND status % 10 = 0),
    priority_id TEXT NOT NULL REFERENCES priority(id),
    category_id TEXT NOT NULL REFERENCES category(id),
    environment_id TEXT NOT NULL REFERENCES environment(id),
    created_by TEXT NOT NULL REFERENCES person(id),
    response_type TEXT NOT NULL DEFAULT 'critical' CHECK (response_type IN ('critical','normal')),
    custom_fields TEXT NOT NULL DEFAULT '{}',
    dedup_key TEXT, closure_reason TEXT, closure_reference TEXT NOT NULL DEFAULT '',
    is_private INTEGER NOT NULL DEFAULT 0, is_ignored INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, mitigated_at_ms INTEGER, closed_at_ms INTEGER
);
CREATE UNIQUE INDEX incident_open_dedup_key ON incident(dedup_key) WHERE dedup_key IS NOT NULL AND status <= 40;
CREATE INDEX incident_status ON incident(status, id);
CREATE INDEX incident_created_at ON incident(created_at_ms);

CREATE TABLE incident_update (
    id TEXT PRIMARY KEY, incident_id INTEGER NOT NULL REFERENCES incident(id),
    message TEXT, status INTEGER, priority_id TEXT, category_id TEXT, environment_id TEXT, title TEXT, description TEXT,
    roles TEXT,                             -- JSON: slug -> person id or null, only the changed ones
    created_by TEXT REFERENCES person(id),  -- NULL: the system
    event_type TEXT, event_at_ms INTEGER NOT NULL, created_at_ms INTEGER NOT NULL
);
CREATE INDEX incident_update_incident ON incident_update(incident_id, event_at_ms);

CREATE TABLE incident_member (
    incident_id INTEGER NOT NULL REFERENCES incident(id), person_id TEXT NOT NULL REFERENCES person(id),
    created_at_ms INTEGER NOT NULL, PRIMARY KEY (incident_id, person_id)
) WITHOUT ROWID;
CREATE TABLE incident_role (
    incident_id INTEGER NOT NULL REFERENCES incident(id), role_type_id INTEGER NOT NULL REFERENCES role_type(id),
    person_id TEXT NOT NULL REFERENCES person(id), created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (incident_id, role_type_id, person_id)
) WITHOUT ROWID;
CREATE TABLE incident_impact (
    id INTEGER PRIMARY KEY, incident_id INTEGER NOT NULL REFERENCES incident(id),
    impact_type_id INTEGER NOT NULL REFERENCES impact_type(id), impact_level_id TEXT NOT NULL REFERENCES impact_level(id),
    details TEXT, UNIQUE (incident_id, impact_type_id)
);
CREATE TABLE incident_metric (
    incident_id INTEGER NOT NULL REFERENCES incident(id), metric_type_id INTEGER NOT NULL REFERENCES metric_type(id),
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0), PRIMARY KEY (incident_id, metric_type_id)
);
CREATE TABLE incident_cost (
    id INTEGER PRIMARY KEY, incident_id INTEGER NOT NULL REFERENCES incident(id), cost_type_id INTEGER NOT NULL REFERENCES cost_type(id),
    amount_cents INTEGER, details TEXT, created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL
);
CREATE INDEX incident_cost_incident ON incident_cost(incident_id);
CREATE TABLE incident_tag (
    incident_id INTEGER NOT NULL REFERENCES incident(id), tag TEXT NOT NULL, PRIMARY KEY (incident_id, tag)
);

-- ---- conversations and groups of a chat platform -----------------------------------------------------------------
CREATE TABLE conversation (
    id TEXT PRIMARY KEY, platform TEXT NOT NULL, external_id TEXT NOT NULL, name TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'opened' CHECK (status = 'not_opened' OR status = 'opened' OR status = 'archived'),
    type TEXT NOT NULL DEFAULT 'unknown' CHECK (type = 'unknown' OR type = 'public' OR type = 'private' OR type = 'dm' OR type = 'group_dm'),
    is_shared INTEGER NOT NULL DEFAULT 0, tag TEXT, url TEXT,
    incident_id INTEGER UNIQUE REFERENCES incident(id), -- set: the channel of this incident
    is_declared INTEGER NOT NULL DEFAULT 0,             -- comes from config.lua
    created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, UNIQUE (platform, external_id)
);
CREATE UNIQUE INDEX conversation_tag ON conversation(tag) WHERE tag IS NOT NULL;
CREATE TABLE conversation_category (
    conversation_id TEXT NOT NULL REFERENCES conversation(id), category_id TEXT NOT NULL REFERENCES category(id),
    PRIMARY KEY (category_id, conversation_id)
) WITHOUT ROWID;
CREATE TABLE conversation_member (
    conversation_id TEXT NOT NULL REFERENCES conversation(id), person_id TEXT NOT NULL REFERENCES person(id),
    PRIMARY KEY (conversation_id, person_id)
) WITHOUT ROWID;
CREATE INDEX conversation_member_person ON conversation_member(person_id);

CREATE TABLE usergroup (
    id TEXT PRIMARY KEY, platform TEXT NOT NULL, external_id TEXT, name TEXT NOT NULL DEFAULT '', handle TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '', is_external INTEGER NOT NULL DEFAULT 0, tag TEXT, is_declared INTEGER NOT NULL DEFAULT 0,
    is_active INTEGER NOT NULL DEFAULT 1, created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL
);
CREATE UNIQUE INDEX usergroup_external ON usergroup(platform, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX usergroup_tag ON usergroup(tag) WHERE tag IS NOT NULL;
CREATE INDEX usergroup_handle ON usergroup(handle);
CREATE TABLE usergroup_category (
    usergroup_id TEXT NOT NULL REFERENCES usergroup(id), category_id TEXT NOT NULL REFERENCES category(id),
    PRIMARY KEY (category_id, usergroup_id)
) WITHOUT ROWID;
CREATE TABLE usergroup_member (
    usergroup_id TEXT NOT NULL REFERENCES usergroup(id), person_id TEXT NOT NULL REFERENCES person(id),
    PRIMARY KEY (usergroup_id, person_id)
) WITHOUT ROWID;
CREATE INDEX usergroup_member_person ON usergroup_member(person_id);

-- Who is on call, from any provider ("config", ...).
CREATE TABLE oncall (
    id INTEGER PRIMARY KEY, provider TEXT NOT NULL, service TEXT NOT NULL, level INTEGER NOT NULL DEFAULT 1,
    person_id TEXT NOT NULL REFERENCES person(id), starts_at_ms INTEGER, ends_at_ms INTEGER,
    UNIQUE (provider, service, level, person_id)
);
CREATE INDEX oncall_level ON oncall(level);

-- ---- invitations --------------------------------------------------------------------------------------------------
CREATE TABLE invitation (
    id INTEGER PRIMARY KEY, incident_id INTEGER NOT NULL REFERENCES incident(id), person_id TEXT NOT NULL REFERENCES person(id),
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state = 'pending' OR state = 'invited' OR state = 'failed' OR state = 'skipped'),
    error TEXT, attempts INTEGER NOT NULL DEFAULT 0, created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL,
    UNIQUE (incident_id, person_id)
);
CREATE TABLE invitation_reason (
    invitation_id INTEGER NOT NULL REFERENCES invitation(id), strategy TEXT NOT NULL, reason TEXT NOT NULL, source_line INTEGER,
    PRIMARY KEY (invitation_id, strategy, reason)
) WITHOUT ROWID;
CREATE TABLE strategy_run (
    id INTEGER PRIMARY KEY, incident_id INTEGER NOT NULL REFERENCES incident(id), strategy TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state = 'answered' OR state = 'not_applicable' OR state = 'failed'), error TEXT, people INTEGER NOT NULL DEFAULT 0,
    duration_ms INTEGER NOT NULL DEFAULT 0, created_at_ms INTEGER NOT NULL
);
CREATE INDEX strategy_run_incident ON strategy_run(incident_id);

-- Messages we sent and may have to edit, replace or find again.
CREATE TABLE message (
    id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL REFERENCES conversation(id), external_id TEXT NOT NULL,
    kind TEXT NOT NULL, incident_id INTEGER REFERENCES incident(id), update_id TEXT, text TEXT NOT NULL DEFAULT '',
    is_pinned INTEGER NOT NULL DEFAULT 0, created_at_ms INTEGER NOT NULL, UNIQUE (conversation_id, external_id)
);
CREATE INDEX message_kind ON message(conversation_id, kind);
CREATE INDEX message_incident ON message(incident_id, kind);

-- ---- events, jobs, schedules ----------------------------------------------------------------------------------------
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, incident_id INTEGER REFERENCES incident(id), kind TEXT NOT NULL,
    payload TEXT NOT NULL DEFAULT '{}', created_at_ms INTEGER NOT NULL
);
CREATE INDEX event_incident ON event(incident_id);

-- Which handlers of the accepted generation want which events; an event becomes one job a row, in its own transaction.
CREATE TABLE subscription (
    event_kind TEXT NOT NULL, handler TEXT NOT NULL, position INTEGER NOT NULL DEFAULT 100, PRIMARY KEY (event_kind, handler)
);
CREATE INDEX subscription_order ON subscription(event_kind, position, handler);

CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    handler TEXT NOT NULL,                  -- "integrations/chat/open_channel", "task:chat.sync_users"
    lane TEXT,                              -- jobs of one lane run one at a time, in order of id; NULL: no order
    event_id INTEGER REFERENCES event(id), incident_id INTEGER REFERENCES incident(id),
    args TEXT NOT NULL DEFAULT '{}',
    state TEXT NOT NULL DEFAULT 'ready' CHECK (state = 'ready' OR state = 'running' OR state = 'done' OR state = 'dead' OR state = 'cancelled'),
    attempt INTEGER NOT NULL DEFAULT 0, max_attempts INTEGER NOT NULL DEFAULT 0, -- 0: the default of job.h
    due_at_ms INTEGER NOT NULL,
    is_unknown INTEGER NOT NULL DEFAULT 0,  -- the last attempt may have had its effect: reconcile before sending again
    progress TEXT NOT NULL DEFAULT '{}',    -- what the handler noted for its next attempt
    error_code TEXT, error_text TEXT,
    key TEXT,                               -- at most one ready or running job has it; NULL: no such rule
    created_at_ms INTEGER NOT NULL, started_at_ms INTEGER, finished_at_ms INTEGER
);
CREATE UNIQUE INDEX job_key ON job(key) WHERE key IS NOT NULL AND state IN ('ready','running');
CREATE INDEX job_dead ON job(id) WHERE state = 'dead';
CREATE INDEX job_due ON job(due_at_ms, id) WHERE state = 'ready';
CREATE INDEX job_lane ON job(lane, id) WHERE state IN ('ready','running');
CREATE INDEX job_incident ON job(incident_id);
CREATE INDEX job_finished ON job(finished_at_ms) WHERE state IN ('done','cancelled');

CREATE TABLE schedule_state (
    name TEXT PRIMARY KEY, last_due_ms INTEGER, last_job_id INTEGER, updated_at_ms INTEGER NOT NULL
);

-- "Not before" marks that vendors gave us (Retry-After); they survive a restart.
CREATE TABLE limit_block (name TEXT PRIMARY KEY, until_ms INTEGER NOT NULL);

-- ---- scripts ----------------------------------------------------------------------------------------------------------
CREATE TABLE kv (
    scope TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, expires_at_ms INTEGER, updated_at_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX kv_expires ON kv(expires_at_ms) WHERE expires_at_ms IS NOT NULL;

CREATE TABLE generation (
    hash TEXT PRIMARY KEY, files TEXT NOT NULL,  -- JSON: path -> text
    accepted_at_ms INTEGER NOT NULL
);
-- The outcome of the last reload, for `halligan reload` and the health page. One row, id 1.
CREATE TABLE reload_outcome (
    id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL, hash TEXT NOT NULL, is_accepted INTEGER NOT NULL,
    error TEXT, at_ms INTEGER NOT NULL
);

-- ---- access and history ------------------------------------------------------------------------------------------------
CREATE TABLE api_key (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, prefix TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, -- SHA-256, hex
    scopes TEXT NOT NULL DEFAULT 'read', person_id TEXT REFERENCES person(id), created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER, revoked_at_ms INTEGER, last_used_at_ms INTEGER
);
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,                 -- rows are never deleted, so ids are never reused
    at_ms INTEGER NOT NULL, actor_kind TEXT NOT NULL, actor_id TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL, action TEXT NOT NULL, incident_id INTEGER, before TEXT, after TEXT
);
CREATE INDEX audit_incident ON audit(incident_id);
