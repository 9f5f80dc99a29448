"""Tests contexts, environment variables, output formats, help and completion."""

import hashlib
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from tests.support.authority import Authority
from tests.support.clockwise_command import CLOCKWISE, ENVIRONMENT, WithServer, run
from tests.support.etcd_cluster import free_port
from tests.support.running_server import RunningServer


class ContextTest(WithServer):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(
            tempfile.TemporaryDirectory(prefix="clockwise-contexts-"))
        self.environment = {**ENVIRONMENT, "XDG_CONFIG_HOME": folder}
        self.file = pathlib.Path(folder, "clockwise", "contexts.yaml")
        self.nowhere = f"127.0.0.1:{free_port()}"

    def call(self, *arguments, code=0, **variables):
        done = run(*arguments, env={**self.environment, **variables},
                   cwd=self.environment["XDG_CONFIG_HOME"])
        self.assertEqual(done.returncode, code, done)
        return done.stderr if code else done.stdout

    def test_context_in_use_leads_to_its_server_and_ring(self):
        self.call("context", "set", "prod", f"--server={self.server.grpc}",
                  f"--ring={self.ring}", "--timeout=7")
        self.call("context", "set", "gone", f"--server={self.nowhere}")
        self.call("context", "use", "prod")
        self.assertIn("n1", self.call("node", "list"))
        self.assertEqual(run("doctor", env=self.environment).stderr.splitlines()[0],
                         "clockwise: context prod")
        self.assertIn("(context gone)",
                      self.call("node", "list", "--context=gone", code=3))
        listed = self.call("context", "ls")
        self.assertRegex(listed, rf"(?m)^\* +prod +{self.server.grpc} ")
        for arguments, variables in (
                (("--context=gone",), {}), ((), {"CLOCKWISE_CONTEXT": "gone"})):
            self.assertIn("context     gone\n", self.call(
                *arguments, "context", "show", **variables))
            self.assertRegex(self.call(*arguments, "context", "ls",
                                       **variables), r"(?m)^\* +gone ")
        self.assertIn("no context is in use",
                      self.call("--context=", "context", "show", code=1))
        self.call("context", "rm", "prod")
        self.assertNotIn("current", self.file.read_text())
        self.call("context", "show", "prod", code=2)

    def test_nearest_source_has_precedence(self):
        """Flag, --context, variable, context in use, default."""
        good = self.server.grpc
        self.call("context", "set", "good", f"--server={good}",
                  f"--ring={self.ring}")
        self.call("context", "set", "bad", f"--server={self.nowhere}")
        self.call("context", "use", "bad")
        listed = ("node", "list")
        self.call(*listed, code=3)
        self.call(*listed, CLOCKWISE_SERVER=good, CLOCKWISE_RING=self.ring)
        self.call(*listed, CLOCKWISE_CONTEXT="good")
        told = self.call(*listed, CLOCKWISE_CONTEXT="good", code=3,
                         CLOCKWISE_SERVER=self.nowhere)
        self.assertNotIn("(context good)", told)
        self.call(*listed, "--context=good", CLOCKWISE_SERVER=self.nowhere)
        self.call(*listed, "--context=good", CLOCKWISE_CONTEXT="bad")
        self.call(*listed, f"--server={good}", f"--ring={self.ring}")
        self.call(*listed, f"--server={good}", "--context=bad",
                  f"--ring={self.ring}", CLOCKWISE_SERVER=self.nowhere)
        # An empty context is none.
        self.call(*listed, "--context=", CLOCKWISE_SERVER=good,
                  CLOCKWISE_RING=self.ring)

    def test_nearest_source_turns_tls_off(self):
        here = f"--server={self.server.grpc}"
        ca = Authority(self.environment["XDG_CONFIG_HOME"]).ca
        self.call("context", "set", "tls", f"--tls-ca={ca}")
        self.call("context", "use", "tls")
        told = self.call("ring", "list", here, code=3)
        self.assertIn("it does not speak TLS", told)
        self.assertIn("--context= without the TLS options of context tls",
                      told)
        self.call("ring", "list", here, "--tls=false")
        self.call("ring", "list", here, CLOCKWISE_TLS="false")
        told = self.call("ring", "list", here, "--tls=false",
                         f"--tls-ca={ca}", code=2)
        self.assertIn("--tls is false, and --tls-ca requires TLS", told)

    def test_proxy_that_refuses_is_named(self):
        far = "--server=nowhere.invalid"
        proxy = {"http_proxy": f"http://me:secret@{self.nowhere}/"}
        told = self.call("ring", "list", far, code=3, **proxy)
        self.assertIn(f"no server reached at nowhere.invalid:7400 through "
                      f"the proxy {self.nowhere} (http_proxy): ", told)
        self.assertIn("name the host in no_proxy", told)
        told = self.call("ring", "list", far, "--timeout=0.2", code=3,
                         no_proxy="invalid", **proxy)
        self.assertNotIn("proxy", told)

    def test_file_has_names_of_files_only_and_they_are_absolute(self):
        folder = pathlib.Path(self.environment["XDG_CONFIG_HOME"])
        (folder / "token").write_text("the-secret")
        self.call("context", "set", "prod", "--token-file=token", "--tls-ca=x/../ca.pem")
        text = self.file.read_text()
        self.assertIn(f"token-file: {folder}/token\n", text.replace('"', ""))
        self.assertIn(f"{folder}/ca.pem", text)
        self.assertNotIn("the-secret", text)
        # An empty value removes the option; others stay.
        self.call("context", "set", "prod", "--tls-ca=")
        self.assertNotIn("ca.pem", self.file.read_text())
        self.assertIn("token-file", self.file.read_text())

    def test_context_without_options_and_file_without_contexts_are_read(self):
        self.call("context", "set", "a", "--ring=r")
        self.call("context", "set", "a", "--ring=")
        self.assertIn(" a ", self.call("context", "ls"))
        self.call("context", "rm", "a")
        self.assertNotIn(" a ", self.call("context", "ls"))
        self.call("context", "set", "a", "--ring=r")

    def test_file_that_is_not_understood_is_refused_with_its_line(self):
        self.file.parent.mkdir()
        for line, text in (
                (1, "currant: a\n"), (1, "contexts:\n"), (2, "contexts:\n  a:\n"),
                (3, "contexts:\n  a:\n    servr: b\n"),
                (3, "contexts:\n  a:\n    server: 'b c'\n"),
                (3, "contexts:\n  a:\n    timeout: soon\n"),
                (3, "contexts:\n  a:\n    server: [b]\n"),
                (2, "contexts:\n  - a\n"), (2, "contexts: {}\nx: [\n"),
                (3, "contexts:\n  a: {}\n  a: {}\n"), (1, "\xff"),
                (2, "contexts: {}\n---\ncontexts: {}\n")):
            with self.subTest(text=text):
                self.file.write_bytes(text.encode("latin-1"))
                told = self.call("ring", "list", code=2)
                self.assertRegex(told, rf"{self.file}:{line}|{self.file}:\d+: not YAML")
        self.file.write_bytes(b"#" * (1024 * 1024 + 1))
        self.assertIn(f"{self.file}: the file has more than 1048576 bytes",
                      self.call("ring", "list", code=2))
        # It does not matter to a command that names no context.
        self.call("ring", "list", "--context=", f"--server={self.server.grpc}")

    def test_number_of_contexts_has_a_bound(self):
        self.file.parent.mkdir()
        many = "contexts:\n" + "".join(f"  c{i}: {{}}\n" for i in range(1000))
        self.file.write_text(many + "  one-more: {}\n")
        self.assertIn("has 1001 contexts; use at most 1000",
                      self.call("context", "ls", code=2))
        self.file.write_text(many)
        self.assertEqual(self.call("context", "ls").count("\n"), 1001)
        self.assertIn("use at most 1000",
                      self.call("context", "set", "more", "--ring=r", code=2))
        self.assertEqual(self.file.read_text(), many)

    def test_context_that_is_missing_names_its_source_and_the_nearest(self):
        self.call("context", "set", "prod", "--server=a")
        self.assertIn("did you mean prod",
                      self.call("ring", "list", "--context=prd", code=2))
        self.assertIn("CLOCKWISE_CONTEXT: ",
                      self.call("ring", "list", CLOCKWISE_CONTEXT="x", code=2))
        self.file.write_text("current: x\n")
        self.assertIn(f"{self.file}: ", self.call("ring", "list", code=2))

    def test_invalid_variable_is_refused_by_its_name(self):
        for name, value in (("SERVER", "a b"), ("TIMEOUT", "0"), ("TLS", "yes"),
                            ("RING", "r" * 254)):
            told = self.call("ring", "list", code=2,
                             **{f"CLOCKWISE_{name}": value})
            self.assertIn(f"CLOCKWISE_{name}: ", told)

    def test_certificate_and_key_are_from_one_source(self):
        """The server's own certificate may be in the environment."""
        told = self.call("ring", "list", "--tls-cert=mine.pem", code=2,
                         CLOCKWISE_TLS_CERT="s.pem", CLOCKWISE_TLS_KEY="s.key")
        self.assertIn("--tls-cert: ", told)
        self.assertIn("--tls-key", told)
        told = self.call("ring", "list", code=2, CLOCKWISE_TLS_KEY="s.key")
        self.assertIn("CLOCKWISE_TLS_KEY: ", told)
        told = self.call("ring", "list", code=2, CLOCKWISE_TOKEN_FILE="t")
        self.assertIn('CLOCKWISE_TOKEN_FILE: "t" requires TLS', told)

    def test_completion_asks_for_names(self):
        self.call("context", "set", "prod", f"--server={self.server.grpc}",
                  f"--ring={self.ring}")
        here = f"--server={self.server.grpc}"
        for kind, words, names in (
                ("nodes", (here, f"--ring={self.ring}"), ["n1", "n2", "n3"]),
                ("nodes", ("--context", "=", "prod", "node"), ["n1", "n2", "n3"]),
                ("contexts", (), ["prod"])):
            with self.subTest(kind=kind, words=words):
                out = self.call("__complete", kind, *words)
                self.assertEqual(out.splitlines(), names)
        self.assertIn(self.ring, self.call("__complete", "rings", here).split())
        self.assertIn("ketama", self.call("__complete", "layouts").split())
        script = self.call("completion", "bash") + (
            f'COMP_WORDS=({CLOCKWISE} --context prod node rm n); COMP_CWORD=5; '
            '_clockwise; echo "${COMPREPLY[@]}"; '
            f'COMP_WORDS=({CLOCKWISE} --context prod node remove n); COMP_CWORD=5; '
            '_clockwise; echo "${COMPREPLY[@]}"; '
            f'COMP_WORDS=({CLOCKWISE} --context p); COMP_CWORD=2; '
            '_clockwise; echo "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script], capture_output=True,
                              text=True, timeout=60, env=self.environment)
        self.assertEqual(done.stdout, "n1 n2 n3\nn1 n2 n3\nprod\n", done)
        self.assertNotIn("__complete", self.call("--help"))


