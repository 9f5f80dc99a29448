"""Tests `clockwise store`: copies, backups and restores, on files and on a real
etcd."""

import json
import os
import signal
import tempfile
import unittest

from tests.support.clockwise_command import run
from tests.support.etcd_cluster import EtcdCluster
from tests.support.loopback_proxy import LoopbackProxy, connect, relay
from tests.support.running_server import RunningServer


class StoreTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(
            prefix="clockwise-store-"))
        self.sqlite = "sqlite:" + self.path("rings.db")
        with self.serving(self.sqlite) as server:
            for node in ("n1", "n2", "n3"):
                self.good("node", "add", node, server=server)
            self.good("ring", "create", "shards", "--layout=partitioned",
                      server=server)
            self.good("--ring=shards", "node", "add", "s1", server=server)
            # Copies and backups do not include a deleted ring.
            self.good("ring", "create", "gone", server=server)
            self.good("ring", "delete", "gone", "--yes", server=server)
            self.before = self.rings(server)

    def path(self, name):
        return os.path.join(self.folder, name)

    def serving(self, store):
        """A server that is stopped with SIGTERM, so that its store is
        complete."""
        class Serving(RunningServer):
            def __exit__(self, *error):
                self.kill(signal.SIGTERM)
                super().__exit__(*error)
        return Serving(store=store, flags=["--lame-duck=0"])

    def good(self, *arguments, server=None):
        done = run(*arguments, server=server and server.grpc)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return done.stdout

    def refused(self, *arguments, code=1):
        done = run("store", *arguments)
        self.assertEqual(done.returncode, code, done)
        self.assertIn(len(done.stderr.splitlines()), (1, 2), done)
        return done.stderr

    def rings(self, server):
        """Returns all content of both rings: snapshots and histories."""
        told = []
        for ring in ("default", "shards"):
            for command in (("ring", "show"), ("ring", "history"),
                            ("node", "list")):
                out = self.good(f"--ring={ring}", "--output=json", *command,
                                server=server)
                told.append([json.loads(line) for line in out.splitlines()])
        return told

    def held(self, store):
        with self.serving(store) as server:
            return self.rings(server)

    @staticmethod
    def without_incarnations(told):
        text = json.dumps(told, sort_keys=True)
        for key in ("incarnation",):
            parts = text.split(f'"{key}": "')
            text = parts[0] + "".join(
                part[part.index('"'):] for part in parts[1:])
        return text

    def test_a_copy_is_the_same_down_to_epochs_and_incarnations(self):
        other = "sqlite:" + self.path("other.db")
        out = self.good("store", "copy", self.sqlite, other)
        self.assertEqual(
            out, "copied ring default: epoch 4, 3 nodes, 3 changes\n"
            "copied ring shards: epoch 2, 1 nodes, 1 changes\n")
        self.assertEqual(self.held(other), self.before)
        for store, deleted in ((self.sqlite, 1), (other, 0)):
            with self.serving(store) as server:
                out = self.good("ring", "list", "--deleted", server=server)
            self.assertEqual(out.count("gone"), deleted, out)

    def test_a_copy_to_etcd_and_back_is_the_same(self):
        with EtcdCluster() as cluster:
            self.good("store", "copy", self.sqlite, cluster.store)
            self.assertEqual(self.held(cluster.store), self.before)
            again = self.good("store", "copy", self.sqlite, cluster.store)
            self.assertIn("unchanged ring default", again)
            back = "sqlite:" + self.path("back.db")
            self.good("store", "copy", cluster.store, back)
            self.assertEqual(self.held(back), self.before)
            # Two prefixes in one etcd do not affect each other.
            self.good("store", "copy", "--etcd-prefix=/other/", back,
                      cluster.store)

    def test_a_running_server_is_backed_up_through_itself(self):
        backup = self.path("rings.backup")
        with self.serving(self.sqlite) as server:
            # The server has locked its file. The error says what to do.
            told = self.refused("backup", self.sqlite, backup)
            self.assertIn("is in use", told)
            self.assertIn("store backup server:", told)
            self.good("node", "add", "n4", server=server)
            now = self.rings(server)
            out = self.good("store", "backup", "server:", backup,
                            server=server)
            self.assertEqual(
                out, "backed up ring default: epoch 5, 4 nodes, 4 changes\n"
                "backed up ring shards: epoch 2, 1 nodes, 1 changes\n")
            told = run("store", "backup", "server:", backup,
                       server=server.grpc)
            self.assertEqual(told.returncode, 1, told)
            self.assertIn("rings-$(date", told.stderr)
            piped = run("store", "backup", "server:", "-", server=server.grpc,
                        stdin=b"")
            self.assertEqual(piped.returncode, 0, piped)
            self.assertIn(b"backed up ring default", piped.stderr)
            with open(backup, "rb") as file:
                self.assertEqual(piped.stdout, file.read())
        new = "sqlite:" + self.path("new.db")
        self.good("store", "restore", backup, new)
        self.assertEqual(self.without_incarnations(self.held(new)),
                         self.without_incarnations(now))

    def test_a_backup_leaves_out_a_ring_that_is_deleted_meanwhile(self):
        with self.serving(self.sqlite) as server:
            class DeletingProxy(LoopbackProxy):
                """Deletes the ring when its name is in a request."""

                def serve(self, client):
                    with client, connect(server.grpc) as there:
                        relay(client, there, before=lambda end, data: (
                            end is client and b"shards" in data and run(
                                "ring", "delete", "shards", "--yes", "--force",
                                server=server.grpc)))
            with DeletingProxy() as proxy:
                done = run("store", "backup", "server:", self.path("b"),
                           server=proxy.address)
        self.assertEqual((done.returncode, done.stdout), (
            0, "backed up ring default: epoch 4, 3 nodes, 3 changes\n"), done)

    def test_a_ring_in_the_way_stops_all_of_a_copy(self):
        other = "sqlite:" + self.path("other.db")
        with self.serving(other) as server:
            self.good("node", "add", "x", server=server)
        told = self.refused("copy", self.sqlite, other)
        self.assertIn("default", told)
        with self.serving(other) as server:
            out = self.good("ring", "list", server=server)
        self.assertNotIn("shards", out)

    def test_a_restored_ring_is_another_incarnation_at_the_same_epoch(self):
        backup = self.path("rings.backup")
        self.good("store", "backup", self.sqlite, backup)
        new = "sqlite:" + self.path("new.db")
        out = self.good("store", "restore", backup, new)
        self.assertIn("restored ring default: epoch 4, 3 nodes", out)
        after = self.held(new)
        for before, now in zip(self.before, after):
            if "snapshot" not in now[0]:
                continue
            self.assertEqual(before[0]["snapshot"]["epoch"],
                             now[0]["snapshot"]["epoch"])
            self.assertEqual(before[0]["snapshot"]["fingerprint"],
                             now[0]["snapshot"]["fingerprint"])
            self.assertNotEqual(before[0]["snapshot"]["incarnation"],
                                now[0]["snapshot"]["incarnation"])
        self.assertEqual(self.without_incarnations(self.before),
                         self.without_incarnations(after))
        self.assertIn("already has different rings", self.refused(
            "restore", backup, new))

    def test_etcd_is_backed_up_and_restored(self):
        backup = self.path("rings.backup")
        with EtcdCluster() as cluster:
            self.good("store", "copy", self.sqlite, cluster.store)
            self.good("store", "backup", cluster.store, backup)
        with EtcdCluster() as cluster:
            self.good("store", "restore", backup, cluster.store)
            self.assertEqual(self.without_incarnations(self.before),
                             self.without_incarnations(
                                 self.held(cluster.store)))

    def test_a_running_servers_file_is_not_touched(self):
        with self.serving(self.sqlite):
            for command in (("copy", self.sqlite, "sqlite:" + self.path("o")),
                            ("backup", self.sqlite, self.path("b"))):
                self.assertIn("rings.db", self.refused(*command))
        self.assertEqual(sorted(os.listdir(self.folder)), ["rings.db"])

    def test_a_backup_goes_into_the_folder_one_is_in(self):
        done = run("store", "backup", self.sqlite, "rings.backup",
                   cwd=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("rings.backup", os.listdir(self.folder))
        done = run("store", "backup", self.sqlite, self.path("b"), "-o", "json")
        first = json.loads(done.stdout.splitlines()[0])
        self.assertEqual((first["result"], first["ring"]),
                         ("backed up", "default"))

    def test_wrong_locations_are_named_by_their_argument(self):
        told = self.refused("backup", "server:10.0.0.1", self.path("b"), code=2)
        self.assertIn('FROM: "server:10.0.0.1" is not valid; use sqlite:PATH',
                      told)
        self.assertIn("store backup server: FILE", told)
        self.assertIn('TO: "memory:" is not valid',
                      self.refused("copy", self.sqlite, "memory:", code=2))
        self.assertIn("TO: endpoint", self.refused("copy", self.sqlite,
                                                   "etcd:nowhere", code=2))

    def test_a_backup_replaces_nothing(self):
        with open(self.path("b"), "w") as file:
            file.write("mine")
        self.assertIn("exists", self.refused("backup", self.sqlite,
                                             self.path("b")))
        with open(self.path("b")) as file:
            self.assertEqual(file.read(), "mine")

    def test_a_damaged_backup_is_refused_and_nothing_is_made(self):
        backup = self.path("b")
        self.good("store", "backup", self.sqlite, backup)
        with open(backup, "r+b") as file:
            file.seek(100)
            file.write(b"\xff")
        new = self.path("new.db")
        self.assertIn("damaged", self.refused("restore", backup,
                                              f"sqlite:{new}"))
        self.assertFalse(os.path.exists(new))

    def test_what_makes_no_sense_is_bad_usage(self):
        for location in ("memory:", "nonsense", "etcd:", "etcd:host",
                         "etcd:a:1,,b:2", "etcd:h:0"):
            self.refused("copy", location, self.sqlite, code=2)
        for flags in (["--etcd-prefix=x"], ["--etcd-cert=/nowhere"],
                      ["--etcd-cacert=/nowhere"]):
            self.refused("copy", *flags, "etcd:127.0.0.1:1", self.sqlite,
                         code=2)
        self.assertIn("does not exist", self.refused(
            "copy", "sqlite:" + self.path("none.db"), self.sqlite))
        self.assertFalse(os.path.exists(self.path("none.db")))

    def test_an_etcd_that_is_away_is_said_to_be_away(self):
        self.assertIn("did not answer", self.refused(
            "copy", self.sqlite, "etcd:127.0.0.1:1"))
