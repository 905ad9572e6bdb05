"""The frame of the command: help, version, exit codes, pipes, terminals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from core.cli.main import guarded
from core.domain.faults import Fault
from core.errors import Forbidden, NotFound, Refused, RondaError, Unreachable
from tests.cli.support import Ronda, listening

PROGRAM = [sys.executable, "-m", "tui"]
SLOW_TO_LOAD = {"sqlalchemy", "psycopg", "alembic", "httpx", "textual", "rich", "apscheduler", "asyncio"}


def test_the_version_is_the_one_of_the_package(ronda: Ronda) -> None:
    assert ronda("--version").out == f"ronda {version('ronda')}\n"


def test_help_tells_the_exit_codes_and_every_command(ronda: Ronda) -> None:
    helped = ronda("--help")
    assert helped.code == 0
    assert "130 interrupted" in helped.out
    for command in ("client", "service", "check", "status", "health", "stats", "agent", "db"):
        assert f"\n    {command} " in helped.out


@pytest.mark.parametrize("arguments", [["nonsense"], ["client"], ["client", "nonsense"], ["--nonsense"]])
def test_wrong_usage_exits_2_and_says_what_there_is(ronda: Ronda, arguments: list[str]) -> None:
    ended = ronda(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "usage: ronda" in ended.err


def test_an_option_is_never_guessed_from_its_beginning(ronda: Ronda) -> None:
    assert ronda("check", "https://x.example", "--time", "3").code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RondaError("what"), 1),
        (NotFound("what"), 1),
        (Refused([Fault("name", "required")]), 2),
        (Unreachable("what"), 3),
        (Forbidden("what"), 4),
    ],
)
def test_an_error_is_said_on_stderr_and_gives_its_exit_code(
    error: RondaError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise error

    assert guarded(fail) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("ronda: ")


def test_ctrl_c_exits_130_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert guarded(interrupted) == 130
    assert capsys.readouterr() == ("", "")


def test_what_an_error_says_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise NotFound("a\x1b[31m\nb")

    guarded(fail)
    assert capsys.readouterr().err == "ronda: a�[31m\nronda: b\n"


@pytest.mark.parametrize("arguments", [[], ["--read-only"], ["--ascii"]])
def test_the_console_needs_a_terminal_and_names_what_does_not(ronda: Ronda, arguments: list[str]) -> None:
    ended = ronda(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "ronda status" in ended.err
    assert "ronda agent" in ended.err


def test_a_read_only_agent_is_refused(ronda: Ronda) -> None:
    ended = ronda("--read-only", "agent")
    assert (ended.code, "without --read-only" in ended.err) == (4, True)


def test_commands_load_nothing_slow_before_they_know_that_they_need_it() -> None:
    program = "import sys, tui.__main__ as ronda; ronda.build_parser()"
    program += "; print(*(name for name, module in sys.modules.items() if module is not None))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {name.split(".")[0] for name in done.stdout.split()} & SLOW_TO_LOAD == set()


def test_a_reader_that_has_read_enough_is_no_error() -> None:
    command = f"{sys.executable} -m tui check http://127.0.0.1:1/ | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_output_that_cannot_be_written_is_said() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "check", "http://127.0.0.1:1/"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "ronda: The output cannot be written: No space left on device.\n"


def test_letters_that_the_terminal_lacks_are_replaced() -> None:
    done = subprocess.run(
        [*PROGRAM, "check", "http://bücher.invalid:99999/"],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_interrupted_check_exits_130_without_a_traceback() -> None:
    with listening() as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        process = subprocess.Popen(
            [*PROGRAM, "check", url, "--timeout", "60"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Whoever starts the tests in the background has them ignore SIGINT, and a child inherits that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        connection, _address = server.accept()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        connection.close()
    assert (process.returncode, out, err) == (130, "", "")
