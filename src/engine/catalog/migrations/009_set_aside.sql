-- The damaged files that lie in a vault's `vaultdeck/damaged/`, by name, and when the engine first saw each there: ages are
-- counted from here, never from a file's times.
CREATE TABLE set_aside (
    vault_arn TEXT NOT NULL REFERENCES vaults (arn) ON DELETE CASCADE,
    name TEXT NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY (vault_arn, name)
) STRICT, WITHOUT ROWID;

-- When the last reading of every pack of the vault began that ended with nothing lost.
ALTER TABLE vaults ADD COLUMN whole_since INTEGER;
