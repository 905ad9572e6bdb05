"""How ``ronda incident`` tells of incidents in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from core.cli.evidence import evidence_rows
from core.cli.figures import NOTHING, duration, local
from core.cli.output import Cell, Output
from core.domain.folding import Fold
from core.domain.gates import Verdict
from core.domain.incidents import AcknowledgementKind, Incident, IncidentEvent
from core.domain.notices import MessageState
from core.i18n import _, ngettext
from core.operations.incidents import IncidentLine, IncidentPage, Reason
from core.wording import (
    ACKNOWLEDGEMENT_WORDS,
    ENDING_WORDS,
    ERROR_WORDS,
    EVENT_WORDS,
    FIELD_LABELS,
    GATE_WORDS,
    MESSAGE_WORDS,
    NOTICE_WORDS,
    STATUS_WORDS,
    cause_text,
    held_text,
)


def listing(output: Output, lines: Sequence[IncidentLine], folds: Iterable[Fold], now: datetime) -> list[str]:
    """Give one row for each incident, those with a cause in common as one."""
    if not lines:
        return [_("There are no incidents.")]
    by_id = {line.incident.id: line for line in lines}
    heads = [_("ID"), _("STATUS"), _("SERVICE"), _("SINCE"), _("LASTED"), _("WHO"), _("WHAT")]
    return output.table(heads, [_row(by_id[fold.lead.id], fold, now) for fold in folds])


def _row(line: IncidentLine, fold: Fold, now: datetime) -> tuple[Cell, ...]:
    incident = line.incident
    return (
        Cell(str(incident.id), right=True),
        Cell(STATUS_WORDS[incident.status], incident.status),
        Cell(line.subject.label),
        Cell(local(incident.started_at)),
        Cell(_lasted(incident, now), right=True),
        Cell(_who(incident) or NOTHING),
        Cell("; ".join(filter(None, (_what(line), _more(fold))))),
    )


def _lasted(incident: Incident, now: datetime) -> str:
    return duration(((incident.resolved_at or now) - incident.started_at).total_seconds())


def _who(incident: Incident) -> str:
    """Say who looks after it, else who knows of it."""
    given = incident.acknowledgement
    return incident.assignee or (given.by if given is not None else "")


def _what(line: IncidentLine) -> str:
    if line.behind:
        return _("behind {service}").format(service=line.behind)
    incident = line.incident
    return incident.detail or (ERROR_WORDS[incident.error] if incident.error else "")


def _more(fold: Fold) -> str:
    """Say how many others have a cause in common with the one that leads, and which cause."""
    count = len(fold.members) - 1
    if fold.cause is None:
        return ""
    text = ngettext("+{count} more by {cause}", "+{count} more by {cause}", count)
    return text.format(count=count, cause=cause_text(fold.cause))


def page_lines(output: Output, page: IncidentPage, now: datetime, *, why: bool) -> Iterator[str]:
    """Give an incident, what its checks met, what happened to it, and who was told or was not."""
    yield from output.pairs([*_fields(page.line, now), *evidence_rows(page.evidence)])
    yield ""
    yield from output.table([_("TIME"), _("WHAT"), _("BY"), _("TEXT")], map(_event_row, page.timeline))
    if page.reasons:
        yield ""
        rows = [row for reason in page.reasons for row in _reason_rows(reason, why=why)]
        yield from output.table([_("CHANNEL"), _("NOTICE"), _("WHAT BECAME OF IT")], rows)


def _fields(line: IncidentLine, now: datetime) -> Iterator[tuple[str, str | Cell]]:
    incident = line.incident
    yield _("Incident"), str(incident.id)
    yield _("Service"), line.subject.label
    yield _("Status"), Cell(STATUS_WORDS[incident.status], incident.status)
    yield FIELD_LABELS["severity"], Cell(STATUS_WORDS[incident.severity], incident.severity)
    yield _("Began"), local(incident.started_at)
    if incident.ending is not None:
        yield _("Ended"), f"{local(incident.resolved_at)} ({ENDING_WORDS[incident.ending]})"
    yield _("Lasted"), _lasted(incident, now)
    yield _("What"), _what(line) or NOTHING
    if incident.address:
        yield _("Address"), incident.address
    if incident.certificate:
        yield _("Certificate"), incident.certificate
    yield from _people(line)
    if line.subject.runbook_url:
        yield FIELD_LABELS["runbook_url"], line.subject.runbook_url


def _people(line: IncidentLine) -> Iterator[tuple[str, str]]:
    given = line.incident.acknowledgement
    if given is not None:
        text = _("by {operator} at {time}, {how_long}").format(
            operator=given.by, time=local(given.at), how_long=_how_long(given.kind, given.until)
        )
        yield _("Acknowledged"), "\n".join(filter(None, (text, given.reason)))
    if line.incident.assignee:
        yield FIELD_LABELS["assignee"], line.incident.assignee
    if line.snoozed_until is not None:
        yield _("Snoozed"), _("until {time}").format(time=local(line.snoozed_until))


def _how_long(kind: AcknowledgementKind, until: datetime | None) -> str:
    if until is None:
        return ACKNOWLEDGEMENT_WORDS[kind]
    return _("until {time}").format(time=local(until))


def _event_row(event: IncidentEvent) -> tuple[Cell, ...]:
    return (
        Cell(local(event.at)),
        Cell(EVENT_WORDS[event.kind]),
        Cell(event.actor or NOTHING),
        Cell(event.text),
    )


def _reason_rows(reason: Reason, *, why: bool) -> Iterator[tuple[Cell, ...]]:
    yield Cell(reason.channel), Cell(NOTICE_WORDS[reason.notice.kind]), Cell(_outcome(reason))
    if why:
        for verdict in reason.notice.verdicts:
            yield Cell(""), Cell(_("yes") if verdict.passed else _("no")), Cell(_verdict(verdict))


def _outcome(reason: Reason) -> str:
    """Say whether a notice was sent, waits, failed, or was held back and why."""
    message, held = reason.message, reason.notice.held_by
    if message is None:
        return _("not sent: {reason}").format(reason=_held(held)) if held is not None else NOTHING
    text = f"{MESSAGE_WORDS[message.state]} {local(message.ended_at)}"
    if message.state is MessageState.WAITING:
        text = _("waiting, due {time}").format(time=local(message.due_at))
    return f"{text}: {message.error}" if message.error else text


def _verdict(verdict: Verdict) -> str:
    word = GATE_WORDS[verdict.gate]
    return word if verdict.passed else f"{word}: {_held(verdict)}"


def _held(verdict: Verdict) -> str:
    text = held_text(verdict)
    if verdict.until is None:
        return text
    return _("{reason}, until {time}").format(reason=text, time=local(verdict.until))
