#!/usr/bin/python3
"""Asks the real programs about the files of the import's unit tests.

A file that the import accepts must be one that HAProxy, nginx or twemproxy
accepts. The other direction does not hold: the import also rejects files whose
placement it does not know."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from tests.support.paths import BIN

UNITS = os.environ.get("CLI_UNITS_TEST", str(BIN / "cli_units_test"))
# HAProxy needs a frontend to start at all.
FRONTEND = "\nfrontend of_the_test\n  mode http\n  bind 127.0.0.1:1\n"
# Lines of other sections, which the import does not read.
NOT_READ = {"unknown thing", "foo bar", "server s 10.0.0.1:80",
            "default-server colour red", 'backend "$B"'}
# Answers about this machine, not about the form of the file: its names, files,
# modules and version. nginx cannot judge a part of a configuration.
ELSEWHERE = re.compile(
    r"host not found in (upstream|resolver)|could not resolve|"
    r"No such file or directory|cannot load|unable to (load|stat)|"
    r"unknown directive \"(lua_|[a-z_]*_by_lua|js_|resolver_)|"
    r"'hash-key'|requires .* module|unknown directive \"stream\"|"
    r"\"upstream\" directive is not allowed here|"
    r"error opening file|(is|are) not supported any ?more")


class ImportJudgesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        subprocess.run(
            [UNITS, "--gtest_filter=Import*"], check=True, capture_output=True,
            timeout=120, env={**os.environ,
                              "CLOCKWISE_IMPORT_FIXTURES": cls.folder})

    def ask(self, system, *command, at_least):
        """Checks that `command FILE` accepts each file of `system`."""
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        paths = sorted(pathlib.Path(self.folder).glob(f"*.{system}.accepted"))
        judged = 0
        for path in paths:
            text = path.read_text(errors="surrogateescape")
            if system == "haproxy":
                path.write_text(text + FRONTEND, errors="surrogateescape")
            done = subprocess.run(
                [*command, path], capture_output=True, timeout=60,
                errors="replace", text=True, cwd=self.folder)
            if done.returncode == 0:
                judged += 1
                continue
            reason = done.stdout + done.stderr
            lines = [text.splitlines()[int(at) - 1].strip()
                     for at in re.findall(r"accepted:(\d+)\]", reason)]
            if lines and NOT_READ.issuperset(lines):
                continue
            with self.subTest(path.name):
                self.assertRegex(reason, ELSEWHERE, f"the file:\n{text}")
        self.assertGreaterEqual(judged, at_least)

    def test_haproxy_accepts_what_is_imported(self):
        self.ask("haproxy", "/usr/sbin/haproxy", "-c", "-dr", "-f", at_least=25)

    def test_nginx_accepts_what_is_imported(self):
        self.ask("nginx", "/usr/sbin/nginx", "-t", "-q", "-p", self.folder,
                 "-e", "stderr", "-g", "pid nginx.pid;", "-c", at_least=6)

    def test_twemproxy_accepts_what_is_imported(self):
        self.ask("twemproxy", "/usr/sbin/nutcracker", "-t", "-c", at_least=10)


if __name__ == "__main__":
    unittest.main()
