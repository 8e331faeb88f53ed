"""Databases of a real InfluxDB: what is backed up comes back as its own queries read it."""

import json
import random
import subprocess

import botocore.exceptions
import pytest

import influx
from conftest import ACCOUNT, REGION, ROLE, back_up, wait_for_job
from influx import Influx
from ports import free_port
from test_dynamodb import Page

ARN = f"arn:aws:timestream:{REGION}:{ACCOUNT}:database"
DAY = 86_400 * 10**9
TODAY = 1_795_651_200 * 10**9

EXTREMES = r'''
odd,tag\ with\ space=a\,b\=c\ d,quote="x\"y" i=-9223372036854775808i,j=9223372036854775807i 0
odd,tag\ with\ space=größe f=1,g=0.1,h=1.7976931348623157e308,i=5i,small=5e-324 -1
odd b=true,s="" 1
odd s="two
lines, \"quotes\", \\ and = , # \\\\",b=false 2
odd\,\ name,t=\"\\x f\ i\=e\,ld=2.5 9223372036854775806
odd\,\ name v="é 😀" -9223372036854775806
same,x=tag x=3i 7
..,t=1 v=1 8
a/b v=1 9
'''.lstrip("\n")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Influx(tmp_path_factory.mktemp("influx") / "influx").start()
    yield server
    server.stop()


@pytest.fixture
def metrics(server):
    """A database with days of points, in two retention policies."""
    server.ask('CREATE DATABASE "metrics"')
    server.ask('CREATE RETENTION POLICY "long" ON "metrics" DURATION INF REPLICATION 1')
    server.write("metrics", EXTREMES)
    server.write("metrics", "rolled mean=1.5 5\nodd v=\"elsewhere\" 5\n", policy="long")
    rng = random.Random(1)
    for day in range(-20, 0):
        server.write("metrics", lines(rng, day, 12_000))
    yield server
    for (name,) in server.ask("SHOW DATABASES")[0].get("values", []):
        if name != "_internal":
            server.ask(f'DROP DATABASE "{name}"')


def lines(rng, day, points, measurement="cpu"):
    step = DAY // points
    return "".join(f"{measurement},host=h{n % 4} load={rng.random()},n={rng.randrange(10**9)}i {TODAY + day * DAY + n * step}\n" for n in range(points))


def add(engine, server, folder, database="metrics", name="all", url=None, password=None, check=True):
    secret = []
    if password is not None:
        (folder / "password").write_text(password)
        secret = ["--secret-file", str(folder / "password")]
    return engine.run("resource", "add", "Timestream", name, "--url", url or server.url, "--database", database, *secret, "--output", "json", check=check)


def added(*arguments, **options):
    return json.loads(add(*arguments, **options).stdout)["ResourceArn"]


def restore(backup, point, **changes):
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, **changes}, IamRoleArn=ROLE, ResourceType="Timestream")
    return wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started["RestoreJobId"]))


def stored(engine):
    vault = engine.data / "vaults" / ACCOUNT / REGION / "Default"
    return sum(path.stat().st_size for path in vault.rglob("*") if path.is_file())


def test_a_database_is_backed_up_changed_backed_up_again_and_restored_as_it_was(engine, metrics, tmp_path):
    backup = engine.client()
    resource = added(engine, metrics, tmp_path)
    assert resource == f"{ARN}/metrics/table/all"
    before = metrics.seen("metrics")
    assert len(before) == 20 * 12_000 * 2 + 18
    first = back_up(backup, resource)
    assert first["State"] == "COMPLETED" and "StatusMessage" not in first, first.get("StatusMessage")

    # a new day comes, and the days before are not stored again
    size = stored(engine)
    metrics.write("metrics", lines(random.Random(2), 0, 12_000))
    after = metrics.seen("metrics")
    second = back_up(backup, resource)
    assert second["State"] == "COMPLETED", second.get("StatusMessage")
    grown = stored(engine) - size
    assert 0 < grown < size / 12, f"{grown} after {size}"
    print(f"first {first['BytesTransferred']} read, {size} stored; second {second['BytesTransferred']} read, {grown} stored")
    size = stored(engine)
    assert back_up(backup, resource)["State"] == "COMPLETED"
    assert stored(engine) - size < 64 << 10

    for point, expected, name in [(first, before, "restored"), (second, after, "newer"), (first, before, "third")]:
        done = restore(backup, point["RecoveryPointArn"], DestinationDatabase=name, TableName="cpu")
        assert done["Status"] == "COMPLETED", done.get("StatusMessage")
        assert done["CreatedResourceArn"] == f"{ARN}/{name}/table/cpu"
        assert metrics.seen(name) == expected
    assert sorted(row["Name"] for row in engine.json("resource", "list")) == ["all", "cpu", "cpu-cpu", "cpu-cpu-2"]
    assert metrics.seen("metrics") == after
    again = back_up(backup, f"{ARN}/restored/table/cpu")
    assert again["State"] == "COMPLETED", again.get("StatusMessage")


