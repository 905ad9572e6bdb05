from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from textual.strip import Strip

from core.domain.flapping import Flapping
from core.domain.observations import ErrorKind, Observation, Status
from core.domain.services import Service
from core.domain.status import Run, ServiceState
from core.domain.uptime import Uptime
from core.operations.board import BoardLine
from tests.tui.canned import NOW, Fleet, answer
from tests.tui.test_themes import palette_of
from tui.beats import BeatRing
from tui.board_model import Entry
from tui.widgets.board_rows import Columns, RowFacts, RowPainter, trouble

PALETTE = palette_of("ronda-night")
FLEET = Fleet(4)
UP = ServiceState(Status.UP, NOW - timedelta(days=2), observation=answer(NOW, 42.0))
REFUSED = Observation(NOW, Status.DOWN, error=ErrorKind.CONNECT, detail="connection refused")
DOWN = ServiceState(
    Status.DOWN, NOW - timedelta(minutes=5), Run(True, 9, NOW), Run(True, 9, NOW), observation=REFUSED
)
SOFT = ServiceState(Status.UP, NOW, Run(True, 1, NOW), Run(True, 1, NOW), observation=REFUSED)


def entry_of(state: ServiceState, *, name: str = "api.prod", active: bool = True) -> Entry:
    line = FLEET.lines[0]
    spec = replace(line.service.spec, name=name, active=active)
    service: Service = replace(line.service, spec=spec)
    entry = Entry(BoardLine(service, line.client, state), NOW)
    entry.beats = BeatRing.of(FLEET.beats[line.service.id])
    entry.uptime = Uptime(86_400, 86_400, 86_357)
    return entry


def draw(
    entry: Entry, width: int = 100, *, now: datetime = NOW, selected: bool = False, with_client: bool = False
) -> Strip:
    painter = RowPainter(PALETTE, Columns.of(width))
    strip = painter.service(entry, RowFacts.of(entry, now, with_client=with_client), selected)
    assert strip.cell_length == width
    return strip


def colour_of(strip: Strip, text: str) -> str:
    segment = next(segment for segment in strip if text in segment.text)
    assert segment.style is not None
    assert segment.style.color is not None
    return segment.style.color.name.lower()


@pytest.mark.parametrize("width", range(1, 180))
def test_columns_share_exactly_the_width(width: int) -> None:
    columns = Columns.of(width)
    shared = 4 + columns.name + columns.latency + columns.bar + columns.uptime + columns.age
    assert shared == max(width, 4)
    assert draw(entry_of(UP), width).cell_length == width


def test_columns_are_dropped_in_their_order_as_room_gets_short() -> None:
    dropped: list[str] = []
    for width in range(120, 10, -1):
        columns = Columns.of(width)
        for name in ("age", "uptime", "bar", "latency"):
            if not getattr(columns, name) and name not in dropped:
                dropped.append(name)
    assert dropped == ["age", "uptime", "bar", "latency"]


def test_names_take_no_more_than_the_longest_needs() -> None:
    short, long = Columns.of(100, 12), Columns.of(100, 60)
    assert short.bar > long.bar
    assert short.name < long.name


def test_a_service_that_is_up_shows_latency_uptime_and_age() -> None:
    text = draw(entry_of(UP), now=NOW + timedelta(seconds=25)).text
    assert text.startswith("  ● api.prod")
    assert "42ms" in text
    assert "99.95%" in text
    assert text.rstrip().endswith("20s")


def test_a_service_that_is_down_says_so_and_why() -> None:
    strip = draw(entry_of(DOWN))
    assert "✗ api.prod" in strip.text
    assert " down " in strip.text
    assert "connection refused" in strip.text
    assert colour_of(strip, "connection refused") == PALETTE.down


def test_a_short_bar_is_not_given_up_for_a_text() -> None:
    narrow = Columns.of(54)
    assert 0 < narrow.bar < 24
    assert "refused" not in draw(entry_of(DOWN), 54).text


def test_an_unconfirmed_failure_is_told_with_its_count() -> None:
    text = draw(entry_of(SOFT), 140).text
    assert "◐ api.prod" in text
    assert "soft 1/3: connection refused" in text


def test_a_service_that_could_not_be_observed_is_blind_and_no_failure() -> None:
    for before in (DOWN, SOFT):
        entry = entry_of(replace(before, observation=replace(REFUSED, status=Status.BLIND)))
        facts = RowFacts.of(entry, NOW, with_client=False)
        assert (facts.status, facts.glyph) == (Status.BLIND, "◌")
        assert facts.text == "not observed: our own line is down"
        assert not entry.failing


def test_a_recovering_service_says_so() -> None:
    state = replace(DOWN, observation=answer(NOW, 9.0), down_run=Run(False, 1, NOW))
    assert trouble(entry_of(state), NOW) == "recovering"


def test_a_stale_service_is_unknown_and_tells_since_when() -> None:
    later = NOW + timedelta(minutes=5)
    entry = entry_of(UP)
    entry.shown = Status.UNKNOWN
    text = draw(entry, now=later).text
    assert "? api.prod" in text
    assert "unknown" in text
    assert "no result for 5m" in text


