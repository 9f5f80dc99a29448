"""Runs the examples in other languages with the commands of their READMEs,
against a real server and the golden vectors."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from tests.support import debian_tools
from tests.support.clockwise_command import run
from tests.support.paths import ROOT
from tests.support.running_server import RunningServer

SECONDS = 30  # for an example to receive a change
# Time from the restart of the only server until an example has a change again.
# A Watch without wait_for_ready needs 12 to 17 s with the service config and
# the default backoff of the channel.
LONGEST_GAP = 8  # seconds
# Times without a server. EXAMPLES_DOWNTIMES replaces them: "0.1 2 30".
DOWNTIMES = [float(seconds) for seconds in
             os.environ.get("EXAMPLES_DOWNTIMES", "0.1").split()]
KEYS = [f"key-{i}" for i in range(40)]


class ExampleCase:
    """The tests of one language. Subclasses define `language`, the command that
    looks up keys, `tools`, the environment with the language's tools, and
    `unready`, the error of a call that does not wait for a connection."""

    tools = staticmethod(debian_tools.environment)

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="clockwise-example-")))
        for name in ("deploy", "proto", "tests"):
            (folder / name).symlink_to(ROOT / name)
        cls.folder = folder / "client/examples" / cls.language
        shutil.copytree(ROOT / "client/examples" / cls.language, cls.folder,
                        ignore=shutil.ignore_patterns("node_modules", "gopath"))
        cls.environment = {**cls.tools(), "HOME": str(folder),
                           "GOCACHE": str(folder / "go-cache"),
                           "PYTHONDONTWRITEBYTECODE": "1"}
        cls.server = cls.enterClassContext(RunningServer())
        for layout in ("hashed", "partitioned", "modulo"):
            cls.make(layout, layout, 4)
        cls.good("node", "add", "alone")
        text = (cls.folder / "README.md").read_text()
        block = re.search(r"^```sh\n(.*?)^```$", text,
                          re.DOTALL | re.MULTILINE).group(1)
        cls.said = cls.shell(re.sub(r"^apt-get .*\n", "", block, flags=re.M)
                             .replace("127.0.0.1:7400", cls.server.grpc))

    @classmethod
    def shell(cls, script):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script],
                              cwd=cls.folder, env=cls.environment, text=True,
                              capture_output=True, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @classmethod
    def good(cls, *arguments, **options):
        done = run(*arguments, server=cls.server.grpc, **options)
        assert done.returncode == 0, done
        return done.stdout

    def test_the_lines_of_its_readme_do_what_they_say(self):
        self.assertIn("user:42\talone\tepoch 2\n", self.said)
        self.assertIn("1080 look-ups match\n", self.said)

    @contextlib.contextmanager
    def example(self, server, ring):
        """Runs the example; at its end it must have exited without an error."""
        with open(self.folder / "stderr", "w+") as errors, subprocess.Popen(
                [*self.command, server.grpc, ring], text=True, cwd=self.folder,
                env=self.environment, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=errors) as process:
            # An example that prints no line for a key would block the test.
            watchdog = threading.Timer(240, process.kill)
            watchdog.start()
            process.said = pathlib.Path(errors.name).read_text
            try:
                yield process
                process.stdin.close()
                self.assertEqual(process.wait(20), 0, process.said())
            finally:
                watchdog.cancel()
                process.kill()

    def test_it_answers_as_the_server_and_follows_its_changes(self):
        for layout in ("hashed", "partitioned", "modulo"):
            with self.subTest(layout), self.example(self.server, layout) as example:
                self.compare(example, layout, 5)
                idle = [] if layout == "modulo" else ["--weight=0"]
                for arguments in (("add", "n7", "--weight=2"), ("remove", "n1"),
                                  ("update", "n2", "--zone=z9", *idle)):
                    self.good(f"--ring={layout}", "node", *arguments)
                self.compare(example, layout, 8)

    def test_it_survives_restarts_and_is_soon_up_to_date(self):
        with RunningServer(store="sqlite:{folder}/rings") as server:
            def add(name):
                done = run("node", "add", name, server=server.grpc)
                self.assertEqual(done.returncode, 0, done)

            add("n0")
            with self.example(server, "default") as example:
                self.assertEqual(self.ask(example, "k"), "k\tn0\tepoch 2")
                epoch = 2
                for downtime in DOWNTIMES:
                    server.kill(signal.SIGTERM)
                    self.assertTrue(self.ask(example, "k").endswith(
                        f"\tepoch {epoch}"), "the local result stands")
                    self.await_text(example, "not compared: ")
                    time.sleep(downtime)
                    server.start()
                    start = time.monotonic()
                    add(f"n{epoch}")
                    epoch += 1
                    self.await_epoch(example, epoch)
                    gap = time.monotonic() - start
                    print(f"{self.language}: {gap:.1f} s after {downtime} s")
                    self.assertLess(gap, LONGEST_GAP)
                # A Watch that does not wait ends while the channel connects.
                ends = re.findall("the stream ended: (.*)", example.said())
                self.assertEqual([end for end in ends if re.search(
                    self.unready, end)], [])
                self.assertGreaterEqual(len(ends), len(DOWNTIMES))

    def test_it_survives_what_happens_to_its_ring(self):
        self.make("again", "hashed", 4)
        with self.example(self.server, "again") as example:
            self.compare(example, "again", 5)
            # An empty ring.
            for i in range(4):
                self.good("--ring=again", "node", "remove", f"n{i}")
            self.await_epoch(example, 9)
            self.assertEqual(self.ask(example, "k"), "k\tepoch 9")
            self.await_text(example, "has no nodes")
            # A deleted ring: the last state stands.
            self.good("--ring=again", "node", "add", "n0")
            self.await_epoch(example, 10)
            self.delete("again")
            self.await_text(example, "waiting for the ring")
            self.assertEqual(self.ask(example, "k"), "k\tn0\tepoch 10")
            # It is created again: in another layout, in a layout that the
            # example does not know, and without nodes.
            for layout, nodes in (("partitioned", 4), ("ketama", 3),
                                  ("modulo", 3), ("hashed", 0)):
                self.make("again", layout, nodes)
                self.await_epoch(example, nodes + 1)
                if nodes:
                    self.compare(example, "again", nodes + 1)
                self.delete("again")

    @classmethod
    def make(cls, ring, layout, nodes):
        cls.good("ring", "create", ring, f"--layout={layout}", "--replicas=2")
        for i in range(nodes):
            cls.good(f"--ring={ring}", "node", "add", f"n{i}", f"--zone=z{i % 2}")

    def delete(self, ring):
        self.good("ring", "delete", ring, "--yes", "--force")

    def compare(self, example, layout, epoch):
        expected = self.good(f"--ring={layout}", "locate", "--stdin",
                             stdin="\n".join(KEYS)).splitlines()
        self.await_epoch(example, epoch)
        self.assertEqual([self.ask(example, key) for key in KEYS],
                         [f"{line}\tepoch {epoch}" for line in expected])

    def await_epoch(self, example, epoch):
        deadline = time.monotonic() + SECONDS
        while not self.ask(example, "key-0").endswith(f"\tepoch {epoch}"):
            self.assertLess(time.monotonic(), deadline, f"no epoch {epoch}")

    def await_text(self, example, text):
        """Waits until the example has written `text` to standard error."""
        deadline = time.monotonic() + SECONDS
        while text not in example.said():
            self.assertLess(time.monotonic(), deadline, example.said())
            time.sleep(0.02)

    @staticmethod
    def ask(example, key):
        example.stdin.write(key + "\n")
        example.stdin.flush()
        return example.stdout.readline().rstrip("\n")


class PythonTest(ExampleCase, unittest.TestCase):
    language = "python"
    command = ["/usr/bin/python3", "lookup.py"]
    unready = "failed to connect|connections to all backends"

    def test_a_walk_ends_when_each_zone_has_an_owner(self):
        self.assertEqual(self.shell("""/usr/bin/python3 -c '
