"""The program's log: where it goes and what must never be in it."""

from __future__ import annotations

import logging
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import logs as logs_module
from core.domain.secret import MASK, Secret
from core.errors import ConfigError
from core.logs import AGENT_LOG_FILE, LOG_FILE, QUIET_LIBRARIES, configure_logging

log = logging.getLogger("ronda.test")


@pytest.fixture(autouse=True)
def library_levels() -> Iterator[None]:
    """Leave the levels of libraries as they were."""
    loggers = [logging.getLogger(name) for name in QUIET_LIBRARIES]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def written(folder: Path, message: str, *secrets: Secret, error: Exception | None = None) -> str:
    end = configure_logging(folder, secrets=secrets)
    log.warning(message, exc_info=error)
    end()
    return (folder / LOG_FILE).read_text(encoding="utf-8")


def test_a_console_logs_into_a_file_and_never_to_the_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "WARNING ronda.test: the words" in written(tmp_path / "log", "the words")
    assert capfd.readouterr() == ("", "")


def test_an_agent_of_a_console_has_a_file_of_its_own(tmp_path: Path) -> None:
    end = configure_logging(tmp_path, file=AGENT_LOG_FILE)
    logging.getLogger("core.test").info("started")
    end()
    assert [path.name for path in tmp_path.iterdir()] == ["agent.log"]


def test_the_log_is_for_its_user_alone(tmp_path: Path) -> None:
    written(tmp_path / "log", "x")
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "log" / LOG_FILE).stat().st_mode) == 0o600


def test_an_agent_logs_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    end = configure_logging(None)
    log.info("the words")
    end()
    printed = capsys.readouterr()
    assert "INFO ronda.test: the words" in printed.err
    assert printed.out == ""


@pytest.fixture
def zone_far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Pacific/Kiritimati")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("zone_far_from_utc")
def test_times_are_in_utc(tmp_path: Path) -> None:
    end = configure_logging(tmp_path)
    record = logging.makeLogRecord({"msg": "x", "created": 0.0, "levelno": logging.INFO})
    logging.getLogger().handle(record)
    end()
    assert (tmp_path / LOG_FILE).read_text().startswith("1970-01-01T00:00:00Z")


def test_nothing_is_written_after_the_end(tmp_path: Path) -> None:
    before = (logging.getLogger().level, list(logging.getLogger().handlers))
    text = written(tmp_path, "x")
    log.warning("afterwards")
    assert (tmp_path / LOG_FILE).read_text() == text
    assert (logging.getLogger().level, list(logging.getLogger().handlers)) == before


@pytest.mark.parametrize("library", ["httpx", "httpcore", "apscheduler", "apscheduler.scheduler"])
def test_libraries_are_heard_from_warnings_on(tmp_path: Path, library: str) -> None:
    end = configure_logging(tmp_path)
    logging.getLogger(library).info("chatter")
    logging.getLogger(library).warning("trouble")
    end()
    text = (tmp_path / LOG_FILE).read_text()
    assert "trouble" in text
    assert "chatter" not in text


def test_a_known_secret_is_masked_in_messages_and_tracebacks(tmp_path: Path) -> None:
    text = written(tmp_path, "key s3cret!", Secret("s3cret!"), error=ValueError("bad s3cret!"))
    assert "s3cret!" not in text
    assert text.count(MASK) == 2


def test_the_password_of_a_known_url_is_masked_as_written_and_decoded(tmp_path: Path) -> None:
    text = written(tmp_path, "p%40ssword and p@ssword at host", Secret("postgresql://u:p%40ssword@host/d"))
    assert "ssword" not in text
    assert "host" in text


def test_the_password_in_any_url_is_masked(tmp_path: Path) -> None:
    text = written(tmp_path, "cannot reach postgresql://ronda:hush@host/db")
    assert f"postgresql://ronda:{MASK}@host/db" in text


def test_a_secret_too_short_to_be_one_masks_nothing(tmp_path: Path) -> None:
    assert "a word" in written(tmp_path, "a word", Secret("a"), Secret("postgresql://host/d"))


def test_escape_sequences_stay_out_of_the_log(tmp_path: Path) -> None:
    text = written(tmp_path, "red \x1b[31m\r and \x9b0m")
    assert "\x1b" not in text
    assert "\r" not in text
    assert "\x9b" not in text


def test_a_long_log_is_put_aside_and_the_oldest_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs_module, "LOG_BYTES", 200)
    end = configure_logging(tmp_path)
    for number in range(30):
        log.warning("line %d %s", number, "x" * 100)
    end()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [LOG_FILE, f"{LOG_FILE}.1", f"{LOG_FILE}.2", f"{LOG_FILE}.3"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.iterdir())


def test_a_log_folder_that_cannot_be_used_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"log folder .* set RONDA_LOG_DIR"):
        configure_logging(tmp_path / "file")
