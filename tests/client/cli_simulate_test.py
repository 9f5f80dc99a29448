"""Tests `clockwise simulate`, which needs no server."""

import json
import os
import resource
import signal
import stat
import tempfile
import threading
import unittest
import xml.etree.ElementTree as ElementTree

from tests.support.clockwise_command import ENVIRONMENT, run

# Nothing listens there: a connection would fail.
NOWHERE = "127.0.0.1:1"


class SimulateTest(unittest.TestCase):
    def simulate(self, *arguments, **options):
        done = run("simulate", *arguments, server=NOWHERE, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return done.stdout

    def rows(self, *arguments):
        out = self.simulate("--output=json", *arguments)
        return [json.loads(line) for line in out.splitlines()]

    def fails(self, code, *arguments):
        done = run("simulate", *arguments, server=NOWHERE)
        self.assertEqual(done.returncode, code, (arguments, done))
        lines = done.stderr.splitlines()
        self.assertIn(len(lines), (1, 2), done)
        self.assertTrue(lines[0].startswith("clockwise: "), done)
        return done.stderr

    def file(self, text=b""):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "file")
        with open(path, "wb") as file:
            file.write(text)
        return path

    def test_table_has_a_row_for_each_layout_and_number_of_points(self):
        lines = self.simulate().splitlines()
        self.assertEqual(lines[0], "10 nodes, then 1 more")
        self.assertRegex(
            lines[1], r"^LAYOUT +PEAK/MEAN +STDDEV +MOVED +LEAST +MOVED/LEAST "
            r"+KEYS: PEAK +MOVED$")
        self.assertEqual(
            [line[:13].strip() for line in lines[2:9]],
            ["modulo", "hashed 1", "hashed 16", "hashed 100", "hashed 160",
             "hashed 1000", "partitioned"])
        self.assertRegex(lines[2], r"^modulo +1\.000 +0\.0000 +90\.9 % "
                         r"+9\.09 % +10\.000 +1\.\d{3} +9\d\.\d %$")
        self.assertIn("100,000", lines[-1])
        for line in lines:
            self.assertLessEqual(len(line), 80, line)

    def test_json_has_the_figures_of_each_row(self):
        rows = self.rows("--nodes=20", "--keys=5000")
        self.assertEqual([row["layout"] for row in rows],
                         ["modulo", *["hashed"] * 5, "partitioned"])
        self.assertEqual([row.get("virtualNodes") for row in rows],
                         [None, 1, 16, 100, 160, 1000, None])
        self.assertEqual(rows[-1]["partitionBits"], 16)
        for row in rows:
            self.assertEqual((row["nodesBefore"], row["nodesAfter"]), (20, 21))
            self.assertEqual(row["replicas"], 1)
            for name in ("balanceBefore", "balanceAfter",
                         "primaryBalanceBefore", "primaryBalanceAfter"):
                self.assertEqual(set(row[name]),
                                 {"peakToMean", "stddev", "minToMean"})
            self.assertGreaterEqual(row["balanceAfter"]["peakToMean"], 1)
            self.assertAlmostEqual(
                row["movedToMinimum"],
                row["movedRatio"] / row["minimumMovedRatio"], 5)
            self.assertEqual(row["keys"]["count"], "5000")
            self.assertAlmostEqual(row["keys"]["movedRatio"],
                                   row["movedRatio"], 1)
        self.assertAlmostEqual(rows[0]["movedRatio"], 20 / 21, 6)

    def test_options_choose_the_rings(self):
        rows = self.rows("--layouts=Partitioned,hashed", "--virtual-nodes=7",
                         "--partition-bits=8", "--replicas=3", "--nodes=9",
                         "--add=0", "--remove=2", "--keys=0")
        self.assertEqual([row["layout"] for row in rows],
                         ["partitioned", "hashed"])
        self.assertEqual(rows[0]["partitionBits"], 8)
        self.assertEqual(rows[1]["virtualNodes"], 7)
        for row in rows:
            self.assertEqual(row["replicas"], 3)
            self.assertEqual((row["nodesBefore"], row["nodesAfter"]), (9, 7))
            self.assertNotIn("keys", row)
        out = self.simulate("--keys=0", "--add=0", "--layouts=modulo")
        self.assertNotIn("KEYS", out)
        self.assertRegex(out, r"modulo .* 0 % +0 % +-\n")

    def test_keys_come_from_a_file_one_a_line(self):
        lines = b"".join(b"user:%d\n" % i for i in range(3000))
        path = self.file(lines + b"\n\xff\0\nlast")
        done = run("simulate", "-o", "json", f"--keys={path}",
                   "--virtual-nodes=160", server=NOWHERE)
        self.assertIn("1 key contains NUL, 1 key is empty;", done.stderr)
        for row in map(json.loads, done.stdout.splitlines()):
            self.assertEqual(row["keys"]["count"], "3003")
            self.assertAlmostEqual(row["keys"]["movedRatio"],
                                   row["movedRatio"], 1)
        # Two equal keys have one owner: the most uneven result possible.
        same = self.file(b"k\nk\n")
        row, = self.rows(f"--keys={same}", "--layouts=modulo")
        self.assertEqual(row["keys"]["peakToMean"], 11)

    def test_svg_is_written_whole_and_well_formed(self):
        path = self.file(b"old")
        os.chmod(path, 0o640)
        plain = self.simulate("--nodes=5")
        self.assertEqual(self.simulate("--nodes=5", f"--svg={path}"), plain)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o640)
        self.assertEqual(os.listdir(os.path.dirname(path)), ["file"])
        root = ElementTree.parse(path).getroot()
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        texts = [text.text for text in root.iter(root.tag[:-3] + "text")]
        for text in ("From modulo hashing to partitions: 5 nodes, then 1 more",
                     "Modulo hashing", "1,000 points per node",
                     f"clockwise --server={NOWHERE} simulate --nodes=5 "
                     f"--svg={path}"):
            self.assertIn(text, texts)
        self.simulate("--nodes=1000", f"--svg={path}")
        self.assertLess(os.path.getsize(path), 2_000_000)
        ElementTree.parse(path)

    def test_svg_follows_links(self):
        path = self.file(b"old")
        link = path + "-link"
        os.symlink(path, link)
        self.simulate(f"--svg={link}", "--keys=0")
        self.assertTrue(os.path.islink(link))
        ElementTree.parse(path)

    # A pipe instead of a device: a bug would rename a file over it, and the
    # machine would lose the device.
    def test_svg_is_written_to_a_pipe_as_it_is(self):
        pipe = self.file() + "-pipe"
        os.mkfifo(pipe)
        read = []

        def read_all():
            with open(pipe, "rb") as file:
                read.append(file.read())

        reader = threading.Thread(target=read_all, daemon=True)
        reader.start()
        self.simulate(f"--svg={pipe}", "--keys=0")
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))
        reader.join(timeout=60)
        ElementTree.fromstring(read[0])

    def test_svg_that_cannot_be_written_is_one_line_after_the_table(self):
        path = self.file(b"old")
        folder = os.path.dirname(path)

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

        for target, options in ((folder + "/none/rings.svg", {}), (folder, {}),
                                (path, {"preexec_fn": small_files})):
            done = run("simulate", "--keys=0", f"--svg={target}", **options)
            self.assertEqual(done.returncode, 1, done)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn(f"cannot write {target}: ", done.stderr)
            self.assertIn("modulo", done.stdout)
        # The old file is unchanged, and the folder has no other file.
        self.assertEqual(os.listdir(folder), ["file"])
        with open(path, "rb") as file:
            self.assertEqual(file.read(), b"old")

    def test_bad_usage_is_exit_two_and_one_line(self):
        empty = self.file()
        for arguments in (
                ("10",), ("--nodes=0",), ("--nodes=10001",), ("--nodes=x",),
                ("--nodes=10000", "--add=1"), ("--add=-1",),
                ("--remove=11",), ("--remove=10", "--add=0"), ("--remove=x",),
                ("--keys=1000001",), ("--keys=010",), ("--keys=",),
                ("--keys=/nowhere/keys",), ("--keys=.",), (f"--keys={empty}",),
                ("--layouts=",), ("--layouts=spiral",),
                ("--layouts=hashed,",), ("--virtual-nodes=0",),
                ("--virtual-nodes=65537",), ("--virtual-nodes=1,,2",),
                ("--virtual-nodes=" + ",".join(["1"] * 17),),
                ("--virtual-nodes=" + ",".join(["1"] * 15),),
                ("--layouts=modulo",
                 "--virtual-nodes=" + ",".join(["1"] * 17)),
                ("--virtual-nodes=65536", "--nodes=300"),
                ("--partition-bits=3",), ("--partition-bits=21",),
                ("--replicas=0",), ("--replicas=65",), ("--replicas=9",),
                ("--svg=",), ("--weights=1",)):
            with self.subTest(arguments=arguments):
                self.fails(2, *arguments)

    def test_faults_name_the_option_and_the_bound(self):
        self.assertIn("10000", self.fails(2, "--nodes=10001"))
        self.assertIn("--remove", self.fails(2, "--remove=11"))
        self.assertIn("1000000", self.fails(2, "--keys=1000001"))
        self.assertIn("at most 16",
                      self.fails(2, "--virtual-nodes=" + ",".join("1" * 15)))
        self.assertIn("partitioned", self.fails(2, "--replicas=9"))
        self.assertIn("No such file", self.fails(2, "--keys=/nowhere/keys"))
        long = self.file(b"short\n" + b"k" * 65_537)
        self.assertIn(f"{long}:2: ", self.fails(2, f"--keys={long}"))
        many = self.file(b"\n" * 1_000_001)
        self.assertIn("shuf -n 1000000", self.fails(2, f"--keys={many}"))

    def test_without_utf8_all_is_ascii(self):
        out = self.simulate(env={**ENVIRONMENT, "LC_ALL": "C"})
        self.assertTrue(out.isascii(), out)


if __name__ == "__main__":
    unittest.main()
