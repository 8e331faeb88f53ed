-- Legal holds, the released ones too until their records have been kept for long enough.
CREATE TABLE legal_holds (
    id TEXT PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL REFERENCES accounts (id),
    region TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    selection TEXT NOT NULL,
    created INTEGER NOT NULL,
    cancelled INTEGER,
    cancel_description TEXT,
    retain_record_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX legal_holds_by_scope ON legal_holds (account, region, created, id);
CREATE INDEX legal_holds_by_end ON legal_holds (retain_record_until) WHERE retain_record_until IS NOT NULL;
CREATE TRIGGER tags_of_hold AFTER DELETE ON legal_holds BEGIN DELETE FROM tags WHERE arn = old.arn; END;

-- What is held, by ARN and not by reference: a point that the catalog has lost is held as soon as it is found again.
CREATE TABLE held_points (
    point_arn TEXT NOT NULL,
    hold_id TEXT NOT NULL REFERENCES legal_holds (id) ON DELETE CASCADE,
    PRIMARY KEY (point_arn, hold_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_points_by_hold ON held_points (hold_id, point_arn);

-- In which vaults' folders a hold is written down, and whether what is there is not yet what this catalog says.
CREATE TABLE hold_files (
    hold_id TEXT NOT NULL REFERENCES legal_holds (id) ON DELETE CASCADE,
    vault_arn TEXT NOT NULL REFERENCES vaults (arn) ON DELETE CASCADE,
    owed INTEGER NOT NULL CHECK (owed IN (0, 1)),
    PRIMARY KEY (vault_arn, hold_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_files_by_hold ON hold_files (hold_id);
CREATE INDEX hold_files_owed ON hold_files (vault_arn) WHERE owed = 1;

-- How many holds a point is under. It is a column so that the sweeper's index does not have the held ones: there may be very
-- many, for years, and all of them are due.
ALTER TABLE recovery_points ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
DROP INDEX recovery_points_by_due;
CREATE INDEX recovery_points_by_due ON recovery_points (delete_due) WHERE delete_due IS NOT NULL AND held = 0;
CREATE TRIGGER point_held AFTER INSERT ON held_points BEGIN
    UPDATE recovery_points SET held = held + 1 WHERE arn = new.point_arn;
END;
CREATE TRIGGER point_released AFTER DELETE ON held_points BEGIN
    UPDATE recovery_points SET held = held - 1 WHERE arn = old.point_arn;
END;
CREATE TRIGGER point_found_held AFTER INSERT ON recovery_points
    WHEN EXISTS (SELECT 1 FROM held_points WHERE point_arn = new.arn) BEGIN
    UPDATE recovery_points SET held = (SELECT count(*) FROM held_points WHERE point_arn = new.arn) WHERE arn = new.arn;
END;
CREATE TRIGGER held_point_gone AFTER DELETE ON recovery_points BEGIN
    DELETE FROM held_points WHERE point_arn = old.arn;
END;
