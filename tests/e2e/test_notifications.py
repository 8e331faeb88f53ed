"""Notifications reach a real webhook, a command and a topic of SNS (moto's), whatever kills the engine in between."""

import http.server
import json
import os
import stat
import subprocess
import threading
import time

import boto3
import pytest

from conftest import ACCOUNT, DEBUG, REGION, ROLE, Engine, back_up
from ports import free_port

MOTO = os.environ.get("VAULTDECK_MOTO", ".venv/bin/moto_server")


class Webhook:
    """A server that notes what is POSTed to it, and answers what a test tells it to."""

    def __init__(self):
        self.events, self.status = [], 200
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if hook.status == 200:
                    hook.events.append(event)
                self.send_response(hook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def positions(self):
        return [event["position"] for event in self.events]


def until(what, is_so, seconds=60):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.05)


def configured(tmp_path, config, **options):
    """An engine whose config says so."""
    folder = tmp_path / "data-config/vaultdeck"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(config)
    return Engine(tmp_path / "data", **options)


def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "file").write_text("content")
    return folder


def completed(engine):
    """The jobs that the feed tells were COMPLETED, by their positions."""
    lines = engine.run("events", "--output", "json").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    return [event for event in events if event["detail-type"] == "Backup Job State Change" and event["detail"]["state"] == "COMPLETED"]


@pytest.mark.parametrize("crash_at", ["before-notes", "before-delivery-is-noted", "before-catalog-commit:2"])
def test_kill_9_between_the_change_its_note_and_its_delivery_loses_no_event(tmp_path, crash_at):
    hook = Webhook()
    config = f'[notifications.hook]\nwebhook = "{hook.url}"\ndetail_type = ["Backup Job State Change"]\nstate = ["COMPLETED"]\n'
    engine = configured(tmp_path, config, binary=DEBUG).start()
    resource = engine.add_efs("files", source(tmp_path))
    assert back_up(engine.client(), resource)["State"] == "COMPLETED"
    until("the first is told", lambda: len(hook.events) == 1)
    engine.stop()

    engine.environment["VAULTDECK_CRASH_AT"] = crash_at
    engine.start()
    backup = engine.client()
    for _ in range(3):
        backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)
    assert engine.process.wait(60) == -9, "the named point was reached"
    engine.close_pipes()
    del engine.environment["VAULTDECK_CRASH_AT"]
    engine.start()
    jobs = engine.client().list_backup_jobs
    until(lambda: jobs()["BackupJobs"], lambda: all(job["State"] == "COMPLETED" for job in jobs()["BackupJobs"]))
    told = completed(engine)
    assert len(told) == len(jobs()["BackupJobs"]) == 4, "an event for each that completed, and for nothing else"
    until(lambda: hook.positions(), lambda: {event["id"] for event in hook.events} == {event["id"] for event in told})
    # Once more than once is allowed, out of order is not.
    first_seen = list(dict.fromkeys(hook.positions()))
    assert first_seen == sorted(first_seen)
    assert len(hook.events) <= len(told) + 3
    engine.stop()


