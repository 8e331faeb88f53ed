-- Shares name the organization and its units as well, and are kept in the folders of the vaults that they share: how often a
-- share changed, and how often those of a vault did, tells which of two is the later one.
ALTER TABLE resource_share_accounts RENAME TO resource_share_principals;
ALTER TABLE resource_share_principals RENAME COLUMN shared_with TO principal;
DROP INDEX resource_share_accounts_of_account;
CREATE INDEX resource_share_principals_of_principal ON resource_share_principals (principal);
ALTER TABLE resource_shares ADD COLUMN sequence INTEGER NOT NULL DEFAULT 1;

CREATE TABLE vault_shares (
    vault_arn TEXT PRIMARY KEY REFERENCES vaults (arn) ON DELETE CASCADE,
    sequence  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO vault_shares (vault_arn, sequence) SELECT DISTINCT vault_arn, 1 FROM resource_share_vaults;
