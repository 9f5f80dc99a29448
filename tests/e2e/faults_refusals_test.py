#!/usr/bin/python3
"""Tests that a refusal is final: a change that one server has refused is not
made later by another server whose requests to etcd were delayed."""

import random
import threading
import time
import unittest

import grpc

from tests.support.etcd_cluster import EtcdCluster
from tests.support.fault_case import FaultCase
from tests.support.fault_checker import history_of, refusals_that_were_made
from tests.support.holding_proxy import HoldingProxy
from tests.support.stubs import TIMEOUT, pb, refusal, stub_of

CODE = grpc.StatusCode
AGAIN = (CODE.UNAVAILABLE, CODE.DEADLINE_EXCEEDED, CODE.CANCELLED,
         CODE.ABORTED)


class FaultsRefusalsTest(FaultCase):
    def delayed(self, cluster, proxy):
        """Returns a stub of a server that uses the proxy, and one that does
        not."""
        stubs = []
        for store in (f"etcd:{proxy.address}", cluster.store):
            stubs.append(self.stub(self.server(store)))
        return stubs

    def wait_for(self, stub, epoch):
        stub.Locate(pb.LocateRequest(key=b"k", min_epoch=epoch),
                    timeout=TIMEOUT)

    def test_an_addition_that_was_refused_elsewhere_is_not_made_later(self):
        with EtcdCluster() as cluster, HoldingProxy(
                cluster.addresses[0]) as proxy:
            here, there = self.delayed(cluster, proxy)
            there.AddNode(pb.AddNodeRequest(node=pb.Node(id="base")),
                          timeout=TIMEOUT)
            self.wait_for(here, 2)
            proxy.hold()
            add = pb.AddNodeRequest(node=pb.Node(id="x"), request_id="r-1")
            self.assertEqual(refusal(here.AddNode, add, timeout=2)[0],
                             CODE.UNAVAILABLE)
            there.AddNode(pb.AddNodeRequest(node=pb.Node(id="x", weight=2)),
                          timeout=TIMEOUT)
            self.assertEqual(refusal(there.AddNode, add),
                             (CODE.ALREADY_EXISTS, "NODE_EXISTS"))
            there.RemoveNode(pb.RemoveNodeRequest(node_id="x"),
                             timeout=TIMEOUT)
            proxy.release()
            self.expect_not_made(here, there, "r-1", ["base"])

    def test_a_removal_that_was_refused_elsewhere_is_not_made_later(self):
        with EtcdCluster() as cluster, HoldingProxy(
                cluster.addresses[0]) as proxy:
            here, there = self.delayed(cluster, proxy)
            for node in ("base", "x"):
                there.AddNode(pb.AddNodeRequest(node=pb.Node(id=node)),
                              timeout=TIMEOUT)
            self.wait_for(here, 3)
            proxy.hold()
            remove = pb.RemoveNodeRequest(node_id="x", request_id="r-1")
            self.assertEqual(refusal(here.RemoveNode, remove, timeout=2)[0],
                             CODE.UNAVAILABLE)
            there.RemoveNode(pb.RemoveNodeRequest(node_id="x"),
                             timeout=TIMEOUT)
            self.assertEqual(refusal(there.RemoveNode, remove),
                             (CODE.NOT_FOUND, "NODE_NOT_FOUND"))
            there.AddNode(pb.AddNodeRequest(node=pb.Node(id="x", weight=2)),
                          timeout=TIMEOUT)
            proxy.release()
            self.expect_not_made(here, there, "r-1", ["base", "x"])

    def answer(self, method, request):
        """Returns the code and the reason of a call that is refused."""
        return refusal(method, request, timeout=TIMEOUT)

    def hold(self, proxy, method, request, text):
        """Makes the call, whose transaction is held up before etcd."""
        proxy.hold_from(text)
        self.assertEqual(refusal(method, request, timeout=2)[0],
                         CODE.UNAVAILABLE)

    def rings(self, here, there, proxy):
        """Returns the rings after the transaction has reached etcd."""
        proxy.release()
        time.sleep(2)
        here.AddNode(pb.AddNodeRequest(node=pb.Node(id="last")),
                     timeout=TIMEOUT)
        names = []
        for stub in (here, there):
            rings = stub.ListRings(pb.ListRingsRequest(), timeout=TIMEOUT).rings
            names.append({ring.spec.name: ring.incarnation for ring in rings})
        self.assertEqual(names[0], names[1])
        return names[0]

    def test_a_creation_that_was_refused_elsewhere_is_not_made_later(self):
        with EtcdCluster() as cluster, HoldingProxy(
                cluster.addresses[0]) as proxy:
            here, there = self.delayed(cluster, proxy)
            late = pb.CreateRingRequest(spec=pb.RingSpec(name="late"))
            self.hold(proxy, here.CreateRing, late, b"deleted/late")
            there.CreateRing(pb.CreateRingRequest(spec=pb.RingSpec(
                name="late", replica_count=3)), timeout=TIMEOUT)
            self.assertEqual(self.answer(there.CreateRing, late),
                             (CODE.ALREADY_EXISTS, "RING_EXISTS"))
            there.DeleteRing(pb.DeleteRingRequest(ring="late", force=True),
                             timeout=TIMEOUT)
            self.assertEqual(set(self.rings(here, there, proxy)), {"default"})

    def hold_deletion(self, here, proxy):
        """Creates a ring and holds its deletion. Returns both requests."""
        old = pb.CreateRingRequest(spec=pb.RingSpec(name="old"))
        here.CreateRing(old, timeout=TIMEOUT)
        late = pb.DeleteRingRequest(ring="old", force=True)
        self.hold(proxy, here.DeleteRing, late, b"deleted/old")
        return old, late

    def test_a_deletion_that_was_refused_elsewhere_is_not_made_later(self):
        with EtcdCluster() as cluster, HoldingProxy(
                cluster.addresses[0]) as proxy:
            here, there = self.delayed(cluster, proxy)
            _, late = self.hold_deletion(here, proxy)
            there.CreateRing(pb.CreateRingRequest(spec=pb.RingSpec(
                name="new", migrating_from="old")), timeout=TIMEOUT)
            self.assertEqual(self.answer(there.DeleteRing, late),
                             (CODE.FAILED_PRECONDITION, "RING_IN_USE"))
            there.EndMigration(pb.EndMigrationRequest(ring="new"),
                               timeout=TIMEOUT)
            self.assertEqual(set(self.rings(here, there, proxy)),
                             {"default", "new", "old"})

    def test_a_deletion_that_arrives_late_leaves_the_ring_of_that_name(self):
        with EtcdCluster() as cluster, HoldingProxy(
                cluster.addresses[0]) as proxy:
            here, there = self.delayed(cluster, proxy)
            old, late = self.hold_deletion(here, proxy)
            there.DeleteRing(late, timeout=TIMEOUT)
            made = there.CreateRing(old, timeout=TIMEOUT).ring
            self.assertEqual(self.rings(here, there, proxy)["old"],
                             made.incarnation)

    def expect_not_made(self, here, there, request_id, nodes):
        # The delayed server makes another change after what it had begun.
        here.AddNode(pb.AddNodeRequest(node=pb.Node(id="last")),
                     timeout=TIMEOUT)
        time.sleep(1)
        changes = history_of(there)
        self.assertNotIn(request_id, [made.request_id for made in changes])
        ring = there.GetRing(pb.GetRingRequest(), timeout=TIMEOUT).snapshot
        self.assertEqual([node.id for node in ring.nodes],
                         sorted([*nodes, "last"]))

    def test_no_refusal_among_writers_that_compete_is_taken_back(self):
        """Writers add and remove the same few nodes at two servers whose
        requests to etcd are held again and again."""
        answers = []  # (request_id, code), of every attempt
        with EtcdCluster() as cluster, HoldingProxy(
                cluster.addresses[0]) as first, HoldingProxy(
                    cluster.addresses[0]) as second:
            servers = [self.server(f"etcd:{proxy.address}")
                       for proxy in (first, second)]
            stop = threading.Event()
            writers = [threading.Thread(target=self.compete, args=(
                servers, number, answers, stop)) for number in range(6)]
            for writer in writers:
                writer.start()
            until = time.monotonic() + 15
            dice = random.Random(1)
            while time.monotonic() < until:
                proxy = dice.choice((first, second))
                proxy.hold()
                time.sleep(dice.uniform(0.5, 2.5))
                proxy.release()
                time.sleep(dice.uniform(0.2, 0.5))
            stop.set()
            for writer in writers:
                writer.join()
            time.sleep(6)  # longer than a server repeats a call to etcd
            stub, channel = stub_of(servers[0])
            with channel:
                changes = history_of(stub)
        refused, made = refusals_that_were_made(answers, changes)
        print(f"{len(answers)} answers, {len(changes)} changes, {refused} "
              "request_ids refused")
        self.assertGreater(refused, 20)
        self.assertEqual(made, [])

    @staticmethod
    def compete(servers, writer, answers, stop):
        dice = random.Random(writer)
        opened = [stub_of(server) for server in servers]
        number = 0
        while not stop.is_set():
            number += 1
            request_id = f"w{writer}-{number}"
            node = f"n{dice.randrange(3)}"
            if dice.random() < 0.5:
                method, request = "AddNode", pb.AddNodeRequest(node=pb.Node(
                    id=node, weight=1 + dice.randrange(9)))
            else:
                method, request = "RemoveNode", pb.RemoveNodeRequest(
                    node_id=node)
            request.request_id = request_id
            turn = writer
            until = time.monotonic() + 30
            while time.monotonic() < until:
                turn += 1
                try:
                    getattr(opened[turn % len(opened)][0], method)(
                        request, timeout=0.8)
                    code = CODE.OK
                except grpc.RpcError as error:
                    code = error.code()
                answers.append((request_id, code))
                if code not in AGAIN:
                    break
        for _, channel in opened:
            channel.close()


if __name__ == "__main__":
    unittest.main()
