#!/usr/bin/python3
"""Tests a Python client that has only the proto files."""

import random
import threading
import unittest

import grpc

from tests.support.ring_model import RingModel, xxh3
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, refusal, stub_of

KEYS = [b"", b"\0", b"\xff\xfe"] + [f"key/{i}".encode() for i in range(1000)]


class ApiTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(
            RunningServer(
                flags=["--watch-heartbeat=0.2", "--virtual-nodes=40"]))
        self.stub, channel = stub_of(self.server)
        self.addCleanup(channel.close)

    def add(self, node_id, ring="", **fields):
        node = pb.Node(id=node_id, address=f"{node_id}:1", **fields)
        return self.stub.AddNode(pb.AddNodeRequest(ring=ring, node=node),
                                 timeout=TIMEOUT).change

    def ring(self, ring="", **fields):
        return self.stub.GetRing(pb.GetRingRequest(ring=ring, **fields),
                                 timeout=TIMEOUT).snapshot

    def populate(self, ring=""):
        for i in range(9):
            self.add(f"node-{i}", ring, zone=f"z{i % 3}" if i else "",
                     weight=1 + i % 4)

    def check_against_model(self, ring):
        snapshot = self.ring(ring, include_points=True)
        model = RingModel(snapshot.spec, snapshot.nodes)
        self.assertEqual(list(snapshot.point_positions), model.positions)
        self.assertEqual(snapshot.fingerprint, model.fingerprint())
        for replicas in (1, 3, 5, 20):
            batch = self.stub.BatchLocate(pb.BatchLocateRequest(
                ring=ring, keys=KEYS, replica_count=replicas), timeout=TIMEOUT)
            self.assertEqual(batch.replica_count, min(replicas, len(model.nodes)))
            self.assertEqual(batch.fingerprint, snapshot.fingerprint)
            for k, key in enumerate(KEYS):
                row = batch.owners[k * batch.replica_count:(k + 1) * batch.replica_count]
                self.assertEqual([batch.nodes[i].node_id for i in row],
                                 model.owners(key, replicas), key)

    def test_hashed_is_what_its_description_says(self):
        self.populate()
        self.check_against_model("")

    def test_modulo_is_what_its_description_says(self):
        self.stub.CreateRing(pb.CreateRingRequest(spec=pb.RingSpec(
            name="mod", layout=pb.LAYOUT_MODULO)), timeout=TIMEOUT)
        self.populate("mod")
        self.check_against_model("mod")

    def test_locate_says_what_batch_locate_says(self):
        self.populate()
        for key in KEYS[:50]:
            answer = self.stub.Locate(pb.LocateRequest(key=key, replica_count=2),
                                      timeout=TIMEOUT)
            self.assertEqual(answer.hash, xxh3(key))
            batch = self.stub.BatchLocate(
                pb.BatchLocateRequest(keys=[key], replica_count=2), timeout=TIMEOUT)
            self.assertEqual([owner.node_id for owner in answer.owners],
                             [batch.nodes[i].node_id for i in batch.owners])

    def test_a_stream_says_what_batch_locate_says_in_order(self):
        self.populate()
        requests = [pb.BatchLocateRequest(keys=KEYS[i:i + 3], replica_count=2)
                    for i in range(40)]
        answers = list(self.stub.LocateStream(iter(requests),
                                              timeout=TIMEOUT))
        self.assertEqual(answers, [
            self.stub.BatchLocate(request, timeout=TIMEOUT)
            for request in requests])

    def test_moves_are_what_moves(self):
        self.populate()
        before = self.ring()
        plan = self.stub.AddNode(pb.AddNodeRequest(
            node=pb.Node(id="late", weight=3), validate_only=True,
            include_moves=True), timeout=TIMEOUT).change
        self.assertEqual(self.ring().epoch, before.epoch)
        made = self.stub.AddNode(pb.AddNodeRequest(
            node=pb.Node(id="late", weight=3), expected_epoch=before.epoch,
            include_moves=True), timeout=TIMEOUT).change
        plan.ClearField("accept_time")
        made.ClearField("accept_time")
        self.assertEqual(plan, made)
        old = RingModel(before.spec, before.nodes)
        after = self.ring()
        new = RingModel(after.spec, after.nodes)
        self.assertAlmostEqual(sum(move.ratio for move in made.comparison.moves),
                               made.comparison.moved_ratio, 12)
        for i in range(20_000):
            key = f"probe {i}".encode()
            position = xxh3(key)
            inside = [move for move in made.comparison.moves
                      if (position - move.start - 1) % 2**64
                      < (move.end - move.start) % 2**64]
            source, target = old.owners(key, 1), new.owners(key, 1)
            if source == target:
                self.assertEqual(inside, [])
            else:
                self.assertEqual([(list(move.to_ids), move.from_ids)
                                  for move in inside], [(target, source)])

    def test_a_mirror_fed_by_watch_alone_stays_equal(self):
        random.seed(20261123)
        done = threading.Event()

        def change():
            ids = []
            for i in range(200):
                if len(ids) > 3 and random.random() < 0.4:
                    gone = ids.pop(random.randrange(len(ids)))
                    self.stub.RemoveNode(pb.RemoveNodeRequest(node_id=gone),
                                         timeout=TIMEOUT)
                else:
                    ids.append(f"n{i}")
                    self.add(f"n{i}", weight=1 + i % 3, zone=f"z{i % 4}")
            done.set()

        writer = threading.Thread(target=change)
        writer.start()
        epoch, nodes, fingerprint = 0, {}, 0
        stream = self.stub.Watch(pb.WatchRequest(), timeout=60)
        for message in stream:
            if message.HasField("snapshot"):
                snapshot = message.snapshot
                nodes = {node.id: node for node in snapshot.nodes}
                spec = snapshot.spec
                epoch, fingerprint = snapshot.epoch, snapshot.fingerprint
            elif message.HasField("delta"):
                self.assertEqual(message.delta.from_epoch, epoch)
                for node_id in message.delta.removed_ids:
                    del nodes[node_id]
                for node in message.delta.upserted:
                    nodes[node.id] = node
                epoch = message.delta.epoch
                fingerprint = message.delta.fingerprint
            else:
                self.assertEqual(message.heartbeat.epoch, epoch)
                self.assertEqual(message.heartbeat.fingerprint, fingerprint)
                if done.is_set() and epoch == 201:
                    break
                continue
            model = RingModel(spec, nodes.values())
            self.assertEqual(model.fingerprint(), fingerprint)
        stream.cancel()
        writer.join()
        self.assertEqual(self.ring().epoch, 201)
        self.assertEqual(self.ring().fingerprint, fingerprint)

    def test_refusals_say_why(self):
        code = grpc.StatusCode
        self.assertEqual(
            refusal(self.stub.Locate, pb.LocateRequest(key=b"k")),
            (code.FAILED_PRECONDITION, "RING_EMPTY"))
        self.add("n1")
        for call, request, expected in [
            (self.stub.Locate, pb.LocateRequest(ring="other"),
             (code.NOT_FOUND, "RING_NOT_FOUND")),
            (self.stub.Locate, pb.LocateRequest(replica_count=65),
             (code.INVALID_ARGUMENT, "FIELD_INVALID")),
            (self.stub.AddNode, pb.AddNodeRequest(node=pb.Node(id="n1")),
             (code.ALREADY_EXISTS, "NODE_EXISTS")),
            (self.stub.RemoveNode, pb.RemoveNodeRequest(node_id="n2"),
             (code.NOT_FOUND, "NODE_NOT_FOUND")),
            (self.stub.RemoveNode,
             pb.RemoveNodeRequest(node_id="n1", expected_epoch=1),
             (code.ABORTED, "EPOCH_CONFLICT")),
            (self.stub.GetRing, pb.GetRingRequest(epoch=9),
             (code.OUT_OF_RANGE, "EPOCH_OUT_OF_HISTORY")),
        ]:
            self.assertEqual(refusal(call, request), expected, request)
        self.assertEqual(
            refusal(self.stub.Locate, pb.LocateRequest(min_epoch=99), 0.5),
            (code.UNAVAILABLE, "EPOCH_NOT_REACHED"))

    def test_reflection_tells_of_the_service(self):
        # Two requests of grpc.reflection.v1alpha as bytes: list_services (7)
        # and file_containing_symbol (4).
        service = b"clockwise.v1.PlacementService"
        with grpc.insecure_channel(self.server.grpc) as channel:
            call = channel.stream_stream(
                "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
            requests = [b"\x3a\x00", b"\x22" + bytes([len(service)]) + service]
            listed, described = call(iter(requests), timeout=TIMEOUT)
        self.assertIn(service, listed)
        self.assertIn(b"grpc.health.v1.Health", listed)
        self.assertIn(b"BatchLocate", described)

    def test_a_message_over_the_limit_is_refused_and_the_server_lives(self):
        keys = [b"k" * 60_000] * 80
        self.assertEqual(
            refusal(self.stub.BatchLocate, pb.BatchLocateRequest(keys=keys))[0],
            grpc.StatusCode.RESOURCE_EXHAUSTED)
        self.add("n1")
        self.stub.Locate(pb.LocateRequest(key=b"k" * 65_536), timeout=TIMEOUT)


if __name__ == "__main__":
    unittest.main()
