"""One database, or one table, out of a recovery point of a real MariaDB: as its client reads it, on a server that was there before."""

import json
import os
import pwd
import shutil
import subprocess
import threading

import pytest

import mariadb
from conftest import DEBUG, back_up, wait_for_job
from mariadb import OWNER, PASSWORD, Server, Workers
from test_mariadb import NETWORK, ROOTS, added, arguments_of_processes, folder, programs, until  # noqa: F401
from test_restore_test import scratch

FORMS = {"files": None, "dump": NETWORK}
ODD = "größe und-mehr"


@pytest.fixture(scope="module")
def server():
    folder = mariadb.make_folder()
    server = Server(folder).make().fill()
    server.ask("""
        USE shop; CREATE TABLE shop.extremes (id int PRIMARY KEY, f float, small float(7,3), d double, n decimal(65,30), big bigint unsigned, bits bit(64), at datetime(6), stamp timestamp(6) NULL, day date, y year,
            b longblob, latin varchar(20) CHARACTER SET latin1, kind enum('a,b', 'ü'), some set('x', 'y'), j json, g point, twice double AS (f * 2) STORED);
        INSERT INTO shop.extremes (id, f, small, d, n, big, bits, at, stamp, day, y, b, latin, kind, some, j, g) VALUES
            (1, 0.1, 1234.567, 1.7976931348623157e308, 99999999999999999999999999999999999.999999999999999999999999999999, 18446744073709551615, ~0, '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07', '9999-12-31', 2155, x'00ff0a0d5c2709', 'größe', 'ü', 'x,y', '{"a": "''\\\\\\\\ü"}', point(1.5, -2)),
            (2, 16777217, -0.001, 2.2250738585072014e-308, -0.000000000000000000000000000001, 0, 0, '0001-01-01', '1970-01-01 00:00:01', '0001-01-01', 1901, '', '', 'a,b', '', NULL, NULL),
            (3, 1.17549435e-38, NULL, -0.0, 0, 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '[]', NULL), (4, 3.14159265, NULL, 0.1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
        CREATE TRIGGER shop.told AFTER INSERT ON shop.extremes FOR EACH ROW INSERT INTO nothing VALUES (NEW.id);
        CREATE VIEW shop.elsewhere AS SELECT o.id FROM shop.orders o JOIN `größe und-mehr`.`t/../1.sql`;
        CREATE EVENT shop.live ON SCHEDULE EVERY 1 SECOND COMMENT 'it''s ENABLE DO' DO DELETE FROM orders;
        CREATE TABLE shop.`a ``b' "c` (id int PRIMARY KEY, `x ``y` text); INSERT INTO shop.`a ``b' "c` SELECT seq, repeat('ß`''"\\\\\\n', seq % 5) FROM seq_1_to_200;
        CREATE TABLE shop.history (id int PRIMARY KEY, said text) WITH SYSTEM VERSIONING; INSERT INTO shop.history VALUES (1, 'then'); UPDATE shop.history SET said = 'now';
        CREATE DATABASE empty CHARACTER SET latin1 COLLATE latin1_german2_ci""")
    in_latin1(server, """
        ALTER DATABASE shop CHARACTER SET latin1 COLLATE latin1_swedish_ci;
        CREATE TRIGGER shop.`größe` BEFORE UPDATE ON shop . extremes FOR EACH ROW SET @told = 'ä';
        CREATE PROCEDURE shop.at_a_time() SELECT 'ä';
        CREATE EVENT shop.odd ON SCHEDULE EVERY 1 DAY COMMENT 'ä' DO SELECT 'ä';
        ALTER DATABASE shop CHARACTER SET utf8mb4""")
    server.ask("""
        CREATE TRIGGER shop . commented /* it's FOR EACH ROW of shop.extremes */ BEFORE DELETE -- FOR `shop`.
            ON /* FOR */ shop.extremes # FOR
            FOR EACH ROW SET @told = 'FOR shop.x'""")
    yield server
    server.stop(hard=True)
    shutil.rmtree(folder, ignore_errors=True)


def in_latin1(server, text):
    """Runs statements whose bytes are no UTF-8, and of which the comments stay."""
    arguments = ["mariadb", "--no-defaults", f"--socket={server.socket}", "--user=root", "--comments", "--default-character-set=latin1"]
    subprocess.run(arguments, env={"PATH": os.environ["PATH"], "MYSQL_PWD": PASSWORD}, input=text.encode("latin1"), check=True, capture_output=True, timeout=120)


