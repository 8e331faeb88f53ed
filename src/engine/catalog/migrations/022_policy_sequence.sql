-- A policy is kept in its vault's folder too. One that was taken away leaves its row, since its number goes on: by that the
-- record in the folder is told from an older one.
ALTER TABLE vault_access_policies RENAME TO policies_without_sequence;
CREATE TABLE vault_access_policies (
    vault_arn TEXT PRIMARY KEY REFERENCES vaults (arn) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    policy TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO vault_access_policies (vault_arn, sequence, policy)
    SELECT vault_arn, 1, policy FROM policies_without_sequence;
DROP TABLE policies_without_sequence;
