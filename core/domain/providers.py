"""Services that a form knows by name: what they need, and the Apprise URL that comes of it.

Labels and help are English; whoever draws them
passes them through ``_``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.domain.faults import Fault, Parameter
from core.domain.provider_urls import (
    Values,
    at_server_with_token,
    mail_url,
    matrix_url,
    ntfy_url,
    pagerduty_url,
    pasted,
    pushover_url,
    rocketchat_url,
    telegram_url,
)
from core.domain.text import has_control_characters

ENCRYPTIONS = ("starttls", "ssl", "none")
"""How a connection to a mail server is protected; the first unless somebody says otherwise."""
FIELD_PREFIX = "channel."
"""Before a field's name in the faults of a provider, e.g. ``channel.host``."""


def N_(text: str) -> str:
    """Mark a text to be translated where it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class ProviderField:
    """One thing that a service needs to be told."""

    name: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = True
    needed_by: str = ""
    """The field, if any, beside which this one must not be empty."""
    choices: tuple[str, ...] = ()
    """If any: the only values; the first stands where nothing was chosen."""
    form: str = ""
    """A regular expression that the whole value must match, if any."""
    example: str = ""
    """A value of that form."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A service that can be told."""

    key: str
    """Stable, e.g. ``slack``."""
    label: str
    fields: tuple[ProviderField, ...]
    build: Callable[[Values], str]
    """Makes the URL of values without faults, in which every field is there."""


def provider_faults(provider: Provider, values: Values) -> tuple[Fault, ...]:
    """Give what is wrong with what was typed, field by field."""
    return tuple(fault for field in provider.fields for fault in _field_faults(provider, field, values))


def build_url(provider: Provider, values: Values) -> str:
    """Give the Apprise URL of values that have no faults."""
    return provider.build({field.name: _value(field, values) for field in provider.fields})


def _value(field: ProviderField, values: Values) -> str:
    text = values.get(field.name, "")
    if not field.secret:
        text = text.strip()  # of a password, every character counts
    return text or (field.choices[0] if field.choices else "")


def _field_faults(provider: Provider, field: ProviderField, values: Values) -> Iterator[Fault]:
    name, text = FIELD_PREFIX + field.name, _value(field, values)
    if not text.strip():
        if field.required:
            yield Fault(name, "required")
        elif values.get(field.needed_by):
            yield Fault(name, "channel_user")
    elif has_control_characters(text):
        yield Fault(name, "control_characters")
    elif field.choices and text not in field.choices:
        yield Fault(name, "choice", {"text": text, "choices": ", ".join(field.choices)})
    elif field.form and not re.fullmatch(field.form, text):
        parameters: dict[str, Parameter] = {"example": field.example}
        yield Fault(name, "channel_form", parameters)


_HOST = r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]"
_SERVER = r"(?i:https?://)?(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?"
_ADDRESS = r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+"


def _server_field(label: str, *, required: bool = True, example: str) -> ProviderField:
    text = N_("Its address, with http:// in front if it speaks no TLS.")
    return ProviderField("server", label, text, required=required, form=_SERVER, example=example)


def _webhook_field(form: str, example: str) -> ProviderField:
    text = N_("The whole address, as the service gives it out.")
    return ProviderField(
        "url", N_("Webhook URL"), text, secret=True, form=rf"\s*(?i:{form})\s*", example=example
    )


_TOKEN = N_("Token")

