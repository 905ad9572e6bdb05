from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from typing import Any

import pytest

from core.domain.clients import ClientSpec
from core.domain.kinds import Auth, Kind
from core.domain.secret import Secret
from core.domain.services import Header, ServiceSpec
from core.operations.curl import check_command

ACME = ClientSpec("Acme", dns="acme.example/base/", api_key=Secret("k3y"))
PING = ServiceSpec("ping", "/health")


def as_the_shell_reads_it(command: str, **variables: str) -> list[str]:
    """Give the arguments that curl would get."""
    script = f'curl() {{ printf "%s\\n" "$@"; }}\n{command}'
    done = subprocess.run(
        ["/bin/sh", "-c", script], env=variables, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_a_plain_check_is_a_get_within_its_deadline_that_follows_redirects() -> None:
    words = shlex.split(check_command(ACME, replace(PING, timeout_seconds=2.5)))
    assert words[0] == "curl"
    assert words[-1] == "https://acme.example/base/health"
    assert words[words.index("--max-time") + 1] == "2.5"
    assert words[words.index("--max-redirs") + 1] == "10"
    assert "--request" not in words
    assert "--insecure" not in words


def test_what_the_check_does_differently_is_said() -> None:
    spec = replace(PING, method="PUT", verify_tls=False, follow_redirects=False)
    words = shlex.split(check_command(ACME, spec))
    assert words[words.index("--request") + 1] == "PUT"
    assert "--insecure" in words
    assert "--location" not in words


def test_a_head_request_does_not_wait_for_a_body() -> None:
    assert "--head" in shlex.split(check_command(ACME, replace(PING, method="HEAD")))


def test_no_secret_stands_in_the_command() -> None:
    spec = replace(
        PING,
        headers=(
            Header("Authorization", Secret("Bearer {api_key}")),
            Header("X-Token", Secret("hunter2")),
            Header("X-Mixed", Secret("id=hunter3 {api_key}")),
        ),
    )
    command = check_command(ACME, spec)
    assert "hunter" not in command
    assert "k3y" not in command
    words = as_the_shell_reads_it(command, API_KEY="k3y", X_TOKEN="hunter2", X_MIXED="id=1")
    assert "Authorization: Bearer k3y" in words
    assert "X-Token: hunter2" in words
    assert "X-Mixed: id=1" in words


def test_a_body_is_sent_as_it_is_and_without_a_content_type_of_curls_own() -> None:
    body = "it's $HOME `id`"
    words = as_the_shell_reads_it(check_command(ACME, replace(PING, body=body)))
    assert words[words.index("--data-raw") + 1] == body
    assert "Content-Type:" in words
    assert words[words.index("--request") + 1] == "GET"


def test_a_content_type_of_the_service_is_kept() -> None:
    spec = replace(PING, body="{}", headers=(Header("content-type", Secret("application/json")),))
    assert "'Content-Type:'" not in check_command(ACME, spec)


@pytest.mark.parametrize("name", ["X-$(id)", "X-`id`", "X-$HOME"])
def test_a_name_of_a_header_is_never_run_by_the_shell(name: str) -> None:
    spec = replace(PING, headers=(Header(name, Secret("x")),))
    assert any(word.startswith(f"{name}: ") for word in as_the_shell_reads_it(check_command(ACME, spec)))


def test_an_address_with_signs_of_the_shell_stays_one_argument() -> None:
    words = as_the_shell_reads_it(
        check_command(ACME, replace(PING, endpoint="https://x.example/?a=1&b=$HOME;c"))
    )
    assert words[-1] == "https://x.example/?a=1&b=$HOME;c"


GUARDED = replace(PING, auth=Auth.BASIC, auth_user="o'ps", auth_secret=Secret("hunter2"))


@pytest.mark.parametrize(
    ("spec", "option", "sent"),
    [
        (GUARDED, "--user", "o'ps:p4ss"),
        (replace(GUARDED, auth_secret=None), "--user", "o'ps:k3y"),
        (replace(GUARDED, auth=Auth.BEARER, auth_user=""), "--header", "Authorization: Bearer t0ken"),
        (replace(PING, auth=Auth.BEARER), "--header", "Authorization: Bearer k3y"),
    ],
)
def test_who_the_check_is_comes_from_variables(spec: ServiceSpec, option: str, sent: str) -> None:
    command = check_command(ACME, spec)
    assert "hunter2" not in command
    assert "k3y" not in command
    words = as_the_shell_reads_it(command, PASSWORD="p4ss", TOKEN="t0ken", API_KEY="k3y")
    assert words[words.index(option) + 1] == sent


def test_the_certificate_that_the_check_shows_is_named() -> None:
    spec = replace(PING, client_cert="/etc/ro nda/c:1.pem", client_key="/etc/k.pem")
    words = as_the_shell_reads_it(check_command(ACME, spec))
    assert words[words.index("--cert") + 1] == "/etc/ro nda/c\\:1.pem"
    assert words[words.index("--key") + 1] == "/etc/k.pem"


def of_kind(kind: Kind, endpoint: str = "", **decided: Any) -> str:
    """Give the command of a service of another kind."""
    return check_command(ACME, ServiceSpec("night's job", endpoint, kind, **decided))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (of_kind(Kind.TCP, "tcp://db.example:5432"), "nc -v -w 10 -z db.example 5432"),
        (of_kind(Kind.TCP, "[2001:db8::1]:22", timeout_seconds=2.5), "nc -v -w 3 -z 2001:db8::1 22"),
        (of_kind(Kind.TCP, "mx.example:25", contains="220"), "nc -v -w 10 mx.example 25 </dev/null"),
        (
            of_kind(Kind.TCP, "r.example:6379", body="PING\n", contains="PONG"),
            "printf %s 'PING\n' | nc -v -w 10 r.example 6379",
        ),
        (
            of_kind(Kind.TLS, "acme.example"),
            "openssl s_client -connect acme.example:443 -servername acme.example "
            "-verify_return_error -verify_hostname acme.example </dev/null",
        ),
        (
            of_kind(Kind.TLS, "[2001:db8::1]:8443", verify_tls=False),
            "openssl s_client -connect '[2001:db8::1]:8443' -noservername </dev/null",
        ),
        (
            of_kind(Kind.TLS, "192.0.2.7:8443", client_cert="/etc/c.pem"),
            "openssl s_client -connect 192.0.2.7:8443 -noservername -verify_return_error "
            "-verify_ip 192.0.2.7 -cert /etc/c.pem -key /etc/c.pem </dev/null",
        ),
        (of_kind(Kind.DNS, "acme.example"), "dig +tries=1 +time=10 -q acme.example -t A"),
        (
            of_kind(Kind.DNS, "dns://192.0.2.53:5353/acme.example", record_type="MX"),
            "dig +tries=1 +time=10 -p 5353 @192.0.2.53 -q acme.example -t MX",
        ),
        (of_kind(Kind.DNS, "192.0.2.7", record_type="PTR"), "dig +tries=1 +time=10 -x 192.0.2.7"),
        (of_kind(Kind.ICMP, "2001:db8::1"), "ping -c 1 -W 10 2001:db8::1"),
        (of_kind(Kind.HEARTBEAT), "ronda beat 'Acme/night'\"'\"'s job'"),
    ],
)
def test_other_kinds_are_repeated_by_what_fits_them(command: str, expected: str) -> None:
    assert command == expected
