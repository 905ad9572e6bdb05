"""The embedded server's life: made, shared, crashed, taken up again, stopped."""

from __future__ import annotations

import os
import signal
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from core.errors import ConfigError, StorageError
from core.storage import embedded_binaries, embedded_cluster
from core.storage.embedded import EmbeddedServer
from core.storage.embedded_account import ServerAccount, server_account
from core.storage.embedded_cluster import (
    SOCKET_NAME,
    Layout,
    process_command,
    read_postmaster,
)
from tests.conftest import HURRIED
from tests.storage.embedded.servers import (
    ROOT,
    MakeServer,
    asked,
    connect,
    is_stopped,
    killed_server,
    owner,
    put_number,
    remember,
    said,
    server_pid,
    sleeper,
    until,
    watchdogs,
)


def test_a_first_start_makes_role_and_database(make: MakeServer) -> None:
    url = make("pg").start()
    assert make_url(url).drivername == "postgresql+psycopg"
    assert asked(url, "SELECT current_user, current_database()") == [("ronda", "ronda")]


def test_the_server_runs_as_it_should(make: MakeServer) -> None:
    url = make().start()
    wanted = {
        "listen_addresses": "",
        "data_checksums": "on",
        "jit": "off",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
        "unix_socket_permissions": "0700",
        "logging_collector": "on",
        "synchronous_commit": "on",
    }
    shown = dict(asked(url, "SELECT name, setting FROM pg_settings"))
    assert {name: shown[name] for name in wanted} == wanted
    version = int(str(shown["server_version_num"])) // 10_000
    providers = asked(url, "SELECT DISTINCT datlocprovider FROM pg_database")
    assert providers == [("b" if version >= 17 else "c",)]


def test_without_the_hurry_of_tests_nothing_is_risked(place: Path) -> None:
    server = EmbeddedServer(place / "pg", idle_seconds=0.05)
    url = server.start()
    try:
        query = (
            "SELECT setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'shared_buffers')"
        )
        assert sorted(asked(url, query)) == [("16384",), ("on",), ("on",)]
    finally:
        assert server.stop()


def test_another_console_attaches_to_the_running_server(make: MakeServer) -> None:
    first, second = make(), make()
    assert first.start() == second.start()
    pid = server_pid(first)
    first.close()
    assert first.stop(timeout=0.3) is False
    assert asked(second.url_of("ronda"), "SELECT 1") == [(1,)]
    assert second.stop()
    assert is_stopped(pid)


def test_what_was_stored_is_there_after_a_stop(make: MakeServer) -> None:
    server = make()
    remember(server.start(), 41)
    assert server.stop()
    assert asked(make().start(), "SELECT answer FROM kept") == [(41,)]


def test_starting_twice_is_attaching(make: MakeServer) -> None:
    server = make()
    server.start()
    pid = server_pid(server)
    server.start()
    assert server_pid(server) == pid
    assert server.stop()


