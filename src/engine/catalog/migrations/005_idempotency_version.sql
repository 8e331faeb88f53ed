-- How the digest of a stored request was made: tokens of an older form are equal by their operation alone.
ALTER TABLE idempotency_tokens ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