class AccessPolicyTest(unittest.TestCase):
    """The command as a caller that may read one ring."""

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="clockwise-policy-")))
        authority = Authority(folder)
        certificate, key = authority.issue("server", "IP:127.0.0.1")
        grants = [{"token": "web", "role": "READER", "rings": ["default"]},
                  {"token": "ops", "role": "ADMIN", "rings": ["*"]}]
        (folder / "policy").write_text(json.dumps({"grants": grants}))
        tokens = {name: hashlib.sha256(name.encode()).hexdigest()
                  for name in ("web", "ops")}
        (folder / "tokens").write_text("".join(
            f"{name} {digest}\n" for name, digest in tokens.items()))
        server = cls.enterClassContext(RunningServer(flags=[
            f"--tls-cert={certificate}", f"--tls-key={key}",
            f"--access-policy={folder}/policy",
            f"--token-file={folder}/tokens"]))
        cls.environment = {**ENVIRONMENT, "XDG_CONFIG_HOME": str(folder)}
        for name in ("web", "ops", "nobody"):
            (folder / name).write_text(name)
            cls.call("context", "set", name, f"--server={server.grpc}",
                     f"--tls-ca={authority.ca}",
                     *([] if name == "nobody" else
                       [f"--token-file={folder / name}"]))

    @classmethod
    def call(cls, *arguments):
        return run(*arguments, env=cls.environment)

    def test_context_is_named_where_the_caller_may_not(self):
        for context, what in (("web", "has the role reader"),
                              ("nobody", "neither a token nor")):
            done = self.call(f"--context={context}", "node", "add", "n")
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(what, done.stderr)
            self.assertIn(f"the options are from context {context}; "
                          f"`clockwise context show {context}`", done.stderr)

    def test_backup_says_that_it_may_lack_rings(self):
        done = self.call("--context=ops", "ring", "create", "secret")
        self.assertEqual(done.returncode, 0, done)
        for context, rings in (("ops", ["default", "secret"]), ("web", ["default"])):
            done = self.call(f"--context={context}", "store", "backup", "server:",
                             f"{self.environment['XDG_CONFIG_HOME']}/{context}.backup")
            self.assertEqual(done.returncode, 0, done)
            self.assertEqual(re.findall("backed up ring ([^:]+):", done.stdout), rings)
            self.assertEqual("may lack rings" in done.stderr, context == "web")


