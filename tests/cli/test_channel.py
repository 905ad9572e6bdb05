"""``ronda channel`` on a real database."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.cli.support import Ronda

KEYS = [
    "id",
    "name",
    "kind",
    "url",
    "has_secret",
    "active",
    "version",
    "created_at",
    "updated_at",
]
LISTED_KEYS = [*KEYS, "waiting", "failed_24h", "last_sent_at", "last_error"]
TEST_KEYS = ["channel", "accepted", "answer"]
MAIL = ("channel", "add", "--name", "mail", "--url", "mailto://ops:hunter2@acme.example")
HOOK = ("channel", "add", "--name", "hook", "--kind", "webhook", "--secret", "hunter2-hunter2-hunter2")


class _Receiver(HTTPServer):
    """Answers with a status that a test sets, and keeps what it was sent."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hunter2"


class _Handler(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: what tests print is looked at."""


@pytest.fixture
def receiver() -> Iterator[_Receiver]:
    with _Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_channel_is_added_and_shown_with_every_key_and_no_secret(ronda_db: Ronda) -> None:
    added = ronda_db(*HOOK, "--url", "https://hooks.acme.example/hunter2", "--json")
    assert (added.code, added.err) == (0, "ronda: Added the channel hook (id 2).\n")
    channel = added.document["channel"]
    assert list(channel) == KEYS
    assert (channel["kind"], channel["url"]) == ("webhook", "https://hooks.acme.example/…")
    assert (channel["has_secret"], channel["active"], channel["version"]) == (True, True, 1)


def test_secrets_are_read_from_standard_input(ronda_db: Ronda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("mailto://ops:hunter2@acme.example\n"))
    added = ronda_db("channel", "add", "--name", "mail", "--url", "-", "--json")
    assert added.document["channel"]["url"] == "mailto://…"
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2-hunter2-hunter2\n"))
    edit = ("channel", "edit", "mail", "--kind", "webhook", "--url", "https://acme.example", "--secret", "-")
    assert ronda_db(*edit, "--json").document["channel"]["has_secret"] is True
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert ronda_db("channel", "edit", "mail", "--secret", "-").code == 2


def test_no_command_prints_a_secret(ronda_db: Ronda, receiver: _Receiver) -> None:
    receiver.status = 500
    outcomes = [
        ronda_db(*MAIL, "--json"),
        ronda_db(*HOOK, "--url", receiver.url, "--json"),
        ronda_db("channel", "list"),
        ronda_db("channel", "list", "--json"),
        ronda_db("channel", "test", "hook", "--json"),
        ronda_db("channel", "edit", "hook", "--off", "--json"),
        ronda_db("channel", "edit", "mail", "--url", "nosuch://hunter2:hunter2@hunter2"),
        ronda_db("channel", "edit", "hook", "--secret", "hunter2"),
        ronda_db("channel", "remove", "hook", "--json"),
    ]
    assert [outcome.code for outcome in outcomes] == [0, 0, 0, 0, 1, 0, 2, 2, 0]
    assert [outcome for outcome in outcomes if "hunter2" in outcome.out + outcome.err] == []


def test_channels_are_listed_with_how_delivery_goes(ronda_db: Ronda) -> None:
    ronda_db(*MAIL, "--off")
    listed = ronda_db("channel", "list", "--json").document["channels"]
    assert [list(channel) for channel in listed] == [LISTED_KEYS] * 2
    assert [(each["name"], each["waiting"], each["failed_24h"], each["last_sent_at"]) for each in listed] == [
        ("consoles", 0, 0, None),
        ("mail", 0, 0, None),
    ]
    heads, consoles, mail = ronda_db("channel", "list").lines
    assert heads.split()[:5] == ["ID", "NAME", "KIND", "TO", "STATE"]
    assert consoles.split() == ["1", "consoles", "terminal", "-", "on", "0", "0", "-"]
    assert mail.split() == ["2", "mail", "apprise", "mailto://…", "off", "0", "0", "-"]


def test_a_channel_is_changed_by_what_is_named_only(ronda_db: Ronda) -> None:
    ronda_db(*HOOK, "--url", "https://acme.example/")
    saved = ronda_db("channel", "edit", "HOOK", "--name", "pager", "--off", "--no-secret", "--json")
    assert saved.err == "ronda: Saved the channel pager.\n"
    channel = saved.document["channel"]
    assert [channel[key] for key in ("name", "kind", "active", "has_secret", "version")] == [
        *("pager", "webhook", False),
        *(False, 2),
    ]
    same = ronda_db("channel", "edit", "pager", "--off")
    assert (same.code, same.err) == (0, "ronda: Nothing of the channel pager was changed.\n")
    assert ronda_db("channel", "edit", "pager", "--on", "--json").document["channel"]["active"] is True


def test_a_removed_name_is_free_again_and_the_consoles_stay(ronda_db: Ronda) -> None:
    ronda_db(*MAIL)
    assert ronda_db(*MAIL).err.startswith("ronda: Name: The name mail is taken.")
    assert ronda_db("channel", "remove", "mail").err == "ronda: Removed the channel mail.\n"
    assert ronda_db(*MAIL).code == 0
    kept = ronda_db("channel", "remove", "consoles")
    assert (kept.code, kept.out) == (2, "")
    assert "Switch it off instead" in kept.err
    assert ronda_db("channel", "remove", "2").code == 1


def test_every_mistake_is_named_at_once_and_nothing_is_written(ronda_db: Ronda) -> None:
    refused = ronda_db("channel", "add", "--name", "[x]", "--kind", "pigeon", "--secret", "hunter2")
    assert (refused.code, refused.out) == (2, "")
    assert [line.split(":")[1].strip() for line in refused.err.splitlines()] == [
        *("Kind", "Name", "URL", "Signing secret"),
    ]
    assert ronda_db("channel", "add", "--name", "x", "--url", "nosuch://x").code == 2
    assert ronda_db("channel", "add", "--name", "x", "--kind", "terminal").code == 2
    assert len(ronda_db("channel", "list", "--json").document["channels"]) == 1


def test_a_test_shows_the_real_answer(ronda_db: Ronda, receiver: _Receiver) -> None:
    ronda_db(*HOOK, "--url", receiver.url)
    accepted = ronda_db("channel", "test", "hook", "--json")
    assert accepted.code == 0
    assert list(accepted.document) == TEST_KEYS
    assert (accepted.document["channel"], accepted.document["accepted"]) == ({"id": 2, "name": "hook"}, True)
    assert "200" in accepted.document["answer"]
    assert json.loads(receiver.bodies[0])["title"] == "TEST: Ronda"
    receiver.status = 503
    refused = ronda_db("channel", "test", "hook")
    assert refused.code == 1
    assert refused.out.startswith("not accepted")
    assert "503" in refused.out


def test_a_test_of_the_consoles_is_shown_by_them(ronda_db: Ronda) -> None:
    shown = ronda_db("channel", "test", "consoles")
    assert (shown.code, shown.out) == (0, "accepted  Every open console shows it.\n")


def test_whoever_only_looks_changes_and_tests_nothing(ronda_db: Ronda) -> None:
    ronda_db(*MAIL)
    for arguments in (
        ("channel", "add", "--name", "x", "--url", "mailto://a:b@acme.example"),
        ("channel", "edit", "mail", "--off"),
        ("channel", "remove", "mail"),
        ("channel", "test", "mail"),
    ):
        refused = ronda_db("--read-only", *arguments)
        assert (refused.code, refused.out) == (4, "")
    assert ronda_db("--read-only", "channel", "list").code == 0
