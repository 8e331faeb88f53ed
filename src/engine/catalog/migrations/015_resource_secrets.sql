-- What the services of resources ask for, sealed by the key ring.
CREATE TABLE resource_secrets (
    arn TEXT PRIMARY KEY REFERENCES resources (arn) ON DELETE CASCADE,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
