"""Words of incidents: how long, why, who knows of it, what holds notices back, and who was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.domain.channels import Message
from core.domain.folding import Cause
from core.domain.incidents import Acknowledgement, AcknowledgementKind, Ending, Incident
from core.domain.notices import MessageState, OutboxEntry
from core.domain.observations import ErrorKind, Status
from core.i18n import _, ngettext
from core.operations.incidents import IncidentLine, Reason
from core.wording import ENDING_WORDS, ERROR_WORDS, NOTICE_WORDS, STATUS_WORDS, held_text
from tui.formatting import duration, local_minute, local_time, safe
from tui.glyphs import STATUS_GLYPHS

_CAUSES = {
    "address": _("address {name}"),
    "certificate": _("certificate {name}"),
    "client": _("client {name}"),
}
"""What incidents of one fold have in common."""
_ENDING_STATUS = {
    Ending.RECOVERED: Status.UP,
    Ending.PAUSED: Status.PAUSED,
    Ending.REMOVED: Status.UNKNOWN,
}
"""Whose sign and colour stand for an ending."""
LINES_SHOWN = 4
"""Things that the toast of a message names."""
Told = tuple[str, str]
"""A sentence, and the name of its colour."""


def status_text(incident: Incident) -> str:
    """Give sign and word: of the status while it is open, of how it ended after that."""
    if incident.ending is None:
        return f"{STATUS_GLYPHS[incident.status]} {STATUS_WORDS[incident.status]}"
    return f"{STATUS_GLYPHS[_ENDING_STATUS[incident.ending]]} {ENDING_WORDS[incident.ending]}"


def status_colour(incident: Incident) -> str:
    """Give the name of the colour of an incident that is open; what is over is quiet."""
    return incident.status.value if incident.is_open else "quiet"


def lasting(incidents: Sequence[Incident], now: datetime) -> str:
    """Give how long the incidents go on, or went on, from the first beginning to the last end."""
    began = min(incident.started_at for incident in incidents)
    ended = max(incident.resolved_at or now for incident in incidents)
    return duration((ended - began).total_seconds())


def cause_text(cause: Cause) -> str:
    """Say what incidents have in common."""
    kind, name = cause
    if kind == "error":
        return ERROR_WORDS[ErrorKind(name)]
    return _CAUSES[kind].format(name=safe(name))


def detail_text(incident: Incident) -> str:
    """Say in one line what was seen when it got as bad as it was."""
    return safe(incident.detail or (ERROR_WORDS[incident.error] if incident.error else ""))


def known_text(given: Acknowledgement | None, now: datetime) -> str:
    """Say who knows of it, and how long that holds; empty: nobody does."""
    if given is None:
        return ""
    name = safe(given.by)
    if given.kind is AcknowledgementKind.PLAIN:
        return _("{operator}, this status").format(operator=name)
    if given.until is not None:
        return _("{operator} until {time}").format(operator=name, time=local_minute(given.until, now))
    return name


def held_back_text(line: IncidentLine, now: datetime) -> str:
    """Say what an incident stands behind, or until when its service is snoozed; empty: neither."""
    if line.snoozed_until is not None and line.snoozed_until > now:
        return _("snoozed until {time}").format(time=local_minute(line.snoozed_until, now))
    return _("behind {service}").format(service=safe(line.behind)) if line.behind else ""


def told_text(reason: Reason, now: datetime) -> Told:
    """Say what became of telling one channel one thing."""
    what = NOTICE_WORDS[reason.notice.kind]
    if reason.message is not None:
        return _message_text(what, reason.message, now)
    held = reason.notice.held_by
    if held is None:
        return _("{what}: decided").format(what=what), "quiet"
    why = safe(held_text(held))
    if held.until is None or held.until <= now:
        return _("{what} not sent: {why}").format(what=what, why=why), "quiet"
    text = _("{what} not sent: {why}, until {time}")
    return text.format(what=what, why=why, time=local_minute(held.until, now)), "quiet"


def _message_text(what: str, entry: OutboxEntry, now: datetime) -> Told:
    ended = local_time(entry.ended_at, seconds=True) if entry.ended_at is not None else ""
    error = safe(entry.error or "")
    if entry.state is MessageState.SENT:
        return _("{what} sent {time}").format(what=what, time=ended), "foreground"
    if entry.state is MessageState.DROPPED:
        return _("{what} dropped {time}: nothing was left to tell").format(what=what, time=ended), "quiet"
    tries = ngettext("{count} attempt", "{count} attempts", entry.attempts).format(count=entry.attempts)
    if entry.state is MessageState.FAILED:
        text = _("{what} failed {time}, {attempts}, last error: {error}")
        return text.format(what=what, time=ended, attempts=tries, error=error), Status.DOWN.value
    if not error:
        return _("{what} waiting").format(what=what), "foreground"
    text = _("{what} waiting, {attempts}, next {time}, last error: {error}")
    due = local_minute(entry.due_at, now)
    return text.format(what=what, attempts=tries, time=due, error=error), Status.DEGRADED.value


def message_lines(message: Message) -> list[str]:
    """Give what a message is about, a line each, the first few only; just its title if it is one thing."""
    lines = [line for line in message.text.splitlines() if line and not line.startswith(" ")]
    if len(lines) < 2:
        return [message.title]
    return [*lines[:LINES_SHOWN], "…"] if len(lines) > LINES_SHOWN else lines
