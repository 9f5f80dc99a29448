"""Prints ring_v1.json: what a real server answers, held against the model of
tests/support, which was written from the description alone.

Run by hand after a build: python3 -m tests.vectors.make_ring_v1 >tests/vectors/ring_v1.json
"""

import json


from google.protobuf import json_format

from tests.support.partition_mirror import PartitionMirror
from tests.support.ring_model import HASHED, MODULO, PARTITIONED, RingModel, xxh3
from tests.support.running_server import RunningServer
from tests.support.stubs import pb, stub_of

LENGTHS = [0, 1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 32, 33, 64, 65, 96, 97, 128, 129,
           144, 145, 192, 239, 240, 241, 255, 256, 257, 512, 1023, 1024, 1025,
           1088, 2048, 2049]
KEYS = [b"", b"a", b"user:42", "schlüssel".encode(), b"\0\xff\x80\n",
        b"tenant/7/object/00000000000000000001", b"x" * 200, b"y" * 1000,
        *(b"key-%d" % i for i in range(16))]


def node(node_id, weight=1, zone="", hash_key="", address=""):
    return pb.Node(id=node_id, weight=weight, zone=zone, hash_key=hash_key,
                   address=address)


def add(*nodes):
    return [pb.NodeChange(add=one) for one in nodes]


RINGS = [
    ("one node", pb.RingSpec(layout=HASHED, virtual_node_count=3), [add(node("n1"))]),
    ("weights, zones, a hash_key", pb.RingSpec(
        layout=HASHED, virtual_node_count=4, replica_count=3), [
            add(node("n1", 1, "a"), node("n2", 3, "a"), node("n3", 2, "b"),
                node("Z-9.x:1/y_2", 1, "c", "another")),
            add(node("n4", 2)) + [pb.NodeChange(remove="n1")],
            [pb.NodeChange(update=pb.NodeUpdate(node=node("n3", 5, "a")))]]),
    ("two nodes on the same points: by id", pb.RingSpec(
        layout=HASHED, virtual_node_count=4, replica_count=2), [
            add(node("b", hash_key="same"), node("a", hash_key="same"),
                node("c"))]),
    ("modulo", pb.RingSpec(layout=MODULO, replica_count=2), [
        add(node("n1"), node("n10"), node("n2")), add(node("n3", zone="z"))]),
    ("partitions in zones", pb.RingSpec(
        layout=PARTITIONED, partition_bits=5, replica_count=2), [
            add(node("n1", 1, "a"), node("n2", 1, "b"), node("n3", 2, "a")),
            add(node("n0", 1, "c")),
            [pb.NodeChange(remove="n2")] + add(node("n9", 1, "b")),
            [pb.NodeChange(remove="n3")]]),
    ("fewer nodes than owners", pb.RingSpec(
        layout=PARTITIONED, partition_bits=4, replica_count=3), [
            add(node("n1")), add(node("n2")), add(node("n3"), node("n4")),
            [pb.NodeChange(remove=f"n{i}") for i in (1, 2, 3)]]),
]


def pattern(length):
    return bytes((i * 7 + 13) & 255 for i in range(length))


class Ring:
    """One ring on the server, told as vectors and held against the model."""

    def __init__(self, stub, number, spec):
        self.stub = stub
        spec.name = f"ring-{number}"
        self.spec = stub.CreateRing(pb.CreateRingRequest(spec=spec)).ring.spec
        self.mirror = PartitionMirror()

    def change(self, changes):
        self.stub.ApplyChanges(pb.ApplyChangesRequest(
            ring=self.spec.name, changes=changes))

    def told(self, epoch, incarnation):
        """Returns the first Watch message for a client at `epoch`."""
        stream = self.stub.Watch(pb.WatchRequest(
            ring=self.spec.name, known_epoch=epoch,
            known_incarnation=incarnation), timeout=10)
        message = next(stream)
        stream.cancel()
        if self.spec.layout == PARTITIONED:
            self.mirror.apply(message)
        return message

    def snapshot(self):
        return self.stub.GetRing(pb.GetRingRequest(
            ring=self.spec.name, include_points=True)).snapshot

    def locates(self):
        snapshot = self.snapshot()
        model = RingModel(self.spec, snapshot.nodes, self.mirror.rows)
        assert model.fingerprint() == snapshot.fingerprint
        assert model.positions == list(snapshot.point_positions)
        vectors = []
        for index, key in enumerate(KEYS):
            for replicas in (1, 0, 4):
                answer = self.stub.Locate(pb.LocateRequest(
                    ring=self.spec.name, key=key, replica_count=replicas))
                owners = [owner.node_id for owner in answer.owners]
                wanted = min(replicas or self.spec.replica_count,
                             len(snapshot.nodes))
                expected = (self.mirror.walk(key, wanted)
                            if self.spec.layout == PARTITIONED
                            else model.owners(key, wanted))
                assert owners == expected, (key, owners, expected)
                vectors.append({"key": index, "replicas": replicas,
                                "hash": str(answer.hash), "owners": owners})
        return vectors


def to_json(message):
    return json_format.MessageToDict(message)


def ring_vectors(stub, number, what, spec, steps):
    ring = Ring(stub, number, spec)
    ring.change(steps[0])
    ring.told(0, 0)
    before = ring.snapshot()
    vectors = {"what": what, "snapshot": to_json(before),
               "locates": ring.locates(), "then": []}
    for changes in steps[1:]:
        ring.change(changes)
        delta = ring.told(before.epoch, before.incarnation).delta
        assert delta.from_epoch == before.epoch
        before = ring.snapshot()
        vectors["then"].append({"delta": to_json(delta),
                                "locates": ring.locates()})
    return vectors


def lines(value, depth=0):
    """JSON with one line for each small value."""
    flat = json.dumps(value, ensure_ascii=True)
    if depth > 2 or len(flat) < 100 or not isinstance(value, (dict, list)):
        return flat
    pad = " " * depth
    inner = (f",\n{pad} ".join(
        f"{json.dumps(key)}: {lines(item, depth + 1)}"
        for key, item in value.items()) if isinstance(value, dict) else
             f",\n{pad} ".join(lines(item, depth + 1) for item in value))
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{pad} {inner}\n{pad}{closing}"


def main():
    with RunningServer() as server:
        stub, channel = stub_of(server)
        with channel:
            rings = [ring_vectors(stub, number, *ring)
                     for number, ring in enumerate(RINGS)]
    print(lines({
        "about": "See client/PORTING.md. Keys are in hexadecimal, and named by "
                 "their index; 64-bit numbers are decimal strings; snapshot and "
                 "delta are in protobuf's JSON form.",
        "hashes": [{"length": length, "key": pattern(length).hex(),
                    "xxh3": str(xxh3(pattern(length)))} for length in LENGTHS],
        "keys": [key.hex() for key in KEYS],
        "rings": rings}))


if __name__ == "__main__":
    main()
