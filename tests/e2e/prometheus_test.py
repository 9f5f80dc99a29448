#!/usr/bin/python3
"""Lets a real Prometheus scrape a real server, and checks its figures.

Run: /usr/bin/python3 -m tests.e2e.prometheus_test from the root folder, with
CLOCKWISED naming the server's binary (default: that of build/release/bin).
Requires Debian's prometheus, python3-grpcio and protobuf-compiler-grpc.
"""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from tests.support.running_prometheus import (
    PATIENCE,
    PROMETHEUS,
    RunningPrometheus,
    fetched,
)
from tests.support.running_server import RunningServer
from tests.support.stubs import pb, stub_of

PROMTOOL = "/usr/bin/promtool"


@unittest.skipUnless(pathlib.Path(PROMETHEUS).exists(), "no Prometheus here")
class PrometheusTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="clockwise-prometheus-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.server = cls.enter(RunningServer())
        cls.prometheus = cls.enter(RunningPrometheus([cls.server.http], folder))
        cls.placement, channel = stub_of(cls.server)
        cls.addClassCleanup(channel.close)

    @classmethod
    def enter(cls, context):
        entered = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        return entered

    def setUp(self):
        self.ring = re.sub(r"\W", "-", self.id().rsplit(".", 1)[-1])
        self.placement.CreateRing(pb.CreateRingRequest(
            spec=pb.RingSpec(name=self.ring)), timeout=20)
        for i in range(5):
            self.add(f"10.0.0.{i}:7000/rack_{i}-a", weight=i + 1)

    def add(self, node_id, weight=1):
        return self.placement.AddNode(pb.AddNodeRequest(
            ring=self.ring, node=pb.Node(id=node_id, weight=weight)),
            timeout=20).change

    def of_ring(self, name):
        return f'{name}{{ring="{self.ring}"}}'

    def wait_for(self, expression, expected):
        """Waits until Prometheus returns a number near `expected`."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            value = self.prometheus.number(expression)
            if value is not None and abs(value - expected) < 1e-12:
                return
            time.sleep(0.2)
        self.fail(f"{expression} is {value} and does not become {expected}; "
                  f"Prometheus asks {self.prometheus.query('up')}")

    def test_the_figures_of_a_ring_are_those_of_its_snapshot(self):
        snapshot = self.placement.GetRing(
            pb.GetRingRequest(ring=self.ring), timeout=20).snapshot
        self.assertGreater(snapshot.balance.peak_to_mean, 1)
        for name, expected in [
                ("clockwise_ring_epoch", 6),
                ("clockwise_ring_nodes", 5),
                ("clockwise_ring_points", (1 + 2 + 3 + 4 + 5) * 160),
                ("clockwise_ring_peak_to_mean_ratio",
                 snapshot.balance.peak_to_mean),
                ("clockwise_ring_share_stddev_ratio", snapshot.balance.stddev),
                ("clockwise_watch_streams", 0)]:
            self.wait_for(self.of_ring(name), expected)
        self.wait_for("clockwise_store_up", 1)
        shares = {dict(labels)["node"]: share for labels, share in
                  self.prometheus.query(
                      self.of_ring("clockwise_node_share_ratio")).items()}
        self.assertEqual(sorted(shares), [node.id for node in snapshot.nodes])
        for node, share in zip(snapshot.nodes, snapshot.shares):
            self.assertAlmostEqual(shares[node.id], share, places=12)

    def test_the_epoch_follows_a_change(self):
        self.wait_for(self.of_ring("clockwise_ring_epoch"), 6)
        change = self.add("another")
        self.assertEqual(change.epoch, 7)
        self.wait_for(self.of_ring("clockwise_ring_epoch"), 7)
        self.wait_for(self.of_ring("clockwise_ring_nodes"), 6)
        self.wait_for(self.of_ring("clockwise_ring_peak_to_mean_ratio"),
                      change.comparison.balance_after.peak_to_mean)
        self.wait_for(f'clockwise_ring_changes_total{{ring="{self.ring}",'
                      'kind="add"}', 6)

    def test_locates_are_counted_where_the_keys_went(self):
        labels = 'grpc_method="Locate",grpc_code="OK"'
        metrics = fetched(f"http://{self.server.http}/metrics")
        self.assertIn(f"{labels}}} 0\n", metrics)  # before the first call
        went = {}
        for i in range(100):
            owners = self.placement.Locate(pb.LocateRequest(
                ring=self.ring, key=f"key{i}".encode(), replica_count=2),
                timeout=20).owners
            went[owners[0].node_id] = went.get(owners[0].node_id, 0) + 1
        name = "clockwise_node_locates_total"
        self.wait_for(f"sum({self.of_ring(name)})", 100)
        counted = {dict(labels)["node"]: count for labels, count in
                   self.prometheus.query(self.of_ring(name)).items() if count}
        self.assertEqual(counted, went)
        self.wait_for(f"grpc_server_handled_total{{{labels}}}", 100)
        self.wait_for('grpc_server_started_total{grpc_method="Locate"}', 100)
        self.wait_for(
            'grpc_server_handling_seconds_count{grpc_method="Locate"}', 100)

    def test_an_open_watch_is_a_stream_of_its_ring(self):
        watch = self.placement.Watch(
            pb.WatchRequest(ring=self.ring), timeout=2 * PATIENCE)
        self.assertEqual(next(watch).snapshot.epoch, 6)
        self.wait_for(self.of_ring("clockwise_watch_streams"), 1)
        watch.cancel()
        self.wait_for(self.of_ring("clockwise_watch_streams"), 0)

    def test_prometheus_finds_nothing_wrong_with_the_target(self):
        self.wait_for("up", 1)
        targets = json.loads(fetched(
            f"http://{self.prometheus.address}/api/v1/targets"))
        self.assertEqual(
            [(target["health"], target["lastError"])
             for target in targets["data"]["activeTargets"]], [("up", "")])
        self.assertGreater(self.prometheus.number("process_open_fds"), 3)
        self.assertLess(
            abs(self.prometheus.number("process_start_time_seconds")
                - time.time()), 600)

    def test_promtool_has_nothing_to_say(self):
        metrics = fetched(f"http://{self.server.http}/metrics")
        self.assertIn("clockwise_ring_epoch", metrics)
        checked = subprocess.run(
            [PROMTOOL, "check", "metrics"], input=metrics, text=True,
            capture_output=True, timeout=60)
        self.assertEqual(
            (checked.returncode, checked.stdout, checked.stderr), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
