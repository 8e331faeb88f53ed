"""One resource of each service that can be backed up, on real servers: how it changes, what a client sees of it, and what a client
sees of what a restore made."""

import hashlib
import json
import pathlib
import shutil
import subprocess
import tempfile

import mariadb
import postgresql
import qemu
import test_dynamodb
import test_redshift
import test_s3
from conftest import ROLE
from influx import Influx
from ministack import KEYS as DYNAMODB_KEYS
from ministack import Ministack
from oxigraph import Oxigraph
from secantus import Server as Secantus
from test_postgresql import until
from weed import KEYS as S3_KEYS
from weed import Weed

MIB = 1 << 20


class Service:
    """A resource, and where restores of it go."""

    type, location, secret = None, [], None

    def __init__(self, folder):
        self.folder = folder

    def register(self, engine):
        secret = []
        if self.secret is not None:
            path = self.folder / f"secret-of-{type(self).__name__}"
            path.write_text(self.secret if isinstance(self.secret, str) else json.dumps(self.secret))
            secret = ["--secret-file", str(path)]
        self.resource = engine.json("resource", "add", self.type, type(self).__name__.lower(), *self.location, *secret)["ResourceArn"]
        return self

    def change(self, rng):
        """Changes a part of what is there."""

    def seen(self):
        """What a client sees; equal only for what is equal."""

    def target(self, name):
        """Metadata for a restore to a place of this name."""

    def restore(self, engine, backup, point, name):
        """Begins a restore to a place of this name; the job."""
        proposed = backup.get_recovery_point_restore_metadata(BackupVaultName="Default", RecoveryPointArn=point)["RestoreMetadata"]
        return backup.start_restore_job(RecoveryPointArn=point, Metadata={**proposed, **self.target(name)}, IamRoleArn=ROLE, ResourceType=self.type)["RestoreJobId"]

    def restored(self, name):
        """What a client sees of what was restored there; nothing of it stays."""

    def stop(self):
        """Ends the servers."""


def digest_of_tree(path):
    return {str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest() for file in path.rglob("*") if file.is_file()}


class Folder(Service):
    def __init__(self, folder):
        super().__init__(folder)
        self.path = folder / f"tree-of-{type(self).__name__}"
        self.path.mkdir()
        for number in range(40):
            (self.path / f"{number}").write_bytes(hashlib.sha256(b"%d" % number).digest() * 2000)
        self.location = ["--path", str(self.path)]

    def change(self, rng):
        for number in rng.sample(range(40), 5):
            (self.path / f"{number}").write_bytes(rng.randbytes(rng.randrange(200_000)))

    def seen(self):
        return digest_of_tree(self.path)

    def target(self, name):
        return {"vaultdeck:path": str(self.folder / name)}

    def restored(self, name):
        found = digest_of_tree(self.folder / name)
        shutil.rmtree(self.folder / name)
        return found


class Efs(Folder):
    type = "EFS"


class Fsx(Folder):
    type = "FSx"

    def __init__(self, folder):
        super().__init__(folder)
        self.location += ["--kind", "OPENZFS"]


class Volume(Service):
    size = 48 * MIB

    def target(self, name):
        return {"vaultdeck:path": str(self.folder / name)}

    def restored(self, name):
        content = (self.folder / name).read_bytes()
        (self.folder / name).unlink()
        return hashlib.sha256(content).hexdigest()


