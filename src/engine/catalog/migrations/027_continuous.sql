-- Continuous recovery points: under which name the service of each keeps its log, and what it holds (a document; nothing until its
-- first base is there). A row outlives its point until the service was told that it need not keep the log any more.
CREATE TABLE chains (
    point_arn    TEXT PRIMARY KEY,
    resource_arn TEXT NOT NULL,
    vault_arn    TEXT NOT NULL,
    hold         TEXT NOT NULL,
    released     INTEGER NOT NULL DEFAULT 0,
    document     TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX chains_of_resource ON chains (resource_arn);

-- Whether a job makes or renews a continuous recovery point, and what it completes with though nothing of it failed.
ALTER TABLE backup_jobs ADD COLUMN continuous INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backup_jobs ADD COLUMN issue TEXT;