class OutputFormTest(WithServer):
    def test_wide_shows_labels_and_show_shows_one_node(self):
        self.good("node", "update", "n1", "--label=rack=a", "--label=unit=7")
        self.assertNotIn("rack", self.good("node", "ls"))
        self.assertIn("rack=a,unit=7", self.good("node", "ls", "-o", "wide"))
        self.assertRegex(self.good("node", "get", "n1"), r"labels +rack=a,unit=7\n")
        self.assertIn("did you mean n1", self.fails(1, "node", "show", "n11"))
        self.assertIn("FINGERPRINT", self.good("ring", "ls", "-o=wide"))
        self.assertEqual(self.good("ring", "show"),
                         run("ring", "get", self.ring, server=self.server.grpc).stdout)

    def test_each_node_has_its_shares_in_json(self):
        snapshot = self.json("node", "list")[0]["snapshot"]
        self.assertAlmostEqual(sum(n["share"] for n in snapshot["nodes"]), 1, 6)
        self.assertAlmostEqual(snapshot["nodes"][0]["fairShare"], 1 / 3, 6)
        node = self.json("node", "show", "n2")[0]
        self.assertEqual(node, snapshot["nodes"][1])

    def test_history_has_no_empty_lists(self):
        change = self.json("ring", "history", "--limit=1")[0]["changes"][0]
        for name in ("moves", "transfers", "shareChanges"):
            self.assertNotIn(name, change["comparison"])

    def test_yaml_has_the_values_of_json(self):
        self.good("node", "update", "n1", "--label=x=yes", "--label=u=007",
                  '--label=z=a: "b" # c')
        out = self.good("-o", "yaml", "node", "show", "n1")
        for line in ('x: "yes"', 'u: "007"', 'z: "a: \\"b\\" # c"',
                     "id: n1", "points: []", "weight: 1"):
            self.assertIn(f"{line}\n", out)
        self.assertIn("    - id: n1\n", self.good("-o", "yaml", "node", "list"))
        self.assertEqual(self.good("-o", "yaml", "ring", "export"),
                         self.good("ring", "export"))

    def test_help_and_version(self):
        self.assertEqual(run("help", "node", "add").stdout,
                         run("node", "add", "--help").stdout)
        self.assertEqual(run("help").stdout, run("--help").stdout)
        self.assertIn("clockwise --help", run("node", "add", "--help").stdout)
        self.assertIn("did you mean node", run("help", "nod").stderr)
        both = json.loads(self.good("-o", "json", "version"))
        self.assertEqual(both["client"], both["server"])
        alone = run("version", "--client", server=f"127.0.0.1:{free_port()}")
        self.assertEqual(alone.stdout, f"client  {both['client']}\n")

    def test_setting_that_a_layout_does_not_have_names_those_it_has(self):
        told = self.fails(2, "ring", "create", "r", "--layout=ketama",
                          "--set", "foo=bar")
        self.assertIn('layout ketama has no setting "foo"; it has key_hash', told)
        self.assertIn("did you mean key_hash", self.fails(
            2, "ring", "create", "r", "--layout=ketama", "--set=key_hsh=md5"))
        self.assertIn("it has none", self.fails(
            2, "ring", "create", "r", "--set", "key_hash=md5"))


