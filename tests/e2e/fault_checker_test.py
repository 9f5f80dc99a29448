#!/usr/bin/python3
"""Tests that the checker of the fault suite finds each kind of fault."""

import unittest

import grpc

from tests.support.fault_checker import (
    Checker, Ending, refusals_that_were_made)
from tests.support.fault_load import Event, Record
from tests.support.stubs import pb

INCARNATION = 7


def change(epoch, fingerprint=None):
    return pb.Change(epoch=epoch, incarnation=INCARNATION,
                     fingerprint=fingerprint or 100 + epoch,
                     request_id=f"r{epoch}")


def told(kind, from_epoch, epoch, fingerprint=None):
    return Event(kind, from_epoch, epoch, INCARNATION,
                 fingerprint or 100 + epoch)


class FaultCheckerTest(unittest.TestCase):
    def setUp(self):
        self.record = Record()
        self.changes = [change(epoch) for epoch in range(2, 7)]
        self.record.acknowledged = {
            made.request_id: made for made in self.changes[1:]}
        self.record.unknown = {"r2", "r9"}
        self.record.refused = {"x": "INVALID_ARGUMENT"}
        self.record.streams = [[
            told("snapshot", 0, 2), told("delta", 2, 3), told("heartbeat", 0, 3),
            told("delta", 3, 5), told("delta", 5, 6)]]
        self.record.answers = [(4, INCARNATION, 104)]
        self.record.mirrors = {0: (6, frozenset("ab"))}
        self.nodes = frozenset("ab")

    def faults(self, other=None):
        ending = Ending(self.changes, self.changes[-1].epoch, INCARNATION,
                        self.changes[-1].fingerprint, self.nodes)
        checker = Checker()
        checker.check(self.record, [ending, other or ending])
        self.assertGreater(checker.checks, 20)
        return "\n".join(checker.faults)

    def test_what_is_right_has_no_fault(self):
        self.assertEqual(self.faults(), "")

    def test_a_lost_acknowledged_change_is_found(self):
        self.changes[2].request_id = "other"
        self.assertIn("r4 was acknowledged and is lost", self.faults())

    def test_a_change_acknowledged_at_another_epoch_is_found(self):
        self.record.acknowledged["r4"] = change(5)
        self.assertIn("at another epoch", self.faults())
        self.assertIn("two requests were acknowledged at one", self.faults())

    def test_a_change_made_twice_is_found(self):
        self.changes[0].request_id = "r5"
        self.assertIn("r5 was made 2 times", self.faults())

    def test_a_refused_change_that_is_there_is_found(self):
        self.record.refused["r2"] = "NOT_FOUND"
        self.assertIn("r2 was refused and is there", self.faults())

    def test_a_gap_in_history_is_found(self):
        del self.changes[2]
        self.assertIn("not dense", self.faults())

    def test_a_gap_in_a_stream_is_found(self):
        del self.record.streams[0][1]
        self.record.streams[0][1] = told("delta", 3, 5)
        self.assertIn("a gap or repeat", self.faults())

    def test_a_repeat_in_a_stream_is_found(self):
        self.record.streams[0].insert(2, told("delta", 2, 3))
        self.assertIn("a gap or repeat", self.faults())

    def test_a_step_back_is_found(self):
        self.record.streams[0].append(told("snapshot", 0, 5))
        self.assertIn("back from 6 to 5", self.faults())

    def test_a_heartbeat_ahead_of_the_data_is_found(self):
        self.record.streams[0].insert(1, told("heartbeat", 0, 3))
        self.assertIn("ahead of the data", self.faults())

    def test_a_stream_that_begins_with_a_delta_is_found(self):
        del self.record.streams[0][0]
        self.assertIn("begins with a delta", self.faults())

    def test_two_fingerprints_at_one_epoch_are_found(self):
        self.record.answers.append((4, INCARNATION, 9))
        self.assertIn("epoch 4", self.faults())

    def test_servers_that_end_apart_are_found(self):
        other = Ending(self.changes[:-1], 5, INCARNATION, 105, self.nodes)
        self.assertIn("end apart", self.faults(other))

    def test_a_mirror_of_other_nodes_is_found(self):
        self.record.mirrors[0] = (6, frozenset("abc"))
        self.assertIn("mirror", self.faults())

    def test_a_refusal_that_was_taken_back_is_found(self):
        code = grpc.StatusCode
        answers = [("r2", code.UNAVAILABLE), ("r2", code.NOT_FOUND),
                   ("r3", code.OK), ("r9", code.ALREADY_EXISTS),
                   ("r4", code.UNAVAILABLE)]
        self.assertEqual(refusals_that_were_made(answers, self.changes),
                         (2, ["r2"]))


if __name__ == "__main__":
    unittest.main()
