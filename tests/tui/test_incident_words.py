"""What is said of incidents in words, and how the timeline is drawn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from textual.app import ComposeResult

from core.domain.folding import Cause
from core.domain.gates import Gate, NoticeKind, Verdict
from core.domain.incidents import Acknowledgement, AcknowledgementKind, EventKind, IncidentEvent
from core.domain.notices import MessageState, OutboxEntry
from core.operations.incidents import Reason
from tests.tui.canned import NOW
from tests.tui.forms import screen_text
from tests.tui.incident_world import BEHIND, LEDGER, OVER, RACK, SEARCH, TIMELINE, ago, entry, notice
from tui.incident_words import cause_text, held_back_text, known_text, lasting, told_text
from tui.look import RondaLook
from tui.widgets.timeline import Timeline


@pytest.fixture(autouse=True)
def greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def held(reason: str, **parameters: str) -> Verdict:
    return Verdict(Gate.BEHIND, False, reason, parameters)


@pytest.mark.parametrize(
    ("message", "verdict", "text", "colour"),
    [
        (entry(1, MessageState.SENT), None, "problem sent 14:21:05", "foreground"),
        (entry(1, MessageState.DROPPED), None, "problem dropped 14:21:05: nothing was left to tell", "quiet"),
        (entry(1, MessageState.WAITING, 0), None, "problem waiting", "foreground"),
        (entry(1, MessageState.WAITING, 1, "503\x1b[2J"), None,
         "problem waiting, 1 attempt, next 14:35, last error: 503[2J", "degraded"),
        (entry(1, MessageState.FAILED, 2, "gone"), None,
         "problem failed 14:21:05, 2 attempts, last error: gone", "down"),
        (None, held("behind", service="Acme/gateway"),
         "problem not sent: behind Acme/gateway, which is down", "quiet"),
        (None, replace(held("maintenance"), until=NOW + timedelta(hours=1)),
         "problem not sent: in maintenance, until 15:32", "quiet"),
        (None, replace(held("maintenance"), until=NOW - timedelta(hours=1)),
         "problem not sent: in maintenance", "quiet"),
        (None, replace(held("hours", rule="office"), until=NOW + timedelta(days=1)),
         "problem not sent: outside the hours of the rule office, until 2026-11-24 14:32", "quiet"),
    ],
)  # fmt: skip
def test_what_became_of_a_notice_is_one_sentence(
    message: OutboxEntry | None, verdict: Verdict | None, text: str, colour: str
) -> None:
    reason = Reason("mail", notice(1, 1, NoticeKind.PROBLEM, verdict), message)
    assert told_text(reason, NOW) == (text, colour)


@pytest.mark.parametrize(
    ("kind", "until", "text"),
    [
        (AcknowledgementKind.STICKY, None, "tom"),
        (AcknowledgementKind.PLAIN, None, "tom, this status"),
        (AcknowledgementKind.UNTIL, NOW + timedelta(hours=2), "tom until 16:32"),
    ],
)
def test_who_knows_is_told_with_how_long_that_holds(
    kind: AcknowledgementKind, until: datetime | None, text: str
) -> None:
    given = replace(Acknowledgement(kind, "tom", NOW), until=until)
    assert known_text(given, NOW) == text


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (("address", "10.0.0.7"), "address 10.0.0.7"),
        (("certificate", "*.acme.example"), "certificate *.acme.example"),
        (("client", "Acme"), "client Acme"),
        (("error", "timeout"), "timed out"),
    ],
)
def test_a_common_cause_has_a_name(cause: Cause, text: str) -> None:
    assert cause_text(cause) == text


def test_a_snooze_that_has_run_out_holds_nothing_back() -> None:
    assert held_back_text(SEARCH, NOW) == "snoozed until 15:32"
    assert held_back_text(SEARCH, NOW + timedelta(hours=2)) == ""
    assert held_back_text(BEHIND, NOW) == "behind Northwind Bank/ledger.prod"
    assert held_back_text(LEDGER, NOW) == ""


def test_several_incidents_last_from_the_first_beginning_to_the_last_end() -> None:
    assert lasting([line.incident for line in RACK], NOW) == "2m"
    assert lasting([OVER.incident], NOW) == "48m"
    assert lasting([OVER.incident, RACK[0].incident], NOW) == "5h 00m"


class TimelineApp(RondaLook):
    """A timeline and nothing else."""

    def compose(self) -> ComposeResult:
        yield Timeline()


async def drawn(events: tuple[IncidentEvent, ...], width: int) -> list[str]:
    app = TimelineApp()
    async with app.run_test(size=(width, 20)) as pilot:
        app.query_one(Timeline).show(events, NOW)
        await pilot.pause()
        return [line.rstrip() for line in screen_text(app).splitlines() if line.strip()]


async def test_long_texts_of_the_timeline_go_on_under_themselves() -> None:
    lines = await drawn(TIMELINE, 80)
    assert lines[1] == " 14:23:05  acknowledged  tom    the bank moves its racks"
    assert lines[3].startswith(" 14:28:05  note          ana    Called the NOC")
    assert lines[4].startswith(" " * 32)
    assert lines[4][32] != " "
    assert lines[-1] == " 14:30:05  flapping      Ronda  34 %"


async def test_texts_stand_below_where_there_is_no_room_beside() -> None:
    ended = IncidentEvent(ago(days=1), EventKind.ACKNOWLEDGEMENT_ENDED, "tom", "because\x1b[2J of it")
    lines = await drawn((ended, IncidentEvent(ago(hours=1), EventKind.ASSIGNED, "tom")), 60)
    assert lines[0] == " 2026-11-22 14:32:05  acknowledgement ended  tom"
    assert lines[1].startswith("   because")
    assert "\x1b" not in lines[1]
    assert lines[2] == " 2026-11-23 13:32:05  assigned               tom"
    assert lines[3] == "   to nobody"
