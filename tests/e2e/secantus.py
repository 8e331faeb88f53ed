"""A SecantusDB of its own, which speaks MongoDB's protocol, on a port that is free."""

import hashlib
import os
import pathlib
import subprocess
import sys
import time
import urllib.parse

import bson
import pymongo
from bson import raw_bson

from ports import free_port

PROGRAM = os.environ.get("VAULTDECK_SECANTUS") or str(pathlib.Path(sys.executable).parent / "secantusd-py")
RAW = bson.codec_options.CodecOptions(document_class=raw_bson.RawBSONDocument)
ITS_OWN = {"admin", "config", "local"}


class Server:
    """A server on a folder, which it makes if it is not there."""

    def __init__(self, folder, *arguments):
        self.folder, self.arguments, self.port, self.process = folder, arguments, free_port(), None
        self.user = self.password = None

    def start(self, *arguments):
        command = [PROGRAM, "--host", "127.0.0.1", "--port", str(self.port), "--storage-path", str(self.folder), "--cache-size", "128M", *self.arguments, *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.client().admin.command("ping")
                return self
            except pymongo.errors.PyMongoError:
                assert time.monotonic() < deadline and self.process.poll() is None, "the server does not come up"
                time.sleep(0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def with_user(self, user, password, roles=("root",)):
        """Makes a user, and starts anew so that one is needed."""
        self.client().admin.command("createUser", user, pwd=password, roles=list(roles))
        self.stop()
        self.user, self.password = user, password
        return self.start("--auth")

    def client(self):
        login = {"username": self.user, "password": self.password} if self.user else {}
        return pymongo.MongoClient("127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=2000, **login)

    def url(self, user=None):
        user = user or self.user
        login = f"{urllib.parse.quote(user, safe='')}@" if user else ""
        return f"mongodb://{login}127.0.0.1:{self.port}/?directConnection=true"

    def seen(self, ending=""):
        """What a client sees of the databases that end so: of each collection how many documents, a hash of their bytes that does
        not depend on their order, its options, and its indexes by name."""
        client, found = self.client(), {}
        for name in client.list_database_names():
            if name in ITS_OWN or not name.endswith(ending):
                continue
            for row in client[name].list_collections():
                collection = client[name].get_collection(row["name"], codec_options=RAW)
                bodies = [document.raw for document in collection.find()]
                digest = sum(int.from_bytes(hashlib.sha256(body).digest()[:8], "big") for body in bodies) % 2**64
                indexes = {} if row["type"] == "view" else {index["name"]: dict(index) for index in client[name][row["name"]].list_indexes()}
                found[f"{name.removesuffix(ending)}.{row['name']}"] = (len(bodies), digest, repr(sorted(row["options"].items())), repr(sorted(indexes.items())))
        return found
