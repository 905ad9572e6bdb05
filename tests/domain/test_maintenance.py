"""What a maintenance window may be, and whose it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.domain.maintenance import Scope, Stretch, WindowSpec, zone_of
from core.domain.text import TEXT_LIMIT
from core.wording import fault_text
from tests.clock import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ONCE = WindowSpec("new disks", starts_at=NOON, ends_at=NOON + HOUR)
WEEKLY = WindowSpec("backup", cron="0 2 * * SUN", duration_seconds=7_200.0, zone="Europe/Lisbon")


@pytest.mark.parametrize(
    "spec",
    [
        ONCE,
        WEEKLY,
        replace(ONCE, starts_at=NOON - DAY),
        replace(ONCE, ends_at=NOON + 31 * DAY),
        replace(ONCE, scope=Scope.TAG, tag="gold"),
        replace(ONCE, scope=Scope.CLIENT, subject_id=7),
        replace(WEEKLY, duration_seconds=60.0),
        replace(WEEKLY, duration_seconds=31 * 86_400.0),
    ],
)
def test_a_window_that_is_right_has_no_faults(spec: WindowSpec) -> None:
    assert spec.faults(NOON) == ()


@pytest.mark.parametrize(
    ("base", "changes", "fault"),
    [
        (ONCE, {"reason": " "}, ("reason", "required")),
        (ONCE, {"reason": "x" * (TEXT_LIMIT + 1)}, ("reason", "too_long")),
        (ONCE, {"reason": "red\x1b[31m"}, ("reason", "control_characters")),
        (ONCE, {"scope": Scope.TAG, "tag": "two words"}, ("tags", "tag_form")),
        (ONCE, {"scope": Scope.TAG}, ("tags", "tag_form")),
        (ONCE, {"scope": Scope.CLIENT}, ("subject", "required")),
        (ONCE, {"scope": Scope.SERVICE}, ("subject", "required")),
        (ONCE, {"starts_at": None}, ("starts_at", "required")),
        (ONCE, {"ends_at": None}, ("ends_at", "window_endless")),
        (ONCE, {"starts_at": NOON - HOUR, "ends_at": NOON}, ("ends_at", "window_past")),
        (ONCE, {"starts_at": NOON + DAY}, ("ends_at", "window_order")),
        (ONCE, {"starts_at": NOON + HOUR}, ("ends_at", "window_order")),
        (ONCE, {"ends_at": NOON + 31 * DAY + timedelta(seconds=1)}, ("ends_at", "window_long")),
        (ONCE, {"zone": "Mars/Olympus"}, ("zone", "zone")),
        (WEEKLY, {"starts_at": NOON}, ("cron", "window_twice")),
        (WEEKLY, {"ends_at": NOON + HOUR}, ("cron", "window_twice")),
        (WEEKLY, {"cron": "0 2 * * " + "1," * 100}, ("cron", "too_long")),
        (WEEKLY, {"duration_seconds": 0.0}, ("duration_seconds", "window_duration")),
        (WEEKLY, {"duration_seconds": float("nan")}, ("duration_seconds", "window_duration")),
        (WEEKLY, {"duration_seconds": 31 * 86_400.0 + 1}, ("duration_seconds", "window_duration")),
        (WEEKLY, {"zone": ""}, ("zone", "required")),
        (WEEKLY, {"zone": "../../etc/passwd"}, ("zone", "zone")),
        (WEEKLY, {"zone": "Europe"}, ("zone", "zone")),
        (WEEKLY, {"zone": "Euro\x00pe"}, ("zone", "zone")),
    ],
)
def test_a_window_that_is_wrong_says_how(
    base: WindowSpec, changes: dict[str, Any], fault: tuple[str, str]
) -> None:
    faults = replace(base, **changes).faults(NOON)
    assert [(each.field, each.code) for each in faults] == [fault]
    text = fault_text(faults[0])
    assert text.isprintable()
    assert "{" not in text


def test_all_faults_are_named_at_once() -> None:
    spec = WindowSpec("", Scope.TAG, tag="a b", starts_at=NOON, ends_at=NOON - DAY, zone="nowhere")
    codes = [fault.code for fault in spec.faults(NOON)]
    assert codes == ["required", "tag_form", "window_past", "window_order", "zone"]


@pytest.mark.parametrize(
    ("scope", "subject_id", "tag", "concerned"),
    [
        (Scope.ALL, None, "", {1, 2, 3}),
        (Scope.CLIENT, 10, "", {1, 2}),
        (Scope.SERVICE, 1, "", {1}),
        (Scope.SERVICE, 10, "", set()),
        (Scope.CLIENT, 1, "", set()),
        (Scope.TAG, None, "gold", {2, 3}),
        (Scope.TAG, None, "Gold", set()),
    ],
)
def test_a_window_concerns_the_services_of_its_scope(
    scope: Scope, subject_id: int | None, tag: str, concerned: set[int]
) -> None:
    spec = replace(ONCE, scope=scope, subject_id=subject_id, tag=tag)
    services: dict[int, tuple[int, list[str]]] = {1: (10, []), 2: (10, ["gold"]), 3: (20, ["gold", "eu"])}
    found = {
        service_id for service_id, (client_id, tags) in services.items()
        if spec.concerns(service_id, client_id, tags)
    }  # fmt: skip
    assert found == concerned


@pytest.mark.parametrize(
    ("moment", "held"),
    [(NOON - timedelta(microseconds=1), False), (NOON, True), (NOON + HOUR, False)],
)
def test_a_stretch_holds_its_beginning_but_not_its_end(moment: datetime, held: bool) -> None:
    assert Stretch(NOON, NOON + HOUR).holds(moment) is held


def test_only_a_window_that_is_once_has_a_time_of_its_own() -> None:
    assert ONCE.once == Stretch(NOON, NOON + HOUR)
    assert WEEKLY.once is None


def test_a_zone_is_found_by_its_name_alone() -> None:
    zone = zone_of("America/Sao_Paulo")
    assert zone is not None
    assert zone.key == "America/Sao_Paulo"
    assert zone_of("-03:00") is None
