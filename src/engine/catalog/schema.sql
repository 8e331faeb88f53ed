-- Version 1 of the catalog. Times are milliseconds since 1970 in engine time, unless said otherwise.
-- A table is read and written by the `rows` of its room in src/engine/.

-- What the engine remembers of itself: clock kind, engine time, the organization's ids, global settings.
CREATE TABLE engine_state (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    management INTEGER NOT NULL CHECK (management IN (0, 1)),
    status TEXT NOT NULL,
    joined INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX accounts_one_management ON accounts (management) WHERE management = 1;

-- The roles that can be assumed, and who is trusted to: AWS Backup for its jobs, or the management account by STS.
CREATE TABLE roles (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    trusts TEXT NOT NULL CHECK (trusts IN ('backup', 'management')),
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Long-lived access keys. The secret is sealed by the local key.
CREATE TABLE access_keys (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    user_name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    secret BLOB NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX access_keys_by_account ON access_keys (account, created);

-- Keys of assumed roles. `expires` is wall time: signatures live in it.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    user_arn TEXT NOT NULL,
    user_id TEXT NOT NULL,
    secret BLOB NOT NULL,
    token_digest BLOB NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_expiry ON sessions (expires);

CREATE TABLE resources (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    region TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    added INTEGER NOT NULL,
    UNIQUE (account, region, type, name)
) STRICT, WITHOUT ROWID;

-- Tags of vaults, plans, recovery points and resources.
CREATE TABLE tags (
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE vaults (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    vault_type TEXT NOT NULL,
    encryption_key_arn TEXT,
    creator_request_id TEXT,
    created INTEGER NOT NULL,
    UNIQUE (account, region, name)
) STRICT, WITHOUT ROWID;

-- The restic key files that were made with `vault recovery-key`.
CREATE TABLE recovery_keys (
    vault_arn TEXT PRIMARY KEY REFERENCES vaults (arn) ON DELETE CASCADE,
    key_id TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE plans (
    id TEXT PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL REFERENCES accounts (id),
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    creator_request_id TEXT,
    created INTEGER NOT NULL,
    deleted INTEGER,
    last_execution INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX plans_by_scope ON plans (account, region, created);
CREATE INDEX plans_by_name ON plans (account, region, name) WHERE deleted IS NULL;

CREATE TABLE plan_versions (
    plan_id TEXT NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    version_id TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (plan_id, sequence)
) STRICT, WITHOUT ROWID;

-- A rule keeps its id as long as its plan has a rule of that name, and gets it back when the name returns.
CREATE TABLE plan_rules (
    plan_id TEXT NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    rule_name TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    PRIMARY KEY (plan_id, rule_name)
) STRICT, WITHOUT ROWID;

-- Up to when the scheduler has made the jobs of a plan; a plan without a row was not evaluated yet.
CREATE TABLE plan_progress (
    plan_id TEXT PRIMARY KEY REFERENCES plans (id) ON DELETE CASCADE,
    evaluated_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE selections (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    creator_request_id TEXT,
    created INTEGER NOT NULL,
    UNIQUE (plan_id, name)
) STRICT, WITHOUT ROWID;

-- Jobs keep their rowid: of two created at one moment the one that was asked for first goes first.
CREATE TABLE backup_jobs (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    region TEXT NOT NULL,
    vault_name TEXT NOT NULL,
    vault_arn TEXT NOT NULL,
    recovery_point_arn TEXT,
    lifecycle TEXT,
    encryption_key_arn TEXT,
    resource_arn TEXT NOT NULL,
    resource_name TEXT,
    resource_type TEXT NOT NULL,
    created INTEGER NOT NULL,
    initiated INTEGER,
    completed INTEGER,
    start_by INTEGER,
    state TEXT NOT NULL,
    status_message TEXT,
    message_category TEXT,
    percent_done REAL,
    size_bytes INTEGER,
    bytes_transferred INTEGER,
    iam_role_arn TEXT,
    plan_id TEXT,
    created_by TEXT,
    backup_options TEXT NOT NULL,
    is_parent INTEGER NOT NULL DEFAULT 0,
    parent_job_id TEXT,
    -- The engine's own: when the plan called for it, until when it must be done, the recovery point's id, what the
    -- point will be tagged with, how often it was begun.
    scheduled_at INTEGER,
    complete_by INTEGER NOT NULL,
    recovery_point_id TEXT,
    recovery_point_tags TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    stop_requested INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX backup_jobs_by_time ON backup_jobs (region, created, id);
CREATE INDEX backup_jobs_by_scope ON backup_jobs (account, region, created, id);
CREATE INDEX backup_jobs_by_state ON backup_jobs (state, region, created, id);
CREATE INDEX backup_jobs_by_resource ON backup_jobs (resource_arn, created, id);
CREATE INDEX backup_jobs_by_vault ON backup_jobs (vault_arn, created, id);
CREATE INDEX backup_jobs_by_completion ON backup_jobs (region, completed) WHERE completed IS NOT NULL;

CREATE TABLE restore_jobs (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    region TEXT NOT NULL,
    recovery_point_arn TEXT NOT NULL,
    recovery_point_created INTEGER,
    source_resource_arn TEXT,
    vault_arn TEXT NOT NULL,
    created INTEGER NOT NULL,
    initiated INTEGER,
    completed INTEGER,
    state TEXT NOT NULL,
    status_message TEXT,
    percent_done REAL,
    size_bytes INTEGER,
    iam_role_arn TEXT,
    created_resource_arn TEXT,
    resource_type TEXT NOT NULL,
    metadata TEXT NOT NULL,
    -- The engine's own: where it writes and the id of what it makes, once these are known; whether tags are copied;
    -- how often it was begun.
    target_path TEXT,
    created_resource_id TEXT,
    copy_tags INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX restore_jobs_by_time ON restore_jobs (region, created, id);
CREATE INDEX restore_jobs_by_scope ON restore_jobs (account, region, created, id);
CREATE INDEX restore_jobs_by_state ON restore_jobs (state, region, created, id);
CREATE INDEX restore_jobs_by_source ON restore_jobs (source_resource_arn, created);

CREATE TABLE recovery_points (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    region TEXT NOT NULL,
    vault_arn TEXT NOT NULL REFERENCES vaults (arn),
    vault_name TEXT NOT NULL,
    resource_arn TEXT NOT NULL,
    resource_name TEXT,
    resource_type TEXT NOT NULL,
    plan_id TEXT,
    created_by TEXT,
    iam_role_arn TEXT,
    status TEXT NOT NULL,
    status_message TEXT,
    created INTEGER NOT NULL,
    initiated INTEGER,
    completed INTEGER,
    size_bytes INTEGER,
    lifecycle TEXT,
    delete_at INTEGER,
    encryption_key_arn TEXT,
    last_restore INTEGER,
    storage_class TEXT NOT NULL,
    -- The engine's own: the id of its manifest, its restic snapshot, where the data lay; when the sweeper deletes it
    -- (delete_at and up to 8 hours, drawn once), since when it is being deleted, how often that was tried.
    point_id TEXT NOT NULL UNIQUE,
    snapshot_id TEXT,
    source_path TEXT NOT NULL,
    missing_items INTEGER NOT NULL DEFAULT 0,
    backup_job_id TEXT,
    delete_due INTEGER,
    deleting_since INTEGER,
    delete_attempts INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX recovery_points_by_vault ON recovery_points (vault_arn, created, arn);
CREATE INDEX recovery_points_by_resource ON recovery_points (resource_arn, created, arn);
CREATE INDEX recovery_points_by_due ON recovery_points (delete_due) WHERE delete_due IS NOT NULL;

-- Which packs each recovery point needs: one of the two proofs before a pack is deleted.
CREATE TABLE pack_references (
    vault_arn TEXT NOT NULL REFERENCES vaults (arn) ON DELETE CASCADE,
    pack BLOB NOT NULL,
    recovery_point_arn TEXT NOT NULL REFERENCES recovery_points (arn) ON DELETE CASCADE,
    PRIMARY KEY (vault_arn, pack, recovery_point_arn)
) STRICT, WITHOUT ROWID;
CREATE INDEX pack_references_by_point ON pack_references (recovery_point_arn);

-- When the engine first knew of a pack: ages for collection are counted from here, never from a file's times.
CREATE TABLE packs (
    vault_arn TEXT NOT NULL REFERENCES vaults (arn) ON DELETE CASCADE,
    pack BLOB NOT NULL,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (vault_arn, pack)
) STRICT, WITHOUT ROWID;

-- What was ever backed up; a row outlives its recovery points.
CREATE TABLE protected_resources (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    region TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT,
    last_backup_time INTEGER NOT NULL,
    last_backup_vault_arn TEXT,
    last_recovery_point_arn TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX protected_resources_by_scope ON protected_resources (account, region, arn);

CREATE TABLE region_settings (
    account TEXT NOT NULL REFERENCES accounts (id),
    region TEXT NOT NULL,
    setting TEXT NOT NULL CHECK (setting IN ('opt-in', 'management')),
    resource_type TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    PRIMARY KEY (account, region, setting, resource_type)
) STRICT, WITHOUT ROWID;

-- The same token after success: the same result, nothing new done.
CREATE TABLE idempotency_tokens (
    account TEXT NOT NULL REFERENCES accounts (id),
    region TEXT NOT NULL,
    operation TEXT NOT NULL,
    token TEXT NOT NULL,
    request BLOB NOT NULL,
    result TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (account, region, operation, token)
) STRICT, WITHOUT ROWID;

-- Tags go with what they are on.
CREATE TRIGGER tags_of_vault AFTER DELETE ON vaults BEGIN DELETE FROM tags WHERE arn = old.arn; END;
CREATE TRIGGER tags_of_plan AFTER DELETE ON plans BEGIN DELETE FROM tags WHERE arn = old.arn; END;
CREATE TRIGGER tags_of_point AFTER DELETE ON recovery_points BEGIN DELETE FROM tags WHERE arn = old.arn; END;
CREATE TRIGGER tags_of_resource AFTER DELETE ON resources BEGIN DELETE FROM tags WHERE arn = old.arn; END;
