"""A TCP proxy that cuts connections, drops bytes, or rejects connections."""

import random
import selectors

from tests.support.loopback_proxy import LoopbackProxy, connect


class TornProxy(LoopbackProxy):
    """Forwards bytes to `target` ("HOST:PORT") for the duration of a with
    block.

    tear(bytes): cuts each connection after a number of further bytes, drawn
    from the range for each connection, in either direction: in the middle of a
    request or of a response. blackhole(): connections stay open, and bytes are
    dropped. heal(): forwards again, as at the start.
    """

    def __init__(self, target):
        self.target = target
        self.cuts = 0
        self._range = None
        self._blackhole = False
        self._stop = False
        self._random = random.Random(1)

    def __exit__(self, *_):
        self._stop = True
        super().__exit__()
        for thread in self.threads:
            thread.join(timeout=10)

    def tear(self, least, most):
        self._range = (least, most)

    def blackhole(self):
        self._blackhole = True

    def heal(self):
        self._range = None
        self._blackhole = False

    def serve(self, client):
        try:
            server = connect(self.target)
        except OSError:
            client.close()
            return
        with client, server, selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            left = None
            while not self._stop:
                if self._range is None:
                    left = None
                elif left is None:
                    left = self._random.randint(*self._range)
                for key, _ in selector.select(timeout=0.1):
                    try:
                        data = key.fileobj.recv(65536)
                        if not data:
                            return
                        if self._blackhole:
                            continue
                        if left is not None and len(data) >= left:
                            key.data.sendall(data[:left])
                            self.cuts += 1
                            return
                        key.data.sendall(data)
                    except OSError:
                        return
                    left = None if left is None else left - len(data)
