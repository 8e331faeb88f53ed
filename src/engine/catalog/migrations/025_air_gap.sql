-- The kind of vault that a backup job is meant for: what was named as a logically air-gapped one never comes into another.
ALTER TABLE backup_jobs ADD COLUMN vault_type TEXT NOT NULL DEFAULT 'BACKUP_VAULT';

-- Which vaults are shared with which accounts. A vault that goes leaves its shares: another one of its name is not shared.
CREATE TABLE resource_shares (
    arn     TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    name    TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_shares_of_account ON resource_shares (account, region);

CREATE TABLE resource_share_vaults (
    share_arn TEXT NOT NULL REFERENCES resource_shares (arn) ON DELETE CASCADE,
    vault_arn TEXT NOT NULL REFERENCES vaults (arn) ON DELETE CASCADE,
    created   INTEGER NOT NULL,
    PRIMARY KEY (share_arn, vault_arn)
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_share_vaults_of_vault ON resource_share_vaults (vault_arn);

CREATE TABLE resource_share_accounts (
    share_arn   TEXT NOT NULL REFERENCES resource_shares (arn) ON DELETE CASCADE,
    shared_with TEXT NOT NULL,
    created     INTEGER NOT NULL,
    PRIMARY KEY (share_arn, shared_with)
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_share_accounts_of_account ON resource_share_accounts (shared_with);
