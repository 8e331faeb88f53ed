"""Tables of a real server of DynamoDB's protocol: what is backed up comes back as boto3 reads it."""

import hashlib
import http.client
import http.server
import json
import random
import threading
import time
import urllib.request

import botocore.exceptions
import pytest

from conftest import ACCOUNT, REGION, ROLE, back_up, wait_for_job
from ministack import KEYS, Ministack
from ports import free_port

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


def put_raw(server, table, item):
    """What `aws dynamodb put-item` sends, which takes binary as Base64."""
    headers = {"X-Amz-Target": "DynamoDB_20120810.PutItem", "Content-Type": "application/x-amz-json-1.0",
               "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"}
    request = urllib.request.Request(server.url, json.dumps({"TableName": table, "Item": item}).encode(), headers)
    urllib.request.urlopen(request, timeout=30).read()


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
        put_raw(server, "byhand", json.loads(line)["Item"])
    assert seen(tables, "byhand") == seen(tables) and shape(tables, "byhand") == shape(tables, "orders")
    assert tables.describe_table(TableName="byhand")["Table"]["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"


def test_what_cannot_be_registered_is_refused_with_the_way_out(engine, server, tables, tmp_path):
    make(tables)
    page = Page()
    for options, told in [
        ({"table": "nowhere"}, "no table nowhere"),
        ({"table": "a b"}, "3 to 255 letters"),
        ({"url": "ftp://127.0.0.1"}, "http://"),
        ({"url": "http://me:hunter2@127.0.0.1"}, "secret file"),
        ({"url": f"http://127.0.0.1:{free_port()}"}, "cannot be reached"),
        ({"url": page.url}, "web page"),
        ({"url": server.url.replace("http:", "https:")}, "does not speak TLS"),
        ({"keys": {"AccessKeyId": "hunter2"}}, "SecretAccessKey"),
    ]:
        refused = add(engine, server, tmp_path, check=False, **options)
        words = refused.stdout + refused.stderr
        assert refused.returncode != 0 and told in words and "hunter2" not in words, (options, refused)
    page.close()
    assert engine.json("resource", "list") == []


class Page:
    """A server of something else."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"<!DOCTYPE html><html><body>Welcome</body></html>")

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def test_a_restore_that_cannot_be_done_is_refused_by_name(engine, server, tables, tmp_path):
    backup = engine.client()
    make(tables)
    point = back_up(backup, added(engine, server, tmp_path))["RecoveryPointArn"]
    for changes, told in [
        ({"targetTableName": "a"}, "targetTableName"),
        ({"targetTableName": "fine", "encryptionType": "none"}, "encryptionType"),
        ({"targetTableName": "fine", "kmsMasterKeyArn": "k"}, "kmsMasterKeyArn"),
        ({"targetTableName": "fine", "vaultdeck:endpoint": "http://127.0.0.1:1"}, "endpoint"),
        ({"targetTableName": "fine", "Nonsense": "x"}, "Nonsense"),
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            restore(backup, point, **changes)
        assert told in str(refused.value), refused.value
    # a table that is there is not written over
    make(tables, "other", items=10)
    there = seen(tables, "other")
    failed = restore(backup, point, targetTableName="other")
    assert failed["Status"] == "FAILED" and "exists already" in failed["StatusMessage"], failed
    assert seen(tables, "other") == there


def test_tags_streams_and_the_time_to_live_are_left_to_whoever_restores_and_told(engine, server, tables, tmp_path):
    make(tables, Tags=[{"Key": "team", "Value": "a"}], StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}, DeletionProtectionEnabled=True)
    tables.update_time_to_live(TableName="orders", TimeToLiveSpecification={"AttributeName": "gone", "Enabled": True})
    point = engine.json("backup", "start", added(engine, server, tmp_path), "--vault", "Default")["RecoveryPointArn"]
    done = engine.run("restore", "start", point, "--to", "by-name", "--metadata", "deletionProtection=true")
    assert all(told in done.stdout + done.stderr for told in ("time to live by gone", "no stream", "no tags")), done
    made = tables.describe_table(TableName="by-name")["Table"]
    assert made["DeletionProtectionEnabled"] and not made.get("StreamSpecification", {}).get("StreamEnabled")
    assert tables.describe_time_to_live(TableName="by-name")["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"
    assert seen(tables, "by-name") == seen(tables)


@pytest.mark.parametrize("meanwhile, told", [
    (lambda tables: tables.delete_table(TableName="orders"), "no table orders"),
    (lambda tables: (tables.delete_table(TableName="orders"), make(tables)), "made anew"),
])
def test_a_table_that_goes_while_it_is_read_makes_no_recovery_point(engine, server, tables, tmp_path, meanwhile, told):
    backup = engine.client()
    make(tables, items=3_000)
    line = Between(server.port)
    resource = added(engine, server, tmp_path, url=line.url)
    line.after(b"ExclusiveStartKey", lambda: meanwhile(tables))
    failed = back_up(backup, resource)
    line.close()
    assert line.was_there and failed["State"] == "FAILED" and told in failed["StatusMessage"], failed
    assert backup.list_recovery_points_by_backup_vault(BackupVaultName="Default")["RecoveryPoints"] == []


class Between:
    """A line to a server on which something happens before a request with these words goes on, once."""

    def __init__(self, port):
        self.words, self.what, self.was_there = b"", None, False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.what and outer.words in body:
                    what, outer.what, outer.was_there = outer.what, None, True
                    what()
                line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                line.request("POST", self.path, body, dict(self.headers))
                answer = line.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def after(self, words, what):
        self.words, self.what = words, what

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def test_an_engine_that_is_killed_in_a_restore_goes_on_and_the_table_is_whole(start, server, tables, tmp_path):
    engine = start()
    backup = engine.client()
    make(tables, items=6_000)
    expected = seen(tables)
    point = back_up(backup, added(engine, server, tmp_path))["RecoveryPointArn"]
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    job = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, "targetTableName": "restored"}, IamRoleArn=ROLE, ResourceType="DynamoDB")["RestoreJobId"]
    deadline = time.monotonic() + 60
    while "restored" not in tables.list_tables()["TableNames"] or not tables.scan(TableName="restored", Limit=1)["Count"]:
        assert time.monotonic() < deadline, "it never began"
    engine.kill()
    assert seen(tables, "restored")[0] < expected[0], "it was killed too late"
    backup = start().client()
    done = wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=job))
    assert done["Status"] == "COMPLETED", done.get("StatusMessage")
    assert seen(tables, "restored") == expected
