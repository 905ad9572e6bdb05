"""Words for codes: faults, fields, statuses, error kinds, roles.

The domain speaks in codes with parameters; here they become sentences. A sentence of a fault says
what to do and reads well under its field as well as after the field's label.
"""

from __future__ import annotations

from core.domain.evidence import Evidence, FailureEvidence
from core.domain.faults import Fault
from core.domain.folding import Cause
from core.domain.gates import Gate, NoticeKind, Verdict
from core.domain.incidents import AcknowledgementKind, Ending, EventKind
from core.domain.kinds import Auth, Kind
from core.domain.notices import MessageState
from core.domain.observations import ErrorKind, Status
from core.domain.operators import Role
from core.domain.workers import WorkerKind
from core.errors import Refused, RondaError
from core.i18n import _, ngettext

FAULTS: dict[str, str] = {
    "absolute_path": _(
        "Give the whole path, beginning with /, of a file on the machine that runs the checks."
    ),
    "api_key_in_use": _("Keep a key: checks send it ({services}). Change those services first to clear it."),
    "api_key_missing": _(
        "A header refers to {{api_key}}, but {client} has no API key. Give the client one first."
    ),
    "auth_missing": _("Choose basic or bearer, or leave out user name and secret."),
    "auth_secret_missing": _("Give a password or token, or give {client} an API key to be used instead."),
    "auth_twice": _("Leave out the header Authorization: the authentication above sends it."),
    "channel_form": _("This has not the form that the service gives it. It looks like {example}."),
    "channel_url_file": _("{name} has a file of this machine read, which channels may not. Leave it out."),
    "channel_url_form": _("This is not the address of a channel. Write it like ntfys://ntfy.sh/topic."),
    "channel_url_http": _("{scheme} is not a webhook's. Use http or https."),
    "channel_url_library": _("{scheme} needs a program that is not installed here. Choose another service."),
    "channel_url_local": _(
        "{scheme} stays on this machine, where nobody may be looking. Choose a service that reaches people."
    ),
    "channel_url_refused": _("The address is not taken: {reason}."),
    "channel_url_scheme": _("{scheme} is not a service that Apprise knows."),
    "channel_user": _("Name the user whom the password belongs to."),
    "choice": _("{text} is not known. Choose one of {choices}."),
    "client_in_bin": _("The client {client} is in the bin. Restore the client first."),
    "condition_operator": _("{sign} in {line} compares nothing. Use one of {signs}."),
    "condition_order": _("{sign} in {line} compares numbers and texts only. Use == or !=."),
    "condition_path": _("{line} does not begin with a JSON path. Write it like $.status or $.items[0].name."),
    "condition_several": _("The path of {line} may lead to several values. Lead to one, like $.items[0]."),
    "condition_value": _(
        "{value} in {line} is not JSON. Write a number, true, false, null or a text in double quotes."
    ),
    "condition_value_missing": _("{line} breaks off. Write what to compare with at its end."),
    "control_characters": _("Remove the characters that cannot be seen or that steer a terminal."),
    "count_range": _("Give a whole number from {least} to {most}."),
    "channel_builtin": _(
        "The open consoles have one channel of their own, and that stays one. Choose apprise or webhook."
    ),
    "channel_secret": _("Use at least {least} characters."),
    "channel_terminal": _("Leave it empty: the open consoles have no address."),
    "channel_unsigned": _("Only the messages of a webhook are signed. Leave it out."),
    "cron_fields": _("Write {fields} fields: minute, hour, day, month, weekday, like '0 2 * * SUN'."),
    "cron_form": _("This is not a cron expression: {reason}. Write it like '0 2 * * SUN'."),
    "cron_never": _("{cron} never comes. Name a day that its months have."),
    "days_range": _("Give days, more than 0 and at most {most}."),
    "degraded_range": _("Give whole milliseconds from 1 to below the timeout of {most:.0f} ms."),
    "dns_in_use": _(
        "Keep an address: paths below it are checked ({services}). "
        "Give those an absolute URL first to clear it."
    ),
    "duration": _("{text} is not a duration. Write it like 90m, 2h, 1h30m or 1d."),
    "header_condition": _("{line} names no header. Write 'Name: text', or a name alone."),
    "header_form": _("Write a header as 'Name: value'."),
    "header_name": _("{name} is not a header's name. Use letters, digits and hyphens."),
    "header_own": _("{name} is set by Ronda itself. Leave it out."),
    "header_value": _(
        "The value of {name} holds characters that a header cannot carry. Use printable Latin-1."
    ),
    "heartbeat_endpoint": _("Leave it empty: a heartbeat reports in by itself."),
    "key_without_certificate": _("Give the certificate that the key belongs to, or leave out the key."),
    "kind_scheme": _(
        "An address that begins with {scheme}:// is not of the kind {kind}. Choose the other kind."
    ),
    "markup": _("Leave out the square brackets [ and ]."),
    "mask_left": _("A part of the mask is left. Type the whole value anew."),
    "method": _("{method} is not a method. Choose one of {methods}."),
    "moment": _("{text} is not a time. Write it like 22:30, '2026-12-01 22:30' or 2026-12-01T22:30:00Z."),
    "not_of_kind": _("This means nothing for a service of the kind {kind}. Leave it out."),
    "number": _("{text} is not a number. Write it like 30 or 0.5."),
    "option_of_kind": _("{option} means nothing for a service of the kind {kind}. Leave it out."),
    "outer_spaces": _("Remove the spaces before or after it."),
    "parent_cycle": _("They would wait for each other: {cycle}. Choose another service, or none."),
    "parent_deep": _(
        "More than {limit} services would stand behind each other. Choose one nearer to the top."
    ),
    "parent_itself": _("A service cannot depend on itself. Choose another one, or none."),
    "parent_missing": _("{parent} is not among the services. Choose another one, or restore it first."),
    "path_without_dns": _(
        "A path needs a client with a base address, and {client} has none. Give an absolute URL."
    ),
    "pattern_form": _("This is not a regular expression of RE2: {reason}."),
    "record_type": _("{type} is not a type of record. Choose one of {types}."),
    "required": _("This cannot be empty."),
    "rule_after": _("Give a time from 0 to {days} days, like 15m."),
    "rule_channels": _("{channels} is not among the channels. Choose others."),
    "rule_clients": _("{clients} is not among the clients. Choose others, or restore it first."),
    "rule_hours": _("{text} are not hours. Write them like 'Mon-Fri 08:00-18:00' or '22:00-06:00'."),
    "rule_nothing": _(
        "No service is of the clients and has one of the tags that are named: nobody would ever be told."
    ),
    "rule_reminder": _("Give 0 for none, or a time from {seconds} seconds to {days} days, like 4h."),
    "rule_severity": _("Choose degraded or down."),
    "seconds_range": _("Give seconds from {least:g} to {most:g}."),
    "status_form": _("{part} is not a status code. Write codes and ranges like 200 or 200-299,301."),
    "status_range": _("{part} is outside 100 to 599. Give codes that HTTP knows."),
    "status_reversed": _("{part} runs backwards. Write {right}."),
    "tag_form": _("{tag} is not a tag. Use one word without spaces or any of ,;:![] in it."),
    "target_form": _("This is not a target of this kind. Write it like {example}."),
    "target_scheme": _("{scheme} is not checked. Use http, https, tcp, tls, dns or icmp."),
    "taken": _("The name {name} is taken. Choose another."),
    "timeout_over_interval": _("Give a timeout that is not longer than the interval of {interval:g} s."),
    "too_long": _("Use at most {limit} characters."),
    "too_many": _("Give at most {limit} of them."),
    "until_kind": _("Only an acknowledgement until a time has one. Leave it out."),
    "url_credentials": _("Leave user name and password out of the address. Send them in a header."),
    "url_form": _("This is not an address. Write it like https://example.com/health."),
    "url_host": _("{host} is not a host name. Write it like example.com or 192.0.2.7."),
    "url_host_missing": _("The address names no host. Write it like https://example.com/health."),
    "url_port": _("The port is not a number from 1 to 65535."),
    "url_query": _("Leave out what follows ? or #: services put their own paths below this address."),
    "url_scheme": _("{scheme} is not checked. Use http or https."),
    "url_spaces": _("Remove the spaces, or write each as %20."),
    "user_colon": _("A user name of basic authentication holds no colon. Leave it out."),
    "user_of_basic": _("Only basic authentication has a user name. Leave it out."),
    "whole_number": _("{text} is not a whole number. Write it like 3."),
    "window_duration": _("Give a duration from {minutes} minute to {days} days, like 90m, 2h or 1h30m."),
    "window_endless": _("Say when it ends: give an end or a duration."),
    "window_long": _("Give at most {days} days. Pause what is out of service for longer."),
    "window_order": _("Give an end after the beginning."),
    "window_past": _("This is over already. Give an end in the future."),
    "window_twice": _(
        "Leave out beginning and end: the cron expression says when it begins, again and again."
    ),
    "zone": _("{zone} is not a time zone. Write it like Europe/Lisbon, America/Sao_Paulo or UTC."),
}
"""One sentence for each code of a ``Fault``; its parameters stand in braces."""