class KeyFileTest(WithServer):
    def notes(self, keys, *arguments):
        done = self.run_on_ring(*arguments, stdin=keys)
        self.assertEqual(done.returncode, 0, done)
        return done.stderr.decode()

    def test_unusual_keys_are_noticed_and_counted(self):
        keys = b"\xef\xbb\xbfa\r\nb\r\nc \n\nd\0e\n"
        with tempfile.NamedTemporaryFile() as file:
            file.write(keys)
            file.flush()
            for arguments in (("locate", "--stdin"),
                              ("locate", "--stdin", "--summary"),
                              ("simulate", "--nodes=3", f"--keys={file.name}"),
                              ("migrate", "plan", self.ring, f"--keys={file.name}")):
                with self.subTest(arguments=arguments):
                    told = self.notes(keys, *arguments)
                    for part in ("begins with a byte order mark",
                                 "2 keys end with a carriage return",
                                 "1 key begins or ends with a blank",
                                 "1 key contains NUL"):
                        self.assertIn(part, told)
                    self.assertEqual("1 key is empty" in told,
                                     arguments != ("locate", "--stdin"))
        self.assertEqual(self.notes(b"a\nb", "locate", "--stdin"), "")
        self.assertEqual(self.notes(b"a\r\n\0b \0", "locate", "--stdin", "-0"), "")

    def test_utf_16_is_refused(self):
        for encoding in ("utf-16-le", "utf-16-be"):
            done = self.run_on_ring("locate", "--stdin",
                                    stdin="\ufeffa\nb\n".encode(encoding))
            self.assertEqual(done.returncode, 2, done)
            self.assertIn(b"UTF-16", done.stderr)
