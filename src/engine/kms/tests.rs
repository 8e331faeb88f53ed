use super::ops::NewKey;
use crate::engine::{Caller, ClockKind, Engine, EngineOptions, ErrorKind, RestoreRoots};
use std::sync::Arc;

/// An engine at rest, and a caller of its first account.
pub(super) fn engine() -> (tempfile::TempDir, Arc<Engine>, Caller) {
    let folder = tempfile::tempdir().unwrap();
    let options = EngineOptions {
        data_dir: folder.path().join("data"),
        clock: ClockKind::Simulated,
        scheduler: false,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    };
    let engine = Engine::open(options).unwrap();
    let scope = Engine::first_scope().unwrap();
    let caller = Caller {
        user_arn: format!("arn:aws:iam::{}:user/test", scope.account).parse().unwrap(),
        account: scope.account,
        region: scope.region,
        user_id: None,
        restore_roots: RestoreRoots::Any,
    };
    (folder, engine, caller)
}

#[test]
fn an_account_has_at_most_100000_keys_in_a_region() {
    let (_folder, engine, caller) = engine();
    engine.keys.customer().pretend(&caller.scope(), 99_999);
    engine.create_key(&caller, NewKey::default()).unwrap();
    let refused = engine.create_key(&caller, NewKey::default()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::LimitExceeded, "{refused}");
}