FIELD_LABELS: dict[str, str] = {
    "active": _("Active"),
    "after_seconds": _("After"),
    "api_key": _("API key"),
    "assignee": _("Assigned to"),
    "auth": _("Authentication"),
    "auth_secret": _("Secret"),
    "auth_user": _("User"),
    "body": _("Body"),
    "channel_ids": _("Channels"),
    "client": _("Client"),
    "client_cert": _("Client certificate"),
    "client_ids": _("Clients"),
    "client_key": _("Client key"),
    "contains": _("Contains"),
    "cron": _("Cron"),
    "days": _("Days"),
    "degraded_above_ms": _("Degraded above"),
    "description": _("Description"),
    "dns": _("DNS"),
    "duration_seconds": _("Duration"),
    "endpoint": _("Endpoint"),
    "ends_at": _("Until"),
    "expected_answers": _("Expected answers"),
    "expected_headers": _("Expected headers"),
    "expected_status": _("Expected status"),
    "follow_redirects": _("Follow redirects"),
    "headers": _("Headers"),
    "hours": _("Hours"),
    "interval_seconds": _("Interval"),
    "json_conditions": _("JSON conditions"),
    "kind": _("Kind"),
    "limit": _("Limit"),
    "matches": _("Matches"),
    "method": _("Method"),
    "name": _("Name"),
    "not_contains": _("Does not contain"),
    "note": _("Note"),
    "notes": _("Notes"),
    "parent_id": _("Depends on"),
    "reason": _("Reason"),
    "record_type": _("Record type"),
    "recoveries": _("Recoveries"),
    "reminder_seconds": _("Reminder"),
    "retries": _("Retries"),
    "retry_interval_seconds": _("Retry interval"),
    "runbook_url": _("Runbook"),
    "secret": _("Signing secret"),
    "severity": _("Severity"),
    "starts_at": _("From"),
    "subject": _("Client or service"),
    "tags": _("Tags"),
    "timeout_seconds": _("Timeout"),
    "tls_warn_days": _("Warn before the end"),
    "until": _("Until"),
    "url": _("URL"),
    "verify_tls": _("Verify TLS"),
    "zone": _("Time zone"),
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
    ErrorKind.PROTOCOL: _("not understood"),
    ErrorKind.REDIRECT: _("bad redirect"),
    ErrorKind.STATUS: _("wrong status"),
    ErrorKind.CONTENT: _("wrong content"),
    ErrorKind.TOO_LARGE: _("answer too large"),
    ErrorKind.INTERNAL: _("internal error"),
}

