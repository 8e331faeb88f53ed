//! `vaultdeck vault who-can`.

use crate::harness::Home;
use serde_json::json;

#[test]
fn who_can_prints_rows_of_four_members_and_lines_for_people() {
    let home = Home::new();
    let refused = home.run(&["vault", "who-can", "Default", "Everything"]);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    assert!(refused.err.contains("Everything is not an action on a backup vault"), "{}", refused.err);
    let rows = home.json(&["vault", "who-can", "Default", "deleterecoverypoint", "--output", "json"]);
    let user = "arn:aws:iam::123456789012:user/vaultdeck";
    assert_eq!(
        rows[0],
        json!({
            "Principal": user,
            "Action": "backup:DeleteRecoveryPoint",
            "Allowed": true,
            "Because": "it is of the vault's account, and no statement of the access policy denies it",
        })
    );
    let told = home.run(&["vault", "who-can", "Default", "backup:DeleteRecoveryPoint"]);
    assert!(told.out.starts_with(&format!("yes  {user}\n     it is of the vault's account")), "{}", told.out);
    assert!(told.out.contains("\nno   anybody else\n"), "{}", told.out);
    let missing = home.run(&["vault", "who-can", "nope", "DeleteRecoveryPoint"]);
    assert!(missing.code != 0 && missing.err.contains("nope does not exist"), "{}", missing.err);
}
