-- Copies of recovery points, as jobs. Account and region are the source's, which owns the job; the other account sees it too.
CREATE TABLE copy_jobs (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    region TEXT NOT NULL,
    source_vault_arn TEXT NOT NULL,
    source_point_arn TEXT NOT NULL,
    destination_vault_arn TEXT NOT NULL,
    destination_account TEXT NOT NULL,
    destination_region TEXT NOT NULL,
    destination_point_id TEXT NOT NULL,
    resource_arn TEXT NOT NULL,
    resource_name TEXT,
    resource_type TEXT NOT NULL,
    created INTEGER NOT NULL,
    initiated INTEGER,
    completed INTEGER,
    state TEXT NOT NULL,
    status_message TEXT,
    message_category TEXT,
    size_bytes INTEGER,
    -- The copy's lifecycle; none lives for ever.
    lifecycle TEXT,
    iam_role_arn TEXT NOT NULL,
    created_by TEXT,
    backup_job_id TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    facet INTEGER
) STRICT;
CREATE INDEX copy_jobs_by_time ON copy_jobs (region, created, id);
CREATE INDEX copy_jobs_by_facet ON copy_jobs (facet, created, id) WHERE facet IS NOT NULL;
CREATE INDEX copy_jobs_by_completion ON copy_jobs (region, completed) WHERE completed IS NOT NULL;
CREATE INDEX copy_jobs_by_state ON copy_jobs (state, created);
CREATE INDEX copy_jobs_by_resource ON copy_jobs (resource_arn, created, id);
CREATE INDEX copy_jobs_by_source ON copy_jobs (source_point_arn, created, id);
CREATE INDEX copy_jobs_by_destination ON copy_jobs (destination_account, created, id);
CREATE INDEX copy_jobs_by_vault ON copy_jobs (destination_vault_arn, created, id);

-- As those of the other kinds of job, see 006.
CREATE TABLE copy_job_facets (
    id INTEGER PRIMARY KEY,
    region TEXT NOT NULL,
    account TEXT NOT NULL,
    destination_vault_arn TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    state TEXT NOT NULL,
    message_category TEXT NOT NULL COLLATE NOCASE,
    longest INTEGER NOT NULL DEFAULT 0,
    UNIQUE (region, account, destination_vault_arn, resource_type, state, message_category)
) STRICT;
CREATE TRIGGER copy_jobs_added AFTER INSERT ON copy_jobs BEGIN
    INSERT OR IGNORE INTO copy_job_facets (region, account, destination_vault_arn, resource_type, state, message_category)
        VALUES (new.region, new.account, new.destination_vault_arn, new.resource_type, new.state,
            coalesce(new.message_category, ''));
    UPDATE copy_job_facets SET longest = new.completed - new.created
        WHERE region = new.region AND account = new.account AND destination_vault_arn = new.destination_vault_arn
            AND resource_type = new.resource_type AND state = new.state
            AND message_category = coalesce(new.message_category, '') AND longest < new.completed - new.created;
    UPDATE copy_jobs SET facet = (SELECT id FROM copy_job_facets
        WHERE region = new.region AND account = new.account AND destination_vault_arn = new.destination_vault_arn
            AND resource_type = new.resource_type AND state = new.state
            AND message_category = coalesce(new.message_category, '')) WHERE rowid = new.rowid;
END;
CREATE TRIGGER copy_jobs_changed AFTER UPDATE OF state, message_category, completed ON copy_jobs BEGIN
    INSERT OR IGNORE INTO copy_job_facets (region, account, destination_vault_arn, resource_type, state, message_category)
        VALUES (new.region, new.account, new.destination_vault_arn, new.resource_type, new.state,
            coalesce(new.message_category, ''));
    UPDATE copy_job_facets SET longest = new.completed - new.created
        WHERE region = new.region AND account = new.account AND destination_vault_arn = new.destination_vault_arn
            AND resource_type = new.resource_type AND state = new.state
            AND message_category = coalesce(new.message_category, '') AND longest < new.completed - new.created;
    UPDATE copy_jobs SET facet = (SELECT id FROM copy_job_facets
        WHERE region = new.region AND account = new.account AND destination_vault_arn = new.destination_vault_arn
            AND resource_type = new.resource_type AND state = new.state
            AND message_category = coalesce(new.message_category, '')) WHERE rowid = new.rowid;
END;

-- What a backup job of a plan is to be copied into, once it has made its recovery point.
ALTER TABLE backup_jobs ADD COLUMN copy_actions TEXT;

-- The vault that a recovery point was copied from.
ALTER TABLE recovery_points ADD COLUMN source_vault_arn TEXT;
