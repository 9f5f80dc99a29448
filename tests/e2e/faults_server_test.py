#!/usr/bin/python3
"""Tests faults of the server itself: its clock is set back, it is replaced
under load, its disk is full, its file is damaged."""

import glob
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import grpc

from tests.support.etcd_cluster import EtcdCluster
from tests.support.fault_case import SQLITE, FaultCase
from tests.support.fault_checker import ending_of
from tests.support.fault_load import Load
from tests.support.stubs import TIMEOUT, pb, refusal, stub_of

FAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), "")


class FaultsServerTest(FaultCase):
    def test_a_clock_set_back_changes_nothing_but_times(self):
        self.assertTrue(FAKETIME, "the package faketime is missing")
        clock = os.path.join(self.enterContext(self.folder()), "clock")
        with open(clock, "w") as file:
            file.write("+0")
        server = self.server(SQLITE, environment={
            "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": clock,
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # A real clock does not change the times of files either.
            "NO_FAKE_STAT": "1",
            # Otherwise AddressSanitizer does not start after a preloaded
            # library.
            "ASAN_OPTIONS": "verify_asan_link_order=0"})
        with Load([server], writers=2, watchers=2) as load:
            for offset in ("-3h", "+5h", "-400d", "+0"):
                time.sleep(1)
                with open(clock + ".new", "w") as file:
                    file.write(offset)
                os.replace(clock + ".new", clock)
            time.sleep(1)
        self.check(load.record, [server])
        times = [change.accept_time.seconds
                 for change in load.record.acknowledged.values()]
        self.assertLess(min(times), time.time() - 300 * 86400,
                        "the clock was not set")

    @staticmethod
    def folder():
        return tempfile.TemporaryDirectory(prefix="clockwise-clock-")

    def test_servers_replaced_under_load_fail_no_lookup(self):
        with EtcdCluster() as cluster:
            servers = self.replicas(cluster, flags=["--lame-duck=1"])
            with Load(servers, writers=2, readers=4) as load:
                for turn in range(4):
                    time.sleep(1)
                    server = servers[turn % 2]
                    self.assertEqual(server.kill(signal.SIGTERM), 0)
                    server.start()
            self.check(load.record, servers)

    def test_a_full_disk_refuses_changes_and_serves_on(self):
        folder = self.enterContext(self.folder())
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs",
                        folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        server = self.server(f"sqlite:{folder}/rings.db")
        stub, channel = stub_of(server)
        self.addCleanup(channel.close)
        ballast = os.path.join(folder, "ballast")
        with open(ballast, "wb") as file:
            file.write(b"x" * 300_000)
        outcomes = {}
        made = []
        for number in range(200):
            request = pb.AddNodeRequest(node=pb.Node(
                id=f"n{number}", labels={"x": "y" * 4000}))
            outcome = refusal(stub.AddNode, request)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            if outcome[0] == grpc.StatusCode.OK:
                made.append(f"n{number}")
        print(f"full disk: {outcomes}")
        self.assertLessEqual({code for code, _ in outcomes}, {
            grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED,
            grpc.StatusCode.UNAVAILABLE})
        self.assertIn((grpc.StatusCode.RESOURCE_EXHAUSTED, "STORE_FULL"),
                      outcomes)
        held = stub.GetRing(pb.GetRingRequest(), timeout=TIMEOUT).snapshot
        self.assertEqual(sorted(node.id for node in held.nodes), sorted(made))
        stub.Locate(pb.LocateRequest(key=b"k"), timeout=TIMEOUT)
        os.remove(ballast)
        change = stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="last")),
                              timeout=TIMEOUT).change
        self.assertEqual(change.epoch, held.epoch + 1)
        server.kill()
        server.start()
        stub, again = stub_of(server)
        self.addCleanup(again.close)
        after = stub.GetRing(pb.GetRingRequest(), timeout=TIMEOUT).snapshot
        self.assertEqual((after.epoch, after.fingerprint),
                         (change.epoch, change.fingerprint))

    def test_a_damaged_file_is_refused_untouched_or_read_right(self):
        server = self.server(SQLITE)
        stub, channel = stub_of(server)
        for number in range(30):
            stub.AddNode(pb.AddNodeRequest(
                node=pb.Node(id=f"n{number}", address="10.0.0.1:1")),
                timeout=TIMEOUT)
        ending = ending_of(stub)
        channel.close()
        self.assertEqual(server.kill(signal.SIGTERM), 0)
        path = os.path.join(server.folder, "rings.db")
        whole = path + ".whole"
        shutil.copyfile(path, whole)
        size = os.path.getsize(whole)
        refused = 0
        random.seed(4)
        for turn in range(40):
            shutil.copyfile(whole, path)
            if turn % 4 == 0:
                os.truncate(path, random.randrange(size))
            else:
                with open(path, "r+b") as file:
                    at = random.randrange(size)
                    file.seek(at)
                    byte = file.read(1)[0] ^ (1 << random.randrange(8))
                    file.seek(at)
                    file.write(bytes([byte]))
            with open(path, "rb") as file:
                damaged = file.read()
            refused += self.refuses(server, path, damaged, ending)
        # Truncated files are rejected, and many others; the rest have their
        # damage in unused space.
        self.assertGreater(refused, 10)
        print(f"damaged files: {refused} of 40 refused, the others read right")
        shutil.copyfile(whole, path)
        server.start()

    def refuses(self, server, path, damaged, ending):
        """True if a server rejects the file. Otherwise it must hold all its
        data."""
        try:
            server.start()
        except RuntimeError as error:
            lines = [line for line in str(error).splitlines()
                     if line.startswith("clockwised: ")]
            self.assertIn("rings.db", lines[-1])
            with open(path, "rb") as file:
                self.assertEqual(file.read(), damaged)
            return True
        stub, channel = stub_of(server)
        self.assertEqual(ending_of(stub), ending)
        channel.close()
        server.kill()
        return False


if __name__ == "__main__":
    unittest.main()
