//! Following a bucket.

use super::changes::Look;
use super::coming::{Coming, Wanted};
use super::listing::{Listing, changes_file, new_file};
use super::log::{Change, ENTRIES, Entry, name_at, name_behind};
use super::{FOLDER, LISTED_DETAIL, MARGIN, known};
use crate::domain::types::location::Location;
use crate::domain::{PointDetails, Secret, Time};
use crate::engine::drivers::s3::beside::Beside;
use crate::engine::drivers::s3::bucket::Bucket;
use crate::engine::drivers::s3::bucket_of;
use crate::engine::drivers::s3::client::Client;
use crate::engine::drivers::service_clock::ServiceClock;
use crate::engine::drivers::{
    Broken, Continuous, Elsewhere, Fault, FollowCx, Follower, LogFile, Mark, Needed, Progress, Registered,
};
use crate::repository::{Control, Timestamp};
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a piece of the log has at most: so many entries, and about so many bytes of content.
const MOST_ENTRIES: usize = 5_000;
const MOST_BYTES: u64 = 8 << 30;

/// A bucket that takes longer to be listed is left alone as long as that took. With one that does not the last moment is at most a
/// minute old: two listings, and the usual pause between them.
const LONG: Duration = Duration::from_secs(20);

/// For how long a bucket may be left alone: the least after which its rules can remove a version that was overwritten.
const LONGEST_AWAY: chrono::Duration = chrono::Duration::days(1);

/// Up to where a bucket is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Place {
    /// The last piece of the log that is stored; nothing before the first.
    piece: String,
    /// The last piece of the listing with which the next is compared.
    listing: String,
    /// When the last listing began, by the store's clock.
    seen: Time,
    /// Whether that was a follower's listing, and not that of the first base.
    #[serde(default)]
    is_followed: bool,
    beside: Beside,
}

/// The log of buckets.
pub(in crate::engine::drivers::s3) struct Log;

impl Continuous for Log {
    /// The versions are the log, and the store keeps them whoever reads them.
    fn hold(&self, of: &Registered, _: &str) -> Result<(), Fault> {
        can_follow(&of.resource.location, of.secret.as_ref())
    }

    fn begin(&self, of: &Registered, spool: &Path, control: &Control) -> Result<(), Fault> {
        let client = Client::open(&of.resource.location, of.secret.as_ref())?;
        std::fs::create_dir_all(spool)
            .map_err(|error| Fault::of_io(format!("The folder {}", spool.display()), &error))?;
        let bucket = bucket_of(&of.resource.location);
        Listing { client: &client, bucket, spool, control }.note()
    }

    fn release(&self, _: &Registered, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    fn behind(&self, base: &PointDetails) -> Result<Mark, Fault> {
        let seen = base.get(LISTED_DETAIL).and_then(|time| time.parse().ok());
        let seen = seen.ok_or_else(|| Fault::Failed("The base does not say when it was listed.".to_owned()))?;
        let (piece, listing) = (String::new(), String::new());
        Ok(Mark::of(&Place { piece, listing, seen, is_followed: false, beside: Beside::of_point(base) }))
    }

    fn log_folder(&self) -> &'static str {
        FOLDER
    }

    fn needed(&self, base: &PointDetails) -> Needed {
        let listed = base.get(LISTED_DETAIL).and_then(|time| time.parse().ok());
        listed.map_or(Needed::BehindItsOwn, |listed: Time| Needed::Behind(PathBuf::from(name_at(listed - MARGIN))))
    }

    fn takes_over(&self) -> bool {
        true
    }

    fn follow(&self, cx: &FollowCx<'_>) -> Result<Box<dyn Follower>, Broken> {
        Ok(Box::new(Following::begin(cx)?))
    }
}

/// Refuses a bucket that does not keep versions.
pub(in crate::engine::drivers::s3) fn can_follow(at: &Location, secret: Option<&Secret>) -> Result<(), Fault> {
    let bucket = bucket_of(at);
    let status = Client::open(at, secret)?.versioning_status(bucket)?;
    if status.as_deref() == Some("Enabled") {
        return Ok(());
    }
    Err(Fault::Failed(format!(
        "Continuous backup of the bucket {bucket} needs its versions, and versioning is {}: enable it (aws s3api \
         put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled), or back it up without \
         EnableContinuousBackup.",
        status.as_deref().unwrap_or("not enabled")
    )))
}

/// A bucket that is followed.
struct Following {
    name: String,
    spool: PathBuf,
    /// What is stored.
    place: Place,
    coming: Coming,
    /// Entries that wait to be stored, and where the bucket is followed up to once they are.
    waiting: Option<Waiting>,
    /// How long the last listing took.
    took: Duration,
    clock: ServiceClock,
    /// Whether this one has not listed it yet.
    is_new: bool,
}

