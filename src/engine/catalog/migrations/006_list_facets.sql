-- What lists of jobs are filtered by and what has few values, taken together: one row for each combination that occurs.
-- A list walks one ordered run of jobs for each of them that fits, so that no filter reads what it does not want.
-- `longest` is how long the longest job of the combination took: who asks for jobs that ended after a moment need not look
-- at jobs created longer before it.
CREATE TABLE backup_job_facets (
    id INTEGER PRIMARY KEY,
    region TEXT NOT NULL,
    account TEXT NOT NULL,
    vault_name TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    state TEXT NOT NULL,
    message_category TEXT NOT NULL COLLATE NOCASE,
    longest INTEGER NOT NULL DEFAULT 0,
    UNIQUE (region, account, vault_name, resource_type, state, message_category)
) STRICT;

ALTER TABLE backup_jobs ADD COLUMN facet INTEGER;

INSERT INTO backup_job_facets (region, account, vault_name, resource_type, state, message_category, longest)
    SELECT region, account, vault_name, resource_type, state, coalesce(message_category, ''),
        max(0, coalesce(max(completed - created), 0))
    FROM backup_jobs GROUP BY 1, 2, 3, 4, 5, lower(coalesce(message_category, ''));
UPDATE backup_jobs SET facet = (SELECT f.id FROM backup_job_facets f WHERE f.region = backup_jobs.region
    AND f.account = backup_jobs.account AND f.vault_name = backup_jobs.vault_name
    AND f.resource_type = backup_jobs.resource_type AND f.state = backup_jobs.state
    AND f.message_category = coalesce(backup_jobs.message_category, ''));
CREATE INDEX backup_jobs_by_facet ON backup_jobs (facet, created, id) WHERE facet IS NOT NULL;
CREATE INDEX backup_jobs_by_parent ON backup_jobs (parent_job_id, created, id) WHERE parent_job_id IS NOT NULL;

CREATE TRIGGER backup_jobs_added AFTER INSERT ON backup_jobs BEGIN
    INSERT OR IGNORE INTO backup_job_facets (region, account, vault_name, resource_type, state, message_category)
        VALUES (new.region, new.account, new.vault_name, new.resource_type, new.state, coalesce(new.message_category, ''));
    UPDATE backup_job_facets SET longest = new.completed - new.created
        WHERE region = new.region AND account = new.account AND vault_name = new.vault_name
            AND resource_type = new.resource_type AND state = new.state
            AND message_category = coalesce(new.message_category, '') AND longest < new.completed - new.created;
    UPDATE backup_jobs SET facet = (SELECT id FROM backup_job_facets
        WHERE region = new.region AND account = new.account AND vault_name = new.vault_name
            AND resource_type = new.resource_type AND state = new.state
            AND message_category = coalesce(new.message_category, '')) WHERE rowid = new.rowid;
END;
CREATE TRIGGER backup_jobs_changed AFTER UPDATE OF state, message_category, completed ON backup_jobs BEGIN
    INSERT OR IGNORE INTO backup_job_facets (region, account, vault_name, resource_type, state, message_category)
        VALUES (new.region, new.account, new.vault_name, new.resource_type, new.state, coalesce(new.message_category, ''));
    UPDATE backup_job_facets SET longest = new.completed - new.created
        WHERE region = new.region AND account = new.account AND vault_name = new.vault_name
            AND resource_type = new.resource_type AND state = new.state
            AND message_category = coalesce(new.message_category, '') AND longest < new.completed - new.created;
    UPDATE backup_jobs SET facet = (SELECT id FROM backup_job_facets
        WHERE region = new.region AND account = new.account AND vault_name = new.vault_name
            AND resource_type = new.resource_type AND state = new.state
            AND message_category = coalesce(new.message_category, '')) WHERE rowid = new.rowid;
END;

CREATE TABLE restore_job_facets (
    id INTEGER PRIMARY KEY,
    region TEXT NOT NULL,
    account TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    state TEXT NOT NULL,
    longest INTEGER NOT NULL DEFAULT 0,
    UNIQUE (region, account, resource_type, state)
) STRICT;

ALTER TABLE restore_jobs ADD COLUMN facet INTEGER;

INSERT INTO restore_job_facets (region, account, resource_type, state, longest)
    SELECT region, account, resource_type, state, max(0, coalesce(max(completed - created), 0))
    FROM restore_jobs GROUP BY 1, 2, 3, 4;
UPDATE restore_jobs SET facet = (SELECT f.id FROM restore_job_facets f WHERE f.region = restore_jobs.region
    AND f.account = restore_jobs.account AND f.resource_type = restore_jobs.resource_type
    AND f.state = restore_jobs.state);
CREATE INDEX restore_jobs_by_facet ON restore_jobs (facet, created, id) WHERE facet IS NOT NULL;
CREATE INDEX restore_jobs_by_completion ON restore_jobs (region, completed) WHERE completed IS NOT NULL;

CREATE TRIGGER restore_jobs_added AFTER INSERT ON restore_jobs BEGIN
    INSERT OR IGNORE INTO restore_job_facets (region, account, resource_type, state)
        VALUES (new.region, new.account, new.resource_type, new.state);
    UPDATE restore_job_facets SET longest = new.completed - new.created
        WHERE region = new.region AND account = new.account AND resource_type = new.resource_type
            AND state = new.state AND longest < new.completed - new.created;
    UPDATE restore_jobs SET facet = (SELECT id FROM restore_job_facets
        WHERE region = new.region AND account = new.account AND resource_type = new.resource_type
            AND state = new.state) WHERE rowid = new.rowid;
END;
CREATE TRIGGER restore_jobs_changed AFTER UPDATE OF state, completed ON restore_jobs BEGIN
    INSERT OR IGNORE INTO restore_job_facets (region, account, resource_type, state)
        VALUES (new.region, new.account, new.resource_type, new.state);
    UPDATE restore_job_facets SET longest = new.completed - new.created
        WHERE region = new.region AND account = new.account AND resource_type = new.resource_type
            AND state = new.state AND longest < new.completed - new.created;
    UPDATE restore_jobs SET facet = (SELECT id FROM restore_job_facets
        WHERE region = new.region AND account = new.account AND resource_type = new.resource_type
            AND state = new.state) WHERE rowid = new.rowid;
END;

-- The lists of a vault's recovery points by type and by plan.
CREATE INDEX recovery_points_by_type ON recovery_points (vault_arn, resource_type, created, arn);
CREATE INDEX recovery_points_by_plan ON recovery_points (vault_arn, plan_id, created, arn) WHERE plan_id IS NOT NULL;

-- In the order of the list, to the last column.
DROP INDEX restore_jobs_by_source;
CREATE INDEX restore_jobs_by_source ON restore_jobs (source_resource_arn, created, id);
