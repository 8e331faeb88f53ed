"""Notifications reach a real webhook, a command and a topic of SNS (moto's), whatever kills the engine in between."""

import http.server
import json
import os
import socket
import stat
import subprocess
import threading
import time

import boto3
import pytest

from conftest import ACCOUNT, DEBUG, REGION, ROLE, Engine, back_up

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


@pytest.fixture
def moto():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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
