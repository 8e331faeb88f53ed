"""Fixtures: a running engine, boto3 clients whose every answer is held against botocore's model, trees to protect."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import urllib.request

import boto3
import botocore.config
import pytest

import model
import trees

BINARY = os.environ.get("VAULTDECK", "target/debug/vaultdeck")
DEBUG = os.environ.get("VAULTDECK_DEBUG", "target/debug/vaultdeck")
ACCOUNT = "123456789012"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/AWSBackupDefaultServiceRole"


class Engine:
    """A `vaultdeck serve` on a data directory of its own."""

    def __init__(self, data, binary=BINARY, arguments=(), environment=None, prefix=()):
        self.data, self.binary, self.arguments = pathlib.Path(data), binary, list(arguments)
        self.environment = {**clean_environment(self.data), **(environment or {})}
        self.prefix = list(prefix)
        self.process = self.url = None

    def start(self):
        command = [*self.prefix, self.binary, "--data-dir", str(self.data), "serve", "--listen", "127.0.0.1:0", *self.arguments]
        self.process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), f"{line!r} {self.process.stderr.read()}"
        self.url = line.removeprefix("listening on ").strip()
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.close_pipes()

    def stop(self):
        """SIGTERM; must end within 5 s. What it printed behind the first line is returned."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(8)
        rest = self.process.stdout.read()
        self.close_pipes()
        return rest

    def close_pipes(self):
        self.process.stdout.close()
        self.process.stderr.close()

    def run(self, *arguments, check=True, binary=None):
        """A subcommand on the same data directory."""
        done = subprocess.run([*self.prefix, binary or self.binary, *arguments, "--data-dir", str(self.data)], env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        assert not check or done.returncode == 0, f"{arguments}: {done.returncode} {done.stdout} {done.stderr}"
        return done

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--output", "json").stdout)

    def add_efs(self, name, path, *tags, account=None):
        more = [part for tag in tags for part in ("--tag", tag)] + (["--account", account] if account else [])
        return self.json("resource", "add", "EFS", name, "--path", str(path), *more)["ResourceArn"]

    def credentials(self, *arguments):
        return self.json("credentials", *arguments)

    def client(self, service="backup", account=None, region=REGION):
        keys = self.credentials(*(["--account", account] if account else []))
        client = boto3.client(service, endpoint_url=self.url, region_name=region, aws_access_key_id=keys["AccessKeyId"],
                              aws_secret_access_key=keys["SecretAccessKey"],
                              config=botocore.config.Config(retries={"max_attempts": 0}, read_timeout=60))
        client.meta.events.register(f"after-call.{service}", model.check_answer)
        client.meta.events.register(f"after-call.{service}", model.check_refusal)
        return client

    def clock(self, **body):
        request = urllib.request.Request(f"{self.url}/_clock", json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)["now"]

    def restic(self, *arguments, vault="Default", password=None, account=ACCOUNT, region=REGION, cold=False):
        repository = self.data / "vaults" / account / region / vault / ("vaultdeck/cold" if cold else "")
        environment = {**os.environ, "RESTIC_PASSWORD": password}
        return subprocess.run(["restic", "-r", str(repository), "--no-lock", "--no-cache", *arguments], env=environment, capture_output=True, text=True, errors="replace", timeout=600)


def clean_environment(home):
    """An environment in which nothing of the user who runs the tests shines through."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(home), "XDG_STATE_HOME": f"{home}-state", "XDG_CONFIG_HOME": f"{home}-config", "AWS_EC2_METADATA_DISABLED": "true"}


def wait_for_job(describe, seconds=120):
    """Ask `describe` until the job has ended; its last answer."""
    deadline = time.monotonic() + seconds
    while True:
        job = describe()
        if (job.get("State") or job.get("Status")) in ("COMPLETED", "FAILED", "ABORTED", "EXPIRED", "PARTIAL"):
            return job
        assert time.monotonic() < deadline, f"still not done: {job}"
        time.sleep(0.05)


def back_up(client, resource, vault="Default", **more):
    started = client.start_backup_job(BackupVaultName=vault, ResourceArn=resource, IamRoleArn=ROLE, **more)
    return wait_for_job(lambda: client.describe_backup_job(BackupJobId=started["BackupJobId"]))


def restore(client, point, metadata=None, vault="Default", **changes):
    """Restore with the metadata that the engine itself proposes, changed as asked."""
    if metadata is None:
        metadata = client.get_recovery_point_restore_metadata(BackupVaultName=vault, RecoveryPointArn=point)["RestoreMetadata"]
    started = client.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, **changes}, IamRoleArn=ROLE, ResourceType="EFS")
    return wait_for_job(lambda: client.describe_restore_job(RestoreJobId=started["RestoreJobId"]))


@pytest.fixture
def start(tmp_path):
    """A function that starts engines; they are stopped when the test ends."""
    engines = []

    def start(name="data", **options):
        engine = Engine(tmp_path / name, **options).start()
        engines.append(engine)
        return engine

    yield start
    for engine in engines:
        if engine.process.poll() is None:
            engine.stop()
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def engine(start):
    return start()


@pytest.fixture
def simulated(start):
    return start(arguments=["--clock", "simulated"])


@pytest.fixture
def small_tree(tmp_path):
    return trees.everything(tmp_path / "source")
