#!/usr/bin/python3
"""Tests the Debian package: its content, and that its server starts as the unit
says. `tests/clean_room/run --package` tests installation and removal.

usage: package_test.py BUILD_DIR
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

from tests.support.debian_tools import environment
from tests.support.paths import DEPLOY
from tests.support.stubs import TIMEOUT

BUILD = pathlib.Path(sys.argv.pop()) if len(sys.argv) > 1 else None
ANY_PORT = {"CLOCKWISE_LISTEN": "127.0.0.1:0", "CLOCKWISE_HTTP": "127.0.0.1:0"}
FILES = ["/usr/bin/clockwised", "/usr/bin/clockwise",
         "/etc/clockwise/clockwised.conf",
         "/usr/lib/systemd/system/clockwised.service",
         "/usr/share/doc/clockwise/copyright",
         "/usr/share/doc/clockwise/runbooks.md",
         "/usr/share/bash-completion/completions/clockwise"]


def output_of(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300,
                          **options)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def command_lines(unit):
    """Returns the commands that the unit runs before the start, and for the
    start."""
    return [re.search(rf"^{key}=(.*)$", unit, re.M).group(1).split()
            for key in ("ExecStartPre", "ExecStart")]


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="clockwise-deb-")))
        output_of(os.environ.get("CPACK", "/usr/bin/cpack"), "--config", BUILD / "CPackConfig.cmake", "-B",
                  cls.folder, cwd=BUILD, env=environment())
        [cls.package] = cls.folder.glob("clockwise_*.deb")

    def serve(self, command, settings, clockwise, **options):
        """Starts the server, adds a node, and stops it as systemd would."""
        server = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **settings}, **options)
        try:
            line = server.stdout.readline()
            ready = re.match(r"clockwised ready grpc=(\S+) ", line)
            self.assertIsNotNone(ready, line)
            output_of(*clockwise, f"--server={ready.group(1)}", "node", "add",
                      "a", "--address=10.0.0.1:80")
        finally:
            server.send_signal(signal.SIGTERM)
            _, log = server.communicate(timeout=TIMEOUT)
        self.assertEqual(server.returncode, 0, log)

    def test_it_holds_what_it_should_and_says_what_it_needs(self):
        listed = output_of("dpkg-deb", "--contents", self.package)
        names = [line.split(None, 5)[5][1:] for line in listed.splitlines()]
        for name in FILES:
            self.assertIn(name, names)
        for line in listed.splitlines():
            self.assertIn(" root/root ", line)
        control = output_of("dpkg-deb", "--field", self.package)
        self.assertRegex(control, r"Depends: .*libssl3(t64)? \(>= ")
        self.assertNotIn("libgrpc", control)  # linked into the programs
        self.assertIn("Version: " + output_of(
            BUILD / "bin/clockwised", "--version").split()[1], control)

    def test_its_server_starts_as_its_unit_says(self):
        root = self.folder / "root"
        output_of("dpkg-deb", "--extract", self.package, root)
        unit = (root / "usr/lib/systemd/system/clockwised.service").read_text()
        self.assertEqual(
            unit, (DEPLOY / "systemd/clockwised.service").read_text())
        config = root / "etc/clockwise/clockwised.conf"
        config.write_text(config.read_text().replace(
            "/var/lib/clockwise", str(self.folder)))
        before, start = [[word.replace("/usr/bin", f"{root}/usr/bin")
                          .replace("/etc/", f"{root}/etc/") for word in line]
                         for line in command_lines(unit)]
        output_of(*before)
        self.serve(start, ANY_PORT, [root / "usr/bin/clockwise"])
        self.assertTrue((self.folder / "clockwise.db").exists())


if __name__ == "__main__":
    unittest.main()
