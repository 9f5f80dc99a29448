#!/usr/bin/python3
"""Tests how clockwised starts, and its errors when it cannot start."""

import hashlib
import os
import pathlib
import re
import socket
import sqlite3
import subprocess
import tempfile
import unittest

from tests.support.running_server import CLOCKWISED, RunningServer
from tests.support.stubs import TIMEOUT, pb, stub_of


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in pathlib.Path(folder).iterdir() if path.is_file()}


class StartTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def path(self, name):
        return os.path.join(self.folder, name)

    def refused(self, *flags, env=None, says):
        """Starts a server that must not start, and checks its one line."""
        before = digests(self.folder)
        run = subprocess.run(
            [CLOCKWISED, "--listen=127.0.0.1:0", "--http=127.0.0.1:0", *flags],
            capture_output=True, text=True, timeout=TIMEOUT, cwd=self.folder,
            env={**os.environ, **(env or {})})
        self.assertEqual(run.returncode, 1, run)
        self.assertEqual(run.stdout, "")
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        self.assertRegex(run.stderr, "^clockwised: .")
        self.assertIn(says, run.stderr)
        self.assertEqual(digests(self.folder), before)

    def test_bad_flags_are_one_line(self):
        store = "--store=memory:"
        self.refused(store, "--bogus=1", says="--bogus")
        self.refused(store, "--lissten=x", says="did you mean --listen?")
        self.refused(store, "extra", says="extra")
        self.refused("--store=ftp:x", says="ftp:x")
        self.refused("--store=sqlite:", says="--store")
        self.refused(store, "--layout=square", says="square")
        self.refused(store, "--virtual-nodes=65537", says="65537")
        self.refused(store, "--virtual-nodes=many", says="--virtual-nodes")
        self.refused(store, "--replicas=65", says="65")
        self.refused(store, "--listen=nowhere", says="nowhere")
        self.refused(store, "--listen=127.0.0.1:70000", says="70000")
        self.refused(store, "--http=127.0.0.1:x", says="127.0.0.1:x")
        for address in ("a", "0.0.0.0:1", "[::]:1", "a:0", "dns:///a:1"):
            self.refused(store, f"--advertise={address}", says="--advertise")
        self.refused(store, "--watch-heartbeat=0", says="--watch-heartbeat")
        self.refused(store, "--history-changes=0", says="--history-changes")

    def test_help_is_grouped_and_fits_a_terminal(self):
        done = subprocess.run([CLOCKWISED, "--help"], capture_output=True,
                              text=True, timeout=TIMEOUT)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for raw in (":UINT", ":INT", ":FLOAT", "UINT", "TEXT", "FLOAT", " in [",
                    "Env:", "{", "\n\n\n"):
            self.assertNotIn(raw, done.stdout)
        self.assertEqual([], re.findall("--[a-z-]*_[a-z_-]*", done.stdout))
        for line in done.stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)
        groups = re.findall(r"^(\w+):$", done.stdout, re.M)
        self.assertEqual(groups, ["Network", "Store", "Security", "Limits",
                                  "Rings", "Operation", "Logging",
                                  "Configuration"])
        # Each flag with a value has a type; each number has a default.
        flags = re.findall(r"^  (--[a-z-]+)(?:=(\S+))?((?:.*\n)(?: {8}.*\n)*)",
                           done.stdout, re.M)
        self.assertGreater(len(flags), 45)
        for flag, kind, text in flags:
            if kind in ("N", "BYTES", "SECONDS"):
                self.assertRegex(text, r"\(default: \d+\)", flag)
            if kind in ("BYTES", "SECONDS"):
                self.assertIn(f"in {kind.lower()}", " ".join(text.split()))

    def test_a_taken_port_is_one_line(self):
        with RunningServer() as server:
            self.refused("--store=memory:", f"--listen={server.grpc}",
                         says=server.grpc)
            self.refused("--store=memory:", f"--http={server.http}",
                         says=server.http)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.refused("--store=memory:", f"--listen={address}",
                         says=address)

    def test_what_is_no_database_is_refused_and_left_untouched(self):
        pathlib.Path(self.path("empty")).touch()
        pathlib.Path(self.path("text")).write_text("not a database\n" * 500)
        foreign = sqlite3.connect(self.path("foreign"))
        foreign.execute("create table theirs (x)")
        foreign.commit()
        foreign.close()
        os.mkdir(self.path("folder"))
        for name in ("empty", "text", "foreign", "folder", "no/such/folder/x"):
            self.refused(f"--store=sqlite:{self.path(name)}", says=name)

    def test_a_second_server_on_the_same_file_is_refused(self):
        with RunningServer(store="sqlite:" + self.path("rings.db")):
            run = subprocess.run(
                [CLOCKWISED, "--listen=127.0.0.1:0", "--http=127.0.0.1:0",
                 "--store=sqlite:" + self.path("rings.db")],
                capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        self.assertIn("in use", run.stderr)

    def spec_with(self, *flags, **env):
        os.environ.update(env)
        try:
            with RunningServer(flags=flags) as server:
                stub, channel = stub_of(server)
                with channel:
                    return stub.ListRings(pb.ListRingsRequest(),
                                          timeout=TIMEOUT).rings[0].spec
        finally:
            for name in env:
                del os.environ[name]

    def test_flags_win_over_environment_over_file_over_defaults(self):
        config = self.path("config")
        pathlib.Path(config).write_text(
            "# a comment\n\nvirtual_nodes = 20\n--replicas=2\n")
        name = f"--config={config}"
        self.assertEqual(self.spec_with().virtual_node_count, 160)
        self.assertEqual(self.spec_with().replica_count, 1)
        self.assertEqual(self.spec_with(name).virtual_node_count, 20)
        self.assertEqual(self.spec_with(name).replica_count, 2)
        self.assertEqual(
            self.spec_with(name, CLOCKWISE_VIRTUAL_NODES="30").virtual_node_count, 30)
        self.assertEqual(self.spec_with(
            name, "--virtual-nodes=40",
            CLOCKWISE_VIRTUAL_NODES="30").virtual_node_count, 40)
        self.assertEqual(
            self.spec_with(CLOCKWISE_CONFIG=config).virtual_node_count, 20)

    def test_a_bad_config_file_is_one_line_that_names_the_place(self):
        config = self.path("config")
        pathlib.Path(config).write_text("replicas=2\nbogus=1\n")
        self.refused(f"--config={config}", says=f"{config}:2")
        self.refused("--config=/no/such/file", says="/no/such/file")
        pathlib.Path(config).write_text("replicas\n")
        self.refused(f"--config={config}", says=f"{config}:1")
        self.refused(env={"CLOCKWISE_REPLICAS": "lots"}, says="replicas")

    def test_the_first_start_makes_the_ring_as_told_and_later_ones_keep_it(self):
        store = "sqlite:" + self.path("rings.db")
        with RunningServer(store=store, flags=["--layout=modulo"]) as server:
            stub, channel = stub_of(server)
            with channel:
                first = stub.ListRings(pb.ListRingsRequest(), timeout=TIMEOUT)
        self.assertEqual(first.rings[0].spec.layout, pb.LAYOUT_MODULO)
        with RunningServer(store=store, flags=["--layout=hashed"]) as server:
            stub, channel = stub_of(server)
            with channel:
                self.assertEqual(stub.ListRings(pb.ListRingsRequest(),
                                                timeout=TIMEOUT), first)

    def test_a_unix_socket_serves(self):
        with RunningServer(listen="unix:{folder}/socket") as server:
            self.assertTrue(server.grpc.startswith("unix:"))
            stub, channel = stub_of(server)
            with channel:
                stub.ListRings(pb.ListRingsRequest(), timeout=TIMEOUT)


if __name__ == "__main__":
    unittest.main()
