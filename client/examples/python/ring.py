"""A client's copy of a ring of Clockwise. It follows the messages of Watch, and
looks up keys without a call. Written from client/PORTING.md."""

import bisect
import dataclasses
import functools
import hashlib
import struct

from xxhash import xxh3_64_intdigest as xxh3

HASHED, PARTITIONED, MODULO = 1, 2, 3
MASK = (1 << 64) - 1


class Mismatch(Exception):
    """A message does not lead to the ring that it names. Request a snapshot."""


class UnknownLayout(Exception):
    """This program does not have the layout of the ring. Call Locate."""


def splitmix64(state):
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & MASK
    return state ^ (state >> 31)


@dataclasses.dataclass(frozen=True)
class Ring:
    """Immutable: replace it as a whole; look-ups then need no lock."""

    spec: object
    nodes: list  # sorted by id
    epoch: int
    incarnation: int
    rows: list  # PARTITIONED: the ids of the owners of each partition

    @staticmethod
    def from_snapshot(snapshot):
        """Returns the ring. Raises Mismatch or UnknownLayout."""
        if snapshot.spec.layout not in (HASHED, PARTITIONED, MODULO):
            raise UnknownLayout(f"the layout {snapshot.spec.layout} is not known")
        nodes = list(snapshot.nodes)
        rows = []
        if snapshot.spec.layout == PARTITIONED:
            width = min(snapshot.spec.replica_count, len(nodes))
            owners = snapshot.partition_owners
            count = 1 << snapshot.spec.partition_bits
            if len(owners) != count * width or max(owners, default=-1) >= len(nodes):
                raise Mismatch("the table has a wrong size, or an unknown owner")
            rows = [[nodes[i].id for i in owners[at * width:(at + 1) * width]]
                    for at in range(count)]
        return Ring(snapshot.spec, nodes, snapshot.epoch, snapshot.incarnation,
                    rows).checked(snapshot.fingerprint)

    def after(self, delta):
        """Returns the ring after a delta."""
        if (delta.from_epoch, delta.incarnation) != (self.epoch,
                                                     self.incarnation):
            raise Mismatch(f"a delta from epoch {delta.from_epoch} does not "
                           "continue the ring")
        nodes = {node.id: node for node in self.nodes}
        for node_id in delta.removed_ids:
            nodes.pop(node_id, None)
        nodes.update((node.id, node) for node in delta.upserted)
        rows = list(self.rows)
        width = min(self.spec.replica_count, len(nodes))
        if (len(delta.moved_owners) != len(delta.moved_partitions) * width
                or max(delta.moved_partitions, default=-1) >= len(rows)
                or max(delta.moved_owners, default=-1) >= len(delta.owner_ids)):
            raise Mismatch("the delta has an invalid partition or owner")
        for k, partition in enumerate(delta.moved_partitions):
            rows[partition] = [
                delta.owner_ids[i]
                for i in delta.moved_owners[k * width:(k + 1) * width]]
        ordered = sorted(nodes.values(), key=lambda node: node.id.encode())
        return Ring(self.spec, ordered, delta.epoch, delta.incarnation,
                    rows).checked(delta.fingerprint)

    def __post_init__(self):
        points = []
        if self.spec.layout == HASHED:
            for index, node in enumerate(self.nodes):
                seed = xxh3(node.hash_key.encode())
                points += [
                    (splitmix64(seed + (i + 1) * 0x9E3779B97F4A7C15 & MASK), index)
                    for i in range(self.spec.virtual_node_count * node.weight)]
            points.sort()
        # The node of each slot, as an index into nodes.
        around = [index for _, index in points] or list(range(len(self.nodes)))
        object.__setattr__(self, "positions", [at for at, _ in points])
        object.__setattr__(self, "around", around)
        members = set(around)  # nodes that have a slot
        object.__setattr__(self, "member_count", len(members))
        object.__setattr__(self, "zone_count", len(
            {self.nodes[index].zone for index in members}))

    def checked(self, fingerprint):
        if self.fingerprint != fingerprint:
            raise Mismatch(f"epoch {self.epoch}: the fingerprint does not match")
        return self

    def locate(self, key, replicas=0):
        """Returns the ids of the owners of `key` (bytes), primary first."""
        wanted = min(replicas or self.spec.replica_count, len(self.nodes))
        if not wanted:
            return []
        if self.spec.layout == PARTITIONED:
            return self._from_rows(key, wanted)
        wanted = min(wanted, self.member_count)
        if not wanted:
            return []
        if self.spec.layout == HASHED:
            slot = bisect.bisect_left(self.positions, xxh3(key))
            slot %= len(self.positions)
        else:
            digest = hashlib.md5(key).digest()
            slot = int.from_bytes(digest, "big") % len(self.nodes)
        owners, zones = {}, set()  # a dict keeps the order
        for distinct_zones in (True, False):
            for at in range(slot, slot + len(self.around)):
                if len(owners) == wanted:
                    return list(owners)
                # Without this, the walk goes once around the ring.
                if distinct_zones and len(zones) == self.zone_count:
                    break
                node = self.nodes[self.around[at % len(self.around)]]
                if node.id not in owners and not (distinct_zones
                                                  and node.zone in zones):
                    owners[node.id] = True
                    zones.add(node.zone)
        return list(owners)

    def _from_rows(self, key, wanted):
        partition = xxh3(key) >> (64 - self.spec.partition_bits)
        owners = self.rows[partition]
        if wanted > len(owners):
            more = dict.fromkeys(owners)
            for row in self.rows[partition:] + self.rows[:partition]:
                more.update(dict.fromkeys(row))
            more.update(dict.fromkeys(node.id for node in self.nodes))
            owners = list(more)
        return owners[:wanted]

    @functools.cached_property
    def fingerprint(self):
        def text(value):
            data = value.encode()
            return struct.pack("<I", len(data)) + data

        spec = self.spec
        data = [struct.pack("<5I", spec.layout, spec.virtual_node_count,
                            spec.partition_bits, spec.replica_count, len(self.nodes))]
        for node in self.nodes:
            data += [text(node.id), text(node.hash_key),
                     struct.pack("<I", node.weight), text(node.zone)]
        count = len(self.positions)
        data.append(struct.pack(f"<Q{count}Q", count, *self.positions))
        data.append(struct.pack(f"<{count}I", *self.around[:count]))
        if spec.layout == PARTITIONED:
            index = {node.id: i for i, node in enumerate(self.nodes)}
            table = [index.get(node_id, MASK >> 32)
                     for row in self.rows for node_id in row]
            data.append(struct.pack(f"<Q{len(table)}I", len(table), *table))
        return xxh3(b"".join(data))
