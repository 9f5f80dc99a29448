"""Tests `clockwise node` and `clockwise ring`."""

import datetime
import os
import pty
import shlex
import socket
import subprocess

from tests.support.clockwise_command import (
    CLOCKWISE, ENVIRONMENT, WithServer, run)


class ChangeTest(WithServer):
    def test_added_node_is_told_with_what_it_takes_from_whom(self):
        out = self.good("node", "add", "n4", "--address=10.0.0.4:80",
                        "--weight=2")
        first, *table = out.splitlines()
        self.assertRegex(first, r"^added n4: epoch 5, [\d.]+ % of the hash "
                         r"space moved \(least possible [\d.]+ %\)$")
        self.assertEqual(table[0].split(), ["FROM", "TO", "MOVES"])
        self.assertEqual({line.split()[1] for line in table[1:4]}, {"n4"})
        self.assertIn("→", table[-1])

    def test_plan_changes_nothing_and_its_line_applies_it(self):
        out = self.good("node", "add", "n4", "--plan", "--reason=it's time",
                        "--zone=")
        lines = out.splitlines()
        self.assertEqual(lines[0], "plan (nothing changed)")
        self.assertIn("would add n4: epoch 5", lines[1])
        self.assertEqual(self.epoch(), 4)
        apply = lines[-1].removeprefix("to apply it: ")
        self.assertIn("--expected-epoch=4", apply)
        command = [CLOCKWISE, *shlex.split(apply)[1:]]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertIn("added n4: epoch 5", done.stdout, done)
        # The ring has changed, so the plan is no longer valid.
        again = subprocess.run([*command[:-1], "--request-id=other",
                                command[-1]],
                               capture_output=True, text=True)
        self.assertEqual(again.returncode, 1, again)

    def test_passed_epoch_is_refused_with_the_next_step(self):
        told = self.fails(1, "node", "remove", "n1", "--expected-epoch=2")
        self.assertIn("--plan", told)

    def test_a_change_of_another_incarnation_is_refused(self):
        ring = self.json("node", "list")[0]["snapshot"]
        right, wrong = int(ring["incarnation"]), int(ring["incarnation"]) ^ 1
        told = self.fails(1, "node", "add", "n8",
                          f"--expected-epoch={ring['epoch']}",
                          f"--expected-incarnation={wrong}")
        self.assertIn("expected_incarnation", told)
        self.good("node", "add", "n8", f"--expected-epoch={ring['epoch']}",
                  f"--expected-incarnation={right}")
        # The form that tables show.
        self.good("node", "update", "n1", "--weight=4",
                  f"--expected-incarnation={int(right):016x}")
        self.good("locate", "k", f"--min-incarnation={right}")
        self.fails(1, "locate", "k", f"--min-incarnation={wrong}",
                   "--timeout=0.5")
        self.fails(2, "locate", "k", f"--min-incarnation={right}", "--local")

    def test_update_changes_what_was_given_and_no_more(self):
        self.good("node", "update", "n1", "--weight=3", "--label=a=b=c",
                  "--label", "d=")
        node = self.json("node", "list")[0]["snapshot"]["nodes"][0]
        self.assertEqual(
            (node["weight"], node["address"], node["zone"], node["labels"]),
            (3, "10.0.0.1:80", "z1", {"a": "b=c", "d": ""}))
        self.good("node", "update", "n1", "--zone=", "--no-labels")
        node = self.json("node", "list")[0]["snapshot"]["nodes"][0]
        self.assertEqual((node["weight"], node["zone"], node["labels"]),
                         (3, "", {}))

    def test_change_of_an_address_moves_nothing(self):
        out = self.good("node", "update", "n1", "--address=h:1")
        self.assertIn("updated n1: epoch 5, nothing moved", out)

    def test_identical_node_again_is_no_change(self):
        out = self.good("node", "add", "n1", "--address=10.0.0.1:80",
                        "--zone=z1")
        self.assertEqual(out, "n1 is already up to date (epoch 4)\n")
        self.assertEqual(self.epoch(), 4)

    def test_add_with_update_says_what_it_did(self):
        add = ("node", "add", "n4", "--update", "--address=h:1")
        self.assertIn("would add n4: epoch 5", self.good(*add, "--plan"))
        self.assertIn("added n4: epoch 5", self.good(*add, "--weight=2"))
        again = ("node", "add", "n4", "--update", "--address=h:2")
        self.assertIn("would update n4: epoch 6", self.good(*again, "--plan"))
        self.assertIn("updated n4: epoch 6, nothing moved", self.good(*again))
        self.assertEqual(self.good(*again),
                         "n4 is already up to date (epoch 6)\n")
        node = self.json("node", "list")[0]["snapshot"]["nodes"][3]
        self.assertEqual((node["address"], node["weight"]), ("h:2", 2))
        told = self.fails(1, "node", "add", "n4", "--update", "--hash-key=k")
        self.assertIn("hash_key", told)

    def test_different_node_of_that_id_is_refused(self):
        told = self.fails(1, "node", "add", "n1", "--address=h:9")
        self.assertIn("node update", told)

    def test_request_id_again_gives_the_first_answer_again(self):
        add = ("node", "add", "n4", "--request-id=once")
        self.assertEqual(self.json(*add), self.json(*add))
        self.assertEqual(self.epoch(), 5)

    def test_every_change_bears_a_request_id(self):
        change = self.json("node", "remove", "n1")[0]["change"]
        self.assertRegex(change["requestId"], r"^[0-9a-f]{32}$")
        self.assertEqual(change["removedIds"], ["n1"])
        self.assertIn("minimumMovedRatio", change["comparison"])

    def test_unknown_node_names_the_nearest(self):
        self.good("node", "add", "cache-10")
        told = self.fails(1, "node", "remove", "cahce-10")
        self.assertIn("did you mean cache-10", told)
        self.assertIn("node list", self.fails(1, "node", "remove", "zzzzzz"))

    def test_unknown_ring_names_the_nearest(self):
        wrong = self.ring[:-1]
        told = self.fails(1, "node", "list", f"--ring={wrong}")
        self.assertIn(self.ring, told)
        told = self.fails(1, "ring", "delete", wrong, "--yes")
        self.assertIn(self.ring, told)

    def test_last_node_may_go(self):
        for i in (1, 2, 3):
            self.good("node", "remove", f"n{i}")
        told = self.fails(1, "locate", "k")
        self.assertIn("node add", told)
        self.assertEqual(self.good("node", "list").count("\n"), 1)


