//! The wire protocols in front of the engine (design §5).
