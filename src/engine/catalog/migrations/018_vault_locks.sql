-- The locks of vaults. One that was taken off leaves its row, since its number goes on: by that the record in the vault's
-- folder is told from an older one.
CREATE TABLE vault_locks (
    vault_arn TEXT PRIMARY KEY REFERENCES vaults (arn) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('UNLOCKED', 'CHANGEABLE', 'IMMUTABLE')),
    min_retention_days INTEGER,
    max_retention_days INTEGER,
    lock_date INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX vault_locks_to_come ON vault_locks (lock_date) WHERE state = 'CHANGEABLE' AND lock_date IS NOT NULL;
