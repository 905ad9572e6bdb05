"""The fields of a service's form: those that services need, then the rarer ones.

They are worded for HTTP; ``tui.screens.kind_fields`` says which of them a kind has, and what is called
or explained otherwise there.
"""

from __future__ import annotations

from functools import partial

from core.domain.kinds import RECORD_TYPES, Auth, Kind
from core.domain.services import METHODS
from core.i18n import _
from core.wording import AUTH_WORDS, KIND_WORDS
from tui.widgets import values
from tui.widgets.editors import AreaEditor, ChoiceEditor, LineEditor, SwitchEditor
from tui.widgets.fields import Field

_number = partial(LineEditor, number=True)
_area = partial(AreaEditor, lines=3)
_switch = partial(Field, editor=SwitchEditor, parse=values.yes_or_no, format=values.yes_or_no_text)
_seconds = partial(Field, editor=_number, parse=values.seconds, format=values.number_text, unit=_("seconds"))
_count = partial(Field, editor=_number, parse=values.whole)
_optional_count = partial(Field, editor=_number, parse=values.optional_whole, format=values.number_text)
_lines = partial(Field, editor=_area, parse=values.lines, format=values.lines_text)

_COMMON = (
    Field(
        "client",
        _(
            "Whose service it is. Type the first letters of its name, step with ← and →, "
            "or press Space for the list. It cannot be changed later."
        ),
        editor=partial(ChoiceEditor, ()),
    ),
    Field(
        "name",
        _("What the board calls it. No other service of the client may have the same name."),
        "api.prod",
        parse=values.exact,
    ),
    Field(
        "kind",
        _(
            "What is checked. The fields below are those of the kind; "
            "what was typed into the others is kept until the form is closed."
        ),
        editor=partial(ChoiceEditor, tuple((kind.value, KIND_WORDS[kind]) for kind in Kind)),
        parse=values.one_of(Kind),
    ),
    Field(
        "endpoint",
        _(
            "The address that is checked, http or https; or a path, "
            "which is put behind the base address of the client. "
            "An address such as tcp://host:5432 changes the kind."
        ),
        "https://acme.example/health\n/health",
    ),
    Field(
        "record_type",
        _("The type of record that the name server is asked for."),
        editor=partial(ChoiceEditor, tuple((record, record) for record in RECORD_TYPES)),
    ),
    _lines(
        "expected_answers",
        _("Answers that must be among all that come, one a line. Empty: any answer will do."),
        "192.0.2.10\n192.0.2.11",
    ),
    Field(
        "method",
        _("The HTTP method. HEAD spares the body, and cannot be checked for contents."),
        editor=partial(ChoiceEditor, tuple((method, method) for method in METHODS)),
    ),
    Field(
        "expected_status",
        _("Status codes and ranges that mean the service is well."),
        "200\n200-299,301",
    ),
    _seconds("interval_seconds", _("How often it is checked. Seconds, or with a unit: 500ms, 5m, 1h."), "30"),
    _seconds(
        "timeout_seconds",
        _("How long the whole check may take, with name lookup and redirects. Not longer than the interval."),
        "10",
    ),
    _count(
        "retries",
        _("How many failures after the first confirm that it is down. 0: the first failure counts."),
        "2",
    ),
    _optional_count(
        "degraded_above_ms",
        _("A right answer that takes longer is degraded. Empty: never."),
        "800",
        unit=_("milliseconds"),
    ),
    _switch(
        "follow_redirects",
        _("Whether the answer to a redirect is the one that counts. At most 10 are followed."),
    ),
    _switch("verify_tls", _("Whether a certificate that is not valid means down.")),
    _optional_count(
        "tls_warn_days",
        _("A certificate that ends within so many days makes the service degraded. Empty: never."),
        "14",
        unit=_("days"),
    ),
    Field(
        "tags",
        _("Words to filter by, apart by commas."),
        "prod, eu",
        parse=values.tags,
        format=values.tags_text,
    ),
    _switch("active", _("No pauses it: it is not checked until it is active again.")),
)

