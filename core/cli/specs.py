"""Turns the options that were given into clients and services."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from core.domain.clients import ClientSpec
from core.domain.secret import Secret
from core.domain.services import (
    DEFAULT_TIMEOUT_SECONDS,
    LONGEST_INTERVAL_SECONDS,
    SHORTEST_INTERVAL_SECONDS,
    Header,
    ServiceSpec,
)
from core.domain.typed import Typist
from core.errors import InputError
from core.i18n import _

FROM_STDIN = "-"
"""A value that means: read it from standard input, where no list of processes shows it."""

_Number = TypeVar("_Number", int, float)
_Fields = dict[str, Any]
_CLIENT_TEXTS = ("name", "dns", "description", "active", "runbook_url", "notes")
_SERVICE_TEXTS = (
    *("name", "endpoint", "expected_status", "body", "contains", "not_contains"),
    *("follow_redirects", "verify_tls", "active", "runbook_url", "notes"),
)


def client_spec(args: Namespace, base: ClientSpec) -> ClientSpec:
    """Give what the options make of a client."""
    given = vars(args)
    fields = _as_given(given, _CLIENT_TEXTS) | _tags(given)
    if "api_key" in given:
        fields["api_key"] = _api_key(given["api_key"])
    return replace(base, **fields)


def service_spec(args: Namespace, base: ServiceSpec, typist: Typist) -> ServiceSpec:
    """Give what the options make of a service; what cannot be read stays with the typist as a fault."""
    given = vars(args)
    fields = _as_given(given, _SERVICE_TEXTS) | _tags(given)
    if "method" in given:
        fields["method"] = given["method"].strip().upper()
    if "headers" in given:
        fields["headers"] = _headers(given["headers"], typist)
    # No timeout is longer than this stand-in, so that one mistake is not named twice.
    fields |= _numbers(
        given,
        typist.number,
        timeout_seconds=base.timeout_seconds,
        interval_seconds=LONGEST_INTERVAL_SECONDS,
        retry_interval_seconds=LONGEST_INTERVAL_SECONDS,
    )
    fields |= _numbers(given, typist.whole, retries=0, recoveries=1, degraded_above_ms=1)
    return replace(base, **fields)


def new_service_spec(args: Namespace, interval_seconds: float, typist: Typist) -> ServiceSpec:
    """Give a new service; where no timeout was given it is 10 s, or the interval if that is shorter."""
    base = ServiceSpec("", "", interval_seconds=interval_seconds)
    spec = service_spec(args, base, typist)
    if "timeout_seconds" in vars(args) or spec.interval_seconds < SHORTEST_INTERVAL_SECONDS:
        return spec
    return replace(spec, timeout_seconds=min(DEFAULT_TIMEOUT_SECONDS, spec.interval_seconds))


def _as_given(given: Mapping[str, Any], fields: tuple[str, ...]) -> _Fields:
    return {field: given[field] for field in fields if field in given}


def _tags(given: Mapping[str, Any]) -> _Fields:
    return {"tags": tuple(dict.fromkeys(given["tags"]))} if "tags" in given else {}


def _numbers(
    given: Mapping[str, Any], read: Callable[[str, str, _Number], _Number], **stand_ins: _Number
) -> _Fields:
    """Read numbers; None, which clears a field, stays."""
    typed = {field: given[field] for field in stand_ins if field in given}
    return {
        field: None if text is None else read(field, text, stand_ins[field]) for field, text in typed.items()
    }


def _api_key(text: str | None) -> Secret | None:
    if text is None:
        return None
    return Secret(_from_stdin(_("API key: ")) if text == FROM_STDIN else text)


def _headers(texts: list[str], typist: Typist) -> tuple[Header, ...]:
    lines: list[str] = []
    for text in texts:
        lines += _from_stdin(_("Header: ")).splitlines() if text == FROM_STDIN else [text]
    return typist.headers("headers", lines)


def _from_stdin(prompt: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(prompt, sys.stderr)
    text = sys.stdin.read().rstrip("\r\n")
    if not text:
        raise InputError(_("Standard input was empty, and a secret was to be read from it."))
    return text
