#!/usr/bin/python3
"""Tests that each check of pages finds its faults, and nothing else."""

import unittest

from tests.readme import checks
from tests.readme.pages import Page, anchor_of

FILES = {"README.md", "service", "service/limits.h", "service/main.cc", "client", "client/README.md"}
PROTO = "service A {\n  rpc Locate(LocateRequest) returns (B);\n  rpc AddNode(C) returns (D);\n}\n"
RPC_TABLE = "| RPC | does |\n|---|---|\n| `Locate`, `AddNode` | x |\n\n"
LIMITS = "".join(f"constexpr int kMaxA{n} = {n} * 1'000;\n" for n in range(1, 12))
LIMIT_TABLE = "".join(f"| a | {n},000 | `kMaxA{n}` |\n" for n in range(1, 12))
ADDED = ("### Added\n\n- `--http-tls`: metrics over TLS.\n"
         "- A Watch ends with its caller's role.\n\n### Fixed\n\n- No leases.\n")
DECISION = "**2026-11-{:02} · Title {}.** Status: {}. Context: x.\n\n"


def pages(text, name="README.md", **others):
    found = {name: Page(name, text)}
    found |= {f"client/{key}.md": Page(f"client/{key}.md", other) for key, other in others.items()}
    return found


class ChecksTest(unittest.TestCase):
    def assert_finds(self, findings, *parts):
        """Each finding contains its part; there are no other findings."""
        findings = list(findings)
        self.assertEqual(len(findings), len(parts), findings)
        for finding, part in zip(findings, parts):
            self.assertIn(part, finding)

    def test_anchors_are_those_of_github(self):
        self.assertEqual(anchor_of("Look-ups: `tests/run x_y`"), "look-ups-testsrun-x_y")
        self.assertEqual(anchor_of("The C++ [library](a.md)"), "the-c-library")
        self.assertEqual(Page("a.md", "# A\n# A\n```sh\n# B\n```\n").anchors(), {"a", "a-1"})

    def test_a_block_that_does_not_run_says_why(self):
        run = {"README.md": {"sh"}}
        self.assert_finds(checks.not_run(pages("```sh\na\n```\n"), run))
        self.assert_finds(checks.not_run(pages("```go\na\n```\n"), run), "README.md:2: ")
        self.assert_finds(checks.not_run(pages("<!-- not run: slow -->\n```go\na\n```\n"), run))
        self.assert_finds(checks.not_run(pages("```go\na\n```\n", "SECURITY.md"), run),
                          "SECURITY.md:2: no test runs")
        self.assert_finds(checks.not_run(pages("```text\na\n```\n", "SECURITY.md"), run))

    def test_links_lead_somewhere(self):
        found = pages("# Top\n[a](client/README.md#there) [b](#top) ![c](service/main.cc)\n",
                      README="# There\n[a](../README.md#top)\n")
        self.assert_finds(checks.links(found, FILES))
        found = pages("[a](gone.md)\n\n[b](client/README.md#gone) [c](#gone)\n", README="")
        self.assert_finds(checks.links(found, FILES), "README.md:1: ", "no such heading",
                          "no such heading")

    def test_named_files_exist(self):
        self.assert_finds(checks.file_names(
            pages("`main.cc` `service/` `./service/limits.h` `text/plain` `my.json`\n"
                  "```sh\ncat my.json\n```\n"), FILES))
        self.assert_finds(checks.file_names(pages("`gone.cc` `service/gone`"), FILES),
                          "names gone.cc", "names service/gone")

    def test_named_flags_exist(self):
        ours = {"x": {"--max-calls"}, "a": {"--plan"}}
        self.assert_finds(checks.flags(
            pages("`--plan` `--max-…` `cmake --gone` `a --plan`\n```sh\nx --gone\n```\n"),
            ours, {"README.md"}))
        self.assert_finds(checks.flags(
            pages("`--gone` `--min-…`\n<!-- not run: x -->\n```sh\nx \\\n  --away\n```\n"),
            ours, {"README.md"}), "--gone", "--min-", "--away")

    def test_named_flags_are_those_of_the_named_command(self):
        programs = {"c": {"--help", "--ring"}, "c node": set(), "c node add": {"--plan"},
                    "c watch": {"--json"}, "deploy/s": {"--once"}}
        self.assert_finds(checks.flags(
            pages("`c node add X --plan --ring=1` `c --ring=r node add --plan` `c node --plan` "
                  "`./deploy/s --once` `c … --json` `x | c watch --json` `--once`"),
            programs, {"README.md"}))
        self.assert_finds(checks.flags(
            pages("`c watch --plan` `c --ring=r node add --json` `./deploy/s --plan` "
                  "`c watch --json && c node add --json` `d --gone`"), programs, {"README.md"}),
            "c watch has no flag --plan", "c node add has no flag --json",
            "deploy/s has no flag --plan", "c node add has no flag --json",
            "no program has the flag --gone")

    def test_each_version_has_upgrade_notes(self):
        notes = "### Upgrade notes\n\nFrom 0.1.0 to 0.2.0: nothing.\n\n"
        old = "## [0.1.0] - 2026-11-28\n\n" + notes
        good = "# C\n\n## [Unreleased]\n\n" + notes + old
        self.assert_finds(checks.changelog(good, "0.2.0"))
        self.assert_finds(checks.changelog(good, "0.3.0"), "lack \"From 0.1.0 to 0.3.0\"")
        self.assert_finds(checks.changelog(good, "0.0.9"), "CMakeLists.txt has 0.0.9", "lack")
        self.assert_finds(checks.changelog(
            good.replace(notes, "### Upgrade notes\n\n### Added\n\n", 1), "0.1.0"),
            "[Unreleased] has no upgrade notes")
        self.assert_finds(checks.changelog(good + "## [0.2.0] - 2026-12-01\n" + notes, "0.1.0"),
                          "not in order")
        self.assert_finds(checks.changelog(good + "## 0.0.1\n" + notes, "0.1.0"), "0.0.1 is not")
        self.assert_finds(checks.changelog(old, "0.1.0"), "first section")
        self.assert_finds(checks.changelog(good.split(old)[0], "0.1.0"), "no version was released")

    def test_named_metrics_exist(self):
        self.assert_finds(checks.metrics(
            pages("`clockwise_a` `clockwise_gone{x}` clockwise_b"), {"clockwise_a"}),
            "clockwise_gone")

    def test_named_rpcs_exist(self):
        self.assert_finds(checks.rpcs(pages(RPC_TABLE + "`Locate`"), PROTO))
        self.assert_finds(checks.rpcs(pages(RPC_TABLE + "`AddNodes`"), PROTO), "AddNodes")
        self.assert_finds(checks.rpcs(pages(RPC_TABLE), PROTO + "  rpc Watch(E)"), "'Watch'")

    def test_layouts_are_counted_and_named(self):
        proto = "  LAYOUT_HASHED = 1;\n  LAYOUT_KETAMA = 2;\n  LAYOUT_NGINX = 3;\n"
        text = "- 2 layouts reproduce others.\n\n| `KETAMA`, and 1 more | x |\n"
        self.assert_finds(checks.layouts(pages(text, ADOPTING="`ketama` `nginx`"), proto))
        self.assert_finds(checks.layouts(pages(text, ADOPTING="`nginx`"), proto), "ketama")
        self.assert_finds(checks.layouts(pages(text, ADOPTING="`ketama` `nginx` `haproxy`"),
                                         proto + "  LAYOUT_HAPROXY = 4;\n"),
                          "has 3 layouts", "3 layouts are")

    def test_limits_are_those_of_the_source(self):
        self.assert_finds(checks.limits(pages(LIMIT_TABLE), LIMITS))
        self.assert_finds(checks.limits(pages(LIMIT_TABLE.replace("| 3,000", "| 33,000")), LIMITS),
                          "kMaxA3 is 3,000")
        self.assert_finds(checks.limits(pages(LIMIT_TABLE + "`kMaxGone`"), LIMITS), "kMaxGone")
        self.assert_finds(checks.limits(pages("text"), LIMITS), "no table")

    def test_figures_are_measured(self):
        table = "## Measured\n\n| a | b |\n|---|---|\n" + "| at 1,000 | 5.5 ns |\n" * 5
        results = "# R\n\n## A\n1,000 points: 5.5\n\n## B\n7.5 and 30\n"
        self.assert_finds(checks.figures(pages(table), results))
        self.assert_finds(checks.figures(pages(table + "| at 1,000 | 7.5 |\n"), results),
                          "no section")
        self.assert_finds(checks.figures(pages(table, other="It takes 30 ns.\n"), results))
        self.assert_finds(checks.figures(pages(table, other="It takes 31 ns.\n"), results),
                          "no figure 31")
        self.assert_finds(checks.figures(
            pages(table, other="[4 times](../tests/bench/RESULTS.md) as fast.\n"), results),
            "no figure 4")

    def test_what_was_added_is_no_limitation(self):
        self.assert_finds(checks.limitations(
            "- **No leases.** A node stays.\n- The HTTP port has no roles. Use `--http-tls`.\n",
            ADDED))
        self.assert_finds(checks.limitations(
            "- **The HTTP port has no TLS.** Keep it on loopback.\n"
            "- **A Watch that is open stays open** when the policy takes its caller's role away.\n",
            ADDED), "has no TLS", "stays open")

    def test_superseded_decisions_name_their_successor(self):
        first = [DECISION.format(n, n, "accepted") for n in range(10, 30)]
        good = DECISION.format(1, "old", "superseded by 2026-11-12 · Title 12")
        self.assert_finds(checks.decisions("".join([*first, good])))
        for status in ("superseded", "superseded on 2026-11-12", "superseded by Title old"):
            self.assert_finds(checks.decisions("".join([*first, DECISION.format(1, "old", status)])),
                              "Title old")
        self.assert_finds(checks.decisions(good * 2), "superseded", "superseded", "not found")


if __name__ == "__main__":
    unittest.main()
