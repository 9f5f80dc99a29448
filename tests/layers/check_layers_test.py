#!/usr/bin/python3
"""Tests that check_layers rejects what its rules forbid."""

import pathlib
import tempfile
import unittest

from tests.layers import check_layers


class CheckLayersTest(unittest.TestCase):

    def breaches(self, files):
        """Returns the breaches in a tree with these files, as text."""
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = pathlib.Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return [str(breach) for breach in check_layers.check(root)]

    def assert_refused(self, path, include, why):
        found = self.breaches({path: f"\n#include {include}\n"})
        self.assertEqual(len(found), 1, found)
        self.assertIn(f"{path}:2: ", found[0])
        self.assertIn(why, found[0])

    def assert_allowed(self, path, include):
        self.assertEqual(self.breaches({path: f"#include {include}\n"}), [])

    def test_a_folder_includes_nothing_to_its_right(self):
        order = check_layers.ORDER
        for left in range(len(order)):
            for right in range(left + 1, len(order)):
                self.assert_refused(f"service/{order[left]}/a.cc",
                                    f'"service/{order[right]}/b.h"', "is left of")

    def test_a_folder_includes_itself_and_what_is_to_its_left(self):
        order = check_layers.ORDER
        for right in range(len(order)):
            for left in range(right + 1):
                # ring/ may include a header of runtime/ only if it has this name.
                self.assert_allowed(f"service/{order[right]}/a.cc",
                                    f'"service/{order[left]}/huge_pages.h"')

    def test_main_includes_everything(self):
        for include in ('"service/http/a.h"', '"service/server/a.h"',
                        "<grpcpp/server.h>", "<CLI/CLI.hpp>"):
            self.assert_allowed("service/main.cc", include)

    def test_the_server_folder_knows_grpc_and_its_flags(self):
        for include in ('"service/http/a.h"', '"service/rpc/a.h"',
                        "<grpcpp/server.h>", "<CLI/CLI.hpp>"):
            self.assert_allowed("service/server/a.cc", include)

    def test_parts_of_a_folder_are_kept_apart(self):
        for path, include in (
                ("service/store/etcd/a.cc", '"service/store/sqlite/b.h"'),
                ("service/store/sqlite/a.cc", '"service/store/etcd/b.h"'),
                ("service/store/a.cc", '"service/store/etcd/b.h"'),
                ("client/lib/a.cc", '"client/cli/b.h"'),
                ("client/cli/tables/a.cc", '"client/cli/commands/b.h"'),
                ("client/cli/import/a.cc", '"client/cli/tables/b.h"')):
            self.assert_refused(path, include, "does not include")
        self.assert_allowed("client/cli/commands/a.cc", '"client/cli/tables/b.h"')

    def test_an_anonymous_namespace_hides_no_name_of_a_header(self):
        header = "namespace clockwise {\n\nstd::string Quoted(int a);\n\n}  // namespace clockwise\n"
        source = ("namespace clockwise::cli {\nnamespace {\n\nstd::string NAME(char a) {\n}\n\n"
                  "}  // namespace\n}  // namespace clockwise::cli\n")
        files = {"service/ring/a.h": header}
        hiding = self.breaches({**files, "client/cli/b.cc": source.replace("NAME", "Quoted")})
        self.assertEqual(len(hiding), 1, hiding)
        self.assertIn("client/cli/b.cc:2: Quoted hides Quoted of service/ring/a.h", hiding[0])
        self.assertEqual(self.breaches({**files, "client/cli/b.cc": source.replace("NAME", "Other")}), [])

    def test_only_the_edges_log(self):
        for folder in ("ring", "store", "membership", "metrics"):
            self.assert_refused(f"service/{folder}/a.cc",
                                '"service/runtime/log.h"', "log")
        self.assert_allowed("service/rpc/a.cc", '"service/runtime/log.h"')

    def test_no_other_file_stands_beside_the_folders(self):
        self.assert_refused("service/helper.cc", '"service/rpc/a.h"', "beside")

    def test_an_unknown_folder_is_refused(self):
        self.assert_refused("service/util/a.cc", '"service/ring/a.h"', "not in the order")
        self.assert_refused("service/ring/a.cc", '"service/util/a.h"', "is left of")

    def test_limits_are_for_all(self):
        for folder in check_layers.ORDER:
            self.assert_allowed(f"service/{folder}/a.cc", '"service/limits.h"')

    def test_the_client_knows_proto_ring_and_limits_only(self):
        for include in ('"service/ring/a.h"', '"service/limits.h"', '"service/api/a.h"',
                        '"service/channel/a.h"', '"service/tls/a.h"',
                        '"service/runtime/mutex.h"', '"service/runtime/periodic_task.h"',
                        '"clockwise/v1/placement.grpc.pb.h"', "<grpcpp/grpcpp.h>"):
            self.assert_allowed("client/cli/a.cc", include)
        for include in ('"service/store/a.h"', '"service/rpc/a.h"',
                        '"service/runtime/log.h"'):
            self.assert_refused("client/cli/a.cc", include, "client includes only")
        names = '"service/server/flag_names.h"'
        self.assert_allowed("client/cli/a.cc", names)
        self.assert_refused("client/lib/a.cc", names, "client includes only")

    def test_the_service_does_not_know_the_client_nor_the_tests(self):
        self.assert_refused("service/rpc/a.cc", '"client/a.h"', "client")
        self.assert_refused("service/rpc/a.cc", '"tests/a.h"', "tests")

    def test_the_ring_is_pure(self):
        for include in ("<mutex>", "<thread>", "<chrono>", "<fstream>", "<atomic>",
                        "<condition_variable>", "<filesystem>", "<unistd.h>",
                        "<sys/stat.h>", '"absl/time/clock.h"',
                        '"absl/synchronization/mutex.h"', '"service/runtime/mutex.h"'):
            self.assert_refused("service/ring/a.cc", include, "pure")
        for include in ("<vector>", "<xxhash.h>", "<openssl/evp.h>",
                        '"absl/strings/str_cat.h"',
                        '"clockwise/v1/placement.pb.h"'):
            self.assert_allowed("service/ring/a.cc", include)

    def test_only_rpc_client_and_main_speak_grpc(self):
        for folder in ("ring", "store", "membership", "metrics", "http"):
            for include in ("<grpcpp/grpcpp.h>", "<grpc/support/log.h>",
                            '"clockwise/v1/placement.grpc.pb.h"'):
                self.assert_refused(f"service/{folder}/a.h", include, "speaks gRPC")
        for folder in ("channel", "rpc"):
            self.assert_allowed(f"service/{folder}/a.h", "<grpcpp/grpcpp.h>")

    def test_each_library_is_known_where_it_is_wrapped(self):
        self.assert_refused("service/membership/a.cc", "<sqlite3.h>", "SQLite")
        self.assert_refused("service/http/a.cc", "<boost/asio.hpp>", "Boost")
        self.assert_refused("service/ring/a.cc", "<prometheus/counter.h>", "prometheus")
        self.assert_refused("service/store/etcd/a.cc", "<sqlite3.h>", "SQLite")
        self.assert_refused("client/lib/a.cc", "<grpcpp/create_channel.h>", "creates channels")
        self.assert_allowed("service/channel/channel.cc", "<grpcpp/create_channel.h>")
        self.assert_allowed("service/store/sqlite/a.cc", "<sqlite3.h>")
        self.assert_allowed("service/http/http_listener.h", "<boost/asio.hpp>")

    def test_own_headers_are_included_by_path(self):
        self.assert_refused("service/ring/a.cc", '"ring.h"', "path from the root")
        self.assert_refused("service/ring/a.cc", '"../store/a.h"', "path from the root")

    def test_a_file_has_at_most_500_lines(self):
        self.assertEqual(self.breaches({"service/ring/a.cc": "\n" * 500}), [])
        found = self.breaches({"service/ring/a.cc": "\n" * 501})
        self.assertIn("501 lines", found[0])

    def test_a_function_has_at_most_70_lines(self):
        def source(body):
            return ("namespace a {\nclass B {\n  int F(int x) const {\n" +
                    "    // }\n" * (body - 1) + '    call("}", \'{\');\n' + "  }\n};\n}\n")
        path = "client/cli/a.cc"
        self.assertEqual(self.breaches({path: source(68)}), [])
        found = self.breaches({path: source(69)})
        self.assertEqual(len(found), 1, found)
        self.assertIn(f"{path}:3: a function of 71 lines", found[0])

    def test_many_short_functions_are_no_long_one(self):
        text = ("namespace {\nstruct A {\n" + "  int F() {\n    return 1'000;\n  }\n" * 60 +
                "};\nenum class E { kA };\n}\n")
        self.assertEqual(self.breaches({"client/cli/a.cc": text}), [])

    def test_every_limit_is_used(self):
        limits = ("inline constexpr int kUsed = 1;\n"
                  "inline constexpr size_t kUnused = 2;\n")
        found = self.breaches({
            "service/limits.h": limits,
            "service/ring/a.cc": "int a = kUsed; // kUnused\n"})
        self.assertEqual(len(found), 1, found)
        self.assertIn("service/limits.h:2: kUnused", found[0])

    def test_an_empty_tree_is_refused(self):
        self.assertEqual(len(self.breaches({})), 1)


if __name__ == "__main__":
    unittest.main()
