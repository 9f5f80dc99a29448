#!/usr/bin/python3
"""Tests an etcd that requires certificates, and one that requires a user and a
password."""

import base64
import os
import pathlib
import shutil
import signal
import ssl
import tempfile
import time
import unittest

import grpc

from tests.support.authority import Authority
from tests.support.clockwise_command import run
from tests.support.etcd_cluster import EtcdCluster
from tests.support.fault_case import eventually, http
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, refusal, stub_of

REFUSED = (grpc.StatusCode.UNAVAILABLE, "STORE_REFUSED")
FULL = (grpc.StatusCode.RESOURCE_EXHAUSTED, "STORE_FULL")


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
        with EtcdCluster(flags=["--bcrypt-cost=4"]) as cluster:
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


class ChangingEtcdTest(unittest.TestCase):
    """One etcd and one server, which runs through all changes of etcd."""

    def setUp(self):
        self.etcd = self.enterContext(EtcdCluster(
            flags=["--max-request-bytes=20000", "--bcrypt-cost=4"]))
        self.password = os.path.join(
            self.enterContext(tempfile.TemporaryDirectory()), "password")
        self.write_password("one")
        self.authenticated = False
        self.episodes = 0  # of a store that refuses changes
        self.added = 0
        self.server = self.enterContext(RunningServer(
            store=self.etcd.store, flags=[
                "--etcd-user=cw", f"--etcd-password-file={self.password}"]))
        self.stub, channel = stub_of(self.server)
        self.addCleanup(channel.close)

    def write_password(self, text):
        with open(self.password, "w") as file:
            file.write(f"{text}\r\n" if text else "")

    def auth(self, page, **body):
        """Calls etcd as root."""
        token = self.authenticated and self.etcd.post(
            0, "/v3/auth/authenticate", {"name": "root", "password": "root"},
            timeout=TIMEOUT)["token"]
        self.etcd.post(0, "/v3/auth/" + page, body, timeout=TIMEOUT,
                       token=token)

    def permit(self, role, kind):
        self.auth("role/add", name=role)
        self.auth("role/grant", name=role, perm={
            "permType": kind,
            "key": base64.b64encode(b"/clockwise/").decode(),
            "range_end": base64.b64encode(b"/clockwise0").decode()})

    def alarm(self, action, kind):
        member = self.etcd.status(0)["header"]["member_id"]
        self.etcd.post(0, "/v3/maintenance/alarm", {
            "action": action, "memberID": member, "alarm": kind})

    def add(self):
        self.added += 1
        return refusal(self.stub.AddNode, pb.AddNodeRequest(
            node=pb.Node(id=f"n{self.added}")))

    def status(self):
        return self.stub.GetStatus(pb.GetStatusRequest(), timeout=TIMEOUT)

    def metric(self, name):
        return f"\n{name} 1\n" in http(self.server, "/metrics")[1]

    def expect_accepted(self):
        # After a rejected log-in, the same one is not repeated for a second.
        self.assertTrue(eventually(
            lambda: self.add() == (grpc.StatusCode.OK, None)),
            self.server.log())
        self.assertEqual(self.status().store_refusal, "")
        self.assertFalse(self.status().HasField("store_refusal_time"))
        self.assertFalse(self.metric("clockwise_store_refuses_changes"))
        for text in ("refuses changes", "accepts changes again"):
            self.assertEqual(self.server.log().count(text), self.episodes,
                             self.server.log())

    def expect_refused(self, answer, reason, readable=True):
        """Checks all places that report a store that refuses changes."""
        self.episodes += 1
        # On a slow machine, etcd may not answer in time.
        self.assertTrue(eventually(lambda: self.add() == answer),
                        self.server.log())
        status = self.status()
        self.assertIn(reason, status.store_refusal)
        self.assertTrue(status.HasField("store_refusal_time"))
        self.assertTrue(self.metric("clockwise_store_refuses_changes"))
        self.assertEqual(self.server.log().count("refuses changes"),
                         self.episodes)
        self.assertIn(reason, self.server.log())
        self.assertEqual(http(self.server, "/readyz")[0], 200)
        doctor = run("doctor", server=self.server.grpc)
        self.assertEqual(doctor.returncode, 1, doctor)
        self.assertIn("its store refuses changes since 20", doctor.stdout)
        self.assertIn(reason, doctor.stdout)
        self.assertNotIn("did not answer", doctor.stdout)
        self.assertNotIn("nothing was changed",
                         doctor.stdout + self.server.log())
        command = run("node", "add", "late", server=self.server.grpc)
        self.assertEqual(command.returncode, 1, command)
        self.assertIn(reason, command.stderr)
        self.assertNotIn("may have been", command.stderr)
        if readable:
            self.assertTrue(self.metric("clockwise_store_up"))

    def expect_unlisted(self, reason):
        """Starts a second server, which may not enter itself in the list."""
        with RunningServer(store=self.etcd.store,
                           flags=self.server.flags) as second:
            stub, channel = stub_of(second)
            self.addCleanup(channel.close)
            status = stub.GetStatus(pb.GetStatusRequest(), timeout=TIMEOUT)
            self.assertIn(reason, status.listing_failure)
            self.assertEqual([one.address for one in status.store_servers],
                             [self.server.grpc])
            self.assertTrue(status.ready and status.store_up)
            self.assertFalse(status.HasField("store_refusal_time"))
            self.assertEqual(http(second, "/readyz")[0], 200)
            doctor = run("doctor", server=second.grpc)
            self.assertEqual(doctor.returncode, 1, doctor)
            self.assertRegex(
                doctor.stdout,
                f"{second.grpc}: is not in the store's list.*{reason}")
            self.assertTrue(eventually(
                lambda: second.log().count("list of servers: other") == 1))

    def test_a_running_server_follows_and_reports_them(self):
        self.expect_accepted()
        with self.subTest("a full and a corrupt etcd"):
            for alarm, answer, reason in (
                    ("NOSPACE", FULL, "space exceeded"),
                    ("CORRUPT", REFUSED, "corrupt")):
                self.alarm("ACTIVATE", alarm)
                self.expect_refused(answer, reason)
                self.alarm("DEACTIVATE", alarm)
                self.expect_accepted()
        with self.subTest("a request that is too large is no state of etcd"):
            request = pb.ApplyChangesRequest(changes=[
                pb.NodeChange(add=pb.Node(id=f"large{i}",
                                          labels={"x": "y" * 4000}))
                for i in range(10)])
            self.assertEqual(
                refusal(self.stub.ApplyChanges, request),
                (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_REACHED"))
            self.assertTrue(self.metric("clockwise_store_up"))
            self.expect_accepted()
        with self.subTest("authentication is turned on"):
            self.auth("user/add", name="root", password="root")
            self.auth("role/add", name="root")
            self.auth("user/grant", user="root", role="root")
            self.permit("writer", "READWRITE")
            self.permit("reader", "READ")
            self.auth("user/add", name="cw", password="one")
            self.auth("user/grant", user="cw", role="writer")
            self.auth("enable")
            self.authenticated = True
            self.expect_accepted()
        with self.subTest("the role is read-only"):
            self.auth("user/grant", user="cw", role="reader")
            self.auth("user/revoke", name="cw", role="writer")
            self.expect_refused(REFUSED, "permission denied")
            self.expect_unlisted("permission denied")
            self.auth("user/grant", user="cw", role="writer")
            self.expect_accepted()
        with self.subTest("the password is changed, then the file"):
            self.auth("user/changepw", name="cw", password="two")
            self.expect_refused(REFUSED, "authentication failed",
                                readable=False)
            self.assertTrue(eventually(
                lambda: not self.metric("clockwise_store_up")))
            self.write_password("two")
            self.assertTrue(eventually(
                lambda: self.metric("clockwise_store_up")), self.server.log())
            self.assertTrue(eventually(
                lambda: not self.status().HasField("store_refusal_time")))
            self.expect_accepted()
        with self.subTest("SIGHUP reads the file; then etcd changes"):
            self.write_password("")
            self.server.process.send_signal(signal.SIGHUP)
            self.assertTrue(eventually(
                lambda: "reload rejected" in self.server.log()))
            self.write_password("three")
            reloads = self.server.log().count("msg=reloaded")
            self.server.process.send_signal(signal.SIGHUP)
            self.assertTrue(eventually(lambda: (
                self.server.log().count("msg=reloaded") > reloads)))
            self.auth("user/changepw", name="cw", password="three")
            self.expect_accepted()
        with self.subTest("the user is removed and added"):
            self.auth("user/delete", name="cw")
            self.expect_refused(REFUSED, "", readable=False)
            self.auth("user/add", name="cw", password="three")
            self.auth("user/grant", user="cw", role="writer")
            self.expect_accepted()
        with self.subTest("authentication is turned off, and on again"):
            self.auth("disable")
            self.authenticated = False
            self.expect_accepted()
            self.auth("enable")
            self.authenticated = True
            self.expect_accepted()


if __name__ == "__main__":
    unittest.main()
