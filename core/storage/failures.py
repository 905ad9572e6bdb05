"""Turns what the driver raises into Ronda's errors, once, at the edge of ``core.storage``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.domain.faults import Fault
from core.domain.secret import MASK
from core.domain.text import printable
from core.errors import Refused, StorageError, Unreachable
from core.i18n import _

_GONE = (
    errors.AdminShutdown,
    errors.CannotConnectNow,
    errors.CrashShutdown,
    errors.DatabaseDropped,
    errors.IdleSessionTimeout,
    errors.TooManyConnections,
)
"""What a server says while it does not serve this process."""

_CLOSED_DOORS = ("08", "28", "3D")
"""Classes of SQLSTATE: no connection, no such login, no such database."""

_REASON_LIMIT = 200
"""Characters of the driver's own words inside a sentence of ours."""


def place_of(url: URL) -> str:
    """Name a database for people: ``ronda on db.example:5432``, never with a password."""
    host = url.host or url.query.get("host") or _("this machine")
    port = f":{url.port}" if url.port else ""
    return _("{database} on {host}").format(database=url.database or "?", host=f"{host}{port}")


@contextmanager
def mapped_errors(url: URL) -> Iterator[None]:
    """Raise ``StorageError`` or one of its kinds for whatever the database raises inside."""
    try:
        yield
    except DBAPIError as error:
        raise _mapped(error.orig, url) from error
    except psycopg.Error as error:
        raise _mapped(error, url) from error
    except PoolTimeout as error:
        raise StorageError(
            _("The database {place} is too busy: no connection became free. Try again.").format(
                place=place_of(url)
            )
        ) from error


@contextmanager
def name_taken(index: str, name: str) -> Iterator[None]:
    """Refuse a name that the unique index ``index`` already holds; the transaction is lost then."""
    try:
        yield
    except IntegrityError as error:
        cause = error.orig
        if isinstance(cause, errors.UniqueViolation) and cause.diag.constraint_name == index:
            raise Refused([Fault("name", "taken", {"name": printable(name)})]) from error
        raise


def _mapped(error: BaseException | None, url: URL) -> StorageError:
    place = place_of(url)
    if _is_gone(error):
        return Unreachable(
            _("The database {place} cannot be reached: {reason}").format(
                place=place, reason=_reason(error, url)
            )
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return StorageError(
            _("The role {role} may not do that in the database {place}: {reason}").format(
                role=url.username or "?", place=place, reason=_reason(error, url)
            )
        )
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return StorageError(
            _("The database {place} is read-only, perhaps a standby. Name the primary server.").format(
                place=place
            )
        )
    if isinstance(error, errors.DiskFull):
        return StorageError(
            _("The disk of the database {place} is full. Free some space; nothing was written.").format(
                place=place
            )
        )
    return StorageError(
        _("The database {place} refused: {reason}").format(place=place, reason=_reason(error, url))
    )


def _is_gone(error: BaseException | None) -> bool:
    """Whether the server cannot be used at all, as against refusing one statement."""
    if isinstance(error, _GONE):
        return True
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate[:2] in _CLOSED_DOORS


def _reason(error: BaseException | None, url: URL) -> str:
    """Give the driver's own words in one line: no row's contents, no password."""
    text = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    words = " ".join((text or str(error)).split())
    password = url.password
    if password:
        words = words.replace(str(password), MASK)
    return printable(words, _REASON_LIMIT)
