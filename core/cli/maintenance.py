"""``ronda maintenance``: add, list, end."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable

from core.cli.commands import Subparsers, add_command, add_noun, with_desk
from core.cli.figures import NOTHING, duration, iso, local
from core.cli.options import add_json_option
from core.cli.output import Cell, Document, Output
from core.cli.window_specs import window_spec
from core.domain.maintenance import Scope
from core.domain.text import printable
from core.domain.typed import Typist
from core.errors import InputError
from core.i18n import _
from core.operations.clients import find_client
from core.operations.desk import Desk
from core.operations.lookup import as_id, refuse
from core.operations.maintenance import WindowLine, add_window, end_window, list_windows, window_faults
from core.operations.services import find_service


def register(commands: Subparsers) -> None:
    """Have the parser take the noun."""
    verbs = add_noun(commands, "maintenance", _("times in which what fails is expected to"))
    add = add_command(verbs, "add", _("add a window, once or recurring"), with_desk(_add))
    add.add_argument("--reason", required=True, metavar="TEXT", help=_("what is done then"))
    _take_scope(add)
    _take_time(add)
    listing = add_command(
        verbs, "list", _("list the windows that are open or still to open"), with_desk(_list)
    )
    listing.add_argument("--ended", action="store_true", help=_("those that are over as well"))
    end = add_command(verbs, "end", _("end a window for good"), with_desk(_end))
    end.add_argument("window", metavar="ID", help=_("number of the window"))
    for parser in (add, listing, end):
        add_json_option(parser)


def _take_scope(add: ArgumentParser) -> None:
    """Take one of the scopes; none is the default, since silence about everything is to be meant."""
    scope = add.add_mutually_exclusive_group(required=True)
    scope.add_argument("--all", action="store_true", help=_("for every service"))
    scope.add_argument("--client", metavar="CLIENT", help=_("for the services of a client: name or id"))
    scope.add_argument("--service", metavar="SERVICE", help=_("for a service: name, CLIENT/NAME or id"))
    scope.add_argument(
        "--tag", metavar="TAG", help=_("for the services that have a tag, or whose client has")
    )


def _take_time(add: ArgumentParser) -> None:
    begin = _("when it begins: 22:30, '2026-12-01 22:30' or ISO 8601 (now)")
    add.add_argument("--from", dest="starts_at", metavar="WHEN", help=begin)
    end = add.add_mutually_exclusive_group()
    end.add_argument("--until", dest="ends_at", metavar="WHEN", help=_("when it ends"))
    lasting = _("how long it lasts: 90m, 2h, 1h30m, 1d; seconds without a unit")
    end.add_argument("--for", dest="duration", metavar="DURATION", help=lasting)
    recurring = _("when it begins again and again, like '0 2 * * SUN'; needs --for and --zone")
    add.add_argument("--cron", metavar="EXPR", help=recurring)
    zone = _("time zone of what is typed, like Europe/Lisbon (this machine's)")
    add.add_argument("--zone", metavar="ZONE", help=zone)


async def _add(desk: Desk, args: Namespace, output: Output) -> int:
    scope, subject_id = await _subject(desk, args)
    now, typist = desk.clock.now(), Typist()
    spec = window_spec(args, scope, subject_id, now, typist)
    refuse(typist.faults(window_faults(spec, now)))
    return _done(
        output, await add_window(desk, spec), _("Added the maintenance window {id} for {scope}: {when}.")
    )


async def _list(desk: Desk, args: Namespace, output: Output) -> int:
    lines = await list_windows(desk, ended=args.ended)
    output.data({"windows": [window_document(line) for line in lines]}, _table(output, lines))
    return 0


async def _end(desk: Desk, args: Namespace, output: Output) -> int:
    window_id = as_id(args.window)
    if window_id is None:
        raise InputError(
            _("{text} is not the number of a window. 'ronda maintenance list' has them.").format(
                text=printable(args.window)
            )
        )
    return _done(
        output, await end_window(desk, window_id), _("Ended the maintenance window {id} for {scope}.")
    )


async def _subject(desk: Desk, args: Namespace) -> tuple[Scope, int | None]:
    if args.client is not None:
        return Scope.CLIENT, (await find_client(desk, args.client)).id
    if args.service is not None:
        return Scope.SERVICE, (await find_service(desk, args.service)).id
    return (Scope.ALL if args.all else Scope.TAG), None


def _done(output: Output, line: WindowLine, sentence: str) -> int:
    """Tell what was done, and give the window as it is now where JSON is wanted."""
    output.note(sentence.format(id=line.window.id, scope=_scope_text(line), when=_when(line)))
    output.data({"window": window_document(line)}, ())
    return 0


def window_document(line: WindowLine) -> Document:
    """Give a window and when it is open."""
    window, spec = line.window, line.window.spec
    return {
        "id": window.id,
        "reason": spec.reason,
        "scope": spec.scope.value,
        "subject_id": spec.subject_id,
        "subject": line.subject,
        "tag": spec.tag,
        "starts_at": iso(spec.starts_at),
        "ends_at": iso(spec.ends_at),
        "cron": spec.cron,
        "duration_s": spec.duration_seconds if spec.recurs else None,
        "zone": spec.zone if spec.recurs else None,
        "open_until": iso(line.open.ends_at) if line.open else None,
        "opens_at": iso(line.next.begins_at) if line.next else None,
        "created_by": window.created_by,
        "created_at": iso(window.created_at),
        "ended_at": iso(window.ended_at),
    }


def _table(output: Output, lines: Iterable[WindowLine]) -> list[str]:
    rows = [
        (
            Cell(str(line.window.id), right=True),
            Cell(_scope_text(line)),
            Cell(_when(line)),
            Cell(line.window.spec.reason),
            Cell(line.window.created_by or NOTHING),
        )
        for line in lines
    ]
    return output.table([_("ID"), _("SCOPE"), _("WHEN"), _("REASON"), _("BY")], rows)


def _scope_text(line: WindowLine) -> str:
    words = {
        Scope.ALL: _("all"),
        Scope.TAG: _("tag {name}"),
        Scope.CLIENT: _("client {name}"),
        Scope.SERVICE: _("service {name}"),
    }
    spec = line.window.spec
    return words[spec.scope].format(name=spec.tag or line.subject)


def _when(line: WindowLine) -> str:
    """Say until when a window is open, else when it opens next, else when it was over."""
    window, spec = line.window, line.window.spec
    if line.open is not None:
        text = _("open until {moment}").format(moment=local(line.open.ends_at))
    elif line.next is not None:
        span = (line.next.ends_at - line.next.begins_at).total_seconds()
        text = _("next {moment} for {duration}").format(
            moment=local(line.next.begins_at), duration=duration(span)
        )
    else:
        text = _("over since {moment}").format(moment=local(window.ended_at or spec.ends_at))
    return f"{text} ({spec.cron}, {spec.zone})" if spec.recurs else text
