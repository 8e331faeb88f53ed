"""Collections of a real server of MongoDB's protocol: what is backed up comes back byte for byte, as pymongo reads it."""

import datetime
import json
import random
import socket
import threading
import time

import botocore.exceptions
import bson
import pymongo
import pytest
from bson import json_util

import secantus
from conftest import ACCOUNT, DEBUG, REGION, ROLE, back_up, wait_for_job
from ports import free_port
from secantus import Server

PASSWORD = "p@:/ %s\"ecret"
ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}"


@pytest.fixture
def servers(tmp_path):
    """A function that starts servers; they are stopped when the test ends."""
    started = []

    def start(name="mongo", *arguments):
        server = Server(tmp_path / name, *arguments).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def server(servers):
    return servers()


def secret_file(folder, text=PASSWORD):
    path = folder / "secret"
    path.write_text(text)
    return str(path)


def add(engine, server, name="docs", url=None, password=None, folder=None, more=(), check=True):
    secret = ["--secret-file", secret_file(folder, password)] if password else []
    return engine.run("resource", "add", "DocumentDB", name, "--url", url or server.url(), *secret, *more, "--output", "json", check=check)


def added(*arguments, **options):
    return json.loads(add(*arguments, **options).stdout)["ResourceArn"]


def restore(backup, point, **changes):
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    started = backup.start_restore_job(RecoveryPointArn=point, Metadata={**metadata, **changes}, IamRoleArn=ROLE, ResourceType="DocumentDB")
    return wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=started["RestoreJobId"])), metadata


def stored(engine):
    vault = engine.data / "vaults" / ACCOUNT / REGION / "Default"
    return sum(path.stat().st_size for path in vault.rglob("*") if path.is_file())


def fill(server):
    """Every type that the server takes (of dates only the years 1 to 9999), and collections of every kind."""
    client, noise = server.client(), random.Random(7)
    shop, odd = client.shop, client["odd-names"]
    shop.orders.insert_many([{"_id": n, "who": f"größe {n}", "noise": noise.randbytes(700), "price": bson.Decimal128(f"{n}.99")} for n in range(20_000)])
    shop.orders.create_indexes([
        pymongo.IndexModel([("who", 1), ("price", -1)], name="z-order", unique=True),
        pymongo.IndexModel([("at", 1)], name="ttl", expireAfterSeconds=10**9),
        pymongo.IndexModel([("price", 1)], name="partial", partialFilterExpression={"price": {"$gt": bson.Int64(5)}}),
        pymongo.IndexModel([("who", -1)], name="french", collation={"locale": "fr", "strength": 2}, sparse=True),
        pymongo.IndexModel([("place", "2dsphere")], name="place"),
        pymongo.IndexModel([("$**", 1)], name="all"),
        pymongo.IndexModel([("x", 1)], name="hidden", hidden=True),
    ])
    shop.create_collection("german", collation={"locale": "de", "strength": 1}).insert_one({"_id": "Ä"})
    shop.create_collection("last", capped=True, size=1 << 20, max=4)
    for number in (9, 3, 7, 1, 5):
        shop.last.insert_one({"_id": number})
    shop.create_collection("checked").insert_one({"_id": "older than the rule"})
    shop.command("collMod", "checked", validator={"$jsonSchema": {"required": ["a"]}}, validationLevel="strict", validationAction="error")
    shop.create_collection("empty")
    shop.create_collection("of_view", viewOn="a_view", pipeline=[{"$project": {"who": 1}}])
    shop.create_collection("a_view", viewOn="orders", pipeline=[{"$match": {"_id": {"$lt": 10}}}])
    shop.create_collection("weather", timeseries={"timeField": "t", "metaField": "m"}, expireAfterSeconds=10**9)
    shop.weather.insert_many([{"t": datetime.datetime(2026, 1, 1, hour), "m": {"s": 1}, "v": hour / 3} for hour in range(24)])
    types = [
        bson.MinKey(), bson.MaxKey(), None, True, -0.0, float("inf"), float("nan"), 2**31 - 1, bson.Int64(1), bson.Int64(-2**63),
        bson.Decimal128("9.999999999999999999999999999999999E+6144"), bson.Decimal128("-1E-6176"), bson.Decimal128("NaN"), bson.Decimal128("1.10"),
        datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999000), bson.Timestamp(2**32 - 1, 2**32 - 1), bson.Timestamp(0, 1),
        bson.Regex("^a.*\\", "imsx"), bson.Code("f"), bson.Code("f", {"x": [1]}), bson.ObjectId("0" * 24), "", "\0", "\U0001f600",
        *(bson.Binary(b"\0\xff", subtype) for subtype in (0, 1, 3, 5, 6, 8, 128, 255)), bson.Binary(bytes(16), 4), bson.DBRef("a", 1, "b"),
        {}, [], [[{}]], {"": {"": 1}}, {"a.b": 1, "$c": {"$d": 2}},
    ]
    odd.types.insert_many([{"_id": bson.Int64(n), "is": value, "a.b": {"$x": n}} for n, value in enumerate(types)])
    odd["mixed ids"].insert_many([{"_id": key} for key in (1, "1", 1.5, bson.ObjectId(), {"a": 1}, b"1", True, bson.MinKey())])
    odd["größe 50%+x/y"].insert_one({"_id": 1})
    odd["ß" * 100].insert_one({"_id": 1})
    odd["system.js"].insert_one({"_id": "f", "value": bson.Code("function () { return 1 }")})
    largest = 16 * 1024 * 1024 - len(bson.encode({"_id": 1, "b": b""}))
    odd.large.insert_one({"_id": 1, "b": noise.randbytes(largest)})


