"""Everything that a client needs to follow a PARTITIONED ring: XXH3, a shift, a list.

Written from the comments of placement.proto alone. Its input is the messages of Watch.
"""

from tests.support.ring_model import xxh3


class PartitionMirror:
    """The newest ring that Watch sent: rows[partition] are its owners' IDs,
    primary first."""

    def __init__(self):
        self.epoch = 0  # the value that Watch requires if nothing is known
        self.incarnation = 0
        self.rows = []

    def apply(self, message):
        """Applies one WatchResponse."""
        kind = message.WhichOneof("event")
        event = getattr(message, kind)
        if kind == "snapshot":
            self.spec = event.spec
            self.nodes = {node.id: node for node in event.nodes}
            ids = [node.id for node in event.nodes]
            self.rows = [[] for _ in range(1 << self.spec.partition_bits)]
            self._assign(range(len(self.rows)), event.partition_owners, ids)
        elif (event.incarnation != self.incarnation
              or getattr(event, "from_epoch", event.epoch) != self.epoch):
            raise ValueError(f"not what follows epoch {self.epoch}: {event}")
        elif kind == "delta":
            for node_id in event.removed_ids:
                del self.nodes[node_id]
            self.nodes.update((node.id, node) for node in event.upserted)
            self._assign(event.moved_partitions, event.moved_owners,
                         event.owner_ids)
        self.epoch = event.epoch
        self.incarnation = event.incarnation
        self.fingerprint = event.fingerprint

    def _assign(self, partitions, owners, ids):
        width = min(self.spec.replica_count, len(self.nodes))
        if len(owners) != width * len(partitions):
            raise ValueError(f"{len(owners)} owners of {len(partitions)}")
        for i, partition in enumerate(partitions):
            self.rows[partition] = [
                ids[owner] for owner in owners[i * width:(i + 1) * width]]

    def partition(self, key):
        return xxh3(key) >> (64 - self.spec.partition_bits)

    def owners(self, key):
        """Returns the IDs of the nodes that own a key, primary first."""
        return self.rows[self.partition(key)]

    def walk(self, key, wanted):
        """Returns `wanted` owners, which may be more than the table has."""
        start, found = self.partition(key), {}  # a dict keeps the order
        for row in self.rows[start:] + self.rows[:start]:
            found.update(dict.fromkeys(row))
            if len(found) >= wanted:
                break
        found.update(dict.fromkeys(sorted(self.nodes, key=str.encode)))
        return list(found)[:wanted]
