"""The tests. Run one from the root folder: python3 -B -m tests.e2e.api_test."""
