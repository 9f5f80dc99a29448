"""Tests `clockwise doctor` against real servers."""

import json
import signal
import socket
import tempfile
import time
import unittest

from tests.support.authority import Authority
from tests.support.clockwise_command import ENVIRONMENT, run
from tests.support.etcd_cluster import EtcdCluster, free_port
from tests.support.running_server import RunningServer


class DoctorTest(unittest.TestCase):
    def test_servers_that_share_a_store_are_well(self):
        with EtcdCluster() as etcd, \
                RunningServer(store=etcd.store) as one, \
                RunningServer(store=etcd.store) as two:
            run("node", "add", "a", server=one.grpc)
            done = run("doctor", f"{one.grpc},{two.grpc}")
            self.assertEqual((done.returncode, done.stderr), (0, ""), done)
            self.assertIn("no problems", done.stdout)
            for server in (one, two):
                self.assertEqual(done.stdout.count(server.grpc), 2)
            self.assertEqual(done.stdout.count(" up "), 2)
            *lines, last = map(json.loads, run(
                "--output=json", "doctor", one.grpc,
                two.grpc).stdout.splitlines())
            self.assertEqual([line["server"] for line in lines],
                             [one.grpc, two.grpc])
            self.assertEqual(lines[0]["status"]["rings"][0]["info"]["epoch"],
                             "2")
            self.assertEqual(last, {"problems": []})

    def test_one_address_is_enough_to_find_all_servers_of_a_store(self):
        with EtcdCluster() as etcd, \
                RunningServer(store=etcd.store) as one, \
                RunningServer(store=etcd.store, listen="0.0.0.0:0",
                              flags=["--insecure-listen"]) as two, \
                RunningServer(store=etcd.store,
                              listen="unix:{folder}/socket") as three:
            def rows(*arguments, code=0):
                done = run("--output=json", "doctor", *arguments)
                self.assertEqual(done.returncode, code, done)
                *servers, last = map(json.loads, done.stdout.splitlines())
                return [row["server"] for row in servers], last["problems"]

            # The name of this machine replaces 0.0.0.0.
            named = f"{socket.gethostname()}:{two.grpc.split(':')[1]}"
            for start in (one.grpc, three.grpc, one.grpc):
                servers, problems = rows(start)
                self.assertEqual((servers[0], sorted(servers), problems),
                                 (start, sorted([one.grpc, named, three.grpc]),
                                  []))
            self.assertIn("no problems on 3 servers",
                          run("doctor", one.grpc).stdout)
            # A name of a listed server does not make it two.
            self.assertEqual(len(rows(two.grpc, one.grpc)[0]), 3)
            self.assertEqual(rows("--named-only", one.grpc), ([one.grpc], []))
            two.kill(signal.SIGTERM)
            self.assertEqual(rows(one.grpc), ([one.grpc, three.grpc], []))
            three.kill()
            servers, [problem] = rows(one.grpc, code=1)
            self.assertEqual(servers, [one.grpc, three.grpc])
            for part in (f"{three.grpc}: ", "the store's list", "--advertise"):
                self.assertIn(part, problem)
            self.assertEqual(rows("--named-only", one.grpc), ([one.grpc], []))

    def test_an_advertised_address_of_another_server_is_a_problem(self):
        with EtcdCluster() as etcd, RunningServer(store=etcd.store) as one, \
                RunningServer(store=etcd.store,
                              flags=[f"--advertise={one.grpc}"]) as two:
            done = run("doctor", one.grpc)
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(f"✗ {one.grpc}: another server answers", done.stdout)
            self.assertEqual(run("doctor", one.grpc, two.grpc).returncode, 0)

    def test_servers_of_different_stores_do_not_agree(self):
        with RunningServer() as one, RunningServer() as two:
            done = run("doctor", one.grpc, two.grpc)
            self.assertEqual(done.returncode, 1, done)
            self.assertIn("different incarnations", done.stdout)
            self.assertIn("runbooks", done.stderr)

    def test_one_that_is_away_is_a_problem_and_all_away_is_exit_three(self):
        gone = f"127.0.0.1:{free_port()}"
        with RunningServer() as one:
            done = run("doctor", one.grpc, gone)
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(f"✗ {gone}", done.stdout)
            self.assertIn("not reached", done.stdout)
            # Without arguments, it examines the server that other commands use.
            self.assertEqual(run("doctor", server=one.grpc).returncode, 0)
        self.assertEqual(run("doctor", gone).returncode, 3)


    def test_a_certificate_that_expires_soon_is_a_problem(self):
        with tempfile.TemporaryDirectory() as folder:
            authority = Authority(folder)
            # 22:00 in UTC is the next day in Tokyo.
            today = int(time.time()) // 86400 * 86400
            for days, code in ((5, 1), (30, 0)):
                until = today + days * 86400 + 22 * 3600
                cert, key = authority.issue(f"server{days}", "IP:127.0.0.1",
                                            until=until)
                with RunningServer(flags=[f"--tls-cert={cert}",
                                          f"--tls-key={key}"]) as server:
                    done = run("doctor", server.grpc,
                               f"--tls-ca={authority.ca}",
                               env={**ENVIRONMENT, "TZ": "Asia/Tokyo"})
                    self.assertEqual(done.returncode, code, done)
                    self.assertEqual("certificate expires" in done.stdout,
                                     code == 1)
                    self.assertIn(time.strftime("until %Y-%m-%d UTC",
                                                time.gmtime(until)), done.stdout)


if __name__ == "__main__":
    unittest.main()
