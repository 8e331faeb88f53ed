"""The tasks of a night, each on the real binary and the sample organization, with the keys that it takes. What is typed as a word does not
count. `README.md` lists them; a test compares."""

import base64
import datetime
import http.server
import os
import pathlib
import re
import shutil
import threading
import time

import pyte
import pytest

import postgresql
from conftest import REGION
from test_dashboard import Terminal
from test_demo_database import Demo, servers
from test_postgresql import until

BYTES = {"enter": "\r", "esc": "\x1b", "tab": "\t", "right": "\x1b[C", "ctrl-s": "\x13", "ctrl-u": "\x15", "ctrl-e": "\x05", "ctrl-g": "\x07"}
# As the terminal of the demo is.
COLUMNS, ROWS = 160, 45
PRODUCTION, DATA_PLATFORM, MEDIA = "111122223333", "444455556666", "555566667777"
PATIENCE = 30


class Typed(str):
    """A word that is typed."""


class Hands:
    """Who sits at the dashboard: what is pressed is counted, and what is seen is waited for."""

    def __init__(self, terminal):
        self.terminal, self.count, self.raw = terminal, 0, b""
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)

    def look(self, quiet):
        seen = self.terminal.drain(quiet)
        self.raw += seen
        self.stream.feed(seen)

    def shown(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def sees(self, *texts):
        deadline = time.monotonic() + PATIENCE
        while not all(text in self.shown() for text in texts):
            assert time.monotonic() < deadline, f"waited for {texts}; this is the screen:\n{self.shown()}"
            self.look(0.1)
        return self

    def press(self, *keys):
        for key in keys:
            self.count += not isinstance(key, Typed)
            self.terminal.press(key if isinstance(key, Typed) else BYTES.get(key, key))
            self.look(0.15)
        return self

    def begin(self):
        """At the overview, with nothing open and nothing filtered."""
        for _ in range(4):
            self.terminal.press(BYTES["esc"])
            self.look(0.3)
        for tab in "2346":
            self.terminal.press(tab)
            self.look(0.3)
            self.terminal.press(BYTES["esc"])
            self.look(0.3)
        self.terminal.press("1")
        self.sees("Needs a look")
        self.count, self.raw = 0, b""
        return self


@pytest.fixture(scope="module")
def demo():
    folder = postgresql.make_folder()
    demo = Demo(folder)
    try:
        demo.run("demo", "--no-dashboard")
        # Somebody has removed a file since the last backup but one.
        files = folder / "demo-files" / PRODUCTION / "home-directories"
        gone = sorted((files / "daily").iterdir())[0]
        gone.unlink()
        demo.gone = gone.name
        demo.open()
        until(demo.databases, "the database is registered", 60)
        run_to_end(demo, resource(demo, "home-directories"), PRODUCTION)
        yield demo
    finally:
        if demo.terminal:
            demo.terminal.end()
        until(lambda: not servers(folder), "the server is stopped with the demo", 30)
        shutil.rmtree(folder, ignore_errors=True)


def resource(demo, name):
    return next(found for found in demo.json("resource", "list") if found["Name"] == name)


def run_to_end(demo, found, account):
    """Backs a resource up now."""
    demo.run("backup", "start", found["ResourceArn"], "--vault", "Default", "--account", account)


@pytest.fixture
def hands(demo):
    if not hasattr(demo, "hands"):
        demo.hands = Hands(demo.terminal)
        demo.hands.press("\x0c")
    return demo.hands.begin()


def tasks_of_readme():
    """The table of the tasks in the README: what is done, and its keys."""
    text = pathlib.Path("README.md").read_text()
    rows = re.findall(r"^\| (.+?) \| .+? \| (\d+) \|$", text.split("### Tasks of a night", 1)[1].split("\n#", 1)[0], re.MULTILINE)
    return {task: int(keys) for task, keys in rows}


def took(hands, task):
    """The keys are those that the README lists, and few."""
    assert tasks_of_readme()[task] == hands.count <= 12, (task, hands.count)


def test_why_last_nights_backup_failed_and_since_when(hands):
    hands.press("1").sees("legacy-reports", "3 times, first 2d", "The file system cannot be read at", "No such file or directory")
    took(hands, "why did last night's backup fail, and since when")


def test_which_resources_have_no_backup_younger_than_their_plans_promise(hands):
    hands.press("P").sees("resources not protected", "late: newest backup", "legacy-reports", "camera-masters")
    took(hands, "which resources have no backup as young as it should be")


def test_one_file_of_another_day_is_restored(hands, demo):
    day = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=3)
    hands.press("6", "/", Typed("projects-eu"), "enter").sees("▌ projects-eu")
    hands.press("w", Typed("journal.log"), "enter").sees("journal.log in all recovery points of projects-eu", "/journal.log")
    hands.press("/", Typed(f"last-in={day:%Y-%m-%d}"), "enter").sees("1 of")
    hands.press("a", "enter").sees("Restore a recovery point", "journal.log")
    hands.press("ctrl-s").sees("StartRestoreJob", "journal.log")
    hands.press("y").sees("Restored into", "COMPLETED")
    back = list((demo.data / "restored").glob("**/journal.log"))
    assert len(back) == 1 and 0 < back[0].stat().st_size, back
    took(hands, "restore one file of another day")


