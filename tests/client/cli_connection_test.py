"""Tests servers that are down, stop and return; and `clockwise watch`."""

import concurrent.futures
import json
import pathlib
import select
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from tests.support.authority import Authority
from tests.support.clockwise_command import CLOCKWISE, ENVIRONMENT, run
from tests.support.etcd_cluster import free_port
from tests.support.loopback_proxy import LoopbackProxy, connect, relay
from tests.support.running_server import RunningServer


class NotReachedTest(unittest.TestCase):
    def test_no_server_is_exit_three_and_says_how_to_start_one(self):
        server = f"127.0.0.1:{free_port()}"
        for arguments in (("locate", "k"), ("node", "add", "n1"), ("watch",),
                          ("ring", "list"), ("locate", "--stdin")):
            with self.subTest(arguments=arguments):
                done = run(*arguments, server=server, stdin="k\n")
                self.assertEqual(done.returncode, 3, done)
                self.assertIn(server, done.stderr)
                self.assertIn("clockwised", done.stderr)
                self.assertEqual(done.stderr.count("\n"), 2, done.stderr)

    def test_server_that_accepts_and_says_nothing_is_exit_three(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            port = mute.getsockname()[1]
            done = run("locate", "k", "--timeout=0.5",
                       server=f"127.0.0.1:{port}")
        self.assertEqual(done.returncode, 3, done)

    def test_unix_sockets_work(self):
        with RunningServer(listen="unix:{folder}/socket") as server:
            done = run("ring", "list", server=f"unix:{server.folder}/socket")
            self.assertEqual(done.returncode, 0, done)


class TlsTest(unittest.TestCase):
    def test_all_look_ups_use_tls(self):
        with tempfile.TemporaryDirectory(prefix="clockwise-tls-") as folder:
            authority = Authority(folder)
            certificate, key = authority.issue("server", "IP:127.0.0.1")
            with RunningServer(flags=[f"--tls-cert={certificate}",
                                      f"--tls-key={key}"]) as server:
                tls = f"--tls-ca={authority.ca}"
                for arguments in (("node", "add", "n1"), ("locate", "k"),
                                  ("locate", "--local", "k")):
                    with self.subTest(arguments=arguments):
                        done = run(tls, *arguments, server=server.grpc)
                        self.assertEqual((done.returncode, done.stderr),
                                         (0, ""), done)


class TlsHintTest(unittest.TestCase):
    """Mistakes with TLS name the cause and the flag."""

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="clockwise-tls-"))
        cls.authority = Authority(folder)
        cls.other = Authority(folder, name="other")
        cls.own = cls.authority.issue("client", "DNS:client")
        cls.foreign = cls.other.issue("stranger", "DNS:stranger")
        cls.plain = cls.enterClassContext(RunningServer())
        certificate, key = cls.authority.issue("server", "IP:127.0.0.1")
        cls.tls = cls.enterClassContext(RunningServer(flags=[
            f"--tls-cert={certificate}", f"--tls-key={key}",
            f"--tls-client-ca={cls.authority.ca}"]))
        certificate, key = cls.authority.issue("elsewhere", "DNS:a.example")
        cls.elsewhere = cls.enterClassContext(RunningServer(flags=[
            f"--tls-cert={certificate}", f"--tls-key={key}"]))

    def hint(self, server, *flags):
        done = run("node", "add", "n", "--timeout=5", *flags, server=server)
        self.assertEqual(done.returncode, 3, done)
        self.assertEqual(done.stderr.count("\n"), 2, done.stderr)
        self.assertNotIn("unknown:", done.stderr)  # nothing was sent
        return done.stderr

    def test_each_mistake_is_told_apart(self):
        ca = f"--tls-ca={self.authority.ca}"
        own, foreign = ([f"--tls-cert={pair[0]}", f"--tls-key={pair[1]}"]
                        for pair in (self.own, self.foreign))
        cases = (
            (self.tls, (), "it speaks TLS, and this command does not",
             "--tls-ca=FILE"),
            (self.plain, (ca,), "it does not speak TLS", "omit --tls"),
            (self.tls, (ca,), "it requires a client certificate",
             "--tls-cert=FILE"),
            (self.tls, (ca, *foreign), "it rejects the client certificate",
             "--tls-client-ca"),
            (self.tls, (f"--tls-ca={self.other.ca}", *own),
             "signed by an unknown CA (/CN=ca), which is not in "
             f"{self.other.ca}", "--tls-ca=FILE"),
            (self.tls, ("--tls", *own), "not in the system's",
             "--tls-ca=FILE"),
            (self.elsewhere, (ca,),
             'not for "127.0.0.1" but for DNS:a.example', "--server"))
        # Each command retries for a second.
        with concurrent.futures.ThreadPoolExecutor() as threads:
            told = [threads.submit(self.hint, server.grpc, *flags)
                    for server, flags, _, _ in cases]
        for (_, _, what, advice), text in zip(cases, told):
            with self.subTest(what=what):
                self.assertIn(what, text.result())
                self.assertIn(advice, text.result())

    def hint_of_tls_server(self, name, alpn=("h2",), **dates):
        """Returns what the command says of another TLS server. clockwised does
        not start with a certificate that is not valid now."""
        certificate, key = self.authority.issue(name, "IP:127.0.0.1", **dates)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.set_alpn_protocols(alpn)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            def answer(client):
                with client:
                    try:
                        with context.wrap_socket(client, server_side=True) as tls:
                            tls.recv(1)
                            tls.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    except OSError:
                        pass

            def serve():
                while True:
                    try:
                        client, _ = listener.accept()
                    except OSError:
                        return
                    threading.Thread(target=answer, args=(client,),
                                     daemon=True).start()
            thread = threading.Thread(target=serve)
            thread.start()
            try:
                return self.hint("127.0.0.1:%d" % listener.getsockname()[1],
                                 f"--tls-ca={self.authority.ca}")
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                thread.join()

    def test_certificate_that_is_not_valid_now_is_told(self):
        day, now = 86400, int(time.time())
        told = self.hint_of_tls_server("late", since=now - day, until=now - 60)
        self.assertIn(time.strftime("its certificate has expired on %Y-%m-%d %H:%M:%S UTC",
                                    time.gmtime(now - 60)), told)
        self.assertIn("renew", told)
        told = self.hint_of_tls_server("early", since=now + day, until=now + 2 * day)
        self.assertIn(time.strftime("its certificate is valid only from %Y-%m-%d %H:%M:%S UTC",
                                    time.gmtime(now + day)), told)
        self.assertIn("check the clocks", told)

    def test_server_of_https_is_told(self):
        self.assertIn("it speaks TLS, but not gRPC",
                      self.hint_of_tls_server("web", alpn=()))

    def test_port_of_the_pages_is_told(self):
        self.assertIn("it speaks HTTP/1, not gRPC", self.hint(self.plain.http))

    def test_of_several_servers_the_one_with_the_fault_is_named(self):
        told = self.hint(f"127.0.0.1:{free_port()},{self.tls.grpc}")
        self.assertIn(f": {self.tls.grpc}: it speaks TLS", told)


