"""``ronda db``: upgrade, current, url."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from core.cli.commands import Handler, Subparsers, add_command, add_noun
from core.cli.figures import NOTHING
from core.cli.options import add_json_option
from core.cli.output import Output
from core.i18n import _

if TYPE_CHECKING:
    from core.storage.database import Database

ServerCommand = Callable[["Database", Output], Awaitable[int]]


def register(commands: Subparsers) -> None:
    """Have the parser take the noun."""
    verbs = add_noun(commands, "db", _("the database"))
    for name, text, command in (
        ("upgrade", _("bring the schema up to date, as every start does"), _upgrade),
        ("current", _("say which revision the schema has"), _current),
        ("url", _("say where the database is, without its password"), _url),
    ):
        add_json_option(add_command(verbs, name, text, _with_server(command)))


def _with_server(command: ServerCommand) -> Handler:
    """Give a handler that gets at the database server without opening Ronda's tables."""

    def handler(_args: Namespace, output: Output) -> int:
        import asyncio

        return asyncio.run(_at_server(command, output))

    return handler


async def _at_server(command: ServerCommand, output: Output) -> int:
    from core.runtime import open_server
    from core.settings import load_settings

    async with open_server(load_settings()) as database:
        return await command(database, output)


async def _upgrade(database: Database, output: Output) -> int:
    before = await database.revision()
    await database.open()
    now = await database.revision()
    output.note(
        _("The schema is up to date (revision {revision}).").format(revision=now)
        if before == now
        else _("The schema was brought to revision {revision}.").format(revision=now)
    )
    output.data({"before": before, "revision": now}, ())
    return 0


async def _current(database: Database, output: Output) -> int:
    """Exit 1 unless the schema is the one of this program."""
    from core.storage.migrate import HEAD

    revision = await database.revision()
    output.data(
        {"revision": revision, "newest": HEAD},
        output.pairs([(_("revision"), revision or NOTHING), (_("of this program"), HEAD)]),
    )
    return int(revision != HEAD)


async def _url(database: Database, output: Output) -> int:
    url = str(database.url)  # SQLAlchemy masks the password
    output.data({"url": url, "embedded": database.is_embedded}, [url])
    return 0
