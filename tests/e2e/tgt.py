"""A `tgtd`, which serves iSCSI in user space: one target with one unit, on 127.0.0.1."""

import itertools
import os
import signal
import socket
import subprocess
import time

import qemu
from ports import free_port

TARGET = "iqn.2026-11.test.vaultdeck:disk"
# Several of them on one machine are told apart by a number.
NUMBERS = itertools.count(os.getpid() % 1000 * 30 + 100)


class Tgt:
    def __init__(self, folder, image, port=None):
        self.folder, self.image, self.port, self.process = folder, image, port or free_port(), None
        self.number = next(NUMBERS)

    def admin(self, *arguments):
        return qemu.run("tgtadm", "-C", self.number, "--lld", "iscsi", *arguments)

    def start(self, user=None, password=None):
        command = ["tgtd", "-f", "--iscsi", f"portal=127.0.0.1:{self.port}", "-C", str(self.number)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
        deadline = time.monotonic() + 30
        while True:
            assert self.process.poll() is None and time.monotonic() < deadline, "tgtd does not start"
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        self.admin("--op", "new", "--mode", "target", "--tid", "1", "-T", TARGET)
        self.admin("--op", "new", "--mode", "logicalunit", "--tid", "1", "--lun", "1", "-b", self.image)
        self.admin("--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL")
        if user:
            self.admin("--op", "new", "--mode", "account", "--user", user, "--password", password)
            self.admin("--op", "bind", "--mode", "account", "--tid", "1", "--user", user)
        return self

    def url(self, unit=1, user="", target=TARGET):
        return f"iscsi://{user and user + '@'}127.0.0.1:{self.port}/{target}/{unit}"

    def connected(self):
        """How many initiators are there."""
        shown = self.admin("--op", "show", "--mode", "conn", "--tid", "1")
        return shown.count("Connection:")

    def stop(self):
        # SIGTERM does not end it.
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)
