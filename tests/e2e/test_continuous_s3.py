"""Continuous backup of buckets of a real S3 server: any second of a known history comes back as boto3 tells it."""

import datetime
import email.utils
import hashlib
import json
import os
import random
import threading
import time

import botocore.exceptions
import pytest

from conftest import ACCOUNT, DEBUG, REGION, ROLE, back_up, wait_for_job
from test_continuous import OLDEST, continuous_plan, copied, far, moment, next_run, points, window
from test_fsx import told as told_of
from test_postgresql import until
from test_s3 import SETTLED, add
from weed import KEYS, Weed

# How many moments are restored; the aim of a long run is 50.
MOMENTS = int(os.environ.get("VAULTDECK_MOMENTS", "3"))
SECOND = datetime.timedelta(seconds=1)
# What a store takes longer to write than this may be missing in a listing that begins then.
SLOW = 4 * SECOND


@pytest.fixture
def weed(tmp_path):
    server = Weed(tmp_path / "weed").start()
    yield server
    server.stop()


@pytest.fixture
def engine(start):
    return start(arguments=["--clock", "simulated"])


def versioned(store, name="history"):
    bucket = f"{name}-{random.randrange(1 << 48):x}"
    store.create_bucket(Bucket=bucket)
    store.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def now(store, bucket):
    """The store's time."""
    answer = store.head_bucket(Bucket=bucket)
    return email.utils.parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])


def until_restorable(engine, point, at, seconds=120):
    until(lambda: window(engine, point)[1] >= at, f"{point} can be restored to {at}", seconds)


def all_versions(store, bucket):
    for page in store.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []):
            yield version["Key"], version["VersionId"], version["LastModified"], False
        for version in page.get("DeleteMarkers", []):
            yield version["Key"], version["VersionId"], version["LastModified"], True


class Writer(threading.Thread):
    """Writes, overwrites, deletes and writes again, one after the other, and knows in which order."""

    def __init__(self, weed, bucket):
        super().__init__(daemon=True)
        self.weed, self.bucket, self.done = weed, bucket, threading.Event()
        self.random, self.order, self.lost, self.taken = random.Random(7), {}, 0, {}

    def run(self):
        store = self.weed.client()
        number = 0
        while not self.done.is_set():
            number += 1
            key = self.random.choice([f"k/{self.random.randrange(30):03}", "größe a+b", "once/" + str(number)])
            try:
                version = self.write(store, key, number)
                self.order[version], self.taken[version] = number, datetime.datetime.now(datetime.timezone.utc)
            except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
                # It restarts. What it took all the same is found in its listing.
                self.lost += 1
                time.sleep(0.3)
                store = self.weed.client()
            time.sleep(0.05)

    def write(self, store, key, number):
        kind = self.random.random()
        if kind < 0.2:
            return store.delete_object(Bucket=self.bucket, Key=key)["VersionId"]
        if kind < 0.23:
            return self.write_parts(store, key, number)
        body = self.random.randbytes(self.random.randrange(1, 3_000))
        return store.put_object(Bucket=self.bucket, Key=key, Body=body, Metadata={"number": str(number)})["VersionId"]

    def write_parts(self, store, key, number):
        began = store.create_multipart_upload(Bucket=self.bucket, Key=key, Metadata={"number": str(number)})["UploadId"]
        parts = []
        for part, size in [(1, 5 << 20), (2, 1 << 20)]:
            body = self.random.randbytes(1024) * (size >> 10)
            sent = store.upload_part(Bucket=self.bucket, Key=key, UploadId=began, PartNumber=part, Body=body)
            parts.append({"PartNumber": part, "ETag": sent["ETag"]})
        done = store.complete_multipart_upload(Bucket=self.bucket, Key=key, UploadId=began, MultipartUpload={"Parts": parts})
        return done["VersionId"]

    def stop(self):
        self.done.set()
        self.join(60)


