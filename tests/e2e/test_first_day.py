"""The first day with Ronda, in a real terminal, on an empty home."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal, fresh_environment

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e"), pytest.mark.timeout(180)]


def ronda(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tui", *arguments]
    return subprocess.run(command, cwd="/", env=env, capture_output=True, text=True, timeout=60, check=False)


def fill(terminal: Terminal, *texts: str) -> None:
    """Type into one field after the other; an empty text leaves a field as it is."""
    for number, text in enumerate(texts):
        terminal.press(*(["tab"] if number else []), text)


def add_service(terminal: Terminal, name: str, endpoint: str, interval: str) -> None:
    terminal.press("n")
    terminal.wait_for("New service", "Endpoint")
    fill(terminal, name, "", endpoint, "", "", "\x15" + interval, "\x15" + interval)
    terminal.press("ctrl+s")
    terminal.wait_for(name, lambda text: "New service" not in text)


def test_from_an_empty_home_to_a_history_that_is_still_there(scratch_home: Path, target: str) -> None:
    env = fresh_environment(scratch_home)
    with Terminal(env=env, columns=100, rows=32) as terminal:
        terminal.wait_for("ronda", "nothing is being watched yet", within=60)
        terminal.press("n")
        terminal.wait_for("New client")
        fill(terminal, "Acme", target)
        terminal.press("ctrl+s")
        terminal.wait_for("no service is checked yet")
        add_service(terminal, "shop", "/health", "1")
        add_service(terminal, "mail", "/down", "1")
        terminal.wait_for("1 down", "1 up", "got 503, expected 200")
        terminal.press("q")
        terminal.wait_for("Checks stop when you leave")
        terminal.press("y")
        assert terminal.wait_for_end() == 0
        assert b"Traceback" not in terminal.raw

    with Terminal(env=env, columns=80, rows=24) as terminal:
        terminal.wait_for("mail", "shop", "✗✗✗", within=60)
        terminal.press("]", "enter")
        terminal.wait_for("last checks", "503")
        terminal.press("esc", "ctrl+c")
        terminal.wait_for("Checks stop when you leave")
        terminal.press("y")
        assert terminal.wait_for_end() == 0

    board = json.loads(ronda(env, "status", "--json").stdout)
    assert {line["service"] for line in board["services"]} == {"shop", "mail"}
    history = json.loads(ronda(env, "service", "history", "Acme/mail", "--json").stdout)
    assert len(history["checks"]) >= 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_in_order(scratch_home: Path, number: signal.Signals) -> None:
    with Terminal(env=fresh_environment(scratch_home)) as terminal:
        terminal.wait_for("nothing is being watched yet", within=60)
        terminal.process.kill(number)
        code = terminal.wait_for_end()
        assert code == 0
        assert b"Traceback" not in terminal.raw
        leave_alternate_screen, show_cursor = b"\x1b[?1049l", b"\x1b[?25h"
        assert leave_alternate_screen in terminal.raw[-200:]
        assert show_cursor in terminal.raw[-200:]


def test_a_console_needs_a_terminal(scratch_home: Path) -> None:
    done = ronda(fresh_environment(scratch_home))
    assert done.returncode == 2
    assert done.stderr.startswith("ronda: ")
    assert "ronda status" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_demo_is_alive_within_ten_seconds_of_its_board(scratch_home: Path) -> None:
    env = fresh_environment(scratch_home) | {"TMPDIR": str(scratch_home)}
    with Terminal("demo", env=env, columns=160, rows=45) as terminal:
        terminal.wait_for("Northwind Bank", within=60)
        terminal.wait_for("got 503, expected 200", "connection refused", "self-signed", within=10)
        terminal.wait_for("lead here")  # before that it does not know that nobody else checks
        terminal.press("q")
        terminal.wait_for("Checks stop when you leave")
        terminal.press("y")
        assert terminal.wait_for_end(30) == 0
    assert list(scratch_home.glob("ronda-demo-*")) == []


def stored_checks(env: dict[str, str]) -> int:
    return len(
        json.loads(ronda(env, "service", "history", "Acme/shop", "--limit", "500", "--json").stdout)["checks"]
    )


def test_a_terminal_that_stops_reading_stops_no_check_and_can_be_ended(
    scratch_home: Path, target: str
) -> None:
    """Stock Textual stops its event loop, checks and signals included, when the terminal takes nothing."""
    env = fresh_environment(scratch_home)
    assert ronda(env, "client", "add", "--name", "Acme", "--dns", target).returncode == 0
    service = ["--name", "shop", "--endpoint", "/health", "--interval", "1", "--timeout", "1"]
    assert ronda(env, "service", "add", "--client", "Acme", *service).returncode == 0
    with Terminal(env=env, columns=200, rows=60) as terminal:
        terminal.wait_for("Acme", "shop", "1 up", within=60)
        for _ in range(200):  # frames of 12,000 cells each: more than the terminal's buffer holds
            terminal.process.send("?")
            terminal.process.send("\x1b")
        before, deadline = stored_checks(env), time.monotonic() + 30
        while stored_checks(env) < before + 3:
            assert time.monotonic() < deadline, "the checks have stopped"
        terminal.process.kill(signal.SIGTERM)
        while terminal.process.isalive():
            assert time.monotonic() < deadline + 20, "it cannot be ended"
        assert terminal.process.signalstatus is None
