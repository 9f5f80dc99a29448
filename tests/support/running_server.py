"""Runs clockwised for the duration of a with block."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from tests.support.paths import BIN

CLOCKWISED = os.environ.get("CLOCKWISED", str(BIN / "clockwised"))
STARTED = r"msg=started .*?grpc=(\S+) http=(\S+)"
READY = re.compile(r"^clockwised ready grpc=(\S+) http=(\S+)$")


class RunningServer:
    """Starts a server, waits until it is ready, and kills it at the end.

    grpc and http are its addresses. `log()` returns its log.
    """

    def __init__(self, store="memory:", listen="127.0.0.1:0", flags=(),
                 program=CLOCKWISED, environment=None):
        self.store = store
        self.listen = listen
        self.flags = list(flags)
        self.program = program
        self.environment = environment or {}
        self.process = None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="clockwise-test-")
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, wait=True):
        """Starts the server; after a kill, with the same store and port.

        Without `wait`, it returns when the server listens, even if the store is
        unreachable.
        """
        store = self.store.replace("{folder}", self.folder)
        listen = self.listen.replace("{folder}", self.folder)
        with open(os.path.join(self.folder, "log"), "a") as log:
            self.process = subprocess.Popen(
                [self.program, f"--listen={listen}", "--http=127.0.0.1:0",
                 f"--store={store}", *self.flags],
                stdout=subprocess.PIPE, stderr=log, text=True,
                cwd=self.folder, env={"CLOCKWISE_LOG_FORMAT": "text", **os.environ,
                                       **self.environment})
        if not wait:
            self.grpc, self.http = self._listening()
            self.listen = self.grpc
            return
        line = self.process.stdout.readline().rstrip("\n")
        ready = READY.match(line)
        if ready is None:
            self.kill()
            raise RuntimeError(f"not ready: {line!r}\n{self.log()}")
        self.grpc, self.http = ready.groups()
        self.listen = self.grpc

    def _listening(self):
        """Returns the addresses that the log names."""
        for _ in range(600):
            found = re.findall(STARTED, self.log())
            if found:
                return found[-1]
            time.sleep(0.05)
        raise RuntimeError(f"not started:\n{self.log()}")

    def kill(self, how=signal.SIGKILL):
        """Kills the server by its process ID and returns its exit code."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(how)
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        self.process = None
        return code

    def log(self):
        with open(os.path.join(self.folder, "log")) as log:
            return log.read()
