//! `vaultdeck vault policy`: shown, put after what would change, taken away.

use crate::harness::Home;
use vaultdeck::domain::policy::Template;

const NOBODY: &str = r#"{"Statement":{"Effect":"Deny","Principal":"*","Resource":"*",
    "Action":["backup:PutBackupVaultAccessPolicy","backup:DeleteBackupVaultAccessPolicy"]}}"#;

#[test]
fn a_policy_is_put_shown_and_taken_away_and_nothing_unasked() {
    let home = Home::new();
    let none = home.run(&["vault", "policy", "show", "Default"]);
    assert!(none.code == 1 && none.err.contains("vault Default has no access policy"), "{}", none.err);
    let text = Template::DenyDeletes.text();
    let file = home.path("policy.json");
    std::fs::write(&file, &text).unwrap();
    let file = file.to_str().unwrap();

    // Nobody is there to ask: what would change is told, and nothing is changed.
    let unasked = home.run(&["vault", "policy", "put", "Default", file]);
    assert_eq!(unasked.code, 2, "{}", unasked.err);
    assert!(unasked.out.contains("Set the access policy of vault Default.\n+ "), "{}", unasked.out);
    assert_eq!(home.run(&["vault", "policy", "show", "Default"]).code, 1);

    let put = home.run(&["vault", "policy", "put", "Default", file, "--yes"]);
    assert_eq!(put.code, 0, "{}", put.err);
    let shown = home.run(&["vault", "policy", "show", "Default", "--output", "json"]);
    assert_eq!(shown.out.trim_end(), text.trim_end(), "as it was put");
    let words = home.run(&["vault", "policy", "show", "Default"]);
    assert!(words.out.starts_with("Nobody can "), "{}", words.out);
    let again = home.run(&["vault", "policy", "put", "Default", file]);
    assert_eq!((again.code, again.out.as_str()), (0, "vault Default has this policy already\n"));

    let unasked = home.run(&["vault", "policy", "delete", "Default"]);
    assert!(unasked.code == 2 && unasked.out.contains("\n- "), "{}{}", unasked.out, unasked.err);
    assert_eq!(home.run(&["vault", "policy", "delete", "Default", "--yes"]).code, 0);
    assert_eq!(home.run(&["vault", "policy", "show", "Default"]).code, 1);
    assert_eq!(home.run(&["vault", "policy", "delete", "Default"]).out, "vault Default has no access policy\n");
}

#[test]
fn a_policy_that_nobody_could_change_again_wants_the_vaults_name_and_a_bad_one_its_place() {
    let home = Home::new();
    let file = home.path("policy.json");
    std::fs::write(&file, NOBODY).unwrap();
    let path = file.to_str().unwrap();
    let put = |more: &[&str]| {
        let mut command = vec!["vault", "policy", "put", "Default", path];
        command.extend(more);
        home.run(&command)
    };
    for (more, told) in [(&["--yes"][..], "say --confirm Default"), (&["--confirm", "other"], "is not Default")] {
        let refused = put(more);
        assert!(refused.code == 2 && refused.err.contains(told), "{}", refused.err);
        assert!(
            refused.out.contains("Nobody will ever be able to change or remove this policy again."),
            "{}",
            refused.out
        );
    }
    assert_eq!(home.run(&["vault", "policy", "show", "Default"]).code, 1, "nothing was put");
    assert_eq!(put(&["--confirm", "Default"]).code, 0);
    let refused = home.run(&["vault", "policy", "delete", "Default", "--yes"]);
    assert!(refused.code == 1 && refused.err.contains("explicit deny"), "{}", refused.err);

    std::fs::write(
        &file,
        r#"{"Statement":{"Effect":"Deny","Principal":"*","Resource":"*","Action":"backup:Nothing"}}"#,
    )
    .unwrap();
    let refused = put(&["--yes"]);
    assert!(refused.code != 0 && refused.err.contains("backup:Nothing"), "{}", refused.err);
    let missing = home.run(&["vault", "policy", "put", "Default", "/nowhere/policy.json", "--yes"]);
    assert!(missing.code == 2 && missing.err.contains("/nowhere/policy.json"), "{}", missing.err);
}
