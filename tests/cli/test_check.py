"""``ronda check``: a contract that scripts depend on."""

from __future__ import annotations

import base64
import io
import socketserver
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import dns.message
import dns.rrset
import pytest

from tests.checks.certificates import Authority
from tests.cli.support import Ronda, Target, listening

KEYS = [
    "url",
    "status",
    "error",
    "detail",
    "status_code",
    "latency_ms",
    "phases",
    "tls",
    "address",
    "redirects",
    "checked_at",
]
PHASES = ["dns_ms", "connect_ms", "tls_ms", "first_byte_ms"]


def test_a_good_answer_is_up_and_exits_0(ronda: Ronda, target: Target) -> None:
    ended = ronda("check", target.url("/200"), "--json")
    assert (ended.code, ended.err) == (0, "")
    document = ended.document
    assert list(document) == KEYS
    assert list(document["phases"]) == PHASES
    assert document["url"] == target.url("/200")
    assert (document["status"], document["error"], document["detail"]) == ("up", None, None)
    assert (document["status_code"], document["address"], document["tls"]) == (200, "127.0.0.1", None)
    assert 0 < document["phases"]["connect_ms"] <= document["latency_ms"]
    assert document["checked_at"].endswith("Z")
    datetime.fromisoformat(document["checked_at"])


def test_a_wrong_answer_is_down_and_exits_1(ronda: Ronda, target: Target) -> None:
    ended = ronda("check", target.url("/503"), "--json")
    assert ended.code == 1
    assert list(ended.document) == KEYS
    assert (ended.document["status"], ended.document["error"]) == ("down", "status")
    assert "503" in ended.document["detail"]


def test_what_never_answers_is_down_by_timeout(ronda: Ronda) -> None:
    with listening() as server:
        ended = ronda("check", f"http://127.0.0.1:{server.getsockname()[1]}/", "--timeout", "0.2", "--json")
    assert ended.code == 1
    assert (ended.document["error"], ended.document["latency_ms"]) == ("timeout", None)


def test_what_is_closed_is_down_by_connect(ronda: Ronda) -> None:
    with listening() as server:
        port = server.getsockname()[1]
    ended = ronda("check", f"http://127.0.0.1:{port}/", "--json")
    assert (ended.code, ended.document["error"]) == (1, "connect")


@pytest.mark.parametrize(
    ("path", "options", "code"),
    [
        ("/302", ["--expect", "302", "--no-redirects"], 0),
        ("/503", ["--expect", "200-299, 503"], 0),
        ("/302", [], 0),
        ("/302", ["--no-redirects"], 1),
        ("/302", ["--redirects"], 0),
        ("/200", ["--contains", "Accept:"], 0),
        ("/200", ["--contains", "no such text"], 1),
        ("/200", ["--not-contains", "Accept:"], 1),
        ("/200", ["--header", "X-Token: 7", "--header", "X-Other:8", "--contains", "X-Token: 7"], 0),
        ("/200", ["--method", "post", "--body", "hello", "--contains", "hello"], 0),
        ("/200", ["--method", "POST", "--contains", "POST"], 0),
        ("/200", ["--insecure", "--timeout", "60"], 0),
    ],
)
def test_options_decide_what_is_asked_and_expected(
    ronda: Ronda, target: Target, path: str, options: list[str], code: int
) -> None:
    assert ronda("check", target.url(path), *options).code == code


def test_redirects_are_listed(ronda: Ronda, target: Target) -> None:
    document = ronda("check", target.url("/302"), "--json").document
    assert document["redirects"] == [target.url("/200")]
    assert document["url"] == target.url("/302")


def test_people_see_where_the_time_went(ronda: Ronda, target: Target) -> None:
    ended = ronda("check", target.url("/302"))
    assert ended.lines[0].startswith("up  200  ")
    assert ended.lines[0].endswith(target.url("/302"))
    labels = [line.strip().split("  ")[0] for line in ended.lines[1:]]
    assert labels == ["address", "connect", "first byte", "redirected to"]


def test_people_see_why_it_failed(ronda: Ronda, target: Target) -> None:
    lines = ronda("check", target.url("/503")).lines
    assert lines[0].startswith("down  503")
    assert "wrong status (status)" in lines[1]
    assert "503" in lines[2]


