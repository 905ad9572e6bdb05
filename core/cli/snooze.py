"""``ronda service snooze``: nobody is told of a service for a while."""

from __future__ import annotations

from argparse import Namespace

from core.cli.commands import Subparsers, add_command, named_service, take_service, with_desk
from core.cli.figures import iso, local
from core.cli.options import add_json_option
from core.cli.output import Output
from core.domain.typed import Typist
from core.i18n import _
from core.operations.desk import Desk
from core.operations.incidents import snooze_service, wake_service
from core.operations.lookup import refuse


def register(verbs: Subparsers) -> None:
    """Have the noun ``service`` take the verb."""
    text = _("have nobody told of a service for a while; its downtime counts as ever")
    parser = add_command(verbs, "snooze", text, with_desk(_snooze))
    take_service(parser)
    span = parser.add_mutually_exclusive_group(required=True)
    lasting = _("how long: 90m, 2h, 1h30m, 1d; seconds without a unit; 7 days at most")
    span.add_argument("--for", dest="duration", metavar="DURATION", help=lasting)
    span.add_argument("--off", action="store_true", help=_("end it now"))
    add_json_option(parser)


async def _snooze(desk: Desk, args: Namespace, output: Output) -> int:
    service = await named_service(desk, args)
    name, until = service.spec.name, None
    if args.off:
        await wake_service(desk, service.id)
        output.note(_("The service {name} is not snoozed any more.").format(name=name))
    else:
        typist = Typist()
        seconds = typist.duration("duration_seconds", args.duration, 0.0)
        refuse(typist.faults(()))
        until = (await snooze_service(desk, service.id, seconds)).until
        text = _("Nobody is told of the service {name} until {time}.")
        output.note(text.format(name=name, time=local(until)))
    output.data({"service": {"id": service.id, "name": name}, "snoozed_until": iso(until)}, ())
    return 0
