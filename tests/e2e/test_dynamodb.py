"""Tables of a real server of DynamoDB's protocol: what is backed up comes back as boto3 reads it."""

import hashlib
import json
import random
import time

import botocore.exceptions
import pytest

import ministack
from conftest import ACCOUNT, REGION, ROLE, back_up, wait_for_job
from ministack import KEYS, Ministack

ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Ministack(tmp_path_factory.mktemp("dynamodb") / "ministack").start()
    yield server
    server.stop()


@pytest.fixture
def tables(server):
    """A client of a server without tables."""
    client = server.client()
    yield client
    for name in client.list_tables()["TableNames"]:
        client.update_table(TableName=name, DeletionProtectionEnabled=False)
        client.delete_table(TableName=name)


def extremes():
    """What a service keeps and a careless reader loses."""
    yield {"id": {"S": "empty"}, "at": {"N": "0"}, "text": {"S": ""}, "bytes": {"B": b""}, "list": {"L": []}, "map": {"M": {}}}
    yield {"id": {"S": "numbers"}, "at": {"N": "-1"}, "long": {"N": "12345678901234567890123456789012345678"},
           "small": {"N": "0.00000000000000000000000000000000000000000000000000000000000000000000000000000001"},
           "large": {"N": "9.9999999999999999999999999999999999999E+125"}, "negative": {"N": "-0.1"}}
    yield {"id": {"S": "nested"}, "at": {"N": "1"}, "map": {"M": {"a": {"L": [{"M": {"b": {"NULL": True}}}, {"BOOL": False}, {"L": [{"S": "x"}]}]}}}}
    yield {"id": {"S": "sets"}, "at": {"N": "2"}, "texts": {"SS": ["b", "a", "ü"]}, "numbers": {"NS": ["3", "1", "2.5"]}, "bytes": {"BS": [b"\xff\x00", b"\x01"]}}
    yield {"id": {"S": 'odd "quotes"\\\n\t\u2028 größe \U0001f600'}, "at": {"N": "3"}, "a b.c": {"S": "\u0000\u0001"}, "bytes": {"B": bytes(range(256))}}
    yield {"id": {"S": "large"}, "at": {"N": "4"}, "text": {"S": "x" * (400 * 1024 - 40)}}


def make(tables, name="orders", items=0, **more):
    tables.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "at", "AttributeType": "N"}, {"AttributeName": "owner", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[{"IndexName": "by-owner", "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}], "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["text"]}}],
        LocalSecondaryIndexes=[{"IndexName": "local", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "owner", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}],
        BillingMode="PAY_PER_REQUEST", **more)
    for item in extremes():
        tables.put_item(TableName=name, Item=item)
    rng = random.Random(1)
    put(tables, name, [item_of(rng, number) for number in range(items)])


def item_of(rng, number):
    return {"id": {"S": f"order-{number:06}"}, "at": {"N": str(number)}, "owner": {"S": f"o{number % 7}"}, "bytes": {"B": rng.randbytes(1500)}}


def put(tables, name, items):
    for start in range(0, len(items), 25):
        answer = tables.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item}} for item in items[start:start + 25]]})
        assert not answer["UnprocessedItems"]


def seen(tables, name="orders"):
    """What a client sees of a table: how many items, and a hash that does not depend on their order or that of sets."""
    def settled(value):
        if isinstance(value, dict):
            return {key: sorted(map(repr, inner)) if key in ("SS", "NS", "BS") else settled(inner) for key, inner in value.items()}
        return [settled(inner) for inner in value] if isinstance(value, list) else value

    count, total = 0, 0
    for page in tables.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
        for item in page["Items"]:
            text = json.dumps(settled(item), sort_keys=True, default=repr)
            count, total = count + 1, (total + int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])) % 2**64
    return count, total


def shape(tables, name):
    told = tables.describe_table(TableName=name)["Table"]
    index = lambda told: (told["IndexName"], told["KeySchema"], {key: sorted(value) if isinstance(value, list) else value for key, value in told["Projection"].items()})
    return (told["KeySchema"], sorted(map(repr, told["AttributeDefinitions"])), told["BillingModeSummary"]["BillingMode"],
            *[sorted(map(index, told[kind])) for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")])


def add(engine, server, folder, table="orders", name="orders", keys=KEYS, url=None, check=True):
    secret = folder / "keys.json"
    secret.write_text(json.dumps(keys))
    return engine.run("resource", "add", "DynamoDB", name, "--endpoint", url or server.url, "--table", table, "--secret-file", str(secret), "--output", "json", check=check)


def added(*arguments, **options):
    return json.loads(add(*arguments, **options).stdout)["ResourceArn"]


def restore(backup, point, **changes):
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, **changes}, IamRoleArn=ROLE, ResourceType="DynamoDB")
    return wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started["RestoreJobId"]))


