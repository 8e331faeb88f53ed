-- The catalog's own copy of each manifest, what of each recovery point is damaged, and how far scrubs are.

-- A manifest as it was written when the point was made. What can change since is in the point's row, and counts.
CREATE TABLE manifests (
    recovery_point_arn TEXT PRIMARY KEY REFERENCES recovery_points (arn) ON DELETE CASCADE,
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Whether the row has changed since the manifest's file was written.
ALTER TABLE recovery_points ADD COLUMN manifest_owed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX recovery_points_by_owed ON recovery_points (vault_arn) WHERE manifest_owed = 1;

-- What cannot be restored, as a document; nothing is known to be lost where there is none.
ALTER TABLE recovery_points ADD COLUMN damage TEXT;
CREATE INDEX recovery_points_by_damage ON recovery_points (vault_arn) WHERE damage IS NOT NULL;

-- A scrub reads each vault's packs in the order of their ids, once in a cycle: up to `position`, the last one that was read.
-- `part_done` is when the last day's part was read.
CREATE TABLE scrubs (
    vault_arn TEXT PRIMARY KEY REFERENCES vaults (arn) ON DELETE CASCADE,
    cycle_began INTEGER NOT NULL,
    position BLOB,
    part_done INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