def collation(server, database):
    return server.ask(f"SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = '{database}'")


@pytest.fixture(params=FORMS)
def point(request, start, server, tmp_path):
    engine = start(arguments=ROOTS)
    made = back_up(engine.client(), added(engine, server, tmp_path, path=FORMS[request.param]))
    return engine, made["RecoveryPointArn"], request.param


def restore(engine, point, item, *more):
    done = engine.run("restore", "start", point, "--item", item, *more, check=False)
    processes = arguments_of_processes().values()
    assert scratch(engine) == [] and not [line for line in processes if "vaultdeck-scratch-" in line or PASSWORD in line]
    return done


def into(server, name):
    return ["--metadata", f"vaultdeck:url={server.url()}", "--metadata", f"vaultdeck:database={name}"]


def databases(server):
    return set(server.ask("SHOW DATABASES").splitlines())


def of(seen, database, form="files"):
    """What of what was seen is in a database. Of FLOAT a dump has six digits, whatever it is restored with: `floats` compares those."""
    rows = {key[1]: found for key, found in seen.items() if key[0] == database and not (form == "dump" and key[1] == "extremes")}
    more = [line.split("\t") for line in seen["more"].splitlines()]
    return rows, sorted((sort, name, body) for sort, schema, name, body in (line for line in more if len(line) == 4) if schema == database)


def floats(server, database, form):
    exact = "f" if form == "dump" else "CAST(f AS DOUBLE), hex(f), CAST(twice AS DOUBLE)"
    return server.ask(f"SELECT id, {exact}, CAST(small AS DOUBLE), d, n, big, hex(bits), at, stamp, day, y, hex(b), hex(latin), kind + 0, some + 0, hex(j), hex(g) FROM {mariadb.quoted(database)}.extremes ORDER BY id")


def test_a_database_becomes_a_new_one_of_the_server_with_all_that_is_in_it(server, point):
    engine, point, form = point
    before, exact = server.seen(), floats(server, "shop", form)
    usual = collation(server, "shop")
    server.ask("ALTER DATABASE shop COLLATE utf8mb4_bin")
    done = restore(engine, point, "shop", *into(server, "shop then"))
    assert done.returncode == 0 and "shop then" in done.stderr, done
    assert "read shop and not shop then" in done.stderr and "elsewhere." in done.stderr, done
    # what the programs of another time need is told to the new one alone
    assert (collation(server, "shop then"), collation(server, "shop")) == (usual, "utf8mb4_bin")
    assert server.ask("SELECT trigger_name, database_collation FROM information_schema.triggers WHERE trigger_schema = 'shop then' AND database_collation LIKE 'latin1%'") == "größe\tlatin1_swedish_ci"
    server.ask("ALTER DATABASE shop CHARACTER SET utf8mb4")
    after = server.seen()
    assert of(after, "shop then", form) == of(before, "shop", form) and len(of(before, "shop", form)[0]) > 10
    assert floats(server, "shop then", form) == exact and ("0.10000000149011612" in exact) == (form == "files")
    assert of(after, "shop") == of(before, "shop"), "the source is as it was"
    assert server.ask("SELECT count(*) FROM `shop then`.history FOR SYSTEM_TIME ALL") == "2"
    # Whatever it says, nothing of it runs by itself, and nothing of it leads back.
    assert server.ask("SELECT status FROM information_schema.events WHERE event_schema = 'shop then' ORDER BY event_name") == "DISABLED\nDISABLED\nDISABLED"
    assert "`shop`" not in server.ask("SHOW CREATE TABLE `shop then`.numbered") and "Restored by vaultdeck" in server.ask("SELECT schema_comment FROM information_schema.schemata WHERE schema_name = 'shop then'")
    server.ask("INSERT INTO `shop then`.numbered (said) VALUES ('third'); DROP DATABASE `shop then`")

    # One without a name is called after what it was; an empty one is one too, with its own collation.
    done = restore(engine, point, "empty", "--metadata", f"vaultdeck:url={server.url()}")
    assert done.returncode == 0, done
    assert server.ask("SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = 'empty_restored'") == "latin1_german2_ci"
    server.ask("DROP DATABASE empty_restored")


