"""An InfluxDB of its own, on ports that are free."""

import base64
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from ports import free_port

PROGRAM, CLIENT = shutil.which("influxd"), shutil.which("influx")


class Influx:
    def __init__(self, folder, user=None):
        self.folder, self.port, self.user = folder, free_port(), user
        self.folder.mkdir()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        config = self.folder / "influxdb.conf"
        config.write_text(f"""
            reporting-disabled = true
            bind-address = "127.0.0.1:{free_port()}"
            [meta]
            dir = "{self.folder}/meta"
            [data]
            dir = "{self.folder}/data"
            wal-dir = "{self.folder}/wal"
            [monitor]
            store-enabled = false
            [http]
            bind-address = "127.0.0.1:{self.port}"
            log-enabled = false
            auth-enabled = {"true" if self.user else "false"}
        """)
        with open(f"{self.folder}.log", "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "-config", str(config)], env={"PATH": os.environ["PATH"], "HOME": str(self.folder)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/ping", timeout=5).read()
                break
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, open(f"{self.folder}.log").read()[-3000:]
                time.sleep(0.05)
        if self.user:
            self.ask(f"CREATE USER {self.user[0]} WITH PASSWORD '{self.user[1]}' WITH ALL PRIVILEGES")
        return self

    def stop(self):
        self.process.kill()
        self.process.wait(10)

    def post(self, path, body):
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if path == "/query" else {}
        if self.user:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(self.user).encode()).decode()
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            return urllib.request.urlopen(request, timeout=60).read()
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read()) from error

    def ask(self, question, **more):
        answer = json.loads(self.post("/query", urllib.parse.urlencode({"q": question, "epoch": "ns", **more}).encode()), parse_float=str)
        assert "error" not in answer["results"][0], answer
        return answer["results"][0].get("series", [])

    def write(self, database, points, policy="autogen"):
        if isinstance(points, str):
            points = points.encode()
        self.post("/write?" + urllib.parse.urlencode({"db": database, "rp": policy, "precision": "ns"}), points)

    def seen(self, database):
        """What a client sees of a database: each value of each point, with its type and digits, whatever the order."""
        found = set()
        quoted = lambda name: '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        rows = lambda series: [row for one in series for row in one["values"]]
        policies = [row[0] for row in rows(self.ask(f"SHOW RETENTION POLICIES ON {quoted(database)}"))]
        for policy in policies:
            for (measurement,) in rows(self.ask(f"SHOW MEASUREMENTS ON {quoted(database)}")):
                place = f"{quoted(policy)}.{quoted(measurement)}"
                kinds = dict(rows(self.ask(f"SHOW FIELD KEYS ON {quoted(database)} FROM {place}")))
                for field, kind in kinds.items():
                    for series in self.ask(f"SELECT {quoted(field)}::{kind} FROM {quoted(database)}.{place} GROUP BY *"):
                        tags = tuple(sorted((name, text) for name, text in series["tags"].items() if text)) if "tags" in series else ()
                        found |= {(policy, measurement, tags, time, field, kind, value) for time, value in series["values"] if value is not None}
        return found