def test_plain_restic_and_the_servers_own_client_make_a_database_of_it(engine, metrics, tmp_path):
    assert back_up(engine.client(), added(engine, metrics, tmp_path))["State"] == "COMPLETED"
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    check = engine.restic("check", "--read-data", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check
    done = engine.restic("restore", "latest", "--target", str(tmp_path / "out"), password=password)
    assert done.returncode == 0, done
    out, expected = tmp_path / "out" / "database", metrics.seen("metrics")
    assert [policy["Name"] for policy in json.loads((out / "database.json").read_text())["Policies"]] == ["autogen", "long"]
    metrics.ask('DROP DATABASE "metrics"')
    metrics.ask('CREATE DATABASE "metrics"')
    metrics.ask('CREATE RETENTION POLICY "long" ON "metrics" DURATION INF REPLICATION 1')
    for path in out.rglob("*.lp"):
        if b"two\nlines" in path.read_bytes():
            # `influx -import` reads line by line; what has line ends in its texts goes as it is
            metrics.write("metrics", path.read_bytes(), policy=path.parts[-3])
            continue
        done = subprocess.run([influx.CLIENT, "-port", str(metrics.port), "-import", "-precision=ns", f"-path={path}"], env={"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done
    assert metrics.seen("metrics") == expected
    assert (out / "autogen" / "cpu" / "2026-11-25.lp").exists()


def test_what_cannot_be_registered_is_refused_with_the_way_out(engine, metrics, tmp_path):
    page = Page()
    for options, told in [
        ({"database": "nowhere"}, "no database nowhere"),
        ({"database": "a b"}, "Database"),
        ({"name": "a b c"}, "Name"),
        ({"url": "influx://127.0.0.1"}, "http://"),
        ({"url": metrics.url.replace("//", "//me:hunter2@")}, "secret file"),
        ({"password": "hunter2"}, "USER@"),
        ({"url": f"http://127.0.0.1:{free_port()}"}, "cannot be reached"),
        ({"url": page.url}, "check its URL"),
    ]:
        refused = add(engine, metrics, tmp_path, check=False, **options)
        words = refused.stdout + refused.stderr
        assert refused.returncode != 0 and told in words and "hunter2" not in words, (options, refused)
    page.close()
    assert engine.json("resource", "list") == []


def test_a_server_that_asks_for_a_password_gets_it_and_nobody_else(engine, tmp_path):
    server = Influx(tmp_path / "closed", user=("admin", "p@:/ %s")).start()
    try:
        server.ask('CREATE DATABASE "metrics"')
        server.write("metrics", "m v=1i 5\n")
        url = server.url.replace("//", "//admin@")
        for options in [{"url": server.url}, {"url": url, "password": "wrong"}]:
            refused = add(engine, server, tmp_path, check=False, **options)
            assert refused.returncode != 0 and "refuses it" in refused.stderr, refused
        resource = added(engine, server, tmp_path, url=url, password="p@:/ %s")
        backup = engine.client()
        point = back_up(backup, resource)
        assert point["State"] == "COMPLETED", point.get("StatusMessage")
        assert restore(backup, point["RecoveryPointArn"], DestinationDatabase="restored")["Status"] == "COMPLETED"
        assert server.seen("restored") == server.seen("metrics") != set()
        assert not [path for path in engine.data.rglob("*") if path.is_file() and b"p@:/ %s" in path.read_bytes()]
    finally:
        server.stop()


def test_a_restore_that_cannot_be_done_is_refused_by_name(engine, metrics, tmp_path):
    backup = engine.client()
    point = back_up(backup, added(engine, metrics, tmp_path))["RecoveryPointArn"]
    for changes, told in [
        ({"TableName": "a b"}, "TableName"),
        ({"DestinationDatabase": "a"}, "DestinationDatabase"),
        ({"MagneticStoreRetentionPeriodInDays": "0"}, "MagneticStoreRetentionPeriodInDays"),
        ({"EnableMagneticStoreWrites": "true"}, "EnableMagneticStoreWrites"),
        ({"vaultdeck:url": "http://127.0.0.1:1"}, "endpoint"),
        ({"Nonsense": "x"}, "Nonsense"),
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            restore(backup, point, **changes)
        assert told in str(refused.value), refused.value
    metrics.ask('CREATE DATABASE "other"')
    metrics.write("other", "mine v=1 5\n")
    failed = restore(backup, point, DestinationDatabase="other")
    assert failed["Status"] == "FAILED" and "has points already" in failed["StatusMessage"], failed
    assert [series["name"] for series in metrics.ask('SHOW MEASUREMENTS ON "other"')] == ["measurements"] and len(metrics.seen("other")) == 1


def test_a_restore_with_days_brings_all_points_and_leaves_the_old_ones_to_the_server(engine, metrics, tmp_path):
    backup = engine.client()
    point = back_up(backup, added(engine, metrics, tmp_path))["RecoveryPointArn"]
    done = restore(backup, point, DestinationDatabase="short", MagneticStoreRetentionPeriodInDays="1")
    assert done["Status"] == "COMPLETED" and "for 1 days" in done["StatusMessage"], done
    assert metrics.seen("short") == metrics.seen("metrics") != set()
    policies = metrics.ask('SHOW RETENTION POLICIES ON "short"')[0]["values"]
    assert {(name, duration, shards) for name, duration, shards, *_ in policies} == {("autogen", "24h0m0s", "1h0m0s"), ("long", "24h0m0s", "1h0m0s")}


def test_a_database_or_a_field_that_would_not_come_back_makes_no_recovery_point(engine, metrics, tmp_path):
    backup = engine.client()
    resource = added(engine, metrics, tmp_path)
    metrics.write("metrics", f"mixed v=1i {TODAY}\n")
    metrics.write("metrics", f"mixed v=1.5 {TODAY - 30 * DAY}\n")
    failed = back_up(backup, resource)
    assert failed["State"] == "FAILED" and "several types" in failed["StatusMessage"], failed
    metrics.ask('DROP DATABASE "metrics"')
    failed = back_up(backup, resource)
    assert failed["State"] == "FAILED" and "no database metrics" in failed["StatusMessage"], failed
    assert backup.list_recovery_points_by_backup_vault(BackupVaultName="Default")["RecoveryPoints"] == []
