"""What tests of the embedded server do with processes and connections."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from core.storage.embedded import EmbeddedServer
from core.storage.embedded_account import ServerAccount, server_account
from core.storage.embedded_cluster import (
    process_command,
    read_postmaster,
)

PROJECT = Path(__file__).parents[3]
ROOT = os.geteuid() == 0
OWNER = """
import sys
from pathlib import Path
from core.errors import RondaError
from core.storage.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), settings={"fsync": "off"}, idle_seconds=0.05)
try:
    print(server.start(), flush=True)
except RondaError as error:
    print(f"{type(error).__name__}: {error}", flush=True)
sys.stdin.read()
"""
"""A process that uses the server of a folder until its input ends."""

MakeServer = Callable[..., EmbeddedServer]


def until(fact: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for a fact; fail if it does not come true."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


@contextmanager
def owner(folder: Path, **how: object) -> Iterator[subprocess.Popen[str]]:
    """Run another process that uses the server; it ends with the block if it has not yet."""
    arguments = [sys.executable, "-c", OWNER, str(folder)]
    with popen(arguments, **how) as process:
        try:
            yield process
        finally:
            process.kill()


def popen(arguments: list[str], **how: object) -> subprocess.Popen[str]:
    options: dict[str, object] = {"cwd": PROJECT} | how
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # the options vary
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def asked(url: str, query: str) -> list[Any]:
    with connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def remember(url: str, answer: int) -> None:
    """Store something that a later look finds again."""
    with connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept AS SELECT %s::int AS answer", [answer])


def server_pid(server: EmbeddedServer) -> int:
    found = read_postmaster(server.layout)
    assert found is not None
    assert found.runs(server.layout)
    return found.pid


def is_stopped(pid: int) -> bool:
    return process_command(pid) == ""


def watchdogs(server: EmbeddedServer) -> list[int]:
    """Give the processes that watch this server."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    lines = [line.split(maxsplit=1) for line in listed.splitlines()]
    wanted = f" {server.layout.root} "
    return [int(pid) for pid, command in lines if "embedded_watchdog.py" in command and wanted in command]


@contextmanager
def killed_server(server: EmbeddedServer) -> Iterator[ServerAccount]:
    """Leave the process file and the socket of a server that was killed."""
    server.start()
    pid = server_pid(server)
    os.kill(pid, signal.SIGKILL)
    until(lambda: is_stopped(pid))
    yield server_account()


def put_number(server: EmbeddedServer, pid: int) -> None:
    path = server.layout.data / "postmaster.pid"
    _own, *others = path.read_text().splitlines()
    path.write_text("\n".join([str(pid), *others, ""]))


def sleeper(account: ServerAccount, seconds: str) -> subprocess.Popen[str]:
    """Start another program of the server's account."""
    how = {"user": account.uid, "group": account.gid, "extra_groups": []} if account.switched else {}
    return popen(["sleep", seconds], **how)
