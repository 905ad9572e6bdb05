"""``ronda service`` on a real database."""

from __future__ import annotations

import io
import sys

import pytest

from tests.cli.support import Ronda, Target

KEYS = [
    "id",
    "client_id",
    "client",
    "name",
    "kind",
    "endpoint",
    "url",
    "method",
    "expected_status",
    "timeout_s",
    "interval_s",
    "header_names",
    "auth",
    "auth_user",
    "has_auth_secret",
    "body",
    "contains",
    "not_contains",
    "matches",
    "json_conditions",
    "expected_headers",
    "record_type",
    "expected_answers",
    "retries",
    "retry_interval_s",
    "recoveries",
    "parent_id",
    "degraded_above_ms",
    "follow_redirects",
    "verify_tls",
    "tls_warn_days",
    "client_cert",
    "client_key",
    "tags",
    "active",
    "runbook_url",
    "notes",
    "version",
    "created_at",
    "updated_at",
    "deleted_at",
]
ADD = ("service", "add", "--client", "acme", "--name", "web", "--endpoint", "/health")


@pytest.fixture
def acme(ronda_db: Ronda) -> Ronda:
    """Run commands on a database that knows one client."""
    ronda_db("client", "add", "--name", "Acme", "--dns", "https://acme.example/", "--api-key", "k3y")
    return ronda_db


def test_a_service_is_added_with_everything_that_was_named(acme: Ronda) -> None:
    added = acme(
        *ADD,
        *("--method", "post", "--expect", "200-299,301", "--timeout", "2.5", "--interval", "60"),
        *("--retries", "3", "--retry-interval", "7", "--recoveries", "2", "--degraded-above-ms", "800"),
        *("--header", "Authorization: Bearer {api_key}", "--header", "X-Token: hunter2"),
        *("--body", "{}", "--contains", "ok", "--not-contains", "error", "--insecure", "--no-redirects"),
        *("--matches", "^o+k", "--json-condition", '$.status == "ok"', "--json-condition", "$.queue < 9"),
        *("--expect-header", "X-Cache", "--expect-header", "Content-Type: json", "--tls-warn-days", "30"),
        *("--client-cert", "/etc/ronda/c.pem", "--client-key", "/etc/ronda/k.pem"),
        *("--tag", "a", "--tag", "b", "--inactive", "--runbook-url", "https://w.example", "--notes", "n"),
        "--json",
    )
    assert (added.code, added.err) == (0, "ronda: Added the service web (id 1).\n")
    service = added.document["service"]
    assert list(service) == KEYS
    assert {name: service[name] for name in KEYS[:37]} == {
        "id": 1,
        "client_id": 1,
        "client": "Acme",
        "name": "web",
        "kind": "http",
        "endpoint": "/health",
        "url": "https://acme.example/health",
        "method": "POST",
        "expected_status": "200-299,301",
        "timeout_s": 2.5,
        "interval_s": 60.0,
        "header_names": ["Authorization", "X-Token"],
        "auth": "none",
        "auth_user": "",
        "has_auth_secret": False,
        "body": "{}",
        "contains": "ok",
        "not_contains": "error",
        "matches": "^o+k",
        "json_conditions": ['$.status == "ok"', "$.queue < 9"],
        "expected_headers": ["X-Cache", "Content-Type: json"],
        "record_type": "A",
        "expected_answers": [],
        "retries": 3,
        "retry_interval_s": 7.0,
        "recoveries": 2,
        "parent_id": None,
        "degraded_above_ms": 800,
        "follow_redirects": False,
        "verify_tls": False,
        "tls_warn_days": 30,
        "client_cert": "/etc/ronda/c.pem",
        "client_key": "/etc/ronda/k.pem",
        "tags": ["a", "b"],
        "active": False,
        "runbook_url": "https://w.example",
        "notes": "n",
    }
    assert "hunter2" not in added.out
    assert "k3y" not in added.out


