"""``ronda maintenance`` on a real database, and what its options mean."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core.cli.main import build_parser
from core.cli.window_specs import window_spec
from core.domain.maintenance import Scope, WindowSpec
from core.domain.typed import Typist
from tests.cli.support import Ronda

KEYS = [
    "id",
    "reason",
    "scope",
    "subject_id",
    "subject",
    "tag",
    "starts_at",
    "ends_at",
    "cron",
    "duration_s",
    "zone",
    "open_until",
    "opens_at",
    "created_by",
    "created_at",
    "ended_at",
]
ADD = ("maintenance", "add", "--reason", "new disks")
NIGHTLY = (*ADD, "--all", "--cron", "0 2 * * *", "--for", "2h", "--zone", "America/Sao_Paulo")
NOW = datetime(2026, 7, 1, 20, 0, tzinfo=UTC)
"""Nine in the evening in Lisbon."""


@pytest.fixture(autouse=True)
def lisbon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have this machine be in Lisbon."""
    monkeypatch.setenv("TZ", "Europe/Lisbon")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def parsed(*options: str) -> Namespace:
    parser: ArgumentParser = build_parser()
    return parser.parse_args([*ADD, "--all", *options])


def read(*options: str) -> tuple[WindowSpec, list[tuple[str, str]]]:
    """Give the window that some options mean at ``NOW``, and what could not be read."""
    typist = Typist()
    spec = window_spec(parsed(*options), Scope.ALL, None, NOW, typist)
    return spec, [(fault.field, fault.code) for fault in typist.faults([])]


@pytest.mark.parametrize(
    ("options", "starts_at", "ends_at"),
    [
        ("--for 90m", "07-01 20:00", "07-01 21:30"),
        ("--for 1h30m", "07-01 20:00", "07-01 21:30"),
        ("--for 90", "07-01 20:00", "07-01 20:01"),
        ("--until 22:00", "07-01 20:00", "07-01 21:00"),
        ("--until 02:00", "07-01 20:00", "07-02 01:00"),
        ("--from 22:00 --until 02:00", "07-01 21:00", "07-02 01:00"),
        ("--from 20:30 --for 1h", "07-01 19:30", "07-01 20:30"),
        ("--from 20:30 --until 21:30", "07-01 19:30", "07-01 20:30"),
        ("--from 02:00 --for 2h", "07-02 01:00", "07-02 03:00"),
        ("--from 02:00 --until 04:00", "07-02 01:00", "07-02 03:00"),
        ("--from 18:00 --for 1h --zone America/Sao_Paulo", "07-01 21:00", "07-01 22:00"),
        ("--from 2026-07-05T10:00 --until 2026-07-05T12:00", "07-05 09:00", "07-05 11:00"),
        ("--from 2026-07-05T10:00Z --until 12:00", "07-05 10:00", "07-05 11:00"),
        ("--from 2026-07-05T10:00+05:30 --for 1d", "07-05 04:30", "07-06 04:30"),
    ],
)
def test_a_time_is_read_in_the_zone_of_the_machine_or_of_the_option(
    options: str, starts_at: str, ends_at: str
) -> None:
    spec, faults = read(*options.split())
    assert faults == []
    assert spec.faults(NOW) == ()
    assert spec.once is not None
    assert spec.once.begins_at.strftime("%m-%d %H:%M") == starts_at
    assert spec.once.ends_at.strftime("%m-%d %H:%M") == ends_at


def test_a_day_and_an_hour_may_stand_apart() -> None:
    spec, _faults = read("--from", "2026-07-05 10:00", "--for", "1h")
    assert spec.starts_at == datetime(2026, 7, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "field", "code"),
    [
        ("--for soon", "duration_seconds", "duration"),
        ("--until tomorrow", "ends_at", "moment"),
        ("--from 25:00 --for 1h", "starts_at", "moment"),
        ("--from 0001-01-01T00:00 --for 1h", "starts_at", "moment"),
        ("--until 9999-12-31T23:59-12:00", "ends_at", "moment"),
    ],
)
def test_what_is_no_time_is_the_only_fault(options: str, field: str, code: str) -> None:
    typist = Typist()
    spec = window_spec(parsed(*options.split()), Scope.ALL, None, NOW, typist)
    assert [(fault.field, fault.code) for fault in typist.faults(spec.faults(NOW))] == [(field, code)]


@pytest.mark.parametrize(
    ("options", "field", "code"),
    [
        ("", "ends_at", "window_endless"),
        ("--for 999999999999d", "ends_at", "window_long"),
        ("--from 23:00 --for=-1h", "ends_at", "window_order"),
        ("--from 2026-07-01T10:00 --for 1h", "ends_at", "window_past"),
        ("--from 22:00 --until 2026-07-01T21:30", "ends_at", "window_order"),
        ("--for 1h --zone Lisbon", "zone", "zone"),
        ("--cron @daily --for 1h", "zone", "required"),
        ("--cron @daily --zone UTC", "duration_seconds", "window_duration"),
        ("--cron @daily --for 1h --zone UTC --from 10:00", "cron", "window_twice"),
    ],
)
def test_what_makes_no_window_is_a_fault_of_the_window(options: str, field: str, code: str) -> None:
    spec, faults = read(*options.split())
    assert faults == []
    assert [(fault.field, fault.code) for fault in spec.faults(NOW)] == [(field, code)]


