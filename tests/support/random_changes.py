"""Random changes of a ring's nodes; each of them changes something."""

import random

from tests.support.stubs import TIMEOUT, pb

ZONES = ["", "east", "north", "west"]
WEIGHTS = [1, 1, 1, 2, 3, 5, 7]
TOO_GREAT = 20_000  # a weight that leaves almost nothing for the others
# Sizes between which a ring varies: empty, fewer nodes than owners, more.
SIZES = [0, 1, 2, 3, 4, 9, 16, 25]


class RandomChanges:
    """Tracks the nodes of one ring, and proposes changes to them."""

    def __init__(self, stub, ring, seed, weights=WEIGHTS):
        self.stub = stub
        self.ring = ring
        self.random = random.Random(seed)
        self.weights = weights
        self.nodes = {}
        self.born = 0
        self.size = 9
        self.kinds = set()

    def think(self):
        """Returns a method and its request, without calling it."""
        if len(self.nodes) == self.size or self.random.random() < 0.02:
            self.size = self.random.choice(SIZES)
        several = (self.random.randint(2, 6)
                   if self.random.random() < 0.2 else 1)
        changes = []
        touched = set()
        grown = len(self.nodes)
        for _ in range(several):
            rest = sorted(set(self.nodes) - touched)
            draw = self.random.random()
            if rest and draw < 0.4:
                change = self._update(self.random.choice(rest))
            elif rest and grown > self.size:
                change = pb.NodeChange(remove=self.random.choice(rest))
                grown -= 1
            elif grown < SIZES[-1]:
                self.born += 1
                change = pb.NodeChange(add=pb.Node(
                    id=f"node-{self.born}", address=f"10.0.0.{self.born}:1",
                    zone=self.random.choice(ZONES),
                    weight=self.random.choice(self.weights)))
                grown += 1
            else:
                continue
            changes.append(change)
            touched.add(change.remove or change.add.id or change.update.node.id)
        if len(changes) > 1:
            return self.stub.ApplyChanges, pb.ApplyChangesRequest(
                ring=self.ring, changes=changes)
        change = changes[0]
        if change.HasField("add"):
            return self.stub.AddNode, pb.AddNodeRequest(
                ring=self.ring, node=change.add)
        if change.HasField("remove"):
            return self.stub.RemoveNode, pb.RemoveNodeRequest(
                ring=self.ring, node_id=change.remove)
        return self.stub.UpdateNode, pb.UpdateNodeRequest(
            ring=self.ring, node=change.update.node,
            update_mask=change.update.update_mask)

    def make(self, call, request):
        """Makes a change and records it; returns the Change of the response."""
        change = call(request, timeout=TIMEOUT).change
        for node_id in change.removed_ids:
            del self.nodes[node_id]
        self.nodes.update((node.id, node) for node in change.upserted)
        self.kinds.add(type(request).__name__)
        return change

    def _update(self, node_id):
        old = self.nodes[node_id]
        field = self.random.choice(["address", "weight", "weight", "zone"])
        if field == "address":
            self.born += 1
            new = pb.Node(id=node_id, address=f"10.0.1.{self.born}:1")
        elif field == "weight":
            new = pb.Node(id=node_id, weight=self.random.choice(
                [weight for weight in self.weights if weight != old.weight]))
        else:
            new = pb.Node(id=node_id, zone=self.random.choice(
                [zone for zone in ZONES if zone != old.zone]))
        update = pb.NodeUpdate(node=new)
        update.update_mask.paths.append(field)
        return pb.NodeChange(update=update)
