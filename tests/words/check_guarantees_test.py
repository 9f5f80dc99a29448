#!/usr/bin/python3
"""Tests that check_guarantees reports tests that do not exist."""

import unittest

from tests.words import check_guarantees

CPP = "TEST(RingTest, Adds) {}\nTEST_F(\n    WatchTest,\n    Sends) {}\n"
PYTHON = {"faults_test": "def test_kill(self):\n", "tests/client/a_test": "def test_a(self):\n"}


class CheckGuaranteesTest(unittest.TestCase):

    def missing(self, tests):
        page = f"| promise | test | fails if |\n|---|---|---|\n| `OtherTest.NotHere` | {tests} | |\n"
        return [name for _, name in
                check_guarantees.missing(page, CPP, lambda file: PYTHON.get(file, ""))]

    def test_tests_that_exist_are_found(self):
        self.assertEqual(self.missing("`RingTest.Adds`, `WatchTest.Sends`, `faults_test: test_kill`, "
                                      "`test_kill`, `tests/client/a_test: test_a`"), [])

    def test_tests_that_do_not_exist_are_reported(self):
        for name in ("RingTest.Removes", "MapTest.Adds", "faults_test: test_wait",
                     "other_test: test_kill"):
            self.assertEqual(self.missing(f"`{name}`"), [name])
        self.assertEqual(self.missing("`faults_test: test_kill`, `test_wait`"),
                         ["faults_test: test_wait"])


if __name__ == "__main__":
    unittest.main()
