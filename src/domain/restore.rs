//! Restore metadata: which keys each resource type takes (reference §4).
