#!/usr/bin/python3
"""Tests two servers over one etcd that both receive changes: directly, through
a proxy that cuts connections, and over a compaction that one server missed."""

import os
import threading
import time
import unittest

import grpc

from tests.support.etcd_cluster import EtcdCluster
from tests.support.fault_case import FaultCase
from tests.support.fault_load import Load
from tests.support.stubs import TIMEOUT, pb, stub_of
from tests.support.torn_proxy import TornProxy

CHANGES = int(os.environ.get("CLOCKWISE_CHANGES", "1000"))  # per server


class FaultsReplicasTest(FaultCase):
    def test_two_servers_take_changes_at_once(self):
        with EtcdCluster() as cluster:
            servers = self.replicas(cluster)
            # Writer i starts at server i and stays there until a call fails.
            with Load(servers, writers=4, watchers=4,
                      changes=CHANGES // 2) as load:
                pass
            self.assertEqual(len(load.record.acknowledged), 2 * CHANGES)
            print(f"{len(load.record.conflicts)} answers that others were "
                  "faster too often")
            self.check(load.record, servers)

    def test_a_watcher_that_changes_servers_is_never_sent_back(self):
        with EtcdCluster() as cluster, TornProxy(cluster.addresses[0]) as proxy:
            here = self.server(cluster.store)
            behind = self.server(f"etcd:{proxy.address}")
            (stub, channel), (there, other) = stub_of(here), stub_of(behind)
            with channel, other:
                proxy.blackhole()
                change = stub.AddNode(pb.AddNodeRequest(
                    node=pb.Node(id="a")), timeout=TIMEOUT).change
                stream = there.Watch(pb.WatchRequest(
                    known_epoch=change.epoch,
                    known_incarnation=change.incarnation), timeout=60)
                threading.Timer(3, proxy.heal).start()
                self.assertEqual(next(stream).heartbeat.epoch, change.epoch)
                stream.cancel()
                # While the server cannot know the newest ring, it returns an
                # error in time.
                proxy.blackhole()
                stream = there.Watch(pb.WatchRequest(
                    known_epoch=99, known_incarnation=change.incarnation),
                    timeout=60)
                with self.assertRaises(grpc.RpcError) as refused:
                    next(stream)
                self.assertEqual(refused.exception.code(),
                                 grpc.StatusCode.UNAVAILABLE)
                proxy.heal()
                # As soon as it knows the newest ring, the watcher receives a
                # snapshot.
                for known in ((99, change.incarnation), (1, 7)):
                    stream = there.Watch(pb.WatchRequest(
                        known_epoch=known[0], known_incarnation=known[1]),
                        timeout=60)
                    self.assertEqual(next(stream).snapshot.epoch, change.epoch)
                    stream.cancel()

    def test_a_connection_that_swallowed_requests_is_replaced(self):
        """The bytes of a request are lost and the connection stays open. Each
        time etcd is reachable again, a watcher gets a response within its 10
        seconds of patience."""
        with EtcdCluster() as cluster, TornProxy(cluster.addresses[0]) as proxy:
            here = self.server(cluster.store)
            behind = self.server(f"etcd:{proxy.address}")
            (stub, channel), (there, other) = stub_of(here), stub_of(behind)
            with channel, other:
                for number in range(3):
                    proxy.blackhole()
                    change = stub.AddNode(pb.AddNodeRequest(
                        node=pb.Node(id=f"n{number}")), timeout=TIMEOUT).change
                    stream = there.Watch(pb.WatchRequest(
                        known_epoch=change.epoch,
                        known_incarnation=change.incarnation), timeout=60)
                    time.sleep(1 + 0.7 * number)
                    proxy.heal()
                    self.assertEqual(next(stream).heartbeat.epoch, change.epoch)
                    stream.cancel()

    def test_two_servers_change_a_partitioned_ring_at_once(self):
        with EtcdCluster() as cluster:
            servers = self.replicas(cluster, flags=[
                "--layout=partitioned", "--partition-bits=10"])
            with Load(servers, writers=4, watchers=2,
                      changes=CHANGES // 8) as load:
                pass
            self.check(load.record, servers)

    def test_connections_torn_amid_transactions_lose_and_double_nothing(self):
        with EtcdCluster() as cluster, TornProxy(cluster.addresses[0]) as proxy:
            servers = [self.server(cluster.store),
                       self.server(f"etcd:{proxy.address}")]
            with Load(servers, writers=4, watchers=4) as load:
                proxy.tear(20, 3000)
                time.sleep(6)
                proxy.heal()
                time.sleep(1)
            self.assertGreater(proxy.cuts, 20)
            print(f"{proxy.cuts} connections cut")
            self.check(load.record, servers)

    def test_a_compaction_missed_leaves_no_gap_and_no_repeat(self):
        with EtcdCluster() as cluster, TornProxy(cluster.addresses[0]) as proxy:
            here = self.server(cluster.store)
            behind = self.server(f"etcd:{proxy.address}")
            with Load([here], writers=2, watchers=1) as load, Load(
                    [behind], writers=0, watchers=2, record=load.record):
                for _ in range(2):
                    time.sleep(0.5)
                    proxy.blackhole()
                    time.sleep(2.5)
                    cluster.compact()
                    time.sleep(0.5)
                    cluster.compact()
                    proxy.heal()
                    time.sleep(1)
            self.check(load.record, [here, behind])


if __name__ == "__main__":
    unittest.main()
