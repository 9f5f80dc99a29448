"""Load for the fault suite, and a record of everything that it received.

Everything is stored in one Record; fault_checker.py reads it.
"""

import collections
import json
import threading
import time

import grpc

from tests.support.stubs import TIMEOUT, pb, placement_pb2_grpc

AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED,
         grpc.StatusCode.CANCELLED, grpc.StatusCode.ABORTED)
# Seconds during which a request with an unknown outcome is retried.
PATIENCE = 60

SERVICE_CONFIG = json.dumps({
    "loadBalancingConfig": [{"round_robin": {}}],
    "healthCheckConfig": {"serviceName": "clockwise.v1.PlacementService"},
    "methodConfig": [{
        "name": [{"service": "clockwise.v1.PlacementService",
                  "method": "Locate"}],
        "retryPolicy": {
            "maxAttempts": 5, "initialBackoff": "0.02s", "maxBackoff": "0.5s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"]}}]})


class Record:
    """Everything that programs received. Thread-safe by the interpreter's lock
    alone: each list has one thread that appends to it."""

    def __init__(self):
        self.acknowledged = {}  # request_id: pb.Change
        self.refused = {}       # request_id: code
        self.unknown = set()    # request_ids
        self.conflicts = []     # ABORTED: lost too many races, retried
        self.times = []         # acknowledgements, in monotonic seconds
        self.streams = []       # a list of events for each watcher
        self.mirrors = {}       # watcher's index: (epoch, node ids)
        self.answers = []       # (epoch, incarnation, fingerprint) of Locate
        self.failures = []      # Locate's errors: (code, details)

    def requests(self):
        return len(self.acknowledged) + len(self.refused) + len(self.unknown)


Event = collections.namedtuple(
    "Event", "kind from_epoch epoch incarnation fingerprint")


def connect(address):
    return grpc.insecure_channel(address, options=[
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.max_receive_message_length", -1),
        ("grpc.enable_retries", 0),
        ("grpc.initial_reconnect_backoff_ms", 20),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 200)])


