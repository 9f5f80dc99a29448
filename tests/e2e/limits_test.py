#!/usr/bin/python3
"""Tests the limits on callers: each has a flag, an error and a metric."""

import socket
import threading
import time
import unittest
import urllib.request

import grpc

from tests.support.fault_case import eventually
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, errors_pb2, pb, refusal, stub_of

CODE = grpc.StatusCode


class LimitsTest(unittest.TestCase):
    def serve(self, *flags):
        self.server = self.enterContext(RunningServer(flags=flags))
        self.stub, channel = stub_of(self.server)
        self.addCleanup(channel.close)

    def reached(self, limit):
        with urllib.request.urlopen(
                f"http://{self.server.http}/metrics") as page:
            for line in page.read().decode().splitlines():
                name = f'clockwise_limit_reached_total{{limit="{limit}"}} '
                if line.startswith(name):
                    return int(line[len(name):])
        return None

    def other_stub(self):
        """Returns a stub with a connection of its own."""
        stub, channel = stub_of(self.server)
        self.addCleanup(channel.close)
        return stub

    def watch(self):
        stream = self.other_stub().Watch(pb.WatchRequest(), timeout=60)
        next(stream)
        return stream

    def refused_watch(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.watch()
        self.assertEqual(caught.exception.code(), CODE.RESOURCE_EXHAUSTED)

    def soon(self, call):
        """Retries the call while it is rejected."""
        for _ in range(200):
            try:
                return call()
            except grpc.RpcError:
                time.sleep(0.02)
        return call()

    def check_watch_streams(self, limit):
        self.serve(f"--max-{limit.replace('_', '-')}=2")
        self.assertEqual(self.reached(limit), 0)
        # Keep the streams in variables: Python cancels a stream without a
        # reference.
        first, second = self.watch(), self.watch()
        self.refused_watch()
        self.assertEqual(self.reached(limit), 1)
        first.cancel()
        third = self.soon(self.watch)  # its place is free again
        self.refused_watch()
        second.cancel()
        third.cancel()

    def test_watch_streams(self):
        self.check_watch_streams("watch_streams")

    def test_watch_streams_of_one_machine(self):
        self.check_watch_streams("watch_streams_per_peer")

    def check_locate_streams(self, limit):
        self.serve(f"--max-{limit.replace('_', '-')}=1")
        self.stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="a")),
                          timeout=TIMEOUT)
        end = threading.Event()
        self.addCleanup(end.set)

        def requests():
            yield pb.BatchLocateRequest(keys=[b"k"])
            end.wait()

        open_one = self.stub.LocateStream(requests(), timeout=60)
        next(open_one)
        with self.assertRaises(grpc.RpcError) as caught:
            next(self.other_stub().LocateStream(iter([]), timeout=TIMEOUT))
        self.assertEqual(caught.exception.code(), CODE.RESOURCE_EXHAUSTED)
        self.assertEqual(self.reached(limit), 1)
        open_one.cancel()

        def one_more():  # the place is free again
            next(self.stub.LocateStream(requests(), timeout=60))
        self.soon(one_more)

    def test_locate_streams(self):
        self.check_locate_streams("locate_streams")

    def test_locate_streams_of_one_machine(self):
        self.check_locate_streams("locate_streams_per_peer")

    def test_calls_that_wait_are_told_when_to_come_again(self):
        self.serve("--max-waiting-calls=1")
        ahead = pb.LocateRequest(key=b"k", min_epoch=9)
        # One of the calls gets the only place, and the other is rejected.
        calls = [self.stub.Locate.future(ahead, timeout=60) for _ in (1, 2)]
        self.assertTrue(eventually(lambda: any(call.done() for call in calls)))
        self.assertEqual(self.reached("waiting_calls"), 1)
        rejected = next(call for call in calls if call.done()).exception()
        self.assertEqual(rejected.code(), CODE.UNAVAILABLE)
        details = dict(rejected.trailing_metadata())[
            "grpc-status-details-bin"]
        kinds = [detail.type_url.rsplit(".", 1)[1] for detail
                 in errors_pb2.RpcStatus.FromString(details).details]
        self.assertIn("RetryInfo", kinds)
        for call in calls:
            call.cancel()

    def http_peer(self, text):
        host, port = self.server.http.split(":")
        peer = socket.create_connection((host, int(port)), timeout=TIMEOUT)
        self.addCleanup(peer.close)
        peer.sendall(text)
        return peer

    def test_connections_and_streams_of_the_http_port(self):
        self.serve("--max-http-connections=4", "--max-http-event-streams=2",
                   "--max-http-request-seconds=0.5")
        events = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answers = [self.http_peer(events).recv(100).split()[1]
                   for _ in range(3)]
        self.assertEqual(answers, [b"200", b"200", b"503"])
        self.assertEqual(self.reached("http_event_streams"), 1)
        # Six unfinished requests: the last two replace the first two, and the
        # others time out.
        silent = [self.http_peer(b"GET / HTTP/1.1\r\n") for _ in range(6)]
        for peer in silent:
            while peer.recv(100):
                pass
        self.assertGreaterEqual(self.reached("http_connections"), 1)
        self.assertGreaterEqual(self.reached("http_request_seconds"), 4)

    def test_sizes(self):
        self.serve("--max-request-bytes=2000", "--max-metadata-bytes=2000")
        locate = self.stub.Locate
        small, large = (pb.LocateRequest(key=b"k" * size)
                        for size in (1900, 2100))
        self.assertEqual(refusal(locate, small)[1], "RING_EMPTY")
        self.assertEqual(refusal(locate, large)[0], CODE.RESOURCE_EXHAUSTED)
        with self.assertRaises(grpc.RpcError) as caught:
            locate(small, timeout=TIMEOUT, metadata=[("more", "x" * 4000)])
        self.assertEqual(caught.exception.code(), CODE.RESOURCE_EXHAUSTED)
        # Other clients are served. gRPC 1.51 sometimes closes that connection.
        self.assertEqual(refusal(self.other_stub().Locate, small)[1],
                         "RING_EMPTY")

    def test_what_is_packed_is_not_unpacked(self):
        self.serve()
        with self.assertRaises(grpc.RpcError) as caught:
            self.stub.Locate(pb.LocateRequest(key=b"k" * 60_000),
                             timeout=TIMEOUT, compression=grpc.Compression.Gzip)
        self.assertEqual(caught.exception.code(), CODE.UNIMPLEMENTED)

    def test_calls_of_a_connection_wait_at_the_client(self):
        self.serve("--max-calls-per-connection=1")
        stream = self.stub.Watch(pb.WatchRequest(), timeout=60)
        next(stream)
        with self.assertRaises(grpc.RpcError) as caught:
            self.stub.GetRing(pb.GetRingRequest(), timeout=0.5)
        self.assertEqual(caught.exception.code(), CODE.DEADLINE_EXCEEDED)
        stream.cancel()
        self.soon(lambda: self.stub.GetRing(pb.GetRingRequest(), timeout=1))


if __name__ == "__main__":
    unittest.main()
