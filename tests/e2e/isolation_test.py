#!/usr/bin/python3
"""Tests that one hostile client does not stop the calls of others."""

import os
import re
import threading
import time
import unittest
import urllib.request

import grpc

from tests.support.raw_grpc import RawConnection
from tests.support.running_server import RunningServer
from tests.support.stubs import pb, stub_of

# The time in which a call of a healthy client must be answered, in seconds.
# Behind the whole flood it would wait for a minute.
PATIENCE = 10
NODES = 4000
FLOOD = 600  # calls per connection
EPOCHS = 120
# The longest time without a message, in seconds, with heartbeats each second.
SILENCE = 3


class IsolationTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(
            RunningServer(flags=["--watch-heartbeat=1"]))
        self.healthy = self.connect()
        for start in range(0, NODES, 2000):
            self.healthy.ApplyChanges(pb.ApplyChangesRequest(changes=[
                pb.NodeChange(add=pb.Node(id=f"n{i}"))
                for i in range(start, start + 2000)]), timeout=60)

    def connect(self):
        stub, channel = stub_of(self.server)
        self.addCleanup(channel.close)
        return stub

    def flood(self):
        """Sends long reads over two connections, and returns their futures."""
        request = pb.CompareEpochsRequest(from_epoch=1, to_epoch=3)
        stubs = [self.connect(), self.connect()]
        calls = [stub.CompareEpochs.future(request, timeout=120)
                 for _ in range(FLOOD) for stub in stubs]
        time.sleep(1)  # until the server has them
        self.assertFalse(all(call.done() for call in calls))
        return calls

    def test_long_reads_of_one_client_do_not_delay_those_of_others(self):
        calls = self.flood()
        for _ in range(3):
            for call, request in (
                    (self.healthy.GetStatus, pb.GetStatusRequest()),
                    (self.healthy.ListRings, pb.ListRingsRequest()),
                    (self.healthy.ListChanges, pb.ListChangesRequest()),
                    (self.healthy.GetRing, pb.GetRingRequest())):
                call(request, timeout=PATIENCE)
        self.assertFalse(all(call.done() for call in calls),
                         "the flood ended too early to show anything")
        for call in calls:
            call.cancel()

    def test_calls_that_were_given_up_are_not_computed(self):
        calls = self.flood()
        for call in calls:
            call.cancel()
        # The same client can read again: what it gave up is skipped.
        start = time.monotonic()
        self.connect().GetRing(pb.GetRingRequest(), timeout=PATIENCE)
        self.assertLess(time.monotonic() - start, PATIENCE)

    def test_streams_that_want_many_deltas_silence_no_other_stream(self):
        for i in range(EPOCHS):
            self.healthy.UpdateNode(pb.UpdateNodeRequest(
                node=pb.Node(id=f"n{i}", weight=2)), timeout=60)
        newest = self.healthy.ListRings(
            pb.ListRingsRequest(), timeout=60).rings[0]
        self.healthy.CreateRing(pb.CreateRingRequest(
            spec=pb.RingSpec(name="other")), timeout=60)
        times = []
        watch = self.connect().Watch(pb.WatchRequest(ring="other"), timeout=60)

        def listen():
            try:
                for _ in watch:
                    times.append(time.monotonic())
            except grpc.RpcError:
                pass  # cancelled at the end
        listener = threading.Thread(target=listen)
        listener.start()
        hostile = self.connect()
        streams = [
            hostile.Watch(pb.WatchRequest(
                known_epoch=newest.epoch - 1 - i % EPOCHS,
                known_incarnation=newest.incarnation, include_moves=True),
                timeout=60)
            for i in range(2 * EPOCHS)]
        # Each stream is led to the newest epoch, by a delta or a snapshot.
        for stream in streams:
            message = next(stream)
            while not (message.HasField("delta")
                       or message.HasField("snapshot")):
                message = next(stream)
        self.healthy.AddNode(pb.AddNodeRequest(
            ring="other", node=pb.Node(id="a")), timeout=60)
        time.sleep(2)
        watch.cancel()
        listener.join()
        for stream in streams:
            stream.cancel()
        gaps = [after - before for before, after in zip(times, times[1:])]
        self.assertGreater(len(gaps), 2)
        self.assertLess(max(gaps), SILENCE)


    def test_large_batches_of_one_client_do_not_delay_those_of_others(self):
        request = pb.BatchLocateRequest(
            keys=[b"%d" % i for i in range(10_000)], replica_count=64)
        hostile = self.connect()
        calls = [hostile.BatchLocate.future(request, timeout=60)
                 for _ in range(300)]
        self.healthy.Locate(pb.LocateRequest(key=b"k"), timeout=PATIENCE)
        self.healthy.GetStatus(pb.GetStatusRequest(), timeout=PATIENCE)
        self.healthy.BatchLocate(request, timeout=PATIENCE)
        self.assertLess(sum(call.done() for call in calls), len(calls) / 2,
                        "the server answered the flood first")
        for call in calls:
            call.cancel()


