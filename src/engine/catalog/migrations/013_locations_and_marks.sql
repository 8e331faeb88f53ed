-- Where a resource lies, and where a restore writes, is said in the parts of a location, for a path is only one of them.
ALTER TABLE resources RENAME COLUMN path TO location;
UPDATE resources SET location = json_object('Path', location);
ALTER TABLE restore_jobs RENAME COLUMN target_path TO target;
UPDATE restore_jobs SET target = json_object('Path', target) WHERE target IS NOT NULL;

-- What a driver remembers of a resource, and of the target of a restore that was begun, in its own words.
CREATE TABLE resource_marks (
    arn TEXT PRIMARY KEY REFERENCES resources (arn) ON DELETE CASCADE,
    mark TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO resource_marks (arn, mark)
    SELECT arn, json_object('device', device, 'inode', inode, 'held', held) FROM source_roots;
DROP TABLE source_roots;

ALTER TABLE restore_jobs ADD COLUMN target_mark TEXT;
UPDATE restore_jobs SET target_mark = json_object('device', target_device, 'inode', target_inode)
    WHERE target_device IS NOT NULL AND target_inode IS NOT NULL;
ALTER TABLE restore_jobs DROP COLUMN target_device;
ALTER TABLE restore_jobs DROP COLUMN target_inode;
