#!/usr/bin/python3
"""Tests stores that are not the ones that the servers have read: emptied,
restored, replaced, of another cluster, of a newer format, or under another
prefix. Servers keep their rings, reject changes, and report the reason."""

import os
import subprocess
import tempfile
import time
import unittest

import grpc

from tests.support.clockwise_command import CLOCKWISE
from tests.support.etcd_cluster import EtcdCluster
from tests.support.fault_case import SQLITE, FaultCase, eventually, http
from tests.support.running_server import CLOCKWISED
from tests.support.stubs import TIMEOUT, pb, refusal

AWAY = (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
KEYS = [f"key-{i}".encode() for i in range(50)]


class FaultsStoreTest(FaultCase):
    def fill(self, server, nodes=5):
        stub = self.stub(server)
        for i in range(nodes):
            stub.AddNode(pb.AddNodeRequest(node=pb.Node(id=f"n{i}")),
                         timeout=TIMEOUT)
        return stub

    def owners(self, stub):
        answer = stub.BatchLocate(pb.BatchLocateRequest(keys=KEYS),
                                  timeout=TIMEOUT)
        return answer.SerializeToString(deterministic=True)

    def start_refused(self, store, *flags):
        """Starts a server that must end with 1; returns what it printed."""
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run(
                [CLOCKWISED, "--listen=127.0.0.1:0", "--http=127.0.0.1:0",
                 f"--store={store.replace('{folder}', folder)}", *flags],
                capture_output=True, text=True, timeout=TIMEOUT, cwd=folder,
                check=False)
        self.assertEqual(run.returncode, 1, run)
        self.assertEqual(run.stdout, "")
        return run.stderr.splitlines()[-1]

    def expect_distrust(self, server, stub, reason):
        """Checks every place where a server reports a store that it does not
        trust."""
        def status():
            return stub.GetStatus(pb.GetStatusRequest(), timeout=TIMEOUT)
        self.assertTrue(eventually(lambda: status().store_distrust),
                        server.log())
        self.assertIn(reason, status().store_distrust)
        self.assertFalse(status().store_up)
        code, text = http(server, "/readyz")
        self.assertEqual(code, 200)
        self.assertIn("changes are rejected", text)
        metrics = http(server, "/metrics")[1]
        self.assertIn("\nclockwise_store_trusted 0\n", metrics)
        self.assertIn("\nclockwise_store_up 0\n", metrics)
        self.assertTrue(eventually(
            lambda: "the store is not trusted" in server.log()))
        doctor = subprocess.run(
            [CLOCKWISE, "doctor", server.grpc], capture_output=True, text=True,
            timeout=60, check=False)
        self.assertEqual(doctor.returncode, 1, doctor)
        self.assertIn("does not trust its store", doctor.stdout + doctor.stderr)
        for method, request in (
                ("AddNode", pb.AddNodeRequest(node=pb.Node(id="late"))),
                ("CreateRing", pb.CreateRingRequest(
                    spec=pb.RingSpec(name="late"))),
                ("DeleteRing", pb.DeleteRingRequest(ring="default",
                                                    force=True))):
            self.assertEqual(refusal(getattr(stub, method), request), AWAY,
                             method)

    def test_an_emptied_etcd_takes_no_ring_away(self):
        with EtcdCluster() as cluster:
            servers = self.replicas(cluster)
            stub = self.fill(servers[0])
            before = self.owners(stub)
            there = self.stub(servers[1])
            self.assertTrue(eventually(lambda: self.owners(there) == before))
            stream = there.Watch(pb.WatchRequest(), timeout=60)
            next(stream)
            cluster.kill(0)
            cluster.wipe(0)
            cluster.start(0)
            wrong = looked_up = 0
            until = time.monotonic() + 4
            while time.monotonic() < until:
                for one in (stub, there):
                    wrong += self.owners(one) != before
                    looked_up += 1
            self.assertEqual(wrong, 0)
            for server, one in zip(servers, (stub, there)):
                self.expect_distrust(server, one, "revision")
            next(stream)  # the Watch goes on
            stream.cancel()
            # A server that starts accepts the empty etcd, and makes a ring
            # "default" there. The others do not take it over.
            self.server(cluster.store)
            time.sleep(2)
            for one in (stub, there):
                self.assertEqual(self.owners(one), before)
            self.assertIn("--require-existing", self.start_refused(
                cluster.store, "--require-existing", "--etcd-prefix=/other/"))
        print(f"{looked_up} look-ups, 0 wrong")

    def test_a_member_that_became_a_cluster_of_its_own_misleads_no_server(self):
        with EtcdCluster(3) as cluster:
            # The server uses the first endpoint, then the second, which is
            # recreated while the server runs.
            server = self.server(cluster.store)
            stub = self.fill(server)
            before = self.owners(stub)
            cluster.kill(1)
            cluster.wipe(1)
            cluster.start(1, alone=True)
            wrong = looked_up = 0
            for member in (0, 2):
                cluster.pause(member)
                until = time.monotonic() + 3
                while time.monotonic() < until:
                    wrong += self.owners(stub) != before
                    looked_up += 1
                cluster.resume(member)
                until = time.monotonic() + 2
                while time.monotonic() < until:
                    wrong += self.owners(stub) != before
                    looked_up += 1
            self.assertEqual(wrong, 0)
            self.assertTrue(eventually(lambda: not stub.GetStatus(
                pb.GetStatusRequest(), timeout=TIMEOUT).store_distrust))
            stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="late")),
                         timeout=TIMEOUT)
            self.assertIn("answers of etcd are rejected", server.log())
            self.assertNotIn(
                "\nclockwise_store_rejected_answers_total 0\n",
                http(server, "/metrics")[1])
            line = self.start_refused(cluster.store)
            for address in cluster.addresses:
                self.assertIn(address, line)
            self.assertIn("different clusters", line)
            # A server does not start on that member alone either.
            server.kill()
            for member in (0, 2):
                cluster.kill(member)
            server.start(wait=False)
            self.assertTrue(eventually(lambda: (
                "their cluster has fewer members: 1" in server.log())))
        print(f"{looked_up} look-ups, 0 wrong")

    def test_a_server_starts_while_one_of_two_endpoints_is_away(self):
        with EtcdCluster(3) as cluster:
            self.fill(self.server(f"etcd:{cluster.addresses[0]},127.0.0.1:1"))

    def test_etcd_is_restored_as_the_runbook_says(self):
        with EtcdCluster() as cluster:
            server = self.server(cluster.store)
            stub = self.fill(server)
            saved = self.owners(stub)
            snapshot = os.path.join(cluster.folder, "snapshot")
            cluster.save(snapshot)
            stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="lost")),
                         timeout=TIMEOUT)
            newest = self.owners(stub)
            cluster.kill(0)
            cluster.wipe(0)
            cluster.restore(snapshot)
            cluster.start(0)
            # A server that still runs does not follow it.
            self.expect_distrust(server, stub, "cluster")
            self.assertEqual(self.owners(stub), newest)
            # The restart accepts it.
            server.kill()
            server.flags.append("--require-existing")
            server.start()
            stub = self.stub(server)
            self.assertEqual(self.owners(stub), saved)
            stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="late")),
                         timeout=TIMEOUT)
            self.assertEqual("", stub.GetStatus(
                pb.GetStatusRequest(), timeout=TIMEOUT).store_distrust)

    def test_without_rings_a_server_that_requires_them_does_not_start(self):
        with EtcdCluster() as cluster:
            self.fill(self.server(cluster.store))
            self.server(cluster.store, flags=["--require-existing"])
            line = self.start_refused(cluster.store, "--require-existing",
                                      "--etcd-prefix=/clockwize/")
            self.assertIn("the store has no rings", line)
            kept = cluster.post(0, "/v3/kv/range", {
                "key": "L2Nsb2Nrd2l6ZS8=", "range_end": "L2Nsb2Nrd2l6ZTA="})
            self.assertNotIn("kvs", kept)  # nothing was written
        self.assertIn("does not exist",
                      self.start_refused(SQLITE, "--require-existing"))
        self.assertIn("the store has no rings",
                      self.start_refused("memory:", "--require-existing"))

    def test_a_newer_format_is_left_alone(self):
        with EtcdCluster() as cluster:
            server = self.server(cluster.store)
            stub = self.fill(server)
            before = self.owners(stub)
            cluster.put("/clockwise/format", "2")
            self.expect_distrust(server, stub, "format \"2\" is not supported")
            self.assertEqual(self.owners(stub), before)
            self.assertIn("format \"2\" is not supported",
                          self.start_refused(cluster.store))
            cluster.put("/clockwise/format", "1")
            self.assertTrue(eventually(
                lambda: "the store is trusted again" in server.log()))
            stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="late")),
                         timeout=TIMEOUT)

    def test_a_migrations_source_is_not_deleted_at_another_server(self):
        created = 0
        with EtcdCluster() as cluster:
            servers = self.replicas(cluster)
            here, there = (self.stub(server) for server in servers)
            for i in range(60):
                source, ring = f"source-{i}", f"ring-{i}"
                here.CreateRing(pb.CreateRingRequest(
                    spec=pb.RingSpec(name=source)), timeout=TIMEOUT)
                self.assertTrue(eventually(lambda: source in self.rings(there)))
                creation = here.CreateRing.future(pb.CreateRingRequest(
                    spec=pb.RingSpec(name=ring, migrating_from=source)),
                    timeout=TIMEOUT)
                deletion = there.DeleteRing.future(pb.DeleteRingRequest(
                    ring=source, force=True), timeout=TIMEOUT)
                codes = (creation.code(), deletion.code())
                self.assertIn(codes, (
                    (grpc.StatusCode.OK, grpc.StatusCode.FAILED_PRECONDITION),
                    (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.OK)))
                made = creation.code() == grpc.StatusCode.OK
                created += made
                for stub in (here, there):
                    self.assertTrue(eventually(
                        lambda: (source in self.rings(stub)) == made
                        and (ring in self.rings(stub)) == made))
        print(f"60 races: {created} created, {60 - created} deleted")

    @staticmethod
    def rings(stub):
        answer = stub.ListRings(pb.ListRingsRequest(page_size=1000),
                                timeout=TIMEOUT)
        return {ring.spec.name for ring in answer.rings}

    def test_an_sqlite_file_that_is_gone_or_another_takes_no_change(self):
        for lost in ("rings.db", "rings.db-wal"):
            for replaced in (False, True):
                with self.subTest(lost=lost, replaced=replaced):
                    self.sqlite_file_is_lost(lost, replaced)

    def sqlite_file_is_lost(self, lost, replaced):
        server = self.server(SQLITE)
        stub = self.fill(server)
        before = self.owners(stub)
        path = os.path.join(server.folder, lost)
        os.rename(path, path + ".away")
        if replaced:
            with open(path, "wb") as file:
                file.write(b"other")
        self.expect_distrust(
            server, stub, "was replaced" if replaced else "was removed")
        self.assertEqual(self.owners(stub), before)
        # The right file is back: nothing was lost.
        os.rename(path + ".away", path)
        stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="late")),
                     timeout=TIMEOUT)
        newest = self.owners(stub)
        self.assertTrue(eventually(
            lambda: "the store is trusted again" in server.log()))
        server.kill()
        server.start()
        self.assertEqual(self.owners(self.stub(server)), newest)


if __name__ == "__main__":
    unittest.main()
