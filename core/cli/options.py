"""The options of clients, services and checks, as tables.

An option that was not given is absent from the namespace, so that ``edit`` changes only what was
named. On ``edit`` a repeatable option replaces what was there, and ``--no-X`` clears.
"""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.i18n import _

if TYPE_CHECKING:
    from argparse import _ActionsContainer

KEPT: Final = object()
"""Marks an option that cannot be cleared: its field always has a value."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option that takes a text."""

    flag: str
    field: str
    help: str
    metavar: str
    cleared: object = KEPT
    """What ``--no-X`` makes of the field."""
    repeatable: bool = False
    required: bool = False
    """Whether a new client or service must name it."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A pair of options that turn a field on, which is the default, and off."""

    field: str
    on: str
    off: str
    help: str
    """What turning it off means."""

    def add_to(self, parser: ArgumentParser, *, editing: bool) -> None:
        """Take both; the one that says the default is told only where something is edited."""
        group = parser.add_mutually_exclusive_group()
        for flag, value in ((self.on, True), (self.off, False)):
            group.add_argument(
                flag,
                dest=self.field,
                action="store_const",
                const=value,
                default=SUPPRESS,
                help=self._help(value, editing=editing),
            )

    def _help(self, value: bool, *, editing: bool) -> str:
        if not value:
            return self.help
        return _("the opposite") if editing else SUPPRESS


_NAME = Option("--name", "name", _("what it is called"), "NAME", required=True)
_TAGS = Option(
    "--tag", "tags", _("a word that filters can name; repeatable"), "TAG", cleared=(), repeatable=True
)
_ABOUT = (
    Option("--runbook-url", "runbook_url", _("where it says what to do"), "URL", cleared=""),
    Option("--notes", "notes", _("free text"), "TEXT", cleared=""),
)
_ACTIVE = Switch("active", "--active", "--inactive", _("paused: it is not checked"))

CLIENT_OPTIONS = (
    _NAME,
    Option("--dns", "dns", _("base URL; services name paths below it"), "URL", cleared=""),
    Option(
        "--api-key",
        "api_key",
        _("secret for headers that say {api_key}; - reads it from standard input"),
        "KEY",
        cleared=None,
    ),
    Option("--description", "description", _("what one should know"), "TEXT", cleared=""),
    _TAGS,
    *_ABOUT,
)
"""The fields of a client."""

REQUEST_OPTIONS = (
    Option("--method", "method", _("request method (GET)"), "METHOD"),
    Option("--expect", "expected_status", _("codes that mean success, like 200-299,301 (200)"), "CODES"),
    Option("--timeout", "timeout_seconds", _("seconds that the whole check may take (10)"), "S"),
    Option(
        "--header",
        "headers",
        _("'Name: value'; repeatable; - reads lines from standard input"),
        "HEADER",
        cleared=(),
        repeatable=True,
    ),
    Option("--body", "body", _("request body"), "TEXT", cleared=""),
    Option("--contains", "contains", _("text that the answer must hold"), "TEXT", cleared=""),
    Option("--not-contains", "not_contains", _("text that the answer must not hold"), "TEXT", cleared=""),
)
"""What one check needs beside its URL."""

REQUEST_SWITCHES = (
    Switch("verify_tls", "--no-insecure", "--insecure", _("accept any certificate")),
    Switch("follow_redirects", "--redirects", "--no-redirects", _("take a redirect as the answer")),
)

SERVICE_OPTIONS = (
    _NAME,
    Option(
        "--endpoint", "endpoint", _("absolute URL, or a path below the client's dns"), "URL", required=True
    ),
    *REQUEST_OPTIONS,
    Option("--interval", "interval_seconds", _("seconds between checks"), "S"),
    Option("--retries", "retries", _("failures beyond the first that confirm a down (2)"), "N"),
    Option(
        "--retry-interval",
        "retry_interval_seconds",
        _("seconds to a retry (a third of the interval)"),
        "S",
        cleared=None,
    ),
    Option("--recoveries", "recoveries", _("good checks in a row that end a down (1)"), "N"),
    Option("--degraded-above-ms", "degraded_above_ms", _("slower answers are degraded"), "MS", cleared=None),
    _TAGS,
    *_ABOUT,
)
"""The fields of a service."""

CLIENT_SWITCHES = (_ACTIVE,)
SERVICE_SWITCHES = (*REQUEST_SWITCHES, _ACTIVE)


def add_options(
    parser: ArgumentParser, options: Iterable[Option], switches: Iterable[Switch], *, editing: bool = False
) -> None:
    """Have a parser take the options, and ``--no-X`` where something is edited."""
    for option in options:
        if editing and option.cleared is not KEPT:
            group = parser.add_mutually_exclusive_group()
            _add_option(group, option)
            group.add_argument(
                *_clearing_flags(option),
                dest=option.field,
                action="store_const",
                const=option.cleared,
                default=SUPPRESS,
                help=_("clear it"),
            )
        else:
            _add_option(parser, option, required=option.required and not editing)
    for switch in switches:
        switch.add_to(parser, editing=editing)


def add_json_option(parser: ArgumentParser) -> None:
    """Take ``--json``."""
    parser.add_argument("--json", action="store_true", help=_("print one JSON document"))


def _add_option(group: _ActionsContainer, option: Option, *, required: bool = False) -> None:
    group.add_argument(
        option.flag,
        dest=option.field,
        action="append" if option.repeatable else "store",
        default=SUPPRESS,
        metavar=option.metavar,
        help=option.help,
        required=required,
    )


def _clearing_flags(option: Option) -> list[str]:
    """Give ``--no-X``, in the plural too where the option is repeatable."""
    flag = option.flag.replace("--", "--no-", 1)
    return [flag, f"{flag}s"] if option.repeatable else [flag]
