"""qemu's tools: images of its own form, and a server of them."""

import json
import os
import pathlib
import socket
import subprocess
import time

from ports import free_port


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


class Nbd:
    """A `qemu-nbd` that serves one image, read-only, on 127.0.0.1; on the same port each time."""

    def __init__(self, image, export="disk", form="qcow2", arguments=("--read-only",)):
        self.image, self.export, self.form, self.arguments = image, export, form, list(arguments)
        self.port, self.process = free_port(), None
        self.url = f"nbd://127.0.0.1:{self.port}/{export}"

    def start(self, *arguments):
        command = ["qemu-nbd", "--persistent", "--bind=127.0.0.1", f"--port={self.port}", f"--export-name={self.export}", f"--format={self.form}",
                   *self.arguments, *arguments, str(self.image)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 30
        while True:
            assert self.process.poll() is None and time.monotonic() < deadline, self.process.stderr.read()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            # It only reads, and asked to end it may wait for whoever has just gone.
            self.process.kill()
            self.process.wait(10)
            self.process.stderr.close()


def raw_of(image, folder):
    """What a guest sees of a qcow2 image, as a raw file made by qemu itself."""
    raw = pathlib.Path(folder) / f"{pathlib.Path(image).name}.raw"
    run("qemu-img", "convert", "-f", "qcow2", "-O", "raw", image, raw)
    return raw


def write(image, *places):
    """Write 4 KiB at each of these places, as a guest does."""
    commands = [part for number, place in enumerate(places) for part in ("-c", f"write -P {number % 200 + 20} {place} 4k")]
    run("qemu-io", "-f", "qcow2", *commands, image)


def bitmaps(image):
    told = json.loads(run("qemu-img", "info", "--output=json", image))
    return [row["name"] for row in told["format-specific"]["data"].get("bitmaps", [])]


class Loop:
    """A loop device of an image, as root."""

    def __init__(self, image, *options):
        self.path = run("losetup", "--find", "--show", *options, image).strip()

    def detach(self):
        run("losetup", "--detach", self.path)


def is_root():
    return os.geteuid() == 0
