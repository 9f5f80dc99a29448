#!/usr/bin/python3
"""Looks up keys, one per line of standard input, in a local ring that Watch
keeps up to date. Also calls the server, to show that its result is the same.

usage: lookup.py SERVER [RING]
       lookup.py --vectors FILE     tests itself with ring_v1.json
"""

import json
import pathlib
import random
import sys
import threading
import time

import grpc
from google.protobuf import json_format

from clockwise.v1 import placement_pb2 as pb
from clockwise.v1 import placement_pb2_grpc
from ring import Mismatch, Ring, UnknownLayout, xxh3

SERVICE_CONFIG = (pathlib.Path(__file__).resolve().parent
                  / "../../../deploy/grpc-service-config.json")
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5  # seconds


def say(text):
    print(f"lookup: {text}", file=sys.stderr, flush=True)


def open_channel(target):
    """Returns a channel: round robin over the addresses of `target`, health
    checks, and retries of reads."""
    return grpc.insecure_channel(target, options=[
        ("grpc.service_config", SERVICE_CONFIG.read_text()),
        # A whole ring can exceed gRPC's default limit of 4 MiB.
        ("grpc.max_receive_message_length", -1),
        # The default waits up to 2 minutes before it connects again.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1000),
        # Notices a dead network, also while nothing is sent. The server allows
        # one ping in 10 s.
        ("grpc.keepalive_time_ms", 15_000),
        ("grpc.keepalive_timeout_ms", 5000),
        ("grpc.http2.max_pings_without_data", 0)])


def silence(heartbeat_ms):
    """Returns the seconds after which a stream without a message is dead: three
    of the server's heartbeats. 0: the interval is not known."""
    return max(3, 3 * heartbeat_ms / 1000) if heartbeat_ms else 15


class Behind(Exception):
    """A server sent an older epoch of the ring. Ask another server."""


class Mirror:
    """Holds the newest ring that a server sent, and its time."""

    def __init__(self, stub, name):
        self.ring = None       # replaced as a whole; None: the layout is unknown
        self.deleted = False   # the ring was deleted; `ring` is its last state
        self.confirmed = None  # time.monotonic() of the last message
        self.mismatches = 0
        self.last_error = "no server has answered"
        self._stub, self._name = stub, name
        self._known = None     # epoch and incarnation
        self._first = threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()

    def wait(self, seconds):
        """Waits for the first ring. Returns False if it does not arrive."""
        return self._first.wait(seconds)

    def _follow(self):
        pause, fetch_all = FIRST_PAUSE, False
        while True:
            request = pb.WatchRequest(ring=self._name)
            if self._known and not fetch_all:
                request.known_epoch, request.known_incarnation = self._known
            fetch_all = False
            progress, silent = False, threading.Event()
            try:
                for progress in self._watch(request, silent):
                    if progress:
                        pause = FIRST_PAUSE
            except Mismatch as mismatch:
                say(f"{mismatch}; requesting the whole ring")
                self.mismatches += 1
                fetch_all = True
            except Behind as behind:
                say(behind)
            except grpc.RpcError as error:
                self._note_end(error)
            if silent.is_set():  # it has waited long enough
                pause = FIRST_PAUSE
            time.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _watch(self, request, silent):
        """Reads one stream to its end. Yields for each message whether it is
        progress: it raised the epoch, or is not the first of its stream."""
        # Without wait_for_ready, the call fails while the channel connects.
        call = self._stub.Watch(request, wait_for_ready=True)

        def close():
            silent.set()
            call.cancel()

        # Reading from the call has no timeout.
        alarm = threading.Timer(silence(0), close)
        alarm.start()
        may_go_back, first = request.known_epoch != 0, True
        try:
            for message in call:
                alarm.cancel()
                before = self._known
                self._take_in(message, may_go_back)
                yield (not first or before is None
                       or (self._known[1] == before[1] and self._known > before))
                may_go_back = first = False
                alarm = threading.Timer(silence(message.heartbeat_ms), close)
                alarm.start()
        finally:
            alarm.cancel()
            call.cancel()

    def _note_end(self, error):
        text = f"{error.code().name}: {error.details()}"
        deleted = (error.code() == grpc.StatusCode.NOT_FOUND
                   and self._known is not None)
        if deleted and not self.deleted:
            say(f"{text}; keeping its last state and waiting for the ring")
        elif text != self.last_error and not deleted:
            say(f"the stream ended: {text}; reconnecting")
        self.last_error, self.deleted = text, deleted or self.deleted

    def _take_in(self, message, may_go_back):
        kind = message.WhichOneof("event")
        event = getattr(message, kind) if kind else None  # None: a later version
        if kind == "snapshot":
            self._replace(event, may_go_back)
        elif kind and self._known is None:
            raise Mismatch("the first message has no ring")
        elif kind == "delta" and self.ring:
            self.ring = self.ring.after(event)
            self._known = event.epoch, event.incarnation
        elif kind == "delta":
            if (event.from_epoch, event.incarnation) != self._known:
                raise Mismatch("the delta does not continue the ring")
            self._known = event.epoch, event.incarnation
        elif kind == "heartbeat" and (
                (event.epoch, event.incarnation) != self._known or
                (self.ring and event.fingerprint != self.ring.fingerprint)):
            raise Mismatch("the heartbeat does not match the local ring")
        self.confirmed = time.monotonic() - message.unconfirmed_ms / 1000
        self.deleted, self.last_error = False, ""
        if self._known:
            self._first.set()

    def _replace(self, snapshot, may_go_back):
        """`may_go_back`: the snapshot answers a request that named the epoch of
        the ring. The server has then made sure that it is not behind."""
        if (self._known and not may_go_back
                and snapshot.incarnation == self._known[1]
                and snapshot.epoch < self._known[0]):
            raise Behind(f"a server sent epoch {snapshot.epoch}, but the ring is "
                         f"at epoch {self._known[0]}")
        try:
            self.ring = Ring.from_snapshot(snapshot)
        except UnknownLayout as unknown:
            say(f"{unknown}; calling Locate for each key")
            self.ring = None
        self._known = snapshot.epoch, snapshot.incarnation


