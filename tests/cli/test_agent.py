"""``ronda agent`` as a process of its own, and what it does for commands beside it."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.bus import Bus
from core.cli.serving import Teller
from core.domain.events import StorageChanged, WorkersReported
from core.settings import load_settings
from tests.cli.support import Ronda, Target
from tests.operations.support import worker

PATIENCE_SECONDS = 40.0


@dataclass
class Agent:
    """A running agent and what it has written into its log."""

    process: subprocess.Popen[str]
    log: str = ""

    def says(self, text: str) -> None:
        """Read its log until that holds a text."""
        assert self.process.stderr is not None
        while text not in self.log:
            line = self.process.stderr.readline()
            assert line, f"the agent has ended: {self.log}"
            self.log += line

    def ends_on(self, number: signal.Signals) -> int:
        """End it, read the rest of its log and give its exit code."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        self.log += err
        assert out == ""
        return self.process.returncode


@pytest.fixture
def agent(ronda_db: Ronda) -> Iterator[Agent]:
    """Run an agent on the test's database."""
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "agent"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        running = Agent(process)
        running.says("This agent leads")
        yield running
        process.kill()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_an_agent_in_order(
    agent: Agent, ronda_db: Ronda, number: signal.Signals, code: int
) -> None:
    assert ronda_db("health").code == 0
    assert agent.ends_on(number) == code
    assert agent.log.splitlines()[-1].endswith("Ended")
    assert "Traceback" not in agent.log
    assert ronda_db("health", "--json").document["workers"] == []


def test_an_agent_checks_what_a_command_adds_and_asks_for(
    agent: Agent, ronda_db: Ronda, target: Target
) -> None:
    ronda_db("client", "add", "--name", "acme", "--dns", target.url(""))
    options = ("--interval", "3600", "--retries", "0")
    ronda_db("service", "add", "--client", "acme", "--name", "web", "--endpoint", "/503", *options)
    asked = ronda_db("service", "check", "web", "--json")
    assert (asked.code, asked.err) == (1, "")
    assert (asked.document["status"], asked.document["error"]) == ("down", "status")
    ronda_db("service", "edit", "web", "--endpoint", "/200")
    assert ronda_db("service", "check", "web", "--json").document["status_code"] == 200
    assert ronda_db("status").code == 0
    checks = ronda_db("service", "history", "web", "--json").document["checks"]
    assert {check["status_code"] for check in checks} == {503, 200}


@pytest.fixture
def child(ronda_db: Ronda, environment: Path) -> Iterator[subprocess.Popen[str]]:
    """Start an agent as a console does; the environment names no database."""
    settings = load_settings().as_environment()
    bare = {name: value for name, value in os.environ.items() if name not in settings}
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "agent", "--for-console", "the-console"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=bare,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        yield process
        process.kill()


def test_an_agent_of_a_console_ends_when_that_one_does(
    child: subprocess.Popen[str], ronda_db: Ronda, environment: Path
) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while ronda_db("health").code and time.monotonic() < deadline:
        assert child.poll() is None
    (worker,) = ronda_db("health", "--json").document["workers"]
    assert (worker["kind"], worker["leading"], worker["pid"]) == ("agent", True, child.pid)
    assert child.communicate(timeout=PATIENCE_SECONDS) == ("", "")
    assert child.returncode == 0
    assert ronda_db("health", "--json").document["workers"] == []
    log = (environment / "log" / "agent.log").read_text()
    assert "Ending on the end of its console" in log
    assert log.splitlines()[-1].endswith("Ended")


def test_an_agent_of_no_console_says_so_and_ends(environment: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui", "agent", "--for-console", "nobody"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "ronda: Standard input holds no settings; only a console uses --for-console.\n"


def told(publish: Callable[[Bus], None], caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give what an agent writes into its log when something is published."""
    bus = Bus()
    Teller(bus)
    with caplog.at_level("INFO", logger="core.cli.serving"):
        publish(bus)
    return [record.getMessage() for record in caplog.records]


def test_an_agent_says_once_whom_it_follows(caplog: pytest.LogCaptureFixture) -> None:
    def publish(bus: Bus) -> None:
        for _number in range(2):
            bus.publish(WorkersReported((worker("own"), worker("other", leading=True)), "own"))
        bus.publish(WorkersReported((worker("own"),), "own"))
        bus.publish(WorkersReported((worker("own", leading=True),), "own"))

    first, second = told(publish, caplog)
    assert first.startswith("The agent of olga on ops1 leads; this agent follows")
    assert second == "This agent leads: it runs the checks"


def test_an_agent_says_when_the_database_goes_and_comes(caplog: pytest.LogCaptureFixture) -> None:
    def publish(bus: Bus) -> None:
        bus.publish(StorageChanged(online=False, detail="no answer"))
        bus.publish(StorageChanged(online=True))

    assert told(publish, caplog) == ["The database is away: no answer", "The database is back"]


def test_an_agent_with_another_key_says_so_and_ends(ronda_db: Ronda, agent: Agent) -> None:
    other = os.environ | {"RONDA_SECRET_KEY": base64.urlsafe_b64encode(b"o" * 32).decode()}
    command = [sys.executable, "-m", "tui", "agent"]
    done = subprocess.run(
        command, env=other, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert done.returncode == 2
    assert "ronda: This database was written with another secret key" in done.stderr
    assert "Traceback" not in done.stderr