/// What a listing found and is not stored yet.
struct Waiting {
    entries: Lines<BufReader<File>>,
    /// The first of them.
    next: Option<Entry>,
    listed: Time,
    ended: Time,
}

impl Waiting {
    fn open(spool: &Path, listed: Time, ended: Time) -> io::Result<Self> {
        let entries = BufReader::new(File::open(changes_file(spool))?).lines();
        let mut waiting = Self { entries, next: None, listed, ended };
        waiting.take()?;
        Ok(waiting)
    }

    fn take(&mut self) -> io::Result<Option<Entry>> {
        let line = self.entries.next().transpose()?;
        let next = line.map(|line| serde_json::from_str(&line)).transpose().map_err(io::Error::other)?;
        Ok(std::mem::replace(&mut self.next, next))
    }
}

impl Following {
    fn begin(cx: &FollowCx<'_>) -> Result<Self, Broken> {
        let place: Place =
            cx.log.read().ok_or_else(|| Fault::Failed("It is not known where the log goes on.".to_owned()))?;
        let location = &cx.of.resource.location;
        let name = bucket_of(location).to_owned();
        let known = known::path(cx.spool, &place.listing);
        if !known.exists() {
            return Err(Broken::Gap(format!(
                "the list of the versions of the bucket {name} that are backed up is not in {} any more",
                cx.spool.display()
            )));
        }
        let client = Client::open(location, cx.of.secret.as_ref())?;
        let coming = Coming::of(Bucket::new(client, name.clone(), place.beside));
        let (spool, took) = (cx.spool.to_owned(), Duration::ZERO);
        tidy(&spool, &known).map_err(|error| unreadable(&spool, &error))?;
        let clock = ServiceClock::new(format!("the store of the bucket {name}"), Some(place.seen));
        Ok(Self { name, spool, place, coming, waiting: None, took, clock, is_new: true })
    }

    /// Lists the bucket and compares; what is new waits then.
    fn list(&mut self, control: &Control) -> Result<Option<Progress>, Broken> {
        let client = &self.coming.bucket.client;
        refuse_unversioned(client, &self.name)?;
        let (began, listed) = (Instant::now(), client.time());
        self.clock.look(listed)?;
        if self.is_new {
            refuse_long_away(&self.name, &self.place, listed)?;
        }
        let listing = Listing { client, bucket: &self.name, spool: &self.spool, control };
        let look = Look { since: self.place.seen, at: listed };
        let found = listing.compare(&known::path(&self.spool, &self.place.listing), look).map_err(gone_is_a_gap)?;
        (self.took, self.is_new) = (began.elapsed(), false);
        if found.entries == 0 {
            let seen = listed.max(self.place.seen);
            let log = Mark::of(&Place { seen, is_followed: true, ..self.place.clone() });
            return Ok(Some(Progress { files: Vec::new(), log, latest: Some(listed - MARGIN), newest_change: None }));
        }
        let waiting = Waiting::open(&self.spool, listed, client.time());
        self.waiting = Some(waiting.map_err(|error| unreadable(&self.spool, &error))?);
        Ok(None)
    }

    /// The next piece of the log, of what waits.
    fn piece(&mut self) -> io::Result<Progress> {
        let Some(waiting) = &mut self.waiting else { return Err(io::ErrorKind::NotFound.into()) };
        let piece = name_behind(&self.place.piece, waiting.ended);
        let from = self.spool.join(ENTRIES);
        let mut lines = known::Lines::create(&from)?;
        let (mut wanted, mut bytes, mut count, mut newest) = (BTreeMap::new(), 0, 0, None);
        while count < MOST_ENTRIES && bytes < MOST_BYTES {
            let Some(mut entry) = waiting.take()? else { break };
            count += 1;
            if let (Change::Put, Some(id)) = (entry.change, &entry.version_id) {
                let content = format!("{count:06}");
                let modified = entry.last_modified.map_or(Timestamp::default(), timestamp);
                let size = entry.size.unwrap_or_default();
                let version = Wanted { key: entry.key.clone(), id: id.clone(), size, modified };
                wanted.insert(Path::new(&piece).join(&content), version);
                bytes += size;
                entry.content = Some(content);
            }
            newest = newest.max(Some(entry.at()));
            lines.write(&entry)?;
        }
        lines.finish()?;
        let (listed, is_last) = (waiting.listed, waiting.next.is_none());
        let mut place = Place { piece: piece.clone(), ..self.place.clone() };
        if is_last {
            known::settle(&new_file(&self.spool), &known::path(&self.spool, &piece))?;
            self.waiting = None;
            (place.listing, place.seen, place.is_followed) = (piece.clone(), listed.max(place.seen), true);
        }
        self.coming.want(wanted);
        let size = from.metadata()?.len();
        let file = LogFile { name: format!("{piece}/{ENTRIES}"), from, length: size, size };
        let latest = is_last.then_some(listed - MARGIN);
        Ok(Progress { files: vec![file], log: Mark::of(&place), latest, newest_change: newest })
    }
}

