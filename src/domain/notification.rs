//! Notifications of vaults: which events AWS Backup tells a topic of SNS about, and in which words.
//! [AWS's page](https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-notifications.html)

use crate::domain::event::{DetailType, Event};
use crate::domain::{AccountId, Arn, Invalid};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// `Subject` of every message.
pub const SUBJECT: &str = "Notification from AWS Backup";

/// What the name of a topic ends with that keeps the order of its messages.
const FIFO: &str = ".fifo";

macro_rules! vault_events {
    ($($name:ident $text:literal: $($of:ident [$($state:literal)|*])?;)+) => {
        /// `BackupVaultEvent`: what a vault can notify of. AWS takes some that never come, for it sends none or, as here, there is
        /// nothing that could cause them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum VaultEvent {
            $(#[doc = $text] $name,)+
        }

        impl VaultEvent {
            /// Every one, in the order of AWS's model.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// AWS's string.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The detail type and the states of the events of the feed that are meant; none for what never comes.
            fn means(self) -> Option<(DetailType, &'static [&'static str])> {
                match self { $(Self::$name => vault_events!(@means $($of [$($state)|*])?),)+ }
            }
        }
    };
    (@means $of:ident [$($state:literal)|*]) => { Some((DetailType::$of, &[$($state),*])) };
    (@means) => { None };
}

vault_events! {
    BackupJobStarted "BACKUP_JOB_STARTED": BackupJob ["RUNNING"];
    // AWS: also for those that failed or expired; the attribute `State` tells.
    BackupJobCompleted "BACKUP_JOB_COMPLETED": BackupJob ["COMPLETED" | "FAILED" | "EXPIRED" | "ABORTED" | "PARTIAL"];
    BackupJobSuccessful "BACKUP_JOB_SUCCESSFUL": BackupJob ["COMPLETED"];
    BackupJobFailed "BACKUP_JOB_FAILED": BackupJob ["FAILED"];
    BackupJobExpired "BACKUP_JOB_EXPIRED": BackupJob ["EXPIRED"];
    RestoreJobStarted "RESTORE_JOB_STARTED": RestoreJob ["RUNNING"];
    RestoreJobCompleted "RESTORE_JOB_COMPLETED": RestoreJob ["COMPLETED" | "FAILED" | "ABORTED"];
    RestoreJobSuccessful "RESTORE_JOB_SUCCESSFUL": RestoreJob ["COMPLETED"];
    RestoreJobFailed "RESTORE_JOB_FAILED": RestoreJob ["FAILED"];
    CopyJobStarted "COPY_JOB_STARTED": CopyJob ["RUNNING"];
    CopyJobSuccessful "COPY_JOB_SUCCESSFUL": CopyJob ["COMPLETED"];
    CopyJobFailed "COPY_JOB_FAILED": CopyJob ["FAILED"];
    RecoveryPointModified "RECOVERY_POINT_MODIFIED":
        RecoveryPoint ["PARTIAL" | "DELETING" | "EXPIRED" | "AVAILABLE" | "STOPPED"];
    BackupPlanCreated "BACKUP_PLAN_CREATED":;
    BackupPlanModified "BACKUP_PLAN_MODIFIED":;
    S3BackupObjectFailed "S3_BACKUP_OBJECT_FAILED":;
    S3RestoreObjectFailed "S3_RESTORE_OBJECT_FAILED":;
    ContinuousBackupInterrupted "CONTINUOUS_BACKUP_INTERRUPTED": RecoveryPoint ["STOPPED"];
    RecoveryPointIndexCompleted "RECOVERY_POINT_INDEX_COMPLETED":;
    RecoveryPointIndexDeleted "RECOVERY_POINT_INDEX_DELETED":;
    RecoveryPointIndexingFailed "RECOVERY_POINT_INDEXING_FAILED":;
    EksRestoreObjectFailed "EKS_RESTORE_OBJECT_FAILED":;
    EksRestoreObjectSkipped "EKS_RESTORE_OBJECT_SKIPPED":;
    EksBackupObjectFailed "EKS_BACKUP_OBJECT_FAILED":;
    EksRestoreModificationSuccess "EKS_RESTORE_MODIFICATION_SUCCESS":;
    EksRestoreModificationFailed "EKS_RESTORE_MODIFICATION_FAILED":;
    AccessPointAvailable "ACCESS_POINT_AVAILABLE":;
    AccessPointCreationFailed "ACCESS_POINT_CREATION_FAILED":;
    AccessPointDeleted "ACCESS_POINT_DELETED":;
    AccessPointDeletionFailed "ACCESS_POINT_DELETION_FAILED":;
    AccessPointExpired "ACCESS_POINT_EXPIRED":;
    AccessPointDisassociated "ACCESS_POINT_DISASSOCIATED":;
}

