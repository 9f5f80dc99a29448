"""`clockwise apply` and `clockwise ring export`: rings that live in files."""

import json
import os
import tempfile
import threading

from tests.support.clockwise_command import WithServer, run
from tests.support.loopback_proxy import LoopbackProxy, connect

STATE = """\
ring: {ring}
nodes:
  - id: n1
    address: 10.0.0.1:80
    zone: z1
  - id: n2
    address: 10.0.0.2:80
    zone: z2
  - id: n3
    address: 10.0.0.3:80
    zone: z3
"""


class WithFiles(WithServer):
    def setUp(self):
        super().setUp()
        self.folder = self.enterContext(
            tempfile.TemporaryDirectory(prefix="clockwise-apply-"))

    def file(self, text, name="ring.yaml"):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def state(self, *changed):
        """The file of the ring as setUp makes it, with (old, new) replaced."""
        text = STATE.format(ring=self.ring)
        for old, new in changed:
            self.assertIn(old, text)
            text = text.replace(old, new)
        return self.file(text)

    def apply(self, code, path, *arguments, server=None, **options):
        done = run("apply", f"--file={path}", *arguments,
                   server=server or self.server.grpc, **options)
        self.assertEqual(done.returncode, code, done)
        return done.stderr if code in (1, 2, 3) else done.stdout

    def snapshot(self, ring=None):
        done = run(f"--ring={ring or self.ring}", "--output=json", "ring",
                   "show", server=self.server.grpc)
        self.assertEqual(done.returncode, 0, done)
        return json.loads(done.stdout)["snapshot"]

    def nodes(self):
        return {node["id"]: node for node in self.snapshot()["nodes"]}


