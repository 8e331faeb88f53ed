-- Columns that were written and never read, or not even written. Which plan called for a job, and when, stands in
-- `created_by` and `created`; how long a deletion takes is no matter of the catalog.
ALTER TABLE backup_jobs DROP COLUMN scheduled_at;
ALTER TABLE backup_jobs DROP COLUMN stop_requested;
ALTER TABLE backup_jobs DROP COLUMN plan_id;
ALTER TABLE recovery_points DROP COLUMN deleting_since;
ALTER TABLE resources DROP COLUMN added;
ALTER TABLE recovery_keys DROP COLUMN created;
ALTER TABLE roles DROP COLUMN created;
