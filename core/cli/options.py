"""The options of clients, services and checks, as tables.

An option that was not given is absent from the namespace, so that ``edit`` changes only what was
named. On ``edit`` a repeatable option replaces what was there, and ``--no-X`` clears.
"""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from core.domain.kinds import DEFAULT_TLS_WARN_DAYS, RECORD_TYPES
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
    without: str = ""
    """What ``--no-X`` means to a new one, whose default is another value; empty: it has no such option."""


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

_AUTH_OPTIONS = (
    Option("--auth", "auth", _("none, basic or bearer: how the check says who it is (none)"), "HOW"),
    Option("--auth-user", "auth_user", _("user name of basic authentication"), "NAME", cleared=""),
    Option(
        "--auth-secret",
        "auth_secret",
        _("password or token; - reads it from standard input"),
        "SECRET",
        cleared=None,
    ),
)
_EXPECTATIONS = (
    Option("--contains", "contains", _("text that the answer must hold"), "TEXT", cleared=""),
    Option("--not-contains", "not_contains", _("text that the answer must not hold"), "TEXT", cleared=""),
    Option(
        "--matches",
        "matches",
        _("regular expression (RE2) that must be found in the answer"),
        "REGEX",
        cleared="",
    ),
    Option(
        "--json-condition",
        "json_conditions",
        _("condition on an answer in JSON, like '$.status == \"ok\"'; repeatable"),
        "CONDITION",
        cleared=(),
        repeatable=True,
    ),
    Option(
        "--expect-header",
        "expected_headers",
        _("'Name: text' that a header of the answer must hold, or its 'Name'; repeatable"),
        "HEADER",
        cleared=(),
        repeatable=True,
    ),
    Option(
        "--record-type",
        "record_type",
        _("what a name server is asked for: {types} (A)").format(types=", ".join(RECORD_TYPES)),
        "TYPE",
    ),
    Option(
        "--expect-answer",
        "expected_answers",
        _("answer that the name server must give; repeatable"),
        "ANSWER",
        cleared=(),
        repeatable=True,
    ),
)
_CERTIFICATE_OPTIONS = (
    Option(
        "--tls-warn-days",
        "tls_warn_days",
        _("degraded where the certificate ends within so many days ({days})").format(
            days=DEFAULT_TLS_WARN_DAYS
        ),
        "N",
        cleared=None,
        without=_("never degraded on account of its certificate"),
    ),
    Option(
        "--client-cert",
        "client_cert",
        _("PEM file, where the checks are run, of the certificate that the check shows"),
        "FILE",
        cleared="",
    ),
    Option(
        "--client-key",
        "client_key",
        _("PEM file of its key, if that is not in the same file"),
        "FILE",
        cleared="",
    ),
)

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
    *_AUTH_OPTIONS,
    Option("--body", "body", _("what is sent: a request body, or a text over TCP"), "TEXT", cleared=""),
    *_EXPECTATIONS,
    *_CERTIFICATE_OPTIONS,
)
"""What one check needs beside its target."""

REQUEST_SWITCHES = (
    Switch("verify_tls", "--no-insecure", "--insecure", _("accept any certificate")),
    Switch("follow_redirects", "--redirects", "--no-redirects", _("take a redirect as the answer")),
)

_MEANS_MORE = {
    "timeout_seconds": _(
        "seconds that the whole check may take (10); the grace of a heartbeat: how late it may be"
    ),
    "auth_secret": _("password or token (the client's API key); - reads it from standard input"),
}
"""What an option of a check says where a service has it."""

SERVICE_OPTIONS = (
    _NAME,
    Option(
        "--kind",
        "kind",
        _("http, tcp, tls, dns, icmp or heartbeat (as the endpoint's scheme says, else http)"),
        "KIND",
    ),
    Option(
        "--endpoint",
        "endpoint",
        _(
            "absolute URL or a path below the client's dns; host:port, host or server/name "
            "for the other kinds; none for a heartbeat"
        ),
        "TARGET",
    ),
    *(replace(option, help=_MEANS_MORE.get(option.field, option.help)) for option in REQUEST_OPTIONS),
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
    Option(
        "--parent",
        "parent_id",
        _("name, CLIENT/NAME or id of a service without which this one cannot work"),
        "SERVICE",
        cleared=None,
    ),
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
        if option.cleared is not KEPT and (editing or option.without):
            group = parser.add_mutually_exclusive_group()
            _add_option(group, option)
            group.add_argument(
                *_clearing_flags(option),
                dest=option.field,
                action="store_const",
                const=option.cleared,
                default=SUPPRESS,
                help=option.without or _("clear it"),
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
    return [flag, f"{flag}s"] if option.repeatable and not flag.endswith("s") else [flag]