_RARE = (
    Field(
        "auth",
        _("How the check says who it is: basic with a user name and a password, bearer with a token."),
        editor=partial(ChoiceEditor, tuple((auth.value, AUTH_WORDS[auth]) for auth in Auth)),
        parse=values.one_of(Auth),
        advanced=True,
    ),
    Field("auth_user", _("The user name that is sent with the password."), "monitor", advanced=True),
    Field(
        "auth_secret",
        _(
            "The password or token, kept encrypted and shown as dots; F3 shows it. "
            "Empty: the API key of the client is sent."
        ),
        editor=partial(LineEditor, secret=True),
        parse=values.secret,
        format=values.secret_text,
        reveal=values.revealed_secret,
        advanced=True,
    ),
    Field(
        "headers",
        _(
            "Sent with every check, one a line. Values are kept encrypted and shown as dots; F3 shows them. "
            "{api_key} stands for the key of the client."
        ),
        "Authorization: Bearer {api_key}",
        editor=_area,
        parse=values.headers,
        format=values.headers_text,
        reveal=values.revealed_headers,
        advanced=True,
    ),
    Field(
        "body", _("Sent with every check."), '{"ping": true}', editor=_area, parse=values.exact, advanced=True
    ),
    Field(
        "contains",
        _("Text that the answer must hold; anything else is down."),
        '"status":"ok"',
        parse=values.exact,
        advanced=True,
    ),
    Field(
        "not_contains",
        _("Text that the answer must not hold."),
        "maintenance",
        parse=values.exact,
        advanced=True,
    ),
    Field(
        "matches",
        _("A regular expression (RE2) that must be found in the answer."),
        "queue: [0-9]{1,3} jobs",
        parse=values.exact,
        advanced=True,
    ),
    _lines(
        "json_conditions",
        _(
            "What must hold of an answer in JSON, one a line. A path alone must be there; "
            "with ==, !=, <, <=, > or >= it is compared with a value."
        ),
        '$.status == "ok"\n$.items[0].free > 10',
        advanced=True,
    ),
    _lines(
        "expected_headers",
        _("Headers that the answer must have, one a line: a name and a text that it holds, or a name alone."),
        "Content-Type: json\nETag",
        advanced=True,
    ),
    Field(
        "client_cert",
        _("The certificate that the check shows (mTLS): a PEM file on the machine that runs the checks."),
        "/etc/ronda/acme.pem",
        advanced=True,
    ),
    Field(
        "client_key",
        _("The key of that certificate, a PEM file too. Empty: it is in the same file."),
        "/etc/ronda/acme.key",
        advanced=True,
    ),
    _count("recoveries", _("How many good checks in a row end a down."), "1", advanced=True),
    Field(
        "retry_interval_seconds",
        _("How long after a failure it is tried again. Empty: a third of the interval, 5 seconds at least."),
        "10",
        editor=_number,
        parse=values.optional_seconds,
        format=values.number_text,
        unit=_("seconds"),
        advanced=True,
    ),
    Field(
        "parent_id",
        _(
            "A service without which this one cannot work, such as its gateway: while that is down, "
            "this one is shown as behind it and is no problem of its own."
        ),
        editor=partial(ChoiceEditor, (("", _("none")),)),
        parse=values.optional_whole,
        format=values.number_text,
        advanced=True,
    ),
    Field(
        "runbook_url",
        _("What to do when it is down: a page that whoever is on call can open."),
        "https://wiki.example/api-prod",
        advanced=True,
    ),
    Field("notes", _("Anything worth knowing at 3 a.m."), editor=_area, parse=values.exact, advanced=True),
)

SERVICE_FIELDS: tuple[Field, ...] = (*_COMMON, *_RARE)
"""Every field that a service of any kind has, in the order of the form."""
