"""Clients and services name every fault at once, and nothing faultless is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.domain.clients import ClientSpec
from core.domain.kinds import Auth
from core.domain.secret import Secret
from core.domain.services import Header, ServiceSpec, status_expected
from core.domain.targets import target_url, with_scheme

CLIENT = ClientSpec("Acme", dns="api.acme.example/v2/", api_key=Secret("k-123"))
SERVICE = ServiceSpec("web", "/health")


def codes(**changes: Any) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in replace(SERVICE, **changes).faults(CLIENT)]


def test_a_plain_service_has_no_fault() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name": ""}, ("name", "required")),
        ({"name": "   "}, ("name", "required")),
        ({"name": " web"}, ("name", "outer_spaces")),
        ({"name": "n" * 81}, ("name", "too_long")),
        ({"name": "we\x1bb"}, ("name", "control_characters")),
        ({"name": "we\u202eb"}, ("name", "control_characters")),
        ({"name": "[red]web"}, ("name", "markup")),
        ({"endpoint": ""}, ("endpoint", "required")),
        ({"endpoint": "acme.example/health"}, ("endpoint", "url_form")),
        ({"endpoint": "http:/acme.example"}, ("endpoint", "url_form")),
        ({"endpoint": "ftp://acme.example/"}, ("endpoint", "target_scheme")),
        ({"endpoint": "https://"}, ("endpoint", "url_host_missing")),
        ({"endpoint": "https://a..b/"}, ("endpoint", "url_host")),
        ({"endpoint": "https://-a.example/"}, ("endpoint", "url_host")),
        ({"endpoint": "https://acme.example:99999/"}, ("endpoint", "url_port")),
        ({"endpoint": "https://acme.example:0/"}, ("endpoint", "url_port")),
        ({"endpoint": "https://acme.example:x/"}, ("endpoint", "url_port")),
        ({"endpoint": "https://[::1/"}, ("endpoint", "url_form")),
        ({"endpoint": "https://acme example/"}, ("endpoint", "url_spaces")),
        ({"endpoint": "https://u:p@acme.example/"}, ("endpoint", "url_credentials")),
        ({"endpoint": "/he alth"}, ("endpoint", "url_spaces")),
        ({"endpoint": "/he\x07alth"}, ("endpoint", "control_characters")),
        ({"endpoint": "/" + "h" * 2000}, ("endpoint", "too_long")),
        ({"method": "FETCH"}, ("method", "method")),
        ({"method": "get"}, ("method", "method")),
        ({"expected_status": ""}, ("expected_status", "required")),
        ({"expected_status": "ok"}, ("expected_status", "status_form")),
        ({"expected_status": "200,"}, ("expected_status", "status_form")),
        ({"expected_status": "99-200"}, ("expected_status", "status_form")),
        ({"expected_status": "600"}, ("expected_status", "status_range")),
        ({"expected_status": "099"}, ("expected_status", "status_range")),
        ({"expected_status": "299-200"}, ("expected_status", "status_reversed")),
        ({"interval_seconds": 0}, ("interval_seconds", "seconds_range")),
        ({"interval_seconds": float("nan")}, ("interval_seconds", "seconds_range")),
        ({"interval_seconds": 86_401}, ("interval_seconds", "seconds_range")),
        ({"timeout_seconds": 0}, ("timeout_seconds", "seconds_range")),
        ({"timeout_seconds": -3}, ("timeout_seconds", "seconds_range")),
        ({"timeout_seconds": 31}, ("timeout_seconds", "timeout_over_interval")),
        ({"retry_interval_seconds": 0}, ("retry_interval_seconds", "seconds_range")),
        ({"retries": -1}, ("retries", "count_range")),
        ({"retries": 101}, ("retries", "count_range")),
        ({"recoveries": 0}, ("recoveries", "count_range")),
        ({"degraded_above_ms": 0}, ("degraded_above_ms", "degraded_range")),
        ({"degraded_above_ms": 10_000}, ("degraded_above_ms", "degraded_range")),
        ({"headers": (Header("X Y", Secret("v")),)}, ("headers", "header_name")),
        ({"headers": (Header("Host", Secret("v")),)}, ("headers", "header_own")),
        ({"headers": (Header("X", Secret("a\r\nB: c")),)}, ("headers", "header_value")),
        ({"headers": (Header("X", Secret("☃")),)}, ("headers", "header_value")),
        ({"headers": tuple(Header(f"X-{n}", Secret("v")) for n in range(51))}, ("headers", "too_many")),
        ({"body": "x" * 65_537}, ("body", "too_long")),
        ({"contains": "\x00"}, ("contains", "control_characters")),
        ({"tags": ("a b",)}, ("tags", "tag_form")),
        ({"tags": ("",)}, ("tags", "tag_form")),
        ({"tags": ("t" * 41,)}, ("tags", "too_long")),
        ({"runbook_url": "wiki"}, ("runbook_url", "url_form")),
        ({"notes": "n" * 4001}, ("notes", "too_long")),
    ],
)
def test_each_bad_field_of_a_service_has_its_own_fault(
    changes: dict[str, Any], fault: tuple[str, str]
) -> None:
    assert codes(**changes) == [fault]


def test_every_fault_is_named_at_once() -> None:
    found = codes(name="", endpoint="gopher://x", expected_status="1", timeout_seconds=0)
    assert [field for field, _ in found] == ["name", "endpoint", "expected_status", "timeout_seconds"]


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": "https://münchen.example/"},
        {"endpoint": "http://127.0.0.1:8080/a?b=c"},
        {"endpoint": "https://[2001:db8::1]:443/"},
        {"endpoint": "https://under_score.example./"},
        {"expected_status": "200-299, 301,404"},
        {"expected_status": "100-599"},
        {"timeout_seconds": 30},
        {"interval_seconds": 86_400},
        {"headers": (Header("Authorization", Secret("Bearer {api_key}")),)},
        {"notes": "two\nlines\tand a tab"},
        {"name": "Rechnungen · Füße 日本"},
    ],
)
def test_what_is_right_is_taken(changes: dict[str, Any]) -> None:
    assert codes(**changes) == []


def test_a_path_needs_a_base_url_of_the_client() -> None:
    found = SERVICE.faults(ClientSpec("Bare"))
    assert [(fault.field, fault.code) for fault in found] == [("endpoint", "path_without_dns")]


def test_a_header_that_refers_to_an_api_key_needs_one() -> None:
    service = replace(SERVICE, headers=(Header("X-Key", Secret("{api_key}")),))
    found = service.faults(replace(CLIENT, api_key=None))
    assert [(fault.field, fault.code) for fault in found] == [("headers", "api_key_missing")]


def test_authentication_without_any_secret_is_one_mistake() -> None:
    found = replace(SERVICE, auth=Auth.BEARER).faults(replace(CLIENT, api_key=None))
    assert [(fault.field, fault.code) for fault in found] == [("auth_secret", "auth_secret_missing")]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name": "[b]Acme"}, ("name", "markup")),
        ({"dns": "ftp://acme.example"}, ("dns", "url_scheme")),
        ({"dns": "acme.example?x=1"}, ("dns", "url_query")),
        ({"dns": "acme .example"}, ("dns", "url_spaces")),
        ({"dns": "user:secret@acme.example"}, ("dns", "url_credentials")),
        ({"api_key": Secret("")}, ("api_key", "required")),
        ({"api_key": Secret("a\nb")}, ("api_key", "control_characters")),
        ({"api_key": Secret("k" * 4001)}, ("api_key", "too_long")),
        ({"description": "\x1b]0;x\x07"}, ("description", "control_characters")),
        ({"tags": ("a,b",)}, ("tags", "tag_form")),
        ({"runbook_url": "ftp://x.example"}, ("runbook_url", "url_scheme")),
    ],
)
def test_each_bad_field_of_a_client_has_its_own_fault(
    changes: dict[str, Any], fault: tuple[str, str]
) -> None:
    found = replace(CLIENT, **changes).faults()
    assert [(each.field, each.code) for each in found] == [fault]


def test_no_fault_repeats_a_secret() -> None:
    spec = replace(SERVICE, headers=(Header("X", Secret("hunter2\n")),))
    client = replace(CLIENT, api_key=Secret("hunter2\n"))
    assert "hunter2" not in repr((spec, client, spec.faults(client), client.faults()))
    assert "hunter2" not in f"{spec.headers[0].value} {client.api_key}"


@pytest.mark.parametrize(
    ("dns", "endpoint", "url"),
    [
        ("acme.example", "/health", "https://acme.example/health"),
        ("http://acme.example/api/", "/health", "http://acme.example/api/health"),
        ("acme.example:8443", "/", "https://acme.example:8443/"),
        ("acme.example", "http://other.example/x", "http://other.example/x"),
    ],
)
def test_a_path_goes_below_the_base_url_and_a_url_stands_alone(dns: str, endpoint: str, url: str) -> None:
    assert target_url(dns, endpoint) == url


def test_a_base_url_without_a_scheme_means_https() -> None:
    assert with_scheme("acme.example") == "https://acme.example"
    assert with_scheme("http://acme.example") == "http://acme.example"


@pytest.mark.parametrize(
    ("expected", "code", "is_expected"),
    [("200", 200, True), ("200", 201, False), ("200-299, 404", 404, True), ("200-299,404", 300, False)],
)
def test_a_set_of_status_codes_holds_its_ranges(expected: str, code: int, is_expected: bool) -> None:
    assert status_expected(expected, code) is is_expected
