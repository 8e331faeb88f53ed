"""Buckets of a real S3 server: what is backed up comes back as boto3 reads it, and restic restores it too."""

import hashlib
import http.server
import json
import os
import random
import re
import threading
import time

import botocore.exceptions
import pytest

from conftest import DEBUG, ROLE, back_up, wait_for_job
from ports import free_port
from weed import KEYS, Cutting, Weed

# A store tells times to the second; what changed within two seconds of a backup's start is read again by the next.
SETTLED = 3.5
LARGE = 40 << 20
# What SeaweedFS keeps as keys, and others stumble over.
KEYS_OF_ALL_KINDS = ["plain", "folder/a", "folder/b/c", "a", "a/b", "a-b", "%2F", "a b+c", "*", "größe/é", "tab\t<&>\"'", "100%", "~", "zero"]


@pytest.fixture
def weed(tmp_path):
    server = Weed(tmp_path / "weed").start()
    yield server
    server.stop()


@pytest.fixture
def bucket(weed):
    """A new bucket, filled; its name."""
    name = f"source-{random.randrange(1 << 48):x}"
    store = weed.client()
    store.create_bucket(Bucket=name)
    for number, key in enumerate(KEYS_OF_ALL_KINDS):
        content = b"" if key == "zero" else f"content of {key}".encode()
        store.put_object(Bucket=name, Key=key, Body=content, ContentType=f"text/x-{number}", CacheControl="no-store", Metadata={"number": str(number)})
    for number in range(60):
        store.put_object(Bucket=name, Key=f"many/{number:03}", Body=random.Random(number).randbytes(2_000))
    store.put_object(Bucket=name, Key="large", Body=random.Random(1).randbytes(LARGE), ContentType="application/x-large")
    return name


def listing(store, bucket):
    """Everything that a client sees of a bucket, the contents as hashes."""
    found = {}
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for listed in page.get("Contents", []):
            answer = store.get_object(Bucket=bucket, Key=listed["Key"])
            digest = hashlib.sha256(answer["Body"].read()).hexdigest()
            found[listed["Key"]] = (digest, answer["ContentType"], answer.get("CacheControl"), answer["Metadata"])
    return found


def secret_file(folder, **changes):
    path = folder / f"keys-{random.randrange(1 << 32)}"
    path.write_text(json.dumps({**KEYS, **changes}))
    return str(path)


def add(engine, weed, bucket, folder, name="bucket"):
    return engine.json("resource", "add", "S3", name, "--endpoint", weed.url, "--bucket", bucket, "--secret-file", secret_file(folder))["ResourceArn"]


def restore(backup, point, **changes):
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, **changes}, IamRoleArn=ROLE, ResourceType="S3")
    return wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started["RestoreJobId"]))


def test_a_bucket_is_backed_up_changed_backed_up_again_and_restored_as_it_was(engine, weed, bucket, tmp_path):
    store, backup = weed.client(), engine.client()
    resource = add(engine, weed, bucket, tmp_path)
    assert resource == f"arn:aws:s3:::{bucket}"
    time.sleep(SETTLED)

    # given a first backup, and a second one of which nothing is read
    before = listing(store, bucket)
    first = back_up(backup, resource)
    assert (first["State"], first.get("MessageCategory", "SUCCESS").upper()) == ("COMPLETED", "SUCCESS"), first
    assert re.fullmatch(rf"arn:aws:backup:us-east-1:\d+:recovery-point:{bucket}-\d{{14}}-[0-9a-f]{{8}}", first["RecoveryPointArn"])
    second = back_up(backup, resource)
    assert (second["State"], second["BytesTransferred"]) == ("COMPLETED", 0), second

    # when an object comes, one goes and one changes at the same length
    store.put_object(Bucket=bucket, Key="new", Body=b"n" * 1_000)
    store.delete_object(Bucket=bucket, Key="folder/a")
    store.put_object(Bucket=bucket, Key="many/007", Body=b"7" * 2_000)
    third = back_up(backup, resource)
    # then only those are read
    assert (third["State"], third["BytesTransferred"]) == ("COMPLETED", 3_000), third

    # and the first point comes back as it was, by what the engine itself proposes
    done = restore(backup, first["RecoveryPointArn"])
    assert done["Status"] == "COMPLETED", done
    restored = done["CreatedResourceArn"].removeprefix("arn:aws:s3:::")
    assert restored.startswith(bucket) and listing(store, restored) == before
    assert "Uploads" not in store.list_multipart_uploads(Bucket=restored)

    # and what was restored is a resource, with its secret, that can be backed up
    assert back_up(backup, done["CreatedResourceArn"])["State"] == "COMPLETED"
    told = engine.run("resource", "list", "--output", "json").stdout
    assert all(row["Facts"] == {"Versioning": "Never"} for row in json.loads(told)), told
    assert KEYS["SecretAccessKey"] not in told and {row["Location"]["Bucket"] for row in json.loads(told)} == {bucket, restored}


