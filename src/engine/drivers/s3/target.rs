//! Restoring into a bucket: a new one, or one that is there, where nothing is overwritten.

use super::client::Client;
use super::continuous::{AsOf, unread_reason};
use super::faults::Explain;
use super::headers::Headers;
use super::in_flight::InFlight;
use super::upload::{PART, Uploads, refusal_of};
use super::written::Written;
use super::{bucket_of, endpoint_of, location};
use super::{items, listing};
use crate::domain::types::Metadata;
use crate::domain::types::keys::ENDPOINT_KEY;
use crate::domain::types::s3::{self, ACLS_DETAIL, ACLS_KEY, Encryption, S3Restore};
use crate::domain::{Arn, Invalid};
use crate::engine::drivers::endpoint;
use crate::engine::drivers::{Fault, Mark, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target};
use crate::repository::{ItemPath, Node, Put, Refusal, RestoreOutcome, RestoreSize, StreamSink, key_of_item};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, MultipartUpload, ObjectOwnership};
use chrono::Duration;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many objects are written at once. Each holds one part of its content.
const AT_ONCE: usize = 8;
/// How far the clocks of a store and of this machine can be apart: signatures are not taken beyond.
const SKEW_SECONDS: i64 = 15 * 60;
/// When a restore is begun again whose store lost something: a listing may only be late.
const AGAIN_AFTER: Duration = Duration::seconds(5);

/// Metadata that restores a bucket into a new one.
pub(super) fn proposal(resource: &Arn) -> Metadata {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    // A name of AWS's length, whatever the source is called.
    let base: String = resource.resource().to_ascii_lowercase().replace('_', "-").chars().take(45).collect();
    let name = format!("{}-restored-{}", base.trim_end_matches(['-', '.']), &unique[..8]);
    let into = s3::FACTS.into_place(&name).into_iter().flatten();
    into.chain([("EncryptionType", "original")]).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// What a restore of a bucket is to do.
pub(super) fn plan(ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
    let restore = S3Restore::read(ask.metadata)?;
    s3::supported_by_engine(ask.metadata)?;
    let of_source = ask.source.map(|source| endpoint_of(&source.resource.location));
    let endpoint = endpoint::of_restore(ask, ENDPOINT_KEY, restore.endpoint.as_deref(), of_source)?;
    if restore.acls && !ask.details.contains_key(ACLS_DETAIL) {
        let rule = "the recovery point holds no access lists: its backup did not ask for them (BackupACLs)";
        return Err(Invalid::value(format!("Metadata.{ACLS_KEY}"), rule).into());
    }
    let makes = restore.makes_new.then(|| restore.bucket.clone());
    Ok(RestorePlan { target: location(endpoint, restore.bucket), makes, is_whole: restore.items.is_empty() })
}

/// Opens nothing yet but the client.
pub(super) fn open<'a>(cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
    let restore = S3Restore::read(cx.metadata)?;
    let as_of = cx.moment.map(|moment| AsOf::read(cx.content, moment.at)).transpose()?;
    let items = match &as_of {
        Some(as_of) => as_of.places_of(&restore.items, cx.content)?,
        None => items::places_of(&restore.items, cx.content)?,
    };
    Ok(Box::new(Into {
        client: Client::open(cx.target, cx.secret)?,
        bucket: bucket_of(cx.target).to_owned(),
        is_source: bucket_of(cx.target) == cx.resource_arn.resource(),
        makes_new: cx.makes_new,
        encryption: restore.encryption,
        restores_acls: restore.acls,
        items,
        as_of,
        unread: Mutex::default(),
        begun: None,
        is_resumed: false,
        kept: AtomicU64::new(0),
        in_flight: InFlight::default(),
        written: Mutex::default(),
    }))
}

