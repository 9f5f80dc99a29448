#!/usr/bin/python3
"""Starts three replicas, etcd, nginx and Prometheus with one command. Restarts
them one after the other under load; no Locate fails."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import grpc

from tests.support.clockwise_command import run
from tests.support.etcd_cluster import free_port
from tests.support.paths import DEPLOY, ROOT
from tests.support.running_server import CLOCKWISED
from tests.support.stubs import TIMEOUT, pb, placement_pb2_grpc

# Imports and migrations in a row.
ROUNDS = int(os.environ.get("CLOCKWISE_IMPORTS", "10"))
BIN = pathlib.Path(CLOCKWISED).parent
CONFIG = DEPLOY / "grpc-service-config.json"
LOAD = os.environ.get("LOCATE_LOAD", str(ROOT / "build/release/bin/locate_load"))


def fetched(address, path):
    with urllib.request.urlopen(f"http://{address}{path}",
                                timeout=TIMEOUT) as page:
        return page.read().decode()


class LocalClusterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="clockwise-cluster-")))
        cls.base = free_port() // 10 * 10
        cls.cluster = subprocess.Popen(
            [DEPLOY / "local-cluster", f"--base-port={cls.base}",
             f"--folder={cls.folder}"], stdout=subprocess.PIPE, text=True,
            env={**os.environ,
                 "CLOCKWISE_BIN_DIR": str(BIN)})
        cls.addClassCleanup(cls.end)
        for line in cls.cluster.stdout:
            if line.startswith("local-cluster ready"):
                break
        else:
            raise RuntimeError("the cluster did not start")
        channel = grpc.insecure_channel(cls.at(0))
        cls.addClassCleanup(channel.close)
        cls.stub = placement_pb2_grpc.PlacementServiceStub(channel)
        for node in "xyz":
            cls.stub.AddNode(pb.AddNodeRequest(node=pb.Node(id=node)),
                             timeout=TIMEOUT)

    @classmethod
    def end(cls):
        cls.cluster.send_signal(signal.SIGTERM)
        cls.cluster.wait(timeout=60)
        cls.cluster.stdout.close()

    @classmethod
    def at(cls, offset):
        return f"127.0.0.1:{cls.base + offset}"

    def pid(self, name):
        return int((self.folder / f"{name}.pid").read_text())

    def wait_for(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except OSError:
                pass
            time.sleep(0.1)
        self.fail(f"not true in time: {what}")

    def epoch(self, replica):
        status = json.loads(fetched(self.at(80 + replica), "/api/v1/status"))
        return [ring["info"]["epoch"] for ring in status["rings"]]

    def test_1_all_parts_work_together(self):
        for replica in (1, 2, 3):
            self.wait_for(lambda r=replica: self.epoch(r) == ["4"],
                          "the same epoch everywhere")
        self.assertIn("<title>Clockwise</title>", fetched(self.at(80), "/"))
        self.wait_for(lambda: [
            row["value"][1] for row in json.loads(fetched(
                self.at(90), "/api/v1/query?query=up"))["data"]["result"]
        ] == ["1"] * 3, "Prometheus scrapes three")
        rules = json.loads(fetched(self.at(90), "/api/v1/rules"))
        self.assertGreater(
            sum(len(group["rules"]) for group in rules["data"]["groups"]), 15)
        firing = json.loads(fetched(self.at(90), "/api/v1/alerts"))
        self.assertEqual([alert["labels"]["alertname"]
                          for alert in firing["data"]["alerts"]
                          if alert["state"] == "firing"], [])

    def test_1_doctor_sees_all_replicas_behind_one_address(self):
        for at in (0, 0, 1, 2, 3):
            done = run("doctor", self.at(at))
            self.assertEqual(done.returncode, 0, done)
            self.assertIn("no problems on 3 servers", done.stdout)
            servers = re.findall(r"^(\S+) +serving", done.stdout, re.MULTILINE)
            # The one behind nginx has the address of nginx in the table.
            self.assertEqual(servers[0], self.at(at))
            self.assertLessEqual(set(servers[1:]),
                                 {self.at(1), self.at(2), self.at(3)})
            self.assertEqual(len(set(servers)), 3, done.stdout)

    def test_1_the_ports_of_a_running_cluster_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [DEPLOY / "local-cluster", f"--base-port={self.base}",
                 f"--folder={folder}"], capture_output=True, text=True,
                timeout=60, env={**os.environ, "CLOCKWISE_BIN_DIR": str(BIN)})
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(f"port {self.base} of nginx", done.stderr)
            self.assertIn("--base-port", done.stderr)
            self.assertEqual(os.listdir(folder), [])
        # Each port counts, not only the first. A script that starts in spite of
        # it fails at the folder, which cannot exist.
        base = free_port() // 10 * 10
        for offset, program in (
                (0, "nginx (gRPC)"), (80, "nginx (HTTP)"), (90, "Prometheus"),
                *((i, f"replica {i}") for i in (1, 2, 3)),
                *((80 + i, f"replica {i} (HTTP)") for i in (1, 2, 3)),
                *((tens + i, f"etcd-{i}") for tens in (20, 30) for i in (1, 2, 3))):
            with self.subTest(offset=offset), \
                    socket.create_server(("127.0.0.1", base + offset)):
                done = subprocess.run(
                    [DEPLOY / "local-cluster", f"--base-port={base}",
                     "--folder=/dev/null/none"], capture_output=True, text=True,
                    timeout=60, env={**os.environ, "CLOCKWISE_BIN_DIR": str(BIN)})
                self.assertEqual(done.returncode, 1, done)
                self.assertIn(f"port {base + offset} of {program} is in use",
                              done.stderr)

    def test_2_a_new_ring_is_in_the_json_of_every_replica_at_once(self):
        stub = placement_pb2_grpc.PlacementServiceStub(
            self.enterContext(grpc.insecure_channel(self.at(1))))
        for i in range(ROUNDS):
            stub.CreateRing(pb.CreateRingRequest(
                spec=pb.RingSpec(name=f"json-{i}")), timeout=TIMEOUT)
            # Not found would raise an HTTPError.
            fetched(self.at(82), f"/api/v1/rings/json-{i}")
        for i in range(ROUNDS):
            stub.DeleteRing(pb.DeleteRingRequest(ring=f"json-{i}"),
                            timeout=TIMEOUT)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            fetched(self.at(82), "/api/v1/rings/never")
        self.assertEqual(refused.exception.code, 404)
        refused.exception.close()

    def test_2_a_new_ring_is_known_on_every_replica_at_once(self):
        # nginx sends each call to another replica.
        pool = self.folder / "nutcracker.yml"
        pool.write_text(
            "alpha:\n  listen: 127.0.0.1:22121\n  hash: fnv1a_64\n"
            "  distribution: ketama\n  servers:\n"
            + "".join(f"   - 127.0.0.1:11{i}:1\n" for i in range(3)))
        failures = []

        def command(*arguments):
            done = run(*arguments, server=self.at(0))
            if done.returncode != 0:
                failures.append((arguments, done.stderr))

        for i in range(ROUNDS):
            command("import", "--from=twemproxy", str(pool), "alpha",
                    f"--ring=ring-{i}")
            command("migrate", "start", f"ring-{i}", f"next-{i}")
        self.assertEqual(failures, [])
        for i in range(ROUNDS):
            ring = self.stub.GetRing(pb.GetRingRequest(ring=f"next-{i}"),
                                     timeout=TIMEOUT).snapshot
            self.assertEqual((ring.epoch, len(ring.nodes)), (2, 3))
        # A command that fails leaves no ring behind.
        pool.write_text(pool.read_text().replace("112:1", "112:x"))
        done = run("import", "--from=twemproxy", str(pool), "alpha",
                   "--ring=none", server=self.at(0))
        self.assertNotEqual(done.returncode, 0)
        rings = [ring.spec.name for ring in self.stub.ListRings(
            pb.ListRingsRequest(page_size=1000), timeout=TIMEOUT).rings]
        self.assertNotIn("none", rings)
        for name in ("next", "ring"):
            for i in range(ROUNDS):
                self.stub.DeleteRing(pb.DeleteRingRequest(ring=f"{name}-{i}",
                                                          force=True),
                                     timeout=TIMEOUT)

    def test_2_calls_to_other_replicas_find_a_new_ring(self):
        stubs = []
        for replica in (1, 2, 3):
            channel = grpc.insecure_channel(self.at(replica))
            self.addCleanup(channel.close)
            stubs.append(placement_pb2_grpc.PlacementServiceStub(channel))
        calls = [
            lambda stub, ring: stub.GetRing(
                pb.GetRingRequest(ring=ring), timeout=TIMEOUT),
            lambda stub, ring: stub.Locate(pb.LocateRequest(
                ring=ring, key=b"k", min_epoch=2), timeout=TIMEOUT),
            lambda stub, ring: next(stub.Watch(
                pb.WatchRequest(ring=ring), timeout=TIMEOUT)),
            lambda stub, ring: stub.AddNode(pb.AddNodeRequest(
                ring=ring, node=pb.Node(id="b")), timeout=TIMEOUT)]
        for i in range(40):
            creator, other = stubs[i % 3], stubs[(i + 1 + i // 3 % 2) % 3]
            ring = f"new-{i}"
            creator.CreateRing(pb.CreateRingRequest(
                spec=pb.RingSpec(name=ring), nodes=[pb.Node(id="a")]),
                timeout=TIMEOUT)
            calls[i % 4](other, ring)
            self.stub.DeleteRing(pb.DeleteRingRequest(ring=ring, force=True),
                                 timeout=TIMEOUT)

    def test_3_a_rolling_restart_fails_no_locate(self):
        target = "ipv4:" + ",".join(self.at(i) for i in (1, 2, 3))
        load = subprocess.Popen([LOAD, target, CONFIG, "16"], text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            time.sleep(1)
            for replica in ("replica-1", "replica-2", "replica-3"):
                old = self.pid(replica)
                os.kill(old, signal.SIGTERM)
                log = self.folder / f"{replica}.log"
                ready = log.read_text().count("clockwised ready")
                self.wait_for(lambda: log.read_text().count(
                    "clockwised ready") > ready, "another process serves")
                self.assertNotEqual(self.pid(replica), old)
                time.sleep(1.5)  # clients reconnect to it
        finally:
            output, _ = load.communicate(timeout=60)
        print(output.strip())
        answered, *failed = output.splitlines()
        self.assertEqual(failed, [])
        self.assertGreater(int(answered.split()[1]), 1000)

    def test_4_what_dies_is_started_again(self):
        old = self.pid("replica-2")
        os.kill(old, signal.SIGKILL)
        self.wait_for(lambda: (self.folder / "replica-2.pid").exists()
                      and self.pid("replica-2") != old, "a new process")
        self.wait_for(lambda: self.epoch(2) == self.epoch(1), "it serves")

    def test_2_the_pages_way_there_is_short_and_right(self):
        page = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
        section = page.split("## Three servers on one machine")[1]
        commands = section.split("```bash\n")[1].split("```")[0].splitlines()
        self.assertLess(len(commands), 10)
        self.assertIn("./deploy/local-cluster &", commands)
        # The earlier commands are done: the programs are built, the cluster
        # runs.
        rest = commands[commands.index("./deploy/local-cluster &") + 1:]
        self.assertGreaterEqual(len(rest), 3)
        for command in rest:
            for port in range(4):
                command = command.replace(f":{7400 + port}",
                                          f":{self.base + port}")
            if command.startswith("export PATH"):
                continue
            done = subprocess.run(
                command, shell=True, text=True, capture_output=True,
                timeout=TIMEOUT, env={
                    **os.environ, "CLOCKWISE_SERVER": self.at(0),
                    "PATH": f"{BIN}:{os.environ['PATH']}"})
            self.assertEqual(done.returncode, 0, done)
        self.assertIn("no problems", done.stdout)

    def test_the_service_config_says_what_it_must(self):
        config = json.loads(CONFIG.read_text(encoding="ascii"))
        self.assertEqual(config["loadBalancingConfig"], [{"round_robin": {}}])
        self.assertEqual(config["healthCheckConfig"]["serviceName"],
                         "clockwise.v1.PlacementService")
        service = pb.DESCRIPTOR.services_by_name["PlacementService"]
        for method in config["methodConfig"]:
            self.assertNotIn("timeout", method)
            for name in method["name"]:
                self.assertIn(name["method"], service.methods_by_name)
                # Changes are not listed: a retry of a change needs its
                # request_id.
                self.assertRegex(name["method"], "^(Batch)?Locate$|^Get|^List|"
                                                 "^Compare")
        # gRPC accepts the config in locate_load: with a wrong one, each call
        # would fail.
        self.assertTrue(pathlib.Path(LOAD).exists())


if __name__ == "__main__":
    unittest.main()