from clockwise.v1 import placement_pb2 as pb
from ring import Ring
class Counted(list):
    steps = 0
    def __getitem__(self, at):
        Counted.steps += 1
        return list.__getitem__(self, at)
nodes = [pb.Node(id=f"n{i:02}", hash_key=f"n{i:02}", weight=1, zone=f"z{i % 2}")
         for i in range(50)]
spec = pb.RingSpec(layout=1, virtual_node_count=160, replica_count=3)
ring = Ring(spec, nodes, 1, 1, [])
object.__setattr__(ring, "around", Counted(ring.around))
for i in range(100):
    assert len(ring.locate(b"key-%d" % i)) == 3
print(Counted.steps < 100 * 20)
'"""), "True\n")


class NodeTest(ExampleCase, unittest.TestCase):
    language = "node"
    tools = staticmethod(debian_tools.node_environment)
    command = ["node", "lookup.js"]
    unready = "No connection established"

    def test_it_reads_why_a_call_was_refused(self):
        script = ROOT / "tests/client/errors_in_node.js"
        said = self.shell(f"node {script} {self.server.grpc}")
        bad_name, no_ring, no_id, no_node = map(json.loads, said.splitlines())
        for refusal, code, reason in (
                (bad_name, "INVALID_ARGUMENT", "FIELD_INVALID"),
                (no_ring, "NOT_FOUND", "RING_NOT_FOUND"),
                (no_id, "INVALID_ARGUMENT", "FIELD_INVALID"),
                (no_node, "NOT_FOUND", "NODE_NOT_FOUND")):
            with self.subTest(reason):
                self.assertEqual(refusal["code"], code)
                self.assertTrue(refusal["same"])
                self.assertEqual(refusal["ErrorInfo"]["reason"], reason)
                self.assertEqual(refusal["ErrorInfo"]["domain"], "clockwise")
        [violation] = no_id["BadRequest"]["field_violations"]
        self.assertEqual(violation["field"], "node.id")


class GoTest(ExampleCase, unittest.TestCase):
    language = "go"
    command = ["./lookup"]
    unready = "last connection error"

    def test_all_files_of_the_api_generate_one_package(self):
        self.shell("mkdir api && cd ../../../proto && protoc -I . "
                   f"--go_out={self.folder}/api clockwise/v1/*.proto")
        files = list(self.folder.glob("api/**/*.go"))
        self.assertEqual({file.parent for file in files},
                         {self.folder / "api/clockwise/v1"})
        self.assertEqual(len(files), len(list(
            (ROOT / "proto/clockwise/v1").glob("*.proto"))))


if __name__ == "__main__":
    unittest.main()
