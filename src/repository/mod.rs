//! The storage format: restic repositories of version 2, written and read with our own code (design §3).
