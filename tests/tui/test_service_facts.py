"""What the page of a service says of its settings, and what lists say of its kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.kinds import Auth, Kind
from core.domain.secret import Secret
from core.domain.services import Service, ServiceSpec
from core.domain.status import ServiceState
from core.operations.board import BoardLine
from tests.tui.forms import LEDGER, NORTHWIND, NOW
from tui.board_model import Entry
from tui.formatting import NOTHING
from tui.service_words import asked, expected, label_of
from tui.widgets.inventory_rows import service_row
from tui.widgets.service_facts import settings_facts


def entry_of(spec: ServiceSpec) -> Entry:
    service: Service = replace(LEDGER, spec=spec)
    return Entry(BoardLine(service, NORTHWIND, ServiceState()), NOW)


def facts_of(spec: ServiceSpec) -> dict[str, str]:
    return {fact.label: fact.value for fact in settings_facts(entry_of(spec))}


def test_a_request_says_method_codes_and_who_it_is_but_no_secret() -> None:
    spec = ServiceSpec(
        "api", "/x", auth=Auth.BASIC, auth_user="monitor", auth_secret=Secret("hush"), verify_tls=False
    )
    facts = facts_of(spec)
    assert facts["Target"] == "https://api.northwind.example/x"
    assert facts["Method"] == "GET, expects 200"
    assert facts["Authentication"] == "basic, as monitor"
    assert facts["Verify TLS"] == "no"
    assert "Kind" not in facts
    assert "hush" not in str(facts)


def test_a_token_needs_no_user() -> None:
    spec = ServiceSpec("api", "/x", auth=Auth.BEARER, auth_secret=Secret("hush"))
    assert facts_of(spec)["Authentication"] == "bearer"


def test_every_expectation_of_a_request_is_told() -> None:
    spec = ServiceSpec(
        "api",
        "/x",
        matches="ok$",
        json_conditions=("$.a == 1", "$.b"),
        expected_headers=("ETag",),
        tls_warn_days=None,
        client_cert="/etc/a.pem",
    )
    facts = facts_of(spec)
    assert facts["Matches"] == "ok$"
    assert facts["JSON conditions"] == "$.a == 1\n$.b"
    assert facts["Expected headers"] == "ETag"
    assert facts["Warn before the end"] == "never"
    assert facts["Client certificate"] == "/etc/a.pem"


def test_a_connection_says_what_is_sent_and_expected() -> None:
    facts = facts_of(ServiceSpec("db", "db.example:5432", Kind.TCP, body="PING", contains="PONG"))
    assert facts["Target"] == "tcp://db.example:5432"
    assert facts["Kind"] == "TCP connection"
    assert (facts["Send"], facts["Expect"]) == ("PING", "PONG")
    assert not {"Method", "Contains", "Warn before the end"} & set(facts)


def test_a_certificate_says_when_it_warns_and_a_name_what_is_asked() -> None:
    assert facts_of(ServiceSpec("tls", "example.com", Kind.TLS))["Warn before the end"] == "14 days"
    spec = ServiceSpec("mx", "example.com", Kind.DNS, record_type="MX", expected_answers=("10 a", "20 b"))
    facts = facts_of(spec)
    assert (facts["Record type"], facts["Expected answers"]) == ("MX", "10 a\n20 b")


def test_a_heartbeat_has_interval_and_grace_and_no_target() -> None:
    spec = ServiceSpec(
        "job", "", Kind.HEARTBEAT, interval_seconds=86_400.0, timeout_seconds=1800.0, tags=("x",)
    )
    facts = facts_of(spec)
    assert facts == {"Kind": "heartbeat", "Interval": "24h", "Grace": "30m", "Tags": "x"}


@pytest.mark.parametrize(
    ("spec", "what", "answer"),
    [
        (ServiceSpec("a", "/x", method="HEAD", expected_status="204"), "HEAD", "204"),
        (ServiceSpec("a", "db:5432", Kind.TCP, contains="PONG"), "TCP", "PONG"),
        (ServiceSpec("a", "h", Kind.TLS), "TLS", NOTHING),
        (ServiceSpec("a", "h", Kind.DNS, record_type="CNAME", expected_answers=("b", "c")), "CNAME", "b, c"),
        (ServiceSpec("a", "h", Kind.ICMP), "ICMP", NOTHING),
        (ServiceSpec("a", "", Kind.HEARTBEAT), NOTHING, NOTHING),
    ],
)
def test_a_list_says_what_is_asked_and_expected(spec: ServiceSpec, what: str, answer: str) -> None:
    assert (asked(spec), expected(spec)) == (what, answer)
    texts = ["".join(text for text, _colour in cell) for cell in service_row(entry_of(spec)).cells]
    assert texts[3:5] == [what, answer]


def test_a_label_that_no_kind_changes_is_the_one_of_everywhere() -> None:
    assert label_of(Kind.HTTP, "timeout_seconds") == "Timeout"
    assert label_of(Kind.HEARTBEAT, "timeout_seconds") == "Grace"
