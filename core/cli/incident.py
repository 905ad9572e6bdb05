"""``ronda incident``: list, show, acknowledge, assign, note."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from core.cli.commands import Subparsers, add_command, add_noun, with_desk
from core.cli.figures import iso
from core.cli.incident_documents import incident_document, listed_documents, page_document
from core.cli.incident_texts import listing, page_lines
from core.cli.options import add_json_option
from core.cli.output import Output
from core.domain.faults import Fault
from core.domain.incidents import AcknowledgementKind
from core.domain.observations import Status
from core.domain.text import printable
from core.domain.typed import Typist
from core.errors import InputError
from core.i18n import _
from core.operations import incidents
from core.operations.clients import find_client
from core.operations.desk import Desk
from core.operations.incidents import RECENT, IncidentLine
from core.operations.lookup import as_id, refuse
from core.operations.services import find_service, list_services

_LONGEST_SINCE = timedelta(days=366)


def register(commands: Subparsers) -> None:
    """Have the parser take the noun."""
    verbs = add_noun(commands, "incident", _("what went wrong, and who looks after it"))
    _register_listing(verbs)
    show = add_command(verbs, "show", _("show an incident and what happened to it"), with_desk(_show))
    known = add_command(
        verbs, "acknowledge", _("say that somebody knows: reminders stop"), with_desk(_acknowledge)
    )
    assign = add_command(verbs, "assign", _("say who looks after it"), with_desk(_assign))
    note = add_command(verbs, "note", _("add a note to what happened"), with_desk(_note))
    for parser in (show, known, assign, note):
        parser.add_argument("incident", metavar="ID", help=_("number of the incident"))
        add_json_option(parser)
    show.add_argument(
        "--why", action="store_true", help=_("every gate that its notices came to, channel by channel")
    )
    known.add_argument("--reason", default="", metavar="TEXT", help=_("why, or what is done"))
    how = known.add_mutually_exclusive_group()
    how.add_argument("--sticky", action="store_true", help=_("until the recovery, which is the default"))
    how.add_argument("--plain", action="store_true", help=_("until the status changes"))
    until = _("until a time: 22:30, '2026-12-01 22:30' or ISO 8601")
    how.add_argument("--until", metavar="WHEN", help=until)
    how.add_argument("--off", action="store_true", help=_("take the acknowledgement back"))
    who = assign.add_mutually_exclusive_group(required=True)
    who.add_argument("name", nargs="?", metavar="NAME", help=_("who looks after it"))
    who.add_argument("--nobody", action="store_true", help=_("nobody does any more"))
    note.add_argument("text", metavar="TEXT", help=_("what is noted"))


def _register_listing(verbs: Subparsers) -> None:
    listed = add_command(verbs, "list", _("list the incidents that go on"), with_desk(_list))
    listed.add_argument("--all", action="store_true", help=_("those that ended in the last 24 hours as well"))
    listed.add_argument(
        "--since", metavar="DURATION", help=_("those that ended within so long as well, like 8h or 7d")
    )
    listed.add_argument("--client", metavar="CLIENT", help=_("only this client's, by name or id"))
    listed.add_argument("--service", metavar="SERVICE", help=_("only this one's: name, CLIENT/NAME or id"))
    add_json_option(listed)


async def _list(desk: Desk, args: Namespace, output: Output) -> int:
    now = desk.clock.now()
    service_ids = await _service_ids(desk, args)
    lines = await incidents.list_incidents(desk, since=_since(args, now), service_ids=service_ids)
    folds = incidents.folded(lines)
    document = {"checked_at": iso(now), "incidents": listed_documents(lines, folds)}
    output.data(document, listing(output, lines, folds, now))
    return int(_any_down(lines))


def _any_down(lines: Sequence[IncidentLine]) -> bool:
    return any(line.incident.is_open and line.incident.severity is Status.DOWN for line in lines)


def _since(args: Namespace, now: datetime) -> datetime | None:
    if args.since is None:
        return now - RECENT if args.all else None
    typist = Typist()
    span = typist.duration("duration_seconds", args.since, 1.0)
    longest = _LONGEST_SINCE.total_seconds()
    limits = {"minutes": 1, "days": _LONGEST_SINCE.days}
    out_of_range = Fault("duration_seconds", "window_duration", limits)
    refuse(typist.faults([] if 60.0 <= span <= longest else [out_of_range]))
    return now - timedelta(seconds=span)


async def _service_ids(desk: Desk, args: Namespace) -> list[int] | None:
    """Give the services whose incidents are wanted, those in the bin as well; None: all."""
    client_id = (await find_client(desk, args.client)).id if args.client is not None else None
    if args.service is not None:
        return [(await find_service(desk, args.service, client_id=client_id)).id]
    if client_id is None:
        return None
    living = await list_services(desk, client_id)
    binned = await list_services(desk, client_id, deleted=True)
    return [service.id for service, _client in [*living, *binned]]


async def _show(desk: Desk, args: Namespace, output: Output) -> int:
    page = await incidents.load_incident(desk, _number(args))
    output.data(page_document(page), page_lines(output, page, desk.clock.now(), why=args.why))
    return 0


async def _acknowledge(desk: Desk, args: Namespace, output: Output) -> int:
    number = _number(args)
    if args.off:
        if args.reason:
            raise InputError(_("Leave out --reason: taking an acknowledgement back needs none."))
        await incidents.unacknowledge(desk, number)
        return await _done(desk, output, number, _("The incident {id} is not acknowledged any more."))
    kind, until = _how_long(args, desk.clock.now())
    await incidents.acknowledge(desk, number, kind, reason=args.reason, until=until)
    return await _done(desk, output, number, _("Acknowledged the incident {id}."))


def _how_long(args: Namespace, now: datetime) -> tuple[AcknowledgementKind, datetime | None]:
    """Say how long an acknowledgement holds; a time of day is the next one of this machine's clocks."""
    if args.until is None:
        return AcknowledgementKind.PLAIN if args.plain else AcknowledgementKind.STICKY, None
    typist = Typist()
    until = typist.moment("until", args.until, None)
    refuse(typist.faults(()))
    if isinstance(until, time):
        today = now.astimezone().date()
        days = (today, today + timedelta(days=1))
        moments = (datetime.combine(day, until).astimezone(UTC) for day in days)
        until = next((moment for moment in moments if moment > now), now)
    return AcknowledgementKind.UNTIL, until


async def _assign(desk: Desk, args: Namespace, output: Output) -> int:
    number = _number(args)
    incident = await incidents.assign(desk, number, "" if args.nobody else args.name)
    sentence = _("{name} looks after the incident {id}.")
    if not incident.assignee:
        sentence = _("Nobody looks after the incident {id}.")
    return await _done(desk, output, number, sentence, incident.assignee)


async def _note(desk: Desk, args: Namespace, output: Output) -> int:
    number = _number(args)
    await incidents.note(desk, number, args.text)
    return await _done(desk, output, number, _("Noted it with the incident {id}."))


async def _done(desk: Desk, output: Output, number: int, sentence: str, name: str = "") -> int:
    """Tell what was done, and give the incident as it is now where JSON is wanted."""
    output.note(sentence.format(id=number, name=name))
    if output.as_json:
        page = await incidents.load_incident(desk, number)
        output.data({"incident": incident_document(page.line)}, ())
    return 0


def _number(args: Namespace) -> int:
    number = as_id(args.incident)
    if number is None:
        raise InputError(
            _("{text} is not the number of an incident. 'ronda incident list' has them.").format(
                text=printable(args.incident)
            )
        )
    return number
