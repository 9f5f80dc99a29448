"""Runs a real Prometheus for the duration of a with block."""

import json
import pathlib
import re
import subprocess
import time
import urllib.parse
import urllib.request

PROMETHEUS = "/usr/bin/prometheus"
PATIENCE = 60  # seconds; scraping once a second needs two or three
LISTENS = re.compile(r'msg="Listening on" address=(127\.0\.0\.1:\d+)')
CONFIG = """\
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: {rules}
scrape_configs:
  - job_name: clockwise
    {more}
    static_configs:
      - targets: {targets}
"""


def fetched(url):
    with urllib.request.urlopen(url, timeout=20) as response:
        return response.read().decode()


class RunningPrometheus:
    """A Prometheus that scrapes `targets`, for the duration of a with block.

    `more` is added to the scrape configuration, as one line.
    """

    def __init__(self, targets, folder, rules=(), more=""):
        self.folder = pathlib.Path(folder)
        (self.folder / "prometheus.yml").write_text(CONFIG.format(
            targets=json.dumps(targets), more=more,
            rules=json.dumps([str(path) for path in rules])))

    def __enter__(self):
        self.log = self.folder / "prometheus.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [PROMETHEUS, f"--config.file={self.folder / 'prometheus.yml'}",
                 f"--storage.tsdb.path={self.folder / 'data'}",
                 "--web.listen-address=127.0.0.1:0"],
                stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)
        try:
            self.address = self.wait_until_it_listens()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_until_it_listens(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            listens = LISTENS.search(self.log.read_text())
            if listens:
                return listens.group(1)
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"Prometheus did not start:\n{self.log.read_text()}")

    def query(self, expression):
        """Returns the values of an instant query, by their labels as sorted
        pairs."""
        answer = json.loads(fetched(
            f"http://{self.address}/api/v1/query?"
            + urllib.parse.urlencode({"query": expression})))
        return {tuple(sorted(row["metric"].items())): float(row["value"][1])
                for row in answer["data"]["result"]}

    def number(self, expression):
        """Returns the single value of a query; None if there is none (yet)."""
        values = list(self.query(expression).values())
        return values[0] if len(values) == 1 else None
