#!/usr/bin/python3
"""Tests that acknowledged changes survive kill -9, restarts, and a full
disk."""

import os
import random
import resource
import signal
import threading
import time
import unittest

import grpc

from tests.support.clockwise_command import run
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, refusal, stub_of

KILLS = int(os.environ.get("CLOCKWISE_KILLS", "20"))


class DurabilityTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(
            RunningServer(store="sqlite:{folder}/rings.db"))
        self.connect()

    def connect(self):
        self.stub, channel = stub_of(self.server)
        self.addCleanup(channel.close)

    def restart(self, how=signal.SIGKILL):
        code = self.server.kill(how)
        self.server.start()
        self.connect()
        return code

    def ring(self):
        return self.stub.GetRing(pb.GetRingRequest(), timeout=TIMEOUT).snapshot

    def add(self, node_id, **fields):
        request = pb.AddNodeRequest(node=pb.Node(id=node_id), **fields)
        return self.stub.AddNode(request, timeout=TIMEOUT).change

    def test_a_restarted_server_has_the_same_ring(self):
        for i in range(5):
            self.add(f"n{i}")
        before = self.ring()
        history = self.stub.ListChanges(pb.ListChangesRequest(),
                                        timeout=TIMEOUT)
        self.assertEqual(self.restart(signal.SIGTERM), 0)
        self.assertEqual(self.ring(), before)
        self.assertEqual(self.stub.ListChanges(pb.ListChangesRequest(),
                                               timeout=TIMEOUT), history)

    def test_a_request_id_is_known_after_a_restart(self):
        first = self.add("n1", request_id="r1", include_moves=True)
        self.add("n2")
        self.restart()
        again = self.add("n1", request_id="r1", include_moves=True)
        self.assertEqual(again, first)
        self.assertEqual(self.ring().epoch, 3)
        self.assertEqual(
            refusal(self.stub.AddNode, pb.AddNodeRequest(
                node=pb.Node(id="n9"), request_id="r1")),
            (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED"))

    def test_what_is_acknowledged_survives_kill_9(self):
        random.seed()
        acknowledged = {}  # request_id: (epoch, node id)
        number = 0
        for kill in range(KILLS):
            timer = threading.Timer(
                random.uniform(0.0, 0.05), self.server.process.kill)
            timer.start()
            while True:
                number += 1
                try:
                    change = self.add(f"n{number}", request_id=f"r{number}")
                except grpc.RpcError:
                    break
                acknowledged[f"r{number}"] = (change.epoch, f"n{number}")
            timer.join()
            self.restart()
            snapshot = self.ring()
            present = {node.id for node in snapshot.nodes}
            for epoch, node in acknowledged.values():
                self.assertIn(node, present)
                self.assertLessEqual(epoch, snapshot.epoch)
            # Each epoch after the first added exactly one node.
            self.assertEqual(snapshot.epoch, len(present) + 1)
        epochs = [epoch for epoch, _ in acknowledged.values()]
        self.assertEqual(len(set(epochs)), len(epochs))
        print(f"{KILLS} kills, {number} changes, {len(acknowledged)} "
              "acknowledged, 0 lost")

    def test_a_full_disk_refuses_changes_and_serves_on(self):
        self.add("n1")
        pid = self.server.process.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (64 * 1024, hard))
        outcomes = set()
        for i in range(2, 60):
            outcomes.add(refusal(self.stub.AddNode, pb.AddNodeRequest(
                node=pb.Node(id=f"n{i}", labels={"x": "y" * 4000}))))
        self.assertEqual(outcomes - {(grpc.StatusCode.OK, None)}, {
            (grpc.StatusCode.RESOURCE_EXHAUSTED, "STORE_FULL")})
        held = self.ring()
        self.assertEqual(held.epoch, len(held.nodes) + 1)
        status = self.stub.GetStatus(pb.GetStatusRequest(), timeout=TIMEOUT)
        self.assertIn("rings.db", status.store_refusal)
        self.assertTrue(status.store_up)
        doctor = run("doctor", server=self.server.grpc)
        self.assertEqual(doctor.returncode, 1, doctor)
        self.assertIn("its store refuses changes", doctor.stdout)
        log = self.server.log()
        self.assertEqual(log.count("refuses changes"), 1, log)
        self.assertIn(status.store_refusal.split(": ")[-1], log)
        self.stub.Locate(pb.LocateRequest(key=b"k"), timeout=TIMEOUT)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        self.assertEqual(self.add("last").epoch, held.epoch + 1)
        self.assertEqual(self.server.log().count("accepts changes again"), 1)
        self.assertNotIn("refuses changes",
                         run("doctor", server=self.server.grpc).stdout)
        self.restart()
        self.assertEqual(self.ring().epoch, held.epoch + 1)

    def test_sigterm_under_load_drains_and_exits_0(self):
        self.add("n1")
        failed = []
        stop = threading.Event()

        def locate():
            while not stop.is_set():
                try:
                    self.stub.Locate(pb.LocateRequest(key=b"k"),
                                     timeout=TIMEOUT)
                except grpc.RpcError as error:
                    failed.append((error.code(), time.monotonic()))
                    return

        threads = [threading.Thread(target=locate) for _ in range(4)]
        for thread in threads:
            thread.start()
        started = time.monotonic()
        self.assertEqual(self.server.kill(signal.SIGTERM), 0)
        stop.set()
        for thread in threads:
            thread.join()
        for code, when in failed:
            self.assertIn(code, (grpc.StatusCode.UNAVAILABLE,
                                 grpc.StatusCode.CANCELLED))
            self.assertGreater(when - started, 0.9, "served in the lame duck")


if __name__ == "__main__":
    unittest.main()
