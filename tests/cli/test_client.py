"""``ronda client`` on a real database."""

from __future__ import annotations

import io
import sys

import pytest

from tests.cli.support import Ronda

KEYS = [
    "id",
    "name",
    "dns",
    "has_api_key",
    "description",
    "tags",
    "active",
    "runbook_url",
    "notes",
    "version",
    "created_at",
    "updated_at",
    "deleted_at",
]
ADD = ("client", "add", "--name", "Acme", "--dns", "https://acme.example")


def test_a_client_is_added_with_everything_that_was_named(ronda_db: Ronda) -> None:
    added = ronda_db(
        *ADD,
        *("--api-key", "k3y", "--description", "d", "--tag", "gold", "--tag", "eu", "--tag", "gold"),
        *("--runbook-url", "https://wiki.example/acme", "--notes", "n", "--inactive", "--json"),
    )
    assert (added.code, added.err) == (0, "ronda: Added the client Acme (id 1).\n")
    client = added.document["client"]
    assert list(client) == KEYS
    assert {name: client[name] for name in KEYS[:9]} == {
        "id": 1,
        "name": "Acme",
        "dns": "https://acme.example",
        "has_api_key": True,
        "description": "d",
        "tags": ["gold", "eu"],
        "active": False,
        "runbook_url": "https://wiki.example/acme",
        "notes": "n",
    }
    assert client["created_at"].endswith("Z")
    assert client["deleted_at"] is None
    assert "k3y" not in added.out


def test_without_json_only_a_message_is_printed(ronda_db: Ronda) -> None:
    added = ronda_db(*ADD)
    assert (added.code, added.out) == (0, "")


def test_the_key_can_come_from_standard_input(ronda_db: Ronda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("k3y\n"))
    assert ronda_db(*ADD, "--api-key", "-", "--json").document["client"]["has_api_key"] is True


