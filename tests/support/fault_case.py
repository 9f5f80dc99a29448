"""The base class of the tests of the fault suite."""

import os
import time
import unittest
import urllib.error
import urllib.request

from tests.support.fault_checker import Checker, ending_of
from tests.support.fault_load import connect
from tests.support.paths import ROOT
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, placement_pb2_grpc, stub_of

FAULTS = os.environ.get(
    "CLOCKWISED_FAULTS", str(ROOT / "build/release/bin/clockwised_faults"))
SQLITE = "sqlite:{folder}/rings.db"
# Frequent heartbeats reveal a silent watcher; the checker needs all history.
FLAGS = ["--watch-heartbeat=0.3", "--history-changes=1000000"]


def http(server, page):
    """Returns the status and text of a page of the HTTP port."""
    try:
        with urllib.request.urlopen(f"http://{server.http}{page}",
                                    timeout=TIMEOUT) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def eventually(what, seconds=20):
    """Returns true if `what()` becomes true in time."""
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


class FaultCase(unittest.TestCase):
    """Ends each test by checking everything that its programs received."""

    def setUp(self):
        self.kills = 0

    def stub(self, server):
        stub, channel = stub_of(server)
        self.addCleanup(channel.close)
        return stub

    def server(self, store, flags=(), **more):
        return self.enterContext(RunningServer(
            store=store, flags=[*FLAGS, *flags], **more))

    def replicas(self, cluster, count=2, **more):
        return [self.server(cluster.store, **more) for _ in range(count)]

    def check(self, record, servers, failures_allowed=False):
        """Fails on every inconsistency, and prints what was checked."""
        checker = Checker()
        checker.check(record, self.endings(servers))
        self.assertEqual(checker.faults[:20], [])
        self.assertGreater(len(record.acknowledged), 0)
        self.assertEqual(record.refused, {})
        if not failures_allowed:
            self.assertEqual(record.failures[:5], [])
        events = sum(len(stream) for stream in record.streams)
        print(f"{self._testMethodName}: {self.kills} kills, "
              f"{record.requests()} changes, {len(record.acknowledged)} "
              f"acknowledged, {len(record.unknown)} unknown, {events} events, "
              f"{len(record.answers)} Locates, {len(record.failures)} failed, "
              f"{checker.checks} checks, 0 faults", flush=True)

    @staticmethod
    def endings(servers):
        """Returns the state of all servers after they have caught up with each
        other."""
        channels = [connect(server.grpc) for server in servers]
        stubs = [placement_pb2_grpc.PlacementServiceStub(channel)
                 for channel in channels]
        for _ in range(200):
            endings = [ending_of(stub) for stub in stubs]
            if len({ending.epoch for ending in endings}) == 1:
                break
            time.sleep(0.1)
        for channel in channels:
            channel.close()
        return endings

    @staticmethod
    def longest_gap(record):
        """Returns the longest time between two acknowledgements, in seconds."""
        times = sorted(record.times)
        return max((b - a for a, b in zip(times, times[1:])), default=0)
