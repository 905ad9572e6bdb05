"""A real pseudo-terminal with Ronda in it, and eyes to read its screen."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pexpect
import pyte

# pyte prints the tails of these instead of passing over them.
_UNREAD = re.compile(
    rb"\x1b\[[<>=?][0-9;]*[a-zA-Z]*(?:\$p|u)|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\"
)
KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "down": "\x1b[B",
    "up": "\x1b[A",
    "ctrl+s": "\x13",
    "ctrl+c": "\x03",
    "f2": "\x1bOQ",
}
"""What a terminal sends for keys that have a name."""


class Terminal:
    """Ronda in a terminal of a given size; leaving the block ends it."""

    def __init__(self, *arguments: str, env: dict[str, str], columns: int = 120, rows: int = 36) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = bytearray()
        """Everything that was written to the terminal."""
        self.process: pexpect.spawn[bytes] = pexpect.spawn(
            sys.executable,
            ["-m", "tui", *arguments],
            env=env,
            cwd="/",
            dimensions=(rows, columns),
            timeout=1,
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.close(force=True)

    @property
    def text(self) -> str:
        """The screen as a person reads it."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def press(self, *keys: str) -> None:
        """Press keys by name, or type texts."""
        for key in keys:
            self.process.send(KEYS.get(key, key))
            self._read(0.05)

    def wait_for(self, *wanted: str | Callable[[str], bool], within: float = 30.0) -> str:
        """Read until everything wanted is on the screen together; fail with the screen where it never is."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            self._read(0.1)
            if all(want in self.text if isinstance(want, str) else want(self.text) for want in wanted):
                return self.text
            if not self.process.isalive():
                break
        raise AssertionError(
            f"{wanted!r} did not appear within {within} s:\n{self.text}\n{bytes(self.raw[-2000:])!r}"
        )

    def wait_for_end(self, within: float = 15.0) -> int | None:
        """Wait until the process has ended and give its exit code; None where a signal ended it."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline and self.process.isalive():
            self._read(0.1)
        assert not self.process.isalive(), f"still running:\n{self.text}"
        self.process.close()
        code: int | None = self.process.exitstatus
        return code

    def _read(self, seconds: float) -> None:
        try:
            data = self.process.read_nonblocking(1 << 16, seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.raw += data
        self._stream.feed(_UNREAD.sub(b"", data))


def fresh_environment(home: Path) -> dict[str, str]:
    """Give the environment of somebody who has just got an account."""
    return {
        "HOME": str(home),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "RONDA_DATA_DIR": str(home / "data"),
        "RONDA_CONFIG_DIR": str(home / "config"),
    }
