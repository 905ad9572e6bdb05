"""The JSON of incidents; docs/command-line.md has every key."""

from __future__ import annotations

from collections.abc import Iterable

from core.cli.evidence import evidence_documents
from core.cli.figures import iso
from core.cli.output import Document
from core.domain.folding import Fold
from core.domain.gates import Verdict
from core.domain.incidents import Incident, IncidentEvent
from core.operations.incidents import IncidentLine, IncidentPage, Reason


def listed_documents(lines: Iterable[IncidentLine], folds: Iterable[Fold]) -> list[Document]:
    """Give every incident with what it has in common with which others."""
    by_id = {member.id: fold for fold in folds for member in fold.members}
    return [{**incident_document(line), **_fold_document(by_id[line.incident.id])} for line in lines]


def _fold_document(fold: Fold) -> Document:
    cause = None if fold.cause is None else {"kind": fold.cause[0], "name": fold.cause[1]}
    return {"cause": cause, "fold": [member.id for member in fold.members]}


def incident_document(line: IncidentLine) -> Document:
    """Give an incident."""
    incident, subject = line.incident, line.subject
    return {
        "id": incident.id,
        "client": subject.client,
        "service": subject.service,
        "service_id": incident.service_id,
        "status": incident.status.value,
        "severity": incident.severity.value,
        "started_at": iso(incident.started_at),
        "opened_at": iso(incident.opened_at),
        "resolved_at": iso(incident.resolved_at),
        "ending": incident.ending.value if incident.ending else None,
        "error": incident.error.value if incident.error else None,
        "detail": incident.detail,
        "address": incident.address,
        "certificate": incident.certificate,
        "behind": line.behind or None,
        "acknowledgement": _acknowledgement_document(incident),
        "assignee": incident.assignee or None,
        "snoozed_until": iso(line.snoozed_until),
        "runbook_url": subject.runbook_url or None,
    }


def _acknowledgement_document(incident: Incident) -> Document | None:
    given = incident.acknowledgement
    if given is None:
        return None
    return {
        "kind": given.kind.value,
        "by": given.by,
        "at": iso(given.at),
        "reason": given.reason,
        "until": iso(given.until),
    }


def page_document(page: IncidentPage) -> Document:
    """Give an incident with everything that is known of it."""
    return {
        "incident": incident_document(page.line),
        "timeline": [_event_document(event) for event in page.timeline],
        "evidence": evidence_documents(page.evidence),
        "notices": [_reason_document(reason) for reason in page.reasons],
    }


def _event_document(event: IncidentEvent) -> Document:
    return {
        "at": iso(event.at),
        "kind": event.kind.value,
        "actor": event.actor or None,
        "text": event.text,
    }


def _reason_document(reason: Reason) -> Document:
    notice, message = reason.notice, reason.message
    return {
        "channel": reason.channel,
        "kind": notice.kind.value,
        "decided_at": iso(notice.decided_at),
        "state": "held" if message is None else message.state.value,
        "held_by": notice.gate.value if notice.gate else None,
        "attempts": message.attempts if message else 0,
        "due_at": iso(message.due_at) if message else None,
        "ended_at": iso(message.ended_at) if message else None,
        "error": message.error if message else None,
        "gates": [_verdict_document(verdict) for verdict in notice.verdicts],
    }


def _verdict_document(verdict: Verdict) -> Document:
    return {
        "gate": verdict.gate.value,
        "passed": verdict.passed,
        "reason": verdict.reason or None,
        "parameters": dict(verdict.parameters),
        "until": iso(verdict.until),
    }
