"""Words for codes: faults, fields, statuses, error kinds, roles.

The domain speaks in codes with parameters; here they become sentences. A sentence of a fault says
what to do and reads well under its field as well as after the field's label.
"""

from __future__ import annotations

from core.domain.faults import Fault
from core.domain.observations import ErrorKind, Status
from core.domain.operators import Role
from core.domain.workers import WorkerKind
from core.errors import Refused, RondaError
from core.i18n import _

FAULTS: dict[str, str] = {
    "api_key_in_use": _(
        "Keep a key: headers refer to {{api_key}} ({services}). Change those headers first to clear it."
    ),
    "api_key_missing": _(
        "A header refers to {{api_key}}, but {client} has no API key. Give the client one first."
    ),
    "client_in_bin": _("The client {client} is in the bin. Restore the client first."),
    "control_characters": _("Remove the characters that cannot be seen or that steer a terminal."),
    "count_range": _("Give a whole number from {least} to {most}."),
    "degraded_range": _("Give whole milliseconds from 1 to below the timeout of {most:.0f} ms."),
    "dns_in_use": _(
        "Keep an address: paths below it are checked ({services}). "
        "Give those an absolute URL first to clear it."
    ),
    "header_form": _("Write a header as 'Name: value'."),
    "header_name": _("{name} is not a header's name. Use letters, digits and hyphens."),
    "header_own": _("{name} is set by Ronda itself. Leave it out."),
    "header_value": _(
        "The value of {name} holds characters that a header cannot carry. Use printable Latin-1."
    ),
    "markup": _("Leave out the square brackets [ and ]."),
    "mask_left": _("A part of the mask is left. Type the whole value anew."),
    "method": _("{method} is not a method. Choose one of {methods}."),
    "number": _("{text} is not a number. Write it like 30 or 0.5."),
    "outer_spaces": _("Remove the spaces before or after it."),
    "path_without_dns": _(
        "A path needs a client with a base address, and {client} has none. Give an absolute URL."
    ),
    "required": _("This cannot be empty."),
    "seconds_range": _("Give seconds from {least:g} to {most:g}."),
    "status_form": _("{part} is not a status code. Write codes and ranges like 200 or 200-299,301."),
    "status_range": _("{part} is outside 100 to 599. Give codes that HTTP knows."),
    "status_reversed": _("{part} runs backwards. Write {right}."),
    "tag_form": _("{tag} is not a tag. Use one word without spaces or any of ,;:![] in it."),
    "taken": _("The name {name} is taken. Choose another."),
    "timeout_over_interval": _("Give a timeout that is not longer than the interval of {interval:g} s."),
    "too_long": _("Use at most {limit} characters."),
    "too_many": _("Give at most {limit} of them."),
    "url_credentials": _("Leave user name and password out of the address. Send them in a header."),
    "url_form": _("This is not an address. Write it like https://example.com/health."),
    "url_host": _("{host} is not a host name. Write it like example.com or 192.0.2.7."),
    "url_host_missing": _("The address names no host. Write it like https://example.com/health."),
    "url_port": _("The port is not a number from 1 to 65535."),
    "url_query": _("Leave out what follows ? or #: services put their own paths below this address."),
    "url_scheme": _("{scheme} is not checked. Use http or https."),
    "url_spaces": _("Remove the spaces, or write each as %20."),
    "whole_number": _("{text} is not a whole number. Write it like 3."),
}
"""One sentence for each code of a ``Fault``; its parameters stand in braces."""

FIELD_LABELS: dict[str, str] = {
    "active": _("Active"),
    "api_key": _("API key"),
    "body": _("Body"),
    "client": _("Client"),
    "contains": _("Contains"),
    "degraded_above_ms": _("Degraded above"),
    "description": _("Description"),
    "dns": _("DNS"),
    "endpoint": _("Endpoint"),
    "expected_status": _("Expected status"),
    "follow_redirects": _("Follow redirects"),
    "headers": _("Headers"),
    "interval_seconds": _("Interval"),
    "limit": _("Limit"),
    "method": _("Method"),
    "name": _("Name"),
    "not_contains": _("Does not contain"),
    "notes": _("Notes"),
    "recoveries": _("Recoveries"),
    "retries": _("Retries"),
    "retry_interval_seconds": _("Retry interval"),
    "runbook_url": _("Runbook"),
    "tags": _("Tags"),
    "timeout_seconds": _("Timeout"),
    "url": _("URL"),
    "verify_tls": _("Verify TLS"),
}
"""What a field is called on forms, in tables and in refusals."""

STATUS_WORDS: dict[Status, str] = {
    Status.UP: _("up"),
    Status.DEGRADED: _("degraded"),
    Status.DOWN: _("down"),
    Status.UNKNOWN: _("unknown"),
    Status.PAUSED: _("paused"),
    Status.MAINTENANCE: _("maintenance"),
    Status.BLIND: _("blind"),
}

ERROR_WORDS: dict[ErrorKind, str] = {
    ErrorKind.DNS: _("name not resolved"),
    ErrorKind.CONNECT: _("no connection"),
    ErrorKind.TLS: _("TLS failed"),
    ErrorKind.TIMEOUT: _("timed out"),
    ErrorKind.PROTOCOL: _("not HTTP"),
    ErrorKind.REDIRECT: _("bad redirect"),
    ErrorKind.STATUS: _("wrong status"),
    ErrorKind.CONTENT: _("wrong content"),
    ErrorKind.TOO_LARGE: _("answer too large"),
    ErrorKind.INTERNAL: _("internal error"),
}

ROLE_WORDS: dict[Role, str] = {
    Role.VIEWER: _("viewer"),
    Role.OPERATOR: _("operator"),
    Role.ADMIN: _("admin"),
}

WORKER_WORDS: dict[WorkerKind, str] = {
    WorkerKind.CONSOLE: _("console"),
    WorkerKind.AGENT: _("agent"),
}


def activity_word(active: bool) -> str:
    """Say whether something is checked or paused."""
    return _("active") if active else STATUS_WORDS[Status.PAUSED]


def fault_text(fault: Fault) -> str:
    """Give the sentence that stands under the field."""
    return FAULTS[fault.code].format(**fault.parameters)


def refusal_text(refused: Refused) -> str:
    """Give one line for each fault: the field's label, then the sentence."""
    return "\n".join(f"{FIELD_LABELS[fault.field]}: {fault_text(fault)}" for fault in refused.faults)


def error_text(error: RondaError) -> str:
    """Give the words for any error of ours, with every fault of a refusal."""
    return refusal_text(error) if isinstance(error, Refused) else str(error)
