"""The long fault suite: kills servers thousands of times, and checks each round.

usage: python3 -m tests.soak.soak [--kills=N] [--store=sqlite|etcd|both] [--round=N] [--seed=N]

All rounds use the same servers. Writers, watchers and readers run while servers
are killed (kill -9) at random moments and at each fail point of a change. Over
etcd, its leader is also killed in every fifth round. Then all replies and events
are checked against the state of the servers. Prints the totals, and exits with 1
at the first fault.

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
# More changes than a round makes, so that each acknowledged change is still in
# the history at its end. A longer history would make the start slow.
FLAGS = ["--watch-heartbeat=0.3", "--history-changes=6000"]


class Soak:
    """Runs rounds of kills on some servers, and adds up the results."""

    def __init__(self, name, servers, cluster=None):
        self.name = name
        self.servers = servers
        self.cluster = cluster
        self.kills = self.leaders = self.changes = self.acknowledged = 0
        self.unknown = self.events = self.locates = self.failed = 0
        self.checks = self.rounds = 0

    def round(self, kills):
        """Runs one round. Returns the faults that were found."""
        self.rounds += 1
        with Load(self.servers, writers=2, watchers=2,
                  name=f"r{self.rounds}w") as load:
            leader = None
            if self.cluster and self.rounds % 5 == 0:
                leader = self.cluster.leader()
                self.cluster.kill(leader)
                self.leaders += 1
            # One server is killed and the other stays, so that no look-up may
            # fail.
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
            # The server ends at its fail point if enough changes are made.
            try:
                server.process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                pass  # killed below
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
    """Runs rounds until `kills` kills; returns False at the first fault."""
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
