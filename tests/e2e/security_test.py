#!/usr/bin/python3
"""Tests access control: certificates, tokens, roles, the audit log."""

import hashlib
import http.client
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

import grpc

from tests.support.authority import Authority
from tests.support.paths import ROOT
from tests.support.raw_grpc import RawConnection, client_context
from tests.support.running_server import CLOCKWISED, RunningServer
from tests.support.stubs import TIMEOUT, pb, placement_pb2_grpc, refusal

CODE = grpc.StatusCode
SERVICE = pb.DESCRIPTOR.services_by_name["PlacementService"]


def promised_roles():
    """Returns the role and the scope of each method in tests/rpc/roles.tsv."""
    promises = {}
    text = (ROOT / "tests/rpc/roles.tsv").read_text(encoding="ascii")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            method, role, scope = line.split("\t")
            promises[method] = (role, scope)
    return promises


PROMISES = promised_roles()
# Requests with an effect. The other methods are called with an empty request.
REQUESTS = {
    "Locate": pb.LocateRequest(key=b"k"),
    "BatchLocate": pb.BatchLocateRequest(keys=[b"k"]),
    "LocateStream": pb.BatchLocateRequest(keys=[b"k"]),
    "AddNode": pb.AddNodeRequest(node=pb.Node(id="a")),
    "UpdateNode": pb.UpdateNodeRequest(node=pb.Node(id="a", weight=2)),
    "ApplyChanges": pb.ApplyChangesRequest(changes=[
        pb.NodeChange(add=pb.Node(id="b"))]),
    "CreateRing": pb.CreateRingRequest(spec=pb.RingSpec(name="made")),
    "DeleteRing": pb.DeleteRingRequest(ring="made"),
    "UndeleteRing": pb.UndeleteRingRequest(ring="made"),
}


def request_of(method):
    return REQUESTS.get(method.name) or getattr(pb, method.input_type.name)()


ROLES = ["READER", "OPERATOR", "ADMIN"]


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


class SecurityTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory(prefix="clockwise-security-")))
        self.authority = Authority(self.folder)
        self.cert, self.key = self.authority.issue(
            "server", "IP:127.0.0.1", "DNS:localhost")

    def tls_flags(self, mutual=False):
        flags = [f"--tls-cert={self.cert}", f"--tls-key={self.key}"]
        if mutual:
            flags.append(f"--tls-client-ca={self.authority.ca}")
        return flags

    def policy_flags(self, grants, tokens=""):
        policy = self.folder / "policy.json"
        policy.write_text(json.dumps({"grants": grants}), encoding="ascii")
        token_file = self.folder / "tokens"
        token_file.write_text(tokens, encoding="ascii")
        return [f"--access-policy={policy}", f"--token-file={token_file}"]

    def stub(self, server, pair=None, token=None, ca=None):
        """Returns a stub over TLS, with a certificate, a token, or neither."""
        pem = [path.read_bytes() for path in pair] if pair else [None, None]
        credentials = grpc.ssl_channel_credentials(
            (ca or self.authority.ca).read_bytes(), pem[1], pem[0])
        if token is not None:
            credentials = grpc.composite_channel_credentials(
                credentials, grpc.access_token_call_credentials(token))
        channel = grpc.secure_channel(server.grpc, credentials, options=[
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_reconnect_backoff_ms", 200),
            ("grpc.initial_reconnect_backoff_ms", 50)])
        self.addCleanup(channel.close)
        return placement_pb2_grpc.PlacementServiceStub(channel)

    def locate(self, stub):
        return refusal(stub.Locate, REQUESTS["Locate"])

    def server(self, *flags, **more):
        return self.enterContext(RunningServer(flags=flags, **more))

    def refused_start(self, *flags, listen="127.0.0.1:0"):
        done = subprocess.run(
            [CLOCKWISED, f"--listen={listen}", "--http=127.0.0.1:0",
             "--store=memory:", *flags], capture_output=True, text=True,
            timeout=30)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def metric(self, server, name):
        with urllib.request.urlopen(f"http://{server.http}/metrics") as page:
            lines = page.read().decode().splitlines()
        found = [line.rsplit(" ", 1)[1] for line in lines
                 if line.startswith(name)]
        return float(found[0]) if found else None

    def metric_by_tls(self, server, name):
        context = ssl.create_default_context(cafile=self.authority.ca)
        context.load_cert_chain(*self.authority.issue("scraper", "DNS:p"))
        with urllib.request.urlopen(f"https://{server.http}/metrics",
                                    context=context) as page:
            text = page.read().decode()
        found = re.search("^" + re.escape(name) + " (.*)$", text, re.MULTILINE)
        return float(found.group(1)) if found else None

    def check_ends(self, events):
        """Checks that the server closes a stream of events soon."""
        end = time.monotonic() + 4
        while events.recv(4096):
            self.assertLess(time.monotonic(), end)

    def wait_for(self, condition):
        for _ in range(200):
            if condition():
                return
            time.sleep(0.05)
        self.fail("the condition did not become true")

    # --- Transport. ---

    def test_plaintext_is_not_served_to_a_network_unless_said_aloud(self):
        self.assertIn("--insecure-listen",
                      self.refused_start(listen="0.0.0.0:0"))
        with RunningServer(listen="0.0.0.0:0", flags=["--insecure-listen"]):
            pass
        with RunningServer(listen="0.0.0.0:0", flags=self.tls_flags()):
            pass

    def test_flags_that_do_not_go_together_are_refused(self):
        self.assertIn("--tls-key", self.refused_start(
            f"--tls-cert={self.cert}"))
        self.assertIn("--tls-client-ca", self.refused_start(
            f"--tls-client-ca={self.authority.ca}"))
        self.assertIn("--tls-cert", self.refused_start("--http-tls"))
        self.assertIn("--access-policy", self.refused_start(
            f"--token-file={self.cert}"))

    def test_files_that_are_not_in_order_are_refused(self):
        other_cert, other_key = self.authority.issue("other", "IP:127.0.0.1")
        expired, expired_key = self.authority.issue("old", "IP:127.0.0.1",
                                                    days=0)
        junk = self.folder / "junk"
        junk.write_text("junk", encoding="ascii")
        empty = self.folder / "empty"
        empty.touch()
        for cert, key, why in (
                (self.cert, other_key, "does not match the first certificate"),
                (expired, expired_key, "expired"),
                (junk, self.key, "no certificate"),
                (self.cert, junk, "no unencrypted private key"),
                (empty, self.key, f"{empty}: the file is empty"),
                (self.cert, empty, f"{empty}: the file is empty"),
                (self.folder / "none", self.key, "No such file")):
            with self.subTest(why=why):
                self.assertIn(why, self.refused_start(
                    f"--tls-cert={cert}", f"--tls-key={key}"))
        chain = self.folder / "chain"
        chain.write_bytes(self.cert.read_bytes() + other_cert.read_bytes())
        self.assertIn("not signed by certificate 2", self.refused_start(
            f"--tls-cert={chain}", f"--tls-key={self.key}"))
        for roots, why in ((junk, "no certificate"),
                           (empty, "the file is empty")):
            self.assertIn(f"{roots}: ", self.refused_start(
                *self.tls_flags(), f"--tls-client-ca={roots}"))
            self.assertIn(why, self.refused_start(
                *self.tls_flags(), f"--tls-client-ca={roots}"))

    def test_tls_is_served_and_plaintext_is_not(self):
        server = self.server(*self.tls_flags())
        self.assertEqual(self.locate(self.stub(server)),
                         (CODE.FAILED_PRECONDITION, "RING_EMPTY"))
        with grpc.insecure_channel(server.grpc) as channel:
            plain = placement_pb2_grpc.PlacementServiceStub(channel)
            with self.assertRaises(grpc.RpcError):
                plain.GetRing(pb.GetRingRequest(), timeout=2)

    def test_mutual_tls_takes_own_certificates_alone(self):
        server = self.server(*self.tls_flags(mutual=True))
        self.assertEqual(self.locate(self.stub(server, (self.cert, self.key))),
                         (CODE.FAILED_PRECONDITION, "RING_EMPTY"))
        others = Authority(self.folder, "others")
        for pair in (None, others.issue("stranger", "DNS:web.example"),
                     self.authority.issue("late", "DNS:web.example", days=0)):
            with self.assertRaises(grpc.RpcError) as caught:
                self.stub(server, pair).GetRing(pb.GetRingRequest(), timeout=2)
            self.assertIn(caught.exception.code(),
                          (CODE.UNAVAILABLE, CODE.DEADLINE_EXCEEDED))

    def test_http_is_served_by_tls_to_own_certificates_alone(self):
        stranger = Authority(self.folder, "others").issue(
            "stranger", "DNS:prometheus")
        own = self.authority.issue("scraper", "DNS:prometheus")

        def get(page, pair, scheme="https"):
            context = ssl.create_default_context(cafile=self.authority.ca)
            if pair:
                context.load_cert_chain(*pair)
            with urllib.request.urlopen(f"{scheme}://{server.http}{page}",
                                        context=context,
                                        timeout=TIMEOUT) as answer:
                return answer.read()

        server = self.server(*self.tls_flags(mutual=True), "--http-tls")
        host, port = server.http.split(":")
        silent = [socket.create_connection((host, int(port)))
                  for _ in range(20)]  # no handshake: they block no other client
        for _ in range(3):
            self.assertEqual(get("/healthz", own), b"ok\n")
        self.assertIn(b"clockwise_build_info", get("/metrics", own))
        for pair in (None, stranger):
            with self.assertRaises(OSError):
                get("/metrics", pair)
        with self.assertRaises(OSError):
            get("/metrics", None, scheme="http")
        renewed = self.authority.issue("renewed", "IP:127.0.0.1")
        self.put(*zip(renewed, (self.cert, self.key)))
        self.wait_for(lambda: "msg=reloaded" in server.log())
        self.assertEqual(get("/healthz", own), b"ok\n")
        der = ssl.PEM_cert_to_DER_cert(self.cert.read_text())
        context = ssl.create_default_context(cafile=self.authority.ca)
        context.load_cert_chain(*own)
        with context.wrap_socket(
                socket.create_connection((host, int(port))),
                server_hostname=host) as peer:
            self.assertEqual(peer.getpeercert(binary_form=True), der)
            # Events work through TLS too.
            peer.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            told = b""
            while b"event: ring" not in told:
                told += peer.recv(4096)
        for one in silent:
            one.close()

    def test_emptied_client_ca_changes_nothing(self):
        authority = self.folder / "clients.pem"
        shutil.copy(self.authority.ca, authority)
        server = self.server(*self.tls_flags(), "--http-tls",
                             f"--tls-client-ca={authority}")
        empty = self.folder / "empty"
        empty.touch()
        self.put((empty, authority))
        self.wait_for(lambda: f"{authority}: the file is empty"
                      in server.log())
        context = ssl.create_default_context(cafile=self.authority.ca)
        with self.assertRaises(OSError):  # without a certificate
            with urllib.request.urlopen(f"https://{server.http}/healthz",
                                        context=context, timeout=TIMEOUT) as it:
                it.read()
        with self.assertRaises(grpc.RpcError):
            self.stub(server).GetRing(pb.GetRingRequest(), timeout=2)
        own = self.authority.issue("client", "DNS:web.example")
        self.assertEqual(self.locate(self.stub(server, own)),
                         (CODE.FAILED_PRECONDITION, "RING_EMPTY"))

    def put(self, *pairs):
        for source, target in pairs:
            shutil.copy(source, f"{target}.new")
            os.replace(f"{target}.new", target)

    def test_certificates_are_exchanged_under_load_without_a_failed_call(self):
        server = self.server(*self.tls_flags(mutual=True))
        pair = self.authority.issue("client", "DNS:web.example")
        failed, calls, stop = [], [], threading.Event()

        def load():
            stub = self.stub(server, pair)
            while not stop.is_set():
                try:
                    stub.GetRing(pb.GetRingRequest(), timeout=TIMEOUT)
                    calls.append(1)
                except grpc.RpcError as error:
                    failed.append(error)

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        expiry = "clockwise_tls_certificate_expiry_timestamp_seconds"
        before = self.metric(server, expiry)
        new = self.authority.issue("new", "IP:127.0.0.1", days=5)
        self.put((new[1], self.key), (new[0], self.cert))
        server.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: self.metric(server, expiry) > before)
        # New handshakes use the new certificate; an invalid file changes
        # nothing.
        self.stub(server, pair).GetRing(pb.GetRingRequest(), timeout=TIMEOUT)
        refused = ('clockwise_security_reloads_total{what="certificate",'
                   'outcome="refused"}')
        self.assertEqual(self.metric(server, refused), 0)
        self.cert.write_text("garbage", encoding="ascii")
        self.wait_for(lambda: self.metric(server, refused) == 1)
        self.wait_for(lambda: "reload rejected" in server.log())
        self.stub(server, pair).GetRing(pb.GetRingRequest(), timeout=TIMEOUT)
        os.remove(self.key)
        time.sleep(1.2)
        self.stub(server, pair).GetRing(pb.GetRingRequest(), timeout=TIMEOUT)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        self.assertGreater(len(calls), 100)

    def expired_session(self, server, pair, version):
        """Makes a call; returns its connection, and a function that makes a
        call in a resumed session and returns its status."""
        context = client_context(self.authority.ca, pair, version)
        first = RawConnection(server.grpc, context)
        self.addCleanup(first.close)
        self.assertEqual(first.call(b"GetStatus", b""), 0)

        def again():
            resumed = RawConnection(server.grpc, context, first.session)
            self.addCleanup(resumed.close)
            self.assertTrue(resumed.resumed)
            return resumed.call(b"GetStatus", b"")
        self.assertEqual(again(), 0)
        return first, again

    def check_that_expiry_ends_all(self, *flags):
        server = self.server(*self.tls_flags(mutual=True), "--http-tls",
                             "--watch-heartbeat=0.2", *flags)
        until = int(time.time()) + 6
        pair = self.authority.issue("short", "DNS:web.example", until=until)
        stub = self.stub(server, pair)
        self.assertEqual(self.locate(stub)[1], "RING_EMPTY")
        watch = stub.Watch(pb.WatchRequest(), timeout=TIMEOUT)
        next(watch)
        requests = queue.Queue()
        stream = stub.LocateStream(iter(requests.get, None), timeout=TIMEOUT)
        sessions = [self.expired_session(server, pair, version) for version in
                    (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)]
        context = ssl.create_default_context(cafile=self.authority.ca)
        context.load_cert_chain(*pair)
        host, port = server.http.split(":")
        events = self.enterContext(context.wrap_socket(
            socket.create_connection((host, int(port)), timeout=TIMEOUT),
            server_hostname=host))
        events.sendall(b"GET /api/v1/events HTTP/1.1\r\n\r\n")
        self.assertIn(b"200 OK", events.recv(4096))
        self.assertLess(time.time(), until, "the test is too slow")
        time.sleep(until - time.time() + 0.1)
        expired = (CODE.UNAUTHENTICATED, "UNAUTHENTICATED")
        for method in SERVICE.methods:  # on a connection that is open
            with self.subTest(method=method.name):
                self.assertEqual(self.outcome(stub, method), expired)
        for open_call in (watch, stream):
            with self.assertRaises(grpc.RpcError) as caught:
                for _ in open_call:
                    pass
            self.assertEqual(caught.exception.code(), CODE.UNAUTHENTICATED)
            self.assertIn("expired at", caught.exception.details())
        requests.put(None)
        for first, again in sessions:
            self.assertEqual(again(), CODE.UNAUTHENTICATED.value[0])
            self.assertEqual(first.call(b"Locate", b""),
                             CODE.UNAUTHENTICATED.value[0])
        self.check_ends(events)
        return server

    def test_an_expired_certificate_ends_connections_streams_and_sessions(self):
        server = self.check_that_expiry_ends_all()
        self.assertIsNotNone(self.metric_by_tls(
            server, 'clockwise_calls_refused_total{reason="certificate"}'))

    def test_a_policy_checks_the_dates_of_a_certificate_too(self):
        self.check_that_expiry_ends_all("--ring-page=on", *self.policy_flags([
            {"san": "dns:web.example", "role": "ADMIN", "rings": ["*"]}]))

    def test_a_connection_ends_at_its_maximum_age(self):
        server = self.server("--max-connection-age=0.5")
        with grpc.insecure_channel(server.grpc) as channel:
            stub = placement_pb2_grpc.PlacementServiceStub(channel)
            begin = time.monotonic()
            with self.assertRaises(grpc.RpcError) as caught:
                for _ in stub.Watch(pb.WatchRequest(), timeout=TIMEOUT):
                    pass
            self.assertEqual(caught.exception.code(), CODE.UNAVAILABLE)
            self.assertLess(time.monotonic() - begin, 5)
            for _ in range(50):  # other calls do not fail meanwhile
                stub.GetStatus(pb.GetStatusRequest(), timeout=TIMEOUT)
                time.sleep(0.02)
        host, port = server.http.split(":")
        with socket.create_connection((host, int(port)), TIMEOUT) as events:
            events.sendall(b"GET /api/v1/events HTTP/1.1\r\n\r\n")
            self.check_ends(events)

    def test_the_http_port_takes_no_cipher_suite_of_cbc(self):
        server = self.server(*self.tls_flags(), "--http-tls")
        host, port = server.http.split(":")
        for suites, taken in (("ECDHE+AESGCM", True), ("ECDHE+AES", True),
                              ("ECDHE+AES+SHA", False),
                              ("ECDHE+AES+SHA256:ECDHE+AES+SHA384", False)):
            context = ssl.create_default_context(cafile=self.authority.ca)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(suites)
            raw = self.enterContext(socket.create_connection((host, int(port))))
            with self.subTest(suites=suites):
                if taken:
                    context.wrap_socket(raw, server_hostname=host).close()
                else:
                    with self.assertRaises(ssl.SSLError):
                        context.wrap_socket(raw, server_hostname=host)

    def test_the_http_port_accepts_its_own_host_names_only(self):
        for flags, name, status in (
                ([], "ring.example", 403), ([], "localhost", 200),
                (["--http-hosts=ring,*.example"], "ring.example", 200),
                (["--http-hosts=ring,*.example"], "evil.test", 403)):
            with self.subTest(flags=flags, name=name), \
                    RunningServer(flags=flags) as server:
                peer = http.client.HTTPConnection(server.http, timeout=TIMEOUT)
                self.addCleanup(peer.close)
                peer.request("GET", "/metrics", headers={"Host": name})
                self.assertEqual(peer.getresponse().status, status)

    # --- Roles. ---

    def grants(self, kind):
        return [{kind: (f"dns:{role.lower()}.example" if kind == "san"
                        else role.lower()), "role": role, "rings": ["*"]}
                for role in ROLES]

    def outcome(self, stub, method):
        """Returns the status code of one call of a method, and its ErrorInfo
        reason."""
        call, request = getattr(stub, method.name), request_of(method)
        if not method.server_streaming:
            return refusal(call, request)
        sent = iter([request]) if method.client_streaming else request
        answers = call(sent, timeout=TIMEOUT)

        def first(_, timeout):  # a Watch would not end
            next(answers, None)
            answers.cancel()
        return refusal(first, None)

    def check_roles(self, stubs):
        """Calls every method of the service with every role."""
        self.assertEqual(set(PROMISES), set(SERVICE.methods_by_name))
        for role, stub in stubs.items():
            for method in SERVICE.methods:
                wanted, _ = PROMISES[method.name]
                with self.subTest(role=role, method=method.name):
                    code, reason = self.outcome(stub, method)
                    if ROLES.index(role) < ROLES.index(wanted):
                        self.assertEqual((code, reason), (
                            CODE.PERMISSION_DENIED, "PERMISSION_DENIED"))
                    else:
                        self.assertNotIn(code, (CODE.PERMISSION_DENIED,
                                                CODE.UNAUTHENTICATED,
                                                CODE.UNIMPLEMENTED))
            self.assertTrue(stub.ListRings(pb.ListRingsRequest(),
                                           timeout=TIMEOUT).rings)

    def test_the_page_names_the_role_of_each_method(self):
        told = {}
        text = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
        for role, methods in re.findall(r"^\| `([A-Z]+)` \| (`.*`) \|$", text,
                                        re.MULTILINE):
            for method in methods.replace("`", "").split(", "):
                told[method] = role
        self.assertEqual(told, {method: role for method, (role, _)
                                in PROMISES.items()})

    def test_every_method_with_every_role_by_certificate(self):
        server = self.server(*self.tls_flags(mutual=True),
                             *self.policy_flags(self.grants("san")))
        self.check_roles({
            role: self.stub(server, self.authority.issue(
                role, f"DNS:{role.lower()}.example")) for role in ROLES})

    def test_every_method_with_every_role_by_token(self):
        tokens = "".join(f"{role.lower()} {digest('secret-' + role)}\n"
                         for role in ROLES)
        server = self.server(*self.tls_flags(),
                             *self.policy_flags(self.grants("token"), tokens))
        self.check_roles({role: self.stub(server, token=f"secret-{role}")
                          for role in ROLES})

    def test_who_shows_nothing_or_an_unknown_token_is_let_into_nothing(self):
        server = self.server(*self.tls_flags(), *self.policy_flags(
            self.grants("token"), "reader " + digest("secret") + "\n"
            "operator " + digest("x") + "\nadmin " + digest("y") + "\n"))
        refused = (CODE.UNAUTHENTICATED, "UNAUTHENTICATED")
        nothing, guess = self.stub(server), self.stub(server, token="guess")
        for method in SERVICE.methods:
            with self.subTest(method=method.name):
                self.assertEqual(self.outcome(nothing, method), refused)
        # Only a few methods: all of them would count as too many guesses.
        for name in ("GetRing", "AddNode", "ListRings", "Watch",
                     "LocateStream"):
            with self.subTest(method=name):
                self.assertEqual(self.outcome(
                    guess, SERVICE.methods_by_name[name]), refused)
        self.assertNotIn("guess", server.log())
        self.assertGreater(self.metric(
            server, 'clockwise_calls_refused_total{reason="bad_token"}'), 0)

    def test_a_role_is_that_on_the_ring(self):
        server = self.server(*self.tls_flags(mutual=True), *self.policy_flags([
            {"san": "dns:*.web.example", "role": "READER", "rings": ["*"]},
            {"san": "dns:ops.web.example", "role": "ADMIN",
             "rings": ["cache-*"]}]))
        ops = self.stub(server, self.authority.issue(
            "ops", "DNS:ops.web.example"))
        spec = pb.RingSpec(name="cache-1")
        ops.CreateRing(pb.CreateRingRequest(spec=spec), timeout=TIMEOUT)
        change = ops.AddNode(pb.AddNodeRequest(
            ring="cache-1", node=pb.Node(id="a")), timeout=TIMEOUT).change
        self.assertEqual(change.actor, "dns:ops.web.example")
        self.assertEqual(
            refusal(ops.AddNode, pb.AddNodeRequest(node=pb.Node(id="a"))),
            (CODE.PERMISSION_DENIED, "PERMISSION_DENIED"))
        other = self.stub(server, self.authority.issue(
            "mail", "DNS:mail.example"))
        self.assertEqual(self.locate(other),
                         (CODE.PERMISSION_DENIED, "PERMISSION_DENIED"))
        self.assertFalse(other.ListRings(pb.ListRingsRequest(),
                                         timeout=TIMEOUT).rings)

    def test_a_token_over_plaintext_is_refused_and_health_is_open(self):
        server = self.server(*self.policy_flags(
            self.grants("token")[:1], "reader " + digest("secret") + "\n"))
        with grpc.insecure_channel(server.grpc) as channel:
            stub = placement_pb2_grpc.PlacementServiceStub(channel)
            with self.assertRaises(grpc.RpcError) as caught:
                stub.GetRing(pb.GetRingRequest(), timeout=TIMEOUT, metadata=[
                    ("authorization", "Bearer secret")])
            self.assertEqual(caught.exception.code(), CODE.UNAUTHENTICATED)
            self.assertIn("plaintext", caught.exception.details())
            self.assertNotIn("secret", caught.exception.details())
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            self.assertEqual(check(b"", timeout=TIMEOUT), b"\x08\x01")

    def test_tokens_cannot_be_guessed_at(self):
        server = self.server(*self.tls_flags(), *self.policy_flags(
            self.grants("token")[:1], "reader " + digest("secret") + "\n"))
        codes = [self.locate(self.stub(server, token=f"guess-{i}"))[0]
                 for i in range(25)]
        self.assertEqual(codes[:20], [CODE.UNAUTHENTICATED] * 20)
        self.assertEqual(codes[20:], [CODE.RESOURCE_EXHAUSTED] * 5)
        self.assertEqual(self.locate(self.stub(server, token="secret"))[0],
                         CODE.RESOURCE_EXHAUSTED)

    def test_a_policy_is_reloaded_and_a_bad_one_changes_nothing(self):
        pair = self.authority.issue("web", "DNS:web.example")
        server = self.server(*self.tls_flags(mutual=True),
                             *self.policy_flags([]))
        stub = self.stub(server, pair)
        denied = (CODE.PERMISSION_DENIED, "PERMISSION_DENIED")
        self.assertEqual(self.locate(stub), denied)
        grant = {"san": "dns:web.example", "role": "READER", "rings": ["*"]}
        self.policy_flags([grant])
        self.wait_for(lambda: self.locate(stub) != denied)
        (self.folder / "policy.json").write_text("{", encoding="ascii")
        server.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: "reload rejected" in server.log())
        self.assertNotEqual(self.locate(stub), denied)
        self.policy_flags([])
        self.wait_for(lambda: self.locate(stub) == denied)

    def test_metrics_hide_names_where_a_policy_protects_them(self):
        policy, other_machines = self.policy_flags([]), ["--http=0.0.0.0:0"]
        for flags, ring in (
                (other_machines, '"default"'),
                (policy, '"default"'),
                (policy + other_machines, None),
                ([*policy, *other_machines, "--metrics-names=on"],
                 '"default"'),
                (["--metrics-names=off"], None),
                (["--metrics-names=hashed"], '"[0-9a-f]+"')):
            with self.subTest(flags=flags), RunningServer(flags=flags) as one:
                with urllib.request.urlopen(f"http://{one.http}/metrics") as it:
                    text = it.read().decode()
                shown = set(re.findall(r'[{,]ring=("[^"]*")', text))
                self.assertEqual(len(shown), 0 if ring is None else 1, shown)
                for name in shown:
                    self.assertRegex(name, f"^{ring}$")

    def test_a_token_is_exchanged_without_a_restart(self):
        grants = [{"token": "web", "role": "READER", "rings": ["*"]}]
        server = self.server(*self.tls_flags(), *self.policy_flags(
            grants, f"web {digest('old')}\n"))
        old, new = (self.stub(server, token=one) for one in ("old", "new"))
        let_in = (CODE.FAILED_PRECONDITION, "RING_EMPTY")
        self.assertEqual(self.locate(old), let_in)
        self.assertEqual(self.locate(new)[0], CODE.UNAUTHENTICATED)
        tokens = self.folder / "tokens"
        tokens.write_text(f"web {digest('new')}\n", encoding="ascii")
        # Repeated calls would count as guesses.
        self.wait_for(lambda: "msg=reloaded" in server.log())
        self.assertEqual(self.locate(new), let_in)
        self.assertEqual(self.locate(old)[0], CODE.UNAUTHENTICATED)
        tokens.write_text("web no hash\n", encoding="ascii")
        self.wait_for(lambda: "reload rejected" in server.log())
        self.assertEqual(self.locate(new), let_in)

    # --- The audit log. ---

    def entries(self, path):
        text = pathlib.Path(path).read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def test_each_attempt_to_change_is_in_the_audit_log(self):
        log = self.folder / "audit"
        server = self.server(
            *self.tls_flags(mutual=True), f"--audit-log={log}",
            *self.policy_flags([{"san": "dns:ops.example", "role": "OPERATOR",
                                 "rings": ["*"]}]))
        ops = self.stub(server, self.authority.issue("ops", "DNS:ops.example"))
        web = self.stub(server, self.authority.issue("web", "DNS:web.example"))
        add = pb.AddNodeRequest(node=pb.Node(id="a"), request_id="r-1")
        ops.AddNode(add, timeout=TIMEOUT)
        refusal(web.AddNode, pb.AddNodeRequest(node=pb.Node(id="b")))
        refusal(ops.RemoveNode, pb.RemoveNodeRequest(node_id="none"))
        self.locate(ops)
        self.assertEqual(log.stat().st_mode & 0o777, 0o600)
        made, = self.entries(log)
        denied, missing = self.entries(f"{log}.refused")
        self.assertEqual(
            [made[name] for name in ("actor", "role", "method", "ring",
                                     "request_id", "epoch", "nodes",
                                     "outcome")],
            ["dns:ops.example", "operator", "AddNode", "default", "r-1", "2",
             ["a"], "OK"])
        self.assertRegex(made["peer"], r"^ipv4:127\.0\.0\.1:")
        self.assertRegex(made["time"], r"^20\d\d-.*\+00:00$")
        self.assertEqual(
            [denied[name] for name in ("actor", "nodes", "outcome", "reason")],
            ["dns:web.example", ["b"], "PERMISSION_DENIED",
             "PERMISSION_DENIED"])
        self.assertEqual((missing["outcome"], missing["reason"]),
                         ("NOT_FOUND", "NODE_NOT_FOUND"))

    def test_deletions_and_restorations_are_in_the_audit_log(self):
        log = self.folder / "audit"
        server = self.server(f"--audit-log={log}")
        with grpc.insecure_channel(server.grpc) as channel:
            stub = placement_pb2_grpc.PlacementServiceStub(channel)
            stub.CreateRing(pb.CreateRingRequest(
                spec=pb.RingSpec(name="r"), request_id="c-1"), timeout=TIMEOUT)
            stub.AddNode(pb.AddNodeRequest(ring="r", node=pb.Node(id="a")),
                         timeout=TIMEOUT)
            delete = pb.DeleteRingRequest(ring="r", request_id="d-1",
                                          expected_epoch=2)
            refusal(stub.DeleteRing, delete)
            delete.force = True
            for call, request in ((stub.DeleteRing, delete),
                                  (stub.UndeleteRing, pb.UndeleteRingRequest(
                                      ring="r", request_id="u-1"))):
                call(request, timeout=TIMEOUT,
                     metadata=[("clockwise-actor", "alice@host")])
        names = ("method", "ring", "request_id", "expected_epoch", "epoch",
                 "stated_actor", "outcome")
        created, _, deleted, restored = (
            [entry.get(name) for name in names] for entry in self.entries(log))
        self.assertEqual(created, ["CreateRing", "r", "c-1", None, "1", None, "OK"])
        self.assertEqual(deleted, ["DeleteRing", "r", "d-1", "2", "2",
                                   "alice@host", "OK"])
        self.assertEqual(restored, ["UndeleteRing", "r", "u-1", None, "3",
                                    "alice@host", "OK"])
        refused, = self.entries(f"{log}.refused")
        self.assertEqual([refused[name] for name in ("method", "ring", "reason")],
                         ["DeleteRing", "r", "FORCE_REQUIRED"])
        # The log of the server has the same.
        for pattern in ('msg="ring deleted" ring=r epoch=2 nodes=1 kept=true .*'
                        "stated_actor=alice@host request_id=d-1",
                        'msg="ring changed" ring=r epoch=3 .*'
                        "stated_actor=alice@host request_id=u-1"):
            self.assertRegex(server.log(), pattern)

    def test_logrotate_may_rename_the_audit_log(self):
        log = self.folder / "audit"
        server = self.server(f"--audit-log={log}")
        with grpc.insecure_channel(server.grpc) as channel:
            stub = placement_pb2_grpc.PlacementServiceStub(channel)

            def add(node):
                stub.AddNode(pb.AddNodeRequest(node=pb.Node(id=node)),
                             timeout=TIMEOUT)
            add("a")
            # Without SIGHUP, the next line opens a new file.
            log.rename(f"{log}.old")
            add("b")
            self.assertEqual([e["nodes"] for e in self.entries(log)], [["b"]])
            # SIGHUP opens both files.
            refused = self.folder / "audit.refused"
            for path in (log, refused):
                path.rename(f"{path}.old")
            server.process.send_signal(signal.SIGHUP)
            self.wait_for(lambda: log.exists() and refused.exists())
            add("c")
            self.assertEqual([e["nodes"] for e in self.entries(log)], [["c"]])
            log.rename(f"{log}.old")
            log.mkdir()
            server.process.send_signal(signal.SIGHUP)
            self.wait_for(
                lambda: "audit log cannot be opened again" in server.log())
            add("d")
            self.assertEqual([e["nodes"] for e in self.entries(f"{log}.old")],
                             [["c"], ["d"]])
        self.assertEqual(self.metric(server, "clockwise_audit_lost_total"), 0)

    def test_a_full_audit_log_is_put_away(self):
        log = self.folder / "audit"
        server = self.server(f"--audit-log={log}", "--audit-log-bytes=1000")
        with grpc.insecure_channel(server.grpc) as channel:
            stub = placement_pb2_grpc.PlacementServiceStub(channel)
            for i in range(100):
                stub.AddNode(pb.AddNodeRequest(node=pb.Node(id=f"n{i}")),
                             timeout=TIMEOUT)
        files = [log, *sorted(self.folder.glob("audit.[0-9]"))]
        self.assertEqual(len(files), 10)
        for path in files:
            self.assertLessEqual(path.stat().st_size, 1000)
            for line in path.read_text().splitlines():
                json.loads(line)
        self.assertIn('"n99"', log.read_text())

    def test_a_flood_of_refused_calls_keeps_the_line_of_a_change(self):
        log = self.folder / "audit"
        server = self.server(
            *self.tls_flags(), f"--audit-log={log}", "--audit-log-bytes=4000",
            *self.policy_flags([{"token": "ops", "role": "OPERATOR",
                                 "rings": ["*"]}],
                               f"ops {digest('secret')}\n"))
        self.stub(server, token="secret").AddNode(pb.AddNodeRequest(
            node=pb.Node(id="real"), request_id="r-1"), timeout=TIMEOUT)
        stranger = self.stub(server)
        huge = "\x01" * 4_180_000
        for _ in range(25):
            self.assertEqual(refusal(stranger.AddNode, pb.AddNodeRequest(
                node=pb.Node(id=huge), request_id=huge, ring=huge))[0],
                CODE.RESOURCE_EXHAUSTED)  # above --max-request-bytes: no line
            self.assertEqual(refusal(stranger.AddNode, pb.AddNodeRequest(
                node=pb.Node(id=huge)))[0], CODE.UNAUTHENTICATED)
        made, = self.entries(log)
        self.assertEqual((made["request_id"], made["nodes"], made["outcome"]),
                         ("r-1", ["real"], "OK"))
        files = [self.folder / "audit.refused",
                 *self.folder.glob("audit.refused.[0-9]")]
        self.assertLessEqual(sum(path.stat().st_size for path in files), 40_000)
        refused = self.entries(files[0])[-1]
        self.assertEqual(refused["nodes"], ["\x01" * 256])
        self.assertEqual(refused["cut"], ["nodes"])
        self.assertEqual(self.metric(server, "clockwise_audit_lost_total"), 0)


if __name__ == "__main__":
    unittest.main()