class RingTest(WithServer):
    def test_spec_epoch_and_balance_are_shown(self):
        out = self.good("ring", "show")
        for line in ("ring ", "spec ", "epoch ", "incarnation ",
                     "fingerprint ", "nodes ", "balance "):
            self.assertRegex(out, f"(?m)^{line}")
        earlier = self.json("ring", "show", "--epoch=2")[0]["snapshot"]
        self.assertEqual(len(earlier["nodes"]), 1)

    def test_list_has_the_rings(self):
        out = self.good("ring", "list")
        self.assertRegex(out, rf"(?m)^{self.ring} +4 +3 ")
        names = [ring["spec"]["name"]
                 for page in self.json("ring", "list")
                 for ring in page["rings"]]
        self.assertIn("default", names)
        self.assertIn(self.ring, names)

    def test_created_again_with_another_spec_is_refused(self):
        self.good("ring", "create", self.ring)
        self.fails(1, "ring", "create", self.ring, "--virtual-nodes=7")

    def test_a_setting_that_the_layout_does_not_have_is_refused(self):
        for layout, flag in (("ketama", "--virtual-nodes=5"),
                             ("hashed", "--partition-bits=4")):
            told = self.fails(2, "ring", "create", "other",
                              f"--layout={layout}", flag)
            self.assertIn(f"layout {layout} has no such setting", told)
        self.assertIn("--partition-bits: layout hashed has no such setting",
                      self.fails(2, "migrate", "plan", self.ring, "--to=hashed",
                                 "--partition-bits=9"))
        self.assertIn('repeats "key_hash"', self.fails(
            2, "ring", "create", "other", "--layout=ketama",
            "--set=key_hash=md5", "--set=key_hash=crc"))
        self.assertIn('repeats "a"', self.fails(
            2, "node", "add", "x", "--label=a=1", "--label=a=2"))
        self.good("ring", "create", "other", "--virtual-nodes=5")
        told = self.fails(1, "--ring=other", "locate", "k")
        self.assertIn("clockwise --ring=other node add ID", told)

    def test_deleted_ring_is_gone_until_it_is_restored(self):
        out = self.good("ring", "delete", self.ring, "--yes", "--force",
                        "--reason=a mistake", "--expected-epoch=4")
        self.assertIn(f"deleted ring {self.ring}: epoch 4, 3 nodes\n", out)
        self.assertIn(f"clockwise ring undelete {self.ring}", out)
        for command in (("ring", "show"), ("node", "add", "x"),
                        ("locate", "k"), ("watch",), ("migrate", "end"),
                        ("apply", "-f", "-")):
            if command[0] == "migrate":
                command += (self.ring,)
            told = self.fails(1, *command, stdin="nodes: []\n")
            self.assertRegex(
                told, r"it was deleted at 20\S+ \S+ UTC by .* \(as .*\); "
                f"to restore it: clockwise ring undelete {self.ring}\n")
        listed = self.good("ring", "list", "--deleted")
        self.assertIn(" (as ", listed)
        row = next(line for line in listed.splitlines() if self.ring in line)
        self.assertRegex(row, r"^\S+ +([0-9a-f]{16}) +4 +3 .*UTC.*a mistake")
        told = self.fails(1, "ring", "undelete", self.ring,
                          "--incarnation=00000000000000ff")
        self.assertIn("ring list --deleted", told)
        self.fails(2, "ring", "undelete", self.ring, "--incarnation=7g")
        self.assertEqual(
            self.good("ring", "undelete", self.ring, "--reason=sorry",
                      f"--incarnation={row.split()[1]}"),
            f"restored ring {self.ring}: epoch 5, 3 nodes\n")
        change = self.json("ring", "history", "--limit=1")[0]["changes"][0]
        self.assertEqual((change["reason"], change["undeleted"]["reason"]),
                         ("sorry", "a mistake"))
        self.assertIn("restored the deleted ring",
                      self.good("ring", "history", "--limit=1"))
        for request in ("--request-id=d1", "--request-id=d2"):
            self.good("ring", "delete", self.ring, "--yes", "--force", request)
            self.good("ring", "undelete", self.ring)
        told = self.good("ring", "delete", self.ring, "--yes", "--force",
                         "--request-id=d1")
        self.assertEqual(
            told, f"ring {self.ring} was deleted at epoch 5 by this request, "
            "and restored at epoch 6; nothing was changed\n")
        self.good("ring", "show")
        told = self.fails(1, "ring", "undelete", self.ring)
        self.assertIn("a ring with this name was created since", told)

    def test_restored_ring_whose_source_is_gone_ends_its_migration(self):
        self.good("migrate", "start", self.ring, "next")
        for ring in ("next", self.ring):
            self.good("ring", "delete", ring, "--yes", "--force")
        self.assertIn(f"note: its migration from ring {self.ring} was ended",
                      self.good("ring", "undelete", "next"))
        done = run("--ring=next", "ring", "history", server=self.server.grpc)
        self.assertIn("restored the deleted ring, ended the migration from ring "
                      f"{self.ring} ", done.stdout)

    def test_deletion_needs_force_and_a_confirmation(self):
        told = self.fails(1, "ring", "delete", self.ring)
        self.assertIn("has 3 nodes and is at epoch 4; nothing was changed", told)
        told = self.fails(2, "ring", "delete", self.ring, "--force")
        self.assertIn("standard input is not a terminal, so add --yes", told)
        told = self.fails(1, "ring", "delete", self.ring, "--yes")
        self.assertIn("has 3 nodes; nothing was changed", told)
        self.assertIn("--force", told)
        self.fails(1, "ring", "delete", self.ring, "--yes", "--force",
                   "--expected-epoch=3")
        self.assertEqual(self.epoch(), 4)

    def test_deletion_asks_on_a_terminal(self):
        self.assertEqual(self.answer("y"), 1)
        self.assertEqual(self.epoch(), 4)
        # The ring that was shown is deleted, not a later state of it.
        self.assertEqual(self.answer(self.ring, meanwhile=lambda: self.good(
            "node", "update", "n1", "--weight=2")), 1)
        self.assertEqual(self.epoch(), 5)
        self.assertEqual(self.answer(self.ring, epoch=5), 0)
        self.fails(1, "ring", "show")

    def answer(self, text, epoch=4, meanwhile=lambda: None):
        """Types `text` when the command asks; returns its exit code."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [CLOCKWISE, f"--server={self.server.grpc}", "ring", "delete",
             self.ring, "--force"],
            stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, env=ENVIRONMENT)
        os.close(theirs)
        with process, os.fdopen(ours, "w") as terminal:
            asked = process.stderr.readline()
            question = f"Type {self.ring} to continue: "
            self.assertEqual(process.stderr.read(len(question)), question)
            meanwhile()
            terminal.write(text + "\n")
            terminal.flush()
            process.stderr.read()
        self.assertIn(f"has 3 nodes and is at epoch {epoch}", asked)
        return process.returncode

    def test_diff_tells_what_moved(self):
        out = self.good("ring", "diff", "3", "4")
        self.assertRegex(out, r"^epoch 3 → 4: [\d.]+ % of the hash space")
        answer, = self.json("ring", "diff", "3", "4")
        self.assertEqual({owner for move in answer["comparison"]["moves"]
                          for owner in move["toIds"]}, {"n3"})
        told = self.fails(1, "ring", "diff", "1", "99")
        self.assertIn("history", told)

    def test_history_is_newest_first(self):
        self.good("node", "remove", "n2", "--reason=worn out")
        lines = self.good("ring", "history").splitlines()
        self.assertEqual([line.split()[0] for line in lines],
                         ["EPOCH", "5", "4", "3", "2"])
        self.assertIn("worn out", lines[1])
        lines = self.good("ring", "history", "--limit=2").splitlines()
        self.assertEqual(len(lines), 3)

    def test_history_says_what_changed_when_in_utc_and_by_whom(self):
        self.good("node", "update", "n1", "--weight=2", "--zone=z",
                  "--label=team=a", "--as=alice")
        for user, command in (("", ("update", "n1", "--label=team=b")),
                              ("bob", ("remove", "n2"))):
            self.good("node", *command, env={**ENVIRONMENT, "USER": user})
        done = run("--ring=" + self.ring, "ring", "history",
                   server=self.server.grpc,
                   env={**ENVIRONMENT, "TZ": "Asia/Tokyo"})
        now = datetime.datetime.now(datetime.timezone.utc)
        removed, label, weight, added = done.stdout.splitlines()[1:5]
        made = datetime.datetime.strptime(
            removed.split("  ")[1].strip() or removed[7:30],
            "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=datetime.timezone.utc)
        self.assertLess(abs((now - made).total_seconds()), 3600)
        self.assertIn("removed n2", removed)
        self.assertIn("changed n1 (label team =a → =b)", label)
        self.assertIn("changed n1 (weight 1 → 2, zone z1 → z, label team "
                      "none → =a)", weight)
        self.assertIn("(as alice)", weight)
        self.assertIn(f"(as bob@{socket.gethostname()})", removed)
        self.assertIn(f"(as uid-{os.getuid()}@{socket.gethostname()})", label)
        self.assertIn("added n3", added)
        change = self.json("ring", "history", "--limit=1")[0]["changes"][0]
        self.assertEqual([node["id"] for node in change["before"]], ["n2"])
        self.assertNotIn("moves", change["comparison"])
        self.assertRegex(change["fingerprint"], "^[0-9a-f]{16}$")
        for name in ("", "a\nb", "ä", "a" * 129):
            self.fails(2, "node", "remove", "n1", f"--as={name}")

    def test_shares_and_fair_shares_are_listed(self):
        lines = self.good("node", "list").splitlines()
        self.assertEqual(lines[0].split(),
                         ["NODE", "ADDRESS", "ZONE", "WEIGHT", "SHARE", "FAIR"])
        self.assertEqual(len(lines), 4)
        self.assertIn("33.33 %", lines[1])
