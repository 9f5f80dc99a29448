"""The long form of the fault suite: thousands of kills, checked as they go.

usage: python3 -m tests.soak.soak [--kills=N] [--store=sqlite|etcd|both] [--round=N] [--seed=N]

Each round works on the servers of the round before: writers, watchers and
readers run while servers are killed (kill -9) at random moments and at each
named point of a change; over etcd, every fifth round its leader is killed too.
Then everything that any of them was told is checked against what the servers
hold. Ends with exit code 1 at the first fault, and prints what was done.

CLOCKWISED and CLOCKWISED_FAULTS name the binaries (default: build/release/bin).
"""

import argparse
import random
import subprocess
import sys
import time

from tests.support.etcd_cluster import EtcdCluster
from tests.support.fault_case import FAULTS, SQLITE, FaultCase
from tests.support.fault_checker import Checker
from tests.support.fault_load import Load
from tests.support.running_server import RunningServer

POINTS = ("before_commit", "after_commit", "after_publish")
# More than a round makes, so that every acknowledged change is still there to
# be found when it ends; and not so much that starting takes long.
FLAGS = ["--watch-heartbeat=0.3", "--history-changes=6000"]


class Soak:
    """Rounds of kills over some servers, and the sums of what was seen."""

    def __init__(self, name, servers, cluster=None):
        self.name = name
        self.servers = servers
        self.cluster = cluster
        self.kills = self.leaders = self.changes = self.acknowledged = 0
        self.unknown = self.events = self.locates = self.failed = 0
        self.checks = self.rounds = 0

    def round(self, kills):
        """Returns the faults found."""
        self.rounds += 1
        with Load(self.servers, writers=2, watchers=2,
                  name=f"r{self.rounds}w") as load:
            leader = None
            if self.cluster and self.rounds % 5 == 0:
                leader = self.cluster.leader()
                self.cluster.kill(leader)
                self.leaders += 1
            # One of them is killed, the other stays: so no lookup may fail.
            victim = random.choice(self.servers)
            for _ in range(kills):
                self.kill_one(victim)
            victim.kill()
            victim.environment = {}
            victim.start()
            if leader is not None:
                self.cluster.start(leader)
        return self.check(load.record)

    def kill_one(self, server):
        self.kills += 1
        if server.environment:
            # It dies by itself, at its point, if enough is written.
            try:
                server.process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                pass  # then by us
        else:
            time.sleep(random.uniform(0, 0.12))
        server.kill()
        server.environment = {}
        if random.random() < 0.4:
            server.environment = {
                "CLOCKWISE_FAIL_POINT": f"{random.choice(POINTS)}:"
                f"{random.randint(1, 8)}"}
        server.start()

    def check(self, record):
        checker = Checker()
        endings = FaultCase.endings(self.servers)
        checker.check(record, endings)
        oldest = endings[0].epoch - len(endings[0].changes)
        first = min((change.epoch for change in record.acknowledged.values()),
                    default=oldest + 1)
        checker.expect(first > oldest, "a round outran the history kept")
        checker.expect(not record.refused, f"refused: {record.refused}")
        if self.cluster:
            checker.expect(not record.failures,
                           f"lookups failed: {record.failures[:3]}")
        self.changes += record.requests()
        self.acknowledged += len(record.acknowledged)
        self.unknown += len(record.unknown)
        self.events += sum(len(stream) for stream in record.streams)
        self.locates += len(record.answers)
        self.failed += len(record.failures)
        self.checks += checker.checks
        return checker.faults

    def __str__(self):
        return (f"{self.name}: {self.kills} kills, {self.leaders} of etcd's "
                f"leaders, {self.changes} changes, {self.acknowledged} "
                f"acknowledged, {self.unknown} unknown, {self.events} events, "
                f"{self.locates} Locates, {self.failed} failed, "
                f"{self.checks} checks")


def run(soak, kills, round_kills):
    """Rounds until so many were killed; False at the first fault."""
    started = time.monotonic()
    while soak.kills < kills:
        faults = soak.round(min(round_kills, kills - soak.kills))
        if soak.rounds % 10 == 0 or faults or soak.kills >= kills:
            print(f"{soak}, {len(faults)} faults, "
                  f"{time.monotonic() - started:.0f} s", flush=True)
        for fault in faults[:20]:
            print("FAULT:", fault, flush=True)
        if faults:
            return False
    return True


def servers_over(store, count):
    return [RunningServer(store=store, flags=FLAGS, program=FAULTS)
            for _ in range(count)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10_000)
    parser.add_argument("--store", default="both",
                        choices=["sqlite", "etcd", "both"])
    parser.add_argument("--round", type=int, default=40)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    random.seed(options.seed)
    kills = options.kills // (2 if options.store == "both" else 1)
    good = True
    if options.store != "etcd":
        with servers_over(SQLITE, 1)[0] as server:
            good = run(Soak("sqlite", [server]), kills, options.round)
    if good and options.store != "sqlite":
        with EtcdCluster(3) as cluster:
            first, second = servers_over(cluster.store, 2)
            with first, second:
                good = run(Soak("etcd", [first, second], cluster), kills,
                           options.round)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
