"""Compares what programs received with the final state, and reports every
inconsistency.

The guarantees (README.md, "Guarantees"): an acknowledged change is present exactly
once; epochs are dense; each watcher's sequence is monotone and has no gap; all
programs at the same epoch have the same fingerprint.
"""

import collections

import grpc

from tests.support.stubs import TIMEOUT, pb

Ending = collections.namedtuple(
    "Ending", "changes epoch incarnation fingerprint nodes")


def ending_of(stub):
    """Returns a server's state: all changes that it keeps, oldest first, and
    the ring."""
    for _ in range(20):
        changes = history_of(stub)
        ring = stub.GetRing(pb.GetRingRequest(), timeout=TIMEOUT).snapshot
        # The server may receive another server's change between the two calls.
        if not changes or changes[-1].epoch == ring.epoch:
            break
    return Ending(changes, ring.epoch, ring.incarnation, ring.fingerprint,
                  frozenset(node.id for node in ring.nodes))


def history_of(stub):
    """Returns all changes that a server keeps, oldest first."""
    changes = []
    token = ""
    while True:
        page = stub.ListChanges(pb.ListChangesRequest(
            page_size=1000, page_token=token), timeout=TIMEOUT)
        changes += page.changes
        token = page.next_page_token
        if not token:
            return changes[::-1]


FINAL = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND,
         grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.FAILED_PRECONDITION)


def refusals_that_were_made(answers, changes):
    """Returns how many request_ids got a final refusal, and those of them that
    `changes` contains.

    `answers` are the pairs (request_id, code) of all attempts. No attempt is
    made after a final refusal, so a change with that request_id was made by an
    attempt before it.
    """
    refused = {request_id for request_id, code in answers if code in FINAL}
    return len(refused), sorted(
        refused & {change.request_id for change in changes})


class Checker:
    """Collects faults, and counts the checks."""

    def __init__(self):
        self.faults = []
        self.checks = 0
        self._fingerprints = {}  # (incarnation, epoch): (fingerprint, source)

    def expect(self, right, fault):
        self.checks += 1
        if not right:
            self.faults.append(fault)

    def check(self, record, endings):
        """Runs all checks; `endings` are the final states of all servers."""
        first = endings[0]
        for ending in endings:
            self.expect(ending[1:] == first[1:],
                        f"servers end apart: epoch {ending.epoch} and "
                        f"{first.epoch}")
            self.check_history(ending)
        self.check_requests(record, first)
        for number, events in enumerate(record.streams):
            self.check_stream(f"watcher {number}", events)
        for epoch, incarnation, fingerprint in record.answers:
            self.note(incarnation, epoch, fingerprint, "Locate")
        for number, (epoch, nodes) in record.mirrors.items():
            if epoch == first.epoch:
                self.expect(nodes == first.nodes,
                            f"watcher {number}'s mirror has other nodes")

    def note(self, incarnation, epoch, fingerprint, source):
        """Records the fingerprint that `source` has for an epoch, and compares
        it."""
        known = self._fingerprints.setdefault(
            (incarnation, epoch), (fingerprint, source))
        self.expect(known[0] == fingerprint,
                    f"epoch {epoch}: {known[1]} has {known[0]:016x}, "
                    f"{source} {fingerprint:016x}")

    def check_history(self, ending):
        """Checks that epochs are dense up to the ring's, and that the last
        fingerprints agree."""
        epochs = [change.epoch for change in ending.changes]
        want = list(range(ending.epoch - len(epochs) + 1, ending.epoch + 1))
        self.expect(epochs == want, "history's epochs are not dense")
        for change in ending.changes:
            self.note(ending.incarnation, change.epoch, change.fingerprint,
                      "history")
        self.note(ending.incarnation, ending.epoch, ending.fingerprint, "ring")
        ids = [change.request_id for change in ending.changes
               if change.request_id]
        for request_id, count in collections.Counter(ids).items():
            self.expect(count == 1, f"{request_id} was made {count} times")

    def check_requests(self, record, ending):
        """Acknowledged changes exist once at their epoch; rejected ones do not
        exist."""
        kept = {change.request_id: change for change in ending.changes}
        oldest = ending.epoch - len(ending.changes)
        for request_id, change in record.acknowledged.items():
            self.note(change.incarnation, change.epoch, change.fingerprint,
                      "acknowledgement")
            if change.epoch <= oldest:
                continue  # dropped from history; the fingerprint was noted
            there = kept.get(request_id)
            self.expect(there is not None,
                        f"{request_id} was acknowledged and is lost")
            self.expect(there is None or there.epoch == change.epoch,
                        f"{request_id} was acknowledged at another epoch")
        epochs = [change.epoch for change in record.acknowledged.values()]
        self.expect(len(set(epochs)) == len(epochs),
                    "two requests were acknowledged at one epoch")
        for request_id in record.refused:
            self.expect(request_id not in kept,
                        f"{request_id} was refused and is there")

    def check_stream(self, who, events):
        """Checks that a watcher's events are monotone and without a gap."""
        last = None
        for event in events:
            self.note(event.incarnation, event.epoch, event.fingerprint, who)
            if last is not None and event.incarnation == last.incarnation:
                self.expect(event.epoch >= last.epoch,
                            f"{who}: back from {last.epoch} to {event.epoch}")
                if event.kind == "delta":
                    self.expect(event.from_epoch == last.epoch,
                                f"{who}: a gap or repeat, from "
                                f"{event.from_epoch} at {last.epoch}")
                    self.expect(event.epoch > event.from_epoch,
                                f"{who}: a delta that leads nowhere")
                if event.kind == "heartbeat":
                    self.expect(event.epoch == last.epoch,
                                f"{who}: a heartbeat ahead of the data")
            else:
                self.expect(event.kind == "snapshot",
                            f"{who}: begins with a {event.kind}")
            last = event
