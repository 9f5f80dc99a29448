#!/usr/bin/python3
"""Tests an etcd that requires certificates, and one that requires a user and a
password."""

import os
import pathlib
import shutil
import ssl
import tempfile
import time
import unittest

from tests.support.authority import Authority
from tests.support.etcd_cluster import EtcdCluster
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, stub_of


def certificates(folder):
    """Creates an authority and a certificate for 127.0.0.1. Returns the paths
    of the PEM files: the root, the certificate, its key."""
    authority = Authority(folder)
    own, key = authority.issue("own", "IP:127.0.0.1")
    return authority.ca, own, key


class EtcdSecurityTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(
            prefix="clockwise-tls-"))

    def add(self, server, node_id):
        stub, channel = stub_of(server)
        with channel:
            return stub.AddNode(pb.AddNodeRequest(node=pb.Node(id=node_id)),
                                timeout=TIMEOUT).change

    def waits(self, store, flags, reason):
        """Checks that a server that cannot use etcd waits and logs the
        reason."""
        server = RunningServer(store=store, flags=flags)
        start, server.start = server.start, lambda: None
        with server:
            start(wait=False)
            for _ in range(200):
                if reason in server.log():
                    break
                time.sleep(0.05)
            self.assertIn("waiting for the store", server.log())
            self.assertIn(reason, server.log())

    def test_certificates(self):
        ca, own, key = certificates(self.folder)
        context = ssl.create_default_context(cafile=ca)
        context.load_cert_chain(own, key)
        with EtcdCluster(scheme="https", context=context, flags=[
                f"--cert-file={own}", f"--key-file={key}",
                f"--trusted-ca-file={ca}", "--client-cert-auth"]) as cluster:
            with RunningServer(store=cluster.store, flags=[
                    f"--etcd-cacert={ca}", f"--etcd-cert={own}",
                    f"--etcd-key={key}"]) as server:
                self.assertEqual(self.add(server, "a").epoch, 2)
            self.waits(cluster.store, [], "did not answer")
            self.waits(cluster.store, [f"--etcd-cacert={ca}"],
                       "did not answer")

    def test_certificates_are_exchanged_without_a_restart(self):
        """Replaces the server's and etcd's certificates with those of another
        authority."""
        folders = [os.path.join(self.folder, name) for name in "ab"]
        for folder in folders:
            os.mkdir(folder)
        old, new = (certificates(pathlib.Path(folder)) for folder in folders)
        files = [os.path.join(self.folder, name)
                 for name in ("ca.pem", "cert.pem", "key.pem")]

        def put(sources):
            for source, file in zip(sources, files):
                shutil.copyfile(source, file + ".new")
                os.replace(file + ".new", file)

        def cluster_flags(ca, own, key):
            return [f"--cert-file={own}", f"--key-file={key}",
                    f"--trusted-ca-file={ca}", "--client-cert-auth"]

        context = ssl.create_default_context(cafile=old[0])
        context.load_verify_locations(new[0])
        context.load_cert_chain(*old[1:])
        put(old)
        with EtcdCluster(scheme="https", context=context,
                         flags=cluster_flags(*old)) as cluster:
            with RunningServer(store=cluster.store, flags=[
                    f"--etcd-cacert={files[0]}", f"--etcd-cert={files[1]}",
                    f"--etcd-key={files[2]}"]) as server:
                self.assertEqual(self.add(server, "a").epoch, 2)
                put((old[0], old[1], new[2]))  # key of another certificate
                self.logged(server, "certificates for etcd not reloaded")
                self.assertEqual(self.add(server, "b").epoch, 3)
                put(new)
                self.logged(server, "certificates for etcd reloaded")
                cluster.kill(0)
                context.load_cert_chain(*new[1:])
                cluster.flags[:] = cluster_flags(*new)
                cluster.start(0)
                self.assertEqual(self.add(server, "c").epoch, 4)

    def logged(self, server, text):
        for _ in range(200):
            if text in server.log():
                return
            time.sleep(0.05)
        self.fail(server.log())

    def test_a_user_and_a_password(self):
        password = os.path.join(self.folder, "password")
        with open(password, "w") as file:
            file.write("secret\n")
        with EtcdCluster() as cluster:
            for page, body in (
                    ("user/add", {"name": "root", "password": "secret"}),
                    ("role/add", {"name": "root"}),
                    ("user/grant", {"user": "root", "role": "root"}),
                    ("enable", {})):
                cluster.post(0, "/v3/auth/" + page, body)
            with RunningServer(store=cluster.store, flags=[
                    "--etcd-user=root",
                    f"--etcd-password-file={password}"]) as server:
                self.assertEqual(self.add(server, "a").epoch, 2)
                # A restarted etcd does not know the tokens that it issued
                # before.
                cluster.kill(0)
                cluster.start(0)
                self.assertEqual(self.add(server, "b").epoch, 3)
            with RunningServer(store=cluster.store, flags=[
                    "--etcd-user=root"], environment={
                        "CLOCKWISE_ETCD_PASSWORD": "secret"}) as server:
                self.assertEqual(self.add(server, "c").epoch, 4)
            self.waits(cluster.store, ["--etcd-user=root",
                                       "--etcd-password=wrong"],
                       "authentication failed")
            self.waits(cluster.store, [], "user name is empty")


if __name__ == "__main__":
    unittest.main()