def test_a_webhook_that_refuses_holds_up_no_command_and_is_told_of_until_it_takes_what_waits(tmp_path):
    hook, log = Webhook(), tmp_path / "log"
    hook.status = 503
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ncat >> {log}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    pattern = 'detail_type = ["Backup Job State Change"]\nstate = ["COMPLETED"]\n'
    config = f'[notifications.hook]\nwebhook = "{hook.url}"\n{pattern}[notifications.script]\ncommand = ["{script}"]\n{pattern}'
    engine = configured(tmp_path, config).start()
    resource = engine.add_efs("files", source(tmp_path))
    jobs = [back_up(engine.client(), resource)["BackupJobId"] for _ in range(3)]
    lines = lambda: [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    until(lines, lambda: len(lines()) == 3)
    assert [event["detail"]["backupJobId"] for event in lines()] == jobs

    status = lambda: engine.run("status", check=False).stdout
    until(status, lambda: "3 event(s) wait for hook (it answered HTTP 503)" in status())
    assert engine.run("status", check=False).returncode == 3
    assert hook.url not in status(), "a webhook's URL is often a secret"
    hook.status = 200
    until(hook.positions, lambda: len(hook.events) == 3)
    assert [event["detail"]["backupJobId"] for event in hook.events] == jobs
    until(status, lambda: "all is well" in status())
    engine.stop()


def told(hook, kind):
    """The findings of a kind that a webhook took, in order."""
    return [event for event in hook.events if event["detail"]["kind"] == kind]


def test_a_new_finding_is_told_once_and_again_when_it_comes_back(tmp_path):
    hook, log = Webhook(), tmp_path / "log"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ncat >> {log}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    options = ["--on-finding-webhook", hook.url, "--on-finding-command", str(script)]
    engine = Engine(tmp_path / "data", arguments=options).start()
    folder = source(tmp_path)
    resource = engine.add_efs("files", folder)
    until(lambda: hook.events, lambda: len(told(hook, "unprotected")) == 1)
    event = hook.events[0]
    assert (event["detail-type"], event["source"], event["account"], event["region"]) == ("Finding", "vaultdeck", ACCOUNT, REGION)
    assert event["resources"] == [resource] and event["detail"]["subject"] == resource
    assert event["detail"]["severity"] == "WARNING" and event["detail"]["title"] == "No plan selects it: files"

    folder.rename(tmp_path / "away")
    assert back_up(engine.client(), resource)["State"] == "FAILED"
    until(lambda: hook.events, lambda: len(told(hook, "failed")) == 1)
    # It fails again, and the engine is started again: that is known already.
    assert back_up(engine.client(), resource)["State"] == "FAILED"
    time.sleep(7)
    engine.stop()
    engine.start()
    time.sleep(7)
    assert len(told(hook, "failed")) == len(told(hook, "unprotected")) == 1
    # It was good once more, and fails anew.
    (tmp_path / "away").rename(folder)
    assert back_up(engine.client(), resource)["State"] == "COMPLETED"
    time.sleep(7)
    folder.rename(tmp_path / "away")
    assert back_up(engine.client(), resource)["State"] == "FAILED"
    until(lambda: hook.events, lambda: len(told(hook, "failed")) == 2)
    until(log.read_text, lambda: len(log.read_text().splitlines()) == len(hook.events))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["id"] for line in lines] == [event["id"] for event in hook.events]
    feed = engine.run("events").stdout
    assert "CRITICAL    Finding  Backup failed: files" in feed, feed
    engine.stop()


def test_a_muted_finding_is_told_when_it_speaks_again_and_others_take_no_findings(tmp_path):
    hook, all_else = Webhook(), Webhook()
    config = (f'[notifications.night]\nwebhook = "{hook.url}"\ndetail_type = ["Finding"]\nstate = ["WARNING"]\n'
              f'[notifications.rest]\nwebhook = "{all_else.url}"\n')
    engine = configured(tmp_path, config)
    resource = engine.add_efs("files", source(tmp_path))
    mutes = tmp_path / "data-state/vaultdeck/mutes.json"
    mutes.parent.mkdir(parents=True, exist_ok=True)
    key = f"unprotected {ACCOUNT} {REGION} {resource}"
    mute = {"note": "seen", "at": "2026-11-23T03:00:00Z", "who": "ada"}
    mutes.write_text(json.dumps({str(tmp_path / "data"): {key: mute}}))
    engine.start()
    assert back_up(engine.client(), resource)["State"] == "COMPLETED"
    until(lambda: all_else.events, lambda: all_else.events)
    time.sleep(7)
    assert hook.events == []
    mutes.write_text("{}")
    # Whoever looks at it finds it unmuted; something has to be written for somebody to look at once.
    back_up(engine.client(), resource)
    until(lambda: hook.events, lambda: [event["detail"]["key"] for event in hook.events] == [key])
    assert all(event["source"] == "aws.backup" for event in all_else.events)
    engine.stop()


@pytest.mark.parametrize("crash_at", ["before-findings-are-noted", "before-notes", "before-delivery-is-noted"])
def test_kill_9_between_a_finding_its_note_and_its_delivery_loses_none(tmp_path, crash_at):
    hook = Webhook()
    hook.status = 503
    engine = Engine(tmp_path / "data", binary=DEBUG, arguments=["--on-finding-webhook", hook.url])
    names = ["one", "two", "three"]
    for name in names:
        (tmp_path / name).mkdir()
    resources = {engine.add_efs(name, tmp_path / name) for name in names}
    engine.environment["VAULTDECK_CRASH_AT"] = crash_at
    if crash_at == "before-delivery-is-noted":
        hook.status = 200
    engine.start()
    assert engine.process.wait(60) == -9, "the named point was reached"
    engine.close_pipes()
    del engine.environment["VAULTDECK_CRASH_AT"]
    hook.status = 200
    engine.start()
    until(lambda: hook.events, lambda: {event["detail"]["subject"] for event in hook.events} == resources)
    time.sleep(7)
    ids = [event["id"] for event in hook.events]
    assert len(set(ids)) == 3, "each is one event, however often it came"
    assert len(ids) == 3 or crash_at == "before-delivery-is-noted"
    engine.stop()


