-- Which snapshots a vault's recovery points need is asked of all of them, each day and at each collection: the index answers
-- that without the rows, which are large.
DROP INDEX recovery_points_by_vault;
CREATE INDEX recovery_points_by_vault ON recovery_points (vault_arn, created, arn, status, snapshot_id);