class StateTest(WithFiles):
    def test_state_of_the_ring_as_it_is_changes_nothing(self):
        path = self.state()
        self.assertEqual(
            self.apply(0, path),
            f"ring {self.ring} is already up to date (epoch 4)\n")
        self.assertIn("already up to date", self.apply(0, path, "--plan"))
        self.assertEqual(self.epoch(), 4)

    def test_difference_is_made_in_one_epoch(self):
        path = self.state(("    zone: z1\n", "    weight: 2\n"),
                          ("  - id: n2", "  - id: n4"))
        out = self.apply(0, path, "--prune", "--reason=from git")
        self.assertRegex(out, rf"^applied {path} to ring {self.ring}: epoch 5, "
                         r"[\d.]+ % of the hash space moved")
        self.assertEqual(out.splitlines()[1:4],
                         ["+ n4  address: 10.0.0.2:80, zone: z2",
                          '~ n1  weight: 1 -> 2, zone: z1 -> ""', "- n2"])
        nodes = self.nodes()
        self.assertEqual(sorted(nodes), ["n1", "n3", "n4"])
        self.assertEqual((nodes["n1"]["zone"], nodes["n1"]["weight"]), ("", 2))
        change = self.json("ring", "history", "--limit=1")[0]["changes"][0]
        self.assertEqual((change["epoch"], change["reason"]), ("5", "from git"))
        self.assertEqual(change["addedIds"], ["n4"])
        self.assertRegex(change["requestId"], "^[0-9a-f]{32}$")

    def test_plan_changes_nothing_and_its_exit_code_says_would_change(self):
        path = self.state(("10.0.0.2:80", "10.0.0.9:80"))
        out = self.apply(4, path, "--plan")
        lines = out.splitlines()
        self.assertEqual(lines[0], "plan (nothing changed)")
        self.assertIn("epoch 5, nothing would move", lines[1])
        self.assertEqual(lines[2],
                         "~ n2  address: 10.0.0.2:80 -> 10.0.0.9:80")
        self.assertEqual(lines[-1], f"to apply it: clockwise "
                         f"--server={self.server.grpc} apply --file={path} "
                         "--expected-epoch=4")
        self.assertEqual(self.epoch(), 4)
        self.apply(0, path, "--expected-epoch=4")
        self.apply(0, path, "--plan")
        # The ring has gone on; the plan holds no more.
        told = self.apply(1, path, "--expected-epoch=4")
        self.assertIn("is at epoch 5, not 4", told)
        self.apply(1, path, "--plan", "--expected-epoch=4")
        self.apply(2, path, "--plan", "--prun")

    def test_moved_part_of_a_plan_is_that_of_the_change(self):
        path = self.state(("    zone: z1\n", "    weight: 5\n"))
        planned = self.json_of(4, path, "--plan")["change"]
        made = self.json_of(0, path)["change"]
        self.assertEqual(planned["comparison"]["movedRatio"],
                         made["comparison"]["movedRatio"])
        self.assertEqual(planned["fingerprint"], made["fingerprint"])
        self.assertEqual(made["epoch"], "5")
        same = self.json_of(0, path)["change"]
        self.assertEqual((same["epoch"], same["upserted"]), ("5", []))

    def json_of(self, code, path, *arguments):
        return json.loads(self.apply(code, path, "--output=json", *arguments))

    def test_unnamed_nodes_stay_and_are_reported_without_prune(self):
        path = self.file(STATE.format(ring=self.ring).split("  - id: n2")[0])
        out = self.apply(0, path)
        self.assertEqual(
            out.splitlines()[1],
            f"note: 2 nodes are not in {path} and stay: n2 n3 (--prune removes "
            "them)")
        self.assertEqual(sorted(self.nodes()), ["n1", "n2", "n3"])
        self.apply(0, path, "--plan")
        self.assertIn("- n2\n- n3\n", self.apply(4, path, "--plan", "--prune"))
        told = self.apply(2, path, "--prune")
        self.assertIn("removes 2 of the 3 nodes", told)
        self.assertIn("--yes", told)
        self.assertEqual(len(self.nodes()), 3)
        self.apply(0, path, "--prune", "--yes")
        self.assertEqual(sorted(self.nodes()), ["n1"])

    def test_empty_state_empties_the_ring_only_with_prune(self):
        path = self.file(f"ring: {self.ring}\nnodes: []\n")
        self.apply(0, path)
        self.assertEqual(len(self.nodes()), 3)
        self.apply(2, path, "--prune")
        self.apply(0, path, "--prune", "--yes")
        self.assertEqual(self.nodes(), {})

    def test_ring_that_does_not_exist_is_created(self):
        name = self.ring + "-new"
        path = self.file(f"ring: {name}\nspec:\n  layout: ketama\n"
                         "nodes:\n  - id: b\n  - id: a\n")
        out = self.apply(4, path, "--plan")
        self.assertIn(f"would create ring {name}: ketama", out)
        self.assertIn("\n+ a\n+ b\n", out)
        self.assertEqual(run("ring", "show", f"--ring={name}",
                             server=self.server.grpc).returncode, 1)
        planned = self.json_of(4, path, "--plan")["change"]
        out = self.apply(0, path)
        self.assertIn(f"created ring {name}: ketama", out)
        snapshot = self.snapshot(name)
        self.assertEqual(snapshot["epoch"], "2")
        self.assertEqual(snapshot["fingerprint"], planned["fingerprint"])
        self.assertEqual({node["id"]: node["ordinal"]
                          for node in snapshot["nodes"]},
                         {"b": "1", "a": "2"})
        self.apply(0, path, "--plan")

    def test_ring_without_nodes_is_created(self):
        name = self.ring + "-new"
        path = self.file(f"ring: {name}\nspec: {{}}\nnodes: []\n")
        self.apply(4, path, "--plan")
        self.assertIn("created ring", self.apply(0, path))
        self.assertEqual(self.snapshot(name)["epoch"], "1")
        self.apply(0, path, "--plan")

    def test_ring_is_not_created_of_a_file_that_no_ring_can_be_made_of(self):
        name = self.ring + "-new"
        path = self.file(f"ring: {name}\nspec: {{layout: haproxy}}\n"
                         "nodes:\n  - id: a\n    hash_key: x\n")
        told = self.apply(2, path)
        self.assertIn(f'{path}:5: field "hash_key": ', told)
        path = self.file(f"ring: {name}\nspec: {{layout: redis_cluster}}\n"
                         "nodes:\n  - {id: a, points: [0-5]}\n")
        self.assertIn("slot 6", self.apply(2, path))
        self.assertEqual(run("ring", "show", f"--ring={name}",
                             server=self.server.grpc).returncode, 1)

    def test_ring_that_does_not_exist_needs_a_spec(self):
        path = self.file("ring: nowhere\nnodes: []\n")
        told = self.apply(1, path)
        self.assertIn('ring "nowhere" does not exist', told)
        self.assertIn("spec: {layout: hashed}", told)
        self.apply(1, path, "--expected-epoch=3")

    def test_other_spec_is_refused_and_leads_to_migrate(self):
        path = self.state(("nodes:", "spec:\n  virtual_node_count: 80\nnodes:"))
        told = self.apply(2, path)
        self.assertIn(f'{path}:3: field "spec.virtual_node_count"', told)
        self.assertIn("clockwise migrate", told)
        self.assertEqual(self.epoch(), 4)

    def test_ring_is_named_once(self):
        path = self.file("nodes: []\n")
        self.assertIn('field "ring": is missing', self.apply(2, path))
        self.apply(0, path, f"--ring={self.ring}")
        self.assertIn("name one ring",
                      self.apply(2, self.state(), "--ring=other"))
        self.apply(0, self.state(), f"--ring={self.ring}")

    def test_standard_input_is_read(self):
        done = run("apply", "-f", "-", "--plan", server=self.server.grpc,
                   stdin=STATE.format(ring=self.ring))
        self.assertEqual(done.returncode, 0, done)
        done = run("apply", "-f", "-", server=self.server.grpc, stdin="ring: 7")
        self.assertEqual(done.returncode, 2, done)
        self.assertIn("standard input:1: ", done.stderr)

    def test_file_that_cannot_be_read_is_bad_usage(self):
        told = self.apply(2, os.path.join(self.folder, "missing.yaml"))
        self.assertIn("cannot read", told)
        self.apply(2, self.folder)
        self.assertEqual(run("apply", server=self.server.grpc).returncode, 2)

    def test_more_differences_than_a_request_takes_are_told(self):
        nodes = "".join(f"  - id: m{i}\n" for i in range(10_001))
        path = self.file(f"ring: {self.ring}\nnodes:\n{nodes}")
        told = self.apply(2, path)
        self.assertIn("10,001 nodes differ, and one epoch can have at most 10,000",
                      told)
        self.assertEqual(self.epoch(), 4)

    def test_refusal_by_the_server_names_the_line(self):
        name = self.ring + "-nginx"
        self.assertEqual(run("ring", "create", name, "--layout=nginx",
                             server=self.server.grpc).returncode, 0)
        path = self.file(f"ring: {name}\nnodes:\n  - id: a\n    hash_key: x\n"
                         "  - id: b\n    hash_key: x\n")
        told = self.apply(1, path)
        self.assertRegex(told, rf'{path}:\d: node "b": hash_key: "x" is also '
                         'the hash_key of node "a"')