def test_a_table_becomes_a_database_without_what_leads_elsewhere(server, point):
    engine, point, form = point
    before = server.seen()
    for item, schema, table, left_out in [("shop.orders", "shop", "orders", []), ("shop.items", "shop", "items", ["FOREIGN KEY items_ibfk_1"]), ("shop.extremes", "shop", "extremes", ["TRIGGER told"]),
                                          ("shop.a `b' \"c", "shop", "a `b' \"c", []), (f"{ODD}.t%2F%2E%2E%2F1%2Esql", ODD, "t/../1.sql", []), ("shop/numbered", "shop", "numbered", [])]:
        done = restore(engine, point, item, *into(server, "one `table'"))
        assert done.returncode == 0 and all(name in done.stderr for name in left_out), done
        rows, more = of(server.seen(), "one `table'")
        wanted = {table, *(["z behind"] if table == "numbered" else [])}
        assert floats(server, "one `table'", form) == floats(server, "shop", form) if table == "extremes" else True
        assert set(rows) == wanted and (rows[table] == before[(schema, table)] or (form, table) == ("dump", "extremes")), item
        assert {sort for sort, *_ in more} <= {"BASE TABLE", "SEQUENCE"}, more
        server.ask("DROP DATABASE `one ``table'`")

    # Never over one that is there, and nothing is left of what was not to be.
    server.ask("CREATE DATABASE taken; CREATE TABLE taken.mine (id int)")
    there = databases(server)
    for item, name, told in [("shop", "taken", "has a database taken already"), ("nowhere", "new", "no database nowhere; it has empty, "), ("mysql", "new", "no database mysql"),
                             ("shop.nothing here", "new", "no table shop.nothing here"), ("shop.a_view", "new", "is a view, which needs more of its database")]:
        failed = restore(engine, point, item, *into(server, name))
        assert failed.returncode == 1 and told in failed.stderr, failed
    assert databases(server) == there and server.ask("SHOW TABLES IN taken") == "mine"
    server.ask("DROP DATABASE taken")


def test_an_item_becomes_a_file_that_the_client_takes(server, point, tmp_path):
    engine, point, form = point
    before, exact = server.seen(), floats(server, "shop", form)
    for item, name in [("shop", "shop.sql"), ("shop.extremes", "shop.extremes.sql")]:
        folder = tmp_path / item
        done = restore(engine, point, item, "--to", str(folder))
        assert done.returncode == 0, done
        file = folder / name
        assert [path.name for path in folder.iterdir()] == [name] and file.stat().st_mode & 0o777 == 0o600 and folder.stat().st_mode & 0o777 == 0o700
        server.ask("CREATE DATABASE fed")
        with open(file) as text:
            fed = subprocess.run(["mariadb", "--no-defaults", f"--socket={server.socket}", "--user=root", "--binary-mode", "--comments", "fed"], env={"PATH": os.environ["PATH"], "MYSQL_PWD": PASSWORD}, stdin=text, capture_output=True, timeout=120)
        assert fed.returncode == 0, fed
        assert floats(server, "fed", form) == exact
        if item == "shop":
            assert of(server.seen(), "fed", form) == of(before, "shop", form)
            assert server.ask("SELECT status FROM information_schema.events WHERE event_schema = 'fed' AND event_name = 'live'") == "ENABLED"
        server.ask("DROP DATABASE fed")
    made = [job for job in engine.client().list_restore_jobs()["RestoreJobs"] if job["Status"] == "COMPLETED"]
    assert made and not any("CreatedResourceArn" in job for job in made), made


def test_what_is_no_item_is_refused_before_a_job(server, point, tmp_path):
    engine, point, form = point
    to = ["--to", str(tmp_path / "dump")]
    for item, more, told in [("shop.a.b", to, "must be DATABASE or DATABASE.TABLE"), ("shop", [], "needs either vaultdeck:path"), ("shop", [*to, "--metadata", f"vaultdeck:url={server.url()}"], "needs either"),
                             ("shop", [*to, "--item", "mysql"], "one database or one table"), ("shop", into(server, "sys"), "server's own"), ("shop", ["--metadata", "vaultdeck:url=postgresql://me@db"], "must begin with mysql://")]:
        refused = restore(engine, point, item, *more)
        assert refused.returncode == 1 and told in refused.stderr, refused
    assert json.loads(engine.run("jobs", "--kind", "restore", "--output", "json").stdout) == [] and not (tmp_path / "dump").exists()


