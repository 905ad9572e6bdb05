"""The fields of a service's form: those that every service needs, then the rarer ones."""

from __future__ import annotations

from functools import partial

from core.domain.services import METHODS
from core.i18n import _
from tui.widgets import values
from tui.widgets.editors import AreaEditor, ChoiceEditor, LineEditor, SwitchEditor
from tui.widgets.fields import Field

_number = partial(LineEditor, number=True)
_area = partial(AreaEditor, lines=3)
_switch = partial(Field, editor=SwitchEditor, parse=values.yes_or_no, format=values.yes_or_no_text)
_SECONDS = _("seconds")

SERVICE_FIELDS: tuple[Field, ...] = (
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
        "endpoint",
        _(
            "The address that is checked, http or https; or a path, "
            "which is put behind the base address of the client."
        ),
        "https://acme.example/health\n/health",
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
    Field(
        "interval_seconds",
        _("How often it is checked. Seconds, or with a unit: 500ms, 5m, 1h."),
        "30",
        editor=_number,
        parse=values.seconds,
        format=values.number_text,
        unit=_SECONDS,
    ),
    Field(
        "timeout_seconds",
        _("How long the whole check may take, with name lookup and redirects. Not longer than the interval."),
        "10",
        editor=_number,
        parse=values.seconds,
        format=values.number_text,
        unit=_SECONDS,
    ),
    Field(
        "retries",
        _("How many failures after the first confirm that it is down. 0: the first failure counts."),
        "2",
        editor=_number,
        parse=values.whole,
    ),
    Field(
        "degraded_above_ms",
        _("A right answer that takes longer is degraded. Empty: never."),
        "800",
        editor=_number,
        parse=values.optional_whole,
        format=values.number_text,
        unit=_("milliseconds"),
    ),
    _switch(
        "follow_redirects",
        _("Whether the answer to a redirect is the one that counts. At most 10 are followed."),
    ),
    _switch("verify_tls", _("Whether a certificate that is not valid means down.")),
    Field(
        "tags",
        _("Words to filter by, apart by commas."),
        "prod, eu",
        parse=values.tags,
        format=values.tags_text,
    ),
    _switch("active", _("No pauses it: it is not checked until it is active again.")),
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
        "recoveries",
        _("How many good checks in a row end a down."),
        "1",
        editor=_number,
        parse=values.whole,
        advanced=True,
    ),
    Field(
        "retry_interval_seconds",
        _("How long after a failure it is tried again. Empty: a third of the interval, 5 seconds at least."),
        "10",
        editor=_number,
        parse=values.optional_seconds,
        format=values.number_text,
        unit=_SECONDS,
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
