#!/usr/bin/python3
"""Tests the files that deploy/release makes of programs that are already built:
the Debian package, the archive, the SBOM and the checksums, and that the
programs of both start. `tests/clean_room/run --package` tests installation and
removal of the package, tests/deploy/reproducible that two builds are equal.

usage: package_test.py BUILD_DIR
"""

import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import unittest

from tests.support.debian_tools import environment
from tests.support.paths import DEPLOY, ROOT
from tests.support.stubs import TIMEOUT

BUILD = pathlib.Path(sys.argv.pop()) if len(sys.argv) > 1 else None
ANY_PORT = {"CLOCKWISE_LISTEN": "127.0.0.1:0", "CLOCKWISE_HTTP": "127.0.0.1:0"}
# The date of all files, in seconds.
DATE = 1_700_000_000
FILES = ["/usr/bin/clockwised", "/usr/bin/clockwise",
         "/etc/clockwise/clockwised.conf",
         "/usr/lib/systemd/system/clockwise-backup.service",
         "/usr/lib/systemd/system/clockwise-backup.timer",
         "/usr/lib/systemd/system/clockwised.service",
         "/usr/share/doc/clockwise/copyright",
         "/usr/share/doc/clockwise/runbooks.md",
         "/usr/share/bash-completion/completions/clockwise"]


def output_of(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300,
                          **options)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
        cls.version = output_of(BUILD / "bin/clockwised", "--version").split()[1]
        cls.release = cls.folder / "release"
        output_of(DEPLOY / "release", f"--build={BUILD.resolve()}", f"--output={cls.release}",
                  env={**environment(), "SOURCE_DATE_EPOCH": str(DATE)})
        [cls.package] = cls.release.glob("clockwise_*.deb")
        [cls.archive] = cls.release.glob("clockwise-*.tar.gz")
        [sbom] = cls.release.glob("*.spdx.json")
        cls.sbom = json.loads(sbom.read_text(encoding="utf-8"))
        with tarfile.open(cls.archive) as archive:
            cls.members = archive.getmembers()
            archive.extractall(cls.folder)  # made by us
        [cls.programs] = cls.folder.glob("clockwise-*/bin")

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
        self.assertIn(f"Version: {self.version}", control)

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

    def test_programs_of_the_archive_need_only_glibc_and_run(self):
        for program in ("clockwise", "clockwised"):
            path = self.programs / program
            needed = re.findall(r"NEEDED.*\[(.*)\]", output_of("readelf", "-d", path))
            self.assertLessEqual(set(needed), {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"})
            self.assertEqual(output_of(path, "--version").split()[1], self.version)
            self.assertNotIn(str(ROOT).encode(), path.read_bytes())
        self.serve([self.programs / "clockwised", "--store=memory:"], ANY_PORT,
                   [self.programs / "clockwise"])
        output_of(DEPLOY / "quickstart", "--once",
                  env={**os.environ, "CLOCKWISE_BIN_DIR": str(self.programs)})

    def test_the_archive_does_not_depend_on_the_machine(self):
        names = [member.name for member in self.members]
        self.assertEqual(names, sorted(names, key=lambda name: name.split("/")))
        self.assertEqual({name.split("/")[0] for name in names},
                         {self.archive.name.removesuffix(".tar.gz")})
        self.assertEqual({(member.uname, member.gname, member.uid, member.gid, member.mtime)
                          for member in self.members}, {("root", "root", 0, 0, DATE)})
        self.assertEqual({member.mode for member in self.members if member.isfile()},
                         {0o644, 0o755})
        # The time in gzip's header (RFC 1952).
        self.assertEqual(self.archive.read_bytes()[4:8], bytes(4))
        times = {line.split()[3] for line in output_of(
            "dpkg-deb", "--contents", self.package, env={**os.environ, "TZ": "UTC"}).splitlines()}
        self.assertEqual(times, {"2023-11-14"})

    def test_the_sbom_describes_all_files_and_libraries(self):
        self.assertEqual(self.sbom["spdxVersion"], "SPDX-2.3")
        self.assertEqual(self.sbom["creationInfo"]["created"], "2023-11-14T22:13:20Z")
        packages = {package["SPDXID"]: package for package in self.sbom["packages"]}
        files = {file["SPDXID"]: file for file in self.sbom["files"]}
        ids = [*packages, *files, "SPDXRef-DOCUMENT"]
        self.assertEqual(len(ids), len(self.sbom["packages"]) + len(self.sbom["files"]) + 1)
        linked = {"SPDXRef-Package-archive": set(), "SPDXRef-Package-deb": set()}
        for relation in self.sbom["relationships"]:
            one, other = relation["spdxElementId"], relation["relatedSpdxElement"]
            self.assertIn(one, ids)
            self.assertIn(other, ids)
            if relation["relationshipType"] == "STATIC_LINK":
                linked[one].add(packages[other]["name"])
        for name, path in (("archive", self.archive), ("deb", self.package)):
            package = packages[f"SPDXRef-Package-{name}"]
            self.assertEqual(package["versionInfo"], self.version)
            self.assertEqual(package["checksums"][0]["checksumValue"], sha256(path))
        for file in files.values():
            self.assertEqual(file["checksums"][1]["checksumValue"],
                             sha256(self.programs.parent / file["fileName"]))
        # Libraries, and headers that have no library (Boost, CLI11).
        self.assertLessEqual({"grpc", "protobuf", "abseil", "openssl", "sqlite3", "zlib", "c-ares",
                              "cli11", "prometheus-cpp"}, linked["SPDXRef-Package-archive"])
        self.assertNotIn("openssl", linked["SPDXRef-Package-deb"])
        self.assertIn("grpc", linked["SPDXRef-Package-deb"])
        licenses = {path.name for path in
                    (self.programs.parent / "share/doc/clockwise/licenses").iterdir()}
        self.assertEqual(licenses, linked["SPDXRef-Package-archive"])

    def test_the_checksums_are_those_of_the_files(self):
        lines = (self.release / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        self.assertEqual(dict(reversed(line.split("  ")) for line in lines),
                         {path.name: sha256(path) for path in self.release.iterdir()
                          if path.name != "SHA256SUMS"})


if __name__ == "__main__":
    unittest.main()
