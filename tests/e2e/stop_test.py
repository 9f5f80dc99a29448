#!/usr/bin/python3
"""Tests how clockwised stops at SIGTERM: soon, and without losing a
response."""

import collections
import signal
import socket
import tempfile
import threading
import time
import unittest

import grpc

from tests.support.etcd_cluster import EtcdCluster, free_port
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, placement_pb2_grpc, refusal, stub_of

CODE = grpc.StatusCode
# Long enough that no test passes because the grace has ended.
GRACE = ["--lame-duck=0", "--drain-grace=30"]
# HTTP/2's preface, an empty SETTINGS frame and its acknowledgement, nothing
# else.
HELLO = (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
         b"\0\0\0\4\0\0\0\0\0\0\0\0\4\1\0\0\0\0")
EVENTS = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"


class StopTest(unittest.TestCase):
    def server(self, flags=(), **more):
        return self.enterContext(
            RunningServer(flags=[*GRACE, *flags], **more))

    def stub(self, server, *options):
        channel = grpc.insecure_channel(server.grpc, options=[
            ("grpc.use_local_subchannel_pool", 1), *options])
        self.addCleanup(channel.close)
        return placement_pb2_grpc.PlacementServiceStub(channel), channel

    def ends(self, server, within):
        """Waits for the end after a SIGTERM: soon, code 0, "drained" last."""
        begun = time.monotonic()
        try:
            code = server.process.wait(timeout=60)
        finally:
            took = time.monotonic() - begun
        self.assertEqual(code, 0, server.log())
        self.assertLess(took, within, server.log())
        self.assertIn("msg=drained", server.log().splitlines()[-1],
                      server.log())

    def stop(self, server, within):
        server.process.send_signal(signal.SIGTERM)
        self.ends(server, within)

    # --- Idle clients do not delay the end. ---

    def test_a_server_without_clients_ends_at_once(self):
        self.stop(self.server(), within=2)

    def test_idle_connections_and_open_streams_do_not_delay_the_end(self):
        server = self.server()
        host, port = server.grpc.split(":")
        raw = self.enterContext(socket.create_connection((host, int(port))))
        raw.sendall(HELLO)
        host, port = server.http.split(":")
        events = self.enterContext(socket.create_connection((host, int(port))))
        events.sendall(EVENTS)
        idle, channel = self.stub(server)
        idle.ListRings(pb.ListRingsRequest(), timeout=TIMEOUT)
        kept, _ = self.stub(server, ("grpc.keepalive_time_ms", 10_000),
                            ("grpc.keepalive_permit_without_calls", 1))
        kept.ListRings(pb.ListRingsRequest(), timeout=TIMEOUT)
        health = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"")
        next(health)
        watch = idle.Watch(pb.WatchRequest())
        next(watch)
        self.stop(server, within=2)
        for stream in (watch, health):
            with self.assertRaises(grpc.RpcError) as caught:
                while True:
                    next(stream)
            self.assertEqual(caught.exception.code(), CODE.UNAVAILABLE)

    # --- Running calls are answered. ---

    def call(self, make):
        """Makes a call on its own thread, which appends the outcome to a
        list."""
        outcome = []

        def run():
            try:
                outcome.append(make())
            except grpc.RpcError as error:
                outcome.append(error)
        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)
        return thread, outcome

    def test_a_look_up_that_waits_for_an_epoch_is_answered(self):
        server = self.server()
        stub, _ = self.stub(server)
        thread, outcome = self.call(lambda: refusal(
            stub.Locate, pb.LocateRequest(key=b"k", min_epoch=9)))
        time.sleep(0.5)
        self.assertEqual(outcome, [])
        self.stop(server, within=2)
        thread.join(5)
        self.assertEqual(outcome, [(CODE.UNAVAILABLE, "DRAINING")])

    def test_a_change_that_waits_for_the_store_is_answered(self):
        with EtcdCluster() as etcd:
            server = self.server(store=etcd.store)
            stub, _ = self.stub(server)
            etcd.pause(0)
            thread, outcome = self.call(lambda: stub.AddNode(
                pb.AddNodeRequest(node=pb.Node(id="a")), timeout=TIMEOUT))
            time.sleep(0.5)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(1.5)
            self.assertIsNone(server.process.poll(), "it has ended")
            self.assertEqual(outcome, [])
            etcd.resume(0)
            self.ends(server, within=5)
            thread.join(5)
            self.assertEqual(outcome[0].change.epoch, 2)

    def load(self, server, stop):
        """Starts clients that add nodes and look up keys. Returns their threads
        and the outcome of the calls."""
        made, failed, wrong = set(), {}, []

        def change(number):
            stub, channel = stub_of(server)
            with channel:
                for i in range(10**6):
                    node = f"n{number}-{i}"
                    try:
                        stub.AddNode(pb.AddNodeRequest(
                            node=pb.Node(id=node)), timeout=TIMEOUT)
                        made.add(node)
                    except grpc.RpcError as error:
                        failed[node] = error
                    if stop.is_set():
                        return

        def look_up():
            stub, channel = stub_of(server)
            keys = [b"%d" % i for i in range(5000)]
            with channel:
                while not stop.is_set():
                    try:
                        answer = stub.BatchLocate(pb.BatchLocateRequest(
                            keys=keys), timeout=TIMEOUT)
                        if len(answer.owners) != len(keys):
                            wrong.append(len(answer.owners))
                    except grpc.RpcError as error:
                        if error.code() != CODE.FAILED_PRECONDITION:  # empty
                            failed[len(failed)] = error

        threads = [threading.Thread(target=change, args=[number])
                   for number in range(8)]
        threads += [threading.Thread(target=look_up) for _ in range(4)]
        for thread in threads:
            thread.start()
        return threads, made, failed, wrong

    def test_no_answer_of_a_change_is_lost_under_load(self):
        for _ in range(3):
            with tempfile.TemporaryDirectory() as folder:
                store = f"sqlite:{folder}/rings.db"
                server = self.server(store=store)
                stop = threading.Event()
                threads, made, failed, wrong = self.load(server, stop)
                time.sleep(1.5)
                self.stop(server, within=5)
                stop.set()
                for thread in threads:
                    thread.join()
                self.assertGreater(len(made), 20)
                self.assertEqual(wrong, [])
                codes = collections.Counter(
                    (error.code(), error.details()[:60]) for error in
                    failed.values())
                # gRPC rejects a call with CANCELLED if it arrives at the moment
                # of its shutdown: at most one per client.
                cancelled = sum(count for (code, _), count in codes.items()
                                if code == CODE.CANCELLED)
                self.assertLessEqual(cancelled, len(threads), codes)
                self.assertLessEqual({code for code, _ in codes},
                                     {CODE.UNAVAILABLE, CODE.CANCELLED}, codes)
                with RunningServer(store=store) as again:
                    stub, channel = stub_of(again)
                    with channel:
                        snapshot = stub.GetRing(pb.GetRingRequest(),
                                                timeout=TIMEOUT).snapshot
                # Each applied change was acknowledged, and each acknowledged
                # change was applied.
                self.assertEqual({node.id for node in snapshot.nodes}, made)

    # --- An unreachable store. ---

    def start(self, store):
        """Starts a server that waits for its store; its lame duck is 20 s."""
        server = RunningServer(store=store, flags=["--lame-duck=20"])
        server.folder = self.enterContext(tempfile.TemporaryDirectory())
        server.start(wait=False)
        self.addCleanup(server.kill)
        return server

    def wait_for(self, server, line):
        for _ in range(300):
            if line in server.log():
                return
            time.sleep(0.1)
        self.fail(server.log())

    def test_a_server_that_never_reached_its_store_ends_at_once(self):
        # A port without a listener, a port that does not answer, and a paused
        # member of etcd.
        with socket.create_server(("127.0.0.1", 0), backlog=0) as silent, \
                EtcdCluster() as etcd:
            etcd.pause(0)
            stores = (f"etcd:127.0.0.1:{free_port()}",
                      f"etcd:127.0.0.1:{silent.getsockname()[1]}",
                      etcd.store)
            servers = [self.start(store) for store in stores * 3]
            # The servers are then in different waits of the follower.
            for number, server in enumerate(servers):
                with self.subTest(store=server.store):
                    self.wait_for(server, "waiting for the store")
                    self.stop(server, within=2)
                    time.sleep(0.3 * (number % 3))
            etcd.resume(0)

    def test_a_server_whose_store_went_away_ends_at_once(self):
        with EtcdCluster() as paused, EtcdCluster() as killed:
            servers = [self.server(store=etcd.store) for etcd in (paused, killed)]
            paused.pause(0)
            killed.kill(0)
            for server in servers:
                self.wait_for(server, "the store is not available")
                stub, _ = self.stub(server)
                stub.ListRings(pb.ListRingsRequest(), timeout=TIMEOUT)
                self.stop(server, within=2)

    # --- The maximum duration. ---

    def test_the_grace_is_the_bound_for_a_change_that_waits(self):
        with EtcdCluster() as etcd:
            server = RunningServer(store=etcd.store, flags=[
                "--lame-duck=0", "--drain-grace=1"])
            server = self.enterContext(server)
            stub, _ = self.stub(server)
            etcd.pause(0)
            thread, outcome = self.call(lambda: stub.AddNode(
                pb.AddNodeRequest(node=pb.Node(id="a")), timeout=TIMEOUT))
            time.sleep(0.3)
            self.stop(server, within=2.5)
            thread.join(5)
            self.assertEqual(outcome[0].code(), CODE.UNAVAILABLE)
            etcd.resume(0)

    def test_a_second_signal_ends_the_lame_duck_at_once(self):
        server = self.enterContext(RunningServer(flags=["--lame-duck=30"]))
        server.process.send_signal(signal.SIGTERM)
        self.wait_for(server, "msg=draining")
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(timeout=2), 1)
        self.assertIn("terminated immediately", server.log())


if __name__ == "__main__":
    unittest.main()
