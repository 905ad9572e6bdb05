"""Where the program's log goes: a file for the console, stderr for what has no screen."""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.domain.secret import MASK, Secret
from core.errors import ConfigError
from core.i18n import _

LOG_FILE = "ronda.log"
"""Name of the log in the log folder."""
AGENT_LOG_FILE = "agent.log"
"""Name of the log of an agent that a console has started, in the same folder."""
LOG_BYTES = 2_000_000
"""A log that would grow longer is put aside, three times."""
QUIET_LIBRARIES = ("httpx", "httpcore", "apscheduler", "asyncio", "alembic", "sqlalchemy")
"""Libraries that are heard from warnings on."""

_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):([^/\s]*)@")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SHORTEST_SECRET = 4


class MaskingFormatter(logging.Formatter):
    """Writes UTC times, and neither known secrets nor passwords in URLs nor control characters."""

    converter = staticmethod(time.gmtime)

    def __init__(self, secrets: Iterable[Secret]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        texts = {text for secret in secrets for text in _forms(secret)}
        self._secrets = sorted(texts, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, with its traceback if it has one."""
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return _CONTROL.sub("�", _URL_PASSWORD.sub(rf"\1:{MASK}@", text))


class _PrivateFile(RotatingFileHandler):
    """A log that only its user reads, since it names clients."""

    def _open(self) -> TextIOWrapper:
        def private(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)

        stream = open(  # noqa: SIM115 - the handler closes it
            self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=private
        )
        assert isinstance(stream, TextIOWrapper)
        return stream


def configure_logging(
    folder: Path | None,
    *,
    file: str = LOG_FILE,
    secrets: Iterable[Secret] = (),
    level: int = logging.INFO,
) -> Callable[[], None]:
    """Send the log to a rotating ``file`` in ``folder``, or to stderr without a folder.

    ``secrets`` never appear in it. The result ends that again. Raises ConfigError if the file cannot be
    written.
    """
    handler = logging.StreamHandler(sys.stderr) if folder is None else _file_handler(folder, file)
    handler.setFormatter(MaskingFormatter(secrets))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    for library in QUIET_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)

    def end() -> None:
        root.removeHandler(handler)
        root.setLevel(before)
        handler.close()

    return end


def _file_handler(folder: Path, file: str) -> logging.Handler:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _PrivateFile(folder / file, maxBytes=LOG_BYTES, backupCount=3, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            _("The log folder {folder} cannot be written to ({reason}); set RONDA_LOG_DIR.").format(
                folder=folder, reason=error.strerror or error
            )
        ) from error


def _forms(secret: Secret) -> Iterable[str]:
    """Give the texts that stand for a secret: itself or, of a URL, its password as written and decoded."""
    text = secret.reveal()
    if "://" in text:
        password = urlsplit(text).password or ""
        candidates = {password, unquote(password)}
    else:
        candidates = {text}
    return {candidate for candidate in candidates if len(candidate) >= _SHORTEST_SECRET}
