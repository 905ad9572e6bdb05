"""``ronda db``, and what every command says of a database that cannot be used."""

from __future__ import annotations

import base64
import socket

import pytest

from core.storage.migrate import HEAD
from tests.cli.support import Ronda
from tests.conftest import ServerForTests

KEY = base64.b64encode(b"k" * 32).decode()


def test_the_schema_is_brought_up_to_date_once(
    ronda: Ronda, server: ServerForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", server.create())
    monkeypatch.setenv("RONDA_SECRET_KEY", KEY)
    before = ronda("db", "current", "--json")
    assert (before.code, before.document) == (1, {"revision": None, "newest": HEAD})
    first = ronda("db", "upgrade", "--json")
    assert (first.code, first.document) == (0, {"before": None, "revision": HEAD})
    second = ronda("db", "upgrade")
    assert "is up to date" in second.err
    after = ronda("db", "current")
    assert (after.code, after.lines[0].split()) == (0, ["revision", HEAD])


def test_the_url_is_printed_without_its_password(ronda: Ronda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ronda:s3cret@db.example:5433/ronda")
    monkeypatch.setenv("RONDA_SECRET_KEY", KEY)
    printed = ronda("db", "url")
    assert printed.code == 0
    assert "s3cret" not in printed.out
    assert "db.example:5433" in printed.out
    assert ronda("db", "url", "--json").document["embedded"] is False


@pytest.mark.parametrize("arguments", [["status"], ["client", "list"], ["agent"], ["db", "current"]])
def test_a_database_that_cannot_be_reached_exits_3(
    ronda: Ronda, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("DATABASE_URL", f"postgresql://ronda:s3cret@127.0.0.1:{port}/ronda")
    monkeypatch.setenv("RONDA_SECRET_KEY", KEY)
    ended = ronda(*arguments)
    assert (ended.code, ended.out) == (3, "")
    assert "cannot be reached" in ended.err
    assert "s3cret" not in ended.err
    assert "Traceback" not in ended.err


def test_a_database_of_another_program_is_refused(
    ronda: Ronda, server: ServerForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.create()
    server.run("CREATE TABLE invoices (id int)", url.split("@/")[1].split("?")[0])
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("RONDA_SECRET_KEY", KEY)
    ended = ronda("status")
    assert (ended.code, "invoices" in ended.err) == (3, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEALTH_CHECK_INTERVAL", "soon"),
        ("DATABASE_URL", "mysql://x"),
        ("RONDA_DATA_DIR", "relative"),
        ("RONDA_SECRET_KEY", "short"),
    ],
)
def test_a_wrong_setting_is_named_and_exits_2(
    ronda: Ronda, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    ended = ronda("status")
    assert (ended.code, ended.out) == (2, "")
    assert name in ended.err


def test_a_shared_server_without_a_key_is_refused(ronda: Ronda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ronda@127.0.0.1/ronda")
    ended = ronda("status")
    assert (ended.code, "RONDA_SECRET_KEY" in ended.err) == (2, True)
