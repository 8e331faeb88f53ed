//! Vaults.

use crate::harness::{Harness, MANAGEMENT, caller, management, member, tags_of, walk, whole};
use vaultdeck::domain::VaultName;
use vaultdeck::engine::{ErrorKind, NewVault, PageRequest};

fn name(text: &str) -> VaultName {
    text.parse().unwrap()
}

fn with_token(token: &str) -> NewVault {
    NewVault { creator_request_id: Some(token.to_owned()), ..NewVault::default() }
}

#[test]
fn a_new_vault_is_described_with_its_tags() {
    let harness = Harness::new();
    let request = NewVault { tags: tags_of(&[("team", "a")]), ..with_token("token-1") };
    let made = harness.engine.create_vault(&management(), &name("nightly"), request).unwrap();
    assert_eq!(made.arn.as_str(), "arn:aws:backup:us-east-1:123456789012:backup-vault:nightly");
    assert!(made.vault_type.is_standard());
    assert_eq!((made.recovery_points, made.lock), (0, None));
    assert_eq!(made.creator_request_id.as_deref(), Some("token-1"));
    assert_eq!(harness.engine.describe_vault(&management(), "nightly").unwrap(), made);
    let tags = harness.engine.list_tags(&management(), &made.arn, &whole()).unwrap().items;
    assert_eq!(tags, [("team".to_owned(), "a".to_owned())]);
    assert!(harness.folder.path().join("data/vaults/123456789012/us-east-1/nightly").is_dir());
}

#[test]
fn the_same_name_exists_already_unless_the_token_is_the_same() {
    let harness = Harness::new();
    let create = |request| harness.engine.create_vault(&management(), &name("nightly"), request);
    let made = create(with_token("a")).unwrap();
    assert_eq!(create(with_token("a")).unwrap(), made);
    for other in [with_token("b"), NewVault::default()] {
        let error = create(other).unwrap_err();
        assert_eq!(error.to_string(), "Backup vault with the same name already exists");
        let kind =
            ErrorKind::AlreadyExists { arn: Some(made.arn.to_string()), creator_request_id: Some("a".to_owned()) };
        assert_eq!(error.kind(), kind);
    }
}

#[test]
fn what_a_vault_cannot_have_is_refused_by_name() {
    let harness = Harness::new();
    let refused = |request| {
        let result = harness.engine.create_vault(&management(), &name("nightly"), request);
        result.unwrap_err().to_string()
    };
    assert!(refused(with_token("a b")).starts_with("Invalid CreatorRequestId"));
    assert!(
        refused(NewVault { tags: tags_of(&[("aws:x", "")]), ..NewVault::default() })
            .starts_with("Invalid BackupVaultTags")
    );
    let key = Some("arn:aws:kms:us-east-1:123456789012:key/x".to_owned());
    assert!(
        refused(NewVault { encryption_key_arn: key, ..NewVault::default() }).starts_with("Invalid EncryptionKeyArn")
    );
    assert_eq!(harness.engine.list_vaults(&management(), None, &whole()).unwrap().items.len(), 1);
}

#[test]
fn a_vault_that_is_not_there_is_forbidden_as_in_aws() {
    let harness = Harness::with_member();
    harness.vault("mine");
    for (who, vault) in [
        (management(), "none"),
        (management(), "aws/efs/automatic-backup-vault"),
        (management(), "../../etc"),
        (member(), "mine"),
        (caller(MANAGEMENT, "eu-west-1"), "mine"),
    ] {
        let error = harness.engine.describe_vault(&who, vault).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AccessDenied, "{vault}");
        assert_eq!(error.to_string(), "Insufficient privileges to perform this action.");
    }
}

#[test]
fn vaults_are_listed_by_name_in_pages_and_only_the_callers() {
    let harness = Harness::with_member();
    for number in 0..7 {
        harness.vault(&format!("vault-{number}"));
    }
    let names: Vec<String> =
        walk(3, |page| harness.engine.list_vaults(&management(), None, page)).into_iter().map(|v| v.name).collect();
    let expected: Vec<String> =
        std::iter::once("Default".to_owned()).chain((0..7).map(|number| format!("vault-{number}"))).collect();
    assert_eq!(names, expected);
    assert_eq!(harness.engine.list_vaults(&member(), None, &whole()).unwrap().items.len(), 1);
    assert!(harness.engine.list_vaults(&caller(MANAGEMENT, "eu-west-1"), None, &whole()).unwrap().items.is_empty());
}

#[test]
fn vaults_are_filtered_by_type() {
    let harness = Harness::new();
    let list = |kind| harness.engine.list_vaults(&management(), Some(kind), &whole());
    assert_eq!(list("BACKUP_VAULT").unwrap().items.len(), 1);
    assert_eq!(list("LOGICALLY_AIR_GAPPED_BACKUP_VAULT").unwrap().items.len(), 0);
    assert!(list("SAFE").unwrap_err().to_string().starts_with("Invalid VaultType"));
}

#[test]
fn a_bad_token_and_a_bad_page_size_are_refused_by_name() {
    let harness = Harness::new();
    let list = |max_results, token: Option<&str>| {
        let page = PageRequest { max_results, next_token: token.map(str::to_owned) };
        harness.engine.list_vaults(&management(), None, &page).unwrap_err()
    };
    for (error, field) in [(list(Some(0), None), "MaxResults"), (list(None, Some("x")), "NextToken")] {
        assert_eq!(error.kind(), ErrorKind::InvalidParameterValue);
        assert!(error.to_string().starts_with(&format!("Invalid {field}")), "{error}");
    }
}

#[test]
fn an_empty_vault_is_deleted_into_the_trash_and_its_name_is_free_again() {
    let harness = Harness::new();
    harness.vault("nightly");
    let data = harness.folder.path().join("data");
    harness.engine.delete_vault(&management(), "nightly").unwrap();
    assert!(!data.join("vaults/123456789012/us-east-1/nightly").exists());
    assert_eq!(std::fs::read_dir(data.join("trash")).unwrap().count(), 1);
    let error = harness.engine.delete_vault(&management(), "nightly").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResourceNotFound);
    harness.vault("nightly");
}

#[test]
fn the_default_vault_cannot_be_deleted() {
    let harness = Harness::new();
    let error = harness.engine.delete_vault(&management(), "Default").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(error.to_string(), "The default backup vault cannot be deleted.");
}

#[test]
fn what_is_wrong_with_another_vaults_folder_keeps_no_vault_from_being_deleted_and_is_not_told() {
    let harness = Harness::new();
    let (arn, _) = (harness.vault("nightly"), harness.vault("other"));
    let folder = |name: &str| harness.folder.path().join(format!("data/vaults/{MANAGEMENT}/us-east-1/{name}"));
    assert!(folder("nightly").is_dir());
    std::fs::create_dir_all(folder("moved/vaultdeck")).unwrap();
    std::fs::copy(folder("other/vaultdeck/key.json"), folder("moved/vaultdeck/key.json")).unwrap();
    assert_eq!(harness.engine.rescan(None).unwrap().problems.len(), 1);
    assert_eq!(harness.engine.rescan(Some(&arn)).unwrap().problems, Vec::<String>::new());
    harness.engine.delete_vault(&management(), "nightly").unwrap();
}
