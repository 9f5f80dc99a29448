"""Tests of `clockwise import`, `clockwise migrate`, `clockwise ring layouts`
and the options that set a ring's layout."""

import pathlib
import tempfile
import unittest

from tests.support.clockwise_command import WithServer, run

NGINX = """events {}
http {
  upstream cache {
    hash $uri consistent;
    server 10.0.0.1:80 weight=2;
    server 10.0.0.2:80;
    server 10.0.0.3:80;
  }
}
"""


class ImportTest(WithServer):
    def setUp(self):
        super().setUp()
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def file(self, text):
        path = pathlib.Path(self.folder, "file")
        path.write_text(text)
        return str(path)

    def rings(self):
        return run("--output=json", "ring", "list",
                   server=self.server.grpc).stdout

    def refused(self, told, *arguments, code=2):
        """Checks that the command fails with one line and changes nothing."""
        before = self.rings()
        told_lines = self.fails(code, *arguments)
        self.assertIn(told, told_lines)
        self.assertEqual(self.rings(), before)

    def test_an_import_is_understood_made_and_made_again(self):
        arguments = ("import", "--from=nginx", self.file(NGINX), "cache")
        name = self.ring = self.ring + "-nginx"
        plan = self.good(*arguments, "--plan")
        self.assertTrue(plan.startswith("plan (nothing changed)\n"), plan)
        self.assertNotIn(f'"{name}"', self.rings())
        made = self.good(*arguments)
        self.assertIn(f"ring  {name}: nginx, 1 owner per key", made)
        self.assertIn("imported: epoch 2", made)
        again = self.good(*arguments)
        self.assertIn("is already up to date (epoch 2)", again)
        self.assertNotIn("imported", again)
        nodes = self.json("node", "list")[0]["snapshot"]["nodes"]
        self.assertEqual(
            [(node["id"], node["weight"], node["ordinal"]) for node in nodes],
            [("10.0.0.1:80", 2, "1"), ("10.0.0.2:80", 1, "2"),
             ("10.0.0.3:80", 1, "3")])
        read = self.json(*arguments)[0]
        self.assertEqual(read["spec"]["layout"], "nginx")
        self.assertAlmostEqual(sum(read["shares"]), 1)

    def test_a_changed_file_is_planned_and_made(self):
        arguments = ("import", "--from=nginx", self.file(NGINX), "cache")
        self.ring += "-nginx"
        self.good(*arguments)
        self.good("node", "update", "10.0.0.2:80", "--zone=a", "--label=k=v")
        self.assertIn("is already up to date (epoch 3)", self.good(*arguments))
        self.file(NGINX.replace("weight=2", "weight=3")
                  .replace("server 10.0.0.3:80", "server 10.0.0.4:80"))
        plan = self.good(*arguments, "--plan")
        for line in (f"would change ring {self.ring}: ", "+ 10.0.0.4:80",
                     "~ 10.0.0.1:80  weight: 2 -> 3", "- 10.0.0.3:80"):
            self.assertIn(line, plan)
        self.assertRegex(plan, r"10\.0\.0\.2:80 +10\.0\.0\.2:80 +\S+ +a ")
        ring, change = self.json(*arguments, "--plan")
        self.assertEqual(ring["nodes"][1]["labels"], {"k": "v"})
        self.assertEqual(change["change"]["removedIds"], ["10.0.0.3:80"])
        self.assertEqual(self.json("ring", "show")[0]["snapshot"]["epoch"], "3")
        made = self.good(*arguments)
        self.assertIn("- 10.0.0.3:80", made)
        self.assertIn("imported: epoch 4", made)
        nodes = self.json("node", "list")[0]["snapshot"]["nodes"]
        self.assertEqual(
            [(node["id"], node["weight"], node.get("zone", "")) for node in nodes],
            [("10.0.0.1:80", 3, ""), ("10.0.0.2:80", 1, "a"),
             ("10.0.0.4:80", 1, "")])
        self.assertEqual(nodes[1]["labels"], {"k": "v"})

    def test_another_order_is_made_where_it_counts(self):
        plain = NGINX.replace(" consistent", "")
        arguments = ("import", "--from=nginx", self.file(plain), "cache")
        self.ring += "-nginx"
        self.good(*arguments)
        self.file(plain.replace("2:80", "9:80").replace("3:80", "2:80")
                  .replace("9:80", "3:80"))
        self.assertIn("would change", self.good(*arguments, "--plan"))
        self.good(*arguments)
        nodes = self.json("node", "list")[0]["snapshot"]["nodes"]
        self.assertEqual(
            [node["id"] for node in sorted(
                nodes, key=lambda node: int(node["ordinal"]))],
            ["10.0.0.1:80", "10.0.0.3:80", "10.0.0.2:80"])
        self.assertIn("is already up to date", self.good(*arguments))

    def test_a_haproxy_file_without_its_first_server(self):
        lines = ("backend be\n mode http\n balance uri\n"
                 " hash-type consistent\n server s1 10.0.0.1:80\n"
                 " server s2 10.0.0.2:80\n server s3 10.0.0.3:80\n")
        arguments = ("import", "--from=haproxy", self.file(lines), "be")
        self.ring += "-haproxy"
        self.good(*arguments)
        # HAProxy numbers the other servers again, so their points move.
        self.file(lines.replace(" server s1 10.0.0.1:80\n", ""))
        self.good(*arguments)
        nodes = self.json("node", "list")[0]["snapshot"]["nodes"]
        self.assertEqual([(node["id"], node["hashKey"]) for node in nodes],
                         [("s2", "1"), ("s3", "2")])

    def test_the_slots_of_a_redis_cluster(self):
        self.ring += "-redis"
        lines = ("a 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-8191\n"
                 "b 10.0.0.2:6379@16379 master - 0 0 2 connected 8192-16383\n")
        self.good("import", "--from=redis", self.file(lines))
        self.assertEqual(
            self.json("locate", "foo")[0]["owners"][0]["nodeId"],
            "10.0.0.2:6379")  # slot 12182
        self.assertIn("is already up to date (epoch 2)",
                      self.good("import", "--from=redis", self.file(lines)))
        # Each server of Redis prints the nodes in its own order.
        turned = "".join(reversed(lines.splitlines(keepends=True)))
        self.assertIn("is already up to date (epoch 2)",
                      self.good("import", "--from=redis", self.file(turned)))

    def test_what_is_not_understood_changes_nothing(self):
        self.ring += "-new"
        nginx = ("import", "--from=nginx")
        for text, told in ((NGINX[:-9], "may be truncated"),
                           (NGINX.replace("weight=2", "route=a"), ":5: "),
                           (NGINX.replace("2:80", "1:80"),
                            ':6: server "10.0.0.1:80" repeats line 5')):
            self.refused(told, *nginx, self.file(text), "cache")
        done = run("import", "--from=nginx", "-", "cache", "--plan",
                   server=self.server.grpc,
                   stdin="upstream cache { server 10.0.0.1:80; "
                         "hash $uri consistent; }")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("10.0.0.1:80", done.stdout)
        self.refused("No such file or directory", *nginx,
                     self.folder + "/none", "cache")
        self.refused("Is a directory", *nginx, self.folder, "cache")
        self.refused("UPSTREAM is missing", *nginx, self.file(NGINX))
        self.refused("unexpected argument", "import", "--from=memcached", "a", "b")
        self.refused("servers: ", "import", "--from=memcached", "a,a")
        self.refused("--nginx-context requires", "import", "--from=twemproxy",
                     "--nginx-context=http", self.file("x"), "x")
        self.refused("--distribution requires", "import", "--from=cassandra",
                     "--distribution=spy", self.file("x"))
        self.refused("has no setting", *nginx, self.file(NGINX), "cache",
                     "--set=key_hash=md5")
        self.refused('has no setting "colour"', *nginx, self.file(NGINX), "cache",
                     "--set=colour=red")
        tokens = ("Datacenter: d\n==\n 7\n"
                  "10.0.0.1 r Up Normal ? ? 5\n10.0.0.2 r Up Normal ? ? {}\n")
        self.refused("token 5 repeats line 4", "import",
                     "--from=cassandra", self.file(tokens.format(5)))
        self.refused("is not a signed 64-bit number", "import",
                     "--from=cassandra", self.file(tokens.format(2 ** 63)))
        self.refused(":4: the rack: 302 bytes", "import", "--from=cassandra",
                     self.file(tokens.format(7).replace(" r ", f" {'r' * 300} ")))
        self.refused(":4: all servers have weight 0", "import",
                     "--from=haproxy", self.file(
                         "backend b\n balance uri\n hash-type consistent\n"
                         " server a 10.0.0.1:80 weight 0\n"
                         " server b 10.0.0.2:80 weight 0\n"), "b")

    def test_a_large_file_is_refused(self):
        self.refused("has more than 67,108,864 bytes", "import",
                     "--from=nginx", self.file("#" * (64 * 1024 * 1024 + 1)),
                     "cache")

    def test_cassandras_tokens_and_strategy(self):
        text = ("Datacenter: d\n==\n 7\n10.0.0.1 r1 Up Normal ? ? -5\n"
                "10.0.0.2 r2 Up Normal ? ? 7\n")
        self.ring += "-cassandra"
        told = self.good("import", "--from=cassandra", self.file(text),
                         "--set=data_centre_replicas.d=2")
        self.assertIn("cassandra, data_centre d:2, 2 owners per key", told)
        owners = self.json("locate", "key")[0]["owners"]
        self.assertEqual({owner["zone"] for owner in owners}, {"d/r1", "d/r2"})