def test_what_is_not_named_has_the_defaults_of_the_contract(
    acme: Ronda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEALTH_CHECK_INTERVAL", "45")
    service = acme(*ADD, "--json").document["service"]
    assert (service["method"], service["expected_status"]) == ("GET", "200")
    assert (service["interval_s"], service["timeout_s"]) == (45.0, 10.0)
    assert (service["retries"], service["retry_interval_s"], service["recoveries"]) == (2, None, 1)
    assert (service["degraded_above_ms"], service["verify_tls"], service["active"]) == (None, True, True)
    assert (service["kind"], service["auth"], service["tls_warn_days"]) == ("http", "none", 14)


def test_a_short_interval_shortens_the_default_timeout(acme: Ronda) -> None:
    service = acme(*ADD, "--interval", "3", "--json").document["service"]
    assert (service["interval_s"], service["timeout_s"]) == (3.0, 3.0)


def test_services_are_listed_with_what_is_checked(acme: Ronda) -> None:
    acme(*ADD)
    acme("client", "add", "--name", "Other")
    acme("service", "add", "--client", "2", "--name", "api", "--endpoint", "http://o.example", "--inactive")
    acme("service", "add", "--client", "acme", "--name", "db", "--endpoint", "tcp://db.acme.example:5432")
    acme("service", "add", "--client", "acme", "--name", "job", "--kind", "heartbeat")
    assert [line.split() for line in acme("service", "list").lines[1:]] == [
        ["3", "Acme", "db", "tcp", "tcp://db.acme.example:5432", "30", "s", "active"],
        ["4", "Acme", "job", "heartbeat", "-", "30", "s", "active"],
        ["1", "Acme", "web", "GET", "https://acme.example/health", "30", "s", "active"],
        ["2", "Other", "api", "GET", "http://o.example", "30", "s", "paused"],
    ]
    document = acme("service", "list", "--client", "other", "--json").document
    assert [service["name"] for service in document["services"]] == ["api"]


def test_a_service_is_shown_with_how_it_is_and_without_header_values(acme: Ronda) -> None:
    acme(*ADD, "--header", "X-Token: hunter2")
    shown = acme("service", "show", "web")
    assert shown.lines[0].split() == ["Status", "unknown"]
    assert any("X-Token: ••••••••" in line for line in shown.lines)
    assert "hunter2" not in shown.out
    document = acme("service", "show", "acme/web", "--json").document
    assert list(document["service"]) == KEYS
    assert document["state"] == {
        "status": "unknown",
        "since": None,
        "stale": False,
        "failing_attempt": 0,
        "soft_failures": 0,
        "flapping": False,
        "flap_percent": 0.0,
        "maintenance_until": None,
        "last_check": None,
    }


def test_an_edit_changes_what_is_named(acme: Ronda) -> None:
    acme(*ADD, "--header", "A: 1", "--header", "B: 2", "--insecure", "--no-redirects", "--retries", "5")
    options = ("--header", "C: 3", "--no-insecure", "--redirects", "--interval", "90", "--name", "www")
    service = acme("service", "edit", "web", *options, "--json").document["service"]
    assert (service["name"], service["header_names"], service["interval_s"]) == ("www", ["C"], 90.0)
    assert (service["verify_tls"], service["follow_redirects"], service["retries"]) == (True, True, 5)


def test_no_x_clears(acme: Ronda) -> None:
    acme(
        *ADD,
        *("--header", "A: 1", "--body", "b", "--contains", "c", "--not-contains", "d"),
        *("--retry-interval", "7", "--degraded-above-ms", "800", "--tag", "t", "--notes", "n"),
    )
    service = acme(
        "service",
        "edit",
        "web",
        *("--no-headers", "--no-body", "--no-contains", "--no-not-contains", "--no-retry-interval"),
        *("--no-degraded-above-ms", "--no-tag", "--no-notes", "--json"),
    ).document["service"]
    assert [service[name] for name in ("header_names", "body", "contains", "not_contains")] == [
        [],
        "",
        "",
        "",
    ]
    assert [service[name] for name in ("retry_interval_s", "degraded_above_ms")] == [None, None]
    assert [service[name] for name in ("tags", "notes")] == [[], ""]


def test_an_edit_changes_and_clears_expectations_and_credentials(acme: Ronda) -> None:
    acme(
        *(*ADD, "--auth", "basic", "--auth-user", "ops", "--auth-secret", "hunter2", "--matches", "a"),
        *("--json-condition", "$.a", "--expect-header", "A", "--client-cert", "/c", "--client-key", "/k"),
    )
    options = ("--auth", "bearer", "--no-auth-user", "--json-condition", "$.b", "--tls-warn-days", "7")
    service = acme("service", "edit", "web", *options, "--json").document["service"]
    assert (service["auth"], service["auth_user"], service["has_auth_secret"]) == ("bearer", "", True)
    assert (service["json_conditions"], service["tls_warn_days"], service["matches"]) == (["$.b"], 7, "a")
    service = acme(
        *("service", "edit", "web", "--no-auth-secret", "--no-matches", "--no-json-conditions"),
        *("--no-expect-header", "--no-tls-warn-days", "--no-client-cert", "--no-client-key", "--json"),
    ).document["service"]
    assert (service["has_auth_secret"], service["matches"], service["json_conditions"]) == (False, "", [])
    assert (service["expected_headers"], service["tls_warn_days"]) == ([], None)
    assert (service["client_cert"], service["client_key"]) == ("", "")


def test_a_secret_is_read_from_standard_input_and_never_printed(
    acme: Ronda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hunter2\n"))
    added = acme(*ADD, "--auth", "basic", "--auth-user", "ops", "--auth-secret", "-", "--json")
    assert added.document["service"]["has_auth_secret"] is True
    printed = [
        acme("service", *words).out for words in (["show", "web"], ["curl", "web"], ["list", "--json"])
    ]
    assert "ops" in printed[0]
    assert "$PASSWORD" in printed[1]
    assert not any("hunter2" in text for text in (added.out, added.err, *printed))


def test_another_kind_drops_what_means_nothing_there(acme: Ronda) -> None:
    acme(*ADD, "--method", "POST", "--header", "A: 1", "--auth", "bearer", "--contains", "ok", "--tag", "t")
    edited = acme("service", "edit", "web", "--kind", "tcp", "--endpoint", "db.acme.example:5432", "--json")
    service = edited.document["service"]
    assert (service["kind"], service["url"]) == ("tcp", "tcp://db.acme.example:5432")
    assert (service["method"], service["header_names"], service["auth"]) == ("GET", [], "none")
    assert (service["contains"], service["tags"]) == ("ok", ["t"])
    service = acme("service", "edit", "web", "--kind", "heartbeat", "--json").document["service"]
    assert (service["kind"], service["endpoint"], service["contains"]) == ("heartbeat", "", "")


def test_another_kind_needs_an_endpoint_of_its_own(acme: Ronda) -> None:
    acme(*ADD)
    ended = acme("service", "edit", "web", "--kind", "tcp")
    assert (ended.code, "Endpoint: This is not a target of this kind" in ended.err) == (2, True)
    assert "Choose the other kind" in acme("service", "edit", "web", "--endpoint", "icmp://192.0.2.7").err
    assert acme("service", "show", "web", "--json").document["service"]["kind"] == "http"


def test_an_edit_that_changes_nothing_says_so(acme: Ronda) -> None:
    acme(*ADD)
    assert "Nothing of the service web was changed" in acme("service", "edit", "web", "--retries", "2").err


def test_pause_and_resume(acme: Ronda) -> None:
    acme(*ADD)
    assert acme("service", "pause", "web", "--json").document["service"]["active"] is False
    assert acme("service", "resume", "web", "--json").document["service"]["active"] is True


def test_a_duplicate_is_named_after_its_original(acme: Ronda) -> None:
    acme(*ADD, "--contains", "ok")
    copies = [acme("service", "duplicate", "web", "--json").document["service"] for _number in range(2)]
    assert [copy["name"] for copy in copies] == ["web (copy)", "web (copy 2)"]
    assert copies[0]["contains"] == "ok"
    assert acme("service", "duplicate", "web", "--name", "www").code == 0


def test_a_removed_service_comes_back_as_the_message_says(acme: Ronda) -> None:
    acme(*ADD)
    removed = acme("service", "remove", "web", "--json")
    assert "'ronda service restore 1'" in removed.err
    assert removed.document["service"]["deleted_at"] is not None
    assert acme("service", "list", "--json").document == {"services": []}
    assert len(acme("service", "list", "--deleted", "--json").document["services"]) == 1
    acme(*ADD)
    assert acme("service", "restore", "1").code == 2
    assert acme("service", "restore", "1", "--name", "web 2", "--json").document["service"]["name"] == "web 2"


def test_a_name_of_several_services_must_be_told_apart(acme: Ronda) -> None:
    acme("client", "add", "--name", "Other", "--dns", "https://other.example")
    acme(*ADD)
    acme("service", "add", "--client", "other", "--name", "web", "--endpoint", "/")
    ambiguous = acme("service", "show", "web")
    assert (ambiguous.code, ambiguous.out) == (2, "")
    assert "Acme/web (1), Other/web (2)" in ambiguous.err
    for arguments in (["other/web"], ["web", "--client", "other"], ["2"]):
        document = acme("service", "show", *arguments, "--json").document
        assert document["service"]["client"] == "Other"


@pytest.mark.parametrize(
    "command",
    ["show", "edit", "remove", "restore", "duplicate", "pause", "resume", "check", "history", "curl"],
)
def test_an_unknown_service_exits_1(ronda_db: Ronda, command: str) -> None:
    ended = ronda_db("service", command, "nothing")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("ronda: There is no service nothing")


def test_an_unknown_client_exits_1(ronda_db: Ronda) -> None:
    assert ronda_db(*ADD).code == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--interval", "0"], "Interval: Give seconds from 1 to 86400."),
        (["--interval", "-5"], "Interval: Give seconds from"),
        (["--interval", "soon"], "Interval: soon is not a number."),
        (["--timeout", "0"], "Timeout: Give seconds from 0.1"),
        (
            ["--timeout", "20", "--interval", "10"],
            "Timeout: Give a timeout that is not longer than the interval",
        ),
        (["--retries", "2.5"], "Retries: 2.5 is not a whole number."),
        (["--retries", "-1"], "Retries: Give a whole number from 0 to 100."),
        (["--recoveries", "0"], "Recoveries: Give a whole number from 1"),
        (["--retry-interval", "0"], "Retry interval: Give seconds from"),
        (["--degraded-above-ms", "10000"], "Degraded above: Give whole milliseconds from 1 to below"),
        (["--method", "brew"], "Method: BREW is not a method."),
        (["--expect", "600"], "Expected status: 600 is outside 100 to 599."),
        (
            ["--kind", "gopher"],
            "Kind: gopher is not known. Choose one of http, tcp, tls, dns, icmp, heartbeat.",
        ),
        (["--auth", "digest"], "Authentication: digest is not known. Choose one of none, basic, bearer."),
        (["--auth-user", "ops"], "Authentication: Choose basic or bearer"),
        (["--auth", "basic"], "User: This cannot be empty."),
        (["--auth", "bearer", "--auth-user", "ops"], "User: Only basic authentication has a user name."),
        (["--auth", "bearer", "--auth-secret", ""], "Secret: This cannot be empty."),
        (["--matches", "(oops"], "Matches: This is not a regular expression of RE2: a ( is not closed."),
        (["--json-condition", "status"], "JSON conditions: status does not begin with a JSON path."),
        (["--json-condition", ""], "JSON conditions: This cannot be empty."),
        (["--expect-header", "no name: x"], "Expected headers: no name: x names no header."),
        (["--tls-warn-days", "366"], "Warn before the end: Give a whole number from 0 to 365."),
        (["--tls-warn-days", "soon"], "Warn before the end: soon is not a whole number."),
        (["--client-cert", "c.pem"], "Client certificate: Give the whole path"),
        (["--client-key", "/k.pem"], "Client certificate: Give the certificate that the key belongs to"),
        (["--record-type", "MX"], "Record type: --record-type means nothing for a service of the kind http."),
        (["--header", "nonsense"], "Headers: Write a header as 'Name: value'."),
        (["--header", "Content-Length: 3"], "Headers: Content-Length is set by Ronda itself."),
        (["--runbook-url", "x"], "Runbook: This is not an address."),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(acme: Ronda, options: list[str], sentence: str) -> None:
    ended = acme(*ADD, *options)
    assert (ended.code, ended.out) == (2, "")
    assert f"ronda: {sentence}" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert acme("service", "list", "--json").document == {"services": []}


def test_every_mistake_is_named_at_once(acme: Ronda) -> None:
    ended = acme(*ADD, "--interval", "x", "--retries", "y", "--method", "brew", "--endpoint", "ftp://x")
    labels = {line.removeprefix("ronda: ").split(":")[0] for line in ended.err.splitlines()}
    assert labels == {"Interval", "Retries", "Method", "Endpoint"}


def test_a_path_needs_an_address_of_the_client(ronda_db: Ronda) -> None:
    ronda_db("client", "add", "--name", "acme")
    ended = ronda_db(*ADD, "--header", "A: {api_key}")
    assert ended.code == 2
    assert "Endpoint: A path needs a client with a base address, and acme has none." in ended.err
    assert "Headers: A header refers to {api_key}, but acme has no API key." in ended.err


def test_a_client_cannot_lose_what_its_services_need(acme: Ronda) -> None:
    acme(*ADD, "--header", "A: {api_key}")
    ended = acme("client", "edit", "acme", "--no-dns", "--no-api-key")
    assert ended.code == 2
    assert "DNS: Keep an address" in ended.err
    assert "API key: Keep a key" in ended.err
    assert "web" in ended.err


def test_a_check_without_a_leader_is_made_here_and_said_not_to_be_stored(
    ronda_db: Ronda, target: Target
) -> None:
    ronda_db("client", "add", "--name", "acme", "--dns", target.url(""))
    ronda_db("service", "add", "--client", "acme", "--name", "good", "--endpoint", "/200")
    ronda_db("service", "add", "--client", "acme", "--name", "bad", "--endpoint", "/500")
    good = ronda_db("service", "check", "good", "--json")
    assert (good.code, good.document["status"], good.document["url"]) == (0, "up", target.url("/200"))
    assert "not stored" in good.err
    assert ronda_db("service", "check", "bad").code == 1
    assert ronda_db("service", "history", "good", "--json").document["checks"] == []


def test_a_heartbeat_is_not_checked(acme: Ronda) -> None:
    acme("service", "add", "--client", "acme", "--name", "backup", "--kind", "heartbeat")
    ended = acme("service", "check", "backup")
    assert (ended.code, ended.out, "'ronda beat NAME'" in ended.err) == (2, "", True)


@pytest.mark.parametrize("limit", ["0", "10001", "many", "-3"])
def test_a_limit_is_a_whole_number_within_reason(ronda_db: Ronda, limit: str) -> None:
    ended = ronda_db("service", "history", "web", "--limit", limit)
    assert (ended.code, ended.err.startswith("ronda: Limit: ")) == (2, True)


def test_curl_repeats_the_check_without_its_secrets(acme: Ronda) -> None:
    acme(*ADD, "--header", "Authorization: Bearer {api_key}", "--header", "X-Token: hunter2")
    printed = acme("service", "curl", "web")
    assert printed.lines[0].startswith("curl ")
    assert printed.lines[0].endswith(" https://acme.example/health")
    assert "$API_KEY" in printed.out
    assert "hunter2" not in printed.out
    assert acme("service", "curl", "web", "--json").document == {"command": printed.lines[0]}


def test_curl_gives_what_fits_another_kind(acme: Ronda) -> None:
    acme("service", "add", "--client", "acme", "--name", "router", "--endpoint", "icmp://192.0.2.7")
    assert acme("service", "curl", "router").lines == ["ping -c 1 -W 10 192.0.2.7"]


@pytest.mark.parametrize("named", ["gateway", "ACME/gateway", "1"])
def test_a_service_is_told_what_it_depends_on_by_name_or_number(acme: Ronda, named: str) -> None:
    acme("service", "add", "--client", "acme", "--name", "gateway", "--endpoint", "/")
    added = acme(*ADD, "--parent", named, "--json")
    assert (added.code, added.document["service"]["parent_id"]) == (0, 1)
    shown = [line.split() for line in acme("service", "show", "web").lines]
    assert ["Depends", "on", "Acme/gateway"] in shown
    assert acme("service", "edit", "web", "--no-parent", "--json").document["service"]["parent_id"] is None
    assert not any("Depends on" in line for line in acme("service", "show", "web").lines)


def test_a_circle_or_a_parent_that_is_not_there_is_refused_in_clear_words(acme: Ronda) -> None:
    acme("service", "add", "--client", "acme", "--name", "gateway", "--endpoint", "/")
    acme(*ADD, "--parent", "gateway")
    circle = acme("service", "edit", "gateway", "--parent", "web")
    assert (circle.code, circle.out) == (2, "")
    assert "Depends on: They would wait for each other: gateway -> web -> gateway." in circle.err
    lost = acme("service", "edit", "gateway", "--parent", "wep")
    assert (lost.code, lost.out) == (1, "")
    assert "There is no service wep. Did you mean web" in lost.err


def test_a_parent_in_the_bin_is_shown_as_that(acme: Ronda) -> None:
    acme("service", "add", "--client", "acme", "--name", "gateway", "--endpoint", "/")
    acme(*ADD, "--parent", "gateway")
    acme("service", "remove", "gateway")
    assert "the service with the number 1, which is in the bin" in acme("service", "show", "web").out
    assert acme("service", "edit", "web", "--notes", "still editable").code == 0
