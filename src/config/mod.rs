//! The config file as plain structs.