impl Follower for Following {
    fn look(&mut self, control: &Control) -> Result<Progress, Broken> {
        self.coming.want(BTreeMap::new());
        if self.waiting.is_none()
            && let Some(nothing) = self.list(control)?
        {
            return Ok(nothing);
        }
        self.piece().map_err(|error| unreadable(&self.spool, &error).into())
    }

    fn kept(&mut self, progress: &Progress) {
        let Some(place) = progress.log.read::<Place>() else { return };
        if place.listing != self.place.listing {
            // What is not removed now is at the next start.
            let _ = std::fs::remove_file(known::path(&self.spool, &self.place.listing));
        }
        self.place = place;
    }

    fn elsewhere(&self) -> Option<&dyn Elsewhere> {
        Some(&self.coming)
    }

    fn pause(&self) -> Option<Duration> {
        match &self.waiting {
            Some(_) => Some(Duration::ZERO),
            None => (self.took > LONG).then_some(self.took),
        }
    }
}

fn timestamp(time: Time) -> Timestamp {
    Timestamp::new(time.timestamp(), time.timestamp_subsec_nanos())
}

/// Without versioning what is overwritten is gone.
fn refuse_unversioned(client: &Client, bucket: &str) -> Result<(), Broken> {
    let status = client.versioning_status(bucket).map_err(|fault| gone_is_a_gap(fault.into()))?;
    if status.as_deref() == Some("Enabled") {
        return Ok(());
    }
    let status = status.unwrap_or_else(|| "not enabled".to_owned());
    Err(Broken::Gap(format!(
        "versioning of the bucket {bucket} is {status}: what was overwritten or deleted since may be gone; enable it again"
    )))
}

/// Refuses to go on where rules of the bucket may have removed versions meanwhile that nobody saw. How long a base took does not
/// count: what came while it was read is in it.
fn refuse_long_away(bucket: &str, place: &Place, now: Time) -> Result<(), Broken> {
    if !place.is_followed || now - place.seen <= LONGEST_AWAY {
        return Ok(());
    }
    let (seen, hours) = (place.seen.to_rfc3339_opts(SecondsFormat::Secs, true), LONGEST_AWAY.num_hours());
    Err(Broken::Gap(format!(
        "the versions of the bucket {bucket} were listed at {seen} for the last time, and after more than {hours} hours some may have \
         come and gone unseen"
    )))
}

/// A bucket that is gone does not come back: another one of its name has other versions.
fn gone_is_a_gap(broken: Broken) -> Broken {
    match broken {
        Broken::For(Fault::Gone(why)) => Broken::Gap(why),
        broken => broken,
    }
}

/// Removes what an earlier follower left, but the list that is known.
fn tidy(spool: &Path, known: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(spool)? {
        let path = entry?.path();
        if path != known {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn unreadable(spool: &Path, error: &io::Error) -> Fault {
    Fault::of_io(format!("The folder {} for the log", spool.display()), error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn at(second: i64) -> Time {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    #[test]
    fn a_base_needs_of_the_log_what_ended_within_the_margin_before_its_listing_too() {
        let base = PointDetails::from([(LISTED_DETAIL.to_owned(), at(3).to_rfc3339())]);
        let Needed::Behind(name) = Log.needed(&base) else { panic!("what is behind a name is") };
        assert_eq!(name, PathBuf::from(name_at(at(-2))));
    }

    #[test]
    fn a_bucket_that_was_left_alone_for_more_than_a_day_is_a_gap_once_it_was_followed() {
        let place = |is_followed| {
            let (piece, listing) = (String::new(), String::new());
            Place { piece, listing, seen: at(0), is_followed, beside: Beside::default() }
        };
        assert_eq!(refuse_long_away("b", &place(true), at(86_400)), Ok(()));
        let Err(Broken::Gap(why)) = refuse_long_away("b", &place(true), at(86_401)) else { panic!("it is no gap") };
        assert!(why.contains("2027-01-15T08:00:00Z") && why.contains("24 hours"), "{why}");
        // A base may take as long as it likes.
        assert_eq!(refuse_long_away("b", &place(false), at(900_000)), Ok(()));
    }
}
