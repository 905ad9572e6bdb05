"""Words of a service that depend on its kind: labels, what is asked, and what is expected."""

from __future__ import annotations

from core.domain.kinds import Kind
from core.domain.services import ServiceSpec
from core.i18n import _
from core.wording import FIELD_LABELS
from tui.formatting import NOTHING

LABELS: dict[tuple[Kind, str], str] = {
    (Kind.TCP, "body"): _("Send"),
    (Kind.TCP, "contains"): _("Expect"),
    (Kind.HEARTBEAT, "timeout_seconds"): _("Grace"),
}
"""What a field is called for a kind, where it is something else than ``FIELD_LABELS`` says."""


def label_of(kind: Kind, field: str) -> str:
    """Give what a field is called for a kind."""
    return LABELS.get((kind, field), FIELD_LABELS[field])


def asked(spec: ServiceSpec) -> str:
    """Give in at most seven cells what is asked of a service: a method, a type of record, or the kind."""
    words = {Kind.HTTP: spec.method, Kind.DNS: spec.record_type, Kind.HEARTBEAT: NOTHING}
    return words.get(spec.kind, spec.kind.value.upper())


def expected(spec: ServiceSpec) -> str:
    """Give in a word or two what a service is expected to answer."""
    if spec.kind is Kind.HTTP:
        return spec.expected_status
    return spec.contains or ", ".join(spec.expected_answers) or NOTHING
