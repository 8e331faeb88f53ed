//! The AWS SDK on the dashboard's side (design §6).
