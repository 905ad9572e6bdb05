"""Apprise, loaded when it is first needed, and made to keep what it knows to itself.

Loading costs a third of a second and some 20 MB, and Apprise blocks: everything here runs on threads
of ours, never on the event loop. What Apprise and the libraries below it log may hold tokens, so it
reaches no log; each thread hears what was said during its own call.
"""

from __future__ import annotations

import importlib
import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import make_msgid
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from apprise import AppriseAsset, NotifyBase

HELD_BACK = (
    "apprise",
    "urllib3",
    "requests",
    "oauthlib",
    "requests_oauthlib",
    "charset_normalizer",
    "MARKDOWN",
)
"""Loggers whose records end here."""
LINES_LIMIT = 200
"""Records heard during one call; later ones are dropped."""

_local = threading.local()
_lock = threading.Lock()


class Line(NamedTuple):
    """Something that Apprise logged."""

    level: int
    text: str


class _Ear(logging.Handler):
    """Gives each record to the call that runs on the same thread."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, unless nobody listens on this thread."""
        lines: list[Line] | None = getattr(_local, "lines", None)
        if lines is not None and len(lines) < LINES_LIMIT:
            lines.append(Line(record.levelno, record.getMessage()))


_ear = _Ear()


@contextmanager
def hearing(message_id: str | None = None) -> Iterator[list[Line]]:
    """Hear what Apprise says on this thread; mails that are made meanwhile bear ``message_id``."""
    lines: list[Line] = []
    _local.lines, _local.message_id = lines, message_id
    try:
        yield lines
    finally:
        _local.lines = _local.message_id = None


def library() -> ModuleType:
    """Give the package, loaded by the first who asks. Blocks."""
    with _lock:
        for name in HELD_BACK:
            logger = logging.getLogger(name)
            logger.propagate = False
            logger.addHandler(_ear)  # nothing happens if it is there already
            logger.setLevel(logging.DEBUG if name == "apprise" else logging.CRITICAL)
        package = importlib.import_module("apprise")
        # Apprise makes a new Message-ID at every attempt; mailboxes know a repeat by the old one.
        vars(importlib.import_module("apprise.plugins.email.base"))["make_msgid"] = _message_id
        return package


def _message_id(idstring: str | None = None, domain: str | None = None) -> str:
    own = getattr(_local, "message_id", None)
    if own is None:
        return make_msgid(idstring, domain)
    return f"<{re.sub(r'[^A-Za-z0-9.-]', '-', own)}@{domain or 'ronda'}>"


class Service(Protocol):
    """What Apprise says of a service."""

    enabled: bool
    """False where a library is missing that it needs."""
    template_tokens: dict[str, dict[str, Any]]
    """The parts of its URL, by name."""
    template_args: dict[str, dict[str, Any]]
    """The parameters of its URL, by name."""


class Services(Protocol):
    """Apprise's list of services, by scheme."""

    def __contains__(self, scheme: object) -> bool: ...
    def __getitem__(self, scheme: str) -> Service: ...


def services() -> Services:
    """Give everything that Apprise can deliver to."""
    library()
    known: Services = importlib.import_module("apprise.manager_plugins").NotificationManager()
    return known


def parts_of(url: str) -> dict[str, Any] | None:
    """Give what Apprise reads in a URL, or None if it cannot read it; also those that services give out."""
    library()
    read: Callable[[str], dict[str, Any] | None] = importlib.import_module("apprise.plugins").url_to_dict
    return read(url)


def asset() -> AppriseAsset:
    """Say in whose name Apprise speaks: without pictures of its own, files or redirects."""
    made: AppriseAsset = library().AppriseAsset(
        app_id="Ronda",
        app_desc="Ronda",
        app_url="",
        image_url_mask=None,
        image_url_logo=None,
        storage_mode="memory",
        http_redirects=False,
        pgp_autogen=False,
        pem_autogen=False,
    )
    return made


def made_from(parts: dict[str, Any]) -> NotifyBase:
    """Make what delivers to a URL that was read; raises whatever Apprise does if it refuses it."""
    made: NotifyBase = library().Apprise.instantiate(parts, asset=asset(), suppress_exceptions=False)
    return made
