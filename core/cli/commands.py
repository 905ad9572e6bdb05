"""What every command is made of: a parser's entry and a function that is given a desk."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from core.cli.output import Output
from core.domain.clients import Client
from core.domain.services import Service
from core.i18n import _
from core.operations.clients import find_client
from core.operations.desk import Desk
from core.operations.services import find_service

if TYPE_CHECKING:
    from argparse import _SubParsersAction
    from pathlib import Path

    from core.settings import Settings

Subparsers: TypeAlias = "_SubParsersAction[ArgumentParser]"
Handler = Callable[[Namespace, Output], int]
"""Runs a command and gives its exit code; errors are ``RondaError``."""
INTERRUPTED = 130
"""Exit code after Ctrl+C."""
DeskCommand = Callable[[Desk, Namespace, Output], Awaitable[int]]


def add_noun(commands: Subparsers, name: str, text: str) -> Subparsers:
    """Have the parser take a noun, and give what takes its verbs."""
    noun = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    return noun.add_subparsers(title=_("commands"), metavar="COMMAND", required=True)


def add_command(commands: Subparsers, name: str, text: str, handler: Handler) -> ArgumentParser:
    """Have the parser take a command that ``handler`` runs."""
    parser = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    parser.set_defaults(handler=handler)
    return parser


def take_service(parser: ArgumentParser) -> None:
    """Take the service that a command is about."""
    parser.add_argument("service", metavar="SERVICE", help=_("name, CLIENT/NAME or id"))
    parser.add_argument("--client", dest="of_client", metavar="CLIENT", help=_("whose service it is"))


def with_desk(command: DeskCommand) -> Handler:
    """Give a handler that opens the database for the command and closes it again."""

    def handler(args: Namespace, output: Output) -> int:
        import asyncio

        return asyncio.run(_at_desk(command, args, output))

    return handler


async def _at_desk(command: DeskCommand, args: Namespace, output: Output) -> int:
    # Imported here, since storage takes longer to load than a command without a database to run.
    from core.runtime import open_desk
    from core.settings import load_settings

    async with open_desk(load_settings(), read_only=args.read_only) as desk:
        return await command(desk, args, output)


@contextmanager
def logging_to(folder: Path | None, settings: Settings, file: str | None = None) -> Iterator[None]:
    """Have the log go to a folder, or to stderr without one, and never a secret of the settings in it."""
    from core.logs import LOG_FILE, configure_logging

    secrets = (settings.database_url, settings.secret_key)
    known = [secret for secret in secrets if secret is not None]
    end_log = configure_logging(folder, file=file or LOG_FILE, secrets=known)
    try:
        yield
    finally:
        end_log()


async def named_client(desk: Desk, args: Namespace, *, deleted: bool = False) -> Client:
    """Give the client that the command names."""
    return await find_client(desk, args.client, deleted=deleted)


async def named_service(desk: Desk, args: Namespace, *, deleted: bool = False) -> Service:
    """Give the service that the command names, of the client that ``--client`` names if it does."""
    client_id = None
    if getattr(args, "of_client", None) is not None:
        client_id = (await find_client(desk, args.of_client)).id
    return await find_service(desk, args.service, client_id=client_id, deleted=deleted)
