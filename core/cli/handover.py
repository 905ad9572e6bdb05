"""``ronda handover``: what happened in a shift, and how things are."""

from __future__ import annotations

from argparse import Namespace
from datetime import timedelta

from core.cli.commands import Subparsers, add_command, with_desk
from core.cli.figures import iso
from core.cli.options import add_json_option
from core.cli.output import Document, Output
from core.domain.faults import Fault
from core.domain.typed import Typist
from core.i18n import _
from core.operations.desk import Desk
from core.operations.handover import LONGEST_LOOK_BACK, HandOver, hand_over, hand_over_lines
from core.operations.incidents import IncidentLine
from core.operations.lookup import refuse

DEFAULT_SPAN = "8h"


def register(commands: Subparsers) -> None:
    """Have the parser take the command."""
    text = _("what happened in a shift: open, acknowledged and resolved incidents, notices, notes")
    parser = add_command(commands, "handover", text, with_desk(_handover))
    parser.add_argument(
        "--since",
        default=DEFAULT_SPAN,
        metavar="DURATION",
        help=_("how far back, like 8h or 1d (8h)"),
    )
    parser.add_argument("--markdown", action="store_true", help=_("as Markdown, for a ticket or a chat"))
    add_json_option(parser)


async def _handover(desk: Desk, args: Namespace, output: Output) -> int:
    typist = Typist()
    seconds = typist.duration("duration_seconds", args.since, 60.0)
    longest = LONGEST_LOOK_BACK.total_seconds()
    out_of_range = Fault(
        "duration_seconds", "window_duration", {"minutes": 1, "days": LONGEST_LOOK_BACK.days}
    )
    refuse(typist.faults([] if 60.0 <= seconds <= longest else [out_of_range]))
    shift = await hand_over(desk, desk.clock.now() - timedelta(seconds=seconds))
    output.data(handover_document(shift), list(hand_over_lines(shift, markdown=args.markdown)))
    return 0


def handover_document(shift: HandOver) -> Document:
    """Give a shift as JSON."""
    return {
        "since": iso(shift.since),
        "until": iso(shift.until),
        "open": [_incident(line) for line in shift.open],
        "acknowledged": [_incident(line) for line in shift.acknowledged],
        "resolved": [_incident(line) for line in shift.resolved],
        "flapping": [{"client": each.client, "service": each.service} for each in shift.flapping],
        "messages": {"sent": shift.sent, "waiting": shift.waiting, "failed": len(shift.failed)},
        "failed": [
            {
                "channel": shift.channels.get(entry.channel_id),
                "created_at": iso(entry.created_at),
                "error": entry.error,
            }
            for entry in shift.failed
        ],
        "notes": [
            {"incident_id": number, "at": iso(event.at), "operator": event.actor, "text": event.text}
            for number, event in shift.notes
        ],
        "changes": [
            {
                "at": iso(entry.at),
                "operator": entry.operator,
                "action": entry.action,
                "subject": entry.subject,
                "name": entry.subject_name,
            }
            for entry in shift.changes
        ],
    }


def _incident(line: IncidentLine) -> Document:
    incident, given = line.incident, line.incident.acknowledgement
    return {
        "id": incident.id,
        "client": line.subject.client,
        "service": line.subject.service,
        "severity": incident.severity.value,
        "started_at": iso(incident.started_at),
        "resolved_at": iso(incident.resolved_at),
        "detail": incident.detail,
        "acknowledged_by": None if given is None else given.by,
        "assignee": incident.assignee or None,
    }
