#!/usr/bin/python3
"""Tests that a server which no longer accepts connections reports it: /healthz,
the metrics, the service manager."""

import os
import re
import resource
import signal
import socket
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from tests.support.authority import Authority
from tests.support.running_server import RunningServer


class SelfProbeTest(unittest.TestCase):
    def page(self, server, path):
        try:
            with urllib.request.urlopen(f"http://{server.http}{path}",
                                        timeout=10) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def failures(self, server):
        name = "clockwise_self_probe_failures_total "
        [line] = [line for line in self.page(server, "/metrics")[1].splitlines()
                  if line.startswith(name)]
        return float(line[len(name):])

    def wait_for(self, condition, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)

    def run_out_of_descriptors(self, server):
        """Uses a known fault of gRPC 1.51: after this, it never accepts
        again."""
        pid = server.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 5, before[1]))
        host, port = server.grpc.rsplit(":", 1)
        peers = [socket.create_connection((host, int(port))) for _ in range(20)]
        time.sleep(1)
        for peer in peers:
            peer.close()
        time.sleep(0.5)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)

    def test_a_server_that_accepts_no_more_says_so(self):
        with RunningServer(flags=["--self-probe=0.2"]) as server:
            time.sleep(1)
            self.assertEqual(self.page(server, "/healthz")[0], 200)
            self.assertEqual(self.failures(server), 0)
            self.run_out_of_descriptors(server)
            self.wait_for(lambda: self.page(server, "/healthz")[0] == 503)
            self.assertGreaterEqual(self.failures(server), 3)
            self.assertIn("self-probe failed", server.log())

    def test_servers_of_all_kinds_answer_themselves_without_a_word(self):
        with tempfile.TemporaryDirectory() as folder:
            authority = Authority(folder)
            cert, key = authority.issue("server", "IP:127.0.0.1")
            tls = [f"--tls-cert={cert}", f"--tls-key={key}",
                   f"--tls-client-ca={authority.ca}"]
            for listen, flags in (("127.0.0.1:0", []), ("127.0.0.1:0", tls),
                                  ("unix:{folder}/socket", [])):
                with self.subTest(listen=listen, flags=flags):
                    with RunningServer(listen=listen, flags=[
                            "--self-probe=0.1", *flags]) as server:
                        time.sleep(1)
                        self.assertEqual(self.failures(server), 0)
                        self.assertEqual(
                            re.findall(r"msg=(\w+)", server.log()),
                            ["started", "serving"])

    def test_the_service_manager_hears_of_start_life_and_end(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "notify")
            manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.addCleanup(manager.close)
            manager.bind(path)
            manager.settimeout(10)
            with RunningServer(environment={
                    "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "900000"}) as server:
                heard = [manager.recv(100) for _ in range(4)]
                self.assertEqual(heard.count(b"READY=1"), 1)
                self.assertEqual(heard.count(b"WATCHDOG=1"), 3)
                server.process.send_signal(signal.SIGTERM)
                while manager.recv(100) != b"STOPPING=1":
                    pass
                self.assertEqual(server.process.wait(timeout=20), 0)


if __name__ == "__main__":
    unittest.main()
