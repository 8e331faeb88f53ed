"""The demo with PostgreSQL installed: a real database beside the sample organization, which lives and dies with the demo."""

import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

import postgresql
from conftest import BINARY, clean_environment
from ports import free_port
from postgresql import AS_OWNER, PROGRAMS
from test_dashboard import Terminal
from test_postgresql import until


@pytest.fixture
def folder():
    folder = postgresql.make_folder()
    yield folder
    for pid in servers(folder):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def servers(folder):
    """The processes that have something in a folder on their command line or were sent to its server, but for the dashboard itself."""
    found = []
    for place in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line, told = place.read_bytes(), place.with_name("environ").read_bytes()
        except OSError:
            continue
        if (str(folder).encode() in line or f"PGHOST={folder}".encode() in told) and b"vaultdeck\0" not in line:
            found.append(int(place.parent.name))
    return found


class Demo:
    """A demo in a terminal, and what others see of it by its socket."""

    def __init__(self, folder, **environment):
        self.folder, self.data = folder, folder / "demo"
        self.environment = {**clean_environment(self.data), **environment}
        self.terminal = None

    def run(self, *arguments, check=True):
        done = subprocess.run([BINARY, *arguments, "--data-dir", str(self.data)], env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=300)
        assert not check or done.returncode == 0, done
        return done

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--output", "json").stdout)

    def databases(self):
        return [resource for resource in self.json("resource", "list") if resource["ResourceType"] == "RDS"]

    def open(self):
        self.terminal = Terminal("demo", "--data-dir", str(self.data), environment=self.environment)
        self.terminal.wait_for(b"\x1b[?1049h", seconds=60)
        return self


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def test_a_database_is_followed_while_the_demo_lives_and_restored_to_a_second(folder):
    demo = Demo(folder)
    demo.run("demo", "--no-dashboard")
    assert demo.databases() == [] and servers(folder) == [], "a demo that only is made has no server"
    demo.open()
    until(demo.databases, "the database is registered", 60)
    [database] = demo.databases()
    assert database["Name"] == "orders-db" and database["Facts"]["EngineVersion"].startswith(PROGRAMS.parts[4])

    def live():
        points = demo.json("points", "--account", "444455556666")
        return [point["RecoveryPointArn"] for point in points if point["ResourceType"] == "RDS" and point["Status"] == "AVAILABLE"]

    until(live, "the continuous recovery point is live", 150)
    [point] = live()
    # Only what changed is drawn; ctrl-l draws all.
    for keys in ("6", "/orders-db\r", "\r", "arestore\r", "\x0c"):
        demo.terminal.press(keys)
        seen = demo.terminal.drain(1.5)
    assert b"the latest second; it moves on" in seen and b"bases" in seen, seen[-3000:]
    # A second that had not been written when this was asked first becomes restorable soon.
    moment = now()
    command = ["restore", "start", point, "--account", "444455556666", "--time", moment.isoformat(), "--to", str(folder / "back")]
    until(lambda: demo.run(*command, check=False).returncode == 0, f"it is restored to {moment}", 120)
    assert (folder / "back" / "PG_VERSION").read_text().strip() == PROGRAMS.parts[4]
    port = free_port()
    options = f"-p {port} -c listen_addresses= -c unix_socket_directories={folder}"
    started = subprocess.run([*AS_OWNER, PROGRAMS / "pg_ctl", "-D", folder / "back", "-w", "-t", "60", "-l", folder / "log", "-o", options, "start"],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/", timeout=90)
    assert started.returncode == 0, (started, (folder / "log").read_text()[-2000:])
    question = f"SELECT count(*) > 0, max(at) <= '{moment.isoformat()}' FROM orders"
    ask = [PROGRAMS / "psql", "-X", "-A", "-t", "-h", folder, "-p", str(port), "-U", "demo", "-d", "postgres", "-c", question]
    # It takes connections once it has recovered to the moment.
    until(lambda: subprocess.run(ask, capture_output=True, text=True, timeout=60).stdout.strip() == "t|t", "what was sold until then is there")
    subprocess.run([*AS_OWNER, PROGRAMS / "pg_ctl", "-D", folder / "back", "-m", "immediate", "-w", "stop"], capture_output=True, timeout=60)
    demo.terminal.end()
    until(lambda: not servers(folder), "the server is stopped with the demo", 30)

    # Again: the same cluster and the same recovery point, and nothing is left after a kill either.
    demo.open()
    until(lambda: servers(folder), "the server runs again", 60)
    until(live, "the recovery point is live still", 30)
    assert live() == [point]
    os.kill(demo.terminal.pid, signal.SIGKILL)
    os.waitpid(demo.terminal.pid, 0)
    until(lambda: not servers(folder), "nothing outlives the demo", 30)
    # What was restored elsewhere is not the demo's; its own database is no reason not to make it anew.
    refused = demo.run("demo", "--no-dashboard", "--reset", check=False)
    [restored] = [resource for resource in demo.databases() if resource["Name"] != "orders-db"]
    assert refused.returncode == 2 and restored["ResourceArn"] in refused.stderr, refused
    demo.run("resource", "remove", restored["ResourceArn"])
    demo.run("demo", "--no-dashboard", "--reset")
    assert demo.databases() == [] and not (folder / "demo-postgresql").exists()


def test_without_a_server_the_demo_is_as_ever_and_says_nothing(folder):
    demo = Demo(folder, VAULTDECK_POSTGRESQL="/nowhere")
    made = demo.run("demo", "--no-dashboard")
    assert "PostgreSQL" not in made.stdout + made.stderr
    demo.open()
    seen = demo.terminal.drain(3.0)
    rest, _ = demo.terminal.end()
    assert b"PostgreSQL" not in seen + rest and servers(folder) == []
    assert demo.databases() == [] and not (folder / "demo-postgresql").exists()