def test_a_database_is_restored_to_a_second(hands, demo):
    def live():
        points = demo.json("points", "--account", DATA_PLATFORM)
        return [point for point in points if point["ResourceType"] == "RDS" and point["Status"] == "AVAILABLE"]

    until(live, "the continuous recovery point is live", 150)
    # The first second that can be restored begins after the base ended.
    time.sleep(5)
    moment = datetime.datetime.now(datetime.timezone.utc)
    time.sleep(40)
    hands.press("6", "/", Typed("orders-db"), "enter").sees("▌ orders-db")
    hands.press("enter").sees("Recovery points of orders-db", "AVAILABLE")
    hands.press("a", "enter").sees("the latest second; it moves on")
    hands.press(Typed(f"{moment:%H:%M:%S}"), "enter").sees(f"{moment:%H:%M:%S}")
    hands.press("ctrl-s").sees("StartRestoreJob", f"{moment:%H:%M:%S}")
    hands.press("y").sees("Restored into", "COMPLETED")
    took(hands, "restore the database to 02:13:45")


def test_a_monthly_plan_is_made_that_keeps_for_seven_years_and_copies_to_another_account(hands, demo):
    copy = f"arn:aws:backup:eu-central-1:{MEDIA}:backup-vault:offsite"
    hands.press(":", Typed("create-plan"), "enter").sees("Create a backup plan")
    hands.press(Typed("seven-years"), "ctrl-g", Typed("often"), "enter", Typed("m")).sees("every month")
    hands.press("ctrl-g", Typed("keep"), "enter", Typed("7y"))
    hands.press("ctrl-g", Typed("copy"), "enter", Typed(copy))
    hands.press("ctrl-g", Typed("tags"), "enter", Typed("tier=archive"))
    hands.press("ctrl-s").sees("CreateBackupPlan", "seven-years", "2555")
    hands.press("y").sees("seven-years", "done")
    made = next(plan for plan in demo.json("plans") if plan["BackupPlanName"] == "seven-years")
    assert made["BackupPlanId"]
    took(hands, "make a monthly plan kept seven years with a copy to another account")


def test_what_a_job_changed(hands, demo):
    hands.press("4", "/", Typed("home-directories"), "enter").sees("▌ ✓ COMPLETED", "home-directories")
    hands.press("enter").sees("Backup job", "COMPLETED")
    hands.press("enter").sees("Files /")
    hands.press("c").sees("removed", demo.gone)
    took(hands, "what did that job change")


