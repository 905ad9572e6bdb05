"""What the driver raises, in Ronda's words."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import StorageError, Unreachable
from core.storage.failures import mapped_errors, name_taken, place_of

URL = make_url("postgresql+psycopg://ronda:hunter2@db.example:6432/watch")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql+psycopg://u:p@db.example:6432/watch", "watch on db.example:6432"),
        ("postgresql+psycopg://u:p@db.example/watch", "watch on db.example"),
        ("postgresql+psycopg://u@/watch?host=%2Frun%2Fpg", "watch on /run/pg"),
        ("postgresql+psycopg:///watch", "watch on this machine"),
    ],
)
def test_a_place_names_database_and_host_and_no_password(url: str, place: str) -> None:
    assert place_of(make_url(url)) == place


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("connection refused"),
        psycopg.InterfaceError("the connection is closed"),
        errors.AdminShutdown("terminating connection"),
        errors.CannotConnectNow("the database system is starting up"),
        errors.TooManyConnections("sorry, too many clients already"),
        errors.InvalidPassword("password authentication failed"),
        errors.InvalidCatalogName("database does not exist"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_server_that_does_not_serve_is_unreachable(error: psycopg.Error) -> None:
    words = f"watch on db.example:6432 cannot be reached: {error}"
    with pytest.raises(Unreachable, match=words) as raised, mapped_errors(URL):
        raise error
    assert raised.value.__cause__ is error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.InsufficientPrivilege("permission denied for schema ronda"), "role ronda may not do that"),
        (errors.ReadOnlySqlTransaction("cannot execute INSERT"), "is read-only"),
        (errors.DiskFull("could not extend file"), "disk of the database watch on db.example:6432 is full"),
        (errors.DeadlockDetected("deadlock detected"), "refused: deadlock detected"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_server_refuses_is_said_in_a_sentence(error: psycopg.Error, words: str) -> None:
    with pytest.raises(StorageError, match=words) as raised, mapped_errors(URL):
        raise error
    assert not isinstance(raised.value, Unreachable)


def test_the_driver_s_error_is_found_inside_sqlalchemy_s() -> None:
    inner = errors.DiskFull("full")
    with pytest.raises(StorageError, match="full") as raised, mapped_errors(URL):
        raise DBAPIError("INSERT ...", {"secret": "k"}, inner)
    assert isinstance(raised.value.__cause__, DBAPIError)


def test_a_pool_without_a_free_connection_is_said() -> None:
    with pytest.raises(StorageError, match="too busy"), mapped_errors(URL):
        raise PoolTimeout("QueuePool limit reached")


def test_no_password_and_no_control_characters_pass_into_a_sentence() -> None:
    words = "bad conninfo 'password=hunter2'\n\x1b[31mred"
    with pytest.raises(Unreachable) as raised, mapped_errors(URL):
        raise psycopg.OperationalError(words)
    sentence = str(raised.value)
    assert "hunter2" not in sentence
    assert "\x1b" not in sentence
    assert "\n" not in sentence


def test_a_defect_of_ours_is_not_dressed_up_as_the_database_s() -> None:
    with pytest.raises(KeyError), mapped_errors(URL):
        raise KeyError("status")


def test_another_broken_rule_is_not_a_taken_name() -> None:
    error = IntegrityError("INSERT", {}, errors.CheckViolation("violates check"))
    with pytest.raises(IntegrityError), name_taken("uq_clients_name", "Acme"):
        raise error
