"""What there is to know of one service, and what one check saw, as facts and rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from core.domain.kinds import DEFAULT_TLS_WARN_DAYS, Auth, Kind
from core.domain.observations import Observation
from core.domain.services import ServiceSpec
from core.i18n import _, ngettext
from core.wording import AUTH_WORDS, ERROR_WORDS, FIELD_LABELS, KIND_WORDS, STATUS_WORDS
from tui import formatting
from tui.board_model import Entry
from tui.formatting import NOTHING, safe
from tui.glyphs import STATUS_GLYPHS
from tui.service_words import label_of
from tui.widgets.facts import Fact
from tui.widgets.table import Column, TableRow

CHECK_COLUMNS = (
    Column(_("at"), 8),
    Column(_("status"), 10),
    Column(_("latency"), 7, right=True),
    Column(_("code"), 4, right=True, dropped=2),
    Column(_("what was seen"), 16, stretch=1, dropped=1),
)


def settings_facts(entry: Entry) -> Iterator[Fact]:
    """Give what the operator decided, as far as it means something for the kind of the service."""
    spec = entry.line.service.spec
    if spec.kind is Kind.HEARTBEAT:
        yield from _heartbeat_facts(spec)
    else:
        yield Fact(_("Target"), entry.line.target, "strong")
        yield from _kind_facts(spec)
        yield from _timing_facts(spec)
        yield from _expectation_facts(spec)
    yield from _dependency_facts(entry)
    for name in ("runbook_url", "notes"):
        if getattr(spec, name):
            yield Fact(FIELD_LABELS[name], getattr(spec, name))
    if spec.tags:
        yield Fact(FIELD_LABELS["tags"], ", ".join(spec.tags))


def _dependency_facts(entry: Entry) -> Iterator[Fact]:
    """Give what it depends on, if that is on the board."""
    parent_id = entry.line.service.spec.parent_id
    parent = entry.board.entries.get(parent_id) if entry.board and parent_id is not None else None
    if parent is not None:
        yield Fact(FIELD_LABELS["parent_id"], parent.line.label)


def _heartbeat_facts(spec: ServiceSpec) -> Iterator[Fact]:
    yield Fact(FIELD_LABELS["kind"], KIND_WORDS[spec.kind], "strong")
    yield Fact(FIELD_LABELS["interval_seconds"], formatting.interval(spec.interval_seconds))
    yield Fact(label_of(spec.kind, "timeout_seconds"), formatting.interval(spec.timeout_seconds))


def _kind_facts(spec: ServiceSpec) -> Iterator[Fact]:
    """Give what is done: the request, or what else is asked."""
    if spec.kind is Kind.HTTP:
        told = _("{method}, expects {codes}").format(method=spec.method, codes=spec.expected_status)
        yield Fact(FIELD_LABELS["method"], told)
    else:
        yield Fact(FIELD_LABELS["kind"], KIND_WORDS[spec.kind])
    if spec.kind is Kind.DNS:
        yield Fact(FIELD_LABELS["record_type"], spec.record_type)
    if spec.auth is not Auth.NONE:
        told = _("{auth}, as {user}") if spec.auth_user else "{auth}"
        yield Fact(FIELD_LABELS["auth"], told.format(auth=AUTH_WORDS[spec.auth], user=spec.auth_user))


def _timing_facts(spec: ServiceSpec) -> Iterator[Fact]:
    every = _("every {interval}, within {timeout}").format(
        interval=formatting.interval(spec.interval_seconds),
        timeout=formatting.interval(spec.timeout_seconds),
    )
    yield Fact(_("Checked"), every)
    retries = ngettext("down after {count} failure", "down after {count} failures", spec.retries + 1)
    yield Fact(FIELD_LABELS["retries"], retries.format(count=spec.retries + 1))
    if spec.degraded_above_ms is not None:
        yield Fact(_("Degraded"), _("above {limit}").format(limit=formatting.latency(spec.degraded_above_ms)))


def _expectation_facts(spec: ServiceSpec) -> Iterator[Fact]:
    """Give what an answer must be like, and what is made of a certificate."""
    if spec.kind is Kind.TCP and spec.body:
        yield Fact(label_of(spec.kind, "body"), spec.body)
    for name in ("contains", "not_contains", "matches"):
        if getattr(spec, name):
            yield Fact(label_of(spec.kind, name), getattr(spec, name))
    for name in ("json_conditions", "expected_headers", "expected_answers"):
        if getattr(spec, name):
            yield Fact(FIELD_LABELS[name], "\n".join(getattr(spec, name)))
    if not spec.verify_tls:
        yield Fact(FIELD_LABELS["verify_tls"], _("no"))
    days = spec.tls_warn_days
    if spec.kind is Kind.TLS or days != DEFAULT_TLS_WARN_DAYS:
        told = (
            _("never") if days is None else ngettext("{count} day", "{count} days", days).format(count=days)
        )
        yield Fact(FIELD_LABELS["tls_warn_days"], told)
    if spec.client_cert:
        yield Fact(FIELD_LABELS["client_cert"], spec.client_cert)


def last_check_facts(observation: Observation | None, now: datetime) -> Iterator[Fact]:
    """Give what the last check saw, phase by phase."""
    if observation is None:
        yield Fact(_("Last check"), _("none yet"), "quiet")
        return
    yield Fact(_("Last check"), formatting.local_date_time(observation.checked_at))
    phases = observation.phases
    named = (
        ("DNS", phases.dns_ms),
        (_("connect"), phases.connect_ms),
        ("TLS", phases.tls_ms),
        (_("first byte"), phases.first_byte_ms),
        (_("total"), observation.latency_ms),
    )
    told = "  ".join(f"{name} {formatting.latency(value)}" for name, value in named if value is not None)
    yield Fact(_("Phases"), told or NOTHING)
    if observation.address:
        yield Fact(_("Address"), observation.address)
    if observation.redirects:
        yield Fact(_("Redirects"), "\n".join(observation.redirects))
    certificate = observation.certificate
    if certificate is not None:
        days = certificate.days_left(now)
        left = ngettext("ends in {count} day", "ends in {count} days", days).format(count=days)
        if days < 0:
            left = _("has ended")
        text = f"{certificate.subject}\n{certificate.issuer}\n{left}"
        yield Fact(_("Certificate"), text, "down" if days < 0 else "foreground")


def uptime_facts(entry: Entry) -> Iterator[Fact]:
    """Give the uptime of the last day with its coverage."""
    if entry.uptime is not None:
        text = _("{ratio} of the {coverage} that was observed").format(
            ratio=formatting.percent(entry.uptime.ratio, 3),
            coverage=formatting.percent(entry.uptime.coverage, 1),
        )
        yield Fact(_("Up, 24 h"), text)
    if entry.line.state.soft_failures:
        yield Fact(
            _("Soft"),
            _("{count} failures recovered unconfirmed").format(count=entry.line.state.soft_failures),
        )


def check_row(check: Observation) -> TableRow:
    """Give the row of one check."""
    colour = check.status.value
    seen = check.detail or (ERROR_WORDS[check.error] if check.error else "")
    return TableRow(
        round(check.checked_at.timestamp() * 1_000_000),
        (
            ((formatting.local_time(check.checked_at, seconds=True), "quiet"),),
            ((f"{STATUS_GLYPHS[check.status]} {STATUS_WORDS[check.status]}", colour),),
            ((formatting.short_latency(check.latency_ms), "foreground"),),
            ((str(check.status_code) if check.status_code else NOTHING, "quiet"),),
            ((safe(seen), "quiet"),),
        ),
    )
