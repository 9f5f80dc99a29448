#!/usr/bin/python3
"""Tests the JSON under /api/v1, and the events."""

import base64
import json
import pathlib
import re
import socket
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from google.protobuf import json_format

import grpc

from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, placement_pb2_grpc


def from_api(answer, message):
    """Reads the JSON of /api/v1 into `message`. Converts the two forms that
    differ from protobuf's: fingerprints and layouts."""
    def convert(value):
        if isinstance(value, list):
            return [convert(one) for one in value]
        if not isinstance(value, dict):
            return value
        made = {name: convert(one) for name, one in value.items()}
        if re.fullmatch("[0-9a-f]{16}", str(made.get("fingerprint"))):
            made["fingerprint"] = str(int(made["fingerprint"], 16))
        if "layout" in made:
            made["layout"] = f"LAYOUT_{made['layout'].upper()}"
        return made
    made = convert(answer)
    for name in ("key", "keyBase64"):
        made.pop(name, None)
    return json_format.ParseDict(made, message)


class HttpApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(RunningServer())
        channel = grpc.insecure_channel(cls.server.grpc)
        cls.addClassCleanup(channel.close)
        cls.stub = placement_pb2_grpc.PlacementServiceStub(channel)

    def setUp(self):
        self.ring = f"a/{self.id().rsplit('.', 1)[-1]}"
        self.stub.CreateRing(pb.CreateRingRequest(
            spec=pb.RingSpec(name=self.ring)), timeout=TIMEOUT)
        for i in range(4):
            self.stub.AddNode(pb.AddNodeRequest(
                ring=self.ring, node=pb.Node(id=f"n{i}", weight=i + 1),
                reason="wanted"), timeout=TIMEOUT)

    def get(self, path, **parameters):
        """Returns the status and the JSON of a response."""
        query = urllib.parse.urlencode(parameters, doseq=True)
        url = f"http://{self.server.http}/api/v1/{path}?{query}"
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT) as page:
                return page.status, json.load(page), page.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error), error.headers

    def of_ring(self, what="", **parameters):
        ring = urllib.parse.quote(self.ring, safe="")
        status, answer, _ = self.get(f"rings/{ring}{what}", **parameters)
        return status, answer

    def same(self, answer, message):
        self.assertEqual(answer[0], 200, answer)
        self.assertEqual(from_api(answer[1], type(message)()), message)

    def test_each_page_is_what_the_call_answers(self):
        ring = self.ring
        self.same(self.of_ring(), self.stub.GetRing(
            pb.GetRingRequest(ring=ring)))
        self.same(self.of_ring(epoch=3, include_points="true"),
                  self.stub.GetRing(pb.GetRingRequest(
                      ring=ring, epoch=3, include_points=True)))
        for key in ("k", "ä b&c=d+e", "\0"):
            self.same(self.of_ring("/locate", key=key, replica_count=2),
                      self.stub.Locate(pb.LocateRequest(
                          ring=ring, key=key.encode(), replica_count=2)))
        self.same(self.of_ring("/changes", page_size=2), self.stub.ListChanges(
            pb.ListChangesRequest(ring=ring, page_size=2)))
        self.same(self.of_ring("/changes", page_size=2, page_token="3"),
                  self.stub.ListChanges(pb.ListChangesRequest(
                      ring=ring, page_size=2, page_token="3")))
        self.same(self.of_ring("/compare", from_epoch=2, to_epoch=4),
                  self.stub.CompareEpochs(pb.CompareEpochsRequest(
                      ring=ring, from_epoch=2, to_epoch=4)))
        self.same(self.get("rings")[:2], self.stub.ListRings(
            pb.ListRingsRequest()))
        status = self.get("status")[1]
        told = self.stub.GetStatus(pb.GetStatusRequest())
        self.assertEqual(status["version"], told.version)
        self.assertEqual(len(status["rings"]), len(told.rings))

    def test_a_ring_that_migrates_tells_the_owners_before_too(self):
        new = f"{self.ring}-new"
        self.stub.CreateRing(pb.CreateRingRequest(spec=pb.RingSpec(
            name=new, migrating_from=self.ring)), timeout=TIMEOUT)
        self.stub.AddNode(pb.AddNodeRequest(ring=new, node=pb.Node(id="x")),
                          timeout=TIMEOUT)
        told = self.stub.Locate(pb.LocateRequest(ring=new, key=b"k"))
        self.assertEqual(len(told.previous_owners), 1)
        ring = urllib.parse.quote(new, safe="")
        self.same(self.get(f"rings/{ring}/locate", key="k")[:2], told)

    def test_bytes_of_a_key_that_are_no_text_are_taken(self):
        url = (f"http://{self.server.http}/api/v1/rings/"
               f"{urllib.parse.quote(self.ring, safe='')}/locate?key=%ff%00%fe")
        with urllib.request.urlopen(url, timeout=TIMEOUT) as page:
            self.same((200, json.load(page)), self.stub.Locate(
                pb.LocateRequest(ring=self.ring, key=b"\xff\x00\xfe")))

    def test_a_plan_is_validate_only(self):
        changes = [pb.NodeChange(add=pb.Node(id="x", weight=3)),
                   pb.NodeChange(remove="n0")]
        planned = self.stub.ApplyChanges(pb.ApplyChangesRequest(
            ring=self.ring, changes=changes, validate_only=True,
            include_moves=True), timeout=TIMEOUT).change
        status, answer = self.of_ring(
            "/plan", change=[json_format.MessageToJson(one)
                             for one in changes], include_moves="true")
        self.assertEqual(status, 200, answer)
        change = from_api(answer, pb.Change())
        for field in ("actor", "accept_time"):
            planned.ClearField(field)
            change.ClearField(field)
        self.assertEqual(change, planned)
        self.assertEqual(self.stub.GetRing(pb.GetRingRequest(
            ring=self.ring)).snapshot.epoch, 5)

    def test_arcs_add_up_to_the_shares_of_primaries(self):
        _, arcs = self.of_ring("/arcs")
        start, shares = 0, [0] * len(arcs["nodeIds"])
        for end, owner in zip(arcs["ends"], arcs["owners"]):
            shares[owner] += end - start
            start = end
        self.assertEqual(start, 1)
        ring = self.stub.GetRing(pb.GetRingRequest(ring=self.ring)).snapshot
        for told, share in zip(shares, ring.shares):
            self.assertAlmostEqual(told, share, places=9)

    def test_rings_of_every_layout_can_be_drawn(self):
        drawn = 0
        for name, number in pb.Layout.items():
            ring = f"layout/{name.lower()}"
            try:
                self.stub.CreateRing(pb.CreateRingRequest(spec=pb.RingSpec(
                    name=ring, layout=number)), timeout=TIMEOUT)
                self.stub.ApplyChanges(pb.ApplyChangesRequest(ring=ring, changes=[
                    pb.NodeChange(add=pb.Node(
                        id=f"10.0.0.{i}:80", address=f"10.0.0.{i}:80",
                        ordinal=i, weight=1)) for i in (1, 2, 3)]),
                    timeout=TIMEOUT)
            except grpc.RpcError as error:  # some need tokens or slots
                self.assertEqual(error.code(),
                                 grpc.StatusCode.INVALID_ARGUMENT)
                continue
            status, arcs, _ = self.get(
                f"rings/{urllib.parse.quote(ring, safe='')}/arcs")
            with self.subTest(layout=name):
                self.assertEqual(status, 200, arcs)
                self.assertEqual(arcs["ends"][-1], 1)
                self.assertEqual(sorted(arcs["ends"]), arcs["ends"])
                self.assertLess(max(arcs["owners"]), len(arcs["nodeIds"]))
                drawn += 1
        self.assertGreater(drawn, 20)

    def test_refusals_have_the_status_the_reason_and_the_field(self):
        for path, parameters, code, reason, field in (
                ("rings/nobody", {}, 404, "RING_NOT_FOUND", ""),
                ("rings", {"page_size": "x"}, 400, "FIELD_INVALID",
                 "page_size"),
                ("rings", {"page_size": "1001"}, 400, "FIELD_INVALID",
                 "page_size"),
                ("rings", {"page_size": ["1", "2"]}, 400, "FIELD_INVALID",
                 "page_size"),
                ("rings", {"colour": "1"}, 400, "FIELD_INVALID", '"colour"'),
                ("rings/default", {"include_points": "yes"}, 400,
                 "FIELD_INVALID", "include_points"),
                ("rings/default", {"epoch": "9"}, 400, "EPOCH_OUT_OF_HISTORY",
                 "epoch"),
                ("rings/default/locate", {}, 400, "FIELD_INVALID", "key"),
                ("rings/default/compare", {}, 400, "FIELD_INVALID",
                 "from_epoch"),
                ("rings//locate", {"key": "k"}, 400, "FIELD_INVALID", "ring"),
                ("rings/%ff/locate", {"key": "k"}, 400, "FIELD_INVALID",
                 "ring"),
                ("rings/default/locate", {"key": "k"}, 400, "RING_EMPTY", ""),
                ("rings/default/plan", {"change": "{"}, 400, "FIELD_INVALID",
                 "change"),
                ("rings/default/plan", {"change": '{"remove":"a"}'}, 404,
                 "NODE_NOT_FOUND", "changes[0].remove"),
                ("rings/default/plan", {}, 400, "FIELD_INVALID", "change"),
                ("elsewhere", {}, 404, "", ""),
                ("rings/default/elsewhere", {}, 404, "", "")):
            with self.subTest(path=path, parameters=parameters):
                status, answer, _ = self.get(path, **parameters)
                error = answer["error"]
                self.assertEqual((status, error["code"], error["reason"],
                                  error["field"]), (code, code, reason, field),
                                 answer)
                self.assertTrue(error["message"])

    def test_a_plus_is_a_space_as_documented_and_the_key_is_repeated(self):
        ring = urllib.parse.quote(self.ring, safe="")
        for sent, key in (("user+1", b"user 1"), ("user%2B1", b"user+1"),
                          ("user%201", b"user 1"), ("", b""),
                          ("%ff%00", b"\xff\x00"), ("100%25", b"100%")):
            with self.subTest(sent=sent):
                url = (f"http://{self.server.http}/api/v1/rings/{ring}/locate"
                       f"?key={sent}")
                with urllib.request.urlopen(url, timeout=TIMEOUT) as page:
                    answer = json.load(page)
                self.assertEqual(base64.b64decode(answer["keyBase64"]), key)
                self.assertEqual(answer.get("key"),
                                 None if b"\xff" in key else key.decode())
                self.same((200, answer), self.stub.Locate(pb.LocateRequest(
                    ring=self.ring, key=key)))

    def test_a_malformed_escape_names_its_place(self):
        for path, field in (("rings/default/locate?key=100%", "key"),
                            ("rings/default/locate?key=%g0", "key"),
                            ("rings/default?epoch=%1", "epoch"),
                            ("rings/default?%zz=1", '"%zz"'),
                            ("rings/%zz", "path")):
            with self.subTest(path=path):
                url = f"http://{self.server.http}/api/v1/{path}"
                with self.assertRaises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(url, timeout=TIMEOUT)
                with refused.exception as error:
                    self.assertEqual(error.code, 400)
                    self.assertEqual(json.load(error)["error"]["field"], field)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://{self.server.http}/page/%zz",
                                   timeout=TIMEOUT)
        self.assertEqual(refused.exception.code, 400)
        refused.exception.close()

    def test_an_unknown_field_of_a_change_is_named(self):
        for change, words in (
                ('{"add":{"node_id":"a"}}', 'unknown field "node_id"'),
                ('{"colour":1}', 'unknown field "colour"'),
                ('{"add":{"id":"a","weight":99999999999}}', "weight"),
                ('{', "not a NodeChange"), (b'{\xa2"update":{}}', "not UTF-8")):
            with self.subTest(change=change):
                status, answer = self.of_ring("/plan", change=change)
                self.assertEqual((status, answer["error"]["field"]),
                                 (400, "change"))
                self.assertIn(words, answer["error"]["message"].replace(
                    "\\", ""))

    def test_values_have_one_spelling(self):
        _, ring = self.of_ring()
        snapshot = self.stub.GetRing(pb.GetRingRequest(ring=self.ring)).snapshot
        self.assertEqual(ring["snapshot"]["fingerprint"],
                         f"{snapshot.fingerprint:016x}")
        self.assertEqual(ring["snapshot"]["spec"]["layout"], "hashed")
        _, changes = self.of_ring("/changes")
        self.assertNotIn("moves", changes["changes"][0]["comparison"])

    def test_only_reads_are_there(self):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            request = urllib.request.Request(
                f"http://{self.server.http}/api/v1/status", method=method)
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=TIMEOUT)
            self.assertEqual(refused.exception.code, 405)
            refused.exception.close()

    def test_browsers_are_told_what_to_trust(self):
        for path in ("", "page/main.js", "page/page.css", "api/v1/status",
                     "api/v1/openapi.json", "favicon.ico"):
            url = f"http://{self.server.http}/{path}"
            with urllib.request.urlopen(url, timeout=TIMEOUT) as page:
                self.assertTrue(page.read())
                self.assertIn("default-src 'self'",
                              page.headers["Content-Security-Policy"])
                self.assertNotIn("unsafe",
                                 page.headers["Content-Security-Policy"])
                self.assertEqual(page.headers["X-Content-Type-Options"],
                                 "nosniff")

    def test_the_openapi_file_names_what_there_is(self):
        _, document, _ = self.get("openapi.json")
        ring = urllib.parse.quote(self.ring, safe="")
        needed = {"locate": {"key": "k"}, "plan": {
            "change": '{"remove":"n0"}'}, "compare": {"from_epoch": 2}}
        for path, operations in document["paths"].items():
            if path == "/api/v1/events":
                status, answer, _ = self.get("events", ring="x")
                self.assertEqual((status, answer["error"]["field"]),
                                 (400, '"ring"'))
                continue
            with self.subTest(path=path):
                what = path.rsplit("/", 1)[1]
                status, answer, _ = self.get(
                    path.removeprefix("/api/v1/").replace("{ring}", ring),
                    **needed.get(what, {}))
                self.assertEqual(status, 200, answer)
                for parameter in operations["get"]["parameters"]:
                    if parameter["in"] != "query":
                        continue
                    # A repeated parameter is an error that names it, so the
                    # server knows it.
                    twice = {parameter["name"]: ["1", "2"]}
                    status, answer, _ = self.get(
                        path.removeprefix("/api/v1/").replace("{ring}", ring),
                        **twice)
                    self.assertEqual(answer["error"]["field"],
                                     parameter["name"], answer)

    # --- Events. ---

    def events(self):
        peer = socket.create_connection(
            self.server.http.rsplit(":", 1), timeout=TIMEOUT)
        self.addCleanup(peer.close)
        peer.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return peer

    def until(self, peer, text):
        got = b""
        while text not in got:
            more = peer.recv(65536)
            self.assertTrue(more, got)
            got += more
        return got

    def test_a_change_is_an_event(self):
        peer = self.events()
        got = self.until(peer, b"retry:")
        self.assertEqual(got.lower().count(b"content-type:"), 1, got)
        self.assertIn(b"text/event-stream", got)
        self.stub.RemoveNode(pb.RemoveNodeRequest(
            ring=self.ring, node_id="n3"), timeout=TIMEOUT)
        got = self.until(peer, b'"epoch":"6"')
        self.assertIn(f'"ring":"{self.ring}"'.encode(), got)
        self.stub.DeleteRing(pb.DeleteRingRequest(ring=self.ring, force=True),
                             timeout=TIMEOUT)
        self.until(peer, f'"ring":"{self.ring}","epoch":"0"'.encode())
        self.until(peer, b"event: beat")

    def test_streams_are_bounded_and_hold_up_nobody(self):
        with RunningServer() as server:
            peers = []
            for _ in range(110):
                peer = socket.create_connection(
                    server.http.rsplit(":", 1), timeout=TIMEOUT)
                peer.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                peers.append(peer)
                self.addCleanup(peer.close)
            first = [peer.recv(200).split(b"\r\n")[0] for peer in peers]
            self.assertEqual(first.count(b"HTTP/1.1 200 OK"), 100)
            self.assertEqual(first[-1].split()[1], b"503")
            with urllib.request.urlopen(f"http://{server.http}/metrics",
                                        timeout=TIMEOUT) as page:
                self.assertEqual(page.status, 200)
            for peer in peers:
                peer.close()
            # The server notices closed streams when it sends the next event.
            # Then there is room again.
            for _ in range(150):
                with socket.create_connection(
                        server.http.rsplit(":", 1), timeout=TIMEOUT) as peer:
                    peer.sendall(
                        b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    if b"200 OK" in peer.recv(200):
                        return
                time.sleep(0.1)
            self.fail("no stream was accepted")

    def test_a_server_that_goes_away_says_so(self):
        with RunningServer(flags=["--lame-duck=3"]) as server:
            channel = grpc.insecure_channel(server.grpc)
            self.addCleanup(channel.close)
            stub = placement_pb2_grpc.PlacementServiceStub(channel)
            self.assertFalse(stub.GetStatus(
                pb.GetStatusRequest(), timeout=TIMEOUT).draining)
            server.process.terminate()
            for _ in range(100):
                if stub.GetStatus(pb.GetStatusRequest(),
                                  timeout=TIMEOUT).draining:
                    break
                time.sleep(0.02)
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"http://{server.http}/readyz",
                                       timeout=TIMEOUT)
            self.assertEqual(refused.exception.code, 503)
            refused.exception.close()
            with urllib.request.urlopen(f"http://{server.http}/healthz",
                                        timeout=TIMEOUT) as page:
                self.assertEqual(page.status, 200)
            self.assertEqual(server.process.wait(timeout=20), 0)

    # --- Access. ---

    def test_a_policy_closes_the_pages_but_not_probes(self):
        with tempfile.TemporaryDirectory() as folder:
            policy = pathlib.Path(folder) / "policy"
            policy.write_text('{"grants": []}')
            flag = f"--access-policy={policy}"
            for flags, code in (([flag], 403), ([flag, "--ring-page=on"], 200),
                                (["--ring-page=off"], 403)):
                with RunningServer(flags=flags) as server:
                    for path in ("", "api/v1/rings", "api/v1/events"):
                        url = f"http://{server.http}/{path}"
                        try:
                            with urllib.request.urlopen(
                                    url, timeout=TIMEOUT) as page:
                                self.assertEqual(page.status, code, path)
                        except urllib.error.HTTPError as error:
                            with error:
                                self.assertEqual(error.code, code, path)
                                self.assertIn(b"--ring-page", error.read())
                    for path in ("metrics", "healthz", "readyz"):
                        with urllib.request.urlopen(
                                f"http://{server.http}/{path}",
                                timeout=TIMEOUT) as page:
                            self.assertEqual(page.status, 200)


if __name__ == "__main__":
    unittest.main()
