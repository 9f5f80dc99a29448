#!/usr/bin/python3
"""Tests that a plan equals the change, and that its moves are the keys that
move: checked key by key."""

import bisect
import unittest

import grpc

from tests.support.random_changes import TOO_GREAT, WEIGHTS, RandomChanges
from tests.support.ring_model import xxh3
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, refusal, stub_of

CHANGES = 100
SPACE = 1 << 64
# Sorted by position. There are enough keys for each partition, and for nearly
# each range of a HASHED ring.
KEYS = sorted((f"key/{i}".encode() for i in range(6000)), key=xxh3)


def width(move):
    return (move.end - move.start - 1) % SPACE + 1  # start = end: all


class Moves:
    """The moves of a change, searched by position; `hit` are those that were
    found."""

    def __init__(self, moves):
        self.moves = moves
        self.ends = [move.end for move in moves]
        self.hit = set()

    def at(self, position):
        """Returns the move whose range (start, end] contains the position, or
        None."""
        if not self.moves:
            return None
        i = bisect.bisect_left(self.ends, position) % len(self.moves)
        move = self.moves[i]
        if (position - move.start - 1) % SPACE >= width(move):
            return None
        self.hit.add(i)
        return move


class PlanTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(RunningServer())
        self.stub, channel = stub_of(self.server)
        self.addCleanup(channel.close)

    def ring(self):
        return self.stub.GetRing(
            pb.GetRingRequest(ring="r", include_points=True),
            timeout=TIMEOUT).snapshot

    def compare(self, from_epoch, to_epoch):
        return self.stub.CompareEpochs(pb.CompareEpochsRequest(
            ring="r", from_epoch=from_epoch, to_epoch=to_epoch),
            timeout=TIMEOUT)

    def remember(self):
        """Stores the owners of KEYS in the newest ring, and where ranges may
        end."""
        ring = self.ring()
        ends = set(ring.point_positions)
        if ring.spec.layout == pb.LAYOUT_PARTITIONED:
            step = SPACE >> ring.spec.partition_bits
            ends = {end - 1 for end in range(step, SPACE + 1, step)}
        self.rows.append(self.locate())
        self.row_ends.append(ends)

    def locate(self):
        """Returns the owners of each of KEYS in the newest ring: lists of
        IDs."""
        request = pb.BatchLocateRequest(ring="r", keys=KEYS)
        try:
            batch = self.stub.BatchLocate(request, timeout=TIMEOUT)
        except grpc.RpcError as error:
            self.assertEqual(error.code(), grpc.StatusCode.FAILED_PRECONDITION)
            return [[] for _ in KEYS]
        ids = [owner.node_id for owner in batch.nodes]
        flat = [ids[owner] for owner in batch.owners]
        return [flat[i:i + batch.replica_count]
                for i in range(0, len(flat), batch.replica_count)]

    def check_moves(self, comparison, before, after):
        """Checks that each key's owners at two epochs match the moves."""
        self.assertFalse(comparison.moves_truncated)
        moves = Moves(comparison.moves)
        self.assertEqual(moves.ends, sorted(moves.ends))
        self.assertLessEqual(sum(width(move) for move in moves.moves), SPACE)
        # No key is likely to lie at the end of a range, so the ring is checked
        # instead.
        ends = self.row_ends[before - 1] | self.row_ends[after - 1]
        for move in moves.moves:
            if width(move) < SPACE:
                self.assertLessEqual({move.start, move.end}, ends)
        for move, following in zip(moves.moves, moves.moves[1:]):
            if move.end == following.start:  # else they would be merged
                self.assertNotEqual((move.from_ids, move.to_ids),
                                    (following.from_ids, following.to_ids))
        for key, old, new in zip(KEYS, self.rows[before - 1],
                                 self.rows[after - 1], strict=True):
            move = moves.at(xxh3(key))
            if move is None:
                self.assertEqual(old, new, key)
            else:
                self.assertEqual((old, new),
                                 (list(move.from_ids), list(move.to_ids)))
                self.inside += 1
        # Moves without a test key cover almost nothing.
        missed = [width(move) for i, move in enumerate(moves.moves)
                  if i not in moves.hit]
        self.assertLess(sum(missed) / SPACE, 0.02)
        self.check_sums(comparison)

    def check_sums(self, comparison):
        """Checks that the figures are the sums of the moves."""
        gained, moved, handover = {}, 0, 0
        for move in comparison.moves:
            before, after = list(move.from_ids), list(move.to_ids)
            self.assertNotEqual(before, after)
            new = [node for node in after if node not in before]
            for node in new:
                gained[node] = (gained.get(node, 0)
                                + width(move) / SPACE / len(after))
            ratio = len(new) * width(move) / SPACE / max(1, len(after))
            self.assertAlmostEqual(move.ratio, ratio, 12)
            moved += move.ratio
            if after and after[0] in before[1:]:
                handover += width(move) / SPACE
        self.assertAlmostEqual(moved, comparison.moved_ratio, 9)
        self.assertAlmostEqual(handover, comparison.handover_ratio, 9)
        self.assertLessEqual(comparison.minimum_moved_ratio,
                             comparison.moved_ratio + 1e-9)
        self.assertFalse(comparison.transfers_truncated)
        ratios = [transfer.ratio for transfer in comparison.transfers]
        self.assertEqual(ratios, sorted(ratios, reverse=True))
        self.assertAlmostEqual(sum(ratios), comparison.moved_ratio, 9)
        for transfer in comparison.transfers:
            self.assertGreater(transfer.ratio, 0)
            self.assertNotEqual(transfer.from_id, transfer.to_id)
            gained[transfer.to_id] -= transfer.ratio
        for node, rest in gained.items():
            self.assertAlmostEqual(rest, 0, 9, node)

    def check_shares(self, comparison, before, after):
        """Checks that share_changes are the differences of two snapshots."""
        old, new = ({node.id: share for node, share
                     in zip(ring.nodes, ring.shares, strict=True)}
                    for ring in (before, after))
        weights = {node.id: node.weight for node in after.nodes}
        listed = [share.node_id for share in comparison.share_changes]
        self.assertEqual(listed, sorted(set(listed), key=str.encode))
        for share in comparison.share_changes:
            self.assertAlmostEqual(share.before, old.get(share.node_id, 0), 12)
            self.assertAlmostEqual(share.after, new.get(share.node_id, 0), 12)
            self.assertAlmostEqual(
                share.due, weights.get(share.node_id, 0)
                / max(1, sum(weights.values())), 12)
        for node in set(old) ^ set(new):
            self.assertIn(node, listed)
        for node in (set(old) & set(new)) - set(listed):
            self.assertAlmostEqual(old[node], new[node], 12)

    def check_change(self, changes):
        """Plans a random change, applies it, and compares the rings."""
        call, request = changes.think()
        request.include_moves = True
        before = self.ring()
        request.validate_only = True
        plan = call(request, timeout=TIMEOUT).change
        self.assertEqual(self.ring(), before)
        request.validate_only = False
        request.expected_epoch = before.epoch
        made = changes.make(call, request)
        self.assertEqual(made.epoch, before.epoch + 1)
        aborted = (grpc.StatusCode.ABORTED, "EPOCH_CONFLICT")
        self.assertEqual(refusal(call, request), aborted)
        request.validate_only = True
        self.assertEqual(refusal(call, request), aborted)
        plan.ClearField("accept_time")
        made.ClearField("accept_time")
        self.assertEqual(plan, made)

        after = self.ring()
        self.assertEqual(made.epoch, after.epoch)
        self.assertEqual(made.fingerprint, after.fingerprint)
        moved = made.comparison
        self.assertEqual(moved.balance_before, before.balance)
        self.assertEqual(moved.balance_after, after.balance)
        self.assertEqual(moved.primary_balance_before, before.primary_balance)
        self.assertEqual(moved.primary_balance_after, after.primary_balance)
        self.assertEqual(moved.zone_shortfall_before, before.zone_shortfall)
        self.assertEqual(moved.zone_shortfall_after, after.zone_shortfall)
        self.assertEqual(moved.capped_ids, after.capped_ids)
        self.remember()
        self.check_moves(moved, before.epoch, after.epoch)
        self.check_shares(moved, before, after)

        compared = self.compare(before.epoch, after.epoch)
        self.assertEqual(compared.incarnation, made.incarnation)
        self.assertEqual(compared.comparison, moved)

    def check_layout(self, weights, **spec):
        self.inside = 0
        self.stub.CreateRing(pb.CreateRingRequest(
            spec=pb.RingSpec(name="r", replica_count=3, **spec)), timeout=TIMEOUT)
        changes = RandomChanges(self.stub, "r", seed=20261202,
                                weights=weights)
        self.rows, self.row_ends = [], []  # from epoch 1 on
        self.remember()
        for _ in range(CHANGES):
            self.check_change(changes)
        steps = self.inside
        # Epochs far apart, in both directions.
        last = len(self.rows)
        pairs = [(1, last), (last, 1)] + [
            tuple(changes.random.sample(range(1, last + 1), 2))
            for _ in range(20)]
        for start, end in pairs:
            self.check_moves(self.compare(start, end).comparison, start, end)
        self.assertEqual(len(changes.kinds), 4)
        print(f"{CHANGES} plans and {len(pairs)} comparisons of a ring with "
              f"{spec}: {steps} and {self.inside - steps} keys in moves")

    def test_partitioned(self):
        self.check_layout(WEIGHTS + [TOO_GREAT],
                          layout=pb.LAYOUT_PARTITIONED, partition_bits=8)

    def test_hashed(self):
        self.check_layout(WEIGHTS, layout=pb.LAYOUT_HASHED, virtual_node_count=4)


if __name__ == "__main__":
    unittest.main()