class MigrateTest(WithServer):
    def test_a_migration_is_planned_started_and_ended(self):
        ring, new = self.ring, self.ring + "-2"
        plan = self.good("migrate", "plan", ring, "--keys=20000")
        self.assertIn("  to    partitioned, 65536 partitions, 1 owner per key, "
                      f"migrating from {ring}", plan)
        self.assertIn(f"to start it: clockwise migrate start {ring} ", plan)
        tuned = self.good("migrate", "plan", ring, "--to=partitioned",
                          "--partition-bits=12", "--replicas=2")
        self.assertIn(" --to=partitioned --partition-bits=12 --replicas=2\n",
                      tuned)
        report, keys = self.json("migrate", "plan", ring, "--keys=20000")
        self.assertEqual(keys["keys"], 20000)
        self.assertAlmostEqual(report["comparison"]["movedRatio"],
                               keys["moved"] / 20000,
                               delta=0.01)
        self.assertLess(report["comparison"]["movedRatio"], 0.2)
        self.assertAlmostEqual(
            sum(pair["ratio"] for pair in report["comparison"]["transfers"]),
            report["comparison"]["movedRatio"])
        self.assertEqual(sum(pair["keys"] for pair in keys["transfers"]),
                         keys["moved"])

        self.good("migrate", "start", ring, new)
        old_owners = {line["key"]: line["owners"]
                      for line in self.json("locate", "a", "b", "c", "d")}
        self.ring = new
        for lines in (self.json("locate", "a", "b", "c", "d"),
                      self.json("locate", "--stdin", stdin="a\nb\nc\nd\n")):
            for line in lines:
                self.assertEqual(line["previousRing"], ring)
                self.assertEqual(line["previousEpoch"], "4")
                self.assertEqual(line["epoch"], "2")
                self.assertEqual(line["previousOwners"],
                                 old_owners[line["key"]])
        # The ring that was created is the ring that was planned.
        moved = 0
        keys = "".join(f"key-{i}\n" for i in range(20000))
        for line in self.json("locate", "--stdin", stdin=keys):
            moved += (line["owners"][0]["nodeId"]
                      != line["previousOwners"][0]["nodeId"])
        self.assertEqual(moved, self.planned(ring))
        table = self.good("locate", "a")
        self.assertIn("PREVIOUS", table)
        self.assertIn(f"({ring} at epoch 4)", table)
        self.fails(1, "ring", "delete", ring, "--yes", "--force")
        self.assertIn("would no longer migrate from",
                      self.good("migrate", "end", new, "--plan"))
        self.assertIn(f"no longer migrates from {ring}: epoch 3",
                      self.good("migrate", "end", new))
        self.assertIn("has no migration", self.good("migrate", "end", new))
        self.assertIn(f"end of the migration from {ring}",
                      self.good("ring", "history"))
        self.assertNotIn("previousRing", self.json("locate", "a")[0])
        self.good("ring", "delete", ring, "--yes", "--force")

    def planned(self, ring):
        return self.json("migrate", "plan", ring, "--keys=20000")[1]["moved"]

    def test_from_another_systems_ring_the_parts_are_products(self):
        ring = self.ring + "-ketama"
        run("import", "--from=memcached", "a:1:1,b:1:2,c:1:3",
            f"--ring={ring}", server=self.server.grpc)
        for layout in ("hashed", "partitioned"):
            report, keys = self.json("migrate", "plan", ring,
                                     f"--to={layout}", "--keys=50000")
            self.assertAlmostEqual(report["comparison"]["movedRatio"],
                                   keys["moved"] / 50000, delta=0.02)
            self.assertEqual(len(report["comparison"]["transfers"]), 6)
            text = self.good("migrate", "plan", ring, f"--to={layout}")
            self.assertIn("hash keys independently", text)

    def test_what_cannot_be_migrated(self):
        self.fails(1, "migrate", "plan", "nowhere")
        self.fails(1, "migrate", "end", "nowhere")
        self.fails(1, "migrate", "start", "nowhere", "new")
        self.good("ring", "create", self.ring + "-empty")
        self.assertIn("has no nodes",
                      self.fails(2, "migrate", "plan", self.ring + "-empty"))
        self.fails(2, "migrate", "plan", self.ring, "--to=ketama")
        self.fails(2, "migrate", "start", self.ring, self.ring)
        self.fails(2, "migrate", "plan", self.ring, "--replicas=9")


