"""``ronda beat``: a job reports in."""

from __future__ import annotations

from argparse import Namespace

from core.cli.commands import Subparsers, add_command, named_service, take_service, with_desk
from core.cli.figures import iso, local
from core.cli.options import add_json_option
from core.cli.output import Output
from core.i18n import _
from core.operations.beating import report_in
from core.operations.desk import Desk


def register(commands: Subparsers) -> None:
    """Have the parser take the command."""
    parser = add_command(commands, "beat", _("report that a job is alive"), with_desk(_beat))
    take_service(parser)
    add_json_option(parser)


async def _beat(desk: Desk, args: Namespace, output: Output) -> int:
    service = await named_service(desk, args)
    moment = await report_in(desk, service)
    output.note(_("{name} reported in at {moment}.").format(name=service.spec.name, moment=local(moment)))
    if output.as_json:
        output.data({"id": service.id, "service": service.spec.name, "beat_at": iso(moment)}, ())
    return 0
