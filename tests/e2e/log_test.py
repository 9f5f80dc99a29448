#!/usr/bin/python3
"""Tests the log, and the server's report of its configuration."""

import json
import os
import pathlib
import pty
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from tests.support.authority import Authority
from tests.support.running_server import CLOCKWISED, RunningServer
from tests.support.stubs import TIMEOUT, pb, stub_of

NO_FLAGS = {name: value for name, value in os.environ.items()
            if not name.startswith("CLOCKWISE_")}


class LogTest(unittest.TestCase):
    def add(self, server, **node):
        stub, channel = stub_of(server)
        self.addCleanup(channel.close)
        return stub.AddNode(pb.AddNodeRequest(
            node=pb.Node(**node), request_id='with "quotes"\\'),
            timeout=TIMEOUT)

    def test_it_is_json_where_no_person_reads_it(self):
        with RunningServer(environment={"CLOCKWISE_LOG_FORMAT": "auto"}) as one:
            for _ in range(2):
                self.add(one, id="a")
            # There is nothing to change.
            stub, channel = stub_of(one)
            self.addCleanup(channel.close)
            stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="a")),
                         timeout=TIMEOUT)
            for _ in range(2):
                stub.DeleteRing(pb.DeleteRingRequest(
                    ring="default", force=True, request_id="d"),
                    timeout=TIMEOUT)
            for _ in range(2):
                stub.UndeleteRing(pb.UndeleteRingRequest(
                    ring="default", request_id="u"), timeout=TIMEOUT)
            one.kill(signal.SIGTERM)
            lines = [json.loads(line) for line in one.log().splitlines()]
        self.assertEqual([line["msg"] for line in lines],
                         ["started", "serving", "ring changed", "ring deleted",
                          "ring changed", "draining", "drained"])
        for line in lines:
            self.assertRegex(line["ts"], r"^20\d\d-\d\d-\d\dT.*\.\d{3}Z$")
            self.assertEqual(line["level"], "info")
        self.assertIn("store=memory: (command line)", lines[0]["config"])
        self.assertIn("log-format=auto (environment)", lines[0]["config"])
        self.assertEqual(lines[2]["ring"], "default")
        self.assertEqual(lines[2]["epoch"], "2")
        self.assertEqual(lines[2]["request_id"], 'with "quotes"\\')

    def test_it_is_key_value_on_a_terminal(self):
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [CLOCKWISED, "--listen=127.0.0.1:0", "--http=127.0.0.1:0",
             "--store=memory:"], stdout=subprocess.PIPE, stderr=slave,
            env=NO_FLAGS)
        os.close(slave)
        process.stdout.readline()
        process.terminate()
        process.wait(timeout=TIMEOUT)
        process.stdout.close()
        text = os.read(master, 65536).decode()
        os.close(master)
        self.assertRegex(text, r"^20\S+Z info msg=started version=\S+ grpc=")

    def test_levels_leave_out_what_is_below(self):
        with RunningServer(flags=["--log-level=warning"]) as server:
            self.add(server, id="a")
            self.assertEqual(server.log(), "")
        with RunningServer(flags=["--log-level=debug"]) as server:
            self.add(server, id="a")
            self.assertIn("ring changed", server.log())

    def test_one_place_says_at_most_so_much_and_how_much_it_kept_back(self):
        with RunningServer() as server:
            stub, channel = stub_of(server)
            self.addCleanup(channel.close)
            began = time.monotonic()
            for i in range(200):
                stub.AddNode(pb.AddNodeRequest(node=pb.Node(id=f"n{i}")),
                             timeout=TIMEOUT)
            seconds = int(time.monotonic() - began) + 2  # started seconds
            time.sleep(1.1)
            stub.RemoveNode(pb.RemoveNodeRequest(node_id="n0"),
                            timeout=TIMEOUT)
            lines = [line for line in server.log().splitlines()
                     if "ring changed" in line]
            dropped = sum(int(number) for number in re.findall(
                r"dropped=(\d+)", server.log()))
            self.assertLessEqual(len(lines), 10 * seconds + 1)
            self.assertEqual(len(lines) + dropped, 201)


    def test_what_grpc_has_to_say_is_in_it(self):
        with tempfile.TemporaryDirectory() as folder:
            cert, key = Authority(folder).issue("server", "IP:127.0.0.1")
            with RunningServer(flags=[f"--tls-cert={cert}",
                                      f"--tls-key={key}"]) as server:
                # A client without TLS connects more often than the log has
                # lines.
                for _ in range(50):
                    peer = socket.create_connection(
                        server.grpc.rsplit(":", 1), timeout=TIMEOUT)
                    peer.sendall(b"GET / HTTP/1.1\r\n\r\n" * 3)
                    peer.recv(100)
                    peer.close()
                lines = [line for line in server.log().splitlines()
                         if "component=grpc" in line]
                self.assertIn("warning", lines[0])
                self.assertIn("Handshake failed", lines[0])
                self.assertLess(len(lines), 50)


class ConfigTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory()))

    def run_it(self, *flags, **environment):
        return subprocess.run([CLOCKWISED, *flags], capture_output=True,
                              text=True, timeout=TIMEOUT, cwd=self.folder,
                              env={**NO_FLAGS, **environment})

    def test_it_prints_each_value_and_where_it_comes_from(self):
        config = self.folder / "config"
        config.write_text("# mine\nwatch_heartbeat = 2\nlisten=127.0.0.1:1\n")
        done = self.run_it("--print-config", f"--config={config}",
                           "--listen=127.0.0.1:2", "--http-tls",
                           CLOCKWISE_STORE="memory:", CLOCKWISE_LISTEN="x:3",
                           CLOCKWISE_ETCD_PASSWORD="secret")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        sections = dict(re.findall(r"^# (.*)\n((?:(?!# from|# defaults).*\n)*)",
                                   done.stdout, re.M))
        self.assertIn("listen=127.0.0.1:2\n", sections["from command line"])
        self.assertIn("http-tls=true\n", sections["from command line"])
        self.assertIn("store=memory:\n", sections["from environment"])
        self.assertIn("watch-heartbeat=2\n", sections[f"from {config}"])
        self.assertNotIn("listen=", sections[f"from {config}"])
        self.assertIn("http=127.0.0.1:7480\n", sections["defaults"])
        self.assertNotIn("secret", done.stdout)
        # The output is a valid config file.
        config.write_text(done.stdout)
        again = self.run_it("--print-config", f"--config={config}")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(
            sorted(line for line in done.stdout.splitlines()
                   if not line.startswith("#")),
            sorted(line for line in again.stdout.splitlines()
                   if not line.startswith("#")))

    def test_underscores_in_flags_are_accepted_and_not_shown(self):
        config = self.folder / "config"
        config.write_text("watch_heartbeat=2\nlame-duck=3\n--drain_grace=4\n")
        done = self.run_it("--print_config", f"--config={config}", "--log_level",
                           "debug", "--http_tls", "--audit_log=a_b",
                           "--history-changes=8",
                           CLOCKWISE_VIRTUAL_NODES="9", CLOCKWISE_SELF_PROBE="0")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        values = done.stdout.split("# defaults")[0].splitlines()
        for line in ("watch-heartbeat=2", "lame-duck=3", "drain-grace=4",
                     "log-level=debug", "http-tls=true", "audit-log=a_b",
                     "history-changes=8", "virtual-nodes=9", "self-probe=0"):
            self.assertIn(line, values)
        self.assertEqual([], re.findall(r"^[\w-]*_[\w-]*=", done.stdout, re.M))

    def test_errors_name_flags_in_kebab_case(self):
        config = self.folder / "config"
        config.write_text("log_level=loud\n")
        for flags, environment in (
                (["--log_level=loud"], {}),
                ([f"--config={config}"], {}),
                ([], {"CLOCKWISE_LOG_LEVEL": "loud"})):
            with self.subTest(flags=flags):
                done = self.run_it("--check-config", *flags, **environment)
                self.assertEqual(done.returncode, 1)
                self.assertIn("--log-level", done.stderr)
                self.assertNotIn("log_level", done.stderr)
        for flags in (["--virtual_nodes=70000"], ["--replicas=70000"],
                      ["--partition_bits=30", "--layout=partitioned"]):
            with self.subTest(flags=flags):
                done = self.run_it("--check-config", *flags)
                name = flags[0].split("=")[0].replace("_", "-")
                self.assertEqual(done.returncode, 1)
                self.assertIn(f"clockwised: {name}: ", done.stderr)

    def test_it_checks_flags_and_files_and_opens_nothing(self):
        authority = Authority(self.folder)
        cert, key = authority.issue("server", "IP:127.0.0.1")
        _, other = authority.issue("other", "IP:127.0.0.1")
        policy = self.folder / "policy"
        policy.write_text('{"grants": []}')
        good = [f"--tls-cert={cert}", f"--tls-key={key}",
                f"--access-policy={policy}", "--listen=127.0.0.1:1",
                f"--store=sqlite:{self.folder}/none.db",
                f"--audit-log={self.folder}/audit"]
        done = self.run_it("--check-config", *good)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("is valid", done.stdout)
        self.assertFalse((self.folder / "none.db").exists())
        self.assertFalse((self.folder / "audit").exists())
        for flags, named in (
                ([f"--tls-key={other}"], "--tls-cert"),
                (["--listen=nowhere"], "nowhere"),
                (["--http=127.0.0.1:x"], "127.0.0.1:x"),
                (["--http=unix:x"], "unix:x"),
                (["--store=ftp:x"], "--store"),
                (["--store=etcd:nowhere"], "--store"),
                (["--etcd-prefix=x", "--store=etcd:a:1"], "--etcd-prefix"),
                ([f"--access-policy={cert}"], "--access-policy"),
                (["--log-level=loud"], "--log-level"),
                (["--ring-page=maybe"], "--ring-page"),
                ([f"--config={self.folder}/none"], "none")):
            with self.subTest(flags=flags):
                done = self.run_it("--check-config", *good, *flags)
                self.assertEqual(done.returncode, 1, done)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(named, done.stderr)

    def test_it_finds_all_files_that_a_start_does_not_accept(self):
        folder = self.folder / "folder"
        folder.mkdir()
        text = self.folder / "text"
        text.write_text("text\n")
        missing = self.folder / "none/file"
        large = self.folder / "large"
        large.write_text("x" * 2_000_000)
        before = sorted(self.folder.rglob("*"))
        for flags, named in (
                ([f"--audit-log={missing}"], f"--audit-log: {missing}: "),
                ([f"--audit-log={folder}"], f"--audit-log: {folder}: "),
                ([f"--access-policy={missing}"], f"{missing}: cannot open"),
                ([f"--access-policy={folder}"], f"{folder}: cannot read"),
                ([f"--access-policy={large}"], f"{large}: larger than"),
                ([f"--access-policy={text}"], f"{text}:1: "),
                ([f"--access-policy={text}", f"--token-file={text}"],
                 f"{text}:1: the line"),
                ([f"--tls-cert={text}", f"--tls-key={missing}"],
                 f"{missing}: cannot open"),
                ([f"--tls-cert={text}", f"--tls-key={text}"],
                 f"{text}: the file contains no certificate"),
                (["--store=etcd:a:1", f"--etcd-password-file={missing}"],
                 f"{missing}: cannot open: "),
                (["--store=etcd:a:1", f"--etcd-password-file={folder}"],
                 f"{folder}: cannot read"),
                (["--store=etcd:a:1", f"--etcd-cacert={text}"], f"{text}: "),
                ([f"--store=sqlite:{missing}"], f"{missing}: cannot be"),
                ([f"--store=sqlite:{text}"], f"{text}: is not"),
                ([f"--store=sqlite:{self.folder}/new", "--require-existing"],
                 f"{self.folder}/new: does not exist")):
            flags = ["--listen=127.0.0.1:0", "--http=127.0.0.1:0", *flags]
            with self.subTest(flags=flags):
                check = self.run_it("--check-config", *flags)
                self.assertEqual(check.returncode, 1, check)
                self.assertIn(named, check.stderr)
                start = self.run_it(*flags)
                self.assertEqual((start.returncode, start.stderr),
                                 (1, check.stderr))
        self.assertEqual(sorted(self.folder.rglob("*")), before)


if __name__ == "__main__":
    unittest.main()
