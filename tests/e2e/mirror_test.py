#!/usr/bin/python3
"""Tests that a mirror of a PARTITIONED ring, fed by Watch alone, equals the
server's ring."""

import unittest

import grpc

from tests.support.partition_mirror import PartitionMirror
from tests.support.random_changes import TOO_GREAT, WEIGHTS, RandomChanges
from tests.support.ring_model import RingModel, xxh3
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, refusal, stub_of

RING = "shards"
CHANGES = 225  # some leave an empty ring, in which keys have no owner
KEYS = 500  # new ones after each change
WALK = 5  # requested owners, more than the table has


class MirrorTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(
            RunningServer(store="sqlite:{folder}/store.db"))
        self.connect()
        self.mirror = PartitionMirror()
        self.agreed = 0
        self.walked = 0

    def connect(self):
        self.stub, channel = stub_of(self.server)
        self.addCleanup(channel.close)

    def create(self, **spec):
        return self.stub.CreateRing(pb.CreateRingRequest(spec=pb.RingSpec(
            name=RING, layout=pb.LAYOUT_PARTITIONED, **spec)),
            timeout=TIMEOUT).ring

    def watch(self):
        """Watches from the epoch of the mirror and applies the first message.
        Returns the kind of the message."""
        self.stream = self.stub.Watch(pb.WatchRequest(
            ring=RING, known_epoch=self.mirror.epoch,
            known_incarnation=self.mirror.incarnation), timeout=300)
        return self.take_in()

    def take_in(self):
        message = next(self.stream)
        self.mirror.apply(message)
        return message.WhichOneof("event")

    def restart(self, changes):
        self.stream.cancel()
        self.server.kill()
        self.server.start()
        self.connect()
        changes.stub = self.stub

    def follow(self, epoch):
        while self.mirror.epoch < epoch:
            self.assertIn(self.take_in(), ("delta", "heartbeat"))

    def locate(self, keys, replicas):
        """Returns the server's owners of keys, a list of IDs for each."""
        request = pb.BatchLocateRequest(ring=RING, keys=keys, replica_count=replicas)
        if not self.mirror.nodes:
            self.assertEqual(
                refusal(self.stub.BatchLocate, request),
                (grpc.StatusCode.FAILED_PRECONDITION, "RING_EMPTY"))
            return [[] for _ in keys]
        batch = self.stub.BatchLocate(request, timeout=TIMEOUT)
        self.assertEqual(batch.epoch, self.mirror.epoch)
        self.assertEqual(batch.incarnation, self.mirror.incarnation)
        self.assertEqual(batch.fingerprint, self.mirror.fingerprint)
        self.assertEqual(batch.replica_count, min(replicas or 3,
                                             len(self.mirror.nodes)))
        for owner in batch.nodes:
            node = self.mirror.nodes[owner.node_id]
            self.assertEqual((owner.address, owner.zone),
                             (node.address, node.zone))
        ids = [owner.node_id for owner in batch.nodes]
        flat = [ids[owner] for owner in batch.owners]
        return [flat[i:i + batch.replica_count]
                for i in range(0, len(flat), batch.replica_count)]

    def check(self, change, random):
        """Checks that the mirror has the change's ring, and the owners of new
        keys."""
        mirror = self.mirror
        self.assertEqual(mirror.epoch, change.epoch)
        self.assertEqual(mirror.fingerprint, change.fingerprint)
        model = RingModel(mirror.spec, mirror.nodes.values(), mirror.rows)
        self.assertEqual(model.fingerprint(), change.fingerprint)
        keys = [random.randbytes(random.randrange(40)) for _ in range(KEYS)]
        for key, owners in zip(keys, self.locate(keys, 0), strict=True):
            self.assertEqual(mirror.owners(key), owners, key)
            self.agreed += bool(owners)
        for key, owners in zip(keys[:50], self.locate(keys[:50], WALK),
                               strict=True):
            self.assertEqual(mirror.walk(key, WALK), owners, key)
            self.walked += len(owners) == WALK

    def test_a_hundred_thousand_keys_through_two_hundred_changes(self):
        created = self.create(partition_bits=10, replica_count=3)
        changes = RandomChanges(self.stub, RING, seed=20261201,
                                weights=WEIGHTS + [TOO_GREAT])
        self.assertEqual(self.watch(), "snapshot")
        sizes = set()
        for i in range(CHANGES):
            change = changes.make(*changes.think())
            if i == CHANGES // 3:  # while the mirror is up to date
                self.follow(change.epoch)
                self.restart(changes)
                self.assertEqual(self.watch(), "heartbeat")
            elif i == CHANGES // 2:  # while the mirror is behind
                for _ in range(5):
                    change = changes.make(*changes.think())
                self.restart(changes)
                self.assertEqual(self.watch(), "delta")
            self.follow(change.epoch)
            self.check(change, changes.random)
            sizes.add(len(self.mirror.nodes))
        self.assertEqual(self.mirror.nodes, changes.nodes)
        self.assertGreaterEqual(self.mirror.epoch - created.epoch, 200)
        self.assertEqual(self.mirror.incarnation, created.incarnation)
        self.assertGreaterEqual(self.agreed, 100_000)
        self.assertGreater(self.walked, 0)
        self.assertLessEqual({0, 1, 2, 3, 25}, sizes)
        self.assertEqual(len(changes.kinds), 4)
        # A new watcher without a ring receives the same ring.
        known, self.mirror = self.mirror, PartitionMirror()
        self.stream.cancel()
        self.assertEqual(self.watch(), "snapshot")
        self.stream.cancel()
        self.assertEqual(vars(self.mirror), vars(known))
        print(f"{self.mirror.epoch - created.epoch} epochs, {self.agreed} keys "
              f"agreed, and {self.walked} with {WALK} owners")

    def test_nodes_that_own_nothing_are_walked_to_by_id(self):
        self.create(partition_bits=4)
        self.stub.ApplyChanges(pb.ApplyChangesRequest(ring=RING, changes=[
            pb.NodeChange(add=pb.Node(id=node_id, weight=weight))
            for weight, ids in ((65_535, "mdr"), (1, "zeaxB"))
            for node_id in ids]), timeout=TIMEOUT)
        self.assertEqual(self.watch(), "snapshot")
        self.assertEqual(set().union(*self.mirror.rows), set("mdr"))
        keys = [bytes([i]) for i in range(256)]
        for wanted in (4, WALK, 8, 64):
            for key, owners in zip(keys, self.locate(keys, wanted),
                                   strict=True):
                self.assertEqual(self.mirror.walk(key, wanted), owners, key)
                self.assertEqual(owners[3:], list("Baexz")[:wanted - 3])

    def test_the_hash_is_the_one_that_locate_tells(self):
        self.create()
        self.stub.AddNode(pb.AddNodeRequest(ring=RING, node=pb.Node(id="n")),
                          timeout=TIMEOUT)
        for key in (b"", b"k", b"\0" * 300):
            answer = self.stub.Locate(pb.LocateRequest(ring=RING, key=key),
                                      timeout=TIMEOUT)
            self.assertEqual(answer.hash, xxh3(key))


if __name__ == "__main__":
    unittest.main()
