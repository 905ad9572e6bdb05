from __future__ import annotations

from dataclasses import fields, replace

import pytest

from core.cli.service_fields import field_rows
from core.domain.kinds import FIELDS_OF, Auth, Kind
from core.domain.secret import MASK, Secret
from core.domain.services import Header, ServiceSpec
from core.wording import FIELD_LABELS, KIND_WORDS

WEB = ServiceSpec("web", "/health")
GUARDED = replace(WEB, auth=Auth.BASIC, auth_user="ops", auth_secret=Secret("hunter2"))
UNSHOWN = {"active", "method", "parent_id", "retry_interval_seconds"}
"""Told in rows of their own, or of other fields."""


def rows(spec: ServiceSpec) -> dict[str, list[str]]:
    """Give the texts of each label."""
    told: dict[str, list[str]] = {}
    for label, text in field_rows(spec, "https://acme.example/health"):
        told.setdefault(label, []).append(text)
    return told


@pytest.mark.parametrize("kind", Kind)
def test_fields_that_mean_nothing_for_a_kind_are_left_out(kind: Kind) -> None:
    shown = rows(WEB.of_kind(kind))
    meaningless = {each.name for each in fields(ServiceSpec)} - FIELDS_OF[kind]
    assert not {FIELD_LABELS[field] for field in meaningless} & shown.keys()
    assert shown["Kind"] == [KIND_WORDS[kind]]


def test_every_field_of_a_service_has_a_row() -> None:
    lines = ("one", "two")
    spec = replace(GUARDED, headers=(Header("A", Secret("x")),), json_conditions=lines)
    spec = replace(spec, expected_headers=lines, tags=lines)
    dns = replace(WEB.of_kind(Kind.DNS), expected_answers=lines)
    shown = rows(spec).keys() | rows(dns).keys()
    assert {FIELD_LABELS[each.name] for each in fields(ServiceSpec) if each.name not in UNSHOWN} <= shown


def test_each_condition_has_a_line() -> None:
    shown = rows(replace(WEB, json_conditions=("$.a", "$.b"), expected_headers=("X-Cache",)))
    assert (shown["JSON conditions"], shown["Expected headers"]) == (["$.a", "$.b"], ["X-Cache"])


def test_secrets_are_masked() -> None:
    shown = rows(replace(GUARDED, headers=(Header("X-Token", Secret("hunter3")),)))
    assert (shown["User"], shown["Secret"], shown["Headers"]) == (["ops"], [MASK], [f"X-Token: {MASK}"])


def test_a_check_that_sends_the_key_of_the_client_says_so() -> None:
    shown = rows(replace(WEB, auth=Auth.BEARER))
    assert (shown["Authentication"], shown["Secret"]) == (["bearer"], ["the client's API key"])
    assert "User" not in shown


def test_a_heartbeat_has_a_grace_and_no_address() -> None:
    shown = rows(replace(WEB.of_kind(Kind.HEARTBEAT), timeout_seconds=90.0))
    assert shown["Grace"] == ["90 s"]
    assert not {"Timeout", "Endpoint", "URL"} & shown.keys()


def test_the_url_of_http_stands_behind_its_method() -> None:
    assert rows(WEB)["URL"] == ["GET https://acme.example/health"]
    assert rows(WEB.of_kind(Kind.TLS))["URL"] == ["https://acme.example/health"]


@pytest.mark.parametrize(
    ("days", "text"), [(14, "14 d before the end of the certificate"), (None, "-"), (0, "0 d before")]
)
def test_a_certificate_is_warned_of_in_time_or_never(days: int | None, text: str) -> None:
    (shown,) = rows(replace(WEB, tls_warn_days=days))["Warn before the end"]
    assert shown.startswith(text)