def test_a_server_is_backed_up_changed_backed_up_again_and_restored_as_it_was(start, servers, server, tmp_path):
    fill(server)
    server.with_user("adm@in", PASSWORD)
    engine = start()
    backup = engine.client()
    resource = added(engine, server, password=PASSWORD, folder=tmp_path)
    assert resource == f"{ARN}:cluster:docs"

    before = server.seen()
    assert len(before) == 14 and before["odd-names.large"][0] == 1
    first = back_up(backup, resource)
    assert first["State"] == "COMPLETED" and "StatusMessage" not in first, first

    # when a few documents change, the next backup stores little
    size = stored(engine)
    orders = server.client().shop.orders
    orders.update_many({"_id": {"$gte": 100, "$lt": 120}}, {"$set": {"who": "changed"}})
    orders.delete_many({"_id": {"$gte": 7000, "$lt": 7010}})
    orders.insert_one({"_id": 5000.5, "who": "between"})
    server.client().shop.later.insert_one({"_id": 1})
    after = server.seen()
    second = back_up(backup, resource)
    assert second["State"] == "COMPLETED", second
    grown = stored(engine) - size
    assert first["BytesTransferred"] > 30 << 20 and 0 < grown < size / 4, f"{grown} after {size}"
    print(f"first {first['BytesTransferred']} read, {size} stored; second {second['BytesTransferred']} read, {grown} stored")

    # then the first comes back beside the source, as the engine proposes it, and both under their own names on another server
    done, proposed = restore(backup, first["RecoveryPointArn"])
    assert done["Status"] == "COMPLETED" and not done.get("StatusMessage"), done.get("StatusMessage")
    assert server.seen(f"-{proposed['dbClusterIdentifier']}") == before
    assert list(server.client()["shop-" + proposed["dbClusterIdentifier"]].last.find()) == [{"_id": n} for n in (3, 7, 1, 5)]
    made = [row for row in engine.json("resource", "list") if row["ResourceArn"] == done["CreatedResourceArn"]]
    assert made[0]["Location"] == {"Url": server.url(), "Database": f"*-{proposed['dbClusterIdentifier']}"}
    for point, expected in [(first, before), (second, after)]:
        other = servers(point["BackupJobId"]).with_user("adm@in", PASSWORD)
        with pytest.raises(botocore.exceptions.ClientError, match="over the network"):
            restore(backup, point["RecoveryPointArn"], **{"vaultdeck:url": other.url()})
        done = engine.json("restore", "start", point["RecoveryPointArn"], "--to", other.url())
        assert not done.get("StatusMessage"), done
        assert other.seen() == expected
        other.stop()

    # what was restored is a resource of its own
    again = back_up(backup, made[0]["ResourceArn"])
    assert again["State"] == "COMPLETED" and again["BytesTransferred"] == pytest.approx(first["BytesTransferred"], rel=0.01), again
    listed = engine.run("resource", "list", "--output", "json").stdout
    assert PASSWORD not in listed and json.dumps(PASSWORD) not in listed
    assert not [path for path in engine.data.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]


