"""The fields of a channel's form: those of every service that can be told, and of the webhook.

Each service has rows of its own, so that a secret that was typed for one never goes to another.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from core.domain.channels import ChannelKind, ChannelSpec
from core.domain.faults import Fault
from core.domain.providers import (
    FIELD_PREFIX,
    PROVIDER_BY_KEY,
    PROVIDERS,
    Provider,
    ProviderField,
    build_url,
    provider_faults,
)
from core.domain.secret import Secret
from core.i18n import _
from tui.widgets import values
from tui.widgets.editors import ChoiceEditor, LineEditor, SwitchEditor
from tui.widgets.fields import Field

APPRISE = "apprise"
"""The provider of any Apprise URL: one that is stored cannot be taken apart again."""
WEBHOOK, TERMINAL = ChannelKind.WEBHOOK.value, ChannelKind.TERMINAL.value
TERMINAL_OPTION = (TERMINAL, _("open consoles"))
PROVIDER_OPTIONS = (
    *((provider.key, _(provider.label)) for provider in PROVIDERS),
    (WEBHOOK, _("Webhook of your own")),
)
FormValues = Mapping[str, Any]

_secret = partial(
    Field, editor=partial(LineEditor, secret=True), format=values.secret_text, reveal=values.revealed_secret
)

_NAME = Field(
    "name",
    _("What rules call it. No other channel may have the same name."),
    "on-call",
    parse=values.exact,
)
_PROVIDER = Field(
    "provider",
    _("What carries its messages. The fields below are those that it needs. Space opens the list."),
    editor=partial(ChoiceEditor, PROVIDER_OPTIONS),
    title=_("Sent through"),
)
_WEBHOOK_FIELDS = (
    _secret(
        "url",
        _("Where Ronda posts each message as JSON. F3 shows it."),
        "https://hooks.example/ronda",
        parse=values.secret,
    ),
    _secret(
        "secret",
        _("Signs what is posted, so that the other side knows that it comes from here. Empty: unsigned."),
        parse=values.secret,
    ),
)
_ACTIVE = Field(
    "active",
    _("No keeps it, but nothing is sent through it."),
    editor=SwitchEditor,
    parse=values.yes_or_no,
    format=values.yes_or_no_text,
)


def row_name(provider: Provider, name: str) -> str:
    """Give the name of the row of one thing that a service needs."""
    return f"{provider.key}-{name}"


def _exact_secret(text: str, held: Secret | None) -> Secret | None:
    """Read a secret in which every space counts, such as a password."""
    read = values.secret(text, held)
    return Secret(text) if read is not None and read is not held else read


def _field(provider: Provider, each: ProviderField) -> Field:
    name, title, help = row_name(provider, each.name), _(each.label), _(each.help) if each.help else ""
    if each.secret:
        return _secret(name, help, each.example, parse=_exact_secret, title=title)
    if each.choices:
        choices = tuple((choice, choice) for choice in each.choices)
        return Field(name, help, editor=partial(ChoiceEditor, choices), title=title)
    return Field(name, help, each.example, title=title)


_PROVIDER_FIELDS = {
    provider.key: tuple(_field(provider, each) for each in provider.fields) for provider in PROVIDERS
}
CHANNEL_FIELDS: tuple[Field, ...] = (
    _NAME,
    _PROVIDER,
    *(field for fields in _PROVIDER_FIELDS.values() for field in fields),
    *_WEBHOOK_FIELDS,
    _ACTIVE,
)


@cache
def fields_of(provider: str) -> tuple[Field, ...]:
    """Give the fields of a channel whose messages this carries."""
    own = _WEBHOOK_FIELDS if provider == WEBHOOK else _PROVIDER_FIELDS.get(provider, ())
    return (_NAME, _PROVIDER, *own, _ACTIVE)


def spec_values(spec: ChannelSpec, provider: str) -> dict[str, Any]:
    """Give what every field holds for a channel."""
    found: dict[str, Any] = {
        row_name(each, field.name): None if field.secret else next(iter(field.choices), "")
        for each in PROVIDERS
        for field in each.fields
    }
    found |= {"name": spec.name, "provider": provider, "active": spec.active, "secret": spec.secret}
    found["url"] = spec.url if provider == WEBHOOK else None
    if provider == APPRISE:
        found[row_name(PROVIDER_BY_KEY[APPRISE], "url")] = spec.url
    return found


def provider_of(spec: ChannelSpec) -> str:
    """Give what the form says of a stored channel."""
    return APPRISE if spec.kind is ChannelKind.APPRISE else spec.kind.value


def spec_of(form: FormValues) -> ChannelSpec:
    """Give the channel; its address is missing where what makes it has faults."""
    name, active, key = form["name"], form["active"], form["provider"]
    if key == TERMINAL:
        return ChannelSpec(name, ChannelKind.TERMINAL, active=active)
    if key == WEBHOOK:
        return ChannelSpec(name, ChannelKind.WEBHOOK, form["url"], form["secret"], active)
    provider, typed = PROVIDER_BY_KEY[key], _typed(form)
    url = None if provider_faults(provider, typed) else Secret(build_url(provider, typed))
    return ChannelSpec(name, ChannelKind.APPRISE, url, active=active)


def faults_of(form: FormValues) -> tuple[Fault, ...]:
    """Give everything that is wrong, each fault with the name of its row."""
    spec, provider = spec_of(form), PROVIDER_BY_KEY.get(form["provider"])
    if provider is None:
        return spec.faults()
    typed = provider_faults(provider, _typed(form))
    own = [fault for fault in spec.faults() if not typed or fault.field != "url"]
    return placed((*typed, *own), form["provider"])


def placed(faults: tuple[Fault, ...], key: str) -> tuple[Fault, ...]:
    """Give faults with the names of the rows that they are about.

    What is wrong with the address stands under the row of the address, or the first of the service.
    """
    provider = PROVIDER_BY_KEY.get(key)
    if provider is None:
        return faults
    names = [field.name for field in provider.fields]
    rows = {FIELD_PREFIX + name: row_name(provider, name) for name in names}
    rows["url"] = row_name(provider, "url" if "url" in names else names[0])
    return tuple(Fault(rows.get(fault.field, fault.field), fault.code, fault.parameters) for fault in faults)


def _typed(form: FormValues) -> dict[str, str]:
    """Give what was typed for the service that is chosen, by the names that its fields have."""
    provider = PROVIDER_BY_KEY[form["provider"]]
    held = {field.name: form[row_name(provider, field.name)] for field in provider.fields}
    return {
        name: value.reveal() if isinstance(value, Secret) else value or "" for name, value in held.items()
    }
