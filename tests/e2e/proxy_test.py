#!/usr/bin/python3
"""http_proxy is for servers on other machines, and never for etcd."""

import os
import time
import unittest

from tests.support.clockwise_command import ENVIRONMENT, run
from tests.support.etcd_cluster import EtcdCluster
from tests.support.loopback_proxy import LoopbackProxy, connect, relay
from tests.support.running_server import RunningServer

SERVER = "placement.test:7400"
ETCD = "etcd.test:2379"


class Proxy(LoopbackProxy):
    """An HTTP proxy with CONNECT, for the length of a with block.

    It alone resolves `names`: of HOST:PORT to HOST:PORT.
    """

    def __init__(self, names):
        self.names = names
        self.asked_for = []  # what each connection wanted

    @property
    def variables(self):
        """An environment that names it, without exceptions.

        For gRPC, an empty no_proxy would be an exception for all names.
        """
        url = f"http://{self.address}"
        return {"http_proxy": url, "https_proxy": url, "grpc_proxy": url,
                "all_proxy": url, "HTTP_PROXY": url, "HTTPS_PROXY": url,
                "ALL_PROXY": url, "no_proxy": "none.test",
                "no_grpc_proxy": "none.test"}

    def serve(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                data = client.recv(4096)
                if not data:
                    break
                head += data
            words = head.decode("latin-1").split() + ["", ""]
            self.asked_for.append(words[1])
            if words[0] != "CONNECT" or words[1] not in self.names:
                client.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
                return
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with connect(self.names[words[1]]) as server:
                relay(client, server)


class CommandTest(unittest.TestCase):
    """The command, and with `locate --local` the client library."""

    def both(self, server, proxy, **options):
        """Calls by the command and by the library; they must succeed."""
        environment = {**ENVIRONMENT, **proxy.variables}
        for arguments in (("node", "list"), ("locate", "--local", "k")):
            done = run(*arguments, server=server, env=environment, **options)
            self.assertEqual(done.returncode, 0, done)

    def serving(self, listen, *flags):
        server = self.enterContext(RunningServer(listen=listen, flags=flags))
        done = run("node", "add", "n1", server=server.grpc)
        self.assertEqual(done.returncode, 0, done)
        return server

    def test_servers_of_this_machine_are_called_directly(self):
        port = self.serving("[::]:0", "--insecure-listen").grpc.rsplit(
            ":", 1)[1]
        path = self.serving("unix:{folder}/socket").grpc.removeprefix("unix:")
        for address in (
                f"127.0.0.1:{port}", f"127.0.0.2:{port}", f"0.0.0.0:{port}",
                f"localhost:{port}", f"LOCALHOST:{port}", f"[::1]:{port}",
                f"dns:localhost:{port}", f"dns:///localhost:{port}",
                f"dns:///127.0.0.1:{port}", f"ipv4:127.0.0.1:{port}",
                f"ipv4:127.0.0.1:1,127.0.0.2:{port}", f"ipv6:[::1]:{port}",
                f"127.0.0.1:1,localhost:{port}", f"unix:{path}",
                f"unix://{path}"):
            with self.subTest(address=address), Proxy({}) as proxy:
                self.both(address, proxy)
                self.assertEqual(proxy.asked_for, [])

    def test_a_server_elsewhere_is_called_through_the_proxy(self):
        server = self.serving("127.0.0.1:0")
        with Proxy({SERVER: server.grpc}) as proxy:
            self.both(SERVER, proxy)
            self.assertEqual(set(proxy.asked_for), {SERVER})
            self.assertEqual(len(proxy.asked_for), 2)

    def test_no_proxy_holds_as_in_every_program_of_grpc(self):
        server = self.serving("127.0.0.1:0")
        with Proxy({SERVER: server.grpc}) as proxy:
            done = run("node", "list", "--timeout=2", server=SERVER, env={
                **ENVIRONMENT, **proxy.variables, "no_grpc_proxy": "test"})
            self.assertEqual(done.returncode, 3, done)
            self.assertEqual(proxy.asked_for, [])


class EtcdTest(unittest.TestCase):
    def logs(self, store, proxy, text):
        """A server with this store that logs `text` within 10 seconds."""
        server = RunningServer(store=store, environment=proxy.variables)
        start, server.start = server.start, lambda: None
        with server:
            start(wait=False)
            for _ in range(200):
                if text in server.log():
                    break
                time.sleep(0.05)
            self.assertIn(text, server.log())

    def test_etcd_on_this_machine_is_called_directly(self):
        with EtcdCluster() as etcd, Proxy({}) as proxy:
            port = etcd.addresses[0].rsplit(":", 1)[1]
            for endpoints in (f"127.0.0.1:{port}", f"localhost:{port}",
                              f"127.0.0.1:{port},localhost:{port}"):
                with self.subTest(endpoints=endpoints):
                    self.logs(f"etcd:{endpoints}", proxy, "msg=serving")
                    self.assertEqual(proxy.asked_for, [])

    def test_etcd_is_not_called_through_a_proxy_that_could(self):
        with EtcdCluster() as etcd, Proxy({ETCD: etcd.addresses[0]}) as proxy:
            self.logs(f"etcd:{ETCD}", proxy, "did not answer")
            self.assertEqual(proxy.asked_for, [])

    def test_store_commands_call_etcd_directly_too(self):
        with EtcdCluster() as etcd, Proxy({ETCD: etcd.addresses[0]}) as proxy:
            with RunningServer(store=etcd.store):
                pass  # makes the ring
            backup = os.path.join(etcd.folder, "backup")
            done = run("store", "backup", etcd.store, backup,
                       env={**ENVIRONMENT, **proxy.variables})
            self.assertEqual(done.returncode, 0, done)
            self.assertEqual(proxy.asked_for, [])


if __name__ == "__main__":
    unittest.main()