def check_vectors(path):
    with open(path) as file:
        vectors = json.load(file)
    keys = [bytes.fromhex(key) for key in vectors["keys"]]
    for vector in vectors["hashes"]:
        assert xxh3(bytes.fromhex(vector["key"])) == int(vector["xxh3"]), vector

    def check(ring, locates):
        for vector in locates:
            owners = ring.locate(keys[vector["key"]], vector["replicas"])
            assert owners == vector["owners"], (ring.epoch, vector, owners)
        return len(locates)

    checked = 0
    for vector in vectors["rings"]:
        ring = Ring.from_snapshot(
            json_format.ParseDict(vector["snapshot"], pb.Snapshot()))
        checked += check(ring, vector["locates"])
        for then in vector["then"]:
            ring = ring.after(json_format.ParseDict(then["delta"], pb.Delta()))
            checked += check(ring, then["locates"])
    print(f"{checked} look-ups match")


def look_up(stub, mirror, name, line):
    """Prints the owners of a key, and compares them with the server's."""
    key = line.encode()
    ring = mirror.ring  # one ring for all calls that belong together
    owners = None
    if ring:
        owners = ring.locate(key)
        print(line, *owners, f"epoch {ring.epoch}", sep="\t", flush=True)
    try:
        remote = stub.Locate(pb.LocateRequest(ring=name, key=key), timeout=5)
    except grpc.RpcError as error:
        # The local result is valid without the server.
        text = f"{error.code().name}: {error.details()}"
        if ring:
            say(f"not compared: {text}")
        else:
            print(line, f"no owners: {text}", sep="\t", flush=True)
        return
    theirs = [owner.node_id for owner in remote.owners]
    if not ring:
        print(line, *theirs, f"epoch {remote.epoch}", sep="\t", flush=True)
    elif (remote.epoch, remote.incarnation) == (
            ring.epoch, ring.incarnation) and owners != theirs:
        sys.exit(f"lookup: the server returned {remote}")


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--vectors":
        return check_vectors(sys.argv[2])
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    name = sys.argv[2] if len(sys.argv) == 3 else ""
    stub = placement_pb2_grpc.PlacementServiceStub(open_channel(sys.argv[1]))
    mirror = Mirror(stub, name)
    if not mirror.wait(10):
        sys.exit(f"lookup: no ring within 10 s: {mirror.last_error}")
    for line in sys.stdin:
        look_up(stub, mirror, name, line.rstrip("\n"))
    return None


if __name__ == "__main__":
    main()
