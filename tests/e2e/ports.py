"""Ports of 127.0.0.1 for the servers of the tests."""

import contextlib
import itertools
import os
import socket

# Below what the kernel gives to whoever connects or asks for any port: nobody takes one between its choice and its server's start.
FIRST, COUNT = 10_000, 10_000
# SeaweedFS speaks gRPC 10,000 above each of its ports. These are no ports of this module.
GRPC = 10_000
# Sessions beside each other, whose process ids lie close together, begin far from each other.
ORDER = itertools.count(os.getpid() * 499)


def free_port():
    """A port that is free, and the one for its gRPC too. None is given twice."""
    for number in itertools.islice(ORDER, COUNT):
        port = FIRST + number % COUNT
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)), socket.create_server(("127.0.0.1", port + GRPC)):
            return port
    raise AssertionError("no port is free")