class CuttingProxy(LoopbackProxy):
    """Forwards connections to a server. Cuts the first connection on which
    `mark` reaches the server, before the client receives the reply. It lets
    `skip` pieces with the mark pass first."""

    def __init__(self, target, mark, skip=0):
        self.target = target
        self.mark = mark
        self.skip = skip
        self.cuts = 0

    def serve(self, client):
        with client, connect(self.target) as server:
            def seen(end, data):
                if end is server or self.mark not in data or self.cuts:
                    return True
                self.skip -= 1
                if self.skip >= 0:
                    return True
                self.cuts += 1
                # Wait until the server has replied; the reply is discarded.
                select.select([server], [], [], 5)
                return False
            relay(client, server, seen)


class HoldingProxy(CuttingProxy):
    """Forwards connections to a server. Discards each reply to a request that
    has `mark`, and keeps the connection open."""

    def serve(self, client):
        with client, connect(self.target) as server:
            def seen(end, data):
                if end is not server and self.mark in data:
                    self.cuts += 1
                    server.sendall(data)
                    time.sleep(3)  # longer than the client's timeout
                    return False
                return True
            relay(client, server, seen)


class LostConnectionTest(unittest.TestCase):
    def test_change_whose_answer_was_lost_is_made_once(self):
        with RunningServer() as server:
            proxy = self.enterContext(
                CuttingProxy(server.grpc, b"the-one-request"))
            done = run("node", "add", "n1", "--request-id=the-one-request",
                       server=proxy.address)
            self.assertEqual(done.returncode, 0, done)
            self.assertIn("added n1: epoch 2", done.stdout)
            self.assertEqual(proxy.cuts, 1)

    def lost(self, server, name, command):
        """Runs a change whose answer is lost, without a server for a retry."""
        # The plan of an import has the request ID too.
        proxy = self.enterContext(CuttingProxy(
            server.grpc, b"id-of-" + name.encode(), skip=1 if name == "import" else 0))
        serve = proxy.serve

        def serve_once(client):
            proxy.stop_listening()
            serve(client)
        proxy.serve = serve_once
        return run(*command, f"--request-id=id-of-{name}", "--timeout=1",
                   server=proxy.address)

    def test_change_lost_for_good_says_how_to_send_it_again(self):
        with RunningServer() as server, tempfile.TemporaryDirectory() as folder:
            for ring in ("old", "full", "empty", "gone"):
                run("ring", "create", ring, server=server.grpc)
            run("--ring=full", "node", "add", "a", server=server.grpc)
            run("migrate", "start", "full", "next", server=server.grpc)
            run("ring", "delete", "gone", "--yes", server=server.grpc)
            pool = pathlib.Path(folder, "pool.yml")
            pool.write_text("alpha:\n  listen: 127.0.0.1:22121\n"
                            "  hash: fnv1a_64\n  distribution: ketama\n"
                            "  servers:\n   - 127.0.0.1:11211:1\n")
            spec = pathlib.Path(folder, "ring.yaml")
            spec.write_text("ring: empty\nnodes:\n- id: x\n")
            changes = {
                "add": ("node", "add", "n1"),
                "create": ("ring", "create", "new"),
                "delete": ("ring", "delete", "old", "--yes"),
                "undelete": ("ring", "undelete", "gone"),
                "start": ("migrate", "start", "full", "other"),
                "end": ("migrate", "end", "next"),
                "import": ("import", "--from=twemproxy", str(pool), "alpha",
                           "--ring=imported"),
                "apply": ("apply", "-f", str(spec)),
            }
            # A plan changes nothing, so its outcome does not matter.
            plan = {"plan": ("node", "add", "n2", "--plan")}
            with concurrent.futures.ThreadPoolExecutor() as threads:
                done = {name: threads.submit(self.lost, server, name, command)
                        for name, command in {**changes, **plan}.items()}
            for name, command in changes.items():
                with self.subTest(change=name):
                    result = done[name].result()
                    self.assertEqual(result.returncode, 5, result)
                    self.assertIn("the outcome is unknown: repeat the command with "
                                  f"--request-id=id-of-{name},", result.stderr)
                    again = run(*command, f"--request-id=id-of-{name}",
                                server=server.grpc)
                    self.assertEqual(again.returncode, 0, again)
            result = done["plan"].result()
            self.assertEqual(result.returncode, 3, result)
            self.assertNotIn("unknown", result.stderr)

    def test_timeout_says_how_to_send_the_change_again(self):
        with RunningServer() as server:
            proxy = self.enterContext(
                HoldingProxy(server.grpc, b"the-one-request"))
            done = run("node", "add", "n1", "--request-id=the-one-request",
                       "--timeout=1", server=proxy.address)
            self.assertEqual(done.returncode, 5, done)
            self.assertIn("did not answer in time; --timeout=SECONDS",
                          done.stderr)
            self.assertIn("--request-id=the-one-request", done.stderr)


