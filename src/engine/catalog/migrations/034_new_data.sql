-- What a backup stored of the content of files that its vault did not hold yet, before and after compression. Jobs of before this,
-- and those that did not complete, have none.
ALTER TABLE backup_jobs ADD COLUMN new_bytes INTEGER;
ALTER TABLE backup_jobs ADD COLUMN new_bytes_packed INTEGER;
-- Those whose new data hardly compressed: few of many, and looked for again and again.
CREATE INDEX backup_jobs_incompressible ON backup_jobs (account, region, created)
    WHERE new_bytes >= 1048576 AND new_bytes_packed * 100 >= new_bytes * 95;
