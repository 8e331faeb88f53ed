"""Graphs of a real Oxigraph: what is backed up comes back as its own queries read it."""

import json
import random
import subprocess
import threading

import botocore.exceptions
import pytest

from conftest import ACCOUNT, REGION, ROLE, back_up
from oxigraph import PROGRAM, Oxigraph
from ports import free_port
from test_dynamodb import Page

ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster"

EXTREMES = r'''
<http://e/a> <http://e/p> "plain" .
<http://e/a> <http://e/p> "Größe"@de .
<http://e/a> <http://e/p> "Size"@en-GB .
<http://e/a> <http://e/p> "" .
<http://e/a> <http://e/p> "two\nlines\t\"quoted\" \\ \u0001 \U0001F600" .
<http://e/a> <http://e/p> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .
<http://e/a> <http://e/p> "1.10"^^<http://www.w3.org/2001/XMLSchema#decimal> .
<http://e/a> <http://e/p> "2026-11-26T00:00:00+01:00"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
<http://e/a> <http://e/p> "x"^^<http://e/own#type> .
<http://e/größe?x=%20#y> <http://e/p> <urn:x:1> .
<http://e/a> <http://e/p> "plain" <http://e/graph> .
_:one <http://e/knows> _:two .
_:two <http://e/knows> _:one <http://e/graph> .
_:two <http://e/name> "b" <http://e/graph> .
_:alone <http://e/p> _:alone _:graph .
'''.lstrip("\n")


@pytest.fixture
def stores(tmp_path):
    """A function that starts stores; they are stopped when the test ends."""
    started = []

    def start(name="store"):
        started.append(Oxigraph(tmp_path / name).start())
        return started[-1]

    yield start
    for store in started:
        store.stop()


@pytest.fixture
def store(stores):
    store = stores()
    rng = random.Random(1)
    store.load(EXTREMES + "".join(statement(rng, number) for number in range(60_000)))
    return store


def statement(rng, number):
    return f'<http://e/thing/{number}> <http://e/value> "{rng.randbytes(40).hex()}" <http://e/graph/{number % 5}> .\n'


def add(engine, url, name="facts", check=True):
    return engine.run("resource", "add", "Neptune", name, "--url", url, "--output", "json", check=check)


def stored(engine):
    vault = engine.data / "vaults" / ACCOUNT / REGION / "Default"
    return sum(path.stat().st_size for path in vault.rglob("*") if path.is_file())


def restore(engine, point, url, *more):
    return engine.run("restore", "start", point, "--to", url, *more, check=False)


def test_a_graph_is_backed_up_changed_backed_up_again_and_restored_as_it_was(engine, store, stores):
    backup = engine.client()
    resource = json.loads(add(engine, store.url, "Facts").stdout)["ResourceArn"]
    assert resource == f"{ARN}:facts"
    before = store.seen()
    assert before[0] == 60_015
    first = back_up(backup, resource)
    assert first["State"] == "COMPLETED" and "StatusMessage" not in first, first.get("StatusMessage")

    size = stored(engine)
    rng = random.Random(2)
    store.load("".join(statement(rng, number) for number in range(60_000, 60_020)))
    store.update('DELETE WHERE { GRAPH ?g { <http://e/thing/30000> ?p ?o } }')
    after = store.seen()
    assert after[0] == before[0] + 19
    second = back_up(backup, resource)
    assert second["State"] == "COMPLETED", second.get("StatusMessage")
    grown = stored(engine) - size
    # Where a vault cuts is chance, and so how many of its pieces hold what changed.
    assert 0 < grown < size * 0.8, f"{grown} after {size}"
    print(f"first {first['BytesTransferred']} read, {size} stored; second {second['BytesTransferred']} read, {grown} stored")
    size = stored(engine)
    assert back_up(backup, resource)["State"] == "COMPLETED"
    assert stored(engine) - size < 64 << 10

    for point, expected, name in [(first, before, "restored"), (second, after, "newer")]:
        target = stores(name)
        done = restore(engine, point["RecoveryPointArn"], target.url)
        assert done.returncode == 0, done
        assert target.seen() == expected
    assert store.seen() == after
    made = [row["ResourceArn"] for row in engine.json("resource", "list") if row["ResourceArn"] != resource]
    assert len(made) == 2 and all(arn.startswith(f"{ARN}:facts-restored-") for arn in made)
    again = back_up(backup, made[0])
    assert again["State"] == "COMPLETED", again.get("StatusMessage")


