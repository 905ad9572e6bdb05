"""``ronda check``: a contract that scripts depend on."""

from __future__ import annotations

import io
import sys
from datetime import datetime

import pytest

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


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["not an url"], "URL: Remove the spaces"),
        (["example.com"], "URL: This is not an address"),
        (["/health"], "URL: This is not an address"),
        ([""], "URL: This cannot be empty"),
        (["ftp://example.com"], "URL: ftp is not checked. Use http or https."),
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