class ChangesTest(WithFiles):
    def changes(self, *lines):
        return self.file(f"ring: {self.ring}\nchanges:\n" +
                         "".join(f"  - {line}\n" for line in lines))

    def test_listed_changes_are_made_in_one_epoch(self):
        path = self.changes(
            "{add: {id: n2, address: 'h:2'}, allow_update: true}",
            "{add: {id: n4, weight: 2}, allow_update: true}",
            "update: {id: n1, zone: ''}", "remove: n3")
        out = self.apply(4, path, "--plan")
        self.assertIn("+ n4  weight: 2\n", out)
        self.assertIn("~ n2  address: 10.0.0.2:80 -> h:2\n", out)
        self.assertEqual(self.epoch(), 4)
        self.apply(0, path)
        nodes = self.nodes()
        self.assertEqual(sorted(nodes), ["n1", "n2", "n4"])
        self.assertEqual((nodes["n2"]["address"], nodes["n2"]["zone"]),
                         ("h:2", "z2"))
        self.assertEqual((nodes["n1"]["address"], nodes["n1"]["zone"]),
                         ("10.0.0.1:80", ""))
        self.assertEqual(self.epoch(), 5)

    def test_request_id_makes_them_once(self):
        path = self.changes("update: {id: n1, weight: 7}", "remove: n3")
        first = self.apply(0, path, "--request-id=once", "--output=json")
        again = self.apply(0, path, "--request-id=once", "--output=json")
        self.assertEqual(json.loads(first), json.loads(again))
        self.assertEqual(self.epoch(), 5)

    def test_refused_change_is_named_with_its_line_and_none_is_made(self):
        path = self.changes("remove: n1", "{add: {id: n2, zone: other}}")
        self.assertIn(f'{path}:4: ring "{self.ring}" already has a different '
                      'node "n2"', self.apply(1, path))
        path = self.changes("remove: n1", "update: {id: n22, weight: 2}")
        told = self.apply(1, path)
        self.assertIn(f'{path}:4: node "n22" is not in ring ', told)
        self.assertIn("did you mean n2", told)
        path = self.changes("remove: n1", "update: {id: n2, points: [1]}")
        self.assertIn(f"{path}:4: changes[1].update.node.points",
                      self.apply(1, path))
        self.assertEqual(self.epoch(), 4)

    def test_changes_that_change_nothing_make_no_epoch(self):
        path = self.changes("update: {id: n1, weight: 1}")
        self.assertIn("already up to date", self.apply(0, path, "--plan"))
        self.assertIn("already up to date", self.apply(0, path))

    def test_prune_does_not_fit_changes(self):
        self.apply(2, self.changes("remove: n1"), "--prune")

    def test_epoch_can_be_expected(self):
        path = self.changes("remove: n1")
        self.apply(1, path, "--expected-epoch=3")
        self.apply(0, path, "--expected-epoch=4")


