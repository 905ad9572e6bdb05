"""What one check saw, in a few lines: sign, word and figures, why it failed, and its phases."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from core.domain.observations import Observation, Phases
from core.i18n import _
from core.wording import ERROR_WORDS, STATUS_WORDS
from tui.formatting import latency, safe
from tui.glyphs import STATUS_GLYPHS

_SEPARATOR = " · "


def outcome(observation: Observation) -> Content:
    """Give the result of a check as it stands under a form."""
    status = observation.status
    word = Content.styled(f"{STATUS_GLYPHS[status]} {STATUS_WORDS[status]}", f"bold $status-{status.value}")
    figures = Content.styled(
        "".join(f"{_SEPARATOR}{figure}" for figure in _figures(observation)), "$foreground"
    )
    lines = [word + figures]
    if observation.detail:
        lines.append(Content.styled(safe(observation.detail), f"$status-{status.value}"))
    phases = _SEPARATOR.join(_phases(observation.phases))
    if phases:
        lines.append(Content.styled(phases, "$text-quiet"))
    return Content("\n").join(lines)


def _figures(observation: Observation) -> Iterator[str]:
    if observation.latency_ms is not None:
        yield latency(observation.latency_ms)
    if observation.status_code is not None:
        yield _("status {code}").format(code=observation.status_code)
    if observation.error is not None:
        yield ERROR_WORDS[observation.error]
    if observation.certificate is not None:
        days = observation.certificate.days_left(observation.checked_at)
        yield _("certificate {days} d").format(days=days)
    if observation.address:
        yield safe(observation.address)


def _phases(phases: Phases) -> Iterator[str]:
    named = (
        (_("dns"), phases.dns_ms),
        (_("connect"), phases.connect_ms),
        (_("tls"), phases.tls_ms),
        (_("first byte"), phases.first_byte_ms),
    )
    return (f"{name} {latency(figure)}" for name, figure in named if figure is not None)
