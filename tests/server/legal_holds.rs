//! Legal holds through the AWS SDK for Rust.

use crate::harness::{ACCOUNT, Server};
use aws_sdk_backup::error::ProvideErrorMetadata;
use aws_sdk_backup::primitives::DateTime;
use aws_sdk_backup::types::{DateRange, LegalHoldStatus, RecoveryPointSelection};

fn selection(from: i64, to: i64) -> RecoveryPointSelection {
    let range = DateRange::builder().from_date(DateTime::from_secs(from)).to_date(DateTime::from_secs(to));
    RecoveryPointSelection::builder().vault_names("Default").date_range(range.build().unwrap()).build()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_created_read_listed_and_cancelled() {
    let server = Server::start().await;
    let backup = server.backup();
    let asked = selection(1_516_925_490, 1_700_000_000);
    let created = backup
        .create_legal_hold()
        .title("case 7")
        .description("an inquiry")
        .recovery_point_selection(asked.clone())
        .tags("case", "7")
        .send()
        .await
        .unwrap();
    let id = created.legal_hold_id().unwrap();
    assert_eq!(created.legal_hold_arn().unwrap(), format!("arn:aws:backup:us-east-1:{ACCOUNT}:legal-hold:{id}"));
    assert_eq!(created.status(), Some(&LegalHoldStatus::Active));
    assert_eq!(created.recovery_point_selection(), Some(&asked), "what was put is what is told");
    let got = backup.get_legal_hold().legal_hold_id(id).send().await.unwrap();
    assert_eq!(got.recovery_point_selection(), Some(&asked));
    assert_eq!((got.title(), got.description()), (Some("case 7"), Some("an inquiry")));
    let points = backup.list_recovery_points_by_legal_hold().legal_hold_id(id).send().await.unwrap();
    assert!(points.recovery_points().is_empty());
    let tags = backup.list_tags().resource_arn(created.legal_hold_arn().unwrap()).send().await.unwrap();
    assert_eq!(tags.tags().unwrap()["case"], "7");

    let cancel = backup.cancel_legal_hold().legal_hold_id(id).cancel_description("settled");
    cancel.clone().retain_record_in_days(30).send().await.unwrap();
    let got = backup.get_legal_hold().legal_hold_id(id).send().await.unwrap();
    assert_eq!((got.status(), got.cancel_description()), (Some(&LegalHoldStatus::Canceled), Some("settled")));
    let kept = got.retain_record_until().unwrap().secs() - got.cancellation_date().unwrap().secs();
    assert_eq!(kept, 30 * 86_400);
    let again = cancel.send().await.unwrap_err();
    assert_eq!(again.code(), Some("InvalidResourceStateException"));
    let listed = backup.list_legal_holds().send().await.unwrap();
    let [row] = listed.legal_holds() else { panic!("{listed:?}") };
    assert_eq!((row.legal_hold_id(), row.status()), (Some(id), Some(&LegalHoldStatus::Canceled)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_hold_is_told_in_the_exceptions_of_the_model() {
    let server = Server::start().await;
    let backup = server.backup();
    let create =
        |selection| backup.create_legal_hold().title("t").description("d").recovery_point_selection(selection).send();
    let refused = create(selection(1_700_000_000, 1_600_000_000)).await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterValueException"));
    assert!(refused.message().unwrap().contains("RecoveryPointSelection.DateRange: FromDate"), "{refused:?}");
    let nowhere = RecoveryPointSelection::builder().vault_names("nowhere").build();
    let refused = create(nowhere).await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterValueException"));
    assert!(refused.message().unwrap().contains("VaultNames: Backup vault \"nowhere\" does not exist"), "{refused:?}");
    let untitled = backup.create_legal_hold().title("").description("d").send().await.unwrap_err();
    assert_eq!(
        (untitled.code(), untitled.message()),
        (Some("MissingParameterValueException"), Some("Title is required"))
    );
    let unknown = backup.get_legal_hold().legal_hold_id("none").send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("ResourceNotFoundException"));
    // This operation's model has no exception for what is not there.
    let unknown = backup.list_recovery_points_by_legal_hold().legal_hold_id("none").send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("InvalidParameterValueException"));
    let unknown = backup.cancel_legal_hold().legal_hold_id("none").cancel_description("d").send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("ResourceNotFoundException"));
}
