"""``ronda service``: add, list, show, edit, pause, resume, duplicate, remove, restore; and more verbs."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from core.cli import service_checks, snooze
from core.cli.commands import Subparsers, add_command, add_noun, named_service, take_service, with_desk
from core.cli.documents import service_document, state_document
from core.cli.evidence import evidence_documents, evidence_rows
from core.cli.figures import NOTHING, local
from core.cli.options import SERVICE_OPTIONS, SERVICE_SWITCHES, add_json_option, add_options
from core.cli.output import Cell, Output
from core.cli.service_fields import field_rows
from core.cli.specs import new_service_spec, option_faults, service_spec
from core.domain.clients import BIN_DAYS, Client
from core.domain.kinds import Kind
from core.domain.services import Service, ServiceSpec
from core.domain.typed import Typist
from core.i18n import _
from core.operations import services
from core.operations.board import BoardLine, lines_behind, load_above, load_lines
from core.operations.clients import find_client, get_client
from core.operations.desk import Desk
from core.operations.history import failure_evidence
from core.operations.lookup import refuse
from core.operations.validating import service_faults
from core.wording import FIELD_LABELS, STATUS_WORDS, activity_word


def register(commands: Subparsers) -> None:
    """Have the parser take the noun."""
    verbs = add_noun(commands, "service", _("what is checked"))
    add = add_command(verbs, "add", _("add a service to a client"), with_desk(_add))
    add.add_argument("--client", required=True, metavar="CLIENT", help=_("name or id of its client"))
    add_options(add, SERVICE_OPTIONS, SERVICE_SWITCHES)
    add_json_option(add)
    listing = add_command(verbs, "list", _("list the services"), with_desk(_list))
    listing.add_argument("--client", metavar="CLIENT", help=_("only this client's, by name or id"))
    listing.add_argument("--deleted", action="store_true", help=_("those in the bin"))
    add_json_option(listing)
    _register_named(verbs)
    service_checks.register(verbs)
    snooze.register(verbs)


def _register_named(verbs: Subparsers) -> None:
    show = add_command(verbs, "show", _("show a service and how it is"), with_desk(_show))
    edit = add_command(verbs, "edit", _("change fields of a service"), with_desk(_edit))
    remove = add_command(verbs, "remove", _("put a service into the bin"), with_desk(_remove))
    restore = add_command(verbs, "restore", _("take a service out of the bin"), with_desk(_restore))
    copy = add_command(verbs, "duplicate", _("add a copy of a service"), with_desk(_duplicate))
    pause = add_command(verbs, "pause", _("stop checking a service"), with_desk(_pause))
    resume = add_command(verbs, "resume", _("check a service again"), with_desk(_resume))
    for parser in (show, edit, remove, restore, copy, pause, resume):
        take_service(parser)
        add_json_option(parser)
    add_options(edit, SERVICE_OPTIONS, SERVICE_SWITCHES, editing=True)
    copy.add_argument("--name", help=_("what the copy is called"))
    restore.add_argument("--name", help=_("another name, if the old one is taken by now"))


async def _add(desk: Desk, args: Namespace, output: Output) -> int:
    client = await find_client(desk, args.client)
    await _find_parent(desk, args)
    typist = Typist()
    spec = new_service_spec(args, desk.default_interval_seconds, typist)
    refuse(option_faults(typist.faults(service_faults(spec, client.spec))))
    service = await services.add_service(desk, client.id, spec)
    return await _done(desk, output, service, _("Added the service {name} (id {id})."))


async def _find_parent(desk: Desk, args: Namespace) -> None:
    """Put the number of the service that ``--parent`` names in its place; None, which clears it, stays."""
    if getattr(args, "parent_id", None) is not None:
        args.parent_id = (await services.find_service(desk, args.parent_id)).id


async def _list(desk: Desk, args: Namespace, output: Output) -> int:
    client_id = (await find_client(desk, args.client)).id if args.client is not None else None
    pairs = await services.list_services(desk, client_id, deleted=args.deleted)
    document = {"services": [service_document(*pair) for pair in pairs]}
    output.data(document, _table(output, pairs))
    return 0


async def _show(desk: Desk, args: Namespace, output: Output) -> int:
    service = await named_service(desk, args)
    (line,) = await load_lines(desk, [service.id])
    above = await load_above(desk, line)
    failures = await failure_evidence(desk, service.id)
    now = desk.clock.now()
    document = {
        "service": service_document(service, line.client),
        "state": state_document(line, now),
        "evidence": evidence_documents(failures),
    }
    held = [*_held(line, now), *_dependency_rows(line, above, now)]
    output.data(document, output.pairs([*held, *_fields(service.spec, line), *evidence_rows(failures)]))
    return 0


async def _edit(desk: Desk, args: Namespace, output: Output) -> int:
    service = await named_service(desk, args)
    client = await get_client(desk, service.client_id)
    await _find_parent(desk, args)
    typist = Typist()
    spec = service_spec(args, service.spec, typist)
    refuse(option_faults(typist.faults(service_faults(spec, client.spec))))
    saved = await services.edit_service(desk, service.id, service.version, spec)
    unchanged = saved.version == service.version
    sentence = (
        _("Nothing of the service {name} was changed.") if unchanged else _("Saved the service {name}.")
    )
    return await _done(desk, output, saved, sentence)


async def _remove(desk: Desk, args: Namespace, output: Output) -> int:
    service = await named_service(desk, args)
    await services.remove_service(desk, service.id)
    sentence = _("Removed the service {name}. For {days} days 'ronda service restore {id}' brings it back.")
    return await _done(desk, output, service, sentence)


async def _restore(desk: Desk, args: Namespace, output: Output) -> int:
    service = await named_service(desk, args, deleted=True)
    restored = await services.restore_service(desk, service.id, args.name)
    return await _done(desk, output, restored, _("Restored the service {name}."))


async def _duplicate(desk: Desk, args: Namespace, output: Output) -> int:
    service = await named_service(desk, args)
    copy = await services.duplicate_service(desk, service.id, args.name)
    return await _done(desk, output, copy, _("Added the service {name} (id {id})."))


async def _pause(desk: Desk, args: Namespace, output: Output) -> int:
    return await _set_active(desk, args, output, False, _("The service {name} is paused."))


async def _resume(desk: Desk, args: Namespace, output: Output) -> int:
    return await _set_active(desk, args, output, True, _("The service {name} is checked again."))


async def _set_active(desk: Desk, args: Namespace, output: Output, active: bool, sentence: str) -> int:
    service = await named_service(desk, args)
    saved = await services.set_service_active(desk, service.id, active)
    return await _done(desk, output, saved, sentence)


async def _done(desk: Desk, output: Output, service: Service, sentence: str) -> int:
    """Tell what was done, and give the service as it is now where JSON is wanted."""
    output.note(sentence.format(name=service.spec.name, id=service.id, days=BIN_DAYS))
    if output.as_json:
        service, client = await services.stored_service(desk, service.id)
        output.data({"service": service_document(service, client)}, ())
    return 0


def _table(output: Output, pairs: Iterable[tuple[Service, Client]]) -> list[str]:
    rows = [
        (
            Cell(str(service.id), right=True),
            Cell(client.spec.name),
            Cell(service.spec.name),
            Cell(service.spec.method if service.spec.kind is Kind.HTTP else service.spec.kind.value),
            Cell(NOTHING if service.spec.kind is Kind.HEARTBEAT else service.spec.target(client.spec)),
            Cell(f"{service.spec.interval_seconds:g} s", right=True),
            Cell(activity_word(service.spec.active and client.spec.active)),
        )
        for service, client in pairs
    ]
    heads = [_("ID"), _("CLIENT"), _("SERVICE"), _("METHOD"), _("URL"), _("EVERY"), _("STATE")]
    return output.table(heads, rows)


def _held(line: BoardLine, now: datetime) -> Iterator[tuple[str, str | Cell]]:
    """Say how the service is."""
    status, until, flapping = line.status(now), line.maintenance_until(now), line.state.flapping
    yield _("Status"), Cell(STATUS_WORDS[status], status)
    yield _("Since"), local(line.state.since)
    if until is not None:
        yield _("Maintenance"), _("until {time}").format(time=local(until))
    if flapping.active:
        yield _("Flapping"), f"{flapping.percent:.0f} %"
    seen = line.state.observation
    if seen is not None:
        yield _("Last check"), "\n".join(filter(None, (local(seen.checked_at), seen.detail)))


def _dependency_rows(
    line: BoardLine, above: Sequence[BoardLine], now: datetime
) -> Iterator[tuple[str, str | Cell]]:
    """Tell what it depends on, and what of that is down while it is down itself."""
    parent = lines_behind([line, *above], now).get(line.service.id)
    if parent is not None:
        yield _("Behind"), _("{service}, which is down").format(service=parent.label)
    if above:
        yield FIELD_LABELS["parent_id"], above[0].label
    elif line.service.spec.parent_id is not None:
        text = _("the service with the number {id}, which is in the bin")
        yield FIELD_LABELS["parent_id"], text.format(id=line.service.spec.parent_id)


def _fields(spec: ServiceSpec, line: BoardLine) -> Iterator[tuple[str, str]]:
    yield _("ID"), str(line.service.id)
    yield FIELD_LABELS["client"], line.client.spec.name
    yield from field_rows(spec, line.target)
    yield _("State"), activity_word(line.active)
    yield _("Changed"), local(line.service.updated_at)
