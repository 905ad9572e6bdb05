from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tui.until import until_of
from tui.widgets.values import Unreadable

NOW = datetime(2026, 11, 23, 14, 32, tzinfo=UTC)


@pytest.fixture(autouse=True)
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", NOW + timedelta(hours=2)),
        ("1h30m", NOW + timedelta(minutes=90)),
        ("23:45", datetime(2026, 11, 23, 14, 45, tzinfo=UTC)),
        ("08:00", datetime(2026, 11, 23, 23, 0, tzinfo=UTC)),
        ("2026-12-01 08:00", datetime(2026, 11, 30, 23, 0, tzinfo=UTC)),
        ("2026-12-01T08:00:00Z", datetime(2026, 12, 1, 8, 0, tzinfo=UTC)),
    ],
)
def test_durations_times_of_day_and_moments_are_read(text: str, moment: datetime) -> None:
    assert until_of(text, NOW) == moment


@pytest.mark.parametrize(("text", "code"), [(" ", "required"), ("soon", "moment"), ("999999999d", "moment")])
def test_what_is_no_time_is_a_fault(text: str, code: str) -> None:
    with pytest.raises(Unreadable) as raised:
        until_of(text, NOW)
    assert raised.value.code == code
