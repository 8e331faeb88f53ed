use super::*;
use crate::domain::Arn;
use std::collections::BTreeSet;

const VAULT: &str = "arn:aws:backup:us-east-1:123456789012:backup-vault:safe";
const POINT: &str = "arn:aws:backup:us-east-1:123456789012:recovery-point:p";
const USER: &str = "arn:aws:iam::123456789012:user/alice";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/BreakGlass/night";
const ROLE: &str = "arn:aws:iam::123456789012:role/BreakGlass";

fn identity(arn: &str) -> Identity {
    Identity::of(&arn.parse::<Arn>().unwrap()).unwrap()
}

fn policy(statements: &str) -> Policy {
    Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#)).unwrap()
}

fn decides(policy: &Policy, who: &str, action: &str, resource: &str, facts: &Facts) -> Decision {
    policy.evaluate(&Request { identity: &identity(who), action, resource, facts })
}

/// What a condition says to a request with these facts, in a statement that denies.
fn denies(condition: &str, facts: &Facts) -> bool {
    let statement = format!(
        r#"{{"Effect":"Deny","Principal":"*","Action":"backup:DeleteRecoveryPoint","Resource":"*","Condition":{condition}}}"#
    );
    match decides(&policy(&statement), USER, "backup:DeleteRecoveryPoint", POINT, facts) {
        Decision::Deny(0) => true,
        Decision::Nothing => false,
        other => panic!("{other:?}"),
    }
}

fn refusal(text: &str) -> String {
    Policy::parse(text).unwrap_err().message
}

#[test]
fn an_explicit_deny_goes_before_any_allow_whatever_their_order() {
    let policy = policy(
        r#"[{"Effect":"Allow","Principal":"*","Action":"backup:DeleteRecoveryPoint","Resource":"*"},
            {"Sid":"no","Effect":"Deny","Principal":{"AWS":"123456789012"},"Action":["backup:DeleteRecoveryPoint"],"Resource":["*"]}]"#,
    );
    let decides = |who| decides(&policy, who, "backup:DeleteRecoveryPoint", POINT, &Facts::complete());
    assert_eq!(decides(USER), Decision::Deny(1));
    assert_eq!(decides("arn:aws:iam::210987654321:user/bob"), Decision::Allow(0));
    assert_eq!((policy.name_of(0), policy.name_of(1)), ("statement 1".to_owned(), "statement \"no\"".to_owned()));
}

#[test]
fn what_no_statement_is_about_is_not_decided() {
    let policy = policy(
        r#"{"Effect":"Deny","Principal":"*","Action":"backup:DeleteRecoveryPoint","Resource":"arn:aws:ec2:*::snapshot/*"}"#,
    );
    let facts = Facts::complete();
    assert_eq!(decides(&policy, USER, "backup:DeleteRecoveryPoint", POINT, &facts), Decision::Nothing);
    assert_eq!(
        decides(&policy, USER, "backup:StartRestoreJob", "arn:aws:ec2:us-east-1::snapshot/s", &facts),
        Decision::Nothing
    );
    assert_eq!(
        decides(&policy, USER, "backup:deleterecoverypoint", "arn:aws:ec2:us-east-1::snapshot/s", &facts),
        Decision::Deny(0)
    );
}