def test_an_empty_cron_expression_is_not_a_window_of_now() -> None:
    spec, _faults = read("--cron", "", "--for", "1h", "--zone", "UTC")
    assert spec.once is None


def test_a_window_is_added_and_shown_with_every_key(ronda_db: Ronda) -> None:
    ronda_db("client", "add", "--name", "Acme", "--dns", "https://acme.example")
    added = ronda_db(*ADD, "--client", "acme", "--for", "90m", "--json")
    window = added.document["window"]
    assert added.code == 0
    assert added.err.startswith("ronda: Added the maintenance window 1 for client Acme: open until ")
    assert list(window) == KEYS
    assert [window[key] for key in ("id", "reason", "scope", "subject_id", "subject")] == [
        *(1, "new disks", "client"),
        *(1, "Acme"),
    ]
    begun, ends = (datetime.fromisoformat(window[key]) for key in ("starts_at", "ends_at"))
    assert ends - begun == timedelta(minutes=90)
    assert window["open_until"] == window["ends_at"]
    assert [window[key] for key in ("cron", "duration_s", "zone", "opens_at", "ended_at")] == [
        *("", None, None),
        *(None, None),
    ]


def test_a_recurring_window_says_when_it_opens_next(ronda_db: Ronda) -> None:
    window = ronda_db(*NIGHTLY, "--json").document["window"]
    assert (window["scope"], window["cron"], window["duration_s"]) == ("all", "0 2 * * *", 7200.0)
    assert (window["zone"], window["starts_at"]) == ("America/Sao_Paulo", None)
    assert window["opens_at"].endswith("T05:00:00Z")


def test_windows_are_listed_in_a_table(ronda_db: Ronda) -> None:
    ronda_db("client", "add", "--name", "Acme", "--dns", "https://acme.example")
    ronda_db("service", "add", "--client", "Acme", "--name", "web", "--endpoint", "/")
    ronda_db(*ADD, "--service", "Acme/web", "--from", "2100-01-01 10:00", "--for", "1h30m")
    ronda_db(*ADD, "--tag", "gold", "--cron", "0 0 1 1 *", "--for", "1d", "--zone", "UTC")
    heads, coming, yearly = ronda_db("maintenance", "list").lines
    assert heads.split() == ["ID", "SCOPE", "WHEN", "REASON", "BY"]
    assert " 1  service Acme/web  next 2100-01-01 10:00:00 for 1h 30m " in coming
    assert "  new disks  " in coming
    assert " 2  tag gold " in yearly
    assert yearly.split("next ")[1].startswith(f"{datetime.now(UTC).year + 1}-01-01 00:00:00 for 1d (0 0 1 1")


def test_a_window_is_ended_once_and_listed_on_request(ronda_db: Ronda) -> None:
    ronda_db(*NIGHTLY)
    ended = ronda_db("maintenance", "end", "1")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "ronda: Ended the maintenance window 1 for all.\n"
    again = ronda_db("maintenance", "end", "1")
    assert (again.code, again.err) == (2, "ronda: The maintenance window 1 is over already.\n")
    assert ronda_db("maintenance", "list", "--json").document == {"windows": []}
    (window,) = ronda_db("maintenance", "list", "--ended", "--json").document["windows"]
    assert window["ended_at"] is not None
    assert (window["open_until"], window["opens_at"]) == (None, None)
    assert "over since " in ronda_db("maintenance", "list", "--ended").out


def test_a_number_that_is_none_or_not_known_is_refused(ronda_db: Ronda) -> None:
    unknown = ronda_db("maintenance", "end", "7")
    assert (unknown.code, unknown.out) == (1, "")
    wrong = ronda_db("maintenance", "end", "all")
    assert (wrong.code, wrong.out) == (2, "")
    assert "all is not the number of a window" in wrong.err


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--all", "--tag", "gold"),
        ("--client", "Acme", "--service", "web"),
        ("--all", "--until", "10:00", "--for", "1h"),
    ],
)
def test_one_scope_and_one_end_are_to_be_named(ronda: Ronda, options: tuple[str, ...]) -> None:
    refused = ronda(*ADD, *options)
    assert (refused.code, refused.out) == (2, "")


def test_every_mistake_is_named_at_once_and_nothing_is_written(ronda_db: Ronda) -> None:
    refused = ronda_db(
        *("maintenance", "add", "--reason", " ", "--tag", "a b", "--cron", "0 2 30 2 *"),
        *("--for", "long", "--zone", "Mars/Olympus"),
    )
    assert (refused.code, refused.out) == (2, "")
    assert [line.split(":")[1].strip() for line in refused.err.splitlines()] == [
        *("Duration", "Reason", "Tags", "Time zone", "Cron"),
    ]
    assert ronda_db("maintenance", "list", "--ended", "--json").document == {"windows": []}


def test_a_client_that_is_not_there_is_not_found(ronda_db: Ronda) -> None:
    missing = ronda_db(*ADD, "--client", "Globex", "--for", "1h")
    assert (missing.code, missing.err) == (1, "ronda: There is no client Globex.\n")


def test_whoever_only_looks_adds_and_ends_nothing(ronda_db: Ronda) -> None:
    ronda_db(*NIGHTLY)
    assert ronda_db("--read-only", *NIGHTLY).code == 4
    assert ronda_db("--read-only", "maintenance", "end", "1").code == 4
    assert ronda_db("--read-only", "maintenance", "list").code == 0
