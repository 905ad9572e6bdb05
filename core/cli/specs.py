"""Turns the options that were given into clients and services."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from core.cli.options import SERVICE_OPTIONS, SERVICE_SWITCHES
from core.domain.clients import ClientSpec
from core.domain.faults import Fault
from core.domain.kinds import Kind, kind_of
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
SHORTEST_DEFAULT_GRACE_SECONDS = 60.0
"""A heartbeat that is given no grace has a tenth of its interval, so much at least."""

_Number = TypeVar("_Number", int, float)
_Fields = dict[str, Any]
_CLIENT_TEXTS = ("name", "dns", "description", "active", "runbook_url", "notes")
_SERVICE_TEXTS = (
    *("name", "endpoint", "expected_status", "auth_user", "body", "contains", "not_contains", "matches"),
    *("follow_redirects", "verify_tls", "client_cert", "client_key", "active", "runbook_url", "notes"),
    "parent_id",
)
_SERVICE_LINES = ("json_conditions", "expected_headers", "expected_answers")
_SERVICE_WORDS = ("method", "record_type")
"""Words that are written in capitals."""
_FLAGS = {
    **{option.field: option.flag for option in SERVICE_OPTIONS},
    **{switch.field: switch.off for switch in SERVICE_SWITCHES},
}
"""The option that sets a field to something else than its default."""


def client_spec(args: Namespace, base: ClientSpec) -> ClientSpec:
    """Give what the options make of a client."""
    given = vars(args)
    fields = _as_given(given, _CLIENT_TEXTS) | _tags(given) | typed_secret(given, "api_key", _("API key: "))
    return replace(base, **fields)


def service_spec(args: Namespace, base: ServiceSpec, typist: Typist) -> ServiceSpec:
    """Give what the options make of a service; what cannot be read stays with the typist as a fault."""
    given = vars(args)
    if "kind" in given:
        base = base.of_kind(typist.choice("kind", given["kind"], base.kind))
    fields = _as_given(given, _SERVICE_TEXTS) | _tags(given)
    fields |= {name: tuple(given[name]) for name in _SERVICE_LINES if name in given}
    fields |= {name: given[name].strip().upper() for name in _SERVICE_WORDS if name in given}
    if "headers" in given:
        fields["headers"] = _headers(given["headers"], typist)
    if "auth" in given:
        fields["auth"] = typist.choice("auth", given["auth"], base.auth)
    fields |= typed_secret(given, "auth_secret", _("Secret: "))
    return replace(base, **fields, **_service_numbers(given, base, typist))


def new_service_spec(args: Namespace, interval_seconds: float, typist: Typist) -> ServiceSpec:
    """Give a new service, of the kind that its endpoint names if no other was given."""
    kind = kind_of(getattr(args, "endpoint", ""))
    spec = service_spec(args, ServiceSpec("", "", kind, interval_seconds=interval_seconds), typist)
    if "timeout_seconds" in vars(args) or spec.interval_seconds < SHORTEST_INTERVAL_SECONDS:
        return spec
    return replace(spec, timeout_seconds=min(spec.interval_seconds, _default_timeout(spec)))


def option_faults(faults: Iterable[Fault]) -> Iterator[Fault]:
    """Name the option where an option was given that means nothing for the kind of the service."""
    for fault in faults:
        if fault.code == "not_of_kind":
            known = {"option": _FLAGS[fault.field], "kind": fault.parameters["kind"]}
            yield Fault(fault.field, "option_of_kind", known)
        else:
            yield fault


def _default_timeout(spec: ServiceSpec) -> float:
    """Give the seconds of a service that was given none; they may be more than its interval."""
    if spec.kind is Kind.HEARTBEAT:
        return max(SHORTEST_DEFAULT_GRACE_SECONDS, spec.interval_seconds / 10)
    return DEFAULT_TIMEOUT_SECONDS


def _service_numbers(given: Mapping[str, Any], base: ServiceSpec, typist: Typist) -> _Fields:
    # No timeout is longer than this stand-in, so that one mistake is not named twice.
    seconds = _numbers(
        given,
        typist.number,
        timeout_seconds=base.timeout_seconds,
        interval_seconds=base.longest_interval_seconds(),
        retry_interval_seconds=LONGEST_INTERVAL_SECONDS,
    )
    return seconds | _numbers(
        given, typist.whole, retries=0, recoveries=1, degraded_above_ms=1, tls_warn_days=0
    )


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


def typed_secret(given: Mapping[str, Any], field: str, prompt: str) -> dict[str, Secret | None]:
    """Read a secret if one was given; None, which clears it, stays. ``InputError`` from an empty input."""
    if field not in given:
        return {}
    text = given[field]
    if text is None:
        return {field: None}
    return {field: Secret(_from_stdin(prompt) if text == FROM_STDIN else text)}


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
