-- Who asked for which change through an API, and what came of it; the newest last.
CREATE TABLE trail (
    position INTEGER PRIMARY KEY,
    -- 16 bytes, a UUID.
    id       BLOB NOT NULL,
    -- In milliseconds since 1970.
    time     INTEGER NOT NULL,
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    source   TEXT NOT NULL,
    name     TEXT NOT NULL,
    username TEXT NOT NULL,
    -- CloudTrail's record, as JSON.
    record   TEXT NOT NULL
) STRICT;
CREATE INDEX trail_of_scope ON trail (account, region, position);
