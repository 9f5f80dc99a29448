#!/usr/bin/python3
"""Looks up keys, one per line of standard input, in a local ring that Watch
keeps up to date. Also calls the server, to show that its result is the same.

usage: lookup.py SERVER [RING]
       lookup.py --vectors FILE     tests itself with ring_v1.json
"""

import json
import random
import sys
import threading
import time

import grpc
from google.protobuf import json_format

from clockwise.v1 import placement_pb2 as pb
from clockwise.v1 import placement_pb2_grpc
from ring import Mismatch, Ring, xxh3

SILENCE = 15  # seconds; a connection without a message is then dead


class Mirror:
    """Holds the newest ring that a server sent, and its time."""

    def __init__(self, stub, name):
        self.ring = None       # replaced as a whole
        self.confirmed = None  # time.monotonic() of the last message
        self.mismatches = 0
        self._stub, self._name = stub, name
        self._first = threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()

    def wait(self, seconds):
        """Waits for the first ring. Returns False if it does not arrive."""
        return self._first.wait(seconds)

    def _follow(self):
        pause, fetch_all = 0.1, False
        while True:
            request = pb.WatchRequest(ring=self._name)
            if self.ring and not fetch_all:
                request.known_epoch = self.ring.epoch
                request.known_incarnation = self.ring.incarnation
            call = self._stub.Watch(request)
            # Reading from the call has no timeout.
            alarm = threading.Timer(SILENCE, call.cancel)
            alarm.start()
            try:
                for message in call:
                    alarm.cancel()
                    self._take_in(message)
                    pause, fetch_all = 0.1, False
                    alarm = threading.Timer(SILENCE, call.cancel)
                    alarm.start()
            except Mismatch as mismatch:
                print(f"lookup: {mismatch}; requesting the whole ring",
                      file=sys.stderr)
                self.mismatches += 1
                fetch_all = True
            except grpc.RpcError:
                pass
            finally:
                alarm.cancel()
                call.cancel()
            time.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, 5)

    def _take_in(self, message):
        kind = message.WhichOneof("event")
        event = getattr(message, kind)
        if kind == "snapshot":
            self.ring = Ring.from_snapshot(event)
        elif kind == "delta":
            self.ring = self.ring.after(event)
        elif (event.epoch, event.incarnation, event.fingerprint) != (
                self.ring.epoch, self.ring.incarnation, self.ring.fingerprint):
            raise Mismatch("the heartbeat does not match the local ring")
        self.confirmed = time.monotonic() - message.unconfirmed_ms / 1000
        self._first.set()


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


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--vectors":
        return check_vectors(sys.argv[2])
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    name = sys.argv[2] if len(sys.argv) == 3 else ""
    # A whole ring can exceed gRPC's default limit of 4 MiB.
    channel = grpc.insecure_channel(
        sys.argv[1], options=[("grpc.max_receive_message_length", -1)])
    stub = placement_pb2_grpc.PlacementServiceStub(channel)
    mirror = Mirror(stub, name)
    if not mirror.wait(10):
        sys.exit("lookup: no server sent the ring within 10 s")
    for line in sys.stdin:
        key = line.rstrip("\n").encode()
        ring = mirror.ring  # one ring for all calls that belong together
        owners = ring.locate(key)
        print(line.rstrip("\n"), *owners, f"epoch {ring.epoch}", sep="\t",
              flush=True)
        remote = stub.Locate(pb.LocateRequest(ring=name, key=key), timeout=5)
        if remote.epoch == ring.epoch and owners != [
                owner.node_id for owner in remote.owners]:
            sys.exit(f"lookup: the server returned {remote}")
    return None


if __name__ == "__main__":
    main()