KIND_WORDS: dict[Kind, str] = {
    Kind.HTTP: _("HTTP request"),
    Kind.TCP: _("TCP connection"),
    Kind.TLS: _("TLS certificate"),
    Kind.DNS: _("DNS answer"),
    Kind.ICMP: _("ping"),
    Kind.HEARTBEAT: _("heartbeat"),
}

PHASE_WORDS: dict[str, str] = {
    "lookup": _("the lookup of the name"),
    "connect": _("the connection"),
    "handshake": _("the TLS handshake"),
    "answer": _("the answer"),
    "body": _("the body"),
}
"""How far a failing check came, by the ``phase`` of its evidence; stands after "came as far as"."""

AUTH_WORDS: dict[Auth, str] = {
    Auth.NONE: _("none"),
    Auth.BASIC: _("basic"),
    Auth.BEARER: _("bearer"),
}

ROLE_WORDS: dict[Role, str] = {
    Role.VIEWER: _("viewer"),
    Role.OPERATOR: _("operator"),
    Role.ADMIN: _("admin"),
}

EVENT_WORDS: dict[EventKind, str] = {
    EventKind.OPENED: _("opened"),
    EventKind.RAISED: _("raised to down"),
    EventKind.LOWERED: _("lowered to degraded"),
    EventKind.RESOLVED: _("resolved"),
    EventKind.ACKNOWLEDGED: _("acknowledged"),
    EventKind.ACKNOWLEDGEMENT_ENDED: _("acknowledgement ended"),
    EventKind.ASSIGNED: _("assigned"),
    EventKind.NOTED: _("note"),
    EventKind.FLAPPING: _("flapping"),
    EventKind.FLAPPING_ENDED: _("no longer flapping"),
}