class Load:
    """Writers, watchers and readers over `servers` until the with block ends.

    Each writer uses its own node IDs, so that requests do not conflict. Each
    request has an ID, and is retried on another server until its outcome is
    known.
    """

    def __init__(self, servers, writers=2, watchers=2, readers=1, changes=None,
                 name="w", record=None):
        self.servers = servers
        self.record = record or Record()
        self.changes = changes  # per writer; None: no limit
        self._stop = threading.Event()
        self._writers = [
            threading.Thread(target=self._write, args=(f"{name}{i}", i))
            for i in range(writers)]
        self._others = [
            threading.Thread(target=self._watch, args=(i,))
            for i in range(watchers)]
        self._others += [threading.Thread(target=self._read)
                         for _ in range(readers)]
        self._calls = []

    def __enter__(self):
        self._add_base()
        for thread in self._writers + self._others:
            thread.start()
        return self

    def _add_base(self):
        """Adds a node at every server, so that each key has an owner."""
        epoch = 0
        for server in self.servers:
            with connect(server.grpc) as channel:
                stub = placement_pb2_grpc.PlacementServiceStub(channel)
                if not epoch:
                    epoch = self._patiently(
                        lambda stub=stub: stub.AddNode(pb.AddNodeRequest(
                            node=pb.Node(id="base"), request_id="base"),
                            timeout=TIMEOUT, wait_for_ready=True)).change.epoch
                stub.Locate(pb.LocateRequest(key=b"k", min_epoch=epoch),
                            timeout=TIMEOUT, wait_for_ready=True)

    @staticmethod
    def _patiently(call):
        """Retries the call while it loses races; returns its response."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return call()
            except grpc.RpcError as error:
                if (error.code() != grpc.StatusCode.ABORTED or
                        time.monotonic() > until):
                    raise

    def __exit__(self, *_):
        if self.changes is not None:
            for thread in self._writers:
                thread.join()
        self._stop.set()
        for thread in self._writers:
            thread.join()
        self.catch_up()
        for call in self._calls:
            call.cancel()
        for thread in self._others:
            thread.join(timeout=30)

    def catch_up(self):
        """Waits until watchers have received the last change."""
        # Copy the list: another Load may still add to the record.
        last = max((change.epoch for change in
                    list(self.record.acknowledged.values())), default=0)
        for _ in range(100):
            if all(stream and stream[-1].epoch >= last
                   for stream in self.record.streams):
                return
            time.sleep(0.05)

    def _write(self, name, first):
        channels = [connect(server.grpc) for server in self.servers]
        stubs = [placement_pb2_grpc.PlacementServiceStub(channel)
                 for channel in channels]
        number = 0
        while not self._stop.is_set() and number != self.changes:
            number += 1
            self._settle(stubs, f"{name}-{number}", self._change(name, number),
                         first)
        for channel in channels:
            channel.close()

    @staticmethod
    def _change(name, number):
        """Returns the method and request of a writer's `number`-th change. Each
        node is added, updated, and (except every fifth) removed."""
        node, step = divmod(number - 1, 3)
        node_id = f"{name}-n{node % 20}.{node // 20}"
        if step == 0 or (step == 2 and node % 5 == 0):
            suffix = "" if step == 0 else "-twin"
            return "AddNode", pb.AddNodeRequest(
                node=pb.Node(id=node_id + suffix, address="10.0.0.1:1"))
        if step == 1:
            request = pb.UpdateNodeRequest(node=pb.Node(
                id=node_id, address=f"10.0.0.1:{number}"))
            request.update_mask.paths.append("address")
            return "UpdateNode", request
        return "RemoveNode", pb.RemoveNodeRequest(node_id=node_id)

    def _settle(self, stubs, request_id, change, first):
        method, request = change
        request.request_id = request_id
        until = time.monotonic() + PATIENCE
        turn = first
        while True:
            try:
                answer = getattr(stubs[turn % len(stubs)], method)(
                    request, timeout=3)
                self.record.acknowledged[request_id] = answer.change
                self.record.times.append(time.monotonic())
                return
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.ABORTED:
                    self.record.conflicts.append(request_id)
                if error.code() not in AGAIN:
                    self.record.refused[request_id] = (error.code(),
                                                       error.details())
                    return
            if time.monotonic() > until:
                self.record.unknown.add(request_id)
                return
            turn += 1
            time.sleep(0.01)

    def _watch(self, turn):
        events = []
        self.record.streams.append(events)
        index = len(self.record.streams) - 1
        nodes = set()
        epoch = incarnation = 0
        while not self._stop.is_set():
            server = self.servers[turn % len(self.servers)]
            turn += 1
            with connect(server.grpc) as channel:
                call = placement_pb2_grpc.PlacementServiceStub(channel).Watch(
                    pb.WatchRequest(known_epoch=epoch,
                                    known_incarnation=incarnation))
                self._calls.append(call)
                try:
                    for told in call:
                        event, nodes = self._note(told, nodes)
                        events.append(event)
                        epoch = event.epoch
                        incarnation = event.incarnation
                        self.record.mirrors[index] = (epoch, frozenset(nodes))
                except grpc.RpcError:
                    pass
            time.sleep(0.02)

    @staticmethod
    def _note(told, nodes):
        """Returns the event of one message, and the mirror's nodes after it."""
        kind = told.WhichOneof("event")
        body = getattr(told, kind)
        before = body.from_epoch if kind == "delta" else 0
        if kind == "snapshot":
            nodes = {node.id for node in body.nodes}
        elif kind == "delta":
            nodes = nodes - set(body.removed_ids)
            nodes |= {node.id for node in body.upserted}
        return Event(kind, before, body.epoch, body.incarnation,
                     body.fingerprint), nodes

    def _read(self):
        target = "ipv4:" + ",".join(server.grpc for server in self.servers)
        with grpc.insecure_channel(target, options=[
                ("grpc.service_config", SERVICE_CONFIG),
                ("grpc.use_local_subchannel_pool", 1),
                ("grpc.initial_reconnect_backoff_ms", 20),
                ("grpc.min_reconnect_backoff_ms", 100),
                ("grpc.max_reconnect_backoff_ms", 200)]) as channel:
            stub = placement_pb2_grpc.PlacementServiceStub(channel)
            while not self._stop.is_set():
                try:
                    answer = stub.Locate(pb.LocateRequest(key=b"k"),
                                         timeout=10)
                    self.record.answers.append(
                        (answer.epoch, answer.incarnation, answer.fingerprint))
                except grpc.RpcError as error:
                    self.record.failures.append((error.code(),
                                                 error.details()))
                time.sleep(0.005)