def test_people_see_what_a_wrong_answer_was(ronda: Ronda, target: Target) -> None:
    ended = ronda("check", target.url("/503"), "--header", "X-Token: hunter2-hunter2", "--header", "X-B: 1")
    rows = [line.strip().split("  ", 1) for line in ended.lines]
    told = {row[0]: row[1].strip() for row in rows if len(row) == 2}
    assert told["came as far as"] == "the body"
    assert told["answer"].startswith("HTTP/1.0 503 Service Unavailable")
    assert told["body"] == "GET"
    assert any(line.strip() == "X-B: 1" for line in ended.lines)
    assert "hunter2" not in ended.out
    indents = {len(line) - len(line.lstrip()) for line in ended.lines[1:]}
    assert 0 not in indents


def test_of_a_long_body_people_see_the_beginning(ronda: Ronda, target: Target) -> None:
    body = "\n".join(f"\tline-{number}" for number in range(60))
    ended = ronda("check", target.url("/500"), "--method", "POST", "--body", body)
    told = [line.strip() for line in ended.lines]
    shown = told[next(index for index, line in enumerate(told) if line.startswith("body")) :]
    assert len(shown) == 21
    assert shown[-1] == "…"
    assert not {"\t", "�"} & set(ended.out)


def test_what_was_right_has_no_evidence(ronda: Ronda, target: Target) -> None:
    assert "came as far as" not in ronda("check", target.url("/200")).out


def test_credentials_are_sent_as_they_are_named(
    ronda: Ronda, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("pass:word\n"))
    sent = base64.b64encode(b"ops:pass:word").decode()
    basic = ("--auth", "Basic", "--auth-user", "ops", "--auth-secret", "-")
    assert ronda("check", target.url(), *basic, "--contains", f"Authorization: Basic {sent}").code == 0
    bearer = ("--auth", "bearer", "--auth-secret", "t0ken")
    assert ronda("check", target.url(), *bearer, "--contains", "Authorization: Bearer t0ken").code == 0


def test_a_connection_is_checked_by_its_scheme(ronda: Ronda, target: Target) -> None:
    place = target.url("").replace("http://", "tcp://")
    document = ronda("check", place, "--json").document
    assert list(document) == KEYS
    assert (document["url"], document["status"], document["status_code"]) == (place, "up", None)
    request = ("--body", "GET /200 HTTP/1.0\n\n", "--contains")
    assert ronda("check", place, *request, "200 OK").code == 0
    ended = ronda("check", place, *request, "404")
    assert (ended.code, "wrong content" in ended.out) == (1, True)


def test_a_certificate_is_checked_by_its_scheme(
    ronda: Ronda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, "authority")
    with Target(authority.server(ends_in=timedelta(days=10))) as target:
        place = target.url("").replace("https://", "tls://")
        assert ronda("check", place, "--json").document["error"] == "tls"
        assert ronda("check", place, "--insecure").code == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.cafile))
        document = ronda("check", place, "--json").document
        assert (document["url"], document["status"], document["tls"]["days_left"]) == (place, "degraded", 9)
        for options in (["--tls-warn-days", "5"], ["--no-tls-warn-days"]):
            assert ronda("check", place, *options).lines[0].startswith("up  ")


class _NameServer(socketserver.BaseRequestHandler):
    """Answers every question with one address."""

    def handle(self) -> None:
        datagram, sock = self.request
        answer = dns.message.make_response(dns.message.from_wire(datagram))
        answer.answer.append(dns.rrset.from_text(answer.question[0].name, 60, "IN", "A", "192.0.2.1"))
        sock.sendto(answer.to_wire(), self.client_address)


