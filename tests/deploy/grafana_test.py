#!/usr/bin/python3
"""Evaluates every expression of the dashboard in a real Prometheus that scrapes
a real server. Debian has no Grafana, so its drawing is not tested."""

import hashlib
import itertools
import json
import pathlib
import tempfile
import time
import unittest

import grpc

from tests.support.authority import Authority
from tests.support.paths import DEPLOY
from tests.support.running_prometheus import PATIENCE, RunningPrometheus
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, placement_pb2_grpc

DASHBOARD = json.loads(
    (DEPLOY / "grafana/clockwise.json").read_text(encoding="utf-8"))
POLICY = {"grants": [{"token": "admin", "role": "ADMIN", "rings": ["*"]}]}


def expressions():
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for one in DASHBOARD["annotations"]["list"]:
        yield one["name"], one["expr"]


class GrafanaTest(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory(prefix="clockwise-grafana-")))
        authority = Authority(folder)
        cert, key = authority.issue("server", "IP:127.0.0.1")
        (folder / "policy").write_text(json.dumps(POLICY))
        (folder / "tokens").write_text(
            "admin " + hashlib.sha256(b"secret").hexdigest() + "\n")
        self.server = self.enterContext(RunningServer(flags=[
            f"--tls-cert={cert}", f"--tls-key={key}",
            f"--access-policy={folder / 'policy'}",
            f"--token-file={folder / 'tokens'}",
            f"--audit-log={folder / 'audit'}"]))
        credentials = grpc.composite_channel_credentials(
            grpc.ssl_channel_credentials(authority.ca.read_bytes()),
            grpc.access_token_call_credentials("secret"))
        channel = grpc.secure_channel(self.server.grpc, credentials)
        self.addCleanup(channel.close)
        self.stub = placement_pb2_grpc.PlacementServiceStub(channel)
        self.folder = folder

    def use(self):
        """Produces a figure for every metric: calls, changes, a resync."""
        for i in range(2):
            self.stub.AddNode(pb.AddNodeRequest(
                node=pb.Node(id=f"n{time.monotonic_ns()}-{i}")),
                timeout=TIMEOUT)
        for i in range(20):
            self.stub.Locate(pb.LocateRequest(key=b"%d" % i), timeout=TIMEOUT)
        watch = self.stub.Watch(pb.WatchRequest(
            known_epoch=10 ** 6, known_incarnation=1), timeout=TIMEOUT)
        next(watch)
        watch.cancel()

    def test_each_expression_has_an_answer(self):
        rules = DEPLOY / "prometheus/rules.yml"
        with RunningPrometheus([self.server.http], self.folder,
                               [rules]) as prometheus:
            missing = {}
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end:
                self.use()
                missing = {
                    title: expression for title, expression in expressions()
                    if not prometheus.query(
                        expression.replace("$job", "clockwise")
                        .replace("$ring", "default"))}
                if not missing:
                    return
                time.sleep(1)
            self.fail(f"no result for {missing}")

    def test_panels_do_not_overlap_and_say_what_they_are(self):
        panels = DASHBOARD["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        for one, other in itertools.combinations(panels, 2):
            a, b = one["gridPos"], other["gridPos"]
            self.assertTrue(
                a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"] or
                a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"],
                f"{one['title']} lies on {other['title']}")
        for panel in panels:
            self.assertTrue(panel["title"])
            self.assertLessEqual(
                panel["gridPos"]["x"] + panel["gridPos"]["w"], 24)


if __name__ == "__main__":
    unittest.main()
