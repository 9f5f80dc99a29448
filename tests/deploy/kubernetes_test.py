#!/usr/bin/python3
"""Checks what kustomize makes of the Kubernetes files, and that their README
names only what they have. The test needs no cluster. tests/deploy/manifests_test.py
compares the files with Kubernetes' schemas."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

from tests.support.paths import DEPLOY, ROOT

FOLDER = DEPLOY / "kubernetes"
OVERLAYS = ("etcd", "sqlite", "etcd-secure")
LABELS = {"name": "clockwise", "instance": "clockwise", "component": "server",
          "part-of": "clockwise", "managed-by": "kustomize"}
VERSION = re.search(r"^  VERSION (\S+)$", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"),
                    re.MULTILINE).group(1)
# Words of the README that are no part of the files.
OTHER_WORDS = {"kubectl", "kustomize"}


def files():
    return {path: path.read_text(encoding="utf-8") for path in sorted(FOLDER.rglob("*.yaml"))}


def flag_of(variable):
    return "--" + variable.removeprefix("CLOCKWISE_").lower().replace("_", "-")


def render(folder):
    """Returns the resources that kustomize makes of a folder."""
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [resource for resource in yaml.safe_load_all(done.stdout) if resource]


def pod_of(resources):
    [owner] = [resource for resource in resources if resource["kind"] in ("Deployment",
                                                                          "StatefulSet")]
    return owner, owner["spec"]["template"]


@unittest.skipUnless(shutil.which("kubectl"), "kubectl is not installed")
class RenderedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.copy = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="clockwise-kubernetes-"))) / "kubernetes"
        shutil.copytree(FOLDER, cls.copy)
        cls.rendered = {name: render(FOLDER / name) for name in OVERLAYS}

    def render_text(self, name, text):
        """Returns the resources of a kustomization in a folder beside the
        others."""
        (self.copy / name).mkdir()
        (self.copy / name / "kustomization.yaml").write_text(text, encoding="utf-8")
        return render(self.copy / name)

    def test_the_image_has_the_tag_of_this_version(self):
        for name, resources in self.rendered.items():
            with self.subTest(overlay=name):
                _, pod = pod_of(resources)
                [container] = pod["spec"]["containers"]
                self.assertEqual(container["image"], f"clockwise:{VERSION}")

    def test_all_resources_and_pods_have_the_standard_labels(self):
        wanted = {f"app.kubernetes.io/{name}": value
                  for name, value in {**LABELS, "version": VERSION}.items()}
        for name, resources in self.rendered.items():
            for thing in [*resources, pod_of(resources)[1]]:
                with self.subTest(overlay=name, kind=thing.get("kind", "pod")):
                    labels = thing["metadata"]["labels"]
                    self.assertEqual(wanted, {key: labels.get(key) for key in wanted})

    def test_selectors_find_the_pods_and_hold_no_version(self):
        for name, resources in self.rendered.items():
            _, pod = pod_of(resources)
            for resource in resources:
                spec = resource.get("spec", {})
                for key in ("selector", "podSelector"):
                    if key not in spec or resource["kind"] == "ServiceMonitor":
                        continue
                    wanted = spec[key].get("matchLabels", spec[key])
                    with self.subTest(overlay=name, kind=resource["kind"]):
                        self.assertNotIn("app.kubernetes.io/version", wanted)
                        self.assertLessEqual(wanted.items(), pod["metadata"]["labels"].items())
            [monitor] = [one for one in resources if one["kind"] == "ServiceMonitor"]
            found = [one for one in resources if one["kind"] == "Service" and
                     monitor["spec"]["selector"]["matchLabels"].items()
                     <= one["metadata"]["labels"].items()]
            self.assertEqual([one["metadata"]["name"] for one in found], ["clockwise"])

    def test_all_own_labels_have_a_domain(self):
        for name, resources in self.rendered.items():
            found = re.findall(r"'([\w./-]+)': 'true'", str(resources))
            self.assertEqual({label.split("/")[0] for label in found}, {"clockwise.internal"}, name)

    def test_pods_of_three_servers_are_spread_over_zones_and_hosts(self):
        _, pod = pod_of(self.rendered["etcd"])
        self.assertEqual([one["topologyKey"] for one in pod["spec"]["topologySpreadConstraints"]],
                         ["topology.kubernetes.io/zone", "kubernetes.io/hostname"])

    def test_each_server_advertises_the_address_of_its_pod(self):
        for name in ("etcd", "etcd-secure"):
            _, pod = pod_of(self.rendered[name])
            [container] = pod["spec"]["containers"]
            # $(POD_IP) is replaced only if its variable stands before it.
            names = [one["name"] for one in container["env"]]
            self.assertLess(names.index("POD_IP"), names.index("CLOCKWISE_ADVERTISE"))
            self.assertIn({"name": "CLOCKWISE_ADVERTISE", "value": "$(POD_IP):7400"},
                          container["env"])

    def test_files_that_variables_name_are_mounted(self):
        _, pod = pod_of(self.rendered["etcd-secure"])
        [container] = pod["spec"]["containers"]
        mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
        named = [variable["value"] for variable in container["env"]
                 if variable.get("value", "").startswith("/")]
        self.assertEqual(len(named), 5)
        for path in named:
            self.assertIn(mounts[str(pathlib.PurePath(path).parent)], volumes)
        self.assertIn({"name": "CLOCKWISE_INSECURE_LISTEN", "value": "false"}, container["env"])

    def test_each_component_fits_each_overlay(self):
        for overlay in ("etcd", "sqlite"):
            with self.subTest(overlay=overlay):
                resources = self.render_text(
                    f"with-{overlay}",
                    f"resources: [../{overlay}]\ncomponents: [../tls, ../ingress]\n")
                _, pod = pod_of(resources)
                self.assertIn("CLOCKWISE_TLS_CERT", str(pod))
                self.assertIn("Ingress", [one["kind"] for one in resources])

    def test_the_readme_s_example_works(self):
        readme = (FOLDER / "README.md").read_text(encoding="utf-8")
        example = re.search(r"```yaml\n(.*?)```", readme, re.DOTALL).group(1)
        _, pod = pod_of(self.render_text(
            "example", example.replace("clockwise/deploy/kubernetes", "..")))
        [container] = pod["spec"]["containers"]
        self.assertEqual(container["image"], f"registry.example.com/clockwise:{VERSION}")
        stores = [one["value"] for one in container["env"] if one["name"] == "CLOCKWISE_STORE"]
        self.assertEqual(stores, ["etcd:etcd.etcd:2379"])


class NamesTest(unittest.TestCase):
    def test_the_readme_names_only_what_the_files_have(self):
        names = {part for path in FOLDER.rglob("*")
                 for part in path.relative_to(FOLDER).parts}
        flags = re.findall(r"`(--[a-z-]+)`", (DEPLOY / "README.md").read_text(encoding="utf-8"))
        words = {word.strip(".") for text in [*files().values(), *flags]
                 for word in re.findall(r"[\w./-]+", text)} | names | OTHER_WORDS
        readme = (FOLDER / "README.md").read_text(encoding="utf-8")
        for code in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", readme, flags=re.DOTALL)):
            for word in re.findall(r"[\w./-]+", code.split("=")[0]):
                place = word.removeprefix("dns:///").removeprefix("///").split(".clockwise")[0]
                if word in ("dns", "7400", "true") or (ROOT / word).exists():
                    continue
                self.assertTrue(place in words, f"`{code}`: the files have no {word}")

    def test_each_variable_and_flag_is_one_of_the_server(self):
        page = (DEPLOY / "README.md").read_text(encoding="utf-8")
        real = set(re.findall(r"`(--[a-z-]+)`", page.split("\n## Flags\n")[1]))
        used = set()
        for text in files().values():
            used |= {flag_of(name) for name in re.findall(r"\bCLOCKWISE_\w+", text)}
            used |= set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
        self.assertGreater(len(used), 8)
        self.assertLessEqual(used, real)

    def test_the_version_is_written_once(self):
        found = [path.relative_to(FOLDER) for path, text in files().items()
                 for _ in re.findall(rf"(?<!\d){re.escape(VERSION)}(?!\d)", text)]
        self.assertEqual(set(map(str, found)), {"release/kustomization.yaml"})


if __name__ == "__main__":
    unittest.main()
