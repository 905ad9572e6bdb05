"""The parser of the ``ronda`` command, and the way from an error to an exit code."""

from __future__ import annotations

import os
import sys
from argparse import Action, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper

from core.cli import (
    agent,
    beat,
    channel,
    check,
    client,
    db,
    handover,
    health,
    incident,
    maintenance,
    rule,
    service,
    status,
)
from core.cli.commands import INTERRUPTED
from core.cli.output import Output, clean, wants_colour
from core.errors import RondaError
from core.i18n import _
from core.wording import error_text

_NOUNS = (
    client,
    service,
    check,
    beat,
    maintenance,
    incident,
    handover,
    channel,
    rule,
    status,
    health,
    agent,
    db,
)


class _ShowVersion(Action):
    """Prints the version; reading it costs some milliseconds, so not before it is asked for."""

    def __call__(self, parser: ArgumentParser, *_args: object) -> None:
        from importlib.metadata import version

        print(f"ronda {version('ronda')}")  # noqa: T201 - this is the answer
        parser.exit()


def build_parser() -> ArgumentParser:
    """Give the parser; ``args.handler`` is None where the console is wanted, on the demo if ``args.demo``."""
    parser = ArgumentParser(
        prog="ronda",
        description=_("The operations console: every client's services on one live board."),
        epilog=_(
            "Without a command the console opens.\n\n"
            "Exit codes: 0 done, or all is up; 1 bad news: a check failed, something is down or not found;\n"
            "2 wrong usage or refused input; 3 the database cannot be reached; 4 you may not do that;\n"
            "130 interrupted. Degraded exits 0, a stale status exits 1."
        ),
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help=_("print the version"))
    parser.add_argument(
        "--read-only", action="store_true", help=_("look, but change nothing and run no checks")
    )
    parser.add_argument("--ascii", action="store_true", help=_("draw the console with ASCII characters only"))
    parser.set_defaults(handler=None, json=False, demo=False)
    commands = parser.add_subparsers(title=_("commands"), metavar="COMMAND")
    for noun in _NOUNS:
        noun.register(commands)
    text = _("the console on a throw-away database and simulated clients")
    demo = commands.add_parser("demo", help=text, description=text, allow_abbrev=False)
    demo.set_defaults(demo=True)
    return parser


def run(args: Namespace) -> int:
    """Run the command that was parsed; give its exit code."""
    _make_lenient()
    output = Output(sys.stdout, sys.stderr, as_json=args.json, colour=wants_colour(sys.stdout))
    code = guarded(lambda: args.handler(args, output))
    return _flushed(output, code)


def guarded(action: Callable[[], int]) -> int:
    """Run something; say an error of ours on stderr and give its exit code."""
    try:
        return action()
    except RondaError as error:
        for line in error_text(error).splitlines():
            print(f"ronda: {clean(line)}", file=sys.stderr)  # noqa: T201 - messages go to stderr
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED


def _flushed(output: Output, code: int) -> int:
    """Write what was collected; whoever closed the pipe has read enough."""
    try:
        output.flush()
    except BrokenPipeError:
        _silence_stdout()
    except OSError as error:
        _silence_stdout()
        reason = _("The output cannot be written: {reason}.").format(reason=error.strerror)
        print(f"ronda: {reason}", file=sys.stderr)  # noqa: T201 - as above
        return code or 1
    return code


def _silence_stdout() -> None:
    """Let the interpreter's own flush at its end go nowhere."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _make_lenient() -> None:
    """Have characters that the terminal's encoding lacks replaced rather than end in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
