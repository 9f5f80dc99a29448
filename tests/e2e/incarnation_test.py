#!/usr/bin/python3
"""Tests that an epoch can be bound to its incarnation: a ring that was deleted
and created again is another ring, also at the same epoch."""

import unittest

import grpc

from tests.support.etcd_cluster import EtcdCluster
from tests.support.holding_proxy import HoldingProxy
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, refusal, stub_of

CODE = grpc.StatusCode
CONFLICT = (CODE.ABORTED, "EPOCH_CONFLICT")
NOT_REACHED = (CODE.UNAVAILABLE, "EPOCH_NOT_REACHED")


class IncarnationTest(unittest.TestCase):
    def stub(self, store):
        server = self.enterContext(RunningServer(store=store))
        stub, channel = stub_of(server)
        self.addCleanup(channel.close)
        return stub

    @staticmethod
    def make(stub):
        """Creates the ring "r" with one node; returns its incarnation."""
        info = stub.CreateRing(pb.CreateRingRequest(
            spec=pb.RingSpec(name="r")), timeout=TIMEOUT).ring
        stub.AddNode(pb.AddNodeRequest(ring="r", node=pb.Node(id="a")),
                     timeout=TIMEOUT)
        return info.incarnation

    def check_not_reached(self, call, request):
        """The server answers shortly before the deadline. On a busy machine the
        answer can arrive after a short one."""
        for timeout in (0.5, 2, 8):
            answer = refusal(call, request, timeout=timeout)
            if answer[0] != CODE.DEADLINE_EXCEEDED:
                break
        self.assertEqual(answer, NOT_REACHED)

    def make_again(self, stub):
        stub.DeleteRing(pb.DeleteRingRequest(ring="r", force=True), timeout=TIMEOUT)
        return self.make(stub)

    def test_a_change_for_another_incarnation_is_aborted(self):
        stub = self.stub("memory:")
        old = self.make(stub)
        new = self.make_again(stub)
        self.assertNotEqual(old, new)
        changes = [
            (stub.AddNode, pb.AddNodeRequest(node=pb.Node(id="b"))),
            (stub.UpdateNode, pb.UpdateNodeRequest(
                node=pb.Node(id="a", weight=2))),
            (stub.ApplyChanges, pb.ApplyChangesRequest(
                changes=[pb.NodeChange(remove="b")])),
            (stub.RemoveNode, pb.RemoveNodeRequest(node_id="a")),
            (stub.EndMigration, pb.EndMigrationRequest())]
        for epoch, (call, request) in enumerate(changes, 2):
            request.ring = "r"
            request.expected_epoch = epoch
            for plan in (True, False):
                request.validate_only = plan
                request.expected_incarnation = old
                self.assertEqual(refusal(call, request), CONFLICT)
                request.expected_incarnation = new
                change = call(request, timeout=TIMEOUT).change
                self.assertEqual(change.incarnation, new)

    def test_a_retry_gets_its_first_response_after_the_incarnation_matched(self):
        stub = self.stub("memory:")
        request = pb.AddNodeRequest(
            ring="r", node=pb.Node(id="b"), request_id="r-1",
            expected_epoch=2, expected_incarnation=self.make(stub))
        first = stub.AddNode(request, timeout=TIMEOUT)
        self.assertEqual(stub.AddNode(request, timeout=TIMEOUT), first)
        request.expected_incarnation += 1
        self.assertEqual(refusal(stub.AddNode, request),
                         (CODE.INVALID_ARGUMENT, "REQUEST_ID_REUSED"))

    def test_a_look_up_for_another_incarnation_is_not_answered(self):
        stub = self.stub("memory:")
        old = self.make(stub)
        new = self.make_again(stub)
        look_ups = [
            (stub.Locate, pb.LocateRequest(key=b"k")),
            (stub.BatchLocate, pb.BatchLocateRequest(keys=[b"k"])),
            (lambda request, timeout: next(stub.LocateStream(
                iter([request]), timeout=timeout)),
             pb.BatchLocateRequest(keys=[b"k"]))]
        for call, request in look_ups:
            request.ring = "r"
            request.min_epoch = 1
            request.min_incarnation = old
            self.check_not_reached(call, request)
            request.min_incarnation = new
            self.assertEqual(call(request, timeout=TIMEOUT).incarnation, new)

    def test_a_server_that_is_behind_waits_for_the_new_incarnation(self):
        with EtcdCluster() as cluster, HoldingProxy(
                cluster.addresses[0]) as proxy:
            behind = self.stub(f"etcd:{proxy.address}")
            there = self.stub(cluster.store)
            old = self.make(there)
            request = pb.LocateRequest(ring="r", key=b"k", min_epoch=2,
                                       min_incarnation=old)
            # The server reads the store for a ring that it does not know.
            behind.Locate(request, timeout=TIMEOUT)
            proxy.hold()
            request.min_incarnation = self.make_again(there)
            self.check_not_reached(behind.Locate, request)
            proxy.release()
            found = behind.Locate(request, timeout=TIMEOUT)
            self.assertEqual(found.incarnation, request.min_incarnation)


if __name__ == "__main__":
    unittest.main()
