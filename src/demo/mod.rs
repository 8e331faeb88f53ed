//! The sample organization, made by the real engine.
