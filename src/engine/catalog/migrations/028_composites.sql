-- Composite recovery points: what is nested in which, and what it is called there. What is nested in one that never came to be is
-- nested in none.
ALTER TABLE recovery_points ADD COLUMN is_parent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recovery_points ADD COLUMN parent_arn TEXT;
ALTER TABLE recovery_points ADD COLUMN member TEXT;
CREATE INDEX recovery_points_by_parent ON recovery_points (parent_arn) WHERE parent_arn IS NOT NULL;

-- What the resource of a child job is called in its parent's; nothing of what is the parent's own.
ALTER TABLE backup_jobs ADD COLUMN member TEXT;
