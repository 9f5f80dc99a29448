"""Tests `clockwise locate` with keys from arguments and from standard input."""

import base64
import json
import os
import subprocess
import tempfile
import unittest

from tests.support.clockwise_command import CLOCKWISE, WithServer, run


class LocateTest(WithServer):
    def test_json_has_the_fields_of_the_contract(self):
        answer, = self.json("locate", "user:42", "--replicas=2")
        self.assertEqual(list(answer), ["key", "epoch", "hash", "owners"])
        self.assertEqual((answer["key"], answer["epoch"]), ("user:42", "4"))
        self.assertEqual(str(int(answer["hash"])), answer["hash"])
        self.assertEqual(len(answer["owners"]), 2)
        for owner in answer["owners"]:
            i = owner["nodeId"][1:]
            self.assertEqual(owner, {"nodeId": f"n{i}", "zone": f"z{i}",
                                     "address": f"10.0.0.{i}:80"})

    def test_keys_and_standard_input_get_the_same_answers(self):
        keys = ["user:42", "", "{}", "[]", "[a,b]", "%%", "node", "é", "a b", "-k"]
        named = self.json("locate", "--", *keys)
        read = self.json("locate", "--stdin", stdin="\n".join(keys) + "\n")
        self.assertEqual(named, read)
        self.assertEqual([answer["key"] for answer in read], keys)

    def test_a_mirror_gives_the_servers_answers(self):
        keys = [f"key-{i}" for i in range(500)] + ["", "é", "a b"]
        self.good("ring", "create", self.ring + "-p", "--layout=partitioned",
                  "--partition-bits=6")
        for i in range(1, 6):
            self.good("node", "add", f"p{i}", f"--ring={self.ring}-p",
                      f"--zone=z{i % 2}")
        for ring in (self.ring, self.ring + "-p"):
            for replicas in ((), ("--replicas=2",)):
                flags = (f"--ring={ring}", *replicas)
                self.assertEqual(
                    self.json("locate", "--local", *flags, "--", *keys),
                    self.json("locate", *flags, "--", *keys))
                self.assertEqual(
                    self.good("locate", "--local", "--stdin", *flags,
                              stdin="\n".join(keys)),
                    self.good("locate", "--stdin", *flags,
                              stdin="\n".join(keys)))

    def test_a_mirror_is_kept_in_a_file_and_said_to_be(self):
        with tempfile.TemporaryDirectory() as folder:
            file = f"--ring-file={folder}/ring"
            here = self.good("locate", "--local", file, "k")
            away = (f"--ring={self.ring}", "locate", "--local", file, "k")
            done = run(*away, server="127.0.0.1:1")
            self.assertEqual((done.returncode, done.stdout), (0, here))
            self.assertRegex(done.stderr,
                             r"no server answers at 127.0.0.1:1; using the ring in "
                             rf"{folder}/ring, which was confirmed \d+ s ago")
            with open(folder + "/ring", "r+b") as ring:
                ring.seek(40)
                ring.write(b"!!")
            done = run(*away, server="127.0.0.1:1")
            self.assertEqual(done.returncode, 3)
            self.assertIn("damaged", done.stderr)

    def test_a_mirror_fails_as_the_server_does(self):
        for ring, server in (("none", self.server.grpc),
                             (self.ring, "127.0.0.1:1")):
            local = run(f"--ring={ring}", "locate", "--local", "k",
                        server=server)
            remote = run(f"--ring={ring}", "locate", "k", server=server)
            self.assertNotEqual(local.returncode, 0)
            self.assertEqual((local.returncode, local.stderr),
                             (remote.returncode, remote.stderr))
        self.assertIn("--local",
                      self.fails(2, "locate", "--ring-file=f", "k"))

    def test_modulo_hashes_the_same_here_and_there(self):
        ring = self.ring + "-m"
        self.good("ring", "create", ring, "--layout=modulo")
        on = f"--ring={ring}"
        self.good("node", "add", "n1", on)
        self.assertEqual(self.json("locate", "k", on),
                         self.json("locate", "--stdin", on, stdin="k"))

    def test_keys_that_are_no_text_come_back_in_base64(self):
        out = self.good("locate", "--stdin", "--output=json", stdin=b"\xff\n")
        answer = json.loads(out)
        self.assertEqual(base64.b64decode(answer["keyBase64"]), b"\xff")

    def test_table_names_the_owner_and_its_address(self):
        lines = self.good("locate", "user:42").splitlines()
        self.assertEqual(lines[0].split(),
                         ["KEY", "NODE", "ADDRESS", "ZONE"])
        self.assertIn("NEXT", self.good("locate", "k", "--replicas=2"))
        owner = self.json("locate", "user:42")[0]["owners"][0]
        self.assertEqual(lines[1].split(),
                         ["user:42", *map(owner.get,
                                          ("nodeId", "address", "zone"))])

    def test_many_keys_keep_their_order_over_batches(self):
        keys = [f"key-{i}" for i in range(25_003)]
        lines = self.good("locate", "--stdin", "--replicas=2",
                          stdin="\n".join(keys)).splitlines()
        self.assertEqual([line.split("\t")[0] for line in lines], keys)
        self.assertEqual({len(line.split("\t")) for line in lines}, {3})

    def test_large_keys_are_parted_by_bytes_too(self):
        key = "k" * 65_536
        lines = self.good("locate", "--stdin", stdin=f"{key}\n" * 100)
        self.assertEqual(lines.count("\n"), 100)

    def test_null_separates_keys_with_line_ends_in_them(self):
        out = self.good("locate", "--stdin", "-0", stdin="a\nb\0c\0")
        self.assertEqual([line.split("\t")[0] for line in out.splitlines()],
                         ["a\\x0ab", "c"])

    def test_no_keys_are_no_lines(self):
        self.assertEqual(self.good("locate", "--stdin", stdin=""), "")

    def test_key_over_its_bound_names_the_line_after_the_ones_before(self):
        done = self.run_on_ring("locate", "--stdin",
                                stdin="a\nb\n" + "k" * 65_537 + "\nc\n")
        self.assertEqual(done.returncode, 2)
        self.assertIn("standard input:3: ", done.stderr)
        self.assertEqual(done.stdout.count("\n"), 2)

    def test_input_that_pauses_is_answered_at_once(self):
        with subprocess.Popen(
                [CLOCKWISE, f"--server={self.server.grpc}",
                 f"--ring={self.ring}", "locate", "--stdin"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            for key in (b"a", b"b"):
                process.stdin.write(key + b"\n")
                process.stdin.flush()
                self.assertTrue(process.stdout.readline().startswith(key))
            process.stdin.close()
            self.assertEqual(process.wait(timeout=30), 0)

    def test_summary_counts_every_key_beside_the_fair_share(self):
        keys = "".join(f"{i}\n" for i in range(30_000))
        answer, = self.json("locate", "--stdin", "--summary", stdin=keys)
        self.assertEqual(answer["keys"], "30000")
        nodes = answer["nodes"]
        self.assertEqual(sum(int(node["keys"]) for node in nodes), 30_000)
        self.assertAlmostEqual(sum(node["fairShare"] for node in nodes), 1)
        table = self.good("locate", "--stdin", "--summary", stdin=keys)
        self.assertIn("█", table)
        self.assertIn("fullest: n", table)
        for line in table.splitlines():
            self.assertLessEqual(len(line), 80)

    @unittest.skipIf(os.environ.get("CLOCKWISE_SANITIZE"),
                     "a sanitizer keeps what was freed")
    def test_memory_does_not_grow_with_the_keys(self):
        def peak(keys):
            with tempfile.TemporaryFile() as file:
                for i in range(keys):
                    file.write(b"user:%d\n" % i)
                file.seek(0)
                process = subprocess.Popen(
                    [CLOCKWISE, f"--server={self.server.grpc}",
                     f"--ring={self.ring}", "locate", "--stdin"],
                    stdin=file, stdout=subprocess.DEVNULL)
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                self.assertEqual(process.returncode, 0)
                return usage.ru_maxrss
        self.assertLess(peak(500_000), peak(20_000) + 16 * 1024)

    def test_min_epoch_waits_and_then_says_so(self):
        self.good("locate", "k", "--min-epoch=4")
        self.fails(1, "locate", "k", "--min-epoch=5", "--timeout=0.5")