def test_at_a_terminal_the_key_is_asked_for_without_an_echo(
    ronda_db: Ronda, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(prompt: str, _stream: object) -> str:
        asked.append(prompt)
        return "k3y"

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", ask)
    assert ronda_db(*ADD, "--api-key", "-", "--json").document["client"]["has_api_key"] is True
    assert asked == ["API key: "]


def test_clients_are_listed_by_name(ronda_db: Ronda) -> None:
    ronda_db("client", "add", "--name", "Zeta", "--inactive")
    ronda_db(*ADD, "--tag", "gold")
    listed = ronda_db("client", "list")
    assert [line.split() for line in listed.lines] == [
        ["ID", "NAME", "DNS", "TAGS", "STATE"],
        ["2", "Acme", "https://acme.example", "gold", "active"],
        ["1", "Zeta", "-", "-", "paused"],
    ]
    document = ronda_db("client", "list", "--json").document
    assert [client["name"] for client in document["clients"]] == ["Acme", "Zeta"]


def test_a_client_is_shown_without_its_key(ronda_db: Ronda) -> None:
    ronda_db(*ADD, "--api-key", "k3y", "--notes", "one\ntwo")
    shown = ronda_db("client", "show", "acme")
    assert "API key      ••••••••" in shown.lines
    assert "k3y" not in shown.out
    assert "             two" in shown.lines
    assert list(ronda_db("client", "show", "1", "--json").document["client"]) == KEYS


def test_an_edit_changes_what_is_named_and_a_repeatable_option_replaces(ronda_db: Ronda) -> None:
    ronda_db(*ADD, "--api-key", "k3y", "--tag", "a", "--tag", "b", "--notes", "n")
    edited = ronda_db("client", "edit", "acme", "--name", "ACME", "--tag", "c", "--inactive", "--json")
    client = edited.document["client"]
    assert (client["name"], client["tags"], client["active"]) == ("ACME", ["c"], False)
    assert (client["dns"], client["notes"], client["has_api_key"]) == ("https://acme.example", "n", True)
    assert client["version"] == 2
    assert ronda_db("client", "edit", "1", "--active", "--json").document["client"]["active"] is True


def test_no_x_clears(ronda_db: Ronda) -> None:
    ronda_db(*ADD, "--api-key", "k3y", "--tag", "a", "--notes", "n", "--description", "d")
    options = ("--no-dns", "--no-api-key", "--no-tags", "--no-notes", "--no-description", "--no-runbook-url")
    client = ronda_db("client", "edit", "acme", *options, "--json").document["client"]
    assert (client["dns"], client["tags"], client["notes"], client["description"]) == ("", [], "", "")
    assert client["has_api_key"] is False


def test_setting_and_clearing_at_once_is_wrong_usage(ronda_db: Ronda) -> None:
    ronda_db(*ADD)
    assert ronda_db("client", "edit", "acme", "--tag", "a", "--no-tag").code == 2


def test_an_edit_that_changes_nothing_says_so(ronda_db: Ronda) -> None:
    ronda_db(*ADD)
    edited = ronda_db("client", "edit", "acme", "--name", "Acme", "--json")
    assert (edited.code, edited.err) == (0, "ronda: Nothing of the client Acme was changed.\n")
    assert edited.document["client"]["version"] == 1


def test_a_removed_client_comes_back_as_the_message_says(ronda_db: Ronda) -> None:
    ronda_db(*ADD)
    ronda_db("service", "add", "--client", "acme", "--name", "web", "--endpoint", "/")
    removed = ronda_db("client", "remove", "acme", "--json")
    assert "'ronda client restore 1'" in removed.err
    assert removed.document["client"]["deleted_at"] is not None
    assert ronda_db("client", "list", "--json").document == {"clients": []}
    assert [c["id"] for c in ronda_db("client", "list", "--deleted", "--json").document["clients"]] == [1]
    assert ronda_db("service", "list", "--json").document == {"services": []}
    restored = ronda_db("client", "restore", "1", "--json")
    assert restored.document["client"]["deleted_at"] is None
    assert len(ronda_db("service", "list", "--json").document["services"]) == 1


def test_a_client_whose_name_is_taken_by_now_needs_another(ronda_db: Ronda) -> None:
    ronda_db(*ADD)
    ronda_db("client", "remove", "acme")
    ronda_db(*ADD)
    refused = ronda_db("client", "restore", "acme")
    assert (refused.code, refused.err) == (2, "ronda: Name: The name Acme is taken. Choose another.\n")
    assert ronda_db("client", "restore", "acme", "--name", "Acme 2").code == 0


@pytest.mark.parametrize("command", ["show", "edit", "remove", "restore", "status"])
def test_an_unknown_client_exits_1(ronda_db: Ronda, command: str) -> None:
    ended = ronda_db("client", command, "nobody")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("ronda: There is no client nobody")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--name", "acme"], "Name: The name acme is taken. Choose another."),
        (["--name", "  "], "Name: This cannot be empty."),
        (["--name", "x" * 81], "Name: Use at most 80 characters."),
        (["--name", "[red]x"], "Name: Leave out the square brackets [ and ]."),
        (["--name", "\x1b]0;x\x07"], "Name: Remove the characters that cannot be seen"),
        (["--name", "n", "--dns", "ftp://x"], "DNS: ftp is not checked. Use http or https."),
        (["--name", "n", "--dns", "https://x/?q=1"], "DNS: Leave out what follows ? or #"),
        (["--name", "n", "--api-key", ""], "API key: This cannot be empty."),
        (["--name", "n", "--tag", "two words"], "Tags: two words is not a tag."),
        (["--name", "n", "--runbook-url", "wiki"], "Runbook: This is not an address."),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    ronda_db: Ronda, options: list[str], sentence: str
) -> None:
    ronda_db(*ADD)
    ended = ronda_db("client", "add", *options)
    assert (ended.code, ended.out) == (2, "")
    assert f"ronda: {sentence}" in ended.err
    assert "\x1b" not in ended.err
    assert len(ronda_db("client", "list", "--json").document["clients"]) == 1


def test_a_viewer_may_list_and_not_add(ronda_db: Ronda) -> None:
    assert ronda_db("--read-only", "client", "list").code == 0
    ended = ronda_db("--read-only", *ADD)
    assert (ended.code, ended.out) == (4, "")
    assert ronda_db("client", "list", "--json").document == {"clients": []}