def test_who_can_delete_from_a_vault(hands):
    hands.press("2", "/", Typed("production-daily"), "enter").sees("▌ production-daily")
    hands.press("a", Typed("who"), "enter").sees("DeleteRecoveryPoint")
    took(hands, "who can delete from this vault")


class Stalls(http.server.BaseHTTPRequestHandler):
    """A store that is there, and from some time on never answers."""

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def do_GET(self):
        if self.server.is_slow:
            self.server.asked.set()
            self.server.over.wait(120)
        root = "VersioningConfiguration" if "versioning" in self.path else "ListBucketResult"
        body = f'<?xml version="1.0"?><{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_what_runs_is_stopped(hands, demo, tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stalls)
    server.asked, server.over, server.is_slow, server.daemon_threads = threading.Event(), threading.Event(), False, True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        secret = tmp_path / "secret"
        secret.write_text('{"AccessKeyId": "a", "SecretAccessKey": "b"}')
        secret.chmod(0o600)
        added = demo.run("resource", "add", "S3", "slow-bucket", "--endpoint", f"http://127.0.0.1:{server.server_address[1]}",
                         "--bucket", "slow-bucket", "--secret-file", str(secret)).stdout.strip()
        server.is_slow = True
        demo.run("backup", "start", added, "--vault", "Default", "--no-wait")
        until(server.asked.is_set, "the backup is under way", 60)
        hands.press("R").sees("slow-bucket", "RUNNING")
        hands.press("a", Typed("stop"), "enter").sees("StopBackupJob")
        hands.press("y").sees("ABORT")
        took(hands, "stop what is running")
    finally:
        server.over.set()
        server.shutdown()


def test_which_account_is_blind_and_why(engine, tmp_path):
    # Who looks at the organization enters its accounts by a role that this one does not have.
    engine.run("account", "add", "development")
    (tmp_path / "config" / "vaultdeck").mkdir(parents=True)
    (tmp_path / "config" / "vaultdeck" / "config.toml").write_text('member_role = "Auditor"\n')
    keys = engine.credentials()
    environment = {**engine.environment, "XDG_CONFIG_HOME": str(tmp_path / "config"), "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
                   "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"], "AWS_REGION": REGION}
    terminal = Terminal("--endpoint-url", engine.url, environment=environment)
    try:
        hands = Hands(terminal).begin()
        hands.press("5", "f").sees("1 of 2 only problems", "development", "no entry", "not be assumed", "role/Auditor")
        took(hands, "which account is blind, and why")
    finally:
        terminal.end()


def test_which_plan_never_ran(hands):
    hands.press("3", "/", Typed('last-run=""'), "enter").sees("baseline", "never", "staging")
    took(hands, "which plan never ran")


def test_an_arn_is_copied(hands, demo):
    hands.press("6", "/", Typed("orders-disk"), "enter").sees("▌ orders-disk")
    hands.press("Y")
    arn = resource(demo, "orders-disk")["ResourceArn"]
    assert b"\x1b]52;c;" + base64.b64encode(arn.encode()) in hands.raw
    took(hands, "copy an ARN")


def test_the_last_version_of_a_deleted_file_is_found(hands, demo):
    hands.press("6", "/", Typed("home-directories"), "enter").sees("▌ home-directories")
    hands.press("w", Typed(demo.gone), "enter").sees(f"/daily/{demo.gone}", "LAST IN")
    took(hands, "find the last version of a deleted file")


def test_a_recovery_point_is_proven(hands):
    hands.press("6", "/", Typed("orders-disk"), "enter").sees("▌ orders-disk")
    hands.press("enter").sees("Recovery points of orders-disk")
    hands.press("a", Typed("test"), "enter").sees("StartRestoreJob")
    hands.press("y").sees("roven")
    took(hands, "prove that a recovery point restores")


def test_what_was_changed_tonight(hands):
    hands.press("8").sees("Activity", "Restore", "Test a restore of", "Stop backup job")
    took(hands, "what did I change tonight")