#[test]
fn principals_are_accounts_users_roles_and_sessions_of_roles() {
    let names = |principal: &str, who: &str| {
        let statement = format!(
            r#"{{"Effect":"Deny","Principal":{principal},"Action":"backup:DescribeBackupVault","Resource":"{VAULT}"}}"#
        );
        decides(&policy(&statement), who, "backup:DescribeBackupVault", VAULT, &Facts::complete()) == Decision::Deny(0)
    };
    for everybody in
        [r#""*""#, r#"{"AWS":"*"}"#, r#"{"AWS":["123456789012"]}"#, r#"{"AWS":"arn:aws:iam::123456789012:root"}"#]
    {
        assert!(names(everybody, USER) && names(everybody, SESSION), "{everybody}");
    }
    let one = |arn: &str| format!(r#"{{"AWS":"{arn}"}}"#);
    assert!(names(&one(USER), USER) && !names(&one(USER), SESSION));
    assert!(names(&one(ROLE), SESSION) && names(&one(SESSION), SESSION) && !names(&one(ROLE), USER));
    assert!(!names(&one("210987654321"), USER));
    assert!(!names(r#"{"Service":"backup.amazonaws.com"}"#, USER));
}

#[test]
fn not_principal_spares_only_who_is_named_with_account_role_and_session() {
    let denied = |spared: &[&str], who: &str| {
        let statement = format!(
            r#"{{"Effect":"Deny","NotPrincipal":{{"AWS":{spared:?}}},"Action":"backup:DescribeBackupVault","Resource":"*"}}"#
        );
        decides(&policy(&statement), who, "backup:DescribeBackupVault", VAULT, &Facts::complete()) == Decision::Deny(0)
    };
    assert!(!denied(&[USER, "123456789012"], USER));
    assert!(denied(&[USER], USER), "its account is not named");
    assert!(denied(&["123456789012"], USER), "the account's other users are meant still");
    assert!(!denied(&[SESSION, ROLE, "arn:aws:iam::123456789012:root"], SESSION));
    assert!(denied(&[ROLE, "123456789012"], SESSION), "the session is not named");
    assert!(!denied(&["*"], USER));
}

#[test]
fn not_action_and_not_resource_mean_all_but_those() {
    let policy = policy(
        r#"{"Effect":"Deny","Principal":"*","NotAction":["backup:DescribeBackupVault"],"NotResource":"arn:aws:backup:*:*:recovery-point:*"}"#,
    );
    let decides = |action, resource| decides(&policy, USER, action, resource, &Facts::complete());
    assert_eq!(decides("backup:DescribeBackupVault", VAULT), Decision::Nothing);
    assert_eq!(decides("backup:DeleteBackupVault", VAULT), Decision::Deny(0));
    assert_eq!(decides("backup:DeleteRecoveryPoint", POINT), Decision::Nothing);
}

#[test]
fn strings_arns_numbers_dates_and_booleans_are_compared_each_in_its_way() {
    let facts = Facts::complete()
        .with("aws:PrincipalArn", ROLE)
        .with("aws:PrincipalOrgID", "o-abc")
        .with("backup:MinRetentionDays", "7")
        .with("aws:CurrentTime", "2026-11-26T08:00:00Z")
        .with("aws:SecureTransport", "true");
    for (condition, expected) in [
        (r#"{"StringEquals":{"aws:PrincipalOrgID":"o-abc"}}"#, true),
        (r#"{"StringEquals":{"AWS:principalorgid":["x","o-abc"]}}"#, true),
        (r#"{"StringEquals":{"aws:PrincipalOrgID":"o-*"}}"#, false),
        (r#"{"StringEquals":{"aws:PrincipalOrgID":"O-ABC"}}"#, false),
        (r#"{"StringEqualsIgnoreCase":{"aws:PrincipalOrgID":"O-ABC"}}"#, true),
        (r#"{"StringNotEqualsIgnoreCase":{"aws:PrincipalOrgID":"O-ABC"}}"#, false),
        (r#"{"StringNotEquals":{"aws:PrincipalOrgID":["x","o-abc"]}}"#, false),
        (r#"{"StringNotEquals":{"aws:PrincipalOrgID":["x","y"]}}"#, true),
        (r#"{"StringLike":{"aws:PrincipalOrgID":"o-?b*"}}"#, true),
        (r#"{"StringNotLike":{"aws:PrincipalOrgID":"o-?b*"}}"#, false),
        (r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Break*"}}"#, true),
        (r#"{"ArnLike":{"aws:PrincipalArn":"arn:*:role/BreakGlass"}}"#, false),
        (r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/BreakGlass"}}"#, true),
        (r#"{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/BreakGlass"}}"#, false),
        (r#"{"NumericLessThan":{"backup:MinRetentionDays":8}}"#, true),
        (r#"{"NumericLessThan":{"backup:MinRetentionDays":"7"}}"#, false),
        (r#"{"NumericLessThanEquals":{"backup:MinRetentionDays":"7.0"}}"#, true),
        (r#"{"NumericGreaterThan":{"backup:MinRetentionDays":"6"}}"#, true),
        (r#"{"NumericGreaterThanEquals":{"backup:MinRetentionDays":"8"}}"#, false),
        (r#"{"NumericNotEquals":{"backup:MinRetentionDays":"7"}}"#, false),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2026-12-01"}}"#, true),
        (r#"{"DateGreaterThan":{"aws:CurrentTime":"2026-11-26T08:00:01Z"}}"#, false),
        (r#"{"Bool":{"aws:SecureTransport":true}}"#, true),
        (r#"{"Bool":{"aws:SecureTransport":"FALSE"}}"#, false),
        (r#"{"StringEquals":{"aws:PrincipalOrgID":"o-abc"},"Bool":{"aws:SecureTransport":"false"}}"#, false),
    ] {
        assert_eq!(denies(condition, &facts), expected, "{condition}");
    }
}

#[test]
fn a_key_that_is_not_there_fails_a_test_but_not_its_contrary_nor_what_asks_for_it_if_it_exists() {
    let facts = Facts::complete();
    for (condition, expected) in [
        (r#"{"StringEquals":{"aws:PrincipalOrgID":"o"}}"#, false),
        (r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o"}}"#, true),
        (r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o"}}"#, true),
        (r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::1:x"}}"#, true),
        (r#"{"NumericLessThan":{"backup:MinRetentionDays":"7"}}"#, false),
        (r#"{"NumericLessThanIfExists":{"backup:MinRetentionDays":"7"}}"#, true),
        (r#"{"Null":{"aws:PrincipalOrgID":"true"}}"#, true),
        (r#"{"Null":{"aws:PrincipalOrgID":"false"}}"#, false),
        (r#"{"ForAllValues:StringEquals":{"aws:PrincipalOrgPaths":"x"}}"#, true),
        (r#"{"ForAnyValue:StringEquals":{"aws:PrincipalOrgPaths":"x"}}"#, false),
    ] {
        assert_eq!(denies(condition, &facts), expected, "{condition}");
    }
}

#[test]
fn of_a_key_with_several_values_any_or_all_must_fit() {
    let facts =
        Facts::complete().with_all("backup:CopyTargets", vec!["a1".to_owned(), "a2".to_owned(), "b1".to_owned()]);
    for (condition, expected) in [
        (r#"{"ForAnyValue:StringEquals":{"backup:CopyTargets":["a2","c"]}}"#, true),
        (r#"{"ForAllValues:StringLike":{"backup:CopyTargets":"a*"}}"#, false),
        (r#"{"ForAllValues:StringLike":{"backup:CopyTargets":["a*","b1"]}}"#, true),
        (r#"{"ForAnyValue:StringNotLike":{"backup:CopyTargets":"a*"}}"#, true),
        (r#"{"ForAllValues:StringNotLike":{"backup:CopyTargets":"a*"}}"#, false),
    ] {
        assert_eq!(denies(condition, &facts), expected, "{condition}");
    }
}

#[test]
fn variables_stand_for_values_and_never_for_wildcards() {
    let facts = Facts::complete().with("aws:PrincipalAccount", "123456789012").with("aws:username", "a*");
    let arn = |resource: &str, version: &str| {
        let text = format!(
            r#"{{"Version":"{version}","Statement":{{"Effect":"Deny","Principal":"*","Action":"backup:DescribeBackupVault","Resource":"{resource}"}}}}"#
        );
        let policy = Policy::parse(&text).unwrap();
        decides(&policy, USER, "backup:DescribeBackupVault", VAULT, &facts) == Decision::Deny(0)
    };
    let own = "arn:aws:backup:us-east-1:${aws:PrincipalAccount}:backup-vault:safe";
    assert!(arn(own, "2012-10-17"));
    assert!(!arn(own, "2008-10-17"), "the older language has no variables");
    assert!(!arn("arn:aws:backup:us-east-1:123456789012:${aws:username}", "2012-10-17"), "the value's * is a letter");
    assert!(!arn("arn:aws:backup:us-east-1:${aws:Nothing}:backup-vault:safe", "2012-10-17"));
    assert!(arn("arn:aws:backup:us-east-1:${aws:Nothing, '123456789012'}:backup-vault:safe", "2012-10-17"));
    assert!(denies(r#"{"ArnLike":{"aws:username":"*"}}"#, &facts));
    assert!(denies(r#"{"StringEquals":{"aws:username":"a${*}"}}"#, &facts));
}

#[test]
fn what_depends_on_unknown_keys_says_on_which() {
    let policy = policy(
        r#"[{"Effect":"Deny","Principal":"*","Action":"backup:DeleteRecoveryPoint","Resource":"*",
             "Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"StringEquals":{"aws:PrincipalAccount":"123456789012"}}}]"#,
    );
    let facts = Facts::partial().with("aws:PrincipalAccount", "123456789012");
    let keys: BTreeSet<String> = ["aws:SourceIp".to_owned()].into();
    assert_eq!(
        decides(&policy, USER, "backup:DeleteRecoveryPoint", POINT, &facts),
        Decision::Depends { statement: 0, keys }
    );
    let other = Facts::partial().with("aws:PrincipalAccount", "210987654321");
    assert_eq!(decides(&policy, USER, "backup:DeleteRecoveryPoint", POINT, &other), Decision::Nothing);
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_rule() {
    let with = |element: &str, value: &str| {
        let mut statement: serde_json::Value = serde_json::from_str(
            r#"{"Effect":"Deny","Principal":"*","Action":"backup:DeleteRecoveryPoint","Resource":"*"}"#,
        )
        .unwrap();
        statement[element] = serde_json::from_str(value).unwrap();
        refusal(&serde_json::json!({ "Statement": [statement] }).to_string())
    };
    for (element, value, expected) in [
        ("Action", r#""backup:*""#, "Policy.Statement[0].Action: backup:*: wildcards are not supported in actions"),
        ("Action", r#""*""#, "wildcards are not supported"),
        (
            "Action",
            r#""backup:DeleteEverything""#,
            "Policy.Statement[0].Action: backup:DeleteEverything: it is not an action",
        ),
        ("Action", r#""s3:GetObject""#, "it is not an action on a backup vault"),
        ("Action", "[]", "Policy.Statement[0].Action: there must be one at least"),
        ("Action", "7", "Policy.Statement[0].Action: it must be a string, not a number"),
        ("NotAction", r#""backup:ListTags""#, "Policy.Statement[0].Action: it cannot stand beside NotAction"),
        ("Effect", r#""deny""#, "Policy.Statement[0].Effect: it must be \"Allow\" or \"Deny\""),
        ("Principal", r#""123456789012""#, "Policy.Statement[0].Principal: it must be \"*\" or an object"),
        ("Principal", "{}", "Policy.Statement[0].Principal: it must name one principal"),
        ("Principal", r#"{"AWS":[]}"#, "Policy.Statement[0].Principal.AWS: there must be one at least"),
        ("Principal", r#"{"AWS":"alice"}"#, "Policy.Statement[0].Principal.AWS: alice: it is neither"),
        ("Principal", r#"{"AWS":"arn:aws:iam::123456789012:role/*"}"#, "a principal is named in full"),
        (
            "Principal",
            r#"{"Federated":"x"}"#,
            "Policy.Statement[0].Principal.Federated: principals are of AWS or Service",
        ),
        ("Resource", r#""safe""#, "Policy.Statement[0].Resource: safe: it must be \"*\" or an ARN"),
        ("Sid", "7", "Policy.Statement[0].Sid: it must be a string"),
        ("Principle", r#""*""#, "Policy.Statement[0].Principle: the elements of a statement are Sid, Effect"),
        (
            "Condition",
            r#"{"StringIs":{"aws:userid":"x"}}"#,
            "Policy.Statement[0].Condition.StringIs: it is not a condition operator",
        ),
        ("Condition", r#"{"BinaryEquals":{"aws:x":"x"}}"#, "it is not a condition operator"),
        ("Condition", r#"{"StringEquals":{"userid":"x"}}"#, "a condition key is of the form aws:PrincipalArn"),
        ("Condition", r#"{"NumericEquals":{"backup:MinRetentionDays":"many"}}"#, "many: it must be a number"),
        ("Condition", r#"{"Bool":{"aws:SecureTransport":"maybe"}}"#, "maybe: it must be true or false"),
        ("Condition", r#"{"StringEquals":{"aws:userid":[]}}"#, "there must be one value at least"),
        (
            "Condition",
            r#"{"StringEquals":{"aws:userid":{}}}"#,
            "it must be a string, or a list of strings, not an object",
        ),
    ] {
        let message = with(element, value);
        assert!(message.starts_with("Invalid Policy.Statement[0]."), "{message}");
        assert!(message.contains(expected), "{element} {value}: {message}");
    }
}

#[test]
fn a_policy_without_what_it_must_have_is_refused() {
    let fine = r#""Principal":"*","Action":"backup:DeleteRecoveryPoint","Resource":"*""#;
    for (text, expected) in [
        (String::new(), "Invalid Policy: it is not JSON"),
        ("[]".to_owned(), "Invalid Policy: it must be an object, not a list"),
        ("{}".to_owned(), "Policy.Statement is required"),
        (r#"{"Statement":[]}"#.to_owned(), "Invalid Policy.Statement: there must be one at least"),
        (r#"{"Version":"2013-01-01","Statement":[]}"#.to_owned(), "Invalid Policy.Version"),
        (r#"{"Statements":[],"Statement":[]}"#.to_owned(), "Invalid Policy.Statements: the elements of a policy are"),
        (format!(r#"{{"Statement":{{{fine}}}}}"#), "Policy.Statement[0].Effect is required"),
        (
            r#"{"Statement":{"Effect":"Deny","Action":"backup:ListTags","Resource":"*"}}"#.to_owned(),
            "Policy.Statement[0].Principal or NotPrincipal is required",
        ),
        (
            r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"backup:ListTags"}}"#.to_owned(),
            "Policy.Statement[0].Resource or NotResource is required",
        ),
        (
            format!(r#"{{"Statement":[{{"Sid":"a","Effect":"Deny",{fine}}},{{"Sid":"a","Effect":"Deny",{fine}}}]}}"#),
            "Invalid Policy.Statement[1].Sid: another statement",
        ),
        (
            format!(r#"{{"Statement":{{"Effect":"Deny","Effect":"Allow",{fine}}}}}"#),
            "the key \"Effect\" is there twice",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","NotPrincipal":"*","Action":"backup:ListTags","Resource":"*"}}"#
                .to_owned(),
            "NotPrincipal: it cannot stand with",
        ),
        (" ".repeat(40 * 1024), "Invalid Policy: a policy has at most 20480 bytes, and this one has 40960"),
    ] {
        let message = refusal(&text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn what_a_message_repeats_of_a_policy_is_harmless_and_short() {
    let action = format!("x\u{1b}[2J{}", "y".repeat(5000));
    let text =
        serde_json::json!({ "Statement": { "Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*" } });
    let message = refusal(&text.to_string());
    assert!(!message.contains('\u{1b}') && message.len() < 500, "{message}");
}

#[test]
fn every_action_is_spelled_as_aws_spells_it_and_has_one_target() {
    let all: Vec<_> = actions::all().collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    for action in all {
        assert_eq!(actions::spelled(&action.to_ascii_uppercase()), Some(action));
        assert!(target_of(action).is_some());
    }
    assert_eq!(target_of("backup:ListBackupVaults"), None);
}

#[test]
fn a_statement_is_told_in_plain_words() {
    for (statement, expected) in [
        (r#"{"Effect":"Deny","Principal":"*","Action":["backup:DeleteRecoveryPoint","backup:DeleteBackupVault"],"Resource":"*"}"#.to_owned(),
         "Nobody can DeleteRecoveryPoint or DeleteBackupVault".to_owned()),
        (format!(r#"{{"Effect":"Deny","Principal":"*","Action":"backup:DeleteRecoveryPoint","Resource":"*",
             "Condition":{{"ArnNotEquals":{{"aws:PrincipalArn":"{ROLE}"}}}}}}"#),
         format!("Nobody can DeleteRecoveryPoint, unless aws:PrincipalArn is {ROLE}")),
        (format!(r#"{{"Effect":"Deny","NotPrincipal":{{"AWS":["{USER}","123456789012"]}},"NotAction":"backup:ListTags","Resource":"{VAULT}"}}"#),
         format!("Nobody but user/alice of 123456789012 and account 123456789012 can anything but ListTags on {VAULT}")),
        (r#"{"Effect":"Allow","Principal":{"AWS":["123456789012","210987654321"]},"Action":"backup:CopyIntoBackupVault","Resource":"*",
             "Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a"},"NumericLessThan":{"backup:MinRetentionDays":"7"}}}"#.to_owned(),
         "account 123456789012 and account 210987654321 can CopyIntoBackupVault, where aws:PrincipalOrgID is o-a and \
          backup:MinRetentionDays is below 7".to_owned()),
    ] {
        assert_eq!(policy(&statement).in_words(), [expected]);
    }
}

#[test]
fn templates_are_policies_that_do_what_they_say() {
    let vault: Arn = VAULT.parse().unwrap();
    let (facts, role) =
        (|arn: &str| Facts::complete().with("aws:PrincipalArn", identity(arn).principal_arn()), ROLE.to_owned());
    let denies = Policy::parse(&Template::DenyDeletes.text()).unwrap();
    assert_eq!(decides(&denies, USER, "backup:DeleteRecoveryPoint", POINT, &facts(USER)), Decision::Deny(0));
    assert!(!denies.is_final(&vault));
    let glass = Policy::parse(&Template::BreakGlass { role }.text()).unwrap();
    assert_eq!(decides(&glass, USER, "backup:PutBackupVaultAccessPolicy", VAULT, &facts(USER)), Decision::Deny(0));
    assert_eq!(decides(&glass, SESSION, "backup:DeleteRecoveryPoint", POINT, &facts(SESSION)), Decision::Nothing);
    assert!(!glass.is_final(&vault));
    let copies = Policy::parse(&Template::CopiesFromOrganization { organization: "o-a".to_owned() }.text()).unwrap();
    let stranger = "arn:aws:iam::210987654321:user/bob";
    for (organization, expected) in [("o-a", Decision::Allow(0)), ("o-b", Decision::Nothing)] {
        let facts = Facts::complete().with("aws:PrincipalOrgID", organization);
        assert_eq!(decides(&copies, stranger, COPY_INTO_VAULT, VAULT, &facts), expected);
    }
}

#[test]
fn a_policy_is_final_when_both_ways_to_change_it_are_denied_to_everybody_without_a_condition() {
    let vault: Arn = VAULT.parse().unwrap();
    let both = r#""Action":["backup:PutBackupVaultAccessPolicy","backup:DeleteBackupVaultAccessPolicy"]"#;
    for (rest, expected) in [
        (format!(r#""Principal":"*",{both},"Resource":"*""#), true),
        (format!(r#""Principal":"*",{both},"Resource":"arn:aws:backup:*:*:backup-vault:s?fe""#), true),
        (format!(r#""Principal":"*",{both},"Resource":"arn:aws:backup:*:*:backup-vault:other""#), false),
        (format!(r#""Principal":{{"AWS":"123456789012"}},{both},"Resource":"*""#), false),
        (format!(r#""Principal":"*",{both},"Resource":"*","Condition":{{"Null":{{"aws:userid":"true"}}}}"#), false),
        (r#""Principal":"*","Action":"backup:PutBackupVaultAccessPolicy","Resource":"*""#.to_owned(), false),
    ] {
        assert_eq!(policy(&format!(r#"{{"Effect":"Deny",{rest}}}"#)).is_final(&vault), expected, "{rest}");
    }
}

#[test]
fn without_the_service_it_is_said_who_can_and_what_is_not_known() {
    let vault: Arn = VAULT.parse().unwrap();
    let told = |policy: Option<&Policy>, action: &str| -> Vec<(String, Option<bool>)> {
        standings(policy, &vault, action).into_iter().map(|one| (one.principal, one.allowed)).collect()
    };
    let others = |allowed| ("other accounts".to_owned(), allowed);
    let rest = |allowed| ("anybody else of account 123456789012".to_owned(), allowed);
    assert_eq!(told(None, "backup:DeleteRecoveryPoint"), [rest(Some(true)), others(Some(false))]);
    let glass = Policy::parse(&Template::BreakGlass { role: ROLE.to_owned() }.text()).unwrap();
    assert_eq!(
        told(Some(&glass), "backup:DeleteRecoveryPoint"),
        [(ROLE.to_owned(), Some(true)), rest(Some(false)), others(Some(false))]
    );
    let by_address = policy(
        r#"{"Effect":"Deny","Principal":"*","Action":"backup:DeleteRecoveryPoint","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}"#,
    );
    let unknown = standings(Some(&by_address), &vault, "backup:DeleteRecoveryPoint").remove(0);
    assert_eq!(
        (unknown.allowed, unknown.because.as_str()),
        (None, "statement 1 decides it by aws:SourceIp, which is not known here")
    );
    let copies = policy(
        r#"{"Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"backup:CopyIntoBackupVault","Resource":"*"}"#,
    );
    let root = "arn:aws:iam::210987654321:root".to_owned();
    assert_eq!(told(Some(&copies), COPY_INTO_VAULT), [(root.clone(), Some(true)), rest(Some(true)), others(None)]);
    assert_eq!(told(Some(&copies), "backup:ListTags"), [(root, Some(false)), rest(Some(true)), others(Some(false))]);
}
