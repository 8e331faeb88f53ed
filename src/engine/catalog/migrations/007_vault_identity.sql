-- A vault's folder belongs to one vault for good: the id stands in the row and in the folder's vaultdeck/vault.json. NULL
-- in rows of older versions, until the next start has written one into the folder.
ALTER TABLE vaults ADD COLUMN vault_id TEXT;

-- Vaults whose row is gone and whose folder may not lie in the trash yet: what a crash leaves of a deletion.
CREATE TABLE vault_deletions (
    vault_arn TEXT PRIMARY KEY,
    vault_id TEXT,
    deleted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
