"""What there is to know of one incident, as facts; and what each channel was told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from core.i18n import _
from core.operations.incidents import IncidentLine, Reason
from core.wording import ACKNOWLEDGEMENT_WORDS, STATUS_WORDS
from tui.formatting import NOTHING, local_date_time, local_minute, safe
from tui.incident_words import (
    detail_text,
    held_back_text,
    lasting,
    status_colour,
    status_text,
    told_text,
)
from tui.widgets.facts import Fact


def incident_facts(line: IncidentLine, now: datetime) -> Iterator[Fact]:
    """Give everything that is known of an incident but what happened to it."""
    incident, subject = line.incident, line.subject
    yield Fact(_("service"), f"{safe(subject.service)} · {safe(subject.client)}", "strong")
    yield Fact(_("status"), status_text(incident), incident.status.value)
    yield Fact(_("worst"), STATUS_WORDS[incident.severity], status_colour(incident))
    yield Fact(_("since"), local_date_time(incident.started_at))
    if incident.resolved_at is not None:
        yield Fact(_("until"), local_date_time(incident.resolved_at))
    yield Fact(_("lasting"), lasting([incident], now), "strong")
    yield _known_fact(_("cause"), detail_text(incident))
    yield from (
        Fact(label, safe(value))
        for label, value in ((_("address"), incident.address), (_("certificate"), incident.certificate))
        if value
    )
    yield _known_fact(_("runbook"), subject.runbook_url)
    yield _known_fact(_("assigned to"), incident.assignee)
    yield _acknowledgement(line, now)
    if held := held_back_text(line, now):
        yield Fact(_("held back"), held, "accent")


def _known_fact(label: str, value: str) -> Fact:
    return Fact(label, safe(value) or NOTHING, "foreground" if value else "faint")


def _acknowledgement(line: IncidentLine, now: datetime) -> Fact:
    given = line.incident.acknowledgement
    if given is None:
        is_open = line.incident.is_open
        nobody = _("nobody yet") if is_open else NOTHING
        return Fact(_("acknowledged"), nobody, "degraded" if is_open else "faint")
    if given.until is not None:
        holds = _("until {time}").format(time=local_minute(given.until, now))
    else:
        holds = ACKNOWLEDGEMENT_WORDS[given.kind]
    text = _("by {operator} at {time}, {holds}").format(
        operator=safe(given.by), time=local_minute(given.at, now), holds=holds
    )
    return Fact(_("acknowledged"), f"{text}\n{given.reason}" if given.reason else text, "accent")


def told_facts(reasons: Sequence[Reason], now: datetime) -> Iterator[Fact]:
    """Give channel by channel what it was told, or why it was not; the oldest first."""
    before = ""
    if not reasons:
        yield Fact("", _("nothing was to be told yet"), "quiet")
    for reason in sorted(reasons, key=lambda each: (each.channel.casefold(), each.notice.decided_at)):
        channel = safe(reason.channel) or _("a channel that is gone")
        text, colour = told_text(reason, now)
        yield Fact("" if channel == before else channel, text, colour)
        before = channel
