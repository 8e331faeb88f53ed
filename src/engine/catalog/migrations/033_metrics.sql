-- What AWS Backup counts in CloudWatch: how many jobs and recovery points came into each state, by five minutes. It outlives the jobs
-- and points.
CREATE TABLE metric_series (
    id            INTEGER PRIMARY KEY,
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    name          TEXT NOT NULL,
    vault         TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    UNIQUE (account, region, name, vault, resource_type)
) STRICT;
CREATE TABLE metric_counts (
    series INTEGER NOT NULL REFERENCES metric_series (id),
    -- How many times five minutes since 1970.
    slot   INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (series, slot)
) STRICT, WITHOUT ROWID;

-- The jobs that there are, as far as their rows tell when they came into which state.
CREATE TABLE counted AS
    SELECT account, region, 'NumberOfBackupJobsCreated' AS name, vault_name AS vault, resource_type, created AS at FROM backup_jobs
    UNION ALL SELECT account, region, 'NumberOfBackupJobsRunning', vault_name, resource_type, initiated FROM backup_jobs
    UNION ALL SELECT account, region, 'NumberOfBackupJobs' || substr(state, 1, 1) || lower(substr(state, 2)), vault_name,
        resource_type, completed FROM backup_jobs WHERE state IN ('ABORTED', 'COMPLETED', 'EXPIRED', 'FAILED', 'PARTIAL')
    UNION ALL SELECT account, region, 'NumberOfCopyJobsCreated',
        substr(destination_vault_arn, instr(destination_vault_arn, ':backup-vault:') + 14), resource_type, created FROM copy_jobs
    UNION ALL SELECT account, region, 'NumberOfCopyJobsRunning',
        substr(destination_vault_arn, instr(destination_vault_arn, ':backup-vault:') + 14), resource_type, initiated FROM copy_jobs
    UNION ALL SELECT account, region, 'NumberOfCopyJobs' || substr(state, 1, 1) || lower(substr(state, 2)),
        substr(destination_vault_arn, instr(destination_vault_arn, ':backup-vault:') + 14), resource_type, completed FROM copy_jobs
        WHERE state IN ('COMPLETED', 'FAILED')
    UNION ALL SELECT account, region, 'NumberOfRestoreJobsRunning', substr(vault_arn, instr(vault_arn, ':backup-vault:') + 14),
        resource_type, initiated FROM restore_jobs
    UNION ALL SELECT account, region, 'NumberOfRestoreJobs' || substr(state, 1, 1) || lower(substr(state, 2)),
        substr(vault_arn, instr(vault_arn, ':backup-vault:') + 14), resource_type, completed FROM restore_jobs
        WHERE state IN ('COMPLETED', 'FAILED')
    UNION ALL SELECT account, region, 'NumberOfRecoveryPoints' || substr(status, 1, 1) || lower(substr(status, 2)), vault_name,
        resource_type, completed FROM recovery_points WHERE status IN ('COMPLETED', 'PARTIAL');
INSERT INTO metric_series (account, region, name, vault, resource_type)
    SELECT DISTINCT account, region, name, vault, resource_type FROM counted WHERE at IS NOT NULL;
INSERT INTO metric_counts (series, slot, number)
    SELECT s.id, c.at / 300000, count(*) FROM counted c JOIN metric_series s ON s.account = c.account AND s.region = c.region
        AND s.name = c.name AND s.vault = c.vault AND s.resource_type = c.resource_type
    WHERE c.at IS NOT NULL GROUP BY 1, 2;
DROP TABLE counted;