class Ebs(Volume):
    """A raw image."""

    type = "EBS"

    def __init__(self, folder):
        super().__init__(folder)
        self.image = folder / "disk.img"
        with open(self.image, "wb") as file:
            file.truncate(self.size)
        self.location = ["--path", str(self.image)]

    def change(self, rng):
        with open(self.image, "r+b") as file:
            for _ in range(20):
                file.seek(rng.randrange(self.size // 4096) * 4096)
                file.write(rng.randbytes(4096))

    def seen(self):
        return hashlib.sha256(self.image.read_bytes()).hexdigest()


class Gateway(Volume):
    """An export of qemu-nbd."""

    type = "Storage Gateway"

    def __init__(self, folder):
        super().__init__(folder)
        self.image = folder / "disk.qcow2"
        qemu.run("qemu-img", "create", "-q", "-f", "qcow2", self.image, str(self.size))
        self.server = qemu.Nbd(self.image).start()
        self.location = ["--url", self.server.url]

    def change(self, rng):
        self.server.stop()
        qemu.write(self.image, *(rng.randrange(self.size // 4096) * 4096 for _ in range(20)))
        self.server.start()

    def seen(self):
        self.server.stop()
        raw = qemu.raw_of(self.image, self.folder)
        self.server.start()
        found = hashlib.sha256(raw.read_bytes()).hexdigest()
        raw.unlink()
        return found

    def stop(self):
        self.server.stop()


class Bucket(Service):
    type, secret = "S3", S3_KEYS

    def __init__(self, folder):
        super().__init__(folder)
        self.server = Weed(folder / "weed").start()
        self.store = self.server.client()
        self.store.create_bucket(Bucket="source")
        for number in range(40):
            self.store.put_object(Bucket="source", Key=f"k/{number}", Body=b"%d" % number * 5000, Metadata={"number": str(number)})
        self.location = ["--endpoint", self.server.url, "--bucket", "source"]

    def change(self, rng):
        for number in rng.sample(range(40), 5):
            self.store.put_object(Bucket="source", Key=f"k/{number}", Body=rng.randbytes(rng.randrange(50_000)), Metadata={"number": str(rng.random())})

    def seen(self, bucket="source"):
        return test_s3.listing(self.store, bucket)

    def target(self, name):
        return {"DestinationBucketName": name, "NewBucket": "true"}

    def restored(self, name):
        assert not self.store.list_multipart_uploads(Bucket=name).get("Uploads"), "parts are left"
        found = self.seen(name)
        for key in found:
            self.store.delete_object(Bucket=name, Key=key)
        self.store.delete_bucket(Bucket=name)
        return found

    def stop(self):
        self.server.stop()


class PostgreSql(Service):
    type, secret = "RDS", postgresql.PASSWORD

    def __init__(self, folder):
        super().__init__(folder)
        self.home = postgresql.make_folder()
        self.server = postgresql.Server(self.home).make().start()
        self.server.ask("CREATE TABLE t (id int PRIMARY KEY, said text); INSERT INTO t SELECT n, md5(n::text) FROM generate_series(1, 5000) n")
        self.location = ["--url", self.server.url()]

    def change(self, rng):
        self.server.ask(f"UPDATE t SET said = md5(said || '{rng.random()}') WHERE id % 50 = {rng.randrange(50)}")

    def seen(self):
        return self.server.seen()

    def target(self, name):
        return {"DBInstanceIdentifier": name, "vaultdeck:path": str(self.home / name)}

    def restored(self, name):
        server = postgresql.Server(self.home, name).start()
        found = server.seen()
        server.stop()
        shutil.rmtree(self.home / name)
        return found

    def stop(self):
        self.server.stop()
        shutil.rmtree(self.home, ignore_errors=True)


class MariaDb(Service):
    type, secret = "Aurora", mariadb.PASSWORD

    def __init__(self, folder):
        super().__init__(folder)
        self.home = mariadb.make_folder()
        self.server = mariadb.Server(self.home).make()
        self.server.ask("CREATE DATABASE d; USE d; CREATE TABLE d.t (id int PRIMARY KEY, said text); INSERT INTO d.t SELECT seq, md5(seq) FROM seq_1_to_5000")
        self.location = ["--url", self.server.url("root"), "--path", str(self.server.data)]

    def change(self, rng):
        self.server.ask(f"UPDATE d.t SET said = md5(concat(said, '{rng.random()}')) WHERE id % 50 = {rng.randrange(50)}")

    def seen(self):
        return self.server.seen()

    def target(self, name):
        return {"DBClusterIdentifier": name, "vaultdeck:path": str(self.home / name)}

    def restored(self, name):
        server = mariadb.Server(self.home, name).start()
        found = server.seen()
        server.stop()
        shutil.rmtree(self.home / name)
        return found

    def stop(self):
        self.server.stop(hard=True)
        shutil.rmtree(self.home, ignore_errors=True)


class DynamoDb(Service):
    type, secret = "DynamoDB", DYNAMODB_KEYS

    def __init__(self, folder):
        super().__init__(folder)
        self.server = Ministack(folder / "ministack").start()
        self.tables = self.server.client()
        test_dynamodb.make(self.tables, "orders", items=300)
        self.location = ["--endpoint", self.server.url, "--table", "orders"]

    def change(self, rng):
        test_dynamodb.put(self.tables, "orders", [test_dynamodb.item_of(rng, number) for number in rng.sample(range(300), 20)])

    def seen(self, table="orders"):
        return test_dynamodb.seen(self.tables, table)

    def target(self, name):
        return {"targetTableName": name}

    def restored(self, name):
        found = self.seen(name)
        self.tables.delete_table(TableName=name)
        return found

    def stop(self):
        self.server.stop()


class Documents(Service):
    type = "DocumentDB"

    def __init__(self, folder):
        super().__init__(folder)
        self.server = Secantus(folder / "mongo").start()
        self.server.client().shop.orders.insert_many([{"_id": number, "said": f"größe {number}" * 50} for number in range(2000)])
        self.location = ["--url", self.server.url()]

    def change(self, rng):
        self.server.client().shop.orders.update_many({"_id": {"$gte": rng.randrange(2000)}}, {"$set": {"said": str(rng.random())}})

    def seen(self, ending=""):
        # All of a server is backed up, what was restored into it too.
        return {name: found for name, found in self.server.seen(ending).items() if name.startswith("shop.")}

    def target(self, name):
        return {"dbClusterIdentifier": name}

    def restored(self, name):
        found, client = self.seen(f"-{name}"), self.server.client()
        for database in client.list_database_names():
            if database.endswith(f"-{name}"):
                client.drop_database(database)
        return found

    def stop(self):
        self.server.stop()


class Graph(Service):
    type = "Neptune"

    def __init__(self, folder):
        super().__init__(folder)
        self.store = Oxigraph(folder / "graph").start()
        self.others = {}
        self.store.load("".join(f'<http://e/{number}> <http://e/p> "{number}" .\n' for number in range(3000)))
        self.location = ["--url", self.store.url]

    def change(self, rng):
        self.store.load("".join(f'<http://e/{number}> <http://e/p> "{rng.random()}" .\n' for number in rng.sample(range(3000), 50)))

    def seen(self):
        return self.store.seen()

    def restore(self, engine, backup, point, name):
        """Into another store, which only those may ask for who own the engine's data."""
        jobs = lambda: {job["RestoreJobId"] for job in backup.list_restore_jobs(ByResourceType="Neptune")["RestoreJobs"]}
        store, before = Oxigraph(self.folder / name).start(), jobs()
        command = [engine.binary, "restore", "start", point, "--to", store.url, "--data-dir", str(engine.data)]
        self.others[name] = store, subprocess.Popen(command, env=engine.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: jobs() - before, "the restore begins")
        return (jobs() - before).pop()

    def restored(self, name):
        store, command = self.others.pop(name)
        command.wait(60)
        found = store.seen()
        store.stop()
        return found

    def stop(self):
        self.store.stop()
        for store, command in self.others.values():
            command.kill()
            command.wait(10)
            store.stop()


class Warehouse(Service):
    type, secret = "Redshift", postgresql.PASSWORD

    def __init__(self, folder):
        super().__init__(folder)
        self.home = postgresql.make_folder()
        self.server = postgresql.Server(self.home, "warehouse").make().start()
        self.server.ask("CREATE DATABASE ware")
        self.ask("CREATE TABLE t (id int PRIMARY KEY, said text); INSERT INTO t SELECT n, md5(n::text) FROM generate_series(1, 5000) n")
        self.location = ["--url", self.server.url(), "--database", "ware"]

    def ask(self, question, database="ware"):
        return test_redshift.ask(self.server, database, question)

    def change(self, rng):
        self.ask(f"UPDATE t SET said = md5(said || '{rng.random()}') WHERE id % 50 = {rng.randrange(50)}")

    def seen(self, database="ware"):
        return self.ask("SELECT count(*), sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint) FROM t", database)

    def target(self, name):
        return {"ClusterIdentifier": name}

    def restored(self, name):
        database = name.replace("-", "_")
        found = self.seen(database)
        self.server.ask(f"DROP DATABASE {database}")
        return found

    def stop(self):
        self.server.stop()
        shutil.rmtree(self.home, ignore_errors=True)


class Metrics(Service):
    type = "Timestream"

    def __init__(self, folder):
        super().__init__(folder)
        self.server = Influx(folder / "influx").start()
        self.server.ask('CREATE DATABASE "metrics"')
        self.server.write("metrics", "".join(f"cpu,host=h{n % 4} load={n / 7} {n * 10**12}\n" for n in range(3000)))
        self.location = ["--url", self.server.url, "--database", "metrics"]

    def change(self, rng):
        self.server.write("metrics", "".join(f"cpu,host=h{n % 4} load={rng.random()} {n * 10**12}\n" for n in rng.sample(range(3000), 50)))

    def seen(self, database="metrics"):
        return self.server.seen(database)

    def target(self, name):
        return {"DestinationDatabase": name}

    def restored(self, name):
        found = self.seen(name)
        self.server.ask(f'DROP DATABASE "{name}"')
        return found

    def stop(self):
        self.server.stop()


ALL = [Efs, Fsx, Ebs, Gateway, Bucket, PostgreSql, MariaDb, DynamoDb, Documents, Graph, Warehouse, Metrics]
# Where restores may go over the network.
ROOTS = ["--restore-root", tempfile.gettempdir()]


PROGRAMS = {b"pg_basebackup", b"pg_receivewal", b"pg_dump", b"psql", b"mariadb-backup", b"mariadb-dump", b"mariadb-binlog", b"mbstream"}


def programs_for(*marks):
    """What runs of the programs that an engine starts and was told one of these marks, in its arguments or its environment."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes()
            if pathlib.Path(arguments.split(b"\0")[0].decode(errors="replace")).name.encode() in PROGRAMS:
                told = arguments + (process / "environ").read_bytes()
                found += [arguments] if any(mark.encode() in told for mark in marks) else []
        except OSError:
            pass
    return found
