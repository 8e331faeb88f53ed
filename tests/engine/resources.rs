//! Resources: what is registered, and how.

use crate::harness::{Harness, MANAGEMENT, MEMBER, add_request, caller, management, tags_of, whole};
use vaultdeck::domain::extension::AddResource;
use vaultdeck::domain::types::Location;
use vaultdeck::engine::ErrorKind;

#[test]
fn a_registered_folder_has_an_arn_of_efs() {
    let harness = Harness::new();
    let arn = harness.resource("projects", &[("env", "prod")]);
    let id = arn.as_str().strip_prefix("arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-").unwrap();
    assert!(id.len() == 17 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let listed = harness.engine.resources().unwrap().resources;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].name.as_str(), listed[0].resource_type.as_str()), ("projects", "EFS"));
    assert_eq!(listed[0].tags, tags_of(&[("env", "prod")]));
    let path = harness.folder.path().join("projects").canonicalize().unwrap();
    assert_eq!(listed[0].path.as_deref(), path.to_str());
}

#[test]
fn the_same_name_and_path_keep_the_arn_and_replace_the_tags() {
    let harness = Harness::new();
    let first = harness.add("projects", "here", &[("a", "1"), ("b", "2")]).unwrap();
    assert_eq!(harness.add("projects", "here", &[("c", "3")]).unwrap(), first);
    assert_eq!(harness.engine.resources().unwrap().resources[0].tags, tags_of(&[("c", "3")]));
    let error = harness.add("projects", "there", &[]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::AlreadyExists { arn: Some(arn), .. } if arn == first.as_str()));
    assert!(error.to_string().contains("registered already with the path"), "{error}");
}

#[test]
fn the_same_name_may_be_used_in_another_account_or_region() {
    let harness = Harness::with_member();
    let first = harness.resource("projects", &[]);
    let path = harness.folder.path().join("projects");
    let elsewhere = |account: Option<&str>, region: Option<&str>| {
        let request = AddResource {
            account_id: account.map(str::to_owned),
            region: region.map(str::to_owned),
            ..add_request("projects", path.to_str().unwrap(), &[])
        };
        harness.engine.add_resource(request).unwrap().resource_arn
    };
    let (other_account, other_region) = (elsewhere(Some(MEMBER), None), elsewhere(None, Some("eu-west-1")));
    assert!(first.as_str() != other_account && other_account != other_region);
    assert_eq!(harness.engine.describe_vault(&caller(MANAGEMENT, "eu-west-1"), "Default").unwrap().name, "Default");
    assert_eq!(harness.engine.status().unwrap().regions, ["us-east-1", "eu-west-1"]);
}

#[test]
fn what_cannot_be_protected_is_refused_with_the_reason() {
    let harness = Harness::new();
    let real = harness.folder.path().join("real");
    std::fs::create_dir(&real).unwrap();
    let real = real.to_str().unwrap().to_owned();
    let refused = |change: &dyn Fn(&mut AddResource)| {
        let mut request = add_request("projects", &real, &[]);
        change(&mut request);
        harness.engine.add_resource(request).unwrap_err().to_string()
    };
    let unknown_type = refused(&|request| request.resource_type = "EC2".to_owned());
    let told = "Invalid ResourceType: this engine cannot back up \"EC2\"; available: Aurora, ";
    assert!(unknown_type.starts_with(told) && unknown_type.contains(", EFS, "), "{unknown_type}");
    assert!(refused(&|request| request.location = Location::at_path("/does/not/exist")).starts_with("Invalid Path"));
    let data = harness.folder.path().join("data/vaults").to_str().unwrap().to_owned();
    assert!(refused(&|request| request.location = Location::at_path(&*data)).contains("data directory"));
    let above = harness.folder.path().to_str().unwrap().to_owned();
    assert!(refused(&|request| request.location = Location::at_path(&*above)).contains("data directory"));
    assert!(refused(&|request| request.name = "a\u{1b}[31m".to_owned()).starts_with("Invalid Name"));
    assert!(refused(&|request| request.tags = tags_of(&[("", "x")])).starts_with("Invalid Tags"));
    assert!(refused(&|request| request.region = Some("../..".to_owned())).starts_with("Invalid Region"));
    assert!(refused(&|request| request.account_id = Some("999999999999".to_owned())).contains("no account"));
    assert!(harness.engine.resources().unwrap().resources.is_empty());
}

#[test]
fn a_removed_resource_is_gone_and_its_folder_stays() {
    let harness = Harness::new();
    let arn = harness.resource("projects", &[("env", "prod")]);
    harness.engine.remove_resource(&arn).unwrap();
    assert!(harness.engine.resources().unwrap().resources.is_empty());
    assert!(harness.folder.path().join("projects").is_dir());
    assert_eq!(harness.engine.remove_resource(&arn).unwrap_err().kind(), ErrorKind::ResourceNotFound);
    assert_ne!(harness.resource("projects", &[]), arn);
}

#[test]
fn what_was_never_backed_up_is_not_a_protected_resource() {
    let harness = Harness::new();
    let arn = harness.resource("projects", &[]);
    assert!(harness.engine.list_protected_resources(&management(), &whole()).unwrap().items.is_empty());
    let error = harness.engine.describe_protected_resource(&management(), &arn).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResourceNotFound);
}

#[test]
fn recovery_points_are_looked_for_by_arns_of_known_types_only() {
    let harness = Harness::new();
    let list = |arn: &str| {
        let arn = arn.parse().unwrap();
        harness.engine.list_recovery_points_by_resource(&management(), &arn, false, &whole())
    };
    assert!(list("arn:aws:ec2:us-east-1:123456789012:volume/vol-1").unwrap().items.is_empty());
    let odd = "arn:aws:sqs:us-east-1:123456789012:queue";
    assert_eq!(list(odd).unwrap_err().to_string(), format!("Unsupported resource type: {odd}"));
}
