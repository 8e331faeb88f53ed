-- Restores that are tests: whether a job is one, and what it found (a document; nothing until then).
ALTER TABLE restore_jobs ADD COLUMN is_test INTEGER NOT NULL DEFAULT 0;
ALTER TABLE restore_jobs ADD COLUMN proof TEXT;

-- When a recovery point was last proven to be restorable, and when a test last found that it is not.
ALTER TABLE recovery_points ADD COLUMN last_proven INTEGER;
ALTER TABLE recovery_points ADD COLUMN last_disproven INTEGER;
