"""Builds an independent project with the installed library, and compares its
results with the server's.

usage: package_test.py BUILD_DIR   (with CLOCKWISED, CLOCKWISE)
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from tests.support.clockwise_command import run
from tests.support.debian_tools import environment
from tests.support.running_server import RunningServer

EXAMPLE = pathlib.Path(__file__).resolve().parents[3] / "client/examples/cpp"
BUILD = sys.argv.pop()
CMAKE = os.environ.get("CMAKE", "/usr/bin/cmake")  # the build's cmake


def done(*command, **options):
    finished = subprocess.run(command, capture_output=True, text=True,
                              timeout=240, env=environment(), **options)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="clockwise-package-"))
        done(CMAKE, "--install", BUILD, "--component", "client", "--prefix",
             cls.folder + "/installed")
        done(CMAKE, "-S", EXAMPLE, "-B", cls.folder + "/built", "-G", "Ninja",
             "-DCMAKE_PREFIX_PATH=" + cls.folder + "/installed")
        done(CMAKE, "--build", cls.folder + "/built")

    def test_it_answers_as_the_server_does(self):
        keys = [f"key-{i}" for i in range(200)]
        with RunningServer() as server:
            for layout in ("hashed", "partitioned"):
                ring = f"--ring={layout}"
                self.assertEqual(run("ring", "create", layout, "--replicas=2",
                                     f"--layout={layout}",
                                     server=server.grpc).returncode, 0)
                for i in range(5):
                    run(ring, "node", "add", f"n{i}", server=server.grpc)
                example = done(self.folder + "/built/lookup", server.grpc,
                               layout, "n1", input="\n".join(keys))
                expected = run(ring, "locate", "--stdin", server=server.grpc,
                               stdin="\n".join(keys)).stdout
                self.assertEqual(example.stdout,
                                 expected.replace("\n", "\tepoch 6\n"))
                self.assertIn("1 snapshots, 0 changes, 0 mismatches",
                              example.stderr)

    def test_it_is_soon_up_to_date_after_a_restart_of_its_only_server(self):
        with RunningServer(store="sqlite:{folder}/rings") as server:
            def add(name):
                self.assertEqual(run("node", "add", name,
                                     server=server.grpc).returncode, 0)

            add("n0")
            with subprocess.Popen(
                    [self.folder + "/built/lookup", server.grpc], text=True,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL) as example:
                def ask():
                    example.stdin.write("k\n")
                    example.stdin.flush()
                    return example.stdout.readline()

                self.assertEqual(ask(), "k\tn0\tepoch 2\n")
                server.kill(signal.SIGTERM)
                self.assertEqual(ask(), "k\tn0\tepoch 2\n")
                server.start()
                start = time.monotonic()
                add("n1")
                while not ask().endswith("epoch 3\n"):
                    self.assertLess(time.monotonic() - start, 8)
                    time.sleep(0.01)
                example.stdin.close()

    def test_one_header_and_its_options_are_all_that_is_installed(self):
        include = pathlib.Path(self.folder, "installed/include")
        self.assertEqual([path.relative_to(include).as_posix()
                          for path in include.rglob("*.h")],
                         ["clockwise/client.h", "clockwise/options.h"])


if __name__ == "__main__":
    unittest.main()
