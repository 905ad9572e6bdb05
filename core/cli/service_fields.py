"""The fields of a service as rows of ``ronda service show``: those that mean something for its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.cli.figures import NOTHING
from core.domain.kinds import FIELDS_OF, Auth, Kind
from core.domain.secret import MASK
from core.domain.services import ServiceSpec
from core.i18n import _
from core.wording import AUTH_WORDS, FIELD_LABELS, KIND_WORDS

Texts = Iterator[str]


def field_rows(spec: ServiceSpec, target: str) -> Iterator[tuple[str, str]]:
    """Give label and text of every field, one row for each line of those that have several."""
    for field, texts in _ROWS.items():
        if field not in FIELDS_OF[spec.kind]:
            continue
        for text in texts(spec):
            yield _label(spec, field), text
        if field == "endpoint":
            yield _("URL"), f"{spec.method} {target}" if spec.kind is Kind.HTTP else target


def _label(spec: ServiceSpec, field: str) -> str:
    if field == "timeout_seconds" and spec.kind is Kind.HEARTBEAT:
        return _("Grace")
    return FIELD_LABELS[field]


def _text(field: str) -> Callable[[ServiceSpec], Texts]:
    return lambda spec: iter([getattr(spec, field) or NOTHING])


def _lines(field: str) -> Callable[[ServiceSpec], Texts]:
    return lambda spec: iter(getattr(spec, field))


def _seconds(field: str) -> Callable[[ServiceSpec], Texts]:
    return lambda spec: iter([f"{getattr(spec, field):g} s"])


def _choice(field: str) -> Callable[[ServiceSpec], Texts]:
    return lambda spec: iter([_("yes") if getattr(spec, field) else _("no")])


def _kind(spec: ServiceSpec) -> Texts:
    yield KIND_WORDS[spec.kind]


def _headers(spec: ServiceSpec) -> Texts:
    for header in spec.headers:
        yield f"{header.name}: {MASK}"


def _auth(spec: ServiceSpec) -> Texts:
    yield AUTH_WORDS[spec.auth]


def _auth_user(spec: ServiceSpec) -> Texts:
    if spec.auth is Auth.BASIC:
        yield spec.auth_user


def _auth_secret(spec: ServiceSpec) -> Texts:
    if spec.auth is not Auth.NONE:
        yield MASK if spec.auth_secret is not None else _("the client's API key")


def _retries(spec: ServiceSpec) -> Texts:
    text = _("{count}, each after {seconds:g} s")
    yield text.format(count=spec.retries, seconds=spec.retry_after_seconds())


def _recoveries(spec: ServiceSpec) -> Texts:
    yield str(spec.recoveries)


def _degraded_above(spec: ServiceSpec) -> Texts:
    limit = spec.degraded_above_ms
    yield f"{limit} ms" if limit is not None else NOTHING


def _warn_days(spec: ServiceSpec) -> Texts:
    days = spec.tls_warn_days
    yield _("{days} d before the end of the certificate").format(days=days) if days is not None else NOTHING


def _tags(spec: ServiceSpec) -> Texts:
    yield " ".join(spec.tags) or NOTHING


_ROWS: dict[str, Callable[[ServiceSpec], Texts]] = {
    "name": _text("name"),
    "kind": _kind,
    "endpoint": _text("endpoint"),
    "expected_status": _text("expected_status"),
    "record_type": _text("record_type"),
    "expected_answers": _lines("expected_answers"),
    "interval_seconds": _seconds("interval_seconds"),
    "timeout_seconds": _seconds("timeout_seconds"),
    "retries": _retries,
    "recoveries": _recoveries,
    "degraded_above_ms": _degraded_above,
    "headers": _headers,
    "auth": _auth,
    "auth_user": _auth_user,
    "auth_secret": _auth_secret,
    "body": _text("body"),
    "contains": _text("contains"),
    "not_contains": _text("not_contains"),
    "matches": _text("matches"),
    "json_conditions": _lines("json_conditions"),
    "expected_headers": _lines("expected_headers"),
    "follow_redirects": _choice("follow_redirects"),
    "verify_tls": _choice("verify_tls"),
    "tls_warn_days": _warn_days,
    "client_cert": _text("client_cert"),
    "client_key": _text("client_key"),
    "runbook_url": _text("runbook_url"),
    "notes": _text("notes"),
    "tags": _tags,
}
"""What stands in the row of each field; ``endpoint`` is followed by what is checked."""