class ChangingProxy(LoopbackProxy):
    """Forwards to a server, and calls `change` before each of the first `times`
    pieces that have `mark` in them."""

    def __init__(self, target, mark, change, times):
        self.target = target
        self.mark = mark
        self.change = change
        self.times = times
        self.cuts = 0

    def serve(self, client):
        with client, connect(self.target) as server:
            server.settimeout(None)
            back = threading.Thread(target=self.answers, args=(server, client),
                                    daemon=True)
            back.start()
            while data := client.recv(65536):
                if self.mark in data and self.cuts < self.times:
                    self.cuts += 1
                    self.change(self.cuts)
                server.sendall(data)

    def answers(self, server, client):
        try:
            while data := server.recv(65536):
                client.sendall(data)
        except OSError:
            pass


class ConflictTest(WithFiles):
    def proxy(self, times):
        def change(number):
            self.good("node", "update", "n3", f"--weight={number + 1}")
        return self.enterContext(
            ChangingProxy(self.server.grpc, b"the-reason", change, times))

    def test_difference_is_made_anew_if_the_ring_changed_meanwhile(self):
        proxy = self.proxy(2)
        path = self.state(("10.0.0.1:80", "10.0.0.9:80"))
        out = self.apply(0, path, "--reason=the-reason", server=proxy.address)
        # Computed from the ring of the last epoch: n3's weight goes back.
        self.assertIn("epoch 7", out)
        self.assertIn("~ n3  weight: 3 -> 1", out)
        self.assertEqual(proxy.cuts, 2)
        self.assertEqual(self.nodes()["n3"]["weight"], 1)

    def test_ring_that_changes_all_the_time_is_a_conflict_in_the_end(self):
        proxy = self.proxy(100)
        path = self.state(("10.0.0.1:80", "10.0.0.9:80"))
        told = self.apply(1, path, "--reason=the-reason", server=proxy.address)
        self.assertIn("expected_epoch", told)
        self.assertEqual(proxy.cuts, 5)

    def test_expected_epoch_is_tried_once(self):
        proxy = self.proxy(100)
        path = self.state(("10.0.0.1:80", "10.0.0.9:80"))
        self.apply(1, path, "--reason=the-reason", "--expected-epoch=4",
                   server=proxy.address)
        self.assertEqual(proxy.cuts, 1)


