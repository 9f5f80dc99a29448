#!/usr/bin/python3
"""Tests that check_tools finds each kind of tool that PATH selects."""

import pathlib
import tempfile
import unittest

from tests.layers import check_tools


class CheckToolsTest(unittest.TestCase):
    def lines(self, name, text):
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return check_tools.check(root)

    def assert_found(self, name, text, line=1):
        found = self.lines(name, text)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{name}:{line}: "), found)

    def assert_clean(self, name, text):
        self.assertEqual(self.lines(name, text), [])

    def test_python_names_tools_by_absolute_path(self):
        for tool in ("python3", "go", "protoc", "cmake", "cpack", "g++"):
            self.assert_found("tests/a.py", f'\nrun(["{tool}", "x"])', 2)
            self.assert_found("tests/a.py", f'done(\n  "{tool}", "x")', 2)
            self.assert_clean("tests/a.py", f'run(["/usr/bin/{tool}", "x"])')
        self.assert_found("tests/a.py", "shutil.which('grpc_python_plugin')")

    def test_python_starts_node_with_its_environment(self):
        for tool in ("node", "npm"):
            call = f'subprocess.run(["{tool}", "x"], check=True'
            self.assert_found("tests/a.py", f"{call})")
            self.assert_found("tests/a.py", f"{call})\nsubprocess.run(x, env=y)")
            self.assert_clean("tests/a.py", f"{call},\n env=node_environment())")
            self.assert_clean("tests/a.py", f"{call}, stdin=subprocess.PIPE, env=e)")
        self.assert_clean("tests/a.py", 'good("node", "add", "n1")')

    def test_cmake_names_tools_by_absolute_path(self):
        self.assert_found("tests/CMakeLists.txt", "find_package(Python3 REQUIRED)")
        self.assert_found("tests/CMakeLists.txt",
                          "add_test(NAME a\n COMMAND Python3::Interpreter a.py)", 2)
        self.assert_found("proto/a.cmake", "execute_process(COMMAND protoc x)")
        self.assert_clean("tests/CMakeLists.txt", "COMMAND /usr/bin/python3 -B a.py")

    def test_shebangs_name_the_interpreter(self):
        self.assert_found("tests/a", "#!/usr/bin/env python3\n")
        self.assert_clean("tests/a", "#!/usr/bin/env bash\n")
        self.assert_clean("client/examples/node/a.js", "#!/usr/bin/env node\n")

    def test_shell_scripts_name_tools_by_absolute_path(self):
        for command in ("python3 a.py", "A=1 python3 a.py", "x | python3 -", "$(go env)"):
            self.assert_found("deploy/a", f"#!/bin/bash\n{command}\n", 2)
        self.assert_clean("deploy/a", "#!/bin/bash\n/usr/bin/python3 a.py\n")
        self.assert_clean("deploy/a", "#!/bin/bash\nexport PATH=/usr/bin:$PATH\ngo build\n")
        self.assert_clean("deploy/a", "#!/bin/bash\npackages=(\n  python3 # for tests\n)\n")

    def test_readmes_name_tools_by_absolute_path(self):
        self.assert_found("README.md", "Text\n```sh\nprotoc -I proto\n```\n", 3)
        self.assert_found("README.md", "```console\n$ A=b python3 a.py\n```\n", 2)
        self.assert_clean("README.md", "python3 is needed.\n```sh\n/usr/bin/python3 a.py\n```\n")
        self.assert_clean("client/examples/go/README.md",
                          "```sh\nexport PATH=/usr/bin:$PATH\nprotoc -I x\ngo build\n```\n")


if __name__ == "__main__":
    unittest.main()
