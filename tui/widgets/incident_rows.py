"""What a row says of an incident, or of several that have a cause in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from core.domain.folding import Fold
from core.domain.incidents import Incident
from core.domain.observations import STATUS_CODES
from core.i18n import _, ngettext
from core.operations.incidents import IncidentLine
from tui.formatting import local_minute, safe
from tui.incident_words import (
    cause_text,
    detail_text,
    held_back_text,
    known_text,
    lasting,
    status_colour,
    status_text,
)
from tui.widgets.table import Column, Span, TableRow

INCIDENT_COLUMNS = (
    Column(_("status"), 11),
    Column(_("since"), 16, dropped=4),
    Column(_("for"), 7, right=True),
    Column(_("service"), 16, stretch=4),
    Column(_("cause"), 16, stretch=4),
    Column(_("acknowledged"), 15, stretch=1),
    Column(_("assigned"), 8, dropped=2),
    Column(_("held back"), 19, stretch=1, dropped=3),
)
_INDENT = "  "
Lines = Mapping[int, IncidentLine]
"""Lines by the number of their incident."""


def fold_id(fold: Fold) -> int:
    """Give the id of the row of a fold: that of its incident, or a negative one for several."""
    return fold.lead.id if len(fold.members) == 1 else -fold.lead.id


def incident_rows(
    folds: Sequence[Fold], lines: Lines, unfolded: frozenset[int], now: datetime
) -> Iterator[TableRow]:
    """Give the rows of all folds; the members of one that is unfolded stand below it."""
    for fold in folds:
        if len(fold.members) == 1:
            yield _row(lines[fold.lead.id], now)
            continue
        is_open = fold_id(fold) in unfolded
        yield _fold_row(fold, lines, now, is_open=is_open)
        if is_open:
            yield from (_row(lines[member.id], now, _INDENT) for member in fold.members)


def by_urgency(folds: Sequence[Fold]) -> list[Fold]:
    """Put what is open first, the worst before the rest; the newest first among equals."""
    newest_first = sorted(folds, key=lambda fold: fold.lead.started_at, reverse=True)
    return sorted(newest_first, key=_urgency)


def _urgency(fold: Fold) -> int:
    worst = worst_of(fold)
    return -STATUS_CODES[worst.status] if worst.is_open else 0


def worst_of(fold: Fold) -> Incident:
    """Give the member whose status stands for all: the worst of those that are open."""
    return max(fold.members, key=lambda member: (member.is_open, STATUS_CODES[member.status]))


def _row(line: IncidentLine, now: datetime, indent: str = "") -> TableRow:
    incident, subject = line.incident, line.subject
    is_open = incident.is_open
    return TableRow(
        incident.id,
        (
            ((indent + status_text(incident), status_colour(incident)),),
            ((local_minute(incident.started_at, now), "quiet"),),
            ((lasting([incident], now), "foreground" if is_open else "quiet"),),
            (
                (indent + safe(subject.service), "strong" if is_open else "foreground"),
                (f" · {safe(subject.client)}", "quiet"),
            ),
            ((detail_text(incident), "foreground" if is_open else "quiet"),),
            _known(incident, now),
            ((safe(incident.assignee), "foreground" if is_open else "quiet"),),
            ((held_back_text(line, now), "quiet"),),
        ),
    )


def _known(incident: Incident, now: datetime) -> tuple[Span, ...]:
    text = known_text(incident.acknowledgement, now)
    if not text and incident.is_open:
        return ((_("nobody"), "degraded"),)
    return ((text, "accent" if incident.is_open else "quiet"),)


def _fold_row(fold: Fold, lines: Lines, now: datetime, *, is_open: bool) -> TableRow:
    worst, count = worst_of(fold), len(fold.members)
    services = ngettext("{count} service", "{count} services", count).format(count=count)
    held = [text for member in fold.members if (text := held_back_text(lines[member.id], now))]
    assignees = {member.assignee for member in fold.members}
    return TableRow(
        fold_id(fold),
        (
            ((status_text(worst), status_colour(worst)),),
            ((local_minute(fold.lead.started_at, now), "quiet"),),
            ((lasting(fold.members, now), "foreground" if worst.is_open else "quiet"),),
            (("▾ " if is_open else "▸ ", "quiet"), (services, "strong" if worst.is_open else "foreground")),
            ((cause_text(fold.cause) if fold.cause else "", "strong" if worst.is_open else "quiet"),),
            _known_of_all(fold, now),
            ((safe(assignees.pop()) if len(assignees) == 1 else _("several"), "foreground"),),
            ((_of_all(held, count), "quiet"),),
        ),
    )


def _known_of_all(fold: Fold, now: datetime) -> tuple[Span, ...]:
    known = [text for member in fold.members if (text := known_text(member.acknowledgement, now))]
    if not known:
        return _known(fold.lead, now)
    colour = "accent" if fold.lead.is_open else "quiet"
    return ((_of_all(known, len(fold.members)), colour),)


def _of_all(texts: Sequence[str], count: int) -> str:
    """Give what all members say, or how many say something."""
    if not texts:
        return ""
    if len(texts) == count and len(set(texts)) == 1:
        return texts[0]
    return _("{some} of {count}").format(some=len(texts), count=count)
