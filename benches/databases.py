"""pgBackRest and mariadb-backup beside us, in one run, on the same databases of some 2 GB.

    apt-get install pgbackrest mariadb-server mariadb-backup; cargo build --release
    python3 benches/databases.py [postgresql] [mariadb] [--vaultdeck target/release/vaultdeck] [--scale 1.0] [--rounds 3]

Each stores the database in an empty place, again after 6,000 transactions, and puts the second one back. pgBackRest compresses by zstd
and encrypts, as we do; mariadb-backup writes its files as they are, and its restore is the preparing and the copying. Printed are the
medians of the wall times, what is stored, and the ratios.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))
TRANSACTIONS = 6_000
STEPS = ("first", "second", "restore")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("which", nargs="*", default=["postgresql", "mariadb"])
    options.add_argument("--vaultdeck", default=str(ROOT / "target/release/vaultdeck"))
    options.add_argument("--scale", type=float, default=1.0)
    options.add_argument("--rounds", type=int, default=3)
    options = options.parse_args()
    print("| database | step | theirs | vaultdeck | ratio | they store | we store |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for which in options.which:
        measure(which, {"postgresql": PostgreSql, "mariadb": MariaDb}[which], options)


def measure(which, kind, options):
    database = kind(options.scale)
    try:
        theirs, ours = [], []
        for number in range(options.rounds):
            for side, times in ((database.peer(number), theirs), (Ours(options.vaultdeck, database, number), ours)):
                row = []
                for step in STEPS:
                    if step == "second":
                        database.change()
                    stored = size_of(side.place)
                    row.append((timed(getattr(side, step)), size_of(side.place) - stored))
                times.append(row)
                side.end()
        for step, name in enumerate(STEPS):
            (their, they), (our, we) = (tuple(statistics.median(row[step][what] for row in side) for what in (0, 1)) for side in (theirs, ours))
            print(f"| {which} | {name} | {their:.2f} s | {our:.2f} s | {our / their:.2f} | {they / 1e6:.1f} MB | {we / 1e6:.1f} MB |", flush=True)
    finally:
        database.stop()


def timed(step):
    # What earlier steps left to be written must not slow this one.
    os.sync()
    started = time.monotonic()
    step()
    return time.monotonic() - started


def size_of(folder):
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) if folder.exists() else 0


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    assert done.returncode == 0, done
    return done.stdout


class Ours:
    """A vault in a data directory of its own."""

    def __init__(self, program, database, number):
        self.program, self.place, self.target = program, database.home / f"ours-{number}", database.home / f"restored-{number}"
        self.here = ["--data-dir", self.place]
        secret = database.home / "secret"
        secret.write_text(database.password)
        run(program, "resource", "add", database.type, "it", *database.location(), "--secret-file", secret, *self.here)

    def first(self):
        run(self.program, "backup", "start", "it", "--vault", "Default", *self.here)

    second = first

    def restore(self):
        rows = run(self.program, "points", "--output", "json", *self.here)
        newest = max(json.loads(rows), key=lambda row: row["CreationDate"])["RecoveryPointArn"]
        run(self.program, "restore", "start", newest, "--to", self.target, *self.here)

    def end(self):
        shutil.rmtree(self.place)
        shutil.rmtree(self.target)


class PostgreSql:
    type = "RDS"

    def __init__(self, scale):
        import postgresql

        self.of, self.password, self.home = postgresql, postgresql.PASSWORD, postgresql.make_folder()
        self.server = postgresql.Server(self.home).make()
        # Nothing is archived but for a peer that is at work.
        config = self.home / "pgbackrest.conf"
        archive = f"test ! -e {config} || pgbackrest --config={config} --stanza=it archive-push %p"
        with open(self.server.data / "postgresql.auto.conf", "a") as settings:
            settings.write(f"archive_mode = on\narchive_command = '{archive}'\nmax_wal_size = '4GB'\n")
        self.server.start()
        print("filling PostgreSQL …", file=sys.stderr)
        self.bench("-i", "-q", "-s", str(max(1, round(134 * scale))))
        self.server.ask("CHECKPOINT")

    def bench(self, *arguments):
        run(self.of.PROGRAMS / "pgbench", *arguments, "postgres", env=self.server.environment())

    def location(self):
        return ["--url", self.server.url()]

    def change(self):
        self.bench("-n", "-c", "2", "-t", str(TRANSACTIONS // 2))

    def peer(self, number):
        return PgBackRest(self, number)

    def stop(self):
        self.server.stop()
        shutil.rmtree(self.home)


class PgBackRest:
    def __init__(self, database, number):
        self.database, self.place, self.target = database, database.home / f"theirs-{number}", database.home / f"back-{number}"
        self.config = database.home / "pgbackrest.conf"
        for folder in (self.place, self.target, database.home / "logs", database.home / "spool"):
            folder.mkdir(exist_ok=True)
            shutil.chown(folder, database.of.OWNER)
        self.target.chmod(0o700)
        self.config.write_text(f"""[global]
