"""A PostgreSQL of its own, as a user that may run one, on a port that is free."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from ports import free_port

PROGRAMS = max(pathlib.Path("/usr/lib/postgresql").glob("[0-9]*/bin/postgres"), key=lambda path: int(path.parts[4])).parent
PASSWORD = "p@:/ %s\"ecret"
# A server refuses to be root's.
AS_OWNER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
OWNER = "postgres" if os.geteuid() == 0 else None


class Server:
    """A server on a data directory, which is made if it is not there."""

    def __init__(self, folder, name="source", programs=PROGRAMS, **settings):
        self.folder, self.data, self.port, self.programs = folder, folder / name, free_port(), programs
        self.settings = {"fsync": "off", "listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder), **settings}
        self.runs = False

    def owned(self, program, *arguments, **options):
        return subprocess.run([*AS_OWNER, self.programs / program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/", timeout=120, **options)

    def make(self, *more):
        password = self.folder / "password"
        password.write_text(PASSWORD)
        if OWNER:
            shutil.chown(password, OWNER)
        made = self.owned("initdb", "-D", self.data, "-A", "scram-sha-256", "-U", "postgres", "--no-sync", "--data-checksums", f"--pwfile={password}", *more)
        assert made.returncode == 0, made
        password.unlink()
        return self

    def start(self, **settings):
        told = " ".join(f"-c {name}={value}" for name, value in {**self.settings, **settings}.items())
        started = self.owned("pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "-o", f"-p {self.port} {told}", "start")
        assert started.returncode == 0, (started, (self.folder / "log").read_text()[-3000:])
        self.runs = True
        return self

    def stop(self, mode="immediate"):
        if self.runs:
            self.owned("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")
            self.runs = False

    def environment(self):
        return {"PATH": os.environ["PATH"], "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres", "PGPASSWORD": PASSWORD}

    def run(self, program, *arguments):
        done = subprocess.run([self.programs / program, *arguments], env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done
        return done.stdout

    def ask(self, question):
        return self.run("psql", "-X", "-A", "-t", "-d", "postgres", "-c", question).strip()

    def seen(self):
        """What a client sees of every table: how many rows, and a hash that does not depend on their order."""
        tables = self.ask("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1")
        digest = "sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint)"
        return {table: self.ask(f"SELECT count(*), {digest} FROM {table} t") for table in tables.splitlines()}

    def url(self, user="postgres"):
        return f"postgresql://{user}@127.0.0.1:{self.port}"


def unpack_18():
    """PostgreSQL 18, in a folder that the servers' user can reach: its programs are in `bin`."""
    folder = make_folder()
    shutil.copytree(os.environ["VAULTDECK_POSTGRESQL18"], folder / "pgsql", symlinks=True)
    return folder, folder / "pgsql" / "bin"


def make_folder():
    """A folder that the server's user can reach; pytest's are root's alone."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vaultdeck-pg-"))
    if OWNER:
        shutil.chown(folder, OWNER, OWNER)
    return folder
