from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES

import tui
from core.domain.observations import Status
from tests.tui.canned import CannedApp, Fleet
from tests.tui.forms import screen_text, until
from tui.stages import Stage
from tui.themes import THEMES, Palette, blend, ink

OWN = [theme.name for theme in THEMES]
SMALL = Fleet(12, per_client=6)


def contrast(first: str, second: str) -> float:
    """Give the contrast ratio of WCAG 2."""
    lights = sorted(_luminance(Color.parse(colour)) for colour in (first, second))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(colour: Color) -> float:
    def linear(value: float) -> float:
        return float(value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(part / 255) for part in colour.rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [*OWN, *BUILTIN_THEMES])
async def test_the_console_starts_in_every_theme(theme: str) -> None:
    app = CannedApp(SMALL, theme=theme)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        await pilot.pause()
        assert app.theme == theme
        assert "services" in screen_text(app)


async def test_an_unknown_theme_is_said_and_replaced() -> None:
    app = CannedApp(SMALL, theme="no-such-theme")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        assert app.theme == OWN[0]
        assert any("no-such-theme" in notice.message for notice in app._notifications)


async def test_the_palette_follows_the_theme() -> None:
    app = CannedApp(SMALL)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        before = app.palette
        app.theme = "ronda-day"
        await pilot.pause()
        assert app.palette.background != before.background
        assert Color.parse(app.palette.background).brightness > 0.9


@pytest.mark.parametrize("theme", OWN)
def test_statuses_stand_out_from_the_background_and_from_each_other(theme: str) -> None:
    palette = palette_of(theme)
    for status in Status:
        least = 2.2 if status is Status.PAUSED else 3.0
        assert contrast(palette.status(status), palette.background) >= least, status
    assert contrast(palette.foreground, palette.background) >= 7
    assert contrast(palette.quiet, palette.background) >= 4.5
    assert len({palette.status(status) for status in Status}) == len(Status)


def palette_of(name: str) -> Palette:
    theme = next(theme for theme in THEMES if theme.name == name)
    return Palette.of({**theme.to_color_system().generate(), **theme.variables})


def test_colours_are_named_in_one_file_only() -> None:
    folder = Path(tui.__file__).parent
    found = {
        path.name
        for path in (*folder.rglob("*.py"), *folder.rglob("*.tcss"))
        if re.search(r"#[0-9a-fA-F]{6}\b", path.read_text())
    }
    assert found == {"themes.py"}


def test_equal_inks_are_one_object_so_that_caches_hit() -> None:
    assert ink("#ffffff", "#000000", True) is ink("#ffffff", "#000000", True)


def test_colours_blend_and_those_of_a_terminal_do_not() -> None:
    assert blend("#000000", "#ffffff", 0.5) == "#7F7F7F"
    assert blend("#000000", "#ffffff", 9) == "#FFFFFF"
    assert blend("ansi_green", "ansi_red", 0.4) == "ansi_green"
    assert blend("ansi_green", "ansi_red", 0.6) == "ansi_red"
