"""Apprise reads in each URL that a form builds what was typed into the form."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.providers import PROVIDER_BY_KEY, PROVIDERS, build_url, provider_faults
from core.notifications.opening import opened

AWKWARD = "p@:/?#% w&=+ü"
TEAMS = (
    "https://prod-15.westeurope.logic.azure.com:443/workflows/abc123/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=xYz_123-456"
)
POWER = (
    "https://x1.y2.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/abc123"
    "/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=xYz_123-456"
)


def mail(**changes: str) -> dict[str, str]:
    return {"host": "smtp.example.com", "from": "ronda@example.com", "to": "a@x.com, b@y.org", **changes}


CASES: list[tuple[str, dict[str, str], dict[str, object]]] = [
    (
        "mail",
        mail(user="joe@x.com", password=AWKWARD),
        {
            "user": "joe@x.com",
            "password": AWKWARD,
            "smtp_host": "smtp.example.com",
            "port": 587,
            "secure_mode": "starttls",
            "from_addr": (False, "ronda@example.com"),
            "targets": [(False, "a@x.com"), (False, "b@y.org")],
        },
    ),
    ("mail", mail(encryption="ssl"), {"secure_mode": "ssl", "port": 465, "user": None, "password": None}),
    (
        "mail",
        mail(encryption="none", port="2525"),
        {"secure_mode": "insecure", "port": 2525, "secure": False},
    ),
    ("mail", mail(host="smtp.gmail.com"), {"smtp_host": "smtp.gmail.com", "secure_mode": "starttls"}),
    ("mail", mail(host="mailhub", user="joe", password="x"), {"smtp_host": "mailhub", "user": "joe"}),
    ("mail", mail(host="192.0.2.7"), {"smtp_host": "192.0.2.7"}),
    (
        "slack",
        {"url": " https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ "},
        {"token_a": "T1JJ3T3L2", "token_b": "A1BRTD4JD", "token_c": "TIiajkdnlazkcOXrIdevi7FQ"},
    ),
    (
        "telegram",
        {"token": "bot123456789:abcdefg_hijk-lmnop", "chat": "-1001234567890"},
        {"bot_token": "123456789:abcdefg_hijk-lmnop", "targets": [(-1001234567890, None)]},
    ),
    ("telegram", {"token": "123456789:abcdefg", "chat": "@on_call"}, {"targets": [("@on_call", None)]}),
    ("teams", {"url": TEAMS}, {"workflow": "abc123", "signature": "xYz_123-456", "power_automate": False}),
    ("teams", {"url": POWER}, {"workflow": "abc123", "signature": "xYz_123-456", "power_automate": True}),
    (
        "matrix",
        {"server": "matrix.org", "user": "ronda", "password": AWKWARD, "room": "#on-call:matrix.org"},
        {"user": "ronda", "password": AWKWARD, "rooms": ["#on-call:matrix.org"], "secure": True},
    ),
    (
        "matrix",
        {"server": "http://m.test:8008", "password": "syt_abc.d/ef", "room": "!abc:m.test"},
        {"user": None, "password": "syt_abc.d/ef", "rooms": ["!abc:m.test"], "secure": False, "port": 8008},
    ),
    ("ntfy", {"topic": "on-call"}, {"host": "ntfy.sh", "topics": ["on-call"], "token": None, "secure": True}),
    (
        "ntfy",
        {"topic": "on-call", "server": "http://ntfy.test:8080", "token": "tk_abc"},
        {"host": "ntfy.test", "port": 8080, "token": "tk_abc", "auth": "token", "secure": False},
    ),
    (
        "pagerduty",
        {"key": "0123456789abcdef", "region": "eu"},
        {"integration_key": "0123456789abcdef", "region_name": "eu", "action": "map", "source": "Ronda"},
    ),
    (
        "discord",
        {"url": "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"},
        {"webhook_id": "4174216298", "webhook_token": "JHMHI8qBe7bk2ZwO5U711o3dV_js"},
    ),
    (
        "mattermost",
        {"server": "https://chat.test/team", "token": "3ccdd113474722377935511fc85d3dd4"},
        {"host": "chat.test", "token": "3ccdd113474722377935511fc85d3dd4", "secure": True},
    ),
    (
        "rocketchat",
        {"server": "rc.test", "token": "8H76GrcRX/DdEQjnSmgqgRXsP"},
        {"host": "rc.test", "webhook": "8H76GrcRX/DdEQjnSmgqgRXsP", "mode": "webhook", "secure": True},
    ),
    ("gotify", {"server": "push.test", "token": "AbC.d-Ef"}, {"host": "push.test", "token": "AbC.d-Ef"}),
    (
        "pushover",
        {"user": "uQiRzpo4DX", "token": "azGDORePK8"},
        {"user_key": "uQiRzpo4DX", "token": "azGDORePK8"},
    ),
    ("apprise", {"url": "json://joe@example.com/x"}, {"user": "joe", "host": "example.com"}),
]


@pytest.mark.parametrize(("key", "values", "meaning"), CASES)
def test_apprise_reads_what_was_typed(key: str, values: dict[str, str], meaning: dict[str, object]) -> None:
    provider = PROVIDER_BY_KEY[key]
    assert provider_faults(provider, values) == ()
    plugin: Any = opened(build_url(provider, values)).plugin
    assert {name: getattr(plugin, name) for name in meaning} == meaning


def test_every_service_of_the_form_was_tried() -> None:
    assert {key for key, _values, _meaning in CASES} == {provider.key for provider in PROVIDERS}
