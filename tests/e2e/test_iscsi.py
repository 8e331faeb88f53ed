"""A volume that a real tgtd serves by iSCSI, as a gateway's: it comes back bit by bit, into an image and into a unit again."""

import pathlib
import re
import subprocess
import time

import pytest

import qemu
from conftest import ACCOUNT, REGION, ROLE, back_up
from ports import free_port
from test_volumes import MIB, change_pages, completed, digest, make_image, open_handed, restore, stored  # noqa: F401
from tgt import TARGET, Tgt

SIZE = 48 * MIB
FILLED = 16 * MIB
# However what else is in it is written, this stays as it is.
MARK = "Zq7pl41n"
PASSWORD = MARK + "@:/ %,w'\"x"


@pytest.fixture
def gateway(tmp_path):
    served = Tgt(tmp_path, make_image(tmp_path / "unit.img", filled=FILLED, size=SIZE))
    yield served
    served.stop()


def add(engine, name, url, secret=None, check=True):
    more = ["--secret-file", str(secret)] if secret else []
    return engine.run("resource", "add", "Storage Gateway", name, "--url", url, *more, "--output", "json", check=check)


def arn_of(added):
    return re.search(r"arn:aws:storagegateway:[^\"\s]+", added.stdout).group()


def programs_of(engine):
    """What the engine has started and what of it is left."""
    found = subprocess.run(["ps", "-o", "args=", "--ppid", str(engine.process.pid)], capture_output=True, text=True)
    return [line for line in found.stdout.splitlines() if "qemu" in line]


def sockets():
    return sorted(pathlib.Path("/tmp").glob("vaultdeck-iscsi-*"))


def read_by_qemu(gateway, folder, name):
    """What an initiator that is not ours reads of the unit."""
    qemu.run("qemu-img", "convert", "-f", "raw", "-O", "raw", gateway.url(), folder / name)
    return digest(folder / name)


def test_a_unit_is_backed_up_changed_backed_up_again_and_restored_as_it_was(open_handed, gateway, tmp_path):  # noqa: F811
    engine = open_handed
    backup, before = engine.client(), sockets()
    gateway.start()
    resource = arn_of(add(engine, "disk", gateway.url()))
    assert re.fullmatch(rf"arn:aws:storagegateway:{REGION}:{ACCOUNT}:gateway/sgw-[0-9A-F]{{8}}/volume/vol-[0-9a-f]{{17}}", resource)
    was = read_by_qemu(gateway, tmp_path, "was.raw")
    first = completed(back_up(backup, resource))
    at_first, pages = stored(engine), FILLED // 4096
    assert at_first > FILLED

    # half a percent of the pages changes, written by another initiator
    change_pages(gateway.image, pages, pages // 200)
    now = read_by_qemu(gateway, tmp_path, "now.raw")
    second = completed(back_up(backup, resource))
    again = stored(engine) - at_first
    print(f"0.5 % of {pages} pages changed: {100 * again / FILLED:.2f} % stored again")
    assert now != was and again <= 0.08 * FILLED

    # the first comes back into an image, and from there into the unit
    image = tmp_path / "restored.img"
    done = completed(restore(backup, first["RecoveryPointArn"], "Storage Gateway", **{"vaultdeck:path": str(image)}))
    assert done["CreatedResourceArn"].startswith(resource.split("/volume/")[0]) and digest(image) == was
    qemu.run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", image, gateway.url())
    assert read_by_qemu(gateway, tmp_path, "back.raw") == was
    engine.run("restore", "start", second["RecoveryPointArn"], "--to", str(tmp_path / "second.img"))
    assert digest(tmp_path / "second.img") == now

    # others may write while it is read: nothing is promised
    details = engine.json("point", "show", second["RecoveryPointArn"])["Details"]
    assert details["Consistency"] == "none" and details["VolumeSize"] == str(SIZE)
    # and nothing is left: no program, no connection, no socket
    assert (programs_of(engine), gateway.connected(), sockets()) == ([], 0, before)


def test_a_password_goes_by_no_argument_and_is_in_no_message(open_handed, gateway, tmp_path):  # noqa: F811
    engine = open_handed
    gateway.start(user="ada", password=PASSWORD)
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text(PASSWORD)
    wrong.write_text("hunter2hunter2")
    resource = arn_of(add(engine, "disk", gateway.url(user="ada"), right))

    # while it is read, no argument and no environment of what runs has it
    image = tmp_path / "restored.img"
    seen, started = set(), engine.client().start_backup_job(BackupVaultName="Default", ResourceArn=resource, IamRoleArn=ROLE)
    deadline = time.monotonic() + 60
    while True:
        job = engine.client().describe_backup_job(BackupJobId=started["BackupJobId"])
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                said = (folder / "cmdline").read_bytes()
                if b"qemu-nbd" in said and TARGET.encode() in said:
                    seen.add(said + (folder / "environ").read_bytes())
            except OSError:
                pass
        if job["State"] in ("COMPLETED", "FAILED"):
            break
        assert time.monotonic() < deadline, job
    assert job["State"] == "COMPLETED" and seen and not any(MARK.encode() in said for said in seen), job
    completed(restore(engine.client(), job["RecoveryPointArn"], "Storage Gateway", **{"vaultdeck:path": str(image)}))
    assert digest(image) == digest(gateway.image)

    # a wrong one, one without a user and a user without one are refused
    for url, secret, told in [
        (gateway.url(user="ada"), wrong, "lets not \"ada\" in"),
        (gateway.url(), None, "lets nobody without a name in"),
        (gateway.url(), right, "names no user whose password that is"),
        (gateway.url(user="ada"), None, "whose password is missing"),
        (gateway.url(user="ada%25hunter2"), None, "names a user"),
        (gateway.url(user="ada:hunter2"), None, "must have no password"),
    ]:
        refused = add(engine, "other", url, secret, check=False)
        said = refused.stdout + refused.stderr
        assert refused.returncode != 0 and told in said.replace('\\"', '"'), (url, said)
        assert "hunter2hunter2" not in said and MARK not in said

    # nor has the engine said it anywhere
    engine.process.terminate()
    engine.process.wait(8)
    log = engine.process.stderr.read()
    engine.close_pipes()
    assert MARK not in log + str(job) and "hunter2hunter2" not in log


def test_what_is_away_or_not_there_is_named(engine, gateway, tmp_path):
    gateway.start()
    for url, told in [
        (gateway.url(unit=7), "no such unit"),
        (gateway.url(target="iqn.2026-11.test:other"), "no such target"),
        (f"iscsi://127.0.0.1:{free_port()}/{TARGET}/1", "cannot be reached"),
        (f"iscsi://127.0.0.1:{gateway.port}/disk/1", "where TARGET is a name"),
        (f"nbd://127.0.0.1:{gateway.port}/disk", "NBD"),
    ]:
        refused = add(engine, "other", url, check=False)
        assert refused.returncode != 0 and told in refused.stdout + refused.stderr, (url, refused.stderr)

    # one that goes away after it was registered fails its backups by name, and nothing stays
    before = sockets()
    resource = arn_of(add(engine, "disk", gateway.url()))
    gateway.admin("--op", "delete", "--mode", "logicalunit", "--tid", "1", "--lun", "1")
    job = back_up(engine.client(), resource)
    assert job["State"] == "FAILED" and "no such unit" in job["StatusMessage"], job
    assert engine.client().list_recovery_points_by_backup_vault(BackupVaultName="Default")["RecoveryPoints"] == []
    assert (programs_of(engine), gateway.connected(), sockets()) == ([], 0, before)