impl VaultEvent {
    /// Whether an event of the feed is one of these.
    pub fn takes(self, event: &Event) -> bool {
        self.means().is_some_and(|(of, states)| event.detail_type == of && states.contains(&event.state()))
    }

    /// Whether this engine ever has such events.
    pub fn ever_comes(self) -> bool {
        self.means().is_some()
    }
}

impl fmt::Display for VaultEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for VaultEvent {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.iter().copied().find(|known| known.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|known| known.as_str()).collect();
            Invalid::value("BackupVaultEvents", format!("{text:?} is not one of {}", known.join(", ")))
        })
    }
}

impl TryFrom<String> for VaultEvent {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<VaultEvent> for &'static str {
    fn from(event: VaultEvent) -> Self {
        event.as_str()
    }
}

/// Of which events a vault notifies which topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VaultNotifications {
    /// `SNSTopicArn`.
    pub topic: Arn,
    /// `BackupVaultEvents`, as they were put.
    pub events: Vec<VaultEvent>,
}

impl VaultNotifications {
    /// Reads what was put for a vault of `account`: a standard topic of the same account, and at least one event.
    pub fn new(account: &AccountId, topic: &str, events: &[String]) -> Result<Self, Invalid> {
        let refused = |rule: String| Invalid::value("SNSTopicArn", rule);
        let topic: Arn = topic
            .parse()
            .ok()
            .filter(is_topic)
            .ok_or_else(|| refused(format!("{topic:?} is not of the form arn:aws:sns:REGION:ACCOUNT:NAME")))?;
        if topic.account() != account.as_str() {
            return Err(refused(format!("the topic must be of the vault's own account, {account}")));
        }
        if topic.resource().strip_suffix(FIFO).is_some() {
            return Err(refused("AWS Backup does not support FIFO topics".to_owned()));
        }
        let events = events.iter().map(|text| text.parse()).collect::<Result<Vec<VaultEvent>, _>>()?;
        if events.is_empty() {
            return Err(Invalid::value("BackupVaultEvents", "at least one event must be named"));
        }
        Ok(Self { topic, events })
    }

    /// Whether an event of the feed is to be told.
    pub fn take(&self, event: &Event) -> bool {
        self.events.iter().any(|wanted| wanted.takes(event))
    }
}

