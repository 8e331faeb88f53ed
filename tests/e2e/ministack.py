"""A ministack of its own: DynamoDB's protocol, and others of AWS's, on a port that is free."""

import os
import subprocess
import time

import boto3
import botocore.config
import botocore.exceptions

from ports import free_port

PROGRAM = os.environ.get("VAULTDECK_MINISTACK", ".venv/ministack/bin/ministack")
KEYS = {"AccessKeyId": "test", "SecretAccessKey": "s3cr3t/of+test"}


class Ministack:
    def __init__(self, folder, services="dynamodb"):
        self.services = services
        self.folder, self.port = folder, free_port()
        self.folder.mkdir()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "SERVICES": self.services}
        with open(f"{self.folder}.log", "ab") as log:
            self.process = subprocess.Popen([PROGRAM], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.client().list_tables()
                return self
            except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
                assert self.process.poll() is None and time.monotonic() < deadline, open(f"{self.folder}.log").read()[-3000:]
                time.sleep(0.1)

    def stop(self):
        self.process.kill()
        self.process.wait(10)

    def client(self, service="dynamodb"):
        config = botocore.config.Config(retries={"max_attempts": 3, "mode": "standard"})
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=KEYS["AccessKeyId"],
                            aws_secret_access_key=KEYS["SecretAccessKey"], config=config)
