"""What a row says of a client, and of a service on the page of its client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from core.domain.clients import Client
from core.domain.observations import Status
from core.domain.uptime import Uptime
from core.i18n import _
from core.wording import STATUS_WORDS
from tui.board_model import Entry
from tui.formatting import NOTHING, interval, percent, safe
from tui.glyphs import STATUS_GLYPHS
from tui.service_words import asked, expected
from tui.widgets.table import Column, Span, TableRow

CLIENT_COLUMNS = (
    Column(_("client"), 16, stretch=3),
    Column(_("services"), 8, right=True),
    Column(_("status"), 20),
    Column(_("24 h"), 8, right=True),
    Column(_("tags"), 12, stretch=2, dropped=1),
    Column(_("dns"), 20, stretch=4, dropped=2),
)
SERVICE_COLUMNS = (
    Column(_("status"), 13),
    Column(_("service"), 14, stretch=2),
    Column(_("target"), 18, stretch=4),
    Column(_("method"), 7, dropped=1),
    Column(_("expected"), 11, dropped=2),
    Column(_("every"), 6, right=True),
)
_BY_WEIGHT = (
    Status.DOWN,
    Status.DEGRADED,
    Status.UNKNOWN,
    Status.MAINTENANCE,
    Status.BLIND,
    Status.PAUSED,
    Status.UP,
)
_WELL = 0.999
"""Uptime from which it is drawn quietly."""


def client_row(client: Client, counts: Mapping[Status, int], uptime: Uptime | None) -> TableRow:
    """Give the row of a client with the counts of its services by status."""
    spec = client.spec
    ratio = uptime.ratio if uptime else None
    return TableRow(
        client.id,
        (
            ((safe(spec.name), "strong" if spec.active else "quiet"),),
            ((str(sum(counts.values())), "quiet"),),
            tuple(_counts(client, counts)),
            ((percent(ratio), "quiet" if ratio is None or ratio >= _WELL else "degraded"),),
            ((safe(", ".join(spec.tags)), "quiet"),),
            ((safe(spec.dns) or NOTHING, "quiet" if spec.dns else "faint"),),
        ),
    )


def _counts(client: Client, counts: Mapping[Status, int]) -> Iterator[Span]:
    if not client.spec.active:
        yield f"{STATUS_GLYPHS[Status.PAUSED]} {STATUS_WORDS[Status.PAUSED]}", Status.PAUSED.value
        return
    found = [status for status in _BY_WEIGHT if counts.get(status)]
    if not found:
        yield _("no services yet"), "faint"
    for status in found:
        word = f" {STATUS_WORDS[status]}" if len(found) == 1 else ""
        yield f"{STATUS_GLYPHS[status]} {counts[status]}{word}  ", status.value


def total_uptime(entries: Iterable[Entry]) -> Uptime | None:
    """Give the uptime of several services together, each by the time that it was observed."""
    known = [entry.uptime for entry in entries if entry.uptime is not None]
    if not known:
        return None
    return Uptime(
        span_seconds=sum(uptime.span_seconds for uptime in known),
        observed_seconds=sum(uptime.observed_seconds for uptime in known),
        good_seconds=sum(uptime.good_seconds for uptime in known),
    )


def service_row(entry: Entry) -> TableRow:
    """Give the row of a service on the page of its client."""
    spec, status = entry.line.service.spec, entry.shown
    return TableRow(
        entry.id,
        (
            ((f"{STATUS_GLYPHS[status]} {STATUS_WORDS[status]}", status.value),),
            ((safe(spec.name), "foreground" if entry.line.active else "quiet"),),
            ((safe(entry.line.target), "quiet"),),
            ((safe(asked(spec)), "quiet"),),
            ((safe(expected(spec)), "quiet"),),
            ((interval(spec.interval_seconds), "quiet"),),
        ),
    )