class History:
    """What a bucket was like at any moment, by the times that the store bears and the order in which it was written."""

    def __init__(self, store, bucket, order, taken):
        self.store, self.bucket, self.seen, self.taken = store, bucket, {}, taken
        self.keys = {}
        for key, version, modified, is_marker in all_versions(store, bucket):
            self.keys.setdefault(key, []).append((modified, order.get(version, -1), version, is_marker))
        for versions in self.keys.values():
            versions.sort()

    def at(self, moment):
        found = {}
        for key, versions in self.keys.items():
            before = [version for version in versions if version[0] <= moment]
            if before and not before[-1][3]:
                found[key] = self.content(key, before[-1][2])
        return found

    def late(self, moment):
        """The keys of what bears a time before a moment and was there only some seconds later: a listing between may not have had it."""
        written = {key: versions for key, versions in self.keys.items() if not key.startswith("still/")}
        slow = lambda modified, version: version in self.taken and self.taken[version] - modified > SLOW
        return {key for key, versions in written.items() for modified, _, version, _ in versions
                if modified <= moment < modified + datetime.timedelta(minutes=1) and slow(modified, version)
                or version not in self.taken and modified <= moment < self.answered(versions, modified)}

    def answered(self, versions, since):
        """When a key got a version that was answered, behind a second. What the store took and never answered, since it ended, may
        have come at any time, and may not be what a reader gets."""
        later = [modified for modified, _, version, _ in versions if modified > since and version in self.taken]
        return min(later, default=datetime.datetime.max.replace(tzinfo=datetime.timezone.utc))

    def check(self, found, moment):
        late, there = self.late(moment), self.at(moment)
        unlike = {key for key in found.keys() | there.keys() if found.get(key) != there.get(key)} - late
        assert not unlike, f"at {moment}: {[self.told(key, moment, found.get(key)) for key in unlike]}"
        return len(late)

    def told(self, key, moment, found):
        """A key that came back as something else: each version around the moment with when it was answered, and which one came back."""
        near = [(str(modified), number, is_marker, str(self.taken.get(version)), not is_marker and self.content(key, version) == found)
                for modified, number, version, is_marker in self.keys.get(key, []) if abs(modified - moment) < datetime.timedelta(seconds=30)]
        return key, found is None, near

    def content(self, key, version):
        if version not in self.seen:
            self.seen[version] = seen(self.store.get_object(Bucket=self.bucket, Key=key, VersionId=version))
        return self.seen[version]


def seen(answer):
    return hashlib.sha256(answer["Body"].read()).hexdigest(), answer["ContentType"], answer["Metadata"]


def listing(store, bucket):
    found = {}
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for listed in page.get("Contents", []):
            found[listed["Key"]] = seen(store.get_object(Bucket=bucket, Key=listed["Key"]))
    return found


def restore_to(backup, point, at=None, vault="Default", **changes):
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName=vault, RecoveryPointArn=point)["RestoreMetadata"]
    # A snapshot has one moment only.
    assert metadata.get("UseLatestRestorableTime") == ("true" if vault == "Default" else None)
    if at:
        del metadata["UseLatestRestorableTime"]
        metadata["RestoreTime"] = at.isoformat()
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, **changes}, IamRoleArn=ROLE, ResourceType="S3")
    return wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started["RestoreJobId"]))


def restored(store, backup, point, at=None, **changes):
    """What boto3 sees in the bucket that a restore made, which goes then."""
    done = restore_to(backup, point, at, **changes)
    assert done["Status"] == "COMPLETED" and not done.get("StatusMessage"), done
    bucket = done["CreatedResourceArn"].removeprefix("arn:aws:s3:::")
    found = listing(store, bucket)
    for key in found:
        store.delete_object(Bucket=bucket, Key=key)
    store.delete_bucket(Bucket=bucket)
    return found


def first_run(engine, backup, store, bucket):
    """The point that the first run makes, once there are moments to restore it to."""
    job, = next_run(engine, backup)
    assert job["State"] == "COMPLETED", job
    with pytest.raises(botocore.exceptions.ClientError, match="RestoreTime has to wait|UseLatestRestorableTime|RestoreTime must lie"):
        # Not before it is known what changed while it was read.
        restore_to(backup, job["RecoveryPointArn"], now(store, bucket))
    until(lambda: now(store, bucket) > window(engine, job["RecoveryPointArn"])[0], "its first moment is over")
    return job["RecoveryPointArn"]


def status(backup, point):
    return backup.describe_recovery_point(BackupVaultName="Default", RecoveryPointArn=point)


