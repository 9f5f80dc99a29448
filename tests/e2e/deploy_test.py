#!/usr/bin/python3
"""Tests files of deploy/ for the server: the unit file, and nginx in front of
it."""

import os
import pathlib
import shlex
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

import grpc

from tests.support.authority import Authority
from tests.support.clockwise_command import CLOCKWISE
from tests.support.etcd_cluster import free_port
from tests.support.paths import ROOT
from tests.support.running_server import CLOCKWISED, RunningServer
from tests.support.stubs import TIMEOUT, pb, placement_pb2_grpc

DEPLOY = ROOT / "deploy"
# Without nginx, one flood makes clockwised use more than this.
MOST_MEBIBYTES = 300
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags])
            + stream.to_bytes(4, "big") + payload)


def header(name, value):
    """Returns a header as HPACK encodes it without indexing."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


# The headers of a call of Locate.
HEADERS = b"".join(header(name, value) for name, value in (
    (b":method", b"POST"), (b":scheme", b"https"),
    (b":path", b"/clockwise.v1.PlacementService/Locate"),
    (b":authority", b"localhost"), (b"te", b"trailers"),
    (b"content-type", b"application/grpc")))


def read_elf(*flags):
    return subprocess.run(["readelf", "-W", *flags, CLOCKWISED], check=True,
                          capture_output=True, text=True, timeout=TIMEOUT).stdout


def sanitized():
    return "__asan_init" in read_elf("--dyn-syms")


class UnitFileTest(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd")
    def test_the_unit_exposes_next_to_nothing(self):
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--threshold=20",
             DEPLOY / "systemd/clockwised.service"], capture_output=True,
            text=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stdout[-300:] + done.stderr)

    def test_its_command_line_is_one_that_the_program_takes(self):
        unit = (DEPLOY / "systemd/clockwised.service").read_text()
        [line] = [line for line in unit.splitlines()
                  if line.startswith("ExecStart=")]
        flags = [word.split("=")[0] for word in line.split()[1:]]
        usage = subprocess.run([CLOCKWISED, "--help"], capture_output=True,
                               text=True, timeout=TIMEOUT).stdout
        for flag in flags:
            self.assertIn(flag, usage)


    def test_the_backup_unit_makes_dated_backups_of_a_running_server(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        unit = (DEPLOY / "systemd/clockwise-backup.service").read_text()
        lines = dict(line.split("=", 1) for line in unit.splitlines()
                     if line.startswith("Exec"))
        # systemd replaces %% and $$. The program is that of this build.
        command, cleaning = (
            shlex.split(lines[name].replace("%%", "%").replace("$$", "$")
                        .replace("/usr/bin/clockwise ", f"{CLOCKWISE} "))
            for name in ("ExecStart", "ExecStartPost"))
        with RunningServer() as server:
            old = folder / "rings-20200101T000000Z.backup"
            old.write_text("old")
            os.utime(old, (0, 0))
            other = folder / "other"
            other.write_text("kept")
            os.utime(other, (0, 0))
            for line in (command, cleaning):
                done = subprocess.run(
                    line, cwd=folder, capture_output=True, text=True,
                    timeout=60, env={**os.environ,
                                     "CLOCKWISE_SERVER": server.grpc})
                self.assertEqual(done.returncode, 0, done)
        made, kept = sorted(folder.iterdir(), reverse=True)
        self.assertEqual(kept, other)
        self.assertRegex(made.name, r"^rings-\d{8}T\d{6}Z\.backup$")
        self.assertTrue(made.read_bytes().startswith(b"CLKWBAK1"))
        if shutil.which("systemd-analyze"):
            subprocess.run(["systemd-analyze", "calendar", "daily"],
                           check=True, capture_output=True, timeout=60)


class ProgramTest(unittest.TestCase):
    def test_it_is_hardened(self):
        if sanitized():
            self.skipTest("sanitizers have their own checks")
        symbols = read_elf("--dyn-syms")
        self.assertRegex(read_elf("-h"), r"Type: +DYN")  # position-independent
        self.assertIn("GNU_RELRO", read_elf("-l"))
        self.assertRegex(read_elf("-d"), r"FLAGS_1\).*NOW")
        self.assertIn("__stack_chk_fail", symbols)
        self.assertIn("_chk@GLIBC", symbols)  # fortified
        self.assertRegex(read_elf("-l"), r"GNU_STACK.* RW +0x")


@unittest.skipUnless(shutil.which("nginx") or
                     pathlib.Path("/usr/sbin/nginx").exists(), "no nginx")
class NginxTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory(prefix="clockwise-nginx-")))
        self.authority = Authority(self.folder)
        self.cert, self.key = self.authority.issue("server", "DNS:localhost")
        self.client = self.authority.issue("client", "DNS:web.example")
        self.server = self.enterContext(
            RunningServer(listen=f"unix:{self.folder}/grpc.sock"))
        self.port = free_port()
        site = (DEPLOY / "nginx/clockwise.conf").read_text()
        for shipped, here in (
                ("/run/clockwise/grpc.sock", f"{self.folder}/grpc.sock"),
                ("listen 7400 ", f"listen 127.0.0.1:{self.port} "),
                ("/etc/clockwise/server.pem", str(self.cert)),
                ("/etc/clockwise/server.key", str(self.key)),
                ("/etc/clockwise/ca.pem", str(self.authority.ca))):
            self.assertIn(shipped, site)
            site = site.replace(shipped, here)
        (self.folder / "site.conf").write_text(site, encoding="ascii")
        (self.folder / "nginx.conf").write_text(
            f"daemon off;\nmaster_process off;\npid {self.folder}/nginx.pid;\n"
            f"error_log {self.folder}/nginx.log;\n"
            "events { worker_connections 1024; }\nhttp {\naccess_log off;\n"
            + "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in (
                "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            + f"include {self.folder}/site.conf;\n}}\n", encoding="ascii")
        nginx = subprocess.Popen(
            [shutil.which("nginx") or "/usr/sbin/nginx", "-e",
             self.folder / "nginx.log", "-c", self.folder / "nginx.conf"])
        self.addCleanup(lambda: (nginx.kill(), nginx.wait()))
        self.nginx = nginx
        self.wait_for(self.listens)

    def wait_for(self, condition):
        for _ in range(200):
            if condition():
                return
            time.sleep(0.05)
        self.fail((self.folder / "nginx.log").read_text())

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stub(self, pair):
        pem = [path.read_bytes() for path in pair] if pair else [None, None]
        channel = grpc.secure_channel(
            f"localhost:{self.port}", grpc.ssl_channel_credentials(
                self.authority.ca.read_bytes(), pem[1], pem[0]),
            options=[("grpc.use_local_subchannel_pool", 1)])
        self.addCleanup(channel.close)
        return placement_pb2_grpc.PlacementServiceStub(channel)

    def test_calls_and_a_long_watch_go_through_with_a_certificate_alone(self):
        stub = self.stub(self.client)
        watch = stub.Watch(pb.WatchRequest(), timeout=60)
        self.assertEqual(next(watch).snapshot.epoch, 1)
        time.sleep(6)  # silent except for a heartbeat
        stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="a")), timeout=TIMEOUT)
        message = next(watch)
        while message.HasField("heartbeat"):
            message = next(watch)
        self.assertEqual(message.delta.epoch, 2)
        self.assertEqual(stub.Locate(pb.LocateRequest(key=b"k"),
                                     timeout=TIMEOUT).owners[0].node_id, "a")
        watch.cancel()
        with self.assertRaises(grpc.RpcError):
            self.stub(None).GetRing(pb.GetRingRequest(), timeout=2)

    def resident(self, pid):
        with open(f"/proc/{pid}/status") as file:
            return next(int(line.split()[1]) for line in file
                        if line.startswith("VmRSS:")) // 1024

    def connection(self):
        context = ssl.create_default_context(cafile=self.authority.ca)
        context.load_cert_chain(*self.client)
        context.set_alpn_protocols(["h2"])
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        secure = context.wrap_socket(raw, server_hostname="localhost")
        secure.sendall(PREFACE + frame(4, 0, 0))
        self.addCleanup(secure.close)
        return secure

    def flood(self, frames_of):
        """Sends until 20,000 streams are sent or nginx closes the
        connection."""
        sent, peer = 0, self.connection()
        while sent < 20_000:
            try:
                peer.sendall(b"".join(frames_of(2 * (sent + i) + 1)
                                      for i in range(100)))
                sent += 100
            except OSError:
                break
        return sent

    def is_served(self, stub):
        """Checks that a call succeeds. It is retried on UNAVAILABLE, because
        the flood may have used up the rate limit."""
        for _ in range(300):
            try:
                stub.GetRing(pb.GetRingRequest(), timeout=TIMEOUT)
                return
            except grpc.RpcError as error:
                self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE)
                time.sleep(0.1)
        self.fail("no call succeeded")

    def under_flood(self, frames_of):
        """Checks that memory is bounded, and that other clients are served
        meanwhile."""
        stub = self.stub(self.client)
        for _ in range(15):
            self.flood(frames_of)
            self.is_served(stub)
            pids = [self.nginx.pid]
            if not sanitized():  # sanitizers keep freed memory
                pids.append(self.server.process.pid)
            for pid in pids:
                self.assertLess(self.resident(pid), MOST_MEBIBYTES)

    def test_rapid_reset_takes_bounded_memory(self):
        self.under_flood(lambda stream: frame(1, 4, stream, HEADERS)
                         + frame(3, 0, stream, b"\x00\x00\x00\x08"))

    def test_a_flood_of_continuations_takes_bounded_memory(self):
        self.under_flood(lambda stream: (
            frame(1, 0, 1, HEADERS) if stream == 1
            else frame(9, 0, 1, header(b"x", b"y" * 100))))


if __name__ == "__main__":
    unittest.main()