def test_tags_and_access_lists_come_back_where_the_backup_asked_for_them(engine, weed, tmp_path):
    store, backup = weed.client(), engine.client()
    bucket = f"tagged-{random.randrange(1 << 48):x}"
    store.create_bucket(Bucket=bucket, ObjectOwnership="BucketOwnerPreferred")
    store.put_object(Bucket=bucket, Key="both", Body=b"1", Tagging="owner=ada%20l&gr%C3%B6%C3%9Fe=%26")
    store.put_object(Bucket=bucket, Key="large", Body=b"2" * (17 << 20), Tagging="parts=many")
    store.put_object(Bucket=bucket, Key="none", Body=b"3")
    store.put_object_acl(Bucket=bucket, Key="both", ACL="public-read")
    time.sleep(SETTLED)

    def seen(name):
        tags = {key: sorted((tag["Key"], tag["Value"]) for tag in store.get_object_tagging(Bucket=name, Key=key)["TagSet"]) for key in ["both", "large", "none"]}
        return tags, store.get_object_acl(Bucket=name, Key="both")["Grants"], store.get_object_acl(Bucket=name, Key="none")["Grants"]

    expected = seen(bucket)
    resource = add(engine, weed, bucket, tmp_path)
    restored_bucket = lambda job: job["CreatedResourceArn"].removeprefix("arn:aws:s3:::")

    # Tags are there unless they are left out; access lists are not.
    plain = back_up(backup, resource)
    assert (plain["State"], plain["MessageCategory"].upper()) == ("COMPLETED", "SUCCESS"), plain
    tags, grants, _ = seen(restored_bucket(restore(backup, plain["RecoveryPointArn"])))
    assert tags == expected[0] and grants != expected[1]
    with pytest.raises(botocore.exceptions.ClientError, match="RestoreACLs.*holds no access lists"):
        restore(backup, plain["RecoveryPointArn"], RestoreACLs="true")

    # A backup that asks for more than the one before reads all again, and one that asks for the same nothing.
    job = engine.json("backup", "start", "bucket", "--vault", "Default", "--option", "BackupACLs=enabled")
    assert job["State"] == "COMPLETED" and job["BytesTransferred"] == (17 << 20) + 2, job
    assert backup.list_backup_jobs(ByResourceArn=resource)["BackupJobs"][0]["BackupOptions"] == {"BackupACLs": "enabled"}
    again = engine.json("backup", "start", "bucket", "--vault", "Default", "--option", "BackupACLs=enabled")
    assert again["BytesTransferred"] == 0, again
    done = restore(backup, again["RecoveryPointArn"], RestoreACLs="true")
    assert done["Status"] == "COMPLETED", done
    assert seen(restored_bucket(done)) == expected

    # Without tags there are none.
    bare = engine.json("backup", "start", "bucket", "--vault", "Default", "--option", "BackupObjectTags=disabled")
    assert seen(restored_bucket(restore(backup, bare["RecoveryPointArn"])))[0] == {key: [] for key in expected[0]}
    for options, field in [({"BackupACL": "enabled"}, "BackupACL is not an option"), ({"BackupACLs": "on"}, "can be enabled or disabled")]:
        with pytest.raises(botocore.exceptions.ClientError, match=field):
            backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE, BackupOptions=options)

def test_plain_restic_restores_a_bucket_too(engine, weed, bucket, tmp_path):
    backup = engine.client()
    assert back_up(backup, add(engine, weed, bucket, tmp_path))["State"] == "COMPLETED"
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    check = engine.restic("check", "--read-data", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check
    done = engine.restic("restore", "latest", "--target", str(tmp_path / "by restic"), password=password)
    assert done.returncode == 0, done
    folder = tmp_path / "by restic" / "objects" / "from-"
    restored = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}
    escape = {"%2F": "%252F", "100%": "100%25", "tab\t<&>\"'": "tab%09<&>\"'", "a": "a%~"}
    expected = {escape.get(key, key): seen[0] for key, seen in listing(weed.client(), bucket).items()}
    assert restored == expected
    assert os.getxattr(folder / "large", "user.s3.content-type") == b"application/x-large"