def test_a_webhook_for_findings_that_refuses_is_tried_again_and_wrong_ways_are_refused_by_their_option(tmp_path):
    hook = Webhook()
    hook.status = 500
    engine = Engine(tmp_path / "data", arguments=["--on-finding-webhook", hook.url]).start()
    engine.add_efs("files", source(tmp_path))
    status = lambda: engine.run("status", check=False).stdout
    until(status, lambda: "wait for on-finding-webhook (it answered HTTP 500)" in status())
    assert hook.url not in status()
    hook.status = 200
    until(lambda: hook.events, lambda: told(hook, "unprotected"))
    engine.stop()
    # A busy machine may be another finding: each is told once.
    assert len(told(hook, "unprotected")) == 1 and len({event["id"] for event in hook.events}) == len(hook.events), hook.events
    for option, value in [("--on-finding-webhook", "example.com"), ("--on-finding-command", "logger")]:
        ran = engine.run("serve", "--listen", "127.0.0.1:0", option, value, check=False)
        assert ran.returncode == 2 and option in ran.stderr, ran.stderr


@pytest.fixture
def moto():
    port = free_port()
    process = subprocess.Popen([MOTO, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}

    def client(service):
        return boto3.client(service, endpoint_url=url, region_name=REGION, **keys)

    def is_up():
        try:
            client("sns").list_topics()
            return True
        except Exception:  # noqa: BLE001 - whatever goes wrong while it starts
            return False

    until("moto answers", is_up)
    client.url = url
    yield client
    process.terminate()
    process.wait(10)


def test_a_vaults_topic_gets_awss_words_and_attributes_in_order(tmp_path, moto):
    topic = moto("sns").create_topic(Name="backups")["TopicArn"]
    assert topic == f"arn:aws:sns:{REGION}:{ACCOUNT}:backups"
    queue = moto("sqs").create_queue(QueueName="backups")["QueueUrl"]
    arn = moto("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    moto("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    engine = configured(tmp_path, f'[notifications.topics]\nsns = "{moto.url}"\n', environment=keys).start()
    backup = engine.client()
    resource = engine.add_efs("files", source(tmp_path))
    backup.put_backup_vault_notifications(BackupVaultName="Default", SNSTopicArn=topic, BackupVaultEvents=["BACKUP_JOB_STARTED", "BACKUP_JOB_COMPLETED"])
    jobs = [back_up(backup, resource) for _ in range(2)]

    bodies = []

    def all_came():
        for message in moto("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            bodies.append(json.loads(message["Body"]))
            moto("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return len(bodies) >= 4

    until(lambda: bodies, all_came)
    told = [(body["MessageAttributes"]["State"]["Value"], body["MessageAttributes"]["Id"]["Value"]) for body in bodies]
    assert told == [(state, job["BackupJobId"]) for job in jobs for state in ("RUNNING", "COMPLETED")]
    done, job = bodies[1], jobs[0]
    assert done["Subject"] == "Notification from AWS Backup"
    assert done["Message"] == (
        f"An AWS Backup job was completed successfully. Recovery point ARN: {job['RecoveryPointArn']}."
        f" Resource ARN : {resource}. BackupJob ID : {job['BackupJobId']}"
    )
    values = {name: attribute["Value"] for name, attribute in done["MessageAttributes"].items()}
    assert set(values) == {"EventType", "State", "AccountId", "Id", "StartTime"}
    assert (values["EventType"], values["AccountId"]) == ("BACKUP_JOB", ACCOUNT)

    moto("sns").delete_topic(TopicArn=topic)
    back_up(backup, resource)
    status = lambda: engine.run("status", check=False).stdout
    until(status, lambda: "wait for topics (SNS refused it: NotFound" in status())
    backup.delete_backup_vault_notifications(BackupVaultName="Default")
    engine.stop()