class SkewedRingTest(unittest.TestCase):
    """On this ring the walk to the last owner has half a million slots."""

    OWNERS = 17

    def setUp(self):
        self.server = self.enterContext(RunningServer())
        self.stub, channel = stub_of(self.server)
        self.addCleanup(channel.close)
        self.stub.CreateRing(pb.CreateRingRequest(spec=pb.RingSpec(
            name="skewed", virtual_node_count=1)), timeout=60)
        self.stub.ApplyChanges(pb.ApplyChangesRequest(ring="skewed", changes=[
            pb.NodeChange(add=pb.Node(id=f"n{i}", weight=65_535 if i else 1))
            for i in range(self.OWNERS)]), timeout=60)

    def send_batches(self):
        """Sends batches that would take minutes, for half a second."""
        request = pb.BatchLocateRequest(
            ring="skewed", keys=[b"%d" % i for i in range(10_000)],
            replica_count=self.OWNERS)
        for call in [self.stub.BatchLocate.future(request, timeout=0.5)
                     for _ in range(4)]:
            self.assertEqual(call.code(), grpc.StatusCode.DEADLINE_EXCEEDED)

    def computes(self):
        """Returns true if a thread of the server runs or could run."""
        tasks = f"/proc/{self.server.process.pid}/task"
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/stat", encoding="ascii") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "R":
                    return True
        return False

    def test_a_batch_ends_with_its_call(self):
        self.send_batches()
        time.sleep(0.5)
        busy = 0
        for _ in range(20):
            busy += self.computes()
            time.sleep(0.05)
        self.assertLess(busy, 10)

    def test_long_look_ups_do_not_delay_others(self):
        request = pb.LocateRequest(ring="skewed", key=b"k",
                                   replica_count=self.OWNERS)
        self.assertEqual(
            len(self.stub.Locate(request, timeout=PATIENCE).owners),
            self.OWNERS)
        # The server has seen that such look-ups are long.
        calls = [self.stub.Locate.future(request, timeout=60)
                 for _ in range(600)]
        other, channel = stub_of(self.server)
        self.addCleanup(channel.close)
        self.assertEqual(
            len(other.Locate(pb.LocateRequest(ring="skewed", key=b"k"),
                             timeout=PATIENCE).owners), 1)
        self.assertLess(sum(call.done() for call in calls), len(calls) / 2,
                        "the server answered the flood first")
        for call in calls:
            call.cancel()


