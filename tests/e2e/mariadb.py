"""A MariaDB of its own, as a user that may run one, on a port that is free."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

from ports import free_port

PASSWORD = "p@:/ %s\"ecret"
# A server does not want to be root's.
OWNER = "mysql" if os.geteuid() == 0 else None
AS_OWNER = [f"--user={OWNER}"] if OWNER else []
# Runs a program on a machine of another name, as a container does.
IN_A_BOX = ["unshare", *([] if OWNER else ["--user", "--map-root-user"]), "--uts", "sh", "-c", 'echo box > /proc/sys/kernel/hostname; exec "$@"', "sh"]
# A setting of the machine's own servers is none of these.
ALONE = "--no-defaults"


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


class Server:
    """A server on a data directory, which is made if it is not there."""

    def __init__(self, folder, name="source"):
        self.folder, self.data, self.port, self.process = folder, folder / name, free_port(), None
        self.socket = folder / f"{name}.sock"
        self.as_owner = AS_OWNER
        # A server that starts takes every temporary table out of its folder for them, whosesoever it is.
        own = folder / f"{name}.tmp"
        own.mkdir(exist_ok=True)
        own.chmod(0o1777)
        self.environment = {**os.environ, "TMPDIR": str(own)}

    def make(self):
        made = subprocess.run(["mariadb-install-db", ALONE, *AS_OWNER, f"--datadir={self.data}", "--auth-root-authentication-method=normal", "--skip-test-db"],
                              env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        assert made.returncode == 0, made
        self.start(password="")
        quoted = PASSWORD.replace('"', '\\"')
        self.ask(f'ALTER USER root@localhost IDENTIFIED BY "{quoted}"', password="")
        return self

    def start(self, *settings, password=PASSWORD, within=()):
        log = open(self.folder / f"{self.data.name}.log", "ab")
        told = [f"--datadir={self.data}", f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self.socket}", f"--pid-file={self.socket}.pid"]
        self.process = subprocess.Popen([*within, "mariadbd", ALONE, *self.as_owner, *told, "--innodb-flush-log-at-trx-commit=0", *settings],
                                        env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        deadline = time.monotonic() + 60
        while self.client("SELECT 1", password=password).returncode != 0:
            assert self.process.poll() is None and time.monotonic() < deadline, (self.folder / f"{self.data.name}.log").read_text()[-3000:]
            time.sleep(0.1)
        return self

    def stop(self, hard=False):
        if self.process:
            self.process.kill() if hard else self.process.terminate()
            self.process.wait(60)
            self.process = None

    def client(self, question, password=PASSWORD, user="root"):
        environment = {"PATH": os.environ["PATH"], "MYSQL_PWD": password}
        return subprocess.run(["mariadb", ALONE, f"--socket={self.socket}", f"--user={user}", "--batch", "--skip-column-names", "--comments", "--default-character-set=utf8mb4"],
                              env=environment, input=question, capture_output=True, text=True, timeout=120)

    def ask(self, question, **options):
        done = self.client(question, **options)
        assert done.returncode == 0, done
        return done.stdout.strip()

    def fill(self):
        """Tables of three engines, a view on a view, a trigger, a routine, an event and a user."""
        self.ask("""
            CREATE DATABASE shop DEFAULT CHARACTER SET utf8mb4; CREATE DATABASE `größe und-mehr`; USE shop;
            CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY, said text, bytes varbinary(40), at datetime(6), price decimal(30,10), ratio double) ENGINE=InnoDB;
            INSERT INTO orders (said, bytes, at, price, ratio) SELECT repeat('größe ', seq % 40), unhex(md5(seq)), '2026-01-01' + INTERVAL seq SECOND, seq / 7, 1 / seq FROM seq_1_to_60000;
            INSERT INTO orders (said, bytes) VALUES ('-- Table structure for table `kinds`\n--\n''quoted''\\\\', x'00ff0a0d5c27'), (NULL, NULL), ('', '');
            CREATE TABLE kinds (id int PRIMARY KEY, said text) ENGINE=Aria; INSERT INTO kinds SELECT seq, md5(seq) FROM seq_1_to_500;
            CREATE TABLE old (id int PRIMARY KEY, said text) ENGINE=MyISAM; INSERT INTO old SELECT seq, md5(seq) FROM seq_1_to_500;
            CREATE TABLE items (id int PRIMARY KEY, of int, FOREIGN KEY (of) REFERENCES orders (id)) ENGINE=InnoDB; INSERT INTO items SELECT seq, seq FROM seq_1_to_500;
            CREATE TABLE nothing (id int) ENGINE=InnoDB;
            CREATE SEQUENCE `z behind` START WITH 7; CREATE TABLE numbered (id int DEFAULT nextval(`z behind`), said text) ENGINE=InnoDB; INSERT INTO numbered (said) VALUES ('first'), ('second');
            CREATE VIEW a_view AS SELECT id, said FROM orders WHERE id < 10; CREATE VIEW `a first view` AS SELECT * FROM a_view;
            CREATE TRIGGER counted BEFORE INSERT ON old FOR EACH ROW SET /* what for; it's */ NEW.said = concat(NEW.said, '!');
            CREATE PROCEDURE twice(IN n int) SELECT /* kept */ 2 * n; CREATE EVENT never ON SCHEDULE EVERY 1 YEAR DISABLE DO DELETE FROM nothing;
            CREATE TABLE `größe und-mehr`.`t/../1.sql` (`a b` int PRIMARY KEY, `ü` text); INSERT INTO `größe und-mehr`.`t/../1.sql` VALUES (1, 'ü');
            CREATE USER reader@localhost IDENTIFIED BY 'other'; GRANT SELECT ON shop.* TO reader@localhost;
        """)
        return self

    def seen(self):
        """What a client sees of every table and view: how many rows, and a hash that does not depend on their order. And what else there is."""
        columns = self.ask("""SELECT table_schema, table_name, group_concat(concat('ifnull(hex(`', replace(column_name, '`', '``'), '`), "-")') ORDER BY ordinal_position)
            FROM information_schema.columns WHERE table_schema NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') GROUP BY 1, 2""")
        rows = [line.split("\t") for line in columns.splitlines()]
        seen = {(schema, table): self.ask(f"SELECT count(*), sum(cast(conv(left(md5(concat_ws('#', {hashed})), 15), 16, 10) AS decimal(30))) FROM {quoted(schema)}.{quoted(table)}") for schema, table, hashed in rows}
        seen["more"] = self.ask("""SELECT 'trigger', trigger_schema, trigger_name, action_statement FROM information_schema.triggers WHERE trigger_schema <> 'sys'
            UNION SELECT routine_type, routine_schema, routine_name, routine_definition FROM information_schema.routines WHERE routine_schema NOT IN ('sys', 'mysql')
            UNION SELECT 'event', event_schema, event_name, event_definition FROM information_schema.events
            UNION SELECT table_type, table_schema, table_name, engine FROM information_schema.tables WHERE table_schema NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY 1, 2, 3""")
        return seen

    def users(self):
        return self.ask("SELECT user, host, ifnull(json_value(priv, '$.authentication_string'), '') FROM mysql.global_priv ORDER BY 1, 2")

    def url(self, user="root"):
        return f"mysql://{user}@127.0.0.1:{self.port}"


class Workers(threading.Thread):
    """As whom MariaDB's programs run whose home is below a folder: each program's name with the ids of its users."""

    def __init__(self, above):
        super().__init__(daemon=True)
        self.above, self.found, self.is_over = str(above), {}, threading.Event()

    def run(self):
        while not self.is_over.wait(0.01):
            for process in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    name = (process / "comm").read_text().strip()
                    if name.startswith("mariadb") and str((process / "cwd").resolve()).startswith(self.above):
                        uid = (process / "status").read_text().split("Uid:")[1].split()[1]
                        self.found.setdefault(name, set()).add(int(uid))
                except OSError:
                    pass

    def __enter__(self):
        self.start()
        return self.found

    def __exit__(self, *_):
        self.is_over.set()
        self.join()


def make_folder():
    """A folder that the server's user can reach; pytest's are root's alone."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vaultdeck-mariadb-"))
    if OWNER:
        shutil.chown(folder, OWNER, OWNER)
    return folder
