#!/usr/bin/python3
"""Tests an etcd that loses its leader, is paused, is stopped, or is
unreachable. Look-ups continue; changes are rejected in time or applied once."""

import time
import unittest

import grpc

from tests.support.etcd_cluster import EtcdCluster
from tests.support.fault_case import FaultCase, eventually, http
from tests.support.fault_load import Load
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, refusal
from tests.support.torn_proxy import TornProxy

AWAY = (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
# etcd's default: a follower waits at most twice this time for a leader.
ELECTION = 1.0


class FaultsEtcdTest(FaultCase):
    def store_up(self, server):
        return "\nclockwise_store_up 1\n" in http(server, "/metrics")[1]

    def under_load(self, cluster, disturb):
        """Disturbs the cluster while two servers work, and lets it recover."""
        servers = self.replicas(cluster)
        with Load(servers, writers=3) as load:
            time.sleep(1)
            disturb()
            time.sleep(1)
        self.check(load.record, servers)
        return load.record

    def test_the_leaders_death_is_survived_and_changes_go_on(self):
        with EtcdCluster(3) as cluster:
            def kill_the_leader():
                for _ in range(2):
                    leader = cluster.leader()
                    cluster.kill(leader)
                    self.kills += 1
                    time.sleep(5)
                    cluster.start(leader)

            record = self.under_load(cluster, kill_the_leader)
        gap = self.longest_gap(record)
        print(f"longest time without a change: {gap:.2f} s")
        # Two election timeouts of etcd, one second for the server, and a
        # margin.
        self.assertLess(gap, 2 * ELECTION + 1 + 2)

    def test_a_paused_member_and_a_paused_leader_are_survived(self):
        with EtcdCluster(3) as cluster:
            def pause():
                leader = cluster.leader()
                for member in ((leader + 1) % 3, leader):
                    cluster.pause(member)
                    time.sleep(5)
                    cluster.resume(member)
                    time.sleep(1)

            record = self.under_load(cluster, pause)
        print(f"longest time without a change: "
              f"{self.longest_gap(record):.2f} s")

    def test_without_etcd_lookups_go_on_and_changes_are_refused_in_time(self):
        with EtcdCluster() as cluster:
            server = self.server(cluster.store)
            stub = self.stub(server)
            change = stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="a")),
                                  timeout=TIMEOUT).change
            stream = stub.Watch(pb.WatchRequest(), timeout=60)
            next(stream)
            cluster.kill(0)
            self.check_fail_static(server, stub, stream, change.epoch)
            cluster.start(0)
            self.assertTrue(eventually(lambda: self.store_up(server)))
            again = stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="b")),
                                 timeout=TIMEOUT).change
            self.assertEqual(again.epoch, change.epoch + 1)
            for told in stream:
                if told.HasField("delta"):
                    break
            self.assertEqual(told.delta.epoch, again.epoch)
            stream.cancel()
            self.assertIn("the store is not available", server.log())
            self.assertIn("the store is available again", server.log())

    def check_fail_static(self, server, stub, stream, epoch):
        """Checks a server whose etcd has just stopped. The first seconds are
        the worst: the server still waits for etcd; later it rejects changes at
        once."""
        for turn in range(6):
            started = time.monotonic()
            self.assertEqual(refusal(stub.AddNode, pb.AddNodeRequest(
                node=pb.Node(id=f"x{turn}")), timeout=1), AWAY)
            self.assertEqual(refusal(stub.CreateRing, pb.CreateRingRequest(
                spec=pb.RingSpec(name="new")), timeout=1), AWAY)
            self.assertLess(time.monotonic() - started, 2)
            self.assertEqual(stub.Locate(pb.LocateRequest(key=b"k"),
                                         timeout=1).epoch, epoch)
            self.assertEqual(stub.BatchLocate(pb.BatchLocateRequest(
                keys=[b"k", b"l"]), timeout=1).epoch, epoch)
            self.assertEqual(stub.GetRing(pb.GetRingRequest(), timeout=1)
                             .snapshot.epoch, epoch)
            self.assertEqual(next(stream).heartbeat.epoch, epoch)
            started = time.monotonic()
            self.assertEqual(refusal(stub.Locate, pb.LocateRequest(
                key=b"k", min_epoch=epoch + 1), timeout=0.5),
                (grpc.StatusCode.UNAVAILABLE, "EPOCH_NOT_REACHED"))
            self.assertLess(time.monotonic() - started, 0.5)
        self.assertFalse(self.store_up(server))
        self.assertEqual(http(server, "/readyz")[0], 200)
        started = time.monotonic()
        self.assertEqual(refusal(stub.AddNode, pb.AddNodeRequest(
            node=pb.Node(id="late")), timeout=10), AWAY)
        self.assertLess(time.monotonic() - started, 5)

    def test_a_server_that_starts_without_etcd_waits_and_says_so(self):
        with EtcdCluster() as cluster:
            cluster.kill(0)
            server = self.server_without_waiting(cluster)
            stub = self.stub(server)
            for method, request in (
                    ("Locate", pb.LocateRequest(key=b"k")),
                    ("AddNode", pb.AddNodeRequest(node=pb.Node(id="a"))),
                    ("GetRing", pb.GetRingRequest()),
                    ("CreateRing", pb.CreateRingRequest(
                        spec=pb.RingSpec(name="new"))),
                    ("ListRings", pb.ListRingsRequest())):
                self.assertEqual(refusal(getattr(stub, method), request), AWAY,
                                 method)
            self.assertEqual(http(server, "/readyz")[0], 503)
            self.assertIn("store", http(server, "/readyz")[1])
            self.assertEqual(http(server, "/healthz")[0], 200)
            self.assertTrue(eventually(
                lambda: "waiting for the store" in server.log()))
            cluster.start(0)
            line = server.process.stdout.readline()
            self.assertEqual(
                line, f"clockwised ready grpc={server.grpc} "
                f"http={server.http}\n")
            self.assertEqual(http(server, "/readyz")[0], 200)
            stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="a")),
                         timeout=TIMEOUT)

    def server_without_waiting(self, cluster):
        server = RunningServer(store=cluster.store)
        start, server.start = server.start, lambda: None
        self.enterContext(server)
        start(wait=False)
        return server

    def test_min_epoch_reads_your_writes_on_the_other_server(self):
        with EtcdCluster() as cluster:
            servers = self.replicas(cluster)
            stubs = [self.stub(server) for server in servers]
            for number in range(200):
                here, there = stubs[number % 2], stubs[1 - number % 2]
                change = here.AddNode(pb.AddNodeRequest(
                    node=pb.Node(id=f"n{number}")), timeout=TIMEOUT).change
                answer = there.Locate(pb.LocateRequest(
                    key=b"k", min_epoch=change.epoch), timeout=TIMEOUT)
                self.assertGreaterEqual(answer.epoch, change.epoch)
                self.assertEqual(answer.fingerprint, change.fingerprint)
        print("200 writes read on the other server, none older")

    def test_a_server_cut_off_from_etcd_does_not_pretend(self):
        with EtcdCluster() as cluster, TornProxy(cluster.addresses[0]) as proxy:
            here = self.server(cluster.store)
            cut_off = self.server(f"etcd:{proxy.address}")
            stub = self.stub(here)
            stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="a")),
                         timeout=TIMEOUT)
            proxy.blackhole()
            change = stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="b")),
                                  timeout=TIMEOUT).change
            there = self.stub(cut_off)
            self.assertEqual(refusal(there.Locate, pb.LocateRequest(
                key=b"k", min_epoch=change.epoch), timeout=1),
                (grpc.StatusCode.UNAVAILABLE, "EPOCH_NOT_REACHED"))
            self.assertEqual(refusal(there.AddNode, pb.AddNodeRequest(
                node=pb.Node(id="c")), timeout=1), AWAY)
            self.assertTrue(eventually(lambda: not self.store_up(cut_off)))
            proxy.heal()
            self.assertEqual(there.Locate(pb.LocateRequest(
                key=b"k", min_epoch=change.epoch), timeout=30).fingerprint,
                change.fingerprint)


if __name__ == "__main__":
    unittest.main()
