"""Writes what the documents say of the code: key table, settings, pictures of the screens.

``make docs`` runs it; a test compares what stands in the documents with what this would write.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from pathlib import Path

from core.settings import SETTINGS
from tui.actions import ACTIONS, PLACE_TITLES, Action, Place

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
SCREENS = ROOT / "docs" / "screens"
SIZE = (120, 36)
SETTLING_SECONDS = 40
"""How long the demo runs before its picture is taken: heartbeat bars need results."""


def key_table() -> str:
    """Give every key with the places where it works, as a Markdown table."""
    lines = ["| keys | what they do | where |", "|---|---|---|"]
    told = [action for action in ACTIONS if action.help]  # an opposite is told with its twin
    lines += [f"| `{action.told_keys}` | {action.help} | {_where(action)} |" for action in told]
    return "\n".join(lines)


def _where(action: Action) -> str:
    if action.places >= frozenset(Place) - {Place.FORM}:
        return "everywhere"
    return ", ".join(PLACE_TITLES[place].lower() for place in Place if place in action.places)


def settings_table() -> str:
    """Give every setting as a Markdown table."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += [f"| `{each.name}` | {each.default} | {each.meaning} |" for each in SETTINGS]
    return "\n".join(lines)


def with_section(text: str, name: str, content: str) -> str:
    """Give a document with the part between the marks of ``name`` replaced."""
    pattern = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
    written, count = pattern.subn(lambda match: f"{match[1]}{content}\n{match[2]}", text)
    assert count == 1, f"no section {name}"
    return written


def readme(text: str) -> str:
    """Give the README as it should be."""
    return with_section(with_section(text, "keys", key_table()), "settings", settings_table())


async def take_pictures(seconds: float) -> None:
    """Let the demo run for a while and keep pictures of its screens."""
    from core.demo.world import demo_settings, open_demo
    from core.settings import load_settings
    from tui.__main__ import desk_opener
    from tui.app import RondaApp

    SCREENS.mkdir(exist_ok=True)
    with demo_settings(load_settings({}, checkout=None)) as settings:
        app = RondaApp(desk_opener(lambda: open_demo(settings)))
        async with app.run_test(size=SIZE) as pilot:
            await asyncio.sleep(seconds)
            for name, keys in (("board", ["right_square_bracket"]), ("help", ["question_mark"])):
                await pilot.press(*keys)
                await pilot.pause()
                app.save_screenshot(f"{name}.svg", path=str(SCREENS))


def main() -> None:
    """Write everything, or with ``--no-pictures`` the texts only."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-pictures", action="store_true")
    README.write_text(readme(README.read_text()))
    if not parser.parse_args().no_pictures:
        asyncio.run(take_pictures(SETTLING_SECONDS))


if __name__ == "__main__":
    main()
