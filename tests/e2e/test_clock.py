"""The real binary under a wall clock that jumps: a shim answers `clock_gettime`, the boot clock stays as it is."""

import json
import subprocess
import time

import pytest

from conftest import ROLE, Engine

SHIM = r"""
#define _GNU_SOURCE
#include <time.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int clock_gettime(clockid_t which, struct timespec *time) {
    int answer = syscall(SYS_clock_gettime, which, time);
    const char *name = getenv("CLOCK_OFF_FILE");
    if (answer == 0 && name && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) {
        FILE *file = fopen(name, "r");
        long off = 0;
        if (file) { if (fscanf(file, "%ld", &off) == 1) time->tv_sec += off; fclose(file); }
    }
    return answer;
}
"""
YEAR = 365 * 24 * 3600


@pytest.fixture
def jumping(tmp_path):
    """An engine whose wall clock is off by what the returned function says."""
    (tmp_path / "shim.c").write_text(SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "shim.so", tmp_path / "shim.c"], check=True)
    off = tmp_path / "off"
    off.write_text("0")
    environment = {"LD_PRELOAD": str(tmp_path / "shim.so"), "CLOCK_OFF_FILE": str(off)}
    engine = Engine(tmp_path / "data", environment=environment).start()
    yield engine, lambda seconds: off.write_text(str(seconds))
    engine.kill()


def backup(client, arn, **more):
    job = client.start_backup_job(BackupVaultName="Default", ResourceArn=arn, IamRoleArn=ROLE, **more)["BackupJobId"]
    deadline = time.monotonic() + 60
    while (state := client.describe_backup_job(BackupJobId=job)["State"]) != "COMPLETED":
        assert state in ("CREATED", "RUNNING") and time.monotonic() < deadline, state
        time.sleep(0.05)


def status(engine):
    done = engine.run("status", "--output", "json", check=False)
    return done.returncode, [problem["Code"] for problem in json.loads(done.stdout)["Problems"]]


def until(what, seconds=30):
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


def test_a_year_ahead_and_back_costs_no_recovery_point_and_is_told(jumping, tmp_path):
    engine, jump = jumping
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_text("hello")
    arn = engine.add_efs("projects", source)
    client = engine.client()
    for _ in range(2):
        backup(client, arn, Lifecycle={"DeleteAfterDays": 30})

    jump(YEAR)
    until(lambda: status(engine) == (3, ["ClockDoubted"]))
    engine.process.send_signal(1)  # The conductor looks around.
    time.sleep(1)
    points = json.loads(engine.run("points", "--output", "json").stdout)
    assert [point["Status"] for point in points] == ["COMPLETED", "COMPLETED"]
    jump(10)
    until(lambda: status(engine) == (0, []))
    assert len(json.loads(engine.run("points", "--output", "json").stdout)) == 2

    jump(YEAR)
    until(lambda: status(engine)[0] == 3)
    assert engine.run("clock", "confirm").stdout.startswith("the clock is believed")
    assert status(engine) == (0, [])
    until(lambda: not json.loads(engine.run("points", "--output", "json").stdout))