def stored(engine):
    vault = engine.data / "vaults" / ACCOUNT / REGION / "Default"
    return sum(path.stat().st_size for path in vault.rglob("*") if path.is_file())


def test_a_table_is_backed_up_changed_backed_up_again_and_restored_as_it_was(engine, server, tables, tmp_path):
    backup = engine.client()
    make(tables, items=14_000)
    resource = added(engine, server, tmp_path)
    assert resource == f"{ARN}/orders"
    before, form = seen(tables), shape(tables, "orders")
    assert before[0] == 14_006
    first = back_up(backup, resource)
    assert first["State"] == "COMPLETED" and "StatusMessage" not in first, first.get("StatusMessage")

    # when some items change, the next backup stores little
    size = stored(engine)
    assert size > 20 << 20
    rng = random.Random(2)
    put(tables, "orders", [item_of(rng, number) for number in (100, 101, 14_001)])
    tables.delete_item(TableName="orders", Key={"id": {"S": "order-008000"}, "at": {"N": "8000"}})
    after = seen(tables)
    second = back_up(backup, resource)
    assert second["State"] == "COMPLETED", second
    grown = stored(engine) - size
    assert 0 < grown < size / 4, f"{grown} after {size}"
    print(f"first {first['BytesTransferred']} read, {size} stored; second {second['BytesTransferred']} read, {grown} stored")

    # and where nothing changed, the next one stores next to nothing
    size = stored(engine)
    assert back_up(backup, resource)["State"] == "COMPLETED"
    assert stored(engine) - size < 64 << 10

    # then both come back as they were, with their indexes
    for point, expected, name in [(first, before, "restored"), (second, after, "newer")]:
        done = restore(backup, point["RecoveryPointArn"], targetTableName=name)
        assert done["Status"] == "COMPLETED" and "StatusMessage" not in done, done.get("StatusMessage")
        assert done["CreatedResourceArn"] == f"{ARN}/{name}"
        assert seen(tables, name) == expected and shape(tables, name) == form
    assert seen(tables) == after

    # and the new table is a resource with the same key, which nothing tells
    again = back_up(backup, f"{ARN}/restored")
    assert again["State"] == "COMPLETED", again.get("StatusMessage")
    listed = engine.run("resource", "list", "--output", "json").stdout
    assert KEYS["SecretAccessKey"] not in listed
    assert not [path for path in engine.data.rglob("*") if path.is_file() and KEYS["SecretAccessKey"].encode() in path.read_bytes()]


def test_plain_restic_and_boto3_make_a_table_of_it(engine, server, tables, tmp_path):
    make(tables, items=500, Tags=[{"Key": "team", "Value": "a"}], StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    tables.update_time_to_live(TableName="orders", TimeToLiveSpecification={"AttributeName": "gone", "Enabled": True})
    assert back_up(engine.client(), added(engine, server, tmp_path))["State"] == "COMPLETED"
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    check = engine.restic("check", "--read-data", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check
    done = engine.restic("restore", "latest", "--target", str(tmp_path / "out"), password=password)
    assert done.returncode == 0, done
    table = tmp_path / "out" / "table"
    calls = json.loads((table / "table.json").read_text())
    tables.create_table(**{**calls["CreateTable"], "TableName": "byhand"})
    tables.update_time_to_live(**{**calls["UpdateTimeToLive"], "TableName": "byhand"})
    lines = [line for path in sorted((table / "items").iterdir()) for line in path.read_text().split("\n")[:-1]]
    for line in lines:
        # as `aws dynamodb put-item --item` takes it: binary as Base64
        put_raw(server, "byhand", json.loads(line)["Item"])
    assert seen(tables, "byhand") == seen(tables) and shape(tables, "byhand") == shape(tables, "orders")
    assert tables.describe_table(TableName="byhand")["Table"]["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"


def put_raw(server, table, item):
    import urllib.request
    headers = {"X-Amz-Target": "DynamoDB_20120810.PutItem", "Content-Type": "application/x-amz-json-1.0",
               "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"}
    request = urllib.request.Request(server.url, json.dumps({"TableName": table, "Item": item}).encode(), headers)
    urllib.request.urlopen(request, timeout=30).read()
