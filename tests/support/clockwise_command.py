"""Runs the `clockwise` command, and provides tests with a server and a ring."""

import json
import os
import re
import subprocess
import unittest

from tests.support.paths import BIN
from tests.support.running_server import RunningServer

CLOCKWISE = os.environ.get("CLOCKWISE", str(BIN / "clockwise"))
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8"}
for name in [*ENVIRONMENT]:
    if name == "COLUMNS" or name.startswith("CLOCKWISE_"):
        ENVIRONMENT.pop(name)
# No contexts of the user.
ENVIRONMENT["XDG_CONFIG_HOME"] = "/nonexistent"


def run(*arguments, server=None, stdin="", **options):
    """Runs the command; input and output are text unless stdin is bytes."""
    command = [CLOCKWISE]
    if server is not None:
        command.append(f"--server={server}")
    options.setdefault("env", ENVIRONMENT)
    return subprocess.run(
        [*command, *arguments], input=stdin, text=isinstance(stdin, str),
        capture_output=True, timeout=120, **options)


class WithServer(unittest.TestCase):
    """One server for the class, one ring with three nodes for each test."""

    @classmethod
    def setUpClass(cls):
        cls.server = RunningServer()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)

    def setUp(self):
        self.ring = re.sub(r"[^a-z]", "-", self.id().split(".")[-1].lower())
        self.good("ring", "create", self.ring)
        for i in (1, 2, 3):
            self.good("node", "add", f"n{i}", f"--address=10.0.0.{i}:80",
                      f"--zone=z{i}")

    def run_on_ring(self, *arguments, **options):
        return run(f"--ring={self.ring}", *arguments, server=self.server.grpc,
                   **options)

    def good(self, *arguments, **options):
        done = self.run_on_ring(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr or ""), (0, ""), done)
        return done.stdout

    def json(self, *arguments, **options):
        """Returns the objects that are printed, one per line."""
        out = self.good("--output=json", *arguments, **options)
        return [json.loads(line) for line in out.splitlines()]

    def fails(self, code, *arguments, **options):
        """Returns the lines on standard error: one error, and at most one of
        advice."""
        done = self.run_on_ring(*arguments, **options)
        self.assertEqual(done.returncode, code, done)
        lines = done.stderr.splitlines()
        self.assertIn(len(lines), (1, 2), done)
        self.assertTrue(lines[0].startswith("clockwise: "), done)
        return done.stderr

    def epoch(self):
        return int(self.json("ring", "show")[0]["snapshot"]["epoch"])
