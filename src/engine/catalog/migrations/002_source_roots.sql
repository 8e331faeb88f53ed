-- Which folder the path of a resource led to when it was registered or last backed up, and whether anything was in it:
-- 0 nothing, 1 something when it was registered, 2 files at a backup. Device and inode are the file system's numbers.
CREATE TABLE source_roots (
    arn TEXT PRIMARY KEY REFERENCES resources (arn) ON DELETE CASCADE,
    device INTEGER,
    inode INTEGER,
    held INTEGER NOT NULL CHECK (held IN (0, 1, 2))
) STRICT, WITHOUT ROWID;
INSERT INTO source_roots (arn, held)
    SELECT arn, CASE WHEN EXISTS (SELECT 1 FROM recovery_points AS point
        WHERE point.resource_arn = resources.arn AND point.status = 'COMPLETED' AND point.size_bytes > 0) THEN 2 ELSE 0 END
    FROM resources;

-- Which folder a restore writes into, from the moment in which it was opened: a later attempt goes on in this one only.
ALTER TABLE restore_jobs ADD COLUMN target_device INTEGER;
ALTER TABLE restore_jobs ADD COLUMN target_inode INTEGER;
