"""Ronda's colours: three themes, and the palette that hand-drawn widgets take from whichever theme is on.

The only file that names a colour. A status is always glyph + word + colour, so nothing here carries a
meaning alone; ``ronda-cvd`` uses the hues of Okabe and Ito, which survive red-green blindness.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from core.domain.observations import Status

DEFAULT_THEME = "ronda-night"
SIXTEEN_COLOUR_THEME = "ansi-dark"
"""For terminals of 16 colours, where a rounded-off hue would turn green into grey."""

_NIGHT = {
    "background": "#0b0e14", "foreground": "#c9d3e0", "accent": "#7aa2f7",
    "band": "#131822", "selection": "#1c2a44", "line": "#28303d", "line-focus": "#5d8ff0",
    "text-strong": "#f2f6fc", "text-quiet": "#7e8ba1", "text-faint": "#4f5b70", "key": "#f2c14e",
    "status-up": "#4cc38a", "status-up-quiet": "#33916b", "status-degraded": "#f2c14e",
    "status-degraded-wash": "#5f4d1d", "status-down": "#ff6470", "status-down-wash": "#5a2630",
    "status-unknown": "#8b98a9", "status-paused": "#5c687c", "status-maintenance": "#a08cff",
    "status-blind": "#c08552", "chart-low": "#2a6f8f", "chart-high": "#4cc38a",
}  # fmt: skip
_DAY = {
    "background": "#fbfcfe", "foreground": "#27313f", "accent": "#1f5fd6",
    "band": "#eef2f7", "selection": "#dbe7ff", "line": "#cdd5e0", "line-focus": "#2f6fe4",
    "text-strong": "#0b1220", "text-quiet": "#5d6b7f", "text-faint": "#9aa6b5", "key": "#a86400",
    "status-up": "#12805c", "status-up-quiet": "#7fbfa6", "status-degraded": "#a86400",
    "status-degraded-wash": "#e9d3a8", "status-down": "#c81e3a", "status-down-wash": "#f3c1c9",
    "status-unknown": "#68768a", "status-paused": "#8592a3", "status-maintenance": "#6b4fd8",
    "status-blind": "#8a5a2b", "chart-low": "#6fb4cf", "chart-high": "#12805c",
}  # fmt: skip
_CVD = _NIGHT | {
    "accent": "#56b4e9", "line-focus": "#56b4e9", "key": "#f0e442",
    "status-up": "#56b4e9", "status-up-quiet": "#2c6487", "status-degraded": "#f0e442",
    "status-degraded-wash": "#5c581f", "status-down": "#ff7f2a", "status-down-wash": "#5e3413",
    "status-maintenance": "#d490bf", "status-blind": "#e69f00", "chart-low": "#264f74",
    "chart-high": "#56b4e9",
}  # fmt: skip
_SIXTEEN = {
    "band": "ansi_default", "selection": "ansi_bright_black", "line": "ansi_bright_black",
    "line-focus": "ansi_blue", "text-strong": "ansi_default", "text-quiet": "ansi_default",
    "text-faint": "ansi_bright_black", "key": "ansi_yellow", "status-up": "ansi_green",
    "status-up-quiet": "ansi_green", "status-degraded": "ansi_yellow", "status-degraded-wash": "ansi_yellow",
    "status-down": "ansi_red", "status-down-wash": "ansi_default", "status-unknown": "ansi_default",
    "status-paused": "ansi_bright_black", "status-maintenance": "ansi_magenta",
    "status-blind": "ansi_cyan", "chart-low": "ansi_cyan", "chart-high": "ansi_green",
}  # fmt: skip


def _theme(name: str, tokens: Mapping[str, str], *, dark: bool) -> Theme:
    return Theme(
        name=name,
        dark=dark,
        primary=tokens["accent"],
        secondary=tokens["line-focus"],
        accent=tokens["accent"],
        background=tokens["background"],
        surface=tokens["background"],
        panel=tokens["band"],
        boost=tokens["selection"],
        foreground=tokens["foreground"],
        success=tokens["status-up"],
        warning=tokens["status-degraded"],
        error=tokens["status-down"],
        variables=_textual_looks(tokens) | _own_variables(tokens),
    )


def _own_variables(tokens: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in tokens.items() if name in _SIXTEEN}


def _textual_looks(tokens: Mapping[str, str]) -> dict[str, str]:
    """Give what Textual's own widgets should look like: inputs, scrollbars, the palette, borders."""
    return {
        "border": tokens["line-focus"],
        "border-blurred": tokens["line"],
        "block-cursor-background": tokens["selection"],
        "block-cursor-foreground": tokens["text-strong"],
        "block-cursor-blurred-background": tokens["band"],
        "block-cursor-blurred-foreground": tokens["foreground"],
        "input-selection-background": tokens["selection"],
        "footer-key-foreground": tokens["key"],
        "scrollbar": tokens["line"],
        "scrollbar-hover": tokens["text-faint"],
        "scrollbar-active": tokens["accent"],
        "scrollbar-background": tokens["background"],
        "scrollbar-background-hover": tokens["background"],
        "scrollbar-background-active": tokens["background"],
        "scrollbar-corner-color": tokens["background"],
    }


