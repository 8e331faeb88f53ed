-- The access policies of vaults, as they were put.
CREATE TABLE vault_access_policies (
    vault_arn TEXT PRIMARY KEY REFERENCES vaults (arn) ON DELETE CASCADE,
    policy TEXT NOT NULL
) STRICT, WITHOUT ROWID;
