#!/usr/bin/python3
"""Tests the client library while everything around it fails. It never uses a
ring that no server had, and never goes back to an older ring. It always finds
the newest ring again, and never reports less staleness than it has."""

import os
import random
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import grpc

from tests.support.etcd_cluster import EtcdCluster
from tests.support.fault_load import connect
from tests.support.paths import ROOT
from tests.support.ring_model import RingModel
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, placement_pb2_grpc
from tests.support.torn_proxy import TornProxy

PROGRAM = os.environ.get("CHAOS_CLIENT",
                         str(ROOT / "build/release/bin/chaos_client"))
SECONDS = float(os.environ.get("CLOCKWISE_CHAOS_SECONDS", "25"))
SEED = int(os.environ.get("CLOCKWISE_SEED", "1"))
KEYS = ["", "user:42", "k1", "k2", "k3"]
FLAGS = ["--watch-heartbeat=0.3", "--history-changes=20", "--replicas=2",
         "--virtual-nodes=20", "--lame-duck=0"]
# Seconds that a message may take on a busy machine, plus the time until a
# process notices that it was stopped.
ON_ITS_WAY = 2.5


class Truth:
    """The rings that existed, and when each was no longer the newest."""

    def __init__(self):
        self.rings = {}       # (incarnation, epoch): (fingerprint, owners)
        self.superseded = {}  # (incarnation, epoch): monotonic seconds, at latest
        self.newest = None

    def learn(self, stub):
        """Reads all epochs since the previous call."""
        top = stub.GetRing(pb.GetRingRequest(), timeout=TIMEOUT,
                           wait_for_ready=True).snapshot
        now = time.monotonic()
        first = 1
        if self.newest and self.newest[0] == top.incarnation:
            first = self.newest[1] + 1
        for epoch in range(max(first, top.epoch - 20), top.epoch + 1):
            ring = top if epoch == top.epoch else stub.GetRing(
                pb.GetRingRequest(epoch=epoch), timeout=TIMEOUT).snapshot
            self._add(ring, now)

    def _add(self, ring, now):
        model = RingModel(ring.spec, ring.nodes)
        assert model.fingerprint() == ring.fingerprint
        owners = [",".join(model.owners(key.encode(), 2)) for key in KEYS
                  ] if ring.nodes else []
        this = (ring.incarnation, ring.epoch)
        if self.newest:
            self.superseded.setdefault(self.newest, now)
        self.rings[this] = (ring.fingerprint, owners)
        self.newest = this