/// SNS: a name has 1 to 256 letters, digits, hyphens and underscores, and `.fifo` behind it where it is one.
fn is_topic(arn: &Arn) -> bool {
    let name = arn.resource().strip_suffix(FIFO).unwrap_or(arn.resource());
    arn.service() == "sns"
        && arn.scope().is_some()
        && (1..=256).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

/// The vault whose notifications an event is for; of a copy, the vault that is copied from.
pub fn vault_of(event: &Event) -> Option<&str> {
    if event.detail_type == DetailType::BackupVault {
        // AWS tells its ARN nowhere else.
        return event.resources.first().map(String::as_str);
    }
    event.text("backupVaultArn").or_else(|| event.text("sourceBackupVaultArn"))
}

/// A message to a topic, as AWS Backup writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it says.
    pub text: String,
    /// `MessageAttributes`: names and texts.
    pub attributes: Vec<(&'static str, String)>,
}

/// The message about an event.
pub fn message(event: &Event) -> Message {
    let (kind, job, id) = match event.detail_type {
        DetailType::BackupJob => ("BACKUP_JOB", "AWS Backup job", ("BackupJob ID", event.text("backupJobId"))),
        DetailType::RestoreJob => {
            ("RESTORE_JOB", "AWS Backup restore job", ("RestoreJob ID", event.text("restoreJobId")))
        }
        DetailType::CopyJob => ("COPY_JOB", "AWS Backup copy job", ("CopyJob ID", event.text("copyJobId"))),
        _ => ("RECOVERY_POINT", "AWS Backup recovery point", ("", None)),
    };
    let happened = match event.state() {
        "RUNNING" => "was started".to_owned(),
        "COMPLETED" => "was completed successfully".to_owned(),
        "FAILED" => "failed".to_owned(),
        "EXPIRED" if id.1.is_some() => "failed to complete in time".to_owned(),
        "ABORTED" => "was stopped".to_owned(),
        other => format!("is now {other}"),
    };
    let point = event.resources.first().map(|arn| format!(" Recovery point ARN: {arn}."));
    let resource = ["resourceArn", "sourceResourceArn"].into_iter().find_map(|member| event.text(member));
    let resource = resource.map(|arn| format!(" Resource ARN : {arn}."));
    let job_id = id.1.map(|text| format!(" {} : {text}", id.0));
    let parts = [point, resource, job_id].into_iter().flatten().collect::<String>();
    let subject = id.1.or_else(|| event.resources.first().map(String::as_str)).unwrap_or_default();
    let attributes = vec![
        ("EventType", kind.to_owned()),
        ("State", event.state().to_owned()),
        ("AccountId", event.account.to_string()),
        ("Id", subject.to_owned()),
        ("StartTime", event.text("creationDate").unwrap_or_default().to_owned()),
    ];
    Message { text: format!("An {job} {happened}.{parts}"), attributes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Scope;
    use serde_json::json;

    fn event(detail_type: DetailType, resources: &[&str], detail: serde_json::Value) -> Event {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-west-1".parse().unwrap());
        let mut event = Event::new(1, "id".to_owned(), scope, "2019-09-02T13:50:00Z".parse().unwrap(), detail_type);
        event.resources = resources.iter().map(|arn| (*arn).to_owned()).collect();
        event.detail = detail;
        event
    }

    fn backup(state: &str, resources: &[&str]) -> Event {
        let detail = json!({
            "backupJobId": "1b2345b2", "state": state, "resourceArn": "arn:aws:ec2:us-west-1:123456789012:volume/vol-2",
            "backupVaultArn": "arn:aws:backup:us-west-1:123456789012:backup-vault:v",
            "creationDate": "2019-09-02T13:48:52.226Z",
        });
        event(DetailType::BackupJob, resources, detail)
    }

    #[test]
    fn the_words_are_those_of_awss_page() {
        let resource = "Resource ARN : arn:aws:ec2:us-west-1:123456789012:volume/vol-2. BackupJob ID : 1b2345b2";
        let point = "arn:aws:ec2:us-west-1:123456789012:volume/vol-1";
        let done = message(&backup("COMPLETED", &[point]));
        assert_eq!(
            done.text,
            format!("An AWS Backup job was completed successfully. Recovery point ARN: {point}. {resource}")
        );
        assert_eq!(
            done.attributes,
            [
                ("EventType", "BACKUP_JOB"),
                ("State", "COMPLETED"),
                ("AccountId", "123456789012"),
                ("Id", "1b2345b2"),
                ("StartTime", "2019-09-02T13:48:52.226Z"),
            ]
            .map(|(name, text)| (name, text.to_owned()))
        );
        assert_eq!(message(&backup("FAILED", &[])).text, format!("An AWS Backup job failed. {resource}"));
        let late = message(&backup("EXPIRED", &[])).text;
        assert_eq!(late, format!("An AWS Backup job failed to complete in time. {resource}"));
        assert_eq!(message(&backup("ABORTED", &[])).text, format!("An AWS Backup job was stopped. {resource}"));
    }

    #[test]
    fn completed_means_every_end_and_each_other_name_its_own_state() {
        let taken = |state: &str| -> Vec<&str> {
            let event = backup(state, &[]);
            VaultEvent::ALL.iter().filter(|wanted| wanted.takes(&event)).map(|wanted| wanted.as_str()).collect()
        };
        assert_eq!(taken("CREATED"), [""; 0]);
        assert_eq!(taken("RUNNING"), ["BACKUP_JOB_STARTED"]);
        assert_eq!(taken("COMPLETED"), ["BACKUP_JOB_COMPLETED", "BACKUP_JOB_SUCCESSFUL"]);
        assert_eq!(taken("FAILED"), ["BACKUP_JOB_COMPLETED", "BACKUP_JOB_FAILED"]);
        assert_eq!(taken("EXPIRED"), ["BACKUP_JOB_COMPLETED", "BACKUP_JOB_EXPIRED"]);
        let point = event(DetailType::RecoveryPoint, &[], json!({ "status": "DELETING" }));
        assert!(VaultEvent::RecoveryPointModified.takes(&point) && !VaultEvent::BackupJobFailed.takes(&point));
    }

    #[test]
    fn an_event_of_a_vault_itself_is_that_vaults() {
        let arn = "arn:aws:backup:us-west-1:123456789012:backup-vault:v";
        let detail = json!({ "backupVaultName": "v", "state": "MODIFIED" });
        assert_eq!(vault_of(&event(DetailType::BackupVault, &[arn], detail)), Some(arn));
        assert_eq!(vault_of(&backup("COMPLETED", &["arn:aws:ec2:us-west-1::snapshot/snap-1"])), Some(arn));
        let plan = "arn:aws:backup:us-west-1:123456789012:backup-plan:p";
        assert_eq!(vault_of(&event(DetailType::BackupPlan, &[plan], json!({ "state": "CREATED" }))), None);
    }

    #[test]
    fn a_topic_is_a_standard_one_of_the_same_account() {
        let account: AccountId = "123456789012".parse().unwrap();
        let put = |topic: &str, events: &[&str]| {
            let events: Vec<String> = events.iter().map(|text| (*text).to_owned()).collect();
            VaultNotifications::new(&account, topic, &events)
        };
        let good = "arn:aws:sns:us-west-1:123456789012:my-topic";
        let read = put(good, &["BACKUP_JOB_FAILED", "BACKUP_JOB_FAILED"]).unwrap();
        assert_eq!((read.topic.as_str(), read.events.len()), (good, 2));
        for (topic, events, field) in [
            ("", &["BACKUP_JOB_FAILED"][..], "SNSTopicArn"),
            ("my-topic", &["BACKUP_JOB_FAILED"], "SNSTopicArn"),
            ("arn:aws:sqs:us-west-1:123456789012:my-topic", &["BACKUP_JOB_FAILED"], "SNSTopicArn"),
            ("arn:aws:sns:us-west-1:210987654321:my-topic", &["BACKUP_JOB_FAILED"], "SNSTopicArn"),
            ("arn:aws:sns:us-west-1:123456789012:my-topic.fifo", &["BACKUP_JOB_FAILED"], "SNSTopicArn"),
            ("arn:aws:sns:us-west-1:123456789012:my/topic", &["BACKUP_JOB_FAILED"], "SNSTopicArn"),
            (good, &[], "BackupVaultEvents"),
            (good, &["backup_job_failed"], "BackupVaultEvents"),
        ] {
            assert_eq!(put(topic, events).unwrap_err().field, field, "{topic} {events:?}");
        }
    }
}