def test_in_a_bucket_that_is_there_nothing_is_overwritten(engine, weed, bucket, tmp_path):
    store, backup = weed.client(), engine.client()
    resource = add(engine, weed, bucket, tmp_path)
    point = back_up(backup, resource)["RecoveryPointArn"]
    before = listing(store, bucket)
    store.put_object(Bucket=bucket, Key="plain", Body=b"newer")
    store.delete_object(Bucket=bucket, Key="large")
    store.delete_object(Bucket=bucket, Key="a/b")
    newer = listing(store, bucket)
    done = restore(backup, point, DestinationBucketName=bucket, NewBucket="false")
    assert (done["Status"], done["CreatedResourceArn"]) == ("COMPLETED", resource), done
    assert f"{len(newer)} objects were not restored" in done["StatusMessage"], done
    assert listing(store, bucket) == {**before, "plain": newer["plain"]}

    # another one, with a prefix and an object
    store.create_bucket(Bucket=f"{bucket}-other")
    done = restore(backup, point, DestinationBucketName=f"{bucket}-other", NewBucket="false", ItemsToRestore='["folder/", "a", "größe/é"]')
    assert (done["Status"], done["CreatedResourceArn"]) == ("COMPLETED", f"{resource}-other"), done
    assert listing(store, f"{bucket}-other") == {key: before[key] for key in ("folder/a", "folder/b/c", "a", "größe/é")}


def test_the_command_line_lists_and_restores_chosen_objects(engine, weed, bucket, tmp_path):
    add(engine, weed, bucket, tmp_path, name="photos")
    point = engine.json("backup", "start", "photos", "--vault", "Default")["RecoveryPointArn"]
    assert [row["RecoveryPointArn"] for row in engine.json("points")] == [point]
    engine.run("restore", "start", point, "--to", f"{bucket}-new", "--item", "many/", "--item", "/from-/folder/a")
    store = weed.client()
    before = listing(store, bucket)
    assert listing(store, f"{bucket}-new") == {key: seen for key, seen in before.items() if key.startswith("many/") or key == "folder/a"}
    store.delete_object(Bucket=bucket, Key="zero")
    engine.run("restore", "start", point, "--into-source")
    assert listing(store, bucket) == before