ENDING_WORDS: dict[Ending, str] = {
    Ending.RECOVERED: _("recovered"),
    Ending.PAUSED: _("paused"),
    Ending.REMOVED: _("removed"),
}

ACKNOWLEDGEMENT_WORDS: dict[AcknowledgementKind, str] = {
    AcknowledgementKind.PLAIN: _("until the status changes"),
    AcknowledgementKind.STICKY: _("until the recovery"),
    AcknowledgementKind.UNTIL: _("until a time"),
}

NOTICE_WORDS: dict[NoticeKind, str] = {
    NoticeKind.PROBLEM: _("problem"),
    NoticeKind.REMINDER: _("reminder"),
    NoticeKind.RECOVERY: _("recovery"),
    NoticeKind.FLAPPING: _("flapping"),
    NoticeKind.FLAPPING_END: _("end of flapping"),
    NoticeKind.CERTIFICATE: _("certificate"),
    NoticeKind.BLIND: _("blind"),
    NoticeKind.BLIND_END: _("end of blindness"),
    NoticeKind.TEST: _("test"),
}

GATE_WORDS: dict[Gate, str] = {
    Gate.CHANNEL: _("channel is on"),
    Gate.RULE: _("rule is on"),
    Gate.BLIND: _("not blind"),
    Gate.ACTIVE: _("client and service are active"),
    Gate.BEHIND: _("behind nothing that is down"),
    Gate.MAINTENANCE: _("no maintenance"),
    Gate.SNOOZED: _("not snoozed"),
    Gate.ACKNOWLEDGED: _("not acknowledged"),
    Gate.FLAPPING: _("not flapping"),
    Gate.SEVERITY: _("severe enough"),
    Gate.SUBJECT: _("among the rule's clients and tags"),
    Gate.HOURS: _("within the rule's hours"),
    Gate.DELAY: _("old enough"),
    Gate.TOLD: _("told of the problem before"),
    Gate.REMINDER: _("reminder is due"),
}
"""What each gate asks, as a fact that holds where it is open."""

