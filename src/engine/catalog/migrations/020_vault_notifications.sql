-- Of which events a vault notifies a topic of SNS, as it was put.
CREATE TABLE vault_notifications (
    vault_arn TEXT PRIMARY KEY REFERENCES vaults (arn) ON DELETE CASCADE,
    topic_arn TEXT NOT NULL,
    -- A list of names, as JSON.
    events    TEXT NOT NULL,
    -- The position of the last event before the vault notified anybody.
    since     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The targets of the config, by their names.
CREATE TABLE notification_targets (
    name  TEXT PRIMARY KEY,
    -- The position of the last event before this target was first known.
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is to be delivered yet. A target takes the events of each queue in their order.
CREATE TABLE deliveries (
    target   TEXT NOT NULL,
    -- The vault's ARN where a vault notifies; otherwise empty.
    queue    TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (target, queue, position)
) STRICT, WITHOUT ROWID;
