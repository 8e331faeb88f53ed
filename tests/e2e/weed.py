"""A SeaweedFS of its own: a real S3 server, on ports that are free."""

import contextlib
import os
import socket
import subprocess
import threading
import time

import boto3
import botocore.config
import botocore.exceptions

from ports import free_port

PROGRAM = os.environ.get("VAULTDECK_WEED", ".venv/bin/weed")
KEYS = {"AccessKeyId": "test", "SecretAccessKey": "testtest"}


class Weed:
    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir()
        self.ports = {name: free_port() for name in ("s3", "master", "filer", "volume", "admin")}
        self.url = f"http://127.0.0.1:{self.ports['s3']}"
        self.process = None

    def start(self):
        command = [PROGRAM, "mini", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-webdav=false", "-admin.ui=false",
                   "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false", *(f"-{name}.port={port}" for name, port in self.ports.items())]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "AWS_ACCESS_KEY_ID": KEYS["AccessKeyId"],
                       "AWS_SECRET_ACCESS_KEY": KEYS["SecretAccessKey"], "WEED_S3_SSE_KEY": "anything"}
        with open(f"{self.folder}.log", "ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.client().list_buckets()
                return self
            except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
                assert self.process.poll() is None and time.monotonic() < deadline, open(f"{self.folder}.log").read()[-3000:]
                time.sleep(0.1)

    def stop(self):
        # Asked to end it takes half a minute, and nobody wants what it holds.
        self.process.kill()
        self.process.wait(10)

    def client(self):
        config = botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 5, "mode": "standard"})
        return boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=KEYS["AccessKeyId"],
                            aws_secret_access_key=KEYS["SecretAccessKey"], config=config)


class Cutting:
    """A line to a server that breaks in the midst of what is asked for by `GET PATH`, as often as it is told to."""

    def __init__(self, port, path, after, times, meanwhile=lambda: None):
        self.port, self.path, self.after, self.times, self.meanwhile = port, f"GET {path}".encode(), after, times, meanwhile
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", self.port))
                line = {"left": None}
                threading.Thread(target=self.carry, args=(near, far, line, self.look), daemon=True).start()
                threading.Thread(target=self.carry, args=(far, near, line, self.cut), daemon=True).start()

    def carry(self, source, target, line, watch):
        with contextlib.suppress(OSError), source, target:
            while data := source.recv(1 << 16):
                if not watch(data, line):
                    break
                target.sendall(data)
            for end in (source, target):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def look(self, data, line):
        line["left"] = None
        if data.startswith(self.path + b" ") or data.startswith(self.path + b"?"):
            self.asked.append(data)
            if self.times > 0:
                self.times -= 1
                line["left"] = self.after
        return True

    def cut(self, data, line):
        if line["left"] is None:
            return True
        line["left"] -= len(data)
        if line["left"] > 0:
            return True
        self.meanwhile()
        return False

    def close(self):
        self.listener.close()
