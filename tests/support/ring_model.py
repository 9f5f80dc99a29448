"""A second implementation of the ring, written from its description."""

import bisect
import ctypes
import hashlib
import struct

_xxhash = ctypes.CDLL("libxxhash.so.0")
_xxhash.XXH3_64bits.restype = ctypes.c_uint64
_xxhash.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]

MASK = (1 << 64) - 1
HASHED, PARTITIONED, MODULO = 1, 2, 3


def xxh3(data):
    return _xxhash.XXH3_64bits(data, len(data))


def splitmix64(state):
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & MASK
    return state ^ (state >> 31)


class RingModel:
    """The ring of a v1.Snapshot, computed from its spec and nodes alone.

    PARTITIONED cannot be computed: its fingerprint requires the table `rows`, a
    row of node IDs per partition. PartitionMirror has its owners().
    """

    def __init__(self, spec, nodes, rows=()):
        self.spec = spec
        self.nodes = sorted(nodes, key=lambda node: node.id.encode())
        self.rows = rows
        self.points = []
        if spec.layout == HASHED:
            for index, node in enumerate(self.nodes):
                seed = xxh3(node.hash_key.encode())
                for i in range(spec.virtual_node_count * node.weight):
                    position = splitmix64(
                        seed + (i + 1) * 0x9E3779B97F4A7C15 & MASK)
                    self.points.append((position, index))
            self.points.sort()
        self.walk = ([index for _, index in self.points]
                     or list(range(len(self.nodes))))
        self.positions = [position for position, _ in self.points]

    def owners(self, key, replicas):
        """Returns the IDs of a key's owners: one per zone first, then the others."""
        if self.spec.layout == HASHED:
            slot = bisect.bisect_left(self.positions, xxh3(key))
            slot %= len(self.positions)
        else:
            digest = int.from_bytes(hashlib.md5(key).digest(), "big")
            slot = digest % len(self.nodes)
        clockwise = self.walk[slot:] + self.walk[:slot]
        wanted = min(replicas, len(self.nodes))
        owners, zones = [], set()
        for index in clockwise:
            if len(owners) < wanted and self.nodes[index].zone not in zones:
                owners.append(index)
                zones.add(self.nodes[index].zone)
        for index in clockwise:
            if len(owners) < wanted and index not in owners:
                owners.append(index)
        return [self.nodes[index].id for index in owners]

    def fingerprint(self):
        def text(value):
            data = value.encode()
            return struct.pack("<I", len(data)) + data

        data = struct.pack("<5I", self.spec.layout, self.spec.virtual_node_count,
                           self.spec.partition_bits, self.spec.replica_count,
                           len(self.nodes))
        for node in self.nodes:
            data += (text(node.id) + text(node.hash_key)
                     + struct.pack("<I", node.weight) + text(node.zone))
        data += struct.pack("<Q", len(self.points))
        data += struct.pack(f"<{len(self.points)}Q", *self.positions)
        data += struct.pack(f"<{len(self.points)}I",
                            *[index for _, index in self.points])
        if self.spec.layout == PARTITIONED:
            index = {node.id: i for i, node in enumerate(self.nodes)}
            table = [index[node_id] for row in self.rows for node_id in row]
            data += struct.pack(f"<Q{len(table)}I", len(table), *table)
        return xxh3(data)
