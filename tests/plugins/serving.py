"""A server of a test's own, on a thread."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator

from toban.local.emulated.emulators import HOST


@contextlib.contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """The URL of a server with that handler, as long as the block lasts."""

    class Quiet(handler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer((HOST, 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