def test_plain_restic_and_the_stores_own_program_make_a_store_of_it(engine, store, stores, tmp_path):
    assert back_up(engine.client(), json.loads(add(engine, store.url).stdout)["ResourceArn"])["State"] == "COMPLETED"
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    check = engine.restic("check", "--read-data", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check
    done = engine.restic("restore", "latest", "--target", str(tmp_path / "out"), password=password)
    assert done.returncode == 0, done
    file = tmp_path / "out" / "graph" / "graph.nq"
    lines = file.read_bytes().split(b"\n")[:-1]
    assert lines == sorted(set(lines))
    done = subprocess.run([PROGRAM, "load", "--location", str(tmp_path / "byhand"), "--file", str(file)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done
    (tmp_path / "byhand").rename(tmp_path / "loaded")
    loaded = Oxigraph.__new__(Oxigraph)
    loaded.folder, loaded.port = tmp_path / "loaded", free_port()
    loaded.url = f"http://127.0.0.1:{loaded.port}"
    loaded.start()
    try:
        assert loaded.seen() == store.seen()
    finally:
        loaded.stop()


def test_what_is_written_while_a_graph_is_read_is_in_all_of_it_or_nowhere(engine, store, stores):
    """Each change moves a pair of statements; a recovery point has whole pairs."""
    backup = engine.client()
    resource = json.loads(add(engine, store.url).stdout)["ResourceArn"]
    store.update('INSERT DATA { <http://e/count/first> <http://e/is> 0 . GRAPH <http://z> { <http://zz/count/last> <http://e/is> 0 } }')
    done = threading.Event()

    def write():
        number = 0
        while not done.is_set():
            number += 1
            store.update(f'DELETE WHERE {{ <http://e/count/first> <http://e/is> ?o . GRAPH ?g {{ <http://zz/count/last> <http://e/is> ?q }} }};'
                         f'INSERT DATA {{ <http://e/count/first> <http://e/is> {number} . GRAPH <http://z> {{ <http://zz/count/last> <http://e/is> {number} }} }}')

    writer = threading.Thread(target=write)
    writer.start()
    try:
        points = [back_up(backup, resource) for _ in range(3)]
    finally:
        done.set()
        writer.join()
    assert {point["State"] for point in points} == {"COMPLETED"}, points
    for number, point in enumerate(points):
        target = stores(f"restored-{number}")
        assert restore(engine, point["RecoveryPointArn"], target.url).returncode == 0
        counts = target.post("/query", "application/sparql-query", "SELECT ?o ?q { <http://e/count/first> <http://e/is> ?o . GRAPH ?g { <http://zz/count/last> <http://e/is> ?q } }", "text/csv")
        first, last = counts.decode().split("\r\n")[1].split(",")
        assert first == last


def test_what_cannot_be_registered_is_refused_with_the_way_out(engine, store):
    page = Page()
    for url, told in [
        ("bolt://127.0.0.1:7687", "neither Bolt nor openCypher"),
        ("http://me:hunter2@127.0.0.1", "without a user"),
        (f"http://127.0.0.1:{free_port()}", "cannot be reached"),
        (page.url, "check its URL"),
        (f"{store.url}/nowhere", "check its URL"),
    ]:
        refused = add(engine, url, check=False)
        words = refused.stdout + refused.stderr
        assert refused.returncode != 0 and told in words and "hunter2" not in words, (url, refused)
    refused = add(engine, store.url, name="a_b", check=False)
    assert refused.returncode != 0 and "hyphens" in refused.stderr, refused
    page.close()
    assert engine.json("resource", "list") == []


def test_a_restore_that_cannot_be_done_is_refused_and_nothing_is_mixed(engine, store, stores):
    backup = engine.client()
    point = back_up(backup, json.loads(add(engine, store.url).stdout)["ResourceArn"])["RecoveryPointArn"]
    filled = stores("filled")
    filled.load("<http://mine> <http://p> <http://o> <http://g> .\n")
    refused = restore(engine, point, filled.url)
    assert refused.returncode != 0 and "has statements already" in refused.stdout + refused.stderr, refused
    assert filled.seen()[0] == 1
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    for changes, told in [
        ({"engine": "docdb"}, "engine"),
        ({"port": "1"}, "port"),
        ({"dbClusterIdentifier": "a_b"}, "dbClusterIdentifier"),
        ({"vaultdeck:url": filled.url}, "over the network"),
        ({}, "is that of"),
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, **changes}, IamRoleArn=ROLE, ResourceType="Neptune")
        assert told in str(refused.value), refused.value