def test_plain_restic_and_bson_bring_it_back(engine, servers, server, tmp_path):
    """As mongorestore would, which is not to be had: the files are read by pymongo's bson and put into another server."""
    fill(server)
    before = server.seen()
    assert back_up(engine.client(), added(engine, server))["State"] == "COMPLETED"
    password = engine.run("vault", "recovery-key", "Default").stdout.strip()
    check = engine.restic("check", "--read-data", password=password)
    assert check.returncode == 0 and "no errors were found" in check.stdout, check
    assert engine.restic("restore", "latest", "--target", str(tmp_path / "out"), password=password).returncode == 0
    dump = tmp_path / "out/dump"
    assert (dump / "shop/orders.bson").exists() and not (dump / "shop/a_view.bson").exists()
    assert (dump / "odd-names/gr%C3%B6%C3%9Fe+50%25%2Bx%2Fy.bson").exists()
    client, views = servers("other").client(), []
    for described in sorted(dump.glob("*/*.metadata.json")):
        metadata = json_util.loads(described.read_text(), json_options=json_util.CANONICAL_JSON_OPTIONS)
        database, name = client[described.parent.name], metadata["collectionName"]
        if metadata["type"] == "view":
            views.append((database, name, metadata["options"]))
            continue
        database.command({"create": name, **metadata["options"]})
        documents = described.with_name(described.name.replace(".metadata.json", ".bson")).read_bytes()
        documents = bson.decode_all(documents, secantus.RAW)
        for first in range(0, len(documents), 1000):
            database.command({"insert": name, "documents": documents[first:first + 1000], "bypassDocumentValidation": True})
        for index in metadata["indexes"]:
            if index["name"] != "_id_":
                database.command({"createIndexes": name, "indexes": [index]})
    for database, name, options in views:
        database.command({"create": name, **options})
    other = Server(None)
    other.port = client.address[1]
    assert other.seen() == before


def test_chosen_collections_come_back_alone_and_nothing_that_is_there_is_touched(start, server):
    engine = start()
    client = server.client()
    client.shop.orders.insert_one({"_id": 1})
    client.shop.people.insert_one({"_id": 2})
    client.crm.notes.insert_one({"_id": 3})
    client.shop.create_collection("few", viewOn="orders", pipeline=[])
    client.long["x" * 240].insert_one({"_id": 4})
    backup = engine.client()
    point = engine.json("backup", "start", added(engine, server), "--vault", "Default")["RecoveryPointArn"]
    names = lambda suffix: sorted(f"{name}.{of}" for name in client.list_database_names() if name.endswith(suffix) for of in client[name].list_collection_names())
    for suffix, items, expected in [
        ("-a", ["shop/orders"], ["shop-a.orders"]),
        ("-b", ["crm/"], ["crm-b.notes"]),
        ("-c", ["/shop/people.bson", "shop/few"], ["shop-c.few", "shop-c.people"]),
        ("-d", ["shop/few"], ["shop-d.few"]),
    ]:
        arguments = [part for item in items for part in ("--item", item)]
        engine.run("restore", "start", point, *arguments, "--metadata", f"vaultdeck:suffix={suffix}")
        assert names(suffix) == expected
    # into the server itself, where some are there
    before = server.seen()
    refused = engine.run("restore", "start", point, "--to", server.url(), check=False)
    assert refused.returncode != 0 and "crm.notes and 4 more already" in refused.stderr + refused.stdout, refused
    assert server.seen() == before
    client.shop.people.drop()
    engine.run("restore", "start", point, "--to", server.url(), "--item", "shop/people")
    assert server.seen() == before
    for changes, told in [
        ({"ItemsToRestore": '["shop/nothing"]'}, "shop/nothing"),
        ({"vaultdeck:suffix": "-" + "x" * 60}, "at most 63 bytes"),
        ({"vaultdeck:suffix": "-" + "x" * 10}, "at most 255 bytes"),
    ]:
        done, _ = restore(backup, point, **changes)
        assert done["Status"] == "FAILED" and told in done["StatusMessage"], done
    for changes, told in [
        ({"dbClusterIdentifier": "docs"}, "dbClusterIdentifier"),
        ({"dbClusterIdentifier": "a--b"}, "dbClusterIdentifier"),
        ({"engine": "neptune"}, "engine=neptune"),
        ({"port": "1"}, "port"),
        ({"vaultdeck:url": "mongodb://a:hunter2@b"}, "--secret-file"),
        ({"vaultdeck:suffix": "a/b"}, "vaultdeck:suffix"),
        ({"Nonsense": "x"}, "Nonsense"),
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as wrong:
            restore(backup, point, **changes)
        assert told in str(wrong.value) and "hunter2" not in str(wrong.value), wrong.value


def test_what_cannot_be_registered_is_refused_with_the_way_out(engine, server, servers, tmp_path):
    server.client().shop.orders.insert_one({"_id": 1})
    server.client().admin.command("createUser", "nobody", pwd="no", roles=[])
    server.client().admin.command("createUser", "reader", pwd="no", roles=[{"role": "read", "db": "shop"}])
    server.with_user("admin", PASSWORD)
    for options, told in [
        ({"password": "wr@ng:/ %"}, "does not let the user admin in"),
        ({"url": server.url("stranger"), "password": "wr@ng:/ %"}, "does not let the user stranger in"),
        ({"url": server.url("nobody"), "password": "no"}, "does not let the user nobody do listDatabases"),
        ({"url": server.url("nobody"), "password": "no", "more": ["--database", "shop"]}, "does not let the user nobody do listCollections"),
        # what it may see is not all, and is not taken for that
        ({"url": server.url("reader"), "password": "no"}, "does not let the user reader do listDatabases"),
        ({}, "--secret-file"),
        ({"url": f"mongodb://127.0.0.1:{server.port}", "password": PASSWORD}, "names no user"),
        ({"url": f"mongodb://127.0.0.1:{server.port}"}, "does not let the user nobody"),
        ({"url": f"mongodb://127.0.0.1:{free_port()}"}, "cannot be reached now"),
        ({"url": f"mongodb://admin:hunter2@127.0.0.1:{server.port}"}, "--secret-file"),
        ({"url": "http://127.0.0.1"}, "mongodb://"),
        ({"url": engine.url.replace("http", "mongodb")}, "cannot be reached now"),
        ({"password": PASSWORD, "more": ["--database", "nowhere"]}, "no database nowhere"),
        ({"password": PASSWORD, "name": "a_b"}, "hyphens"),
    ]:
        refused = add(engine, server, folder=tmp_path, check=False, **options)
        words = refused.stdout + refused.stderr
        assert refused.returncode != 0 and told in words, (options, refused)
        assert not [secret for secret in ("wr@ng", "hunter2", PASSWORD) if secret in words], words
    assert engine.json("resource", "list") == []
    one = added(engine, server, url=server.url("reader"), password="no", folder=tmp_path, more=["--database", "shop"])
    assert back_up(engine.client(), one)["State"] == "COMPLETED"
    server.client().drop_database("shop")
    gone = back_up(engine.client(), one)
    assert gone["State"] == "FAILED" and "has no database shop" in gone["StatusMessage"], gone


def test_a_server_that_is_down_is_tried_again_and_one_that_lost_a_collection_says_so(start, server, tmp_path):
    engine = start()
    backup = engine.client()
    client, noise = server.client(), random.Random(1)
    client.shop.first.insert_one({"_id": 1})
    client.shop.second.insert_many([{"_id": n, "noise": noise.randbytes(20_000)} for n in range(1500)])
    client.shop.third.insert_one({"_id": 1})
    resource = added(engine, server)
    # dropped before it is read: a relay holds the backup up until it is gone
    relay = Relay(server.port, lambda: client.shop.third.drop()).start()
    other = added(engine, server, name="held", url=f"mongodb://127.0.0.1:{relay.port}/?directConnection=true")
    relay.armed = True
    done = back_up(backup, other)
    relay.stop()
    assert done["State"] == "COMPLETED" and "shop.third" in done["StatusMessage"], done
    client.shop.drop_collection("second")
    server.stop()
    job = backup.start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)["BackupJobId"]
    deadline = time.monotonic() + 30
    while not (waiting := backup.describe_backup_job(BackupJobId=job)).get("StatusMessage"):
        assert time.monotonic() < deadline, waiting
        time.sleep(0.2)
    assert waiting["State"] == "RUNNING" and "cannot be reached now: I/O error: Connection refused" in waiting["StatusMessage"], waiting


