"""The root of the key ring: a passphrase, a key in AWS KMS (moto's), and moves between them that nothing can break off badly."""

import base64
import http.server
import json
import os
import pathlib
import pty
import select
import subprocess
import threading
import time
import urllib.error
import urllib.request

import boto3
import pytest

from conftest import ACCOUNT, DEBUG, REGION, Engine, clean_environment
from ports import free_port

MOTO = os.environ.get("VAULTDECK_MOTO", ".venv/bin/moto_server")
PASSPHRASE = "correct horse battery staple"
# Every named point of a move, in its order.
POINTS = [
    "key-root-noted", "key-root-switched", "during-rewrapping", "during-rewrapping:2", "during-rewrapping:3",
    "before-rewrapped-secrets", "key-ring-rewrapped", "old-key-root-destroyed",
]


@pytest.fixture
def moto():
    port = free_port()
    process = subprocess.Popen([MOTO, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    kms = boto3.client("kms", endpoint_url=url, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
    until = time.monotonic() + 60
    while True:
        try:
            kms.list_keys()
            break
        except Exception:  # noqa: BLE001 - whatever goes wrong while it starts
            assert time.monotonic() < until, "moto does not answer"
            time.sleep(0.1)
    kms.url = url
    yield kms
    process.terminate()
    process.wait(10)


def id_of(key):
    """The id in the ARN of a key: moto's calls that change one know no ARN."""
    return key.rsplit("/", 1)[1]


@pytest.fixture
def guarded(moto):
    """The way to moto past a door that refuses what AWS refuses and moto lets through: the use of a key that is disabled or
    pending deletion, by a caller without permission, and a key that is not the one that encrypted."""

    class Door(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers["X-Amz-Target"].removeprefix("TrentService.")
            assert f"/{REGION}/kms/aws4_request" in self.headers["Authorization"]
            refusal = self.refusal(operation, json.loads(body))
            if refusal:
                return self.answer(400, json.dumps({"__type": refusal, "message": f"{refusal} by the door"}).encode())
            names = ["Content-Type", "X-Amz-Target", "X-Amz-Date", "Authorization"]
            request = urllib.request.Request(moto.url, body, {name: self.headers[name] for name in names})
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    self.answer(answer.status, answer.read())
            except urllib.error.HTTPError as error:
                self.answer(error.code, error.read())

        def refusal(self, operation, asked):
            if operation not in ("Encrypt", "Decrypt"):
                return None
            if server.denies:
                return "AccessDeniedException"
            try:
                state = moto.describe_key(KeyId=asked["KeyId"])["KeyMetadata"]["KeyState"]
            except moto.exceptions.NotFoundException:
                return "NotFoundException"
            server.asked.append(operation)
            return {"Disabled": "DisabledException", "PendingDeletion": "KMSInvalidStateException"}.get(state)

        def answer(self, status, content):
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.denies, server.asked = False, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


class House:
    """A data directory with a recovery point under each kind of KMS key, whose every secret is asked for again."""

    def __init__(self, folder, binary=DEBUG):
        self.folder, self.data = pathlib.Path(folder), pathlib.Path(folder) / "data"
        self.binary = binary
        (self.folder / "new").write_text(PASSPHRASE + "\n")
        self.config = None
        self.keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        source = self.folder / "source"
        source.mkdir()
        (source / "file").write_text("content")
        (self.folder / "secret").write_text("a password that nobody else knows")

    def engine(self, **environment):
        settings = {**self.keys, **environment}
        if self.config:
            home = self.folder / "config"
            (home / "vaultdeck").mkdir(parents=True, exist_ok=True)
            (home / "vaultdeck" / "config.toml").write_text(self.config)
            settings["XDG_CONFIG_HOME"] = str(home)
        return Engine(self.data, binary=self.binary, environment=settings)

    def with_passphrase(self, **environment):
        return self.engine(VAULTDECK_PASSPHRASE_FILE=str(self.folder / "new"), **environment)

    def fill(self, engine):
        """A vault under the engine's own key, one under a customer's, a recovery point in each."""
        engine.start()
        key = engine.run("key", "add", "--alias", "alias/mine").stdout.strip()
        backup = engine.client()
        backup.create_backup_vault(BackupVaultName="sealed", EncryptionKeyArn=key)
        resource = engine.add_efs("files", self.folder / "source")
        for vault in ["Default", "sealed"]:
            done = engine.run("backup", "start", resource, "--vault", vault, "--output", "json")
            assert json.loads(done.stdout)["State"] == "COMPLETED", done.stdout
        self.access_key = engine.credentials()["SecretAccessKey"]
        engine.stop()
        return self

    def assert_opens(self, engine, round):
        """The access key is the same, and both points restore."""
        engine.start()
        try:
            assert engine.credentials()["SecretAccessKey"] == self.access_key
            points = json.loads(engine.run("points", "--output", "json").stdout)
            assert len(points) == 2 and {point["Status"] for point in points} == {"COMPLETED"}
            for number, point in enumerate(points):
                to = self.folder / f"restored-{round}-{number}"
                engine.run("restore", "start", point["RecoveryPointArn"], "--to", str(to))
                assert (to / "file").read_text() == "content"
            # What is made now is kept too.
            engine.run("key", "add", "--description", str(round))
        finally:
            rest = engine.stop()
        return rest

    def refuses(self, engine, *said):
        done = engine.run("vaults", check=False)
        assert done.returncode == 1, done.stdout + done.stderr
        for words in said:
            assert words in done.stderr, done.stderr
        return done.stderr

    def root(self):
        return self.engine().json("key", "root")

    def move(self, engine, *arguments, check=True):
        return engine.run("key", "root", "move", *arguments, "--output", "json", check=check)


def test_a_move_that_is_killed_anywhere_opens_with_the_old_or_the_new_root(tmp_path):
    for number, point in enumerate(POINTS):
        folder = tmp_path / str(number)
        folder.mkdir()
        house = House(folder)
        house.fill(house.engine())
        killed = house.move(house.engine(VAULTDECK_CRASH_AT=point), "passphrase", "--new-passphrase-file", str(folder / "new"), check=False)
        assert killed.returncode == -9, f"{point}: {killed.returncode} {killed.stderr}"
        switched, ended = point != "key-root-noted", point == "old-key-root-destroyed"
        assert house.root()["Root"] == ("passphrase" if switched else "file"), point
        # The old root alone, as long as the move has not come to its last step.
        if ended:
            house.refuses(house.engine(), "passphrase")
        else:
            house.assert_opens(house.engine(), "old")
        # The new root, with which the move comes to its end.
        house.assert_opens(house.with_passphrase(), "new")
        assert (house.root()["Root"], house.root()["MovingFrom"]) == ("passphrase" if switched else "file", None), point
        assert (house.data / "keys" / "local.key").exists() != switched, point
        assert not (house.data / "keys" / "root-move.json").exists(), point
        if switched:
            house.refuses(house.engine(), "opens with a passphrase, and none was given", "--passphrase-file")


def test_a_passphrase_from_the_making_of_the_directory_to_its_change(tmp_path):
    house = House(tmp_path)
    house.config = '[keys]\nroot = "passphrase"\n'
    house.refuses(house.engine(), "a new passphrase is needed")
    assert not list((house.data / "keys").rglob("*.*"))
    house.fill(house.with_passphrase())
    root = house.root()
    assert (root["Root"], root["Cost"]) == ("passphrase", "scrypt N=2^17, r=8, p=1")
    assert not (house.data / "keys" / "local.key").exists()
    assert (house.data / "keys" / "root.json").stat().st_mode & 0o777 == 0o600

    other = tmp_path / "other"
    other.write_text("another passphrase altogether")
    before = (house.data / "keys" / "root.json").read_bytes()
    wrong = house.engine(VAULTDECK_PASSPHRASE_FILE=str(other))
    said = house.refuses(wrong, "the passphrase does not open the key ring", "Nothing was changed")
    assert "another passphrase altogether" not in said
    assert (house.data / "keys" / "root.json").read_bytes() == before

    # systemd's way, and the config's.
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "vaultdeck-passphrase").write_text(PASSPHRASE)
    house.assert_opens(house.engine(CREDENTIALS_DIRECTORY=str(credentials)), "systemd")
    house.config = f'[keys]\nroot = "passphrase"\npassphrase_file = "{tmp_path / "new"}"\n'
    house.assert_opens(house.engine(), "config")

    changed = house.move(house.engine(), "passphrase", "--new-passphrase-file", str(other))
    assert json.loads(changed.stdout)["Root"] == "passphrase"
    house.refuses(house.engine(), "the passphrase does not open the key ring")
    house.assert_opens(wrong, "changed")
    refused = house.move(wrong, "passphrase", check=False)
    assert refused.returncode == 1 and "a new passphrase is needed" in refused.stderr
    # Back to a file: the config that wants a passphrase must be changed too, and says so.
    back = house.move(wrong, "file")
    assert "still wants another root" in back.stderr, back.stderr
    house.refuses(wrong, "wants the key ring's root to be passphrase", "keys/local.key")
    house.config = None
    house.assert_opens(house.engine(), "file")


def test_a_passphrase_is_typed_unseen_on_a_terminal(tmp_path):
    house = House(tmp_path)
    house.fill(house.engine())

    def type_into(arguments, lines):
        """Runs a command on a terminal of its own, and types when it asks; what the terminal showed, and the exit code."""
        pid, terminal = pty.fork()
        if pid == 0:
            environment = clean_environment(house.data)
            os.execve(house.binary, [house.binary, *arguments, "--data-dir", str(house.data)], environment)
        shown, waiting, until = b"", list(lines), time.monotonic() + 120
        while time.monotonic() < until:
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            try:
                part = os.read(terminal, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
            if waiting and shown.decode(errors="replace").count(waiting[0][0]) >= waiting[0][2]:
                os.write(terminal, waiting.pop(0)[1].encode() + b"\r")
        status = os.waitpid(pid, 0)[1]
        os.close(terminal)
        assert not waiting, f"never asked: {waiting} {shown}"
        return shown.decode(errors="replace"), os.waitstatus_to_exitcode(status)

    new, again, asked = "New passphrase of the key ring: ", "The same again: ", "Passphrase of the key ring: "
    shown, code = type_into(["key", "root", "move", "passphrase"], [(new, PASSPHRASE, 1), (again, "something else", 1)])
    assert code == 1 and "differ" in shown, shown
    assert house.root()["Root"] == "file"
    shown, code = type_into(["key", "root", "move", "passphrase"], [(new, PASSPHRASE, 1), (again, PASSPHRASE, 1)])
    assert code == 0 and PASSPHRASE not in shown, shown
    shown, code = type_into(["vaults"], [(asked, PASSPHRASE, 1)])
    assert code == 0 and "sealed" in shown and PASSPHRASE not in shown, shown
    shown, code = type_into(["vaults"], [(asked, "wrong", 1)])
    assert code == 1 and "does not open" in shown, shown
    house.assert_opens(house.with_passphrase(), "typed")


def test_a_key_in_kms_wraps_all_and_whoever_may_not_use_it_opens_nothing(tmp_path, moto, guarded):
    key = moto.create_key(Description="backups")["KeyMetadata"]["Arn"]
    moto.create_alias(AliasName="alias/backup", TargetKeyId=key)
    alias = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/backup"
    house = House(tmp_path)
    house.fill(house.engine())
    old = (house.data / "keys" / "local.key").read_text().strip()
    house.config = f'[keys]\nroot = "kms"\nkms_key = "{alias}"\nkms_endpoint_url = "{guarded.url}"\n'
    house.refuses(house.engine(), "wants the key ring's root to be kms", "keys/local.key", "vaultdeck key root move")
    moved = json.loads(house.move(house.engine(), "kms").stdout)
    assert (moved["Root"], moved["KmsKeyArn"], moved["MovingFrom"]) == ("kms", key, None)
    house.assert_opens(house.engine(), "kms")

    # The secret is what KMS decrypts, for this root alone; neither it nor the old one lies on the disk.
    record = json.loads((house.data / "keys" / "root.json").read_text())
    blob = base64.b64decode(record["Lock"]["Ciphertext"])
    secret = moto.decrypt(CiphertextBlob=blob, EncryptionContext={"vaultdeck:key-root": record["Name"]})["Plaintext"]
    assert len(secret) == 32
    with pytest.raises(moto.exceptions.InvalidCiphertextException):
        moto.decrypt(CiphertextBlob=blob, EncryptionContext={"vaultdeck:key-root": "another"})
    material = [form for one in (secret, bytes.fromhex(old)) for form in (one, one.hex().encode(), base64.b64encode(one))]
    for file in house.data.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(form in content for form in material), f"{file} tells a root's secret"

    # Another key, and the old one is of no use any more.
    second = moto.create_key(Description="others")["KeyMetadata"]["Arn"]
    house.config = house.config.replace(alias, second)
    house.refuses(house.engine(), "wants the key ring's root to be kms", second)
    house.move(house.engine(), "kms")
    moto.disable_key(KeyId=id_of(key))
    house.assert_opens(house.engine(), "second")

    moto.disable_key(KeyId=id_of(second))
    house.refuses(house.engine(), "is disabled or pending deletion in AWS KMS", "enable it, and try again", second)
    moto.schedule_key_deletion(KeyId=id_of(second), PendingWindowInDays=7)
    house.refuses(house.engine(), "is disabled or pending deletion in AWS KMS", "cancel its deletion")
    moto.cancel_key_deletion(KeyId=id_of(second))
    moto.enable_key(KeyId=id_of(second))
    guarded.denies = True
    house.refuses(house.engine(), "AWS KMS refuses the key of the key ring", "may Encrypt and Decrypt", second)
    guarded.denies = False
    guarded.asked.clear()
    house.assert_opens(house.engine(), "enabled")
    assert guarded.asked == ["Decrypt"], "it is asked once, when the engine starts"
    house.keys = {}
    house.refuses(house.engine(), "no usable credentials for AWS KMS", "log in")
    house.keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    reachable, away = guarded.url, "http://127.0.0.1:1"
    house.config = house.config.replace(reachable, away)
    house.refuses(house.engine(), "AWS KMS does not answer", "try again when it can be reached")
    house.config = house.config.replace(away, reachable)
    unknown = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"
    refused = house.move(house.engine(), "kms", "--kms-key", unknown, check=False)
    assert refused.returncode == 1 and unknown in refused.stderr and "Nothing was changed" in refused.stderr, refused.stderr
    house.assert_opens(house.engine(), "last")

    house.config = f'[keys]\nkms_endpoint_url = "{guarded.url}"\n'
    house.move(house.engine(), "file")
    house.config = None
    house.assert_opens(house.engine(), "file")


def test_a_new_data_directory_under_a_key_in_kms(tmp_path, moto):
    key = moto.create_key(Description="backups")["KeyMetadata"]["Arn"]
    house = House(tmp_path)
    house.config = f'[keys]\nroot = "kms"\nkms_key = "{key}"\nkms_endpoint_url = "{moto.url}"\n'
    engine = house.engine()
    house.fill(engine)
    assert (house.root()["Root"], house.root()["KmsKeyArn"]) == ("kms", key)
    assert not (house.data / "keys" / "local.key").exists()
    house.assert_opens(house.engine(), "again")


def test_no_root_moves_while_an_engine_runs(tmp_path):
    house = House(tmp_path)
    engine = house.engine().start()
    refused = house.move(house.engine(), "passphrase", "--new-passphrase-file", str(tmp_path / "new"), check=False)
    assert refused.returncode == 4 and str(engine.process.pid) in refused.stderr, refused.stderr
    assert house.root()["Root"] == "file", "it is told also beside a live engine"
    engine.stop()
