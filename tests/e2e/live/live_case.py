"""The common part of tests against real systems: rings with the same nodes,
keys, and the comparison."""

import http.client
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from tests.support.clockwise_command import run
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, stub_of

KEYS = 10000
# Printed when a test fails, to repeat it with the same random numbers.
SEED = int(os.environ.get("CLOCKWISE_SEED", random.randrange(1 << 32)))


class LiveCase(unittest.TestCase):
    """One server for the class; a folder and random numbers for each test."""

    @classmethod
    def setUpClass(cls):
        cls.server = RunningServer()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)
        cls.stub, channel = stub_of(cls.server)
        cls.addClassCleanup(channel.close)
        cls.rings = 0

    def setUp(self):
        self.random = random.Random(f"{SEED} {self.id()}")
        self.folder = tempfile.mkdtemp(prefix="clockwise-live-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def new_name(self):
        type(self).rings += 1
        return f"ring-{self.rings}"

    def make_ring(self, layout, nodes, virtual_node_count=0, **settings):
        """Creates a ring of `layout` with `nodes` (keyword arguments of
        pb.Node)."""
        name = self.new_name()
        self.stub.CreateRing(pb.CreateRingRequest(spec=pb.RingSpec(
            name=name, layout=pb.Layout.Value("LAYOUT_" + layout.upper()),
            virtual_node_count=virtual_node_count,
            settings=pb.LayoutSettings(**settings))), timeout=TIMEOUT)
        self.stub.ApplyChanges(pb.ApplyChangesRequest(ring=name, changes=[
            pb.NodeChange(add=pb.Node(**node)) for node in nodes]),
            timeout=TIMEOUT)
        return name

    def import_ring(self, *arguments):
        """Creates a ring with `clockwise import`."""
        name = self.new_name()
        done = run("import", *arguments, f"--ring={name}",
                   server=self.server.grpc)
        self.assertEqual(done.returncode, 0, done.stderr)
        return name

    def owners(self, ring, keys):
        """Returns the IDs of the primaries, by BatchLocate."""
        answer = self.stub.BatchLocate(
            pb.BatchLocateRequest(ring=ring, keys=keys, replica_count=1),
            timeout=TIMEOUT)
        return [answer.nodes[node].node_id for node in answer.owners]

    def compare(self, ring, keys, theirs, spread=True):
        """Fails unless `theirs`, one ID per key, are the owners in the ring.

        Without `spread`, all keys may have the same owner."""
        self.assertEqual(len(keys), len(theirs))
        if spread:
            self.assertGreater(len(set(theirs)), 1, "all keys on one server")
        wrong = [(key, our, their) for key, our, their
                 in zip(keys, self.owners(ring, keys), theirs) if our != their]
        self.assertEqual(
            len(wrong), 0,
            f"of {len(keys)} keys, e.g. {wrong[:3]}; CLOCKWISE_SEED={SEED}")

    def keys(self, alphabet=None, longest=40):
        """Returns random keys of any bytes, or of the bytes of `alphabet`."""
        choices = list(alphabet or range(256))
        return [bytes(self.random.choices(choices,
                                          k=self.random.randint(1, longest)))
                for _ in range(KEYS)]

    def start(self, command, **options):
        """Starts a program that is ended by its process ID at the end of the
        test."""
        with open(os.path.join(self.folder, "log"), "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log,
                                       cwd=self.folder, **options)

        def end():
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.addCleanup(end)
        return process

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def await_port(self, port):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        with open(os.path.join(self.folder, "log"), errors="replace") as log:
            self.fail(f"nothing listens on {port}:\n{log.read()}")


class Connection:
    """A connection to a server on loopback: its socket, and a file to read."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()


def free_ports(count):
    """Returns ports without a listener, below those of outgoing connections."""
    ports = []
    while len(ports) < count:
        port = random.randrange(10000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


# Bytes of a header's value that do not split it and are not trimmed.
HEADER_BYTES = bytes(set(range(33, 127)) - set(b",\"\\")) + bytes(
    range(128, 256))


def get_all(port, keys, header="x-key"):
    """Returns the bodies of the responses to a GET with each key in a
    header."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    bodies = []
    for key in keys:
        connection.request("GET", "/", headers={header: key})
        bodies.append(connection.getresponse().read().decode())
    connection.close()
    return bodies
