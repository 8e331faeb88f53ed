-- What changed its state, in the order in which that was written, by the same transactions that wrote it. The newest row is
-- never removed, so that no position is given twice.
CREATE TABLE events (
    position    INTEGER PRIMARY KEY,
    -- 16 bytes, a UUID.
    id          BLOB NOT NULL,
    -- In milliseconds since 1970.
    time        INTEGER NOT NULL,
    account     TEXT NOT NULL,
    region      TEXT NOT NULL,
    detail_type TEXT NOT NULL,
    -- A list of ARNs, as JSON.
    resources   TEXT NOT NULL,
    -- AWS's members, as JSON.
    detail      TEXT NOT NULL
) STRICT;