class Relay:
    """Passes bytes to a server, and does something when the first large answer is on its way."""

    def __init__(self, port, then):
        self.to, self.then, self.port, self.armed, self.ended = port, then, free_port(), False, False

    def start(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def stop(self):
        self.ended = True
        self.listener.close()

    def accept(self):
        while not self.ended:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.to))
            threading.Thread(target=self.pass_on, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self.pass_on, args=(far, near, True), daemon=True).start()

    def pass_on(self, source, target, watches):
        try:
            while data := source.recv(1 << 16):
                if watches and self.armed and len(data) > 1 << 15:
                    self.armed = False
                    self.then()
                target.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, target):
                end.close()


def test_a_restore_that_is_killed_goes_on(start, server, tmp_path):
    client = server.client()
    client.shop.orders.insert_many([{"_id": n} for n in range(3000)])
    client.shop.create_collection("last", capped=True, size=1 << 20)
    client.shop.last.insert_many([{"_id": n} for n in (3, 1, 2)])
    before = server.seen()
    engine = start(binary=DEBUG)
    point = back_up(engine.client(), added(engine, server))["RecoveryPointArn"]
    engine.stop()
    engine = start(binary=DEBUG, environment={"VAULTDECK_CRASH_AT": "before-restore-writes"})
    backup = engine.client()
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
    job = backup.start_restore_job(RecoveryPointArn=point, Metadata=metadata, IamRoleArn=ROLE)["RestoreJobId"]
    engine.process.wait(30)
    engine.close_pipes()
    # what it may have made until then, and only a part of it
    client["shop-" + metadata["dbClusterIdentifier"]].orders.insert_many([{"_id": n} for n in range(10)])
    backup = start(binary=DEBUG).client()
    done = wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=job))
    assert done["Status"] == "COMPLETED", done
    assert server.seen("-" + metadata["dbClusterIdentifier"]) == before
