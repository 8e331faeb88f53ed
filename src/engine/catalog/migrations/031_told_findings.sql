-- Which findings were told to those who are told of them, and are not over.
CREATE TABLE told_findings (
    -- What tells one from others, however often it is found again.
    key     TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
