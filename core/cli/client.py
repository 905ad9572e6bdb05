"""``ronda client``: add, list, show, edit, remove, restore, status."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping

from core.cli.commands import Subparsers, add_command, add_noun, named_client, with_desk
from core.cli.documents import client_document
from core.cli.figures import NOTHING, iso, local
from core.cli.options import CLIENT_OPTIONS, CLIENT_SWITCHES, add_json_option, add_options
from core.cli.output import Cell, Output
from core.cli.specs import client_spec
from core.cli.status import is_bad_news
from core.domain.clients import BIN_DAYS, Client, ClientSpec
from core.domain.observations import Status
from core.domain.secret import MASK
from core.i18n import _
from core.operations import clients
from core.operations.board import load_board, status_totals
from core.operations.desk import Desk
from core.wording import FIELD_LABELS, STATUS_WORDS, activity_word


def register(commands: Subparsers) -> None:
    """Have the parser take the noun."""
    verbs = add_noun(commands, "client", _("the companies looked after"))
    add = add_command(verbs, "add", _("add a client"), with_desk(_add))
    add_options(add, CLIENT_OPTIONS, CLIENT_SWITCHES)
    add_json_option(add)
    listing = add_command(verbs, "list", _("list the clients"), with_desk(_list))
    listing.add_argument("--deleted", action="store_true", help=_("those in the bin"))
    add_json_option(listing)
    _register_named(verbs)
    totals = add_command(verbs, "status", _("count the services of clients by status"), with_desk(_status))
    totals.add_argument("client", nargs="?", metavar="CLIENT", help=_("name or id; all if none is given"))
    add_json_option(totals)


def _register_named(verbs: Subparsers) -> None:
    show = add_command(verbs, "show", _("show a client"), with_desk(_show))
    edit = add_command(verbs, "edit", _("change fields of a client"), with_desk(_edit))
    remove = add_command(verbs, "remove", _("put a client and its services into the bin"), with_desk(_remove))
    restore = add_command(verbs, "restore", _("take a client out of the bin"), with_desk(_restore))
    for parser in (show, edit, remove, restore):
        parser.add_argument("client", metavar="CLIENT", help=_("name or id"))
        add_json_option(parser)
    add_options(edit, CLIENT_OPTIONS, CLIENT_SWITCHES, editing=True)
    restore.add_argument("--name", help=_("another name, if the old one is taken by now"))


async def _add(desk: Desk, args: Namespace, output: Output) -> int:
    client = await clients.add_client(desk, client_spec(args, ClientSpec("")))
    return _done(output, client, _("Added the client {name} (id {id})."))


async def _list(desk: Desk, args: Namespace, output: Output) -> int:
    found = await clients.list_clients(desk, deleted=args.deleted)
    output.data({"clients": [client_document(client) for client in found]}, _table(output, found))
    return 0


async def _show(desk: Desk, args: Namespace, output: Output) -> int:
    client = await named_client(desk, args)
    output.data({"client": client_document(client)}, output.pairs(_fields(client)))
    return 0


async def _edit(desk: Desk, args: Namespace, output: Output) -> int:
    client = await named_client(desk, args)
    saved = await clients.edit_client(desk, client.id, client.version, client_spec(args, client.spec))
    unchanged = saved.version == client.version
    sentence = _("Nothing of the client {name} was changed.") if unchanged else _("Saved the client {name}.")
    return _done(output, saved, sentence)


async def _remove(desk: Desk, args: Namespace, output: Output) -> int:
    client = await named_client(desk, args)
    removed = await clients.remove_client(desk, client.id)
    sentence = _(
        "Removed the client {name} with its services. "
        "For {days} days 'ronda client restore {id}' brings it back."
    )
    return _done(output, removed, sentence)


async def _restore(desk: Desk, args: Namespace, output: Output) -> int:
    client = await named_client(desk, args, deleted=True)
    restored = await clients.restore_client(desk, client.id, args.name)
    return _done(output, restored, _("Restored the client {name} with its services."))


async def _status(desk: Desk, args: Namespace, output: Output) -> int:
    found = [await named_client(desk, args)] if args.client else await clients.list_clients(desk)
    board, now = await load_board(desk), desk.clock.now()
    totals = {
        client.id: status_totals((line for line in board if line.client.id == client.id), now)
        for client in found
    }
    document = {
        "checked_at": iso(now),
        "clients": [
            {
                "id": client.id,
                "name": client.spec.name,
                "active": client.spec.active,
                "totals": {status.value: count for status, count in totals[client.id].items()},
            }
            for client in found
        ],
    }
    output.data(document, _totals_table(output, found, totals))
    return int(any(is_bad_news(line, now) for line in board if line.client.id in totals))


def _done(output: Output, client: Client, sentence: str) -> int:
    """Tell what was done, and give the client as it is now where JSON is wanted."""
    output.note(sentence.format(name=client.spec.name, id=client.id, days=BIN_DAYS))
    output.data({"client": client_document(client)}, ())
    return 0


def _table(output: Output, found: Iterable[Client]) -> list[str]:
    rows = [
        (
            Cell(str(client.id), right=True),
            Cell(client.spec.name),
            Cell(client.spec.dns or NOTHING),
            Cell(" ".join(client.spec.tags) or NOTHING),
            Cell(activity_word(client.spec.active)),
        )
        for client in found
    ]
    return output.table([_("ID"), _("NAME"), _("DNS"), _("TAGS"), _("STATE")], rows)


def _totals_table(
    output: Output, found: Iterable[Client], totals: Mapping[int, Mapping[Status, int]]
) -> list[str]:
    heads = [_("CLIENT"), *(STATUS_WORDS[status].upper() for status in Status)]
    rows = [
        (
            Cell(client.spec.name),
            *(
                Cell(str(count), status if count else None, right=True)
                for status, count in totals[client.id].items()
            ),
        )
        for client in found
    ]
    return output.table(heads, rows)


def _fields(client: Client) -> Iterator[tuple[str, str]]:
    spec = client.spec
    yield _("ID"), str(client.id)
    yield FIELD_LABELS["name"], spec.name
    yield FIELD_LABELS["dns"], spec.dns or NOTHING
    yield FIELD_LABELS["api_key"], MASK if spec.api_key else NOTHING
    yield FIELD_LABELS["description"], spec.description or NOTHING
    yield FIELD_LABELS["tags"], " ".join(spec.tags) or NOTHING
    yield _("State"), activity_word(spec.active)
    yield FIELD_LABELS["runbook_url"], spec.runbook_url or NOTHING
    yield FIELD_LABELS["notes"], spec.notes or NOTHING
    yield _("Changed"), local(client.updated_at)
