-- Since when a vault holds something that is not needed any more, until a collection has left nothing to do: a process that
-- ends between a deletion and the collection leaves the next one to do it. Every vault of an older version is looked at once.
ALTER TABLE vaults ADD COLUMN littered_at INTEGER;
UPDATE vaults SET littered_at = 0;
