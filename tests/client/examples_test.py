"""Runs the examples in other languages with the commands of their READMEs,
against a real server and the golden vectors."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from tests.support import debian_tools
from tests.support.clockwise_command import run
from tests.support.paths import ROOT
from tests.support.running_server import RunningServer

SECONDS = 30  # for an example to receive a change
KEYS = [f"key-{i}" for i in range(40)]


class ExampleCase:
    """The tests of one language. Subclasses define `language`, the command that
    looks up keys, and `tools`, the environment with the language's tools."""

    tools = staticmethod(debian_tools.environment)

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="clockwise-example-")))
        for name in ("proto", "tests"):
            (folder / name).symlink_to(ROOT / name)
        cls.folder = folder / "client/examples" / cls.language
        shutil.copytree(ROOT / "client/examples" / cls.language, cls.folder,
                        ignore=shutil.ignore_patterns("node_modules", "gopath"))
        cls.environment = {**cls.tools(), "HOME": str(folder),
                           "GOCACHE": str(folder / "go-cache"),
                           "PYTHONDONTWRITEBYTECODE": "1"}
        cls.server = cls.enterClassContext(RunningServer())
        for layout in ("hashed", "partitioned", "modulo"):
            cls.good("ring", "create", layout, f"--layout={layout}",
                     "--replicas=2")
            for i in range(4):
                cls.good(f"--ring={layout}", "node", "add", f"n{i}",
                         f"--zone=z{i % 2}")
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

    def test_it_answers_as_the_server_and_follows_its_changes(self):
        for layout in ("hashed", "partitioned", "modulo"):
            with self.subTest(layout), subprocess.Popen(
                    [*self.command, self.server.grpc, layout], text=True,
                    cwd=self.folder, env=self.environment,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE) as example:
                self.compare(example, layout, 5)
                for arguments in (("add", "n7", "--weight=2"), ("remove", "n1"),
                                  ("update", "n2", "--zone=z9")):
                    self.good(f"--ring={layout}", "node", *arguments)
                self.compare(example, layout, 8)
                example.stdin.close()
                self.assertEqual(example.wait(20), 0)

    def compare(self, example, layout, epoch):
        expected = self.good(f"--ring={layout}", "locate", "--stdin",
                             stdin="\n".join(KEYS)).splitlines()
        deadline = time.monotonic() + SECONDS
        while not self.ask(example, "key-0").endswith(f"\tepoch {epoch}"):
            self.assertLess(time.monotonic(), deadline, f"no epoch {epoch}")
        self.assertEqual([self.ask(example, key) for key in KEYS],
                         [f"{line}\tepoch {epoch}" for line in expected])

    @staticmethod
    def ask(example, key):
        example.stdin.write(key + "\n")
        example.stdin.flush()
        return example.stdout.readline().rstrip("\n")


class PythonTest(ExampleCase, unittest.TestCase):
    language = "python"
    command = ["/usr/bin/python3", "lookup.py"]


class NodeTest(ExampleCase, unittest.TestCase):
    language = "node"
    tools = staticmethod(debian_tools.node_environment)
    command = ["node", "lookup.js"]

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


if __name__ == "__main__":
    unittest.main()
