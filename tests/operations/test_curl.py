from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace

import pytest

from core.domain.clients import ClientSpec
from core.domain.secret import Secret
from core.domain.services import Header, ServiceSpec
from core.operations.curl import curl_command

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
    words = shlex.split(curl_command(ACME, replace(PING, timeout_seconds=2.5)))
    assert words[0] == "curl"
    assert words[-1] == "https://acme.example/base/health"
    assert words[words.index("--max-time") + 1] == "2.5"
    assert words[words.index("--max-redirs") + 1] == "10"
    assert "--request" not in words
    assert "--insecure" not in words


def test_what_the_check_does_differently_is_said() -> None:
    spec = replace(PING, method="PUT", verify_tls=False, follow_redirects=False)
    words = shlex.split(curl_command(ACME, spec))
    assert words[words.index("--request") + 1] == "PUT"
    assert "--insecure" in words
    assert "--location" not in words


def test_a_head_request_does_not_wait_for_a_body() -> None:
    assert "--head" in shlex.split(curl_command(ACME, replace(PING, method="HEAD")))


def test_no_secret_stands_in_the_command() -> None:
    spec = replace(
        PING,
        headers=(
            Header("Authorization", Secret("Bearer {api_key}")),
            Header("X-Token", Secret("hunter2")),
            Header("X-Mixed", Secret("id=hunter3 {api_key}")),
        ),
    )
    command = curl_command(ACME, spec)
    assert "hunter" not in command
    assert "k3y" not in command
    words = as_the_shell_reads_it(command, API_KEY="k3y", X_TOKEN="hunter2", X_MIXED="id=1")
    assert "Authorization: Bearer k3y" in words
    assert "X-Token: hunter2" in words
    assert "X-Mixed: id=1" in words


def test_a_body_is_sent_as_it_is_and_without_a_content_type_of_curls_own() -> None:
    body = "it's $HOME `id`"
    words = as_the_shell_reads_it(curl_command(ACME, replace(PING, body=body)))
    assert words[words.index("--data-raw") + 1] == body
    assert "Content-Type:" in words
    assert words[words.index("--request") + 1] == "GET"


def test_a_content_type_of_the_service_is_kept() -> None:
    spec = replace(PING, body="{}", headers=(Header("content-type", Secret("application/json")),))
    assert "'Content-Type:'" not in curl_command(ACME, spec)


@pytest.mark.parametrize("name", ["X-$(id)", "X-`id`", "X-$HOME"])
def test_a_name_of_a_header_is_never_run_by_the_shell(name: str) -> None:
    spec = replace(PING, headers=(Header(name, Secret("x")),))
    assert any(word.startswith(f"{name}: ") for word in as_the_shell_reads_it(curl_command(ACME, spec)))


def test_an_address_with_signs_of_the_shell_stays_one_argument() -> None:
    words = as_the_shell_reads_it(
        curl_command(ACME, replace(PING, endpoint="https://x.example/?a=1&b=$HOME;c"))
    )
    assert words[-1] == "https://x.example/?a=1&b=$HOME;c"
