"""Checks and builds the address of a shared PostgreSQL server."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, quote, unquote, urlsplit

from core.domain.text import has_control_characters, printable
from core.errors import ConfigError
from core.i18n import _

SCHEMES = ("postgres", "postgresql", "postgresql+psycopg")
"""What an address may begin with; all mean the same."""


def checked_url(text: str) -> str:
    """Give the URL as SQLAlchemy wants it; raises ConfigError without repeating any of it."""
    advice = _("write it as postgresql://user:password@host:5432/database")
    try:
        parts = urlsplit(text)
        _port = parts.port
    except ValueError:
        raise ConfigError(
            _("DATABASE_URL has no valid host and port (special characters are %-encoded); {advice}.").format(
                advice=advice
            )
        ) from None  # the cause repeats a part of the URL, perhaps of its password
    if parts.scheme not in SCHEMES:
        raise ConfigError(
            _("DATABASE_URL does not begin with postgresql://; {advice}.").format(advice=advice)
        )
    if not unquote(parts.path).strip("/"):
        raise ConfigError(_("DATABASE_URL names no database; {advice}.").format(advice=advice))
    if parts.fragment or " " in text or has_control_characters(text):
        raise ConfigError(
            _(
                "DATABASE_URL holds a space, a # or a control character that is not %-encoded; {advice}."
            ).format(advice=advice)
        )
    return _with_driver(parts)


def _with_driver(parts: SplitResult) -> str:
    query = f"?{parts.query}" if parts.query else ""
    return f"postgresql+psycopg://{parts.netloc}{parts.path}{query}"


def built_url(values: Mapping[str, str]) -> str:
    """Give the URL that DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME make; raises ConfigError."""
    host, port = values["DB_HOST"], whole_number("DB_PORT", values.get("DB_PORT", "5432"), most=65_535)
    user = quote(values.get("DB_USER", "ronda"), safe="")
    name = quote(values.get("DB_NAME", "ronda"), safe="")
    password = f":{quote(values['DB_PASSWORD'], safe='')}" if "DB_PASSWORD" in values else ""
    if host.startswith("/"):
        return f"postgresql+psycopg://{user}{password}@/{name}?host={quote(host, safe='')}&port={port}"
    if any(char in "/@?# " for char in host) or has_control_characters(host):
        raise ConfigError(_("DB_HOST must be a host name, an address or the folder of a socket."))
    place = f"[{host.strip('[]')}]" if ":" in host else host
    return f"postgresql+psycopg://{user}{password}@{place}:{port}/{name}"


def whole_number(name: str, text: str, *, most: int) -> int:
    """Give the number from 1 to ``most`` that a setting holds; raises ConfigError."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= number <= most:
        raise ConfigError(
            _("{name} must be a whole number from 1 to {most}, not {text}.").format(
                name=name, most=most, text=printable(text)
            )
        )
    return number