class ChaosClient:
    """The client process, and each line that it prints."""

    def __init__(self, servers, file):
        self.process = subprocess.Popen(
            [PROGRAM, ",".join(servers), file, *KEYS], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def end(self):
        self.process.stdin.close()
        self._thread.join(timeout=30)
        state = self.process.stderr.read()
        code = self.process.wait(30)
        self.process.stderr.close()
        self.process.stdout.close()
        return code, state


class ClientChaosTest(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(SEED)
        self.truth = Truth()
        self.cluster = self.enterContext(EtcdCluster())
        self.servers = [self.enterContext(RunningServer(
            store=self.cluster.store, flags=FLAGS)) for _ in range(2)]
        self.proxy = self.enterContext(TornProxy(self.servers[0].grpc))
        self.file = os.path.join(self.enterContext(
            tempfile.TemporaryDirectory(prefix="clockwise-chaos-")), "ring")
        self.nodes = 0
        self.members = []
        self.change()
        self.client = self.start_client()

    def start_client(self):
        return ChaosClient([self.proxy.address, self.servers[1].grpc], self.file)

    def stub(self, server):
        channel = connect(server.grpc)
        self.addCleanup(channel.close)
        return placement_pb2_grpc.PlacementServiceStub(channel)

    def change(self, at=1):
        """Adds a node and removes another, and records the result."""
        self.nodes += 1
        request = pb.ApplyChangesRequest(request_id=f"c{self.nodes}", changes=[
            pb.NodeChange(add=pb.Node(id=f"n{self.nodes}"))])
        self.members.append(f"n{self.nodes}")
        if len(self.members) > 6:
            request.changes.add().remove = self.members.pop(0)
        stub = self.stub(self.servers[at])
        for _ in range(100):
            try:
                stub.ApplyChanges(request, timeout=5, wait_for_ready=True)
                break
            except grpc.RpcError as error:
                if error.code() not in (grpc.StatusCode.UNAVAILABLE,
                                        grpc.StatusCode.ABORTED,
                                        grpc.StatusCode.DEADLINE_EXCEEDED):
                    raise
                time.sleep(0.05)
        self.truth.learn(stub)

    # The faults; each takes one to three seconds.
    def burst(self):
        for _ in range(15):
            self.change()

    def killed(self):
        at = self.random.randrange(2)
        self.servers[at].kill()
        self.change(1 - at)
        time.sleep(self.random.random())
        self.servers[at].start()

    def both_killed(self):
        for server in self.servers:
            server.kill()
        time.sleep(1)
        for server in self.servers:
            server.start()

    def torn(self):
        self.proxy.tear(10, 2000)
        for _ in range(10):
            self.change()
            time.sleep(0.1)
        self.proxy.heal()

    def swallowed(self):
        self.proxy.blackhole()
        for _ in range(5):
            self.change()
            time.sleep(0.4)
        self.proxy.heal()

    def paused(self):
        server = self.servers[self.random.randrange(2)]
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(2)
        server.process.send_signal(signal.SIGCONT)
        self.change()

    def far_behind(self):
        """Makes more changes than history keeps while the client is stopped."""
        self.client.process.send_signal(signal.SIGSTOP)
        for _ in range(25):
            self.change()
        time.sleep(2)
        self.client.process.send_signal(signal.SIGCONT)

    def compacted(self):
        self.cluster.compact()
        self.change()

    def wiped(self):
        for server in self.servers:
            server.kill()
        subprocess.run(["etcdctl", "--endpoints", self.cluster.addresses[0],
                        "del", "--prefix", ""], check=True, timeout=20,
                       stdout=subprocess.DEVNULL,
                       env={**os.environ, "ETCDCTL_API": "3"})
        self.members = []
        for server in self.servers:
            server.start()
        self.change()

    def restarted(self):
        """Restarts the client from its file while no server runs."""
        self.converged()
        time.sleep(0.5)
        for server in self.servers:
            server.kill()
        self.check(self.client)
        self.client = self.start_client()
        time.sleep(1)
        self.assertIn("\tfile\t", self.client.lines[-1])
        self.assertNotIn("none", self.client.lines[-1])
        for server in self.servers:
            server.start()

    def test_it_is_never_wrong_and_never_stale_without_saying_so(self):
        happenings = [self.burst, self.killed, self.both_killed, self.torn,
                      self.swallowed, self.paused, self.far_behind,
                      self.compacted, self.wiped, self.restarted]
        until = time.monotonic() + SECONDS
        count = 0
        while time.monotonic() < until:
            self.random.shuffle(happenings)
            for happening in happenings:
                happening()
                count += 1
                if self.random.random() < 0.5:
                    self.converged()
        self.change()
        self.converged()
        self.check(self.client)
        print(f"{count} happenings, {len(self.truth.rings)} rings", flush=True)

    def converged(self):
        incarnation, epoch = self.truth.newest
        for _ in range(300):
            if f"\t{epoch}\t{incarnation}\t" in "".join(
                    self.client.lines[-1:]):
                return
            time.sleep(0.05)
        self.fail(f"{self.client.lines[-1]}: never reached epoch {epoch}")

    def check(self, client):
        code, state = client.end()
        self.assertEqual(code, 0, state)
        print(f"{len(client.lines)} answers; {state.strip()}", flush=True)
        self.assertIn(" 0 mismatches", state)
        self.assertGreater(len(client.lines), 100)
        before, stalest = (0, 0), 0
        for line in client.lines:
            when, staleness, _, *ring = line.rstrip("\n").split("\t")
            if ring in (["none"], ["changed"]):
                continue
            epoch, incarnation, fingerprint, *owners = ring
            this = (int(incarnation), int(epoch))
            self.assertEqual(self.truth.rings.get(this),
                             (int(fingerprint), owners), line)
            if this[0] == before[0]:
                self.assertGreaterEqual(this, before, "it went back")
            before = this
            if this in self.truth.superseded:
                stale = int(when) / 1e9 - self.truth.superseded[this]
                stalest = max(stalest, stale)
                self.assertGreaterEqual(int(staleness) / 1e3 + ON_ITS_WAY,
                                        stale, line)
        print(f"at most {stalest:.2f} s behind", flush=True)


if __name__ == "__main__":
    unittest.main()