def test_any_second_of_a_history_is_restored_across_bases_restarts_and_a_killed_engine(engine, weed, tmp_path):
    store, backup = weed.client(), engine.client()
    bucket = versioned(store)
    for number in range(40):
        store.put_object(Bucket=bucket, Key=f"still/{number:03}", Body=random.Random(number).randbytes(20_000), ContentType="text/x")
    resource = add(engine, weed, bucket, tmp_path)
    continuous_plan(backup, resource, CopyActions=far(backup))
    writer = Writer(weed, bucket)
    writer.start()

    # given a first run, which makes the one recovery point there is
    point = first_run(engine, backup, store, bucket)
    assert point.startswith(f"arn:aws:backup:{REGION}:{ACCOUNT}:recovery-point:{bucket}-") and len(point.rsplit("-", 1)[1]) == 8, point
    assert status(backup, point)["Status"] == "AVAILABLE"

    # and an upload in parts that takes longer than some listings
    slow = store.create_multipart_upload(Bucket=bucket, Key="slow", ContentType="text/slow")["UploadId"]
    part = store.upload_part(Bucket=bucket, Key="slow", UploadId=slow, PartNumber=1, Body=b"slow" * 1000)["ETag"]

    # and a history with a killed engine, a store that ends and starts again, and a second base in it
    until_restorable(engine, point, now(store, bucket))
    engine.kill()
    time.sleep(2)
    engine.start()
    backup = engine.client()
    until_restorable(engine, point, now(store, bucket))
    weed.stop()
    time.sleep(1)
    weed.start()
    done = store.complete_multipart_upload(Bucket=bucket, Key="slow", UploadId=slow, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
    writer.taken[done["VersionId"]] = datetime.datetime.now(datetime.timezone.utc)
    until_restorable(engine, point, now(store, bucket))
    before = {job["BackupJobId"] for job in backup.list_backup_jobs()["BackupJobs"]}
    job, = next_run(engine, backup)
    assert (job["State"], job["RecoveryPointArn"]) == ("COMPLETED", point), job
    assert job["BackupJobId"] not in before and [known["RecoveryPointArn"] for known in points(backup)] == [point]
    ages = []
    for _ in range(16):
        time.sleep(1)
        ages.append((now(store, bucket) - window(engine, point)[1]).total_seconds())
    writer.stop()
    idle = now(store, bucket)
    until_restorable(engine, point, idle)
    time.sleep(16)
    idle_age = (now(store, bucket) - window(engine, point)[1]).total_seconds()
    print(f"age of LatestRestorableTime: at most {max(ages):.0f} s under load, {idle_age:.0f} s idle; {len(writer.order)} writes, {writer.lost} lost")
    assert max(ages) <= OLDEST and idle_age <= OLDEST
    assert len(writer.order) > 100

    # when moments of it are restored, then each is what was there then
    history = History(store, bucket, writer.order, writer.taken)
    earliest, latest = window(engine, point)
    span = (idle - earliest).total_seconds()
    seed = random.randrange(1 << 32)
    chosen = [earliest + datetime.timedelta(seconds=of.uniform(0, span)) for of in [random.Random(seed)] for _ in range(MOMENTS)]
    print(f"seed {seed} for moments from {earliest} on")
    late = sum(history.check(restored(store, backup, point, at), at) for at in [earliest, *chosen, idle])
    print(f"{len(chosen) + 2} moments of {span:.0f} s; {late} keys of them were left out, which the store took seconds to write")
    newest = restored(store, backup, point)
    history.check(newest, latest)
    assert newest == listing(store, bucket)

    # and so is each snapshot that a run had copied
    for at, copy in copied(engine, backup, 2):
        history.check(restored(store, backup, copy, vault="far"), at)

    # and a moment outside of the window is refused with the window
    for outside in (earliest - SECOND, latest + datetime.timedelta(hours=1)):
        with pytest.raises(botocore.exceptions.ClientError, match=earliest.strftime("%Y-%m-%dT%H:")):
            restore_to(backup, point, outside)


def test_chosen_objects_and_prefixes_come_back_as_of_a_moment_and_nothing_is_overwritten(engine, weed, tmp_path):
    store, backup = weed.client(), engine.client()
    bucket = versioned(store)
    put = lambda key, body, **more: store.put_object(Bucket=bucket, Key=key, Body=body, **more)
    for key in ["a/1", "a/2", "b", "deleted", "a/b/c"]:
        put(key, f"base {key}".encode(), ContentType="text/base")
    resource = add(engine, weed, bucket, tmp_path, name="photos")
    continuous_plan(backup, resource)
    point = first_run(engine, backup, store, bucket)
    put("a/2", b"changed", ContentType="text/changed", Metadata={"who": "ada"}, Tagging="owner=ada%20l")
    put("a/3", b"new")
    put("c", b"new c")
    store.delete_object(Bucket=bucket, Key="deleted")
    at = now(store, bucket)
    time.sleep(2)
    put("a/3", b"too late")
    store.delete_object(Bucket=bucket, Key="b")
    until_restorable(engine, point, now(store, bucket))

    def items(*chosen, at=at, **more):
        store.create_bucket(Bucket=f"{bucket}-i")
        done = restore_to(backup, point, at, DestinationBucketName=f"{bucket}-i", NewBucket="false", ItemsToRestore=json.dumps(chosen), **more)
        found = {key: store.get_object(Bucket=f"{bucket}-i", Key=key)["Body"].read() for key in listing(store, f"{bucket}-i")}
        tags = store.get_object_tagging(Bucket=f"{bucket}-i", Key="a/2")["TagSet"] if "a/2" in found else []
        for key in found:
            store.delete_object(Bucket=f"{bucket}-i", Key=key)
        store.delete_bucket(Bucket=f"{bucket}-i")
        return done, found, tags

    # What it looked like then is told without reading any of it.
    sight = told_of(engine, point, f"moment?at={at:%Y-%m-%dT%H%%3A%M%%3A%SZ}")
    assert (sight["Details"]["Objects"], sight["Details"]["ObjectBytes"]) == ("6", str(len("base a/1changednewbase a/b/cbase bnew c"))), sight
    base, changed, looked_at = map(datetime.datetime.fromisoformat, [sight["Base"], sight["Details"]["LastChangeTime"], sight["At"]])
    assert base < changed <= looked_at == at, sight

    done, found, tags = items("a/")
    assert done["Status"] == "COMPLETED" and found == {"a/1": b"base a/1", "a/2": b"changed", "a/3": b"new", "a/b/c": b"base a/b/c"}, (done, found)
    assert tags == [{"Key": "owner", "Value": "ada l"}]
    assert items("b", "c")[1] == {"b": b"base b", "c": b"new c"}
    # A path as the list of the base's items shows it.
    assert items("/from-/a/2")[1] == {"a/2": b"changed"}
    assert items("/from-/a/b")[1] == {"a/b/c": b"base a/b/c"}
    assert items("/from-")[1] == {"a/1": b"base a/1", "a/2": b"changed", "a/3": b"new", "a/b/c": b"base a/b/c", "b": b"base b", "c": b"new c"}
    for gone in ["deleted", "nothing/", "/log"]:
        done, found, _ = items(gone)
        assert done["Status"] == "FAILED" and "no objects that match" in done["StatusMessage"] and found == {}, done

    # Into the source, by the command line: what is there stays.
    engine.run("restore", "start", point, "--into-source", "--time", at.isoformat())
    read = lambda key: store.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert (read("b"), read("a/3")) == (b"base b", b"too late")
    assert "deleted" not in listing(store, bucket)
    for metadata, told in [({"RestoreLatestVersionsUpTo": "all"}, "RestoreLatestVersionsUpTo"), ({"RestoreTime": "yesterday"}, "RestoreTime")]:
        with pytest.raises(botocore.exceptions.ClientError, match=told):
            restore_to(backup, point, at, **metadata)


def test_what_somebody_does_to_versions_themselves_is_history_too(engine, weed, tmp_path):
    store, backup = weed.client(), engine.client()
    bucket = versioned(store)
    first = {key: store.put_object(Bucket=bucket, Key=key, Body=f"1 {key}".encode())["VersionId"] for key in ["undeleted", "taken-back", "purged", "kept"]}
    continuous_plan(backup, add(engine, weed, bucket, tmp_path))
    point = first_run(engine, backup, store, bucket)
    marker = store.delete_object(Bucket=bucket, Key="undeleted")["VersionId"]
    second = store.put_object(Bucket=bucket, Key="taken-back", Body=b"2 taken-back")["VersionId"]
    at = now(store, bucket)
    until_restorable(engine, point, at + SECOND)
    store.delete_object(Bucket=bucket, Key="undeleted", VersionId=marker)
    store.delete_object(Bucket=bucket, Key="taken-back", VersionId=second)
    store.delete_object(Bucket=bucket, Key="purged", VersionId=first["purged"])
    done = now(store, bucket)
    until_restorable(engine, point, done + 25 * SECOND)
    bodies = lambda found: {key: content[0] for key, content in found.items()}
    digest = lambda **bodies: {key.replace("_", "-"): hashlib.sha256(body).hexdigest() for key, body in bodies.items()}
    assert bodies(restored(store, backup, point, at)) == digest(taken_back=b"2 taken-back", purged=b"1 purged", kept=b"1 kept")
    assert bodies(restored(store, backup, point)) == digest(undeleted=b"1 undeleted", taken_back=b"1 taken-back", kept=b"1 kept")
    assert status(backup, point)["Status"] == "AVAILABLE"


def test_a_bucket_without_versions_is_refused_and_one_that_loses_them_stops_the_point(engine, weed, tmp_path):
    store, backup = weed.client(), engine.client()
    bucket = f"plain-{random.randrange(1 << 48):x}"
    store.create_bucket(Bucket=bucket)
    store.put_object(Bucket=bucket, Key="a", Body=b"from before")
    continuous_plan(backup, add(engine, weed, bucket, tmp_path))

    # given a bucket that never kept versions
    job, = next_run(engine, backup)
    assert job["State"] == "FAILED" and "put-bucket-versioning" in job["StatusMessage"] and bucket in job["StatusMessage"], job
    assert points(backup) == []

    # when it does, its objects from before are there too
    enable = lambda status: store.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
    enable("Enabled")
    first = first_run(engine, backup, store, bucket)
    store.put_object(Bucket=bucket, Key="b", Body=b"kept")
    kept = now(store, bucket)
    until_restorable(engine, first, kept)

    # when it does not any more, the point says so and is restored as far as it goes
    enable("Suspended")
    until(lambda: status(backup, first)["Status"] == "STOPPED", "it is stopped", 60)
    told = status(backup, first)["StatusMessage"]
    assert "versioning" in told and "Suspended" in told and KEYS["SecretAccessKey"] not in told, told
    assert set(restored(store, backup, first, kept)) == {"a", "b"}
    job, = next_run(engine, backup)
    assert job["State"] == "FAILED" and "Suspended" in job["StatusMessage"], job

    # and the next run opens another one, which ends when the bucket is made anew
    enable("Enabled")
    second = first_run(engine, backup, store, bucket)
    assert second != first
    for key, version, _, _ in list(all_versions(store, bucket)):
        store.delete_object(Bucket=bucket, Key=key, VersionId=version)
    store.delete_bucket(Bucket=bucket)
    store.create_bucket(Bucket=bucket)
    enable("Enabled")
    store.put_object(Bucket=bucket, Key="a", Body=b"another")
    until(lambda: status(backup, second)["Status"] == "STOPPED", "it is stopped", 60)
    assert bucket in status(backup, second)["StatusMessage"], status(backup, second)
    third = next_run(engine, backup)[0]["RecoveryPointArn"]
    assert third not in (first, second)

    # and one that is deleted leaves nothing behind
    backup.delete_recovery_point(BackupVaultName="Default", RecoveryPointArn=third)
    spools = engine.data / "continuous"
    until(lambda: not spools.exists() or list(spools.iterdir()) == [], "no list of versions is left", 60)


def test_plain_restic_restores_the_log_and_a_person_can_read_it(engine, weed, tmp_path):
    store, backup = weed.client(), engine.client()
    bucket = versioned(store)
    for key in ["a", "b", "c"]:
        store.put_object(Bucket=bucket, Key=key, Body=f"base {key}".encode())
    continuous_plan(backup, add(engine, weed, bucket, tmp_path))
    point = first_run(engine, backup, store, bucket)
    store.put_object(Bucket=bucket, Key="b", Body=b"changed", ContentType="text/changed")
    store.delete_object(Bucket=bucket, Key="c")
    store.put_object(Bucket=bucket, Key="d", Body=b"x" * 3_000_000)
    at = now(store, bucket)
    until_restorable(engine, point, at)

    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    assert engine.restic("check", "--read-data", password=password).returncode == 0
    done = engine.restic("restore", "latest", "--target", str(tmp_path / "by restic"), password=password)
    assert done.returncode == 0, done
    base = tmp_path / "by restic" / "objects"
    found = {path.name: path.read_bytes() for path in (base / "from-").iterdir()}
    attributes = {}
    for file in sorted((base / "log").rglob("entries.jsonl")):
        for entry in map(json.loads, file.read_text().splitlines()):
            assert moment(entry["LastModified"]) <= at and entry["VersionId"], entry
            found.pop(entry["Key"], None)
            if entry["Change"] == "Put":
                found[entry["Key"]] = (file.parent / entry["Content"]).read_bytes()
                attributes[entry["Key"]] = os.getxattr(file.parent / entry["Content"], "user.s3.content-type")
    assert found == {"a": b"base a", "b": b"changed", "d": b"x" * 3_000_000}
    assert attributes["b"] == b"text/changed"

    # And another base reads only what changed since the one before, wherever that lies by then.
    for changed in [len(b"changed") + 3_000_000, 0]:
        time.sleep(SETTLED)
        job, = next_run(engine, backup)
        assert (job["State"], job["BytesTransferred"]) == ("COMPLETED", changed), job
    assert restored(store, backup, point) == listing(store, bucket)


def test_an_engine_that_is_killed_while_it_stores_the_log_loses_nothing_of_it(start, weed, tmp_path):
    store = weed.client()
    bucket = versioned(store)
    base = store.put_object(Bucket=bucket, Key="k/000", Body=b"base")["VersionId"]
    arguments = ["--clock", "simulated"]
    engine = start(arguments=arguments, binary=DEBUG)
    backup = engine.client()
    continuous_plan(backup, add(engine, weed, bucket, tmp_path))
    point = first_run(engine, backup, store, bucket)
    engine.stop()
    writer = Writer(weed, bucket)
    writer.taken[base] = now(store, bucket)
    writer.start()
    for crash in ["before-chain-switch", "before-chain-manifest", "before-snapshot:2"]:
        killed = start(arguments=arguments, binary=DEBUG, environment={"VAULTDECK_CRASH_AT": crash})
        until(lambda: killed.process.poll() is not None, f"it is killed {crash}", 90)
        killed.close_pipes()
    writer.stop()
    again = start(arguments=arguments, binary=DEBUG)
    backup = again.client()
    at = now(store, bucket)
    until_restorable(again, point, at)
    history = History(store, bucket, writer.order, writer.taken)
    history.check(restored(store, backup, point, at), at)
    earliest = window(again, point)[0]
    between = earliest + (at - earliest) * random.random()
    history.check(restored(store, backup, point, between), between)
    report = again.json("vault", "check", "Default")
    assert report["Problems"] == [] and report["Snapshots"] <= 4, report


def test_snapshots_of_a_bucket_that_is_followed_have_one_moment_only(engine, weed, tmp_path):
    store, backup = weed.client(), engine.client()
    bucket = versioned(store)
    store.put_object(Bucket=bucket, Key="a", Body=b"1")
    resource = add(engine, weed, bucket, tmp_path)
    continuous_plan(backup, resource)
    next_run(engine, backup)
    snapshot = back_up(backup, resource)
    assert snapshot["State"] == "COMPLETED", snapshot
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=snapshot["RecoveryPointArn"])["RestoreMetadata"]
    assert "UseLatestRestorableTime" not in metadata
    with pytest.raises(botocore.exceptions.ClientError, match="RestoreTime.*one moment only"):
        backup.start_restore_job(RecoveryPointArn=snapshot["RecoveryPointArn"], Metadata={**metadata, "RestoreTime": now(store, bucket).isoformat()}, IamRoleArn=ROLE)
