from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from core.domain.faults import Fault
from core.domain.kinds import Auth, Kind
from core.domain.secret import Secret
from core.domain.services import Header
from core.domain.typed import Typist, seconds_of


@pytest.mark.parametrize(
    ("text", "value"), [("30", 30.0), ("0.5", 0.5), (" -3 ", -3.0), (".5", 0.5), ("+2.", 2.0)]
)
def test_a_number_is_read(text: str, value: float) -> None:
    typist = Typist()
    assert typist.number("timeout_seconds", text, 10.0) == value
    assert typist.faults([]) == ()


@pytest.mark.parametrize("text", ["", "abc", "nan", "inf", "1e3", "1_000", "0,5", "٣", "9" * 40])
def test_what_is_no_number_is_a_fault_and_the_stand_in_takes_its_place(text: str) -> None:
    typist = Typist()
    assert typist.number("timeout_seconds", text, 10.0) == 10.0
    (fault,) = typist.faults([])
    assert (fault.field, fault.code) == ("timeout_seconds", "number")


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("-1", -1), (" 7 ", 7)])
def test_a_whole_number_is_read(text: str, value: int) -> None:
    typist = Typist()
    assert typist.whole("retries", text, 0) == value
    assert typist.faults([]) == ()


@pytest.mark.parametrize("text", ["", "2.5", "two", "9" * 5_000])
def test_what_is_no_whole_number_is_a_fault_whose_text_is_shortened(text: str) -> None:
    typist = Typist()
    assert typist.whole("retries", text, 2) == 2
    (fault,) = typist.faults([])
    assert fault.code == "whole_number"
    assert len(str(fault.parameters["text"])) <= 20


def test_a_choice_is_read_in_any_case() -> None:
    typist = Typist()
    assert typist.choice("kind", " TLS ", Kind.HTTP) is Kind.TLS
    assert typist.faults([]) == ()


def test_a_choice_that_is_not_known_is_a_fault_that_names_those_that_are() -> None:
    typist = Typist()
    assert typist.choice("auth", "digest\x1b", Auth.NONE) is Auth.NONE
    (fault,) = typist.faults([])
    assert fault == Fault("auth", "choice", {"text": "digest�", "choices": "none, basic, bearer"})


def test_headers_are_split_at_the_first_colon() -> None:
    typist = Typist()
    assert typist.headers("headers", ["X-Time: 12:30", "Accept:text/html"]) == (
        Header("X-Time", Secret("12:30")),
        Header("Accept", Secret("text/html")),
    )
    assert typist.faults([]) == ()


def test_a_header_without_a_colon_is_a_fault_that_does_not_repeat_it() -> None:
    typist = Typist()
    assert typist.headers("headers", ["s3cr3t-token"]) == ()
    (fault,) = typist.faults([])
    assert fault == Fault("headers", "header_form")


def test_faults_of_a_field_that_could_not_be_read_are_not_named_twice() -> None:
    typist = Typist()
    typist.number("timeout_seconds", "soon", 10.0)
    own = Fault("name", "required")
    of_spec = [own, Fault("timeout_seconds", "timeout_over_interval", {"interval": 1.0})]
    assert [fault.code for fault in typist.faults(of_spec)] == ["number", "required"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30.0),
        ("2,5 h", 9_000.0),
        ("500ms", 0.5),
        ("90M", 5_400.0),
        ("1h30m", 5_400.0),
        ("1d 2h 3m 4s", 93_784.0),
        ("0d", 0.0),
    ],
)
def test_a_duration_is_read_with_one_unit_or_several(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds
    assert Typist().duration("duration_seconds", text, 1.0) == seconds


@pytest.mark.parametrize("text", ["", " ", "m", "30m1h", "1h-30m", "1.5h30m", "1 day", "nan", "1e3h", "٣h"])
def test_what_is_no_duration_is_a_fault(text: str) -> None:
    typist = Typist()
    assert typist.duration("duration_seconds", text, 1.0) == 1.0
    (fault,) = typist.faults([])
    assert (fault.field, fault.code) == ("duration_seconds", "duration")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (" 22:30 ", time(22, 30)),
        ("2026-12-01 22:30", datetime(2026, 12, 2, 1, 30, tzinfo=UTC)),
        ("2026-12-01T22:30:00Z", datetime(2026, 12, 1, 22, 30, tzinfo=UTC)),
        ("2026-12-01T22:30+05:30", datetime(2026, 12, 1, 17, 0, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 12, 1, 3, tzinfo=UTC)),
    ],
)
def test_a_moment_without_a_zone_is_of_the_one_that_is_given(text: str, moment: datetime | time) -> None:
    typist = Typist()
    assert typist.moment("starts_at", text, ZoneInfo("America/Sao_Paulo")) == moment
    assert typist.faults([]) == ()


@pytest.mark.parametrize(
    "text", ["", "soon", "24:00", "7:30", "2026-02-30", "0001-01-01T00:00+14:00", "9999-12-31", "\x1b[31m"]
)
def test_what_is_no_moment_is_a_fault(text: str) -> None:
    typist = Typist()
    assert typist.moment("starts_at", text, UTC) is None
    (fault,) = typist.faults([])
    assert (fault.field, fault.code) == ("starts_at", "moment")
    assert str(fault.parameters["text"]).isprintable()