class SeveralServersTest(unittest.TestCase):
    """--server with a list."""

    def test_the_first_server_that_answers_is_used(self):
        dead = ",".join(f"127.0.0.1:{free_port()}" for _ in range(4))
        with RunningServer() as server:
            servers = f"{dead},{server.grpc}"
            for arguments in (("node", "add", "n1"), ("locate", "k"),
                              ("locate", "--local", "k"), ("ring", "list"),
                              ("ring", "create", "r"),
                              ("ring", "delete", "r", "--yes")):
                with self.subTest(arguments=arguments):
                    done = run(*arguments, server=servers)
                    self.assertEqual((done.returncode, done.stderr), (0, ""), done)

    def test_a_unix_socket_may_begin_the_list(self):
        with RunningServer() as server:
            done = run("ring", "list", server=f"unix:/nowhere,{server.grpc}")
            self.assertEqual((done.returncode, done.stderr), (0, ""), done)

    def test_a_server_that_says_nothing_leaves_time_for_the_next(self):
        with socket.create_server(("127.0.0.1", 0)) as mute, \
                RunningServer() as server:
            servers = "127.0.0.1:%d,%s" % (mute.getsockname()[1], server.grpc)
            done = run("ring", "list", "--timeout=2", server=servers)
            self.assertEqual(done.returncode, 0, done)

    def test_all_servers_away_is_exit_three_and_names_them(self):
        servers = ",".join(f"127.0.0.1:{free_port()}" for _ in range(3))
        for command in ("locate", "watch"):
            done = run(*((command, "k") if command == "locate" else (command,)),
                       server=servers)
            self.assertEqual(done.returncode, 3, done)
            self.assertIn(f"no server reached at {servers}: ", done.stderr)

    def test_an_invalid_address_in_the_list_is_bad_usage(self):
        for servers in ("127.0.0.1:1,", "127.0.0.1:1,no where", "a:0", "a:",
                        "a:65536", "::1", "::1:7400", "[::1", "[a]:1", "a:b:1",
                        "http://a:1", "unix:", "", "dns:///", "dns:///a:x",
                        ",".join(["127.0.0.1:1"] * 101)):
            with self.subTest(servers=servers):
                done = run("locate", "k", server=servers)
                self.assertEqual(done.returncode, 2, done)

    def test_an_address_without_a_port_has_the_default_port(self):
        for servers, meant in (
                ("127.0.0.9", "127.0.0.9:7400"),
                ("127.0.0.9, [::1]", "127.0.0.9:7400,[::1]:7400"),
                ("dns:///localhost", "dns:///localhost:7400"),
                ("127.0.0.9:1,localhost:2", "127.0.0.9:1,localhost:2")):
            with self.subTest(servers=servers):
                done = run("locate", "k", "--timeout=2",
                           env={**ENVIRONMENT, "CLOCKWISE_SERVER": servers})
                # Port 7400 of this machine may be in use.
                if done.returncode == 3:
                    self.assertIn(f"reached at {meant}: ", done.stderr)
                done = run("locate", "k", "--timeout=2", server=servers)
                if done.returncode == 3:
                    self.assertIn(f"reached at {meant}: ", done.stderr)

    def test_doctor_examines_all_of_them(self):
        with RunningServer() as one, RunningServer() as other:
            done = run("doctor", "--output=json",
                       server=f"{one.grpc},{other.grpc}")
            for server in (one, other):
                self.assertIn(server.grpc, done.stdout)

    def test_watch_goes_on_at_the_next_server(self):
        dead = f"127.0.0.1:{free_port()}"
        with RunningServer() as one, RunningServer() as other, \
                Watching(f"{dead},{one.grpc},{other.grpc}") as watch:
            self.assertIn("epoch 1: ring default", watch.line())
            one.kill()
            self.assertRegex(watch.line(), "epoch 1: ring default was created again")

    def test_a_ring_is_not_deleted_twice(self):
        """The answer is lost, and the retry returns the first result."""
        with RunningServer() as server:
            proxy = self.enterContext(CuttingProxy(server.grpc, b"twice"))
            self.assertEqual(
                run("ring", "create", "twice", server=server.grpc).returncode, 0)
            done = run("ring", "delete", "twice", "--yes",
                       server=f"{proxy.address},{server.grpc}")
            self.assertEqual(done.returncode, 0, done)
            self.assertIn("deleted ring twice: epoch 1", done.stdout)
            self.assertNotIn("twice", run("ring", "list",
                                          server=server.grpc).stdout)


