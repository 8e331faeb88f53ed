//! What two lists tell of a resource's recovery points, and what neither tells.

use crate::recorder::{recorded, scope};
use vaultdeck::client::{Answer, Fault, Key, Query};
use vaultdeck::domain::Known;

const RESOURCE: &str = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1";

fn key() -> Key {
    Key::scoped(scope(), Query::RecoveryPointsOfResource { resource: RESOURCE.parse().unwrap() })
}

#[tokio::test]
async fn the_vaults_of_a_resources_points_are_asked_for_that_resource_alone() {
    let (recorder, connection) = recorded();
    connection.read(key()).await.unwrap();
    let sent = recorder.sent();
    let paths: Vec<&str> = sent.iter().map(|sent| sent.path.as_str()).collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    assert!(paths[0].starts_with("/resources/"), "{paths:?}");
    assert!(paths[1].starts_with("/backup-vaults/Default/recovery-points?"), "{paths:?}");
    assert!(paths[1].contains("resourceArn=arn%3Aaws%3Aelasticfilesystem"), "{paths:?}");
}

#[tokio::test]
async fn what_a_vault_does_not_tell_stays_unknown_and_is_not_none() {
    let (recorder, connection) = recorded();
    recorder.refuse("/backup-vaults/", 403, "AccessDeniedException", "a policy says no");
    let Answer::RecoveryPoints(points) = connection.read(key()).await.unwrap() else { panic!("points") };
    assert_eq!(points.len(), 1);
    assert_eq!((points[0].delete_at(), points[0].created_by.clone()), (Known::Unknown, Known::Unknown));
}

#[tokio::test]
async fn a_vault_that_cannot_answer_now_is_asked_again_with_the_whole_list() {
    let (recorder, connection) = recorded();
    recorder.refuse("/backup-vaults/", 503, "ServiceUnavailableException", "later");
    let fault: Fault = connection.read(key()).await.unwrap_err();
    assert!(fault.is_passing(), "{fault}");
}