def test_a_service_in_maintenance_says_until_when_and_what_is_wrong_meanwhile() -> None:
    ends_at = NOW + timedelta(minutes=40)
    strip = draw(entry_of(replace(DOWN, maintenance_until=ends_at)), 160)
    told = f"in maintenance until {ends_at.astimezone():%H:%M} · connec"
    assert "◆ api.prod" in strip.text
    assert told in strip.text
    assert colour_of(strip, told) == PALETTE.status(Status.MAINTENANCE)
    soft = draw(entry_of(replace(SOFT, maintenance_until=ends_at)), 160).text
    assert "◆ api.prod" in soft
    assert "soft" not in soft
    assert trouble(entry_of(replace(UP, maintenance_until=ends_at)), NOW) == told.split(" · ")[0]


def test_a_maintenance_that_ends_on_another_day_says_on_which() -> None:
    ends_at = NOW + timedelta(days=2)
    text = trouble(entry_of(replace(UP, maintenance_until=ends_at)), NOW)
    assert text == f"in maintenance until {ends_at.astimezone():%Y-%m-%d %H:%M}"


def test_a_service_that_flaps_says_so_before_what_is_wrong() -> None:
    flapping = Flapping(0b111111, active=True)
    up = draw(entry_of(replace(UP, flapping=flapping)), 140)
    assert colour_of(up, "flapping") == PALETTE.degraded
    assert "flapping · connection" in draw(entry_of(replace(DOWN, flapping=flapping)), 160).text
    assert "flapping" not in draw(entry_of(replace(UP, flapping=flapping), active=False), 140).text
    assert "flapping" not in draw(entry_of(UP), 140).text


def test_a_paused_service_is_told_by_its_word_without_trouble() -> None:
    text = draw(entry_of(DOWN, active=False)).text
    assert "‖ api.prod" in text
    assert "paused" in text
    assert "refused" not in text


def test_a_service_without_results_shows_dashes() -> None:
    entry = entry_of(ServiceState())
    entry.uptime = None
    entry.beats = BeatRing()
    text = draw(entry).text
    assert "? api.prod" in text
    assert text.count("—") == 2


def test_low_uptime_is_coloured() -> None:
    entry = entry_of(UP)
    assert colour_of(draw(entry), "99.95%") == PALETTE.quiet
    entry.uptime = Uptime(86_400, 86_400, 80_000)
    assert colour_of(draw(entry), "92.59%") == PALETTE.degraded


@pytest.mark.parametrize("name", ["東京タワー監視サービス", "a" * 80, "naïve café", "🚀 rocket"])
@pytest.mark.parametrize("width", [30, 77, 101])
def test_wide_and_long_names_keep_the_columns_in_line(name: str, width: int) -> None:
    assert draw(entry_of(UP, name=name), width).cell_length == width


def test_a_name_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in draw(entry_of(UP, name="evil\x1b[2Jname")).text


def test_the_client_is_told_where_services_do_not_stand_under_it() -> None:
    client = FLEET.lines[0].client.spec.name
    assert client in draw(entry_of(UP), 140, with_client=True).text
    assert client not in draw(entry_of(UP), 140).text


def test_the_cursor_is_a_mark_and_a_background() -> None:
    strip = draw(entry_of(UP), selected=True)
    assert strip.text.startswith("▌")
    assert all(segment.style and segment.style.bgcolor for segment in strip)
    assert colour_of(strip, "api.prod") == PALETTE.strong


def test_everything_drawn_is_in_the_signature() -> None:
    painter = RowPainter(PALETTE, Columns.of(100))
    entry = entry_of(UP)

    def signature(*, now: datetime = NOW, selected: bool = False) -> object:
        return painter.signature(entry, RowFacts.of(entry, now, with_client=False), selected)

    first = signature()
    assert signature() == first
    assert signature(now=NOW + timedelta(seconds=5)) == first
    assert signature(selected=True) != first
    assert signature(now=NOW + timedelta(seconds=15)) != first
    entry.beats.add(answer(NOW, 1.0))
    assert signature() != first
    second = signature()
    entry.uptime = Uptime(10, 10, 5)
    assert signature() != second


@pytest.mark.parametrize("width", [24, 40, 77, 101, 160])
def test_a_heading_counts_what_is_not_well(width: int) -> None:
    painter = RowPainter(PALETTE, Columns.of(width))
    counts = Counter({Status.UP: 20, Status.DOWN: 2, Status.PAUSED: 1})
    strip = painter.heading(FLEET.lines[0].client, counts, folded=False, selected=False)
    assert strip.cell_length == width
    assert "✗ 2" in strip.text
    assert "‖ 1" in strip.text
    assert ("2 down" in strip.text) is (width >= 96)


def test_a_heading_of_a_client_without_problems_says_so() -> None:
    painter = RowPainter(PALETTE, Columns.of(100))
    strip = painter.heading(FLEET.lines[0].client, Counter({Status.UP: 3}), folded=True, selected=False)
    assert strip.text.startswith(" ▸ ")
    assert "3 services" in strip.text
    assert "all up" in strip.text
