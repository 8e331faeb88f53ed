-- When a recovery point is to move to cold storage; nothing for those whose type or lifecycle keeps them warm. Points that a
-- version without cold storage made have no such day: it refused them.
ALTER TABLE recovery_points ADD COLUMN cold_due INTEGER;
CREATE INDEX recovery_points_by_cold_due ON recovery_points (cold_due)
    WHERE cold_due IS NOT NULL AND storage_class = 'WARM';

-- A vault has a repository of each class, and a pack lies in one of them.
ALTER TABLE packs ADD COLUMN storage_class TEXT NOT NULL DEFAULT 'WARM';

-- Which snapshots the recovery points of one class need is answered without the rows.
DROP INDEX recovery_points_by_vault;
CREATE INDEX recovery_points_by_vault ON recovery_points (vault_arn, created, arn, status, snapshot_id, storage_class);