HELD_WORDS: dict[str, str] = {
    "channel_off": _("the channel is switched off"),
    "no_rule": _("no rule names this channel"),
    "rule_off": _("the rule {rule} is switched off"),
    "blind": _("Ronda's own line is down"),
    "client_paused": _("the client is paused"),
    "service_paused": _("the service is paused or removed"),
    "behind": _("behind {service}, which is down"),
    "behind_doubtful": _("{service}, which it depends on, is being confirmed as down"),
    "maintenance": _("in maintenance"),
    "snoozed": _("snoozed by {operator}"),
    "acknowledged": _("acknowledged by {operator}"),
    "flapping": _("the service is flapping"),
    "severity": _("the rule {rule} is for worse"),
    "subject": _("the rule {rule} is for other clients or tags"),
    "hours": _("outside the hours of the rule {rule}"),
    "delay": _("the rule {rule} waits"),
    "not_told": _("this channel was not told of the problem"),
    "undelivered": _("this channel could not be told of the problem"),
    "no_reminders": _("told; the rule {rule} sends no reminders"),
    "reminder": _("told; the next reminder of the rule {rule} is not due yet"),
}
"""Why a gate is shut, by the code of its verdict."""

MESSAGE_WORDS: dict[MessageState, str] = {
    MessageState.WAITING: _("waiting"),
    MessageState.SENT: _("sent"),
    MessageState.FAILED: _("given up"),
    MessageState.DROPPED: _("dropped"),
}

CAUSE_WORDS: dict[str, str] = {
    "address": _("address {name}"),
    "certificate": _("certificate {name}"),
    "client": _("client {name}"),
    "error": _("error: {name}"),
}
"""What incidents have in common, by the kind of the cause."""

WORKER_WORDS: dict[WorkerKind, str] = {
    WorkerKind.CONSOLE: _("console"),
    WorkerKind.AGENT: _("agent"),
}


def outbox_text(waiting: int, failed: int) -> str:
    """Say how the messages of the outbox fare."""
    if not waiting and not failed:
        return _("no message waits")
    parts = []
    if waiting:
        parts.append(
            ngettext("{count} message waits", "{count} messages wait", waiting).format(count=waiting)
        )
    if failed:
        words = ngettext("{count} failed in 24 h", "{count} failed in 24 h", failed)
        parts.append(words.format(count=failed))
    return ", ".join(parts)


def activity_word(active: bool) -> str:
    """Say whether something is checked or paused."""
    return _("active") if active else STATUS_WORDS[Status.PAUSED]


def reason_text(failure: FailureEvidence) -> str:
    """Say what failed."""
    return failure.detail or (ERROR_WORDS[failure.error] if failure.error else "")


def reach_text(evidence: Evidence) -> str:
    """Say how far a failing check came, and where to."""
    phase = PHASE_WORDS.get(evidence.phase, evidence.phase)
    if evidence.address is None:
        return _("came as far as {phase}").format(phase=phase)
    return _("came as far as {phase}; address {address}").format(phase=phase, address=evidence.address)


def held_text(verdict: Verdict) -> str:
    """Say why something is held back; without the time until which, which each front end writes its way."""
    parameters = {name: value or _("for all") for name, value in verdict.parameters.items()}
    return HELD_WORDS[verdict.reason].format(**parameters)


def cause_text(cause: Cause) -> str:
    """Say what incidents have in common."""
    kind, name = cause
    return CAUSE_WORDS[kind].format(name=ERROR_WORDS[ErrorKind(name)] if kind == "error" else name)


def fault_text(fault: Fault) -> str:
    """Give the sentence that stands under the field."""
    return FAULTS[fault.code].format(**fault.parameters)


def refusal_text(refused: Refused) -> str:
    """Give one line for each fault: the field's label, then the sentence."""
    return "\n".join(f"{FIELD_LABELS[fault.field]}: {fault_text(fault)}" for fault in refused.faults)


def error_text(error: RondaError) -> str:
    """Give the words for any error of ours, with every fault of a refusal."""
    return refusal_text(error) if isinstance(error, Refused) else str(error)