class LayoutOptionsTest(WithServer):
    def test_profiles_are_listed_with_what_each_reproduces(self):
        lines = self.good("ring", "layouts").splitlines()
        self.assertEqual(len(lines), 1 + 27)
        objects = self.json("ring", "layouts")
        self.assertEqual(len(objects), 27)
        by_name = {line["layout"]: line for line in objects}
        self.assertEqual(by_name["haproxy"]["settings"], "key_hash, avalanche")
        self.assertIn("nginx", by_name["nginx"]["reproduces"])

    def test_each_layout_can_be_made(self):
        for line in self.json("ring", "layouts"):
            name = f"{self.ring}-{line['layout']}"
            self.good("ring", "create", name, f"--layout={line['layout']}")

    def test_settings_are_set(self):
        name = self.ring + "-cassandra"
        told = self.good(
            "ring", "create", name, "--layout=cassandra",
            "--set", "data_centre_replicas.eu=2",
            "--set", "data_centre_replicas.us=1")
        self.assertIn("data_centre eu:2, data_centre us:1, 3 owners", told)
        self.ring = name
        self.good("node", "add", "n1", "--points=-5,7", "--zone=eu/r1")
        self.fails(1, "node", "add", "n2", "--points=7", "--zone=eu/r1")
        self.good("node", "add", "n2", "--points=8-10", "--zone=eu/r1")
        node = self.json("node", "list")[0]["snapshot"]["nodes"][1]
        self.assertEqual(node["points"], ["8", "9", "10"])
        self.good("node", "update", "n2", "--points=11")
        self.fails(2, "node", "add", "n3", "--points=a")
        self.fails(2, "node", "add", "n3", "--points=9-3")

    def test_settings_that_are_none(self):
        create = ("ring", "create", self.ring + "-x", "--layout=haproxy")
        for setting in ("key_hash", "colour=1", "avalanche=perhaps",
                        "min_ring_size=-1", "data_centre_replicas=1",
                        "key_hash.x=1"):
            self.fails(2, *create, "--set", setting)
        self.assertIn("use one of sdbm",
                      self.fails(1, *create, "--set=key_hash=md5"))

    def test_redis_slots_are_given_out_in_one_change(self):
        self.ring += "-redis"
        self.good("ring", "create", self.ring, "--layout=redis_cluster")
        self.assertIn("slot 5461 has no node",
                      self.fails(1, "node", "add", "a", "--points=0-5460"))
        self.good("node", "add", "a", "--points=0-16383")


if __name__ == "__main__":
    unittest.main()