@pytest.fixture
def name_server() -> Iterator[str]:
    """Give where a name server listens."""
    with socketserver.UDPServer(("127.0.0.1", 0), _NameServer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_name_server_is_asked_by_its_scheme(ronda: Ronda, name_server: str) -> None:
    question = f"dns://{name_server}/acme.example"
    document = ronda("check", question, "--expect-answer", "192.0.2.1", "--json").document
    assert (document["url"], document["status"], document["error"]) == (question, "up", None)
    ended = ronda("check", question, "--expect-answer", "192.0.2.2")
    assert (ended.code, "wrong content" in ended.out) == (1, True)


@pytest.mark.parametrize("target", ["heartbeat", "heartbeat://backup", "Heartbeat"])
def test_of_a_heartbeat_it_is_said_what_to_do(ronda: Ronda, target: str) -> None:
    ended = ronda("check", target)
    assert (ended.code, ended.out) == (2, "")
    assert "'ronda beat NAME'" in ended.err


def test_files_are_named_from_where_one_stands(
    ronda: Ronda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = ronda(
        "check", "https://127.0.0.1:9/", "--client-cert", "c.pem", "--client-key", "k.pem", "--json"
    )
    assert (ended.code, ended.err) == (1, "")
    assert ended.document["error"] in {"tls", "connect", "internal"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["not an url"], "URL: Remove the spaces"),
        (["example.com"], "URL: This is not an address"),
        (["/health"], "URL: This is not an address"),
        ([""], "URL: This cannot be empty"),
        (["ftp://example.com"], "URL: ftp is not checked. Use http, https, tcp, tls, dns or icmp."),
        (["http://exa\x1bmple.com"], "URL: Remove the characters"),
        (["http://"], "URL: The address names no host"),
        (["http://x:99999/"], "URL: The port is not a number"),
        (["http://user:s3cret@x/"], "URL: Leave user name and password out"),
        (["http://x", "--method", "brew"], "Method: BREW is not a method"),
        (["http://x", "--expect", "99"], "Expected status: 99 is"),
        (["http://x", "--expect", "600"], "Expected status: 600 is outside"),
        (["http://x", "--expect", "299-200"], "Expected status: 299-200 runs backwards. Write 200-299."),
        (["http://x", "--expect", ""], "Expected status: This cannot be empty"),
        (["http://x", "--timeout", "0"], "Timeout: Give seconds from"),
        (["http://x", "--timeout", "-1"], "Timeout: Give seconds from"),
        (["http://x", "--timeout", "soon"], "Timeout: soon is not a number"),
        (["http://x", "--timeout", "nan"], "Timeout: nan is not a number"),
        (["http://x", "--auth", "digest"], "Authentication: digest is not known."),
        (["http://x", "--auth", "bearer"], "Secret: This cannot be empty."),
        (["http://x", "--matches", "a(?=b)"], "Matches: This is not a regular expression of RE2: RE2 has no"),
        (["http://x", "--json-condition", "$.a =="], "JSON conditions: $.a == breaks off."),
        (["http://x", "--expect-header", ": json"], "Expected headers: : json names no header."),
        (["http://x", "--tls-warn-days", "-1"], "Warn before the end: Give a whole number from 0"),
        (["tcp://x"], "URL: This is not a target of this kind."),
        (["icmp://x:7"], "URL: This is not a target of this kind."),
        (["tls://"], "URL: This is not a target of this kind."),
        (["dns://1.2.3.4/"], "URL: This is not a target of this kind."),
        (["tcp://x:7", "--method", "PUT"], "Method: --method means nothing for a service of the kind tcp."),
        (["icmp://x", "--insecure"], "Verify TLS: --insecure means nothing for a service of the kind icmp."),
        (["dns://x", "--record-type", "ANY"], "Record type: ANY is not a type of record."),
        (["http://x", "--header", "no colon"], "Headers: Write a header as"),
        (["http://x", "--header", "Host: y"], "Headers: Host is set by Ronda itself"),
        (["http://x", "--header", "X: a\r\nY: b"], "Headers: The value of X"),
    ],
)
def test_bad_input_is_one_sentence_on_stderr_and_exits_2(
    ronda: Ronda, arguments: list[str], sentence: str
) -> None:
    ended = ronda("check", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert f"ronda: {sentence}" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert "\x1b" not in ended.err
    assert "s3cret" not in ended.err


def test_every_mistake_is_named_at_once(ronda: Ronda) -> None:
    ended = ronda("check", "ftp://x", "--timeout", "x", "--expect", "1", "--header", "secret-token")
    assert {line.split(":")[1].strip() for line in ended.err.splitlines()} == {
        "URL",
        "Timeout",
        "Expected status",
        "Headers",
    }
    assert "secret-token" not in ended.err


def test_headers_can_come_from_standard_input(
    ronda: Ronda, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("X-One: 1\nX-Two: 2\n"))
    ended = ronda("check", target.url(), "--header", "-", "--contains", "X-Two: 2")
    assert ended.code == 0


def test_an_empty_standard_input_is_said(ronda: Ronda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    ended = ronda("check", "http://x", "--header", "-")
    assert (ended.code, "Standard input was empty" in ended.err) == (2, True)


def test_a_check_needs_neither_settings_nor_a_database(
    ronda: Ronda, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "nonsense")
    monkeypatch.setenv("HEALTH_CHECK_INTERVAL", "never")
    assert ronda("check", target.url()).code == 0
