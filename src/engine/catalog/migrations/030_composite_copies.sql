-- Copies of composite recovery points: a job that stands for the copies of what is nested, and what each of these is called there.
ALTER TABLE copy_jobs ADD COLUMN is_parent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE copy_jobs ADD COLUMN parent_job_id TEXT;
ALTER TABLE copy_jobs ADD COLUMN member TEXT;
-- What a composite lacks whatever becomes of the copies: its source lacked it when it was asked for.
ALTER TABLE copy_jobs ADD COLUMN issue TEXT;
CREATE INDEX copy_jobs_by_parent ON copy_jobs (parent_job_id, created, id) WHERE parent_job_id IS NOT NULL;
