-- The tags with which a vault or plan was created, as JSON: a repeated create with the same token and other tags is refused.
CREATE TABLE creation_tags (
    arn TEXT PRIMARY KEY,
    tags TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which restore made, or makes, the file system of a CreationToken.
CREATE TABLE creation_tokens (
    account TEXT NOT NULL REFERENCES accounts (id),
    region TEXT NOT NULL,
    token TEXT NOT NULL,
    job_id TEXT NOT NULL,
    PRIMARY KEY (account, region, token)
) STRICT, WITHOUT ROWID;
