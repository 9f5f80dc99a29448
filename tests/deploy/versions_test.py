#!/usr/bin/python3
"""Tests that all files and programs have the version of CMakeLists.txt. The
versions of packages, archive and SBOM are in package_test.py, those of what
kustomize makes in kubernetes_test.py."""

import os
import re
import subprocess
import unittest

from tests.support.paths import BIN, ROOT

# Each place that states the version, and what stands before it.
PLACES = (
    ("deploy/Dockerfile", r" -t clockwise:"),
    ("deploy/compose.yaml", r"  image: clockwise:"),
    ("deploy/kubernetes/release/kustomization.yaml", r"newTag: "),
    ("deploy/kubernetes/release/kustomization.yaml", r"app\.kubernetes\.io/version: "),
    ("service/http/page/openapi.json", r'"version": "'),
)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


class VersionsTest(unittest.TestCase):
    version = re.search(r"^  VERSION (\d+\.\d+\.\d+)$", read("CMakeLists.txt"),
                        re.MULTILINE).group(1)

    def test_each_file_has_it(self):
        for name, before in PLACES:
            with self.subTest(file=name, before=before):
                self.assertEqual(re.findall(rf"{before}([\w.-]+)", read(name)), [self.version])

    def test_each_program_has_it(self):
        for name in ("clockwised", "clockwise"):
            program = os.environ.get(name.upper(), BIN / name)
            printed = subprocess.run([program, "--version"], capture_output=True, text=True,
                                     timeout=60, check=True).stdout
            self.assertEqual(printed.split(), [name, self.version])

    def test_no_image_in_deploy_is_without_a_tag(self):
        for path in (ROOT / "deploy").rglob("*.y*ml"):
            for image in re.findall(r"^\s*image: *(\S+)", path.read_text(encoding="utf-8"),
                                    re.MULTILINE):
                # kustomize sets the tag of this one.
                if image == "clockwise" and "kubernetes" in path.parts:
                    continue
                with self.subTest(file=path.name):
                    self.assertRegex(image, r":v?\d+\.\d+\.\d+$")


if __name__ == "__main__":
    unittest.main()