@pytest.mark.parametrize("form, meanwhile", [("files", False), ("dump", False), ("dump", True)])
def test_a_restore_that_is_killed_makes_it_anew_and_touches_nothing_of_others(start, server, folder, tmp_path, form, meanwhile):  # noqa: F811
    before = server.seen()
    # cut off when there are some tables and not all
    stuck = programs(folder, f'case "$*" in *--binary-mode*) [ -e {folder}/go ] || {{ head -c 9000000 | "$real" "$@"; touch {folder}/half; sleep 60; }};; esac; exec "$real" "$@"', "mariadb")
    engine = start(arguments=ROOTS, binary=DEBUG, environment=stuck)
    point = back_up(engine.client(), added(engine, server, tmp_path, path=FORMS[form]))["RecoveryPointArn"]
    asked = threading.Thread(target=engine.run, args=("restore", "start", point, "--item", "shop", *into(server, "again")), kwargs={"check": False})
    asked.start()
    until((folder / "half").exists, "it is under way")
    said = "SELECT schema_comment FROM information_schema.schemata WHERE schema_name = 'again'"
    assert "NOT WHOLE" in server.ask(said) and server.ask("SHOW TABLES IN again")
    engine.kill()
    asked.join()
    (folder / "go").touch()
    if meanwhile:
        server.ask("DROP DATABASE again; CREATE DATABASE again; CREATE TABLE again.mine (id int)")
    engine = start(arguments=ROOTS, binary=DEBUG, environment=stuck)
    backup = engine.client()
    [job] = backup.list_restore_jobs()["RestoreJobs"]
    done = wait_for_job(lambda: backup.describe_restore_job(RestoreJobId=job["RestoreJobId"]))
    if meanwhile:
        assert done["Status"] == "FAILED" and "has a database again already" in done["StatusMessage"], done
        assert server.ask("SHOW TABLES IN again") == "mine" and server.ask(said) == ""
    else:
        assert done["Status"] == "COMPLETED" and "Restored by vaultdeck" in server.ask(said), done
        assert set(of(server.seen(), "again")[0]) == set(of(before, "shop")[0])
        assert of(server.seen(), "again")[0]["orders"] == before[("shop", "orders")]
    server.ask("DROP DATABASE again")
    assert scratch(engine) == []


def test_nothing_that_serves_or_prepares_the_files_is_root(start, server, folder, tmp_path):  # noqa: F811
    if OWNER is None:
        pytest.skip("only root can become somebody else")
    mysql = pwd.getpwnam(OWNER).pw_uid
    # given files of the server's own user, and files that are root's
    roots = Server(folder, "roots").make()
    roots.ask("CREATE DATABASE shop; CREATE TABLE shop.t (id int PRIMARY KEY, f float); INSERT INTO shop.t VALUES (1, 0.1)")
    roots.stop()
    subprocess.run(["chown", "-R", "root:root", roots.data], check=True)
    roots.as_owner = ["--user=root"]
    roots.start()
    folder.chmod(0o755)
    # each preparation says as whom it runs
    ids = folder / "ids"
    engine = start(arguments=ROOTS, environment=programs(folder, f'case "$*" in *--prepare*) id -u >> {ids};; esac; exec "$real" "$@"'))
    for source, name, owner in [(server, "main", mysql), (roots, "roots", 0)]:
        point = back_up(engine.client(), added(engine, source, tmp_path, name=name))["RecoveryPointArn"]
        # when an item is taken out, a restore is proven, and all is restored
        with Workers("/var/tmp/vaultdeck-scratch-") as found:
            assert restore(engine, point, "shop", "--to", str(tmp_path / name)).returncode == 0
            proven = json.loads(engine.run("restore", "test", point, "--output", "json").stdout)
        assert proven["Proven"] and "mariadbd" in found and set().union(*found.values()) == {mysql}, found
        restored = folder / f"restored-{name}"
        assert engine.run("restore", "start", point, "--to", str(restored), check=False).returncode == 0
        assert ids.read_text().split() == [str(mysql)] * 3
        ids.unlink()
        # then the files belong to whom they belonged to
        assert {path.stat().st_uid for path in [restored, *restored.rglob("*")]} == {owner}
        again = Server(folder, restored.name)
        again.as_owner = source.as_owner
        again.start()
        assert again.ask("SHOW DATABASES LIKE 'shop'") == "shop"
        again.stop()
    roots.stop()