/// A bucket that is restored into.
struct Into {
    client: Client,
    bucket: String,
    /// Whether it is the one that was backed up.
    is_source: bool,
    makes_new: bool,
    encryption: Encryption,
    restores_acls: bool,
    items: Vec<ItemPath>,
    /// What changed since the base, of what is restored to a moment.
    as_of: Option<AsOf>,
    /// How many objects the store did not give out when they were backed up, and why of the first.
    unread: Mutex<Option<(u64, String)>>,
    begun: Option<Begun>,
    /// Whether an earlier attempt may have written something.
    is_resumed: bool,
    /// How many objects stayed as they were.
    kept: AtomicU64,
    in_flight: InFlight,
    /// What this attempt wrote.
    written: Mutex<Written>,
}

/// What is remembered of a target from one attempt to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    bucket: String,
    /// When, in seconds of the wall clock.
    at: i64,
}

impl Into {
    /// Whether an object that is there already stays as it is.
    fn keeps(&self) -> bool {
        !self.makes_new || self.is_resumed
    }

    fn uploads(&self) -> Uploads<'_> {
        Uploads {
            client: &self.client,
            bucket: &self.bucket,
            encryption: &self.encryption,
            keeps: self.keeps(),
            in_flight: &self.in_flight,
        }
    }

    /// Makes the bucket, unless an earlier attempt did.
    fn make(&self) -> Result<(), Fault> {
        if self.is_resumed && self.client.look_at_bucket(&self.bucket).is_ok() {
            return Ok(());
        }
        // Elsewhere than in the first region AWS wants to be told where, and other stores have no regions.
        let region = self.client.region().filter(|region| *region != "us-east-1");
        let there = region.map(|region| {
            let constraint = BucketLocationConstraint::from(region);
            CreateBucketConfiguration::builder().location_constraint(constraint).build()
        });
        let call = self.client.sdk().create_bucket().bucket(&self.bucket).set_create_bucket_configuration(there);
        // A bucket of AWS knows no access lists of objects unless it is made so.
        let call = call.set_object_ownership(self.restores_acls.then_some(ObjectOwnership::BucketOwnerPreferred));
        self.client.wait(call.send()).explain("CreateBucket", self.client.place()).map(drop)
    }

    /// Takes away what an earlier attempt left unfinished of one object, or of all in a bucket that is this restore's own.
    fn clear_up(&self, key: Option<&str>) -> Result<(), Fault> {
        let Some(begun) = self.begun.as_ref().filter(|_| self.is_resumed) else { return Ok(()) };
        let since = begun.at - SKEW_SECONDS;
        let ours = |upload: &MultipartUpload| {
            key.is_none_or(|key| upload.key() == Some(key)) && upload.initiated().is_none_or(|at| at.secs() >= since)
        };
        self.uploads().abort_unfinished(key, ours)
    }

    fn write(&self, key: &str, node: &Node, content: &mut dyn Read) -> Result<Put, Refusal> {
        let (uploads, headers) = (self.uploads(), Headers::of(&node.extended_attributes));
        if uploads.keeps && uploads.is_there(key)? {
            // An earlier attempt may have come no further than this.
            if let Some(acl) = headers.acl.as_deref().filter(|_| self.restores_acls && self.makes_new) {
                uploads.put_acl(key, acl)?;
            }
            return Ok(Put::Left);
        }
        if node.size > PART && !self.makes_new {
            self.clear_up(Some(key)).map_err(refusal_of)?;
        }
        let put = uploads.put(key, &headers, node.size, content)?;
        if put == Put::Written {
            self.written.lock().note(key);
            if let Some(acl) = headers.acl.as_deref().filter(|_| self.restores_acls) {
                uploads.put_acl(key, acl)?;
            }
        }
        Ok(put)
    }

    /// What is to be said of what could not be backed up.
    fn unread_note(&self) -> Option<String> {
        let (count, reason) = self.unread.lock().clone()?;
        Some(format!(
            "{count} {} not restored, since the store did not give out the content when it was backed up: {reason}.",
            if count == 1 { "object was" } else { "objects were" }
        ))
    }

    /// Makes sure that the store still has what it took. What it lost is written by the next attempt, which asks for each object.
    fn look_for_written(&self) -> Result<(), Fault> {
        let mut written = self.written.lock();
        let (all, Some(prefix)) = (written.count(), written.prefix().map(str::to_owned)) else { return Ok(()) };
        listing::each_key(&self.client, &self.bucket, &prefix, |key| written.is_listed(key))?;
        match written.count() {
            0 => Ok(()),
            lost => Err(Fault::Temporary {
                why: format!(
                    "The store took {all} objects into the bucket {}, and {lost} of them are not in its listing.",
                    self.bucket
                ),
                after: AGAIN_AFTER,
            }),
        }
    }
}

