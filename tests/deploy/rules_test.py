#!/usr/bin/python3
"""Tests the rules and alerts of Prometheus with Debian's promtool."""

import re
import subprocess
import unittest

from tests.support.paths import DEPLOY, ROOT

FOLDER = DEPLOY / "prometheus"
TESTS = ROOT / "tests/deploy/alerts_test.yml"


class RulesTest(unittest.TestCase):
    def promtool(self, *arguments):
        done = subprocess.run(["promtool", *arguments], capture_output=True,
                              text=True, timeout=60, cwd=TESTS.parent)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def alerts(self):
        text = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
        return re.findall(r"- alert: (\w+)\n((?:        .*\n|      [^-].*\n)+)",
                          text)

    def test_they_are_well_formed(self):
        self.promtool("check", "config", str(FOLDER / "prometheus.yml"))
        self.promtool("check", "rules", str(FOLDER / "rules.yml"),
                      str(FOLDER / "alerts.yml"))

    def test_each_alert_fires_when_it_should_and_not_before(self):
        self.promtool("test", "rules", str(TESTS))
        tested = TESTS.read_text(encoding="utf-8")
        self.assertGreaterEqual(len(self.alerts()), 10)
        for name, _ in self.alerts():
            with self.subTest(alert=name):
                self.assertRegex(
                    tested, rf"alertname: {name}, exp_alerts: \[\]")
                self.assertRegex(
                    tested, rf"alertname: {name}\n        exp_alerts:\n"
                            r"          - exp_labels")

    def test_each_alert_leads_to_a_section_of_the_runbooks(self):
        runbooks = (DEPLOY / "runbooks.md").read_text(encoding="utf-8")
        anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
                   for title in re.findall(r"^#+ (.*)$", runbooks, re.M)}
        for name, body in self.alerts():
            with self.subTest(alert=name):
                link = re.search(r'runbook_url: "deploy/runbooks.md#([\w-]+)"',
                                 body)
                self.assertIsNotNone(link, body)
                self.assertIn(link.group(1), anchors)
                self.assertIn("severity:", body)
                self.assertIn("summary:", body)


if __name__ == "__main__":
    unittest.main()
