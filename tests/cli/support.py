"""Runs commands in this process, as the shell would, and says how they ended."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import pytest

from tui.__main__ import main


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Give the one JSON document that was printed."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """Give the lines of data."""
        return self.out.splitlines()


Ronda = Callable[..., Outcome]
"""Runs ``ronda`` with some arguments."""


def ronda_with(capsys: pytest.CaptureFixture[str]) -> Ronda:
    """Give what runs commands, and takes what they print."""

    def run(*arguments: str) -> Outcome:
        try:
            code = main(arguments)
        except SystemExit as ended:  # argparse leaves so
            code = ended.code if isinstance(ended.code, int) else 0
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return run


class _Handler(BaseHTTPRequestHandler):
    """Answers with the status that the path names, and with the headers and body that were sent."""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = f"{self.command}\n{self.headers}{self.rfile.read(length).decode()}".encode()
        self.send_response(int(self.path.strip("/") or 200))
        if self.path == "/302":
            self.send_header("Location", "/200")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: what tests print is looked at."""


class _QuietServer(ThreadingHTTPServer):
    """Takes it as it comes that a check leaves early."""

    def handle_error(self, *_arguments: object) -> None:
        """Say nothing: what tests print is looked at."""


class Target:
    """An HTTP server on loopback, over TLS where it has a context; ``/503`` answers 503, and so on."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._server = _QuietServer(("127.0.0.1", 0), _Handler)
        self._scheme = "http" if context is None else "https"
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_details: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self, path: str = "/") -> str:
        """Give the address of a path."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}{path}"


def listening() -> socket.socket:
    """Give a socket that takes connections and never answers; the accepting is the test's."""
    return socket.create_server(("127.0.0.1", 0))
