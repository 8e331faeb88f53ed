-- The backup policies of the organization, as they were put.
CREATE TABLE organization_policies (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    content     TEXT NOT NULL,
    created     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What they are attached to: the root, units and accounts, by their ids. On one of these the first that was attached counts.
CREATE TABLE policy_attachments (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    target   TEXT NOT NULL,
    policy   TEXT NOT NULL REFERENCES organization_policies (id),
    UNIQUE (target, policy)
) STRICT;
CREATE INDEX policy_attachments_by_policy ON policy_attachments (policy, position);
CREATE TRIGGER attachments_of_unit AFTER DELETE ON organizational_units BEGIN
    DELETE FROM policy_attachments WHERE target = old.id;
END;

-- The policy that holds in an account which inherits any, and when it last changed.
CREATE TABLE effective_policies (
    account TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    content TEXT NOT NULL,
    changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The plan's name in the policy that makes it, in lower case; such a plan is not its account's to change.
ALTER TABLE plans ADD COLUMN policy_plan TEXT;
CREATE UNIQUE INDEX plans_of_policies ON plans (account, region, policy_plan)
    WHERE policy_plan IS NOT NULL AND deleted IS NULL;