THEMES = (
    _theme(DEFAULT_THEME, _NIGHT, dark=True),
    _theme("ronda-day", _DAY, dark=False),
    _theme("ronda-cvd", _CVD, dark=True),
)
"""What Ronda adds to the themes of Textual; the first is the default."""


def variable_defaults(theme: Theme) -> dict[str, str]:
    """Give Ronda's variables for a theme that does not know them, in that theme's own hues."""
    if theme.ansi:
        return dict(_SIXTEEN)
    colours = theme.to_color_system().generate()
    background, foreground = Color.parse(colours["background"]), Color.parse(colours["foreground"])

    def towards(colour: str, share: float) -> str:
        return background.blend(Color.parse(colour), share).hex

    up, degraded, down = (colours[name] for name in ("success", "warning", "error"))
    accent = colours["accent"]
    return {
        "band": towards(foreground.hex, 0.06),
        "selection": towards(accent, 0.25),
        "line": towards(foreground.hex, 0.2),
        "line-focus": accent,
        "text-strong": foreground.hex,
        "text-quiet": towards(foreground.hex, 0.62),
        "text-faint": towards(foreground.hex, 0.4),
        "key": degraded,
        "status-up": up,
        "status-up-quiet": towards(up, 0.7),
        "status-degraded": degraded,
        "status-degraded-wash": towards(degraded, 0.35),
        "status-down": down,
        "status-down-wash": towards(down, 0.35),
        "status-unknown": towards(foreground.hex, 0.62),
        "status-paused": towards(foreground.hex, 0.45),
        "status-maintenance": colours["secondary"],
        "status-blind": towards(degraded, 0.6),
        "chart-low": towards(colours["primary"], 0.6),
        "chart-high": up,
    }


@lru_cache(maxsize=4096)
def ink(colour: str, background: str, bold: bool = False) -> Style:
    """Give the one shared style of these colours: equal styles are the same object, so caches hit."""
    return Style(
        color=Color.parse(colour).rich_color,
        bgcolor=Color.parse(background).rich_color,
        bold=bold or None,
    )


@lru_cache(maxsize=4096)
def blend(start: str, end: str, share: float) -> str:
    """Give a colour between two; the 16 colours of a terminal do not mix: the nearer end."""
    share = min(1.0, max(0.0, share))
    first, second = Color.parse(start), Color.parse(end)
    if first.ansi is not None or second.ansi is not None:
        return start if share < 0.5 else end
    return first.blend(second, round(share, 2)).hex


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of the theme that is on, for widgets that draw their lines themselves."""

    background: str
    foreground: str
    accent: str
    band: str
    """Behind the top bar, the key hints and the rows of clients."""
    selection: str
    line: str
    strong: str
    quiet: str
    faint: str
    key: str
    up: str
    up_quiet: str
    degraded: str
    degraded_wash: str
    down: str
    down_wash: str
    unknown: str
    paused: str
    maintenance: str
    blind: str
    chart_low: str
    chart_high: str

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Palette:
        """Take the colours from a theme's resolved variables (``App.theme_variables``)."""
        return cls(
            background=variables["background"],
            foreground=variables["foreground"],
            accent=variables["accent"],
            band=variables["band"],
            selection=variables["selection"],
            line=variables["line"],
            strong=variables["text-strong"],
            quiet=variables["text-quiet"],
            faint=variables["text-faint"],
            key=variables["key"],
            up=variables["status-up"],
            up_quiet=variables["status-up-quiet"],
            degraded=variables["status-degraded"],
            degraded_wash=variables["status-degraded-wash"],
            down=variables["status-down"],
            down_wash=variables["status-down-wash"],
            unknown=variables["status-unknown"],
            paused=variables["status-paused"],
            maintenance=variables["status-maintenance"],
            blind=variables["status-blind"],
            chart_low=variables["chart-low"],
            chart_high=variables["chart-high"],
        )

    def status(self, status: Status) -> str:
        """Give the colour of a status, for its glyph and its word."""
        return str(getattr(self, status.value))

    def beat(self, status: Status) -> str:
        """Give the colour of a status inside a bar, where what is well stays calm."""
        return self.up_quiet if status is Status.UP else self.status(status)
