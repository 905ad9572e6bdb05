"""Which fields a service of each kind has on its form, and what is called or explained otherwise there."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TypedDict

from core.domain.kinds import FIELDS_OF, Auth, Kind, kind_of
from core.domain.targets import EXAMPLES
from core.i18n import _
from tui.screens.service_fields import SERVICE_FIELDS
from tui.service_words import label_of
from tui.widgets.fields import Field


class Words(TypedDict, total=False):
    """What the help of a field says otherwise than for HTTP."""

    help: str
    example: str


_PROBED_FOR = Words(
    help=_("How long the whole check may take, with name lookup. Not longer than the interval.")
)

WORDS: dict[tuple[Kind, str], Words] = {
    (Kind.TCP, "endpoint"): Words(
        help=_("The host and the port that must take a connection."),
        example=f"{EXAMPLES[Kind.TCP]}\n[2001:db8::7]:22",
    ),
    (Kind.TLS, "endpoint"): Words(
        help=_("The host whose certificate is looked at, on port 443 unless another one is given."),
        example=f"example.com\n{EXAMPLES[Kind.TLS]}",
    ),
    (Kind.DNS, "endpoint"): Words(
        help=_(
            "The name that is looked up. "
            "A name server before it, with a slash, is asked instead of those of this machine."
        ),
        example=f"{EXAMPLES[Kind.DNS]}\n192.0.2.53/example.com",
    ),
    (Kind.ICMP, "endpoint"): Words(
        help=_("The host or the address that must answer a ping."),
        example=f"{EXAMPLES[Kind.ICMP]}\nrouter.example.com",
    ),
    (Kind.TCP, "timeout_seconds"): _PROBED_FOR,
    (Kind.TLS, "timeout_seconds"): _PROBED_FOR,
    (Kind.DNS, "timeout_seconds"): _PROBED_FOR,
    (Kind.ICMP, "timeout_seconds"): _PROBED_FOR,
    (Kind.TCP, "body"): Words(
        help=_("Text that is sent once the connection stands, lines end in CRLF. Empty: nothing."),
        example="PING",
    ),
    (Kind.TCP, "contains"): Words(
        help=_("Text that the peer must send; anything else is down. Empty: the connection is enough."),
        example="SSH-2.0",
    ),
    (Kind.HEARTBEAT, "kind"): Words(
        help=_(
            "Nothing is checked: a job reports in with 'ronda beat NAME' at its end, "
            "and silence beyond the grace is down."
        ),
    ),
    (Kind.HEARTBEAT, "interval_seconds"): Words(
        help=_("How often the job reports in. Seconds, or with a unit: 5m, 1h, 1d."), example="1d"
    ),
    (Kind.HEARTBEAT, "timeout_seconds"): Words(
        help=_("How late the job may be before it is down. Not longer than the interval."),
        example="30m",
    ),
    (Kind.HEARTBEAT, "active"): Words(help=_("No pauses it: its silence means nothing until it is active.")),
}
"""Help for a field by the kind of the service; a field without an entry says what it says for HTTP."""

_UNASKED = {
    Auth.NONE: frozenset({"auth_user", "auth_secret"}),
    Auth.BASIC: frozenset[str](),
    Auth.BEARER: frozenset({"auth_user"}),
}
"""Fields that mean nothing with an authentication."""


@cache
def fields_of(kind: Kind, auth: Auth) -> tuple[Field, ...]:
    """Give the fields that a service of a kind, with such an authentication, has on its form."""
    named = {"client", *FIELDS_OF[kind]} - _UNASKED[auth]
    return tuple(_worded(field, kind) for field in SERVICE_FIELDS if field.name in named)


def _worded(field: Field, kind: Kind) -> Field:
    return replace(field, title=label_of(kind, field.name), **WORDS.get((kind, field.name), {}))


def kind_named_by(address: str) -> Kind | None:
    """Give the kind that an address names by its scheme; None if it names none."""
    scheme, sign, _rest = address.partition("://")
    kind = kind_of(address)
    return kind if sign and (kind is not Kind.HTTP or scheme.lower() in {"http", "https"}) else None