repo1-path={self.place}
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=a-passphrase-of-this-bench
repo1-retention-full=9
compress-type=zst
compress-level=3
process-max=2
start-fast=y
log-path={database.home}/logs
spool-path={database.home}/spool
lock-path={database.home}/spool
[it]
pg1-path={database.server.data}
pg1-port={database.server.port}
pg1-socket-path={database.home}
""")
        shutil.chown(self.config, database.of.OWNER)
        self.do("stanza-create")

    def do(self, *arguments):
        run(*self.database.of.AS_OWNER, "pgbackrest", f"--config={self.config}", "--stanza=it", *arguments, cwd="/",
            env={"PATH": os.environ["PATH"], "PGPASSWORD": self.database.password})

    def first(self):
        self.do("--type=full", "backup")

    def second(self):
        self.do("--type=incr", "backup")

    def restore(self):
        self.do(f"--pg1-path={self.target}", "restore")

    def end(self):
        self.config.unlink()
        shutil.rmtree(self.place)
        shutil.rmtree(self.target)


class MariaDb:
    type = "Aurora"

    def __init__(self, scale):
        import mariadb

        self.password, self.home = mariadb.PASSWORD, mariadb.make_folder()
        self.rows = round(2_000_000 * scale)
        self.server = mariadb.Server(self.home).make()
        print("filling MariaDB …", file=sys.stderr)
        self.server.ask("CREATE DATABASE d; CREATE TABLE d.t (id int PRIMARY KEY, said varchar(1000), n int)")
        words = ", ".join("sha2(rand(), 512)" for _ in range(6))
        for first in range(1, self.rows + 1, 100_000):
            self.server.ask(f"USE d; INSERT INTO t SELECT seq, concat({words}), 0 FROM seq_{first}_to_{min(first + 99_999, self.rows)}")

    def location(self):
        return ["--url", self.server.url("root"), "--path", self.server.data]

    def change(self):
        chosen = (random.randrange(self.rows) + 1 for _ in range(TRANSACTIONS))
        self.server.ask("".join(f"UPDATE d.t SET n = n + 1 WHERE id = {id};" for id in chosen))

    def peer(self, number):
        return MariaDbBackup(self, number)

    def stop(self):
        self.server.stop(hard=True)
        shutil.rmtree(self.home)


class MariaDbBackup:
    def __init__(self, database, number):
        self.database, self.place, self.target = database, database.home / f"theirs-{number}", database.home / f"back-{number}"
        self.place.mkdir()
        self.defaults = database.home / "client.cnf"
        password = database.password.replace("\\", "\\\\").replace('"', '\\"')
        self.defaults.write_text(f'[client]\nuser=root\npassword="{password}"\n')

    def do(self, *arguments):
        run("mariadb-backup", f"--defaults-file={self.defaults}", f"--socket={self.database.server.socket}", f"--datadir={self.database.server.data}", "--parallel=2", *arguments)

    def first(self):
        self.do("--backup", f"--target-dir={self.place}/full")

    def second(self):
        self.do("--backup", f"--target-dir={self.place}/more", f"--incremental-basedir={self.place}/full")

    def restore(self):
        for more in ([], [f"--incremental-dir={self.place}/more"]):
            run("mariadb-backup", "--prepare", f"--target-dir={self.place}/full", *more)
        run("mariadb-backup", "--copy-back", f"--target-dir={self.place}/full", f"--datadir={self.target}")

    def end(self):
        shutil.rmtree(self.place)
        shutil.rmtree(self.target)


if __name__ == "__main__":
    main()
