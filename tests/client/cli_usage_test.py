"""Tests wrong usage, and where output is written."""

import os
import pty
import shlex
import subprocess
import tempfile

from tests.support.clockwise_command import CLOCKWISE, ENVIRONMENT, WithServer, run


class OutputTest(WithServer):
    def test_reader_that_has_seen_enough_is_no_failure(self):
        done = subprocess.run(
            ["bash", "-c", f"seq 200000 | {shlex.quote(CLOCKWISE)} "
             f"--server={self.server.grpc} --ring={self.ring} locate --stdin "
             "| head -n 1; echo ${PIPESTATUS[1]}"],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.splitlines()[1], "0")

    def test_output_that_cannot_be_written_is_one_line(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [CLOCKWISE, f"--server={self.server.grpc}", "ring", "list"],
                stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn("No space left", done.stderr)

    def progress(self, error_is_terminal, keys=50_000):
        """Returns what is drawn on standard error while keys are located."""
        terminal, behind = pty.openpty()
        with tempfile.TemporaryFile() as file:
            file.write(b"".join(b"%d\n" % i for i in range(keys)))
            file.seek(0)
            process = subprocess.Popen(
                [CLOCKWISE, f"--server={self.server.grpc}",
                 f"--ring={self.ring}", "locate", "--stdin"],
                stdin=file, stdout=subprocess.DEVNULL,
                stderr=behind if error_is_terminal else subprocess.PIPE,
                env=ENVIRONMENT)
            os.close(behind)
            drawn = b""
            if error_is_terminal:
                while True:
                    try:
                        piece = os.read(terminal, 4096)
                    except OSError:  # end of a pseudo-terminal on Linux
                        break
                    if not piece:
                        break
                    drawn += piece
            else:
                drawn = process.stderr.read()
                process.stderr.close()
            self.assertEqual(process.wait(timeout=60), 0)
        os.close(terminal)
        return drawn

    def test_progress_shows_on_a_terminal_and_is_wiped(self):
        drawn = self.progress(error_is_terminal=True)
        self.assertIn(b"keys", drawn)
        self.assertIn("█".encode(), drawn)
        self.assertTrue(drawn.endswith(b"\r\x1b[K"), drawn[-80:])

    def test_progress_does_not_show_elsewhere(self):
        self.assertEqual(self.progress(error_is_terminal=False), b"")

    def test_without_utf8_all_is_ascii(self):
        plain = {**ENVIRONMENT, "LC_ALL": "C"}
        for arguments in (("node", "list"), ("node", "add", "n9", "--plan"),
                          ("ring", "diff", "1", "0")):
            out = self.good(*arguments, env=plain)
            self.assertTrue(out.isascii(), out)
            self.assertIn("#", out)

    def test_width_follows_columns(self):
        def longest(columns):
            out = self.good("node", "list",
                            env={**ENVIRONMENT, "COLUMNS": str(columns)})
            return max(map(len, out.splitlines()))
        self.assertEqual(longest(70), 70)
        self.assertLess(longest(45), 60)


class UsageTest(WithServer):
    def test_bad_usage_is_exit_two_and_one_line(self):
        for arguments in (
                (), ("nod",), ("node",), ("locate",), ("locate", "--stdin", "k"),
                ("locate", "k", "--summary"), ("locate", "k", "-0"),
                ("locate", "k", "--replicas=65"),
                ("locate", "k", "--replicas=0x1"),
                ("locate", "k", "--min-epoch=-1"), ("locate", "k", "++"),
                ("node", "add"), ("node", "add", "a", "b"),
                ("node", "add", "a", "--weight=-1"),
                ("node", "add", "a", "--weight=65536"),
                ("node", "add", "a", "--label=b"),
                ("node", "add", "a", "--label==b"),
                ("node", "add", "a", "--request-id="),
                ("node", "add", "a", "--reason=" + "r" * 1025),
                ("node", "add", "a" * 254), ("node", "add", b"\xff"),
                ("node", "update", "n1"),
                ("node", "update", "n1", "--no-labels", "--label=a=b"),
                ("ring", "create", "r", "--layout=spiral"),
                ("ring", "create", "r", "--partition-bits=3"),
                ("ring", "diff", "1"), ("ring", "history", "--limit=0"),
                ("completion", "tcsh"), ("locate", "k", "--output=xml"),
                ("locate", "k", "--timeout=0"), ("locate", "k", "--timeout=nan"),
                ("locate", "k", "--server=no where"),
                ("ring", "show", "a", "b"), ("help", "nod"),
                ("node", "show"), ("context", "use"),
                ("locate", "k", "--tls-cert=a.pem"),
                ("locate", "k", "--tls-key=a.pem"),
                ("locate", "k", "--token-file=t"),
                ("ring", "create", "r", "--layout=ketama", "--set=foo=bar")):
            with self.subTest(arguments=arguments):
                self.fails(2, *arguments)

    def test_mistyped_words_name_the_nearest(self):
        self.assertIn("did you mean node", self.fails(2, "nod", "list"))
        self.assertIn("did you mean --summary",
                      self.fails(2, "locate", "--sumary", "--stdin"))

    def test_global_options_stand_before_and_after(self):
        before = run("--output=json", f"--ring={self.ring}", "locate", "k",
                     server=self.server.grpc)
        after = run("locate", "k", "--output=json", f"--ring={self.ring}",
                    f"--server={self.server.grpc}")
        self.assertEqual(before.stdout, after.stdout)
        self.assertEqual(before.returncode, 0)

    def test_server_may_come_from_the_environment(self):
        done = run("ring", "list",
                   env={**ENVIRONMENT, "CLOCKWISE_SERVER": self.server.grpc})
        self.assertEqual(done.returncode, 0, done)

    def test_help_is_everywhere_and_fits_a_terminal(self):
        for command in ((), ("locate",), ("node",), ("node", "add"),
                        ("node", "update"), ("node", "remove"),
                        ("node", "list"), ("ring",), ("ring", "create"),
                        ("ring", "delete"), ("ring", "undelete"),
                        ("ring", "list"), ("ring", "show"),
                        ("ring", "diff"), ("ring", "history"), ("watch",),
                        ("simulate",), ("completion",)):
            with self.subTest(command=command):
                done = run(*command, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("Usage: " + " ".join(("clockwise", *command)),
                              done.stdout)
                for line in done.stdout.splitlines():
                    self.assertLessEqual(len(line), 80, line)

    def test_underscores_in_flags_are_accepted_and_not_shown(self):
        added = self.good("node", "add", "old_spelling", "--plan",
                          "--request_id=a_b", "--expected_epoch", "0")
        self.assertIn("old_spelling", added)
        self.assertIn("--request-id=a_b", added)
        self.assertNotRegex(added, "--[a-z-]*_")
        self.assertEqual(added.count("--expected-epoch="), 1)
        refused = run("node", "add", "n", "--request_id=", "--plan")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--request-id", refused.stderr)

    def test_version_is_told(self):
        self.assertRegex(run("--version").stdout, r"^clockwise \d+\.\d+\.\d+\n$")

    def test_bash_completes_commands_and_options(self):
        script = run("completion", "bash").stdout + (
            'COMP_WORDS=(clockwise --ring=x node add --we); COMP_CWORD=4; '
            '_clockwise; echo "${COMPREPLY[@]}"; '
            'COMP_WORDS=(clockwise ring hi); COMP_CWORD=2; '
            '_clockwise; echo "${COMPREPLY[@]}"')
        for words in ("-o j", "help nod", "help node ad", "apply -f x",
                      "node remove -- --w"):
            words = words.split()
            script += (f"; COMPREPLY=(); COMP_WORDS=(clockwise {' '.join(words)}); "
                       f"COMP_CWORD={len(words)}; "
                       '_clockwise; echo "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(
            done.stdout, "--weight\nhistory\njson\nnode\nadd\n\n\n", done)

    def test_help_of_a_command_is_found_in_any_order(self):
        self.assertIn("Usage: clockwise node add",
                      run("node", "help", "add").stdout)
        self.assertIn('"clockwise node add" has no commands',
                      run("help", "node", "add", "extra").stderr)
