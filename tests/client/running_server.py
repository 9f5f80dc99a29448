"""A clockwised process for the length of a with block."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

BIN = pathlib.Path(__file__).resolve().parents[2] / "build/release/bin"
CLOCKWISED = os.environ.get("CLOCKWISED", str(BIN / "clockwised"))
READY = re.compile(r"^clockwised ready grpc=(\S+) http=(\S+)$")


class RunningServer:
    """Starts a server, waits until it is ready, and kills it at the end.

    grpc and http are the addresses that it took. Its log is shown by `log()`.
    """

    def __init__(self, store="memory:", listen="127.0.0.1:0", flags=()):
        self.store = store
        self.listen = listen
        self.flags = list(flags)
        self.process = None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="clockwise-test-")
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Starts it; after a kill, with the same store and at the same port."""
        store = self.store.replace("{folder}", self.folder)
        listen = self.listen.replace("{folder}", self.folder)
        with open(os.path.join(self.folder, "log"), "a") as log:
            self.process = subprocess.Popen(
                [CLOCKWISED, f"--listen={listen}", "--http=127.0.0.1:0",
                 f"--store={store}", *self.flags],
                stdout=subprocess.PIPE, stderr=log, text=True,
                cwd=self.folder)
        line = self.process.stdout.readline().rstrip("\n")
        ready = READY.match(line)
        if ready is None:
            self.kill()
            raise RuntimeError(f"not ready: {line!r}\n{self.log()}")
        self.grpc, self.http = ready.groups()
        self.listen = self.grpc

    def kill(self, how=signal.SIGKILL):
        """Ends it by its own process id and returns its exit code."""
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
