"""An Oxigraph of its own: a graph store that speaks SPARQL, on a port that is free."""

import collections
import hashlib
import json
import os
import subprocess
import time
import urllib.error
import urllib.request

from ports import free_port

PROGRAM = os.environ.get("VAULTDECK_OXIGRAPH", ".venv/bin/oxigraph")


class Oxigraph:
    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.folder.mkdir(parents=True)
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        with open(f"{self.folder}.log", "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "serve", "--location", str(self.folder), "--bind", f"127.0.0.1:{self.port}"],
                                            env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(self.url, timeout=5).read()
                return self
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, open(f"{self.folder}.log").read()[-3000:]
                time.sleep(0.05)

    def stop(self):
        self.process.kill()
        self.process.wait(10)

    def post(self, path, kind, body, accept="*/*"):
        request = urllib.request.Request(self.url + path, body if isinstance(body, bytes) else body.encode(), {"Content-Type": kind, "Accept": accept})
        try:
            return urllib.request.urlopen(request, timeout=120).read()
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read()) from error

    def load(self, statements):
        self.post("/store", "application/n-quads", statements)

    def update(self, change):
        self.post("/update", "application/sparql-update", change)

    def seen(self):
        """What a query sees of all graphs: how many statements, and a hash that depends on neither their order nor the labels of blank
        nodes, each of which is known by what is said of it and by it."""
        answer = self.post("/query", "application/sparql-query", "SELECT ?s ?p ?o ?g { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }", "application/sparql-results+json")
        rows = [tuple(json.dumps(row.get(name), sort_keys=True) for name in "spog") for row in json.loads(answer)["results"]["bindings"]]
        is_blank = lambda term: '"type": "bnode"' in term
        known = {term: "blank" for row in rows for term in row if is_blank(term)}
        for _ in range(3):
            told = collections.defaultdict(list)
            for row in rows:
                for term in filter(is_blank, row):
                    told[term].append(tuple("this" if other == term else known.get(other, other) for other in row))
            known = {term: hashlib.sha256(repr(sorted(told[term])).encode()).hexdigest() for term in known}
        hashes = [hashlib.sha256(repr(tuple(known.get(term, term) for term in row)).encode()).digest() for row in rows]
        return len(rows), sum(int.from_bytes(one[:8]) for one in hashes) % 2**64
