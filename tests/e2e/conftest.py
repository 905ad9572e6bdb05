"""What an end-to-end run needs: a home like that of a new account, and something to check."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class _Answers(BaseHTTPRequestHandler):
    """Says 503 below /down and 200 everywhere else."""

    def do_GET(self) -> None:
        body = b'{"status": "healthy"}'
        self.send_response(503 if self.path.startswith("/down") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal of the tests."""


@pytest.fixture
def target() -> Iterator[str]:
    """Give the base URL of a server on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
