"""``ronda agent``: the round without a screen, until a signal ends it."""

from __future__ import annotations

import signal
from argparse import Namespace

from core.cli.commands import INTERRUPTED, Subparsers, add_command, logging_to
from core.cli.output import Output
from core.errors import Forbidden
from core.i18n import _


def register(commands: Subparsers) -> None:
    """Have the parser take the command."""
    add_command(commands, "agent", _("run the checks without a screen"), _agent)


def _agent(args: Namespace, _output: Output) -> int:
    import asyncio

    from core.cli.serving import serve_until_ended
    from core.settings import load_settings

    if args.read_only:
        raise Forbidden(_("A read-only process runs no checks. Start the agent without --read-only."))
    settings = load_settings()
    with logging_to(None, settings):
        received = asyncio.run(serve_until_ended(settings))
    return INTERRUPTED if received is signal.SIGINT else 0