def test_what_cannot_be_restored_is_refused_and_changes_nothing(engine, weed, bucket, tmp_path):
    store, backup = weed.client(), engine.client()
    point = back_up(backup, add(engine, weed, bucket, tmp_path))["RecoveryPointArn"]
    buckets = {row["Name"] for row in store.list_buckets()["Buckets"]}
    for changes, told in [
        ({"DestinationBucketName": "No"}, "DestinationBucketName"),
        ({"ItemsToRestore": json.dumps([str(number) for number in range(6)])}, "ItemsToRestore"),
        ({"RestoreACLs": "true"}, "RestoreACLs"),
        ({"RestoreTime": "2026-11-26T00:00:00Z"}, "RestoreTime"),
        ({"RestoreLatestVersionsUpTo": "all"}, "RestoreLatestVersionsUpTo"),
        ({"KMSKey": "k"}, "KMSKey"),
        ({"vaultdeck:endpoint": "http://user:hunter2@127.0.0.1"}, "vaultdeck:endpoint"),
        ({"vaultdeck:endpoint": "http://127.0.0.1:1"}, "vaultdeck:endpoint"),
        ({"DestinationBucketName": bucket}, bucket),
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            restore(backup, point, **changes)
        assert told in str(refused.value) and "hunter2" not in str(refused.value), refused.value
    store.create_bucket(Bucket=f"{bucket}-taken")
    for changes, told in [
        ({"DestinationBucketName": f"{bucket}-taken"}, "exists already"),
        ({"DestinationBucketName": "is-not-there", "NewBucket": "false"}, "no bucket is-not-there"),
        ({"ItemsToRestore": '["nothing/"]'}, "no objects that match"),
    ]:
        done = restore(backup, point, **changes)
        assert done["Status"] == "FAILED" and told in done["StatusMessage"], done
    assert {row["Name"] for row in store.list_buckets()["Buckets"]} == buckets | {f"{bucket}-taken"}


class Page(http.server.BaseHTTPRequestHandler):
    """A server for people."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(b"<!DOCTYPE html><html><body>Welcome</body></html>")

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


def test_what_cannot_be_backed_up_is_refused_with_the_reason_and_no_secret(engine, weed, bucket, tmp_path):
    people = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=people.serve_forever, daemon=True).start()
    right, wrong = secret_file(tmp_path), secret_file(tmp_path, SecretAccessKey="hunter2")
    broken = tmp_path / "broken"
    broken.write_text('{"AccessKeyId": "hunter2"}')
    page = f"http://127.0.0.1:{people.server_port}"
    for endpoint, name, secret, told in [
        (weed.url, bucket, wrong, "refuses"),
        (weed.url, "not-there", right, "no bucket not-there"),
        (weed.url, "a/b", right, "Invalid Bucket"),
        (weed.url, bucket, str(broken), "Invalid Secret"),
        (f"http://127.0.0.1:{free_port()}", bucket, right, "cannot be reached"),
        (page, bucket, right, "web page"),
        ("127.0.0.1:80", bucket, right, "Invalid Endpoint"),
    ]:
        done = engine.run("resource", "add", "S3", "b", "--endpoint", endpoint, "--bucket", name, "--secret-file", secret, check=False)
        assert done.returncode != 0 and told in done.stderr, (endpoint, name, done)
        assert "hunter2" not in done.stderr + done.stdout
    people.shutdown()
    assert engine.json("resource", "list") == []

    # a bucket that goes after it was registered
    store = weed.client()
    store.create_bucket(Bucket=f"{bucket}-gone")
    resource = add(engine, weed, f"{bucket}-gone", tmp_path)
    store.delete_bucket(Bucket=f"{bucket}-gone")
    job = back_up(engine.client(), resource)
    assert job["State"] == "FAILED" and f"no bucket {bucket}-gone" in job["StatusMessage"], job


def test_an_object_whose_line_breaks_goes_on_where_it_broke(engine, weed, bucket, tmp_path):
    line = Cutting(weed.ports["s3"], f"/{bucket}/large", after=6 << 20, times=3)
    weed_behind = type("Behind", (), {"url": line.url})
    backup = engine.client()
    job = back_up(backup, add(engine, weed_behind, bucket, tmp_path))
    assert (job["State"], job.get("MessageCategory", "SUCCESS").upper()) == ("COMPLETED", "SUCCESS"), job
    assert len(line.asked) == 4 and b"if-match" in line.asked[1].lower() and b"range: bytes=" in line.asked[1].lower(), line.asked
    done = restore(backup, job["RecoveryPointArn"])
    assert done["Status"] == "COMPLETED", done
    store = weed.client()
    assert listing(store, done["CreatedResourceArn"].rsplit(":", 1)[1]) == listing(store, bucket)
    line.close()


def test_an_object_that_is_overwritten_while_its_line_is_broken_is_told_and_never_mixed(engine, weed, bucket, tmp_path):
    store = weed.client()
    line = Cutting(weed.ports["s3"], f"/{bucket}/large", after=6 << 20, times=1,
                   meanwhile=lambda: store.put_object(Bucket=bucket, Key="large", Body=b"x" * LARGE))
    backup = engine.client()
    job = back_up(backup, add(engine, type("Behind", (), {"url": line.url}), bucket, tmp_path))
    assert job["State"] == "COMPLETED" and "overwritten while it was read" in job["StatusMessage"], job
    done = restore(backup, job["RecoveryPointArn"])
    assert "large" not in listing(store, done["CreatedResourceArn"].rsplit(":", 1)[1])
    line.close()


def test_a_backup_that_is_killed_and_a_restore_that_is_killed_in_the_midst_of_an_upload_leave_nothing_behind(start, weed, bucket, tmp_path):
    store = weed.client()
    engine = start(binary=DEBUG, environment={"VAULTDECK_CRASH_AT": "before-index"})
    resource = add(engine, weed, bucket, tmp_path)
    try:
        engine.client().start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)
    except botocore.exceptions.BotoCoreError:
        pass
    engine.process.wait(120)
    engine.close_pipes()
    assert "Uploads" not in store.list_multipart_uploads(Bucket=bucket)

    engine = start(binary=DEBUG)
    backup = engine.client()
    jobs = backup.list_backup_jobs()["BackupJobs"]
    assert len(jobs) == 1
    job = wait_for_job(lambda: backup.describe_backup_job(BackupJobId=jobs[0]["BackupJobId"]))
    assert job["State"] == "COMPLETED", job

    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=job["RecoveryPointArn"])["RestoreMetadata"]
    target = metadata["DestinationBucketName"]
    restoring = backup.start_restore_job(RecoveryPointArn=job["RecoveryPointArn"], Metadata=metadata, IamRoleArn=ROLE)["RestoreJobId"]
    deadline = time.monotonic() + 60
    while not uploads(store, target):
        assert time.monotonic() < deadline, backup.describe_restore_job(RestoreJobId=restoring)
    engine.kill()
    assert uploads(store, target), "it was killed in the midst of it"

    backup = start(binary=DEBUG).client()
    done = wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=restoring))
    assert done["Status"] == "COMPLETED", done
    assert listing(store, target) == listing(store, bucket)
    assert uploads(store, target) == []


def uploads(store, bucket):
    try:
        return store.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    except store.exceptions.NoSuchBucket:
        return []