def test_attaching_needs_no_programs(make: MakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    url = make().start()
    monkeypatch.setattr(embedded_binaries, "candidate_folders", lambda: iter(()))
    assert make().start() == url


def test_consoles_that_start_at_once_share_one_server(place: Path, make: MakeServer) -> None:
    with ExitStack() as stack:
        owners = [stack.enter_context(owner(place / "pg")) for _ in range(3)]
        urls = {said(process) for process in owners}
        assert urls == {make("pg").start()}
    assert len(list(place.glob("pg/data*"))) == 1


def test_a_server_outlives_a_killed_console_that_was_not_the_last(used: Path, make: MakeServer) -> None:
    with owner(used) as process:
        said(process)
        server = make()
        url = server.start()
        pid = server_pid(server)
        process.kill()
        process.wait()
    with connect(url) as connection:
        assert server.stop(timeout=0.3) is True
        assert is_stopped(pid)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_the_watchdog_stops_the_server_after_the_last_console_was_killed(used: Path) -> None:
    server = EmbeddedServer(used)
    with owner(used) as process:
        said(process)
        pid = server_pid(server)
        process.kill()
        process.wait()
        until(lambda: is_stopped(pid))
    assert server.stop()
    assert watchdogs(server) == []


def test_a_console_that_comes_in_the_time_of_grace_keeps_the_server(used: Path) -> None:
    first = EmbeddedServer(used, settings=HURRIED, idle_seconds=0.5)
    second = EmbeddedServer(used, settings=HURRIED)
    first.start()
    pid = server_pid(first)
    first.close()
    second.start()
    assert second.stop(timeout=0.0) is False
    assert server_pid(second) == pid
    assert second.stop()


def test_a_server_that_was_killed_is_started_again(make: MakeServer) -> None:
    server = make()
    remember(server.start(), 42)
    pid = server_pid(server)
    os.kill(pid, signal.SIGKILL)
    until(lambda: is_stopped(pid))
    assert asked(server.start(), "SELECT answer FROM kept") == [(42,)]
    assert server_pid(server) != pid
    assert len(watchdogs(server)) == 1


def last_words(server: EmbeddedServer) -> str:
    """Give what the last attempt to start said; between two attempts there is no file."""
    try:
        return (server.layout.log / "start.log").read_text()
    except FileNotFoundError:
        return ""


def test_a_start_waits_for_what_remains_of_a_killed_server(make: MakeServer) -> None:
    server = make()
    with connect(server.start()) as connection, ThreadPoolExecutor(1) as pool:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        os.kill(server_pid(server), signal.SIGKILL)
        try:
            restart = pool.submit(server.start)
            until(lambda: "pre-existing shared memory block" in last_words(server))
            assert not restart.done()
        finally:
            os.kill(backend, signal.SIGKILL)
        assert asked(restart.result(), "SELECT 1") == [(1,)]


def test_a_killed_watchdog_is_replaced_by_the_next_console(make: MakeServer) -> None:
    first, second = make(), make()
    first.start()
    pid = server_pid(first)
    [watchdog] = watchdogs(first)
    os.kill(watchdog, signal.SIGKILL)
    until(lambda: watchdogs(first) == [])
    second.start()
    assert server_pid(second) == pid
    assert len(watchdogs(second)) == 1
    first.close()
    assert second.stop()
    assert is_stopped(pid)


def test_a_number_that_another_program_has_now_is_no_server(make: MakeServer) -> None:
    server = make()
    with killed_server(server) as account, sleeper(account, "60") as other:
        put_number(server, other.pid)
        assert asked(server.start(), "SELECT 1") == [(1,)]
        assert other.poll() is None
        other.kill()


def test_a_zombie_is_no_server(make: MakeServer) -> None:
    server = make()
    with killed_server(server) as account, sleeper(account, "0") as zombie:
        until(lambda: process_command(zombie.pid) == "")
        put_number(server, zombie.pid)
        assert asked(server.start(), "SELECT 1") == [(1,)]


@pytest.mark.parametrize("processes", [embedded_cluster.PROCESSES, Path("/nonexistent")], ids=["proc", "ps"])
def test_a_living_process_is_told_from_a_zombie_and_from_none(
    processes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_cluster, "PROCESSES", processes)
    account = server_account()
    with sleeper(account, "60") as living, sleeper(account, "0") as zombie:
        assert "sleep 60" in process_command(living.pid)
        until(lambda: process_command(zombie.pid) == "")
        living.kill()
    assert process_command(living.pid) == ""


@pytest.mark.parametrize("content", ["", "\n", "nonsense\n"])
def test_a_process_file_without_a_number_is_no_hindrance(make: MakeServer, content: str) -> None:
    server = make()
    server.start()
    assert server.stop()
    (server.layout.data / "postmaster.pid").write_text(content)
    assert asked(server.start(), "SELECT 1") == [(1,)]


def test_data_that_was_never_finished_is_made_anew(place: Path, make: MakeServer) -> None:
    (place / "pg").mkdir(mode=0o711)
    (place / "pg" / "data.new" / "base").mkdir(parents=True)
    server = make("pg")
    assert asked(server.start(), "SELECT 1") == [(1,)]
    assert not server.layout.growing.exists()


def test_a_path_may_hold_spaces_quotes_commas_and_letters_of_all_languages(make: MakeServer) -> None:
    assert asked(make("with space/it's, ünïcödé").start(), "SELECT 1") == [(1,)]


@pytest.mark.parametrize("name", ['"', "$HOME", "`id`", "\\", "\x1b[31m"])
def test_a_path_that_a_shell_would_read_as_more_is_refused(place: Path, make: MakeServer, name: str) -> None:
    with pytest.raises(ConfigError, match=r"cannot take; set RONDA_DATA_DIR") as refused:
        make(name).start()
    assert "\x1b" not in str(refused.value)
    assert list(place.iterdir()) == []


def test_a_long_path_has_its_socket_in_a_short_private_folder(
    place: Path, make: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    server = make("x" * 120)
    url = server.start()
    assert asked(url, "SELECT 1") == [(1,)]
    folder = Path(str(make_url(url).query["host"]))
    assert folder.parent == Path("/tmp")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folder.stat().st_uid == server_account().uid
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(place))
    assert make("x" * 120).start() == url
    assert server.stop(timeout=0.0) is False
    folder_after = [*folder.iterdir()]
    assert folder / SOCKET_NAME in folder_after


def test_a_long_path_prefers_the_users_runtime_folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(place))
    me = ServerAccount(os.geteuid(), os.getegid(), "me", switched=False)
    folder = embedded_cluster.socket_folder(Layout(place / ("x" * 120)), me)
    assert folder.parent == place


@pytest.mark.skipif(not ROOT, reason="only root can give a folder away")
def test_a_socket_folder_that_somebody_else_has_made_is_refused(
    make: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    server = make("y" * 120)
    with killed_server(server):
        found = read_postmaster(server.layout)
        assert found is not None
        assert found.socket_folder is not None
        os.chown(found.socket_folder, 12345, 12345)
        with pytest.raises(ConfigError, match="belongs to 12345"):
            server.start()


def test_everything_is_for_the_servers_account_alone(make: MakeServer) -> None:
    server = make()
    server.start()
    for folder in ("data", "run", "log"):
        state = (server.layout.root / folder).stat()
        assert (stat.S_IMODE(state.st_mode), state.st_uid) == (0o700, server_account().uid)
    socket = (server.layout.root / "run" / SOCKET_NAME).stat()
    assert stat.S_IMODE(socket.st_mode) == 0o700


def test_the_terminals_signals_reach_neither_server_nor_watchdog(make: MakeServer) -> None:
    server = make()
    server.start()
    [watchdog] = watchdogs(server)
    for pid in (server_pid(server), watchdog):
        assert os.getsid(pid) != os.getsid(0)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_server_knows_nothing_of_the_users_environment(
    make: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "xx_XX.nonsense")
    monkeypatch.setenv("LC_ALL", "xx_XX.nonsense")
    monkeypatch.setenv("PGPORT", "6000")
    monkeypatch.setenv("PGDATA", "/nonsense")
    monkeypatch.setenv("RONDA_SECRET_KEY", "hush")
    server = make()
    server.start()
    [watchdog] = watchdogs(server)
    for pid in (server_pid(server), watchdog):
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"hush" not in environment
        assert b"nonsense" not in environment


def test_there_is_no_url_before_the_start(make: MakeServer) -> None:
    with pytest.raises(StorageError, match="not been started"):
        make().url_of("ronda")
