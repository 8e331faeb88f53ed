//! The dashboard (design §7).
