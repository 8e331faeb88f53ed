"""One database, or one table, out of a recovery point of a real PostgreSQL: as psql reads it, on a server that was there before."""

import json
import shutil
import subprocess

import pytest

import postgresql
from conftest import back_up
from postgresql import PROGRAMS, Server
from test_postgresql import ROOTS, added, arguments_of_processes
from test_restore_test import scratch

DIGEST = "SELECT count(*), sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint) FROM {} t"


def ask(server, database, question):
    done = subprocess.run([PROGRAMS / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", question], env=server.environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done
    return done.stdout.strip()


def databases(server):
    return set(server.ask("SELECT datname FROM pg_database").splitlines())


@pytest.fixture(scope="module")
def server():
    folder = postgresql.make_folder()
    server = Server(folder).make().start()
    server.ask("CREATE ROLE clerk")
    server.ask("CREATE DATABASE shop")
    ask(server, "shop", """
        CREATE SCHEMA "größe.x"; CREATE TABLE orders (id serial PRIMARY KEY, said text); ALTER TABLE orders OWNER TO clerk;
        INSERT INTO orders (said) SELECT repeat('größe ', n % 9) FROM generate_series(1, 2000) n;
        CREATE TABLE "größe.x"."a ""b/" (id int, of int); INSERT INTO "größe.x"."a ""b/" SELECT n, n * 7 FROM generate_series(1, 300) n;
        CREATE VIEW first AS SELECT * FROM orders WHERE id < 10;
        CREATE TABLE things (id int PRIMARY KEY); INSERT INTO things SELECT generate_series(1, 600);
        CREATE SCHEMA parts; CREATE TABLE sold (at int, item int REFERENCES things) PARTITION BY RANGE (at);
        CREATE TABLE sold_1 PARTITION OF sold FOR VALUES FROM (0) TO (100);
        CREATE TABLE parts.sold_2 PARTITION OF sold FOR VALUES FROM (100) TO (1000);
        INSERT INTO sold SELECT n, n + 1 FROM generate_series(1, 500) n;
        CREATE TABLE base (n int); CREATE TABLE derived (of int) INHERITS (base); INSERT INTO derived VALUES (1, 2), (3, 4)""")
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def point(start, server, tmp_path):
    engine = start(arguments=ROOTS)
    point = back_up(engine.client(), added(engine, server, tmp_path))["RecoveryPointArn"]
    return engine, point


def restore(engine, point, item, *more):
    done = engine.run("restore", "start", point, "--item", item, *more, check=False)
    assert scratch(engine) == [] and not [line for line in arguments_of_processes().values() if "vaultdeck-scratch-" in line]
    return done


def test_a_database_and_a_table_become_new_databases_of_the_server(server, point):
    engine, point = point
    before = {table: ask(server, "shop", DIGEST.format(table)) for table in ["orders", '"größe.x"."a ""b/"', "first"]}
    ask(server, "shop", "DELETE FROM orders WHERE id > 5")
    into = ["--metadata", f"vaultdeck:url={server.url()}", "--metadata"]
    done = restore(engine, point, "shop", *into, "vaultdeck:database=shop_then")
    assert done.returncode == 0 and "shop_then" in done.stderr, done
    assert {table: ask(server, "shop_then", DIGEST.format(table)) for table in before} == before
    assert ask(server, "shop", "SELECT count(*) FROM orders") == "5", "the source is as it was"

    # A name with everything that a name may have; other tables do not come with it.
    done = restore(engine, point, 'shop/größe%2Ex.a "b%2F', *into, "vaultdeck:database=one table")
    assert done.returncode == 0, done
    assert ask(server, "one table", DIGEST.format('"größe.x"."a ""b/"')) == before['"größe.x"."a ""b/"']
    assert ask(server, "one table", "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')") == "1"

    # Never over one that is there, and nothing is left of what was not to be.
    there = databases(server)
    for item, name, told in [("shop", "shop_then", "has a database shop_then already"), ("nowhere", "new", "no database nowhere; it has "),
                             ("shop/public.nothing", "new", "no table shop/public.nothing"), ("shop/public.first", "new", "relation \"public.orders\" does not exist")]:
        failed = restore(engine, point, item, *into, f"vaultdeck:database={name}")
        assert failed.returncode == 1 and told in failed.stderr, failed
    assert databases(server) == there and {"shop_then", "one table"} < there
    for name in ["shop_then", "one table"]:
        server.ask(f'DROP DATABASE "{name}"')


def test_a_table_comes_with_its_partitions_and_with_all_that_inherit_from_it(server, point):
    engine, point = point
    into = ["--metadata", f"vaultdeck:url={server.url()}", "--metadata", "vaultdeck:database=parts"]
    for item, tables in [("public.sold", ["sold", "sold_1", "parts.sold_2"]), ("public.sold_1", ["sold_1"]), ("public.base", ["base", "derived"])]:
        before = {table: ask(server, "shop", DIGEST.format(table)) for table in tables}
        done = restore(engine, point, f"shop/{item}", *into)
        assert done.returncode == 0, done
        assert ("FK CONSTRAINT public sold sold_item_fkey" in done.stderr) == (item == "public.sold"), done
        assert {table: ask(server, "parts", DIGEST.format(table)) for table in tables} == before and "|" in before[tables[0]]
        server.ask("DROP DATABASE parts")
    failed = restore(engine, point, "shop/public.derived", *into)
    assert failed.returncode == 1 and "cannot be made without public.base" in failed.stderr and "parts" not in databases(server), failed


def test_an_item_becomes_a_file_of_pg_dump(server, point, tmp_path):
    engine, point = point
    before = ask(server, "shop", DIGEST.format("orders"))
    done = restore(engine, point, "shop/public.orders", "--to", str(tmp_path / "dump"))
    assert done.returncode == 0, done
    file = tmp_path / "dump" / "shop.public.orders.dump"
    assert [path.name for path in (tmp_path / "dump").iterdir()] == [file.name] and file.stat().st_mode & 0o777 == 0o600
    made = [job for job in engine.client().list_restore_jobs()["RestoreJobs"] if job["Status"] == "COMPLETED"]
    assert made and not any("CreatedResourceArn" in job for job in made), made
    server.ask("CREATE DATABASE taken")
    server.run("pg_restore", "--no-owner", "--exit-on-error", "-d", "taken", str(file))
    assert ask(server, "taken", DIGEST.format("orders")) == before
    server.ask("DROP DATABASE taken")


def test_what_is_no_item_is_refused_before_a_job(server, point, tmp_path):
    engine, point = point
    to = ["--to", str(tmp_path / "dump")]
    for item, more, told in [("shop/orders", to, "must be DATABASE or DATABASE/SCHEMA.TABLE"), ("shop", [], "needs either vaultdeck:path"),
                             ("shop", [*to, "--metadata", f"vaultdeck:url={server.url()}"], "needs either"), ("shop", [*to, "--item", "postgres"], "one database or one table")]:
        refused = restore(engine, point, item, *more)
        assert refused.returncode == 1 and told in refused.stderr, refused
    assert json.loads(engine.run("jobs", "--kind", "restore", "--output", "json").stdout) == [] and not (tmp_path / "dump").exists()