PROVIDERS: tuple[Provider, ...] = (
    Provider(
        "mail",
        N_("Mail"),
        (
            ProviderField("host", N_("Mail server"), form=_HOST, example="smtp.example.com"),
            ProviderField(
                "port",
                N_("Port"),
                N_("Empty: 587 with STARTTLS, 465 with SSL, else 25."),
                required=False,
                form=r"[1-9][0-9]{0,4}",
                example="587",
            ),
            ProviderField("encryption", N_("Encryption"), required=False, choices=ENCRYPTIONS),
            ProviderField(
                "user",
                N_("User"),
                N_("Empty: the server asks for none."),
                required=False,
                needed_by="password",
            ),
            ProviderField("password", N_("Password"), secret=True, required=False),
            ProviderField("from", N_("From"), form=_ADDRESS, example="ronda@example.com"),
            ProviderField(
                "to",
                N_("To"),
                N_("Several addresses have commas between them."),
                form=rf"{_ADDRESS}(?:[\s,;]+{_ADDRESS})*",
                example="on-call@example.com",
            ),
        ),
        mail_url,
    ),
    Provider(
        "slack",
        N_("Slack"),
        (
            _webhook_field(
                r"https://hooks\.slack(?:-gov)?\.com/services/[A-Z0-9]+/[A-Z0-9]+/[A-Z0-9]+/?",
                "https://hooks.slack.com/services/T…/B…/…",
            ),
        ),
        pasted,
    ),
    Provider(
        "telegram",
        N_("Telegram"),
        (
            ProviderField(
                "token",
                N_("Bot token"),
                N_("As BotFather gives it out."),
                secret=True,
                form=r"\s*(?:bot)?[0-9]+:[A-Za-z0-9_-]+\s*",
                example="123456:ABC…",
            ),
            ProviderField(
                "chat",
                N_("Chat"),
                N_("The number of a person, group or channel, or the name of a public channel."),
                form=r"-?[0-9]{1,32}|@?[A-Za-z_][A-Za-z0-9_-]+",
                example="-1001234567890",
            ),
        ),
        telegram_url,
    ),
    Provider(
        "teams",
        N_("Microsoft Teams"),
        (
            _webhook_field(
                r"https://[^\s/]+(?:/powerautomate/automations/direct(?:/cu/[0-9]+)?)?/workflows/[A-Z0-9_-]+"
                r"/triggers/manual/paths/invoke/?\?\S*sig=\S+",
                "https://…/workflows/…/triggers/manual/paths/invoke?…&sig=…",
            ),
        ),
        pasted,
    ),
    Provider(
        "matrix",
        N_("Matrix"),
        (
            _server_field(N_("Home server"), example="matrix.org"),
            ProviderField(
                "user",
                N_("User"),
                N_("Empty: the secret is an access token."),
                required=False,
                form=r"[^:\s]+",
                example="ronda",
            ),
            ProviderField("password", N_("Password or access token"), secret=True),
            ProviderField("room", N_("Room"), form=r"[#!][^\s/?]+", example="#on-call:matrix.org"),
        ),
        matrix_url,
    ),
    Provider(
        "ntfy",
        N_("ntfy"),
        (
            _server_field(N_("Server"), required=False, example="ntfy.sh"),
            ProviderField("topic", N_("Topic"), form=r"[A-Za-z0-9_-]{1,64}", example="on-call"),
            ProviderField(
                "token",
                N_("Access token"),
                N_("Empty: the topic asks for none."),
                secret=True,
                required=False,
            ),
        ),
        ntfy_url,
    ),
    Provider(
        "pagerduty",
        N_("PagerDuty"),
        (
            ProviderField(
                "key",
                N_("Integration key"),
                N_("That of an integration of the kind Events API v2."),
                secret=True,
                form=r"\s*[A-Za-z0-9]+\s*",
                example="0123456789abcdef0123456789abcdef",
            ),
            ProviderField("region", N_("Region"), required=False, choices=("us", "eu")),
        ),
        pagerduty_url,
    ),
    Provider(
        "discord",
        N_("Discord"),
        (
            _webhook_field(
                r"https://discord(?:app)?\.com/api/webhooks/[0-9]+/[A-Z0-9_-]+/?",
                "https://discord.com/api/webhooks/…/…",
            ),
        ),
        pasted,
    ),
    Provider(
        "mattermost",
        N_("Mattermost"),
        (
            _server_field(N_("Server"), example="mattermost.example.com"),
            ProviderField(
                "token",
                _TOKEN,
                N_("What follows /hooks/ in the webhook's address."),
                secret=True,
                form=r"\s*[A-Za-z0-9]+\s*",
                example="3ccdd1…",
            ),
        ),
        at_server_with_token("mmost"),
    ),
    Provider(
        "rocketchat",
        N_("Rocket.Chat"),
        (
            _server_field(N_("Server"), example="rocket.example.com"),
            ProviderField(
                "token",
                _TOKEN,
                N_("What follows /hooks/ in the webhook's address."),
                secret=True,
                form=r"\s*[A-Za-z0-9]+/[A-Za-z0-9]+\s*",
                example="8H76…/DdEQ…",
            ),
        ),
        rocketchat_url,
    ),
    Provider(
        "gotify",
        N_("Gotify"),
        (
            _server_field(N_("Server"), example="gotify.example.com"),
            ProviderField(
                "token",
                N_("Token of the application"),
                secret=True,
                form=r"\s*[A-Za-z0-9._-]+\s*",
                example="AbCdEf…",
            ),
        ),
        at_server_with_token("gotify"),
    ),
    Provider(
        "pushover",
        N_("Pushover"),
        (
            ProviderField(
                "user", N_("User key"), secret=True, form=r"\s*[A-Za-z0-9]+\s*", example="uQiRzpo4DXghDm…"
            ),
            ProviderField(
                "token", N_("API token"), secret=True, form=r"\s*[A-Za-z0-9]+\s*", example="azGDORePK8g…"
            ),
        ),
        pushover_url,
    ),
    Provider(
        "apprise",
        N_("Another Apprise URL"),
        (
            ProviderField(
                "url",
                N_("Apprise URL"),
                N_("Apprise's documents list the services that it knows and their URLs."),
                secret=True,
            ),
        ),
        pasted,
    ),
)
"""In the order in which a form offers them."""

PROVIDER_BY_KEY: dict[str, Provider] = {provider.key: provider for provider in PROVIDERS}