class Watching:
    """A running `clockwise watch`, read line by line, in another time zone."""

    def __init__(self, server, *arguments):
        self.process = subprocess.Popen(
            [CLOCKWISE, f"--server={server}", "watch", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**ENVIRONMENT, "TZ": "Asia/Tokyo"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def line(self):
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        if not ready:
            raise TimeoutError("no line")
        return self.process.stdout.readline()


class WatchTest(unittest.TestCase):
    def good(self, server, *arguments):
        done = run(*arguments, server=server.grpc)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout

    def test_each_change_is_told_as_it_comes(self):
        with RunningServer() as server, Watching(server.grpc) as watch:
            self.assertIn("epoch 1: ring default, ", watch.line())
            self.good(server, "node", "add", "n1", "--zone=a")
            line = watch.line()
            self.assertRegex(
                line, r"^\d\d:\d\d:\d\d UTC epoch 2: added n1 \(zone a\); "
                r"100 % moved: \(none\) → n1 100 %$")
            hours = (int(line[:2]) - time.gmtime().tm_hour) % 24
            self.assertIn(hours, (0, 23), line)  # not 9, as in Tokyo
            self.good(server, "node", "update", "n1", "--weight=2")
            self.assertIn("changed n1 (weight 1 → 2)", watch.line())
            self.good(server, "node", "remove", "n1")
            self.assertIn("removed n1", watch.line())

    def test_json_is_one_message_a_line(self):
        with RunningServer() as server, \
                Watching(server.grpc, "--output=json") as watch:
            self.assertEqual(json.loads(watch.line())["snapshot"]["epoch"], "1")
            self.good(server, "node", "add", "n1")
            delta = json.loads(watch.line())["delta"]
            self.assertEqual((delta["fromEpoch"], delta["epoch"]), ("1", "2"))
            self.assertEqual(delta["upserted"][0]["id"], "n1")

    def test_deleted_ring_ends_it_with_exit_one(self):
        with RunningServer() as server:
            self.good(server, "ring", "create", "short")
            with Watching(server.grpc, "--ring=short") as watch:
                watch.line()
                self.good(server, "ring", "delete", "short", "--yes", "--force")
                self.assertEqual(watch.process.wait(timeout=30), 1)
            done = run("watch", "--ring=short", server=server.grpc)
            self.assertEqual(done.returncode, 1, done)

    def test_resumes_where_it_was_when_the_server_comes_back(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how=how), \
                    RunningServer(store="sqlite:{folder}/db") as server, \
                    Watching(server.grpc) as watch:
                watch.line()
                self.good(server, "node", "add", "n1")
                watch.line()
                server.kill(how)
                server.start()
                start = time.monotonic()
                self.good(server, "node", "add", "n2")
                # There is no snapshot in between, and no change appears twice.
                self.assertIn("epoch 3: added n2", watch.line())
                self.assertLess(time.monotonic() - start, 8)

    def test_lost_history_is_told(self):
        with RunningServer() as server, Watching(server.grpc) as watch:
            watch.line()
            self.good(server, "node", "add", "n1")
            watch.line()
            server.kill()
            server.start()
            self.assertRegex(watch.line(),
                             "epoch 1: ring default was created again, .*removed n1")
