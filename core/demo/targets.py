"""Simulated services on loopback: a process of its own, so that it does not share the console's loop.

``python -m core.demo.targets FOLDER`` prints its ports as one line of JSON and serves until its
standard input is closed: it ends with whoever started it, however that one ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from core.clock import SystemClock
from core.demo.certificates import PLANS, write_certificate

HOST = "127.0.0.1"
HANG_SECONDS = 60.0
FLAP_SECONDS = 9.0
"""How long a flapping service stays as it is."""

Behaviour = Callable[[asyncio.StreamWriter, str], Awaitable[None]]


def answer(status: int, reason: str, body: str, *headers: str) -> bytes:
    """Give a whole HTTP answer."""
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body.encode())}", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", body]).encode()


HEALTHY = answer(200, "OK", '{"status": "healthy"}', "Content-Type: application/json")


def usual_seconds(path: str, now: float) -> float:
    """Give a latency that differs from service to service and drifts a little with time."""
    character = random.Random(path)
    base = character.choice((0.004, 0.012, 0.025, 0.05, 0.09))
    noise = random.lognormvariate(0, 0.22)
    spike = 4.0 if random.random() < 0.02 else 1.0
    return base * noise * spike * (1 + 0.3 * ((now / 60 + character.random()) % 1))


async def up(writer: asyncio.StreamWriter, path: str) -> None:
    """Answer as it should."""
    await asyncio.sleep(usual_seconds(path, time.time()))
    writer.write(HEALTHY)


async def slow(writer: asyncio.StreamWriter, path: str) -> None:
    """Answer right, but later than the service's threshold."""
    await asyncio.sleep(0.5 + usual_seconds(path, time.time()) * 3)
    writer.write(HEALTHY)


async def flapping(writer: asyncio.StreamWriter, path: str) -> None:
    """Be well and ill in turns."""
    if int(time.time() / FLAP_SECONDS) % 2:
        await up(writer, path)
    else:
        await failing(writer, path)


async def failing(writer: asyncio.StreamWriter, path: str) -> None:
    """Answer that it is not available."""
    writer.write(answer(503, "Service Unavailable", "upstream connect error"))


async def recovering(writer: asyncio.StreamWriter, path: str) -> None:
    """Fail for a while in every two minutes."""
    await (failing if int(time.time()) % 120 < 30 else up)(writer, path)


async def hanging(writer: asyncio.StreamWriter, path: str) -> None:
    """Take the request and never answer."""
    await asyncio.sleep(HANG_SECONDS)


async def garbage(writer: asyncio.StreamWriter, path: str) -> None:
    """Speak something that is not HTTP."""
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")


async def empty(writer: asyncio.StreamWriter, path: str) -> None:
    """Answer with success and with the wrong text."""
    writer.write(answer(200, "OK", '{"status": "starting"}', "Content-Type: application/json"))


async def moved(writer: asyncio.StreamWriter, path: str) -> None:
    """Redirect to a page that is there."""
    writer.write(answer(302, "Found", "", f"Location: {path.rsplit('/', 1)[0]}/up"))


async def circling(writer: asyncio.StreamWriter, path: str) -> None:
    """Redirect to itself for ever."""
    writer.write(answer(302, "Found", "", f"Location: {path}"))


async def aborting(writer: asyncio.StreamWriter, path: str) -> None:
    """Close the connection without a word."""
    writer.transport.abort()


BEHAVIOURS: dict[str, Behaviour] = {
    "up": up,
    "slow": slow,
    "flapping": flapping,
    "failing": failing,
    "recovering": recovering,
    "hanging": hanging,
    "garbage": garbage,
    "empty": empty,
    "moved": moved,
    "circling": circling,
    "aborting": aborting,
}
"""The last part of a path decides how its service behaves."""


async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request as its path says."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode("latin-1")
        await BEHAVIOURS.get(path.rsplit("/", 1)[-1], up)(writer, path)
        await writer.drain()
    writer.close()


async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Greet as a mail server does, and leave."""
    writer.write(b"220 mail.demo.example ESMTP ready\r\n")
    with contextlib.suppress(ConnectionError):
        await writer.drain()
    writer.close()


async def _listen(context: ssl.SSLContext | None = None) -> int:
    server = await asyncio.start_server(serve_one, HOST, 0, ssl=context)
    port: int = server.sockets[0].getsockname()[1]
    return port


async def _listen_for_mail() -> int:
    server = await asyncio.start_server(greet, HOST, 0)
    port: int = server.sockets[0].getsockname()[1]
    return port


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


async def serve(folder: Path) -> None:
    """Open every port, say which, and serve until standard input is closed."""
    now = SystemClock().now()
    ports = {"http": await _listen(), "mail": await _listen_for_mail(), "closed": _closed_port()}
    for name, plan in PLANS.items():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(write_certificate(plan, folder, now))
        ports[name] = await _listen(context)
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Path(sys.argv[1])))
