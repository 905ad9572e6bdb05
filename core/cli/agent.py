"""``ronda agent``: the round without a screen, until a signal ends it."""

from __future__ import annotations

import json
import signal
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from core.cli.commands import INTERRUPTED, Subparsers, add_command, logging_to
from core.cli.output import Output
from core.errors import ConfigError, Forbidden
from core.i18n import _
from core.logs import AGENT_LOG_FILE

if TYPE_CHECKING:
    from core.settings import Settings


def register(commands: Subparsers) -> None:
    """Have the parser take the command."""
    parser = add_command(commands, "agent", _("run the checks without a screen"), _agent)
    parser.add_argument(
        "--for-console",
        metavar="ID",
        help=_("started by a console: settings come from standard input, and its end is the agent's"),
    )


def _agent(args: Namespace, _output: Output) -> int:
    from core.cli.serving import serve_until_ended
    from core.loop import run
    from core.settings import load_settings

    if args.read_only:
        raise Forbidden(_("A read-only process runs no checks. Start the agent without --read-only."))
    settings = _handed_in() if args.for_console else load_settings()
    log_dir = settings.log_dir if args.for_console else None
    with logging_to(log_dir, settings, AGENT_LOG_FILE):
        received = run(serve_until_ended(settings, args.for_console or ""))
    return INTERRUPTED if received is signal.SIGINT else 0


def _handed_in() -> Settings:
    """Read the settings that the console has; what stands in the environment or in a checkout is not asked.

    They come by standard input, since command lines and environments can be read by others.
    """
    from core.settings import load_settings

    try:
        values = json.loads(sys.stdin.readline())
    except ValueError as error:
        raise ConfigError(
            _("Standard input holds no settings; only a console uses --for-console.")
        ) from error
    return load_settings(values, checkout=None)
