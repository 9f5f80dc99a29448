#!/usr/bin/python3
"""Tests that kill -9 loses no acknowledged change: at random times and at each
point of a change, on SQLite and on one of two servers over etcd."""

import os
import random
import time
import unittest

from tests.support.etcd_cluster import EtcdCluster
from tests.support.fault_case import FAULTS, SQLITE, FaultCase
from tests.support.fault_load import Load

KILLS = int(os.environ.get("CLOCKWISE_KILLS", "20"))
POINTS = ("before_commit", "after_commit", "after_publish")


class FaultsKillTest(FaultCase):
    def kill_at_random(self, servers):
        with Load(servers, writers=3) as load:
            for kill in range(KILLS):
                time.sleep(random.uniform(0.02, 0.25))
                server = servers[kill % len(servers)]
                server.kill()
                self.kills += 1
                server.start()
        return load.record

    def kill_at(self, point, servers):
        """Lets the last server kill itself at `point`, after more and more
        passes."""
        victim = servers[-1]
        with Load(servers, writers=3) as load:
            for number in range(1, max(3, KILLS // 4)):
                victim.kill()
                victim.environment = {
                    "CLOCKWISE_FAIL_POINT": f"{point}:{number * number}"}
                # The server kills itself while writers are at work, perhaps
                # before it has reported that it is ready.
                victim.start(wait=False)
                self.assertEqual(victim.process.wait(timeout=30), -9)
                self.kills += 1
            victim.environment = {}
            victim.kill()
            victim.start()
        return load.record

    def test_kill_9_at_random_with_sqlite(self):
        server = self.server(SQLITE)
        record = self.kill_at_random([server])
        self.check(record, [server], failures_allowed=True)

    def test_kill_9_at_random_of_one_of_two_over_etcd(self):
        with EtcdCluster() as cluster:
            servers = self.replicas(cluster)
            self.check(self.kill_at_random(servers), servers)

    def test_death_at_each_point_of_a_change_with_sqlite(self):
        for point in POINTS:
            with self.subTest(point):
                server = self.server(SQLITE, program=FAULTS)
                record = self.kill_at(point, [server])
                self.check(record, [server], failures_allowed=True)

    def test_death_at_each_point_of_a_change_over_etcd(self):
        for point in POINTS:
            with self.subTest(point), EtcdCluster() as cluster:
                servers = self.replicas(cluster, program=FAULTS)
                self.check(self.kill_at(point, servers), servers)


if __name__ == "__main__":
    unittest.main()
