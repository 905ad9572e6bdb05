"""Forms of services say what is missing; what they build is tested against Apprise itself elsewhere."""

from __future__ import annotations

import pytest

from core.domain.providers import FIELD_PREFIX, PROVIDER_BY_KEY, PROVIDERS, build_url, provider_faults

MAIL = {"host": "smtp.example.com", "from": "ronda@example.com", "to": "ops@example.com"}


def codes(key: str, values: dict[str, str]) -> dict[str, str]:
    faults = provider_faults(PROVIDER_BY_KEY[key], values)
    return {fault.field.removeprefix(FIELD_PREFIX): fault.code for fault in faults}


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.key)
def test_every_required_field_is_asked_for_at_once(provider: object) -> None:
    found = next(each for each in PROVIDERS if each is provider)
    required = {field.name for field in found.fields if field.required}
    assert codes(found.key, {}) == dict.fromkeys(required, "required")


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.key)
def test_control_characters_are_refused_everywhere(provider: object) -> None:
    found = next(each for each in PROVIDERS if each is provider)
    values = {field.name: "x\x1b[0m" for field in found.fields}
    assert set(codes(found.key, values).values()) == {"control_characters"}


@pytest.mark.parametrize(
    ("key", "values", "faults"),
    [
        ("mail", MAIL, {}),
        ("mail", {**MAIL, "to": "a@example.com, b@example.org; c@example.net"}, {}),
        ("mail", {**MAIL, "password": "secret"}, {"user": "channel_user"}),
        ("mail", {**MAIL, "port": "smtp"}, {"port": "channel_form"}),
        ("mail", {**MAIL, "host": "smtp.example.com/x"}, {"host": "channel_form"}),
        ("mail", {**MAIL, "to": "nobody"}, {"to": "channel_form"}),
        ("mail", {**MAIL, "encryption": "tls9"}, {"encryption": "choice"}),
        ("slack", {"url": "https://example.com/services/A/B/C"}, {"url": "channel_form"}),
        (
            "telegram",
            {"token": "abc", "chat": "two words"},
            {"token": "channel_form", "chat": "channel_form"},
        ),
        ("teams", {"url": "https://example.com/workflows/x"}, {"url": "channel_form"}),
        ("ntfy", {"topic": "on call"}, {"topic": "channel_form"}),
        ("ntfy", {"topic": "on-call", "server": "https://x.example/?q"}, {"server": "channel_form"}),
        ("pagerduty", {"key": "abc", "region": "mars"}, {"region": "choice"}),
        ("matrix", {"server": "m.org", "password": "x", "room": "ops"}, {"room": "channel_form"}),
    ],
)
def test_a_fault_names_its_field(key: str, values: dict[str, str], faults: dict[str, str]) -> None:
    assert codes(key, values) == faults


def test_no_fault_holds_a_secret() -> None:
    for provider in PROVIDERS:
        values = {field.name: "s3cret \t!" for field in provider.fields if field.secret}
        for fault in provider_faults(provider, values):
            assert "s3cret" not in str(fault.parameters)


def test_spaces_around_a_value_are_dropped_but_not_those_of_a_password() -> None:
    values = {**MAIL, "host": " smtp.example.com ", "user": " joe ", "password": " a b "}
    assert "://joe:%20a%20b%20@smtp.example.com/" in build_url(PROVIDER_BY_KEY["mail"], values)


def test_examples_have_the_form_that_they_show() -> None:
    for provider in PROVIDERS:
        for field in provider.fields:
            if field.example and "…" not in field.example:
                assert field.name not in codes(provider.key, {field.name: field.example})