impl Target for Into {
    fn items(&self) -> &[ItemPath] {
        &self.items
    }

    /// Looks only: the bucket is made when it is known who makes it.
    fn begin(&mut self, _: &RestoreSize) -> Result<Mark, Fault> {
        let bucket = &self.bucket;
        match (self.client.look_at_bucket(bucket), self.makes_new) {
            (Ok(()), true) => {
                return Err(Fault::Failed(format!(
                    "The bucket {bucket} exists already: choose another name, or restore into it with NewBucket=false."
                )));
            }
            (Err(Fault::Gone(_)), true) | (Ok(()), false) => {}
            (Err(fault), _) => return Err(fault),
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        let begun = Begun { bucket: bucket.clone(), at: now };
        let mark = Mark::of(&begun);
        self.begun = Some(begun);
        Ok(mark)
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        let begun = before.read::<Begun>().filter(|begun| begun.bucket == self.bucket);
        let other = || Fault::Failed(format!("The bucket {} was not begun by this job.", self.bucket));
        self.begun = Some(begun.ok_or_else(other)?);
        self.is_resumed = true;
        Ok(())
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        if self.makes_new {
            self.make()?;
            self.clear_up(None)?;
        }
        Ok(Sink::InOrder(self))
    }

    fn finish(self: Box<Self>, _: &RestoreOutcome) -> Result<Restored, Fault> {
        self.look_for_written()?;
        let kept = self.kept.load(Ordering::Relaxed);
        let earlier =
            if self.is_resumed { " (what an earlier attempt of this job wrote counts among them)" } else { "" };
        let note = format!(
            "{kept} {} not restored since their keys are in use in the bucket: nothing is overwritten{earlier}.",
            if kept == 1 { "object was" } else { "objects were" }
        );
        Ok(Restored {
            notes: (kept > 0 && !self.makes_new).then_some(note).into_iter().chain(self.unread_note()).collect(),
            into: (!self.makes_new && !self.is_source).then(|| self.bucket.clone()),
            shares_secret: self.makes_new,
            ..Restored::default()
        })
    }
}

impl StreamSink for Into {
    fn place(&self) -> PathBuf {
        PathBuf::from(&self.bucket)
    }

    fn put(&self, path: &ItemPath, node: &Node, content: &mut dyn Read) -> Result<Put, Refusal> {
        if !node.is_file() {
            return Ok(Put::Written);
        }
        if let Some(reason) = unread_reason(node) {
            self.unread.lock().get_or_insert((0, reason)).0 += 1;
            return Ok(Put::Left);
        }
        let changed = self.as_of.as_ref().and_then(|as_of| as_of.key_of(path)).map(str::to_owned);
        if changed.is_none() && self.as_of.as_ref().is_some_and(|as_of| as_of.is_superseded(path)) {
            return Ok(Put::Left);
        }
        let key = changed.or_else(|| key_of_item(path).and_then(|key| String::from_utf8(key).ok()));
        let key = key.ok_or_else(|| Refusal::Item("its path is that of no key".to_owned()))?;
        let written = self.write(&key, node, content)?;
        if written == Put::Left {
            self.kept.fetch_add(1, Ordering::Relaxed);
        }
        Ok(written)
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }
}