class MemoryTest(unittest.TestCase):
    """Measures the memory that one client makes the server use."""

    MOST = 300 << 20  # the bounds, copies in gRPC, and free memory

    def setUp(self):
        self.server = self.enterContext(RunningServer())
        self.stub, channel = stub_of(self.server)
        self.addCleanup(channel.close)

    def memory(self):
        with open(f"/proc/{self.server.process.pid}/status",
                  encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) << 10
        return 0

    def handled(self, method):
        """Returns the number of calls of `method` that were answered."""
        with urllib.request.urlopen(f"http://{self.server.http}/metrics",
                                    timeout=10) as reply:
            text = reply.read().decode()
        return sum(int(count) for count in re.findall(
            rf'^grpc_server_handled_total{{.*grpc_method="{method}".*}} (\d+)$',
            text, re.M))

    def most_memory(self, seconds):
        most, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            most = max(most, self.memory())
            time.sleep(0.05)
        return most

    def locate_quickly(self):
        start = time.monotonic()
        with self.assertRaises(grpc.RpcError) as caught:
            self.stub.Locate(pb.LocateRequest(ring="none"), timeout=5)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)
        self.assertLess(time.monotonic() - start, 2)

    def test_large_calls_that_wait_for_an_epoch(self):
        request = pb.BatchLocateRequest(
            keys=[b"k" * 4000] * 1000, min_epoch=1000)
        before = self.memory()
        calls = [self.stub.BatchLocate.future(request, timeout=8)
                 for _ in range(150)]
        self.assertLess(self.most_memory(3) - before, self.MOST)
        self.locate_quickly()
        for call in calls:
            call.cancel()

    def test_answers_that_are_not_read(self):
        self.stub.ApplyChanges(pb.ApplyChangesRequest(changes=[
            pb.NodeChange(add=pb.Node(id=f"n{i}")) for i in range(4000)]),
            timeout=60)
        before = self.memory()
        reader = RawConnection(self.server.grpc, None)
        self.addCleanup(reader.close)
        request = pb.GetRingRequest(include_points=True).SerializeToString()
        for _ in range(200):
            reader.send(b"GetRing", request)
        most, end = 0, time.monotonic() + 60
        while self.handled("GetRing") < 200 and time.monotonic() < end:
            most = max(most, self.most_memory(0.1))
        self.assertEqual(self.handled("GetRing"), 200)
        self.assertLess(most - before, self.MOST)
        self.locate_quickly()
        # Another client still gets such an answer.
        self.stub.GetRing(pb.GetRingRequest(include_points=True), timeout=10)

    def test_requests_that_never_arrive(self):
        before = self.memory()
        sender = RawConnection(self.server.grpc, None)
        self.addCleanup(sender.close)
        sending = threading.Thread(target=sender.send_unfinished, args=(
            b"BatchLocate", 250, 4_000_000, 4_100_000, 60))
        sending.start()
        most = 0
        while sending.is_alive():
            most = max(most, self.most_memory(0.1))
        self.assertLess(most - before, 400 << 20)
        self.locate_quickly()

    def test_many_calls_that_are_not_small(self):
        request = pb.LocateRequest(key=b"k" * 60_000, min_epoch=1000)
        before = self.memory()
        stubs = [stub_of(self.server) for _ in range(10)]
        calls = [stub.Locate.future(request, timeout=8)
                 for _ in range(300) for stub, _ in stubs]
        self.assertLess(self.most_memory(4) - before, self.MOST)
        self.locate_quickly()
        for call in calls:
            call.cancel()
        for _, channel in stubs:
            channel.close()

    def test_changes_that_unfold(self):
        changes = pb.ApplyChangesRequest.CHANGES_FIELD_NUMBER
        request = bytes([changes << 3 | 2, 0]) * 2_000_000
        channel = grpc.insecure_channel(self.server.grpc)
        self.addCleanup(channel.close)
        call = channel.unary_unary(
            "/clockwise.v1.PlacementService/ApplyChanges")
        before = self.memory()
        calls = [call.future(request, timeout=20) for _ in range(12)]
        self.assertLess(self.most_memory(3) - before, self.MOST)
        for one in calls:
            self.assertEqual(one.code(), grpc.StatusCode.INVALID_ARGUMENT)


if __name__ == "__main__":
    unittest.main()
