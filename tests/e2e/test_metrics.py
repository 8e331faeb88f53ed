"""What a monitor reads, as the parser of Prometheus' own Python client takes it."""

import pathlib
import shutil
import socket
import time
import urllib.error
import urllib.request

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from conftest import ACCOUNT, REGION, Engine, back_up

PLACE = {"account": ACCOUNT, "region": REGION}


def read(text):
    """The samples by name, of a text that the parser takes and whose families and label sets are all different."""
    families = list(text_string_to_metric_families(text))
    names = [family.name for family in families]
    assert len(set(names)) == len(names)
    samples = {}
    for family in families:
        assert family.documentation, family.name
        for unit in ("seconds", "bytes"):
            assert (family.unit == unit) == family.name.endswith(f"_{unit}"), family.name
        for sample in family.samples:
            place = samples.setdefault(sample.name, {})
            labels = tuple(sorted(sample.labels.items()))
            assert labels not in place, sample
            place[labels] = sample.value
    return samples


def of(samples, name, /, **labels):
    """The one sample of a name whose labels have these among them; none where there is none."""
    found = [value for known, value in samples.get(name, {}).items() if set(labels.items()) <= set(known)]
    assert len(found) <= 1, found
    return found[0] if found else None


def source(tmp_path, name="source"):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "file").write_text("content")
    return folder


def test_the_command_tells_numbers_that_prometheus_parser_takes(engine, tmp_path):
    hostile = 'a "quoted\\ name {} = 1'
    resource = engine.add_efs(hostile, source(tmp_path))
    job = back_up(engine.client(), resource)
    assert job["State"] == "COMPLETED"
    samples = read(engine.run("metrics").stdout)
    assert of(samples, "vaultdeck_scope_up", **PLACE) == 1
    assert of(samples, "vaultdeck_recent_jobs", **PLACE, kind="backup", state="COMPLETED", resource_type="EFS") == 1
    assert of(samples, "vaultdeck_vault_recovery_points", **PLACE, vault="Default") == 1
    assert of(samples, "vaultdeck_vault_recovery_points_size_bytes", **PLACE, vault="Default") == job["BackupSizeInBytes"]
    age = of(samples, "vaultdeck_resource_newest_recovery_point_age_seconds", resource=resource, name=hostile)
    assert 0 <= age < 120
    made = of(samples, "vaultdeck_resource_newest_recovery_point_timestamp_seconds", resource=resource)
    assert abs(made - job["CreationDate"].timestamp()) < 1
    assert of(samples, "vaultdeck_findings", **PLACE, kind="unprotected", severity="warning", muted="false") == 1
    assert of(samples, "vaultdeck_findings", kind="failed") is None

    shutil.rmtree(tmp_path / "source")
    assert back_up(engine.client(), resource)["State"] == "FAILED"
    samples = read(engine.run("metrics").stdout)
    assert of(samples, "vaultdeck_findings", kind="failed", severity="critical", muted="false") == 1
    assert of(samples, "vaultdeck_recent_jobs", kind="backup", state="FAILED") == 1
    # The same numbers as the findings have.
    findings = engine.json("findings", "--all")
    assert sum(samples["vaultdeck_findings"].values()) == len([row for row in findings if not row["Recovered"]])


def test_a_place_that_cannot_be_entered_is_told_and_hides_no_other(engine, tmp_path):
    member = engine.json("account", "add", "team")["AccountId"]
    keys = engine.credentials()
    engine.environment |= {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"], "AWS_REGION": REGION}
    samples = read(engine.run("metrics", "--endpoint-url", engine.url).stdout)
    assert of(samples, "vaultdeck_scope_up", account=member) == 1
    folder = pathlib.Path(engine.environment["XDG_CONFIG_HOME"]) / "vaultdeck"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'[contexts.there]\nendpoint_url = "{engine.url}"\nmember_role = "Nobody"\n')
    told = engine.run("metrics", "--context", "there", check=False)
    assert told.returncode == 3 and member in told.stderr, told.stderr
    samples = read(told.stdout)
    assert of(samples, "vaultdeck_scope_up", account=member) == 0
    assert of(samples, "vaultdeck_scope_up", **PLACE) == 1
    assert of(samples, "vaultdeck_vault_recovery_points", **PLACE, vault="Default") == 0

    nothing = engine.run("metrics", "--endpoint-url", "http://127.0.0.1:1", check=False)
    assert nothing.returncode == 4 and not nothing.stdout, nothing.stderr


def scraped(url):
    """The samples of a scrape as Prometheus does it, and the name of its format."""
    request = urllib.request.Request(url, headers={"Accept": "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        return read(answer.read().decode())


def serving(start, **options):
    engine = start(**options)
    line = engine.process.stdout.readline()
    assert line.startswith("metrics at http://127.0.0.1:"), line
    return engine, line.removeprefix("metrics at ").strip()


def until(is_so, seconds=60):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_an_engine_that_serves_tells_the_same_and_is_asked_only_when_something_was_written(start, tmp_path):
    engine, url = serving(start, arguments=["--metrics", "0"])
    resource = engine.add_efs("files", source(tmp_path))
    client = engine.client()
    assert back_up(client, resource)["State"] == "COMPLETED"
    until(lambda: of(scraped(url), "vaultdeck_recent_jobs", kind="backup", state="COMPLETED") == 1)
    command = read(engine.run("metrics").stdout)
    # What follows from the time, and what this process has done, is each one's own.
    own = ("_age_seconds", "_duration_seconds", "_timestamp_seconds", "_total")
    stable = lambda samples: {name: found for name, found in samples.items() if not name.endswith(own)}
    until(lambda: stable(scraped(url)) == stable(command))

    # Nothing is written any more: nothing is asked, however often a monitor comes.
    counts = lambda: [scraped(url)[f"vaultdeck_{what}_total"][()] for what in ("questions", "refreshes")]
    last = []
    def is_quiet():
        last.append(counts())
        time.sleep(6)
        return len(last) > 1 and last[-1] == last[-2]
    until(is_quiet)
    before = counts()
    for _ in range(100):
        scraped(url)
    assert counts() == before
    # What was written is asked for, once.
    shutil.rmtree(tmp_path / "source")
    assert back_up(client, resource)["State"] == "FAILED"
    until(lambda: of(scraped(url), "vaultdeck_findings", kind="failed") == 1)

    secret = engine.credentials()
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    assert secret["SecretAccessKey"] not in text and secret["AccessKeyId"] not in text and str(tmp_path) not in text
    for path, status in [("/", 404), ("/_vaultdeck/health", 404), ("/metrics/x", 404)]:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url.removesuffix("/metrics") + path, timeout=10)
        assert refused.value.code == status
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, data=b"x", timeout=10)
    assert refused.value.code == 405


def test_an_address_that_is_none_or_taken_is_refused_by_its_option(tmp_path):
    engine = Engine(tmp_path / "data")
    def refused(address):
        ran = engine.run("serve", "--listen", "127.0.0.1:0", "--metrics", address, check=False)
        assert ran.returncode != 0 and "--metrics" in ran.stderr and address in ran.stderr, ran.stderr
        return ran.returncode
    assert refused("nowhere") == 2
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert refused(f"127.0.0.1:{taken.getsockname()[1]}") == 1
    assert not (tmp_path / "data").exists(), "nothing was begun"
