-- The units of the organization. What has no parent lies directly below the root, which has no row: its id is drawn from the
-- organization's.
CREATE TABLE organizational_units (
    id      TEXT PRIMARY KEY,
    parent  TEXT REFERENCES organizational_units (id),
    name    TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX organizational_units_by_place ON organizational_units (ifnull(parent, ''), name);

ALTER TABLE accounts ADD COLUMN unit TEXT REFERENCES organizational_units (id);
CREATE INDEX accounts_by_unit ON accounts (ifnull(unit, ''), joined, id);

-- The requests for accounts, and what came of each.
CREATE TABLE account_requests (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    account        TEXT REFERENCES accounts (id),
    failure_reason TEXT,
    requested      INTEGER NOT NULL,
    CHECK ((account IS NULL) <> (failure_reason IS NULL))
) STRICT, WITHOUT ROWID;

-- The members that administer AWS Backup for the organization.
CREATE TABLE delegated_administrators (
    account TEXT PRIMARY KEY REFERENCES accounts (id),
    enabled INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