class ExportTest(WithFiles):
    def export(self, *arguments):
        return self.good("ring", "export", *arguments)

    def test_file_is_the_state_of_the_ring(self):
        text = self.export()
        self.assertEqual(
            text.replace("spec:\n  layout: hashed\n  virtual_node_count: 160\n"
                         "  replica_count: 1\n", ""),
            "# The desired state of a ring: `clockwise apply -f FILE` applies "
            "it.\n" + STATE.format(ring=self.ring))
        self.assertIn("already up to date", self.apply(0, self.file(text)))

    def test_json_is_the_same(self):
        text = self.export("--json")
        self.assertEqual(text, self.good("ring", "export", "--output=json"))
        value = json.loads(text)
        self.assertEqual(value["ring"], self.ring)
        self.assertEqual([node["id"] for node in value["nodes"]],
                         ["n1", "n2", "n3"])
        self.assertIn("already up to date", self.apply(0, self.file(text)))
        # The forms in which other programs write JSON.
        for text in (json.dumps(value), json.dumps(value, indent="\t")):
            self.assertIn("already up to date", self.apply(0, self.file(text)))

    def test_ring_and_epoch_can_be_named(self):
        done = run("ring", "export", self.ring, "--epoch=2",
                   server=self.server.grpc)
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("id: n1", done.stdout)
        self.assertNotIn("id: n2", done.stdout)
        self.fails(1, "ring", "export", "nowhere")

    def test_labels_come_back_as_they_were(self):
        labels = {"yes": "no", "1e3": "null", " x ": "a: b # c", "é😀": "\"\\'",
                  "~": "\t\u2028\u0085\ufeff", "k": ""}
        self.good("node", "add", "n4", "--zone=no",
                  *(word for name, value in labels.items()
                    for word in ("--label", f"{name}={value}")))
        for arguments in ((), ("--json",)):
            path = self.file(self.export(*arguments))
            self.assertIn("already up to date", self.apply(0, path))
            self.good("node", "update", "n4", "--no-labels")
            self.apply(0, path)
            self.assertEqual(self.nodes()["n4"]["labels"], labels)

    def filled(self, name, layout):
        """Makes a ring of `layout` whose nodes came and went."""
        def change(*arguments):
            done = run(f"--ring={name}", *arguments, server=self.server.grpc)
            self.assertEqual(done.returncode, 0, done)
        run("ring", "create", name, f"--layout={layout}",
            server=self.server.grpc)
        if layout == "redis_cluster":  # all slots in one change
            self.apply(0, self.file(
                f"ring: {name}\nchanges:\n"
                "- add: {id: z, points: [0-99, 8000-16383]}\n"
                "- add: {id: a, points: [100-7999]}\n"))
            return
        for number, node in enumerate(("z", "c", "m", "a")):
            own = []
            if layout.startswith("haproxy"):
                own = [f"--hash-key={9 - number}"]
            elif layout == "cassandra":
                own = [f"--points={number},-{number + 7},{2**62 + number}"]
            change("node", "add", node, "--zone=dc/r%d" % number,
                   f"--address=10.0.0.{number}:80", *own)
        change("node", "remove", "c")
        change("node", "update", "m", "--address=h:1")

    def test_ring_of_each_layout_is_made_again_with_its_fingerprint(self):
        done = run("--output=json", "ring", "layouts", server=self.server.grpc)
        layouts = [json.loads(line)["layout"]
                   for line in done.stdout.splitlines()]
        self.assertGreater(len(layouts), 20)
        for layout in layouts:
            with self.subTest(layout=layout):
                name = f"export-{layout}"
                self.filled(name, layout)
                before = self.snapshot(name)
                for form in ("table", "json"):
                    copy = f"{name}-{form}"
                    export = ("ring", "export", f"--output={form}")
                    done = run(*export, name, server=self.server.grpc)
                    text = done.stdout.replace(name, copy)
                    planned = run("--output=json", "apply", "--plan", "-f",
                                  self.file(text), server=self.server.grpc)
                    self.apply(0, self.file(text))
                    after = self.snapshot(copy)
                    self.assertEqual(
                        json.loads(planned.stdout)["change"]["fingerprint"],
                        after["fingerprint"])
                    self.assertEqual(
                        run(*export, copy, server=self.server.grpc).stdout,
                        text)
                    if layout == "partitioned":
                        # Its table depends on the ring's history.
                        self.assertEqual(len(after["nodes"]), 3)
                        continue
                    self.assertEqual(after["fingerprint"],
                                     before["fingerprint"])
