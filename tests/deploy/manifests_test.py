#!/usr/bin/python3
"""Checks files for systems that cannot run here (containers, Kubernetes,
Grafana) against their schemas, and that each check finds a fault."""

import os
import pathlib
import platform
import re
import shutil
import subprocess
import unittest

from tests.support import npm_packages
from tests.support.paths import DEPLOY, ROOT

# A file, a text in it, and the text that replaces it to make a fault.
FAULTS = [
    ("deploy/kubernetes/etcd/deployment.yaml", "containerPort: 7400",
     "containerPort: grpc"),
    ("deploy/kubernetes/etcd/deployment.yaml", "readOnlyRootFilesystem",
     "readOnlyRootfilesystem"),
    ("deploy/kubernetes/base/monitoring.yaml", "endpoints:", "endpoint:"),
    ("deploy/kubernetes/base/kustomization.yaml", "  - network.yaml\n", ""),
    ("deploy/kubernetes/sqlite/kustomization.yaml", "statefulset.yaml",
     "stateful.yaml"),
    ("deploy/kubernetes/etcd/kustomization.yaml", "../release", "../releases"),
    ("deploy/kubernetes/ingress/ingress.yaml", "pathType", "pathtype"),
    ("deploy/compose.yaml", "restart: unless-stopped", "restarts: always"),
    ("deploy/compose.yaml", "./grafana/clockwise.json", "./grafana/other.json"),
    ("deploy/Dockerfile", "EXPOSE 7400", "EXPOSES 7400"),
    ("deploy/Dockerfile", "COPY proto proto", "COPY protos proto"),
    ("service/http/page/openapi.json", '"openapi": "3.0.3"',
     '"openapi": "3.0.3", "path": {}'),
    ("deploy/grafana/provisioning/dashboards/clockwise.yaml", "apiVersion: 1",
     "apiVersion: [1"),
]


class ManifestsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(npm_packages.install(
            cls, ROOT / "tests/deploy/manifests"))

    def check(self, root, *rendered):
        return subprocess.run(["node", "check.mjs", root, *rendered], cwd=self.folder,
                              env=npm_packages.node_environment(),
                              capture_output=True, text=True, timeout=60)

    def test_they_are_what_their_schemas_ask_for(self):
        rendered = self.folder / "rendered"
        rendered.mkdir()
        if shutil.which("kubectl"):
            for name in ("etcd", "sqlite", "etcd-secure"):
                with (rendered / f"{name}.yaml").open("w") as file:
                    subprocess.run(["kubectl", "kustomize", DEPLOY / "kubernetes" / name],
                                   stdout=file, timeout=60, check=True)
        done = self.check(ROOT, rendered)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_each_kind_of_fault_is_found(self):
        copy = self.folder / "copy"
        for name in ("deploy", "proto", "client", "service"):
            shutil.copytree(ROOT / name, copy / name, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("node_modules"))
        for name in ("CMakeLists.txt", "CMakePresets.json", "LICENSE",
                     "README.md", "SECURITY.md", "CHANGELOG.md"):
            shutil.copy(ROOT / name, copy)
        self.assertEqual(self.check(copy).returncode, 0)
        for name, right, wrong in FAULTS:
            with self.subTest(file=name, wrong=wrong):
                text = (copy / name).read_text(encoding="utf-8")
                self.assertIn(right, text)
                (copy / name).write_text(text.replace(right, wrong, 1),
                                         encoding="utf-8")
                self.assertEqual(self.check(copy).returncode, 1)
                (copy / name).write_text(text, encoding="utf-8")

    def test_the_image_has_the_libraries_that_the_programs_load(self):
        bin_dir = pathlib.Path(os.environ.get(
            "CLOCKWISED", ROOT / "build/release/bin/clockwised")).parent
        dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="ascii")
        run_stage = dockerfile.rsplit("FROM", 1)[1]
        release = platform.freedesktop_os_release()["VERSION_ID"]
        if f"debian:{release}-slim" not in run_stage:
            self.skipTest(f"the image is of another release than Debian {release}")
        for program in ("clockwised", "clockwise"):
            loaded = subprocess.run(
                ["ldd", bin_dir / program], capture_output=True, text=True,
                check=True).stdout
            if "libasan" in loaded:
                self.skipTest("sanitizers load more")
            for path in re.findall(r"=> (/\S+)", loaded):
                # The path of the file, and its path before /usr was merged.
                real = os.path.realpath(path)
                owner = subprocess.run(
                    ["dpkg-query", "-S", real, real.removeprefix("/usr")],
                    capture_output=True, text=True).stdout
                package = owner.split(":")[0]
                if package in ("libc6", "libgcc-s1"):
                    continue  # part of the slim image
                self.assertIn(f" {package} ", run_stage.replace("\n", " "))


if __name__ == "__main__":
    unittest.main()
