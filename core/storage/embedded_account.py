"""The operating system account that the embedded server runs as, and what is run in its name.

PostgreSQL refuses to run as root. When Ronda is root, the server runs as ``postgres`` or ``nobody``,
root keeps the folders that it reads and writes itself, and no folder that was there before is changed.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError
from core.i18n import _

ROOT_SERVER_ACCOUNTS = ("postgres", "nobody")
"""Accounts that may run the server when Ronda is root, the best one first."""

_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended."""

    code: int
    output: str
    """What it wrote to stdout and stderr."""


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """Who owns the data and runs the server."""

    uid: int
    gid: int
    name: str
    switched: bool
    """Whether Ronda is root and runs the server as somebody else."""

    def run(
        self,
        arguments: Sequence[str | Path],
        *,
        typed: str = "",
        inherited: Sequence[int] = (),
    ) -> Outcome:
        """Run a program as this account in a session of its own, and wait for it.

        The output goes through a file, since a daemon that the program leaves behind would hold a pipe
        open. ``typed`` is its input, ``inherited`` are file descriptors that it holds as long as it
        runs. Raises OSError if the program cannot be executed.
        """
        with tempfile.TemporaryFile("w+", errors="replace") as output, tempfile.TemporaryFile("w+") as source:
            source.write(typed)
            source.seek(0)
            ended = subprocess.run(
                [os.fspath(argument) for argument in arguments],
                stdin=source,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=server_environment(),
                cwd="/",
                umask=0o077,
                start_new_session=True,
                pass_fds=tuple(inherited),
                user=self.uid if self.switched else None,
                group=self.gid if self.switched else None,
                extra_groups=[] if self.switched else None,
                check=False,
            )
            output.seek(0)
            return Outcome(ended.returncode, output.read())

    def can_enter(self, folder: Path) -> bool:
        """Whether this account gets into the folder, past all its parents."""
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).code == 0

    def own_folder(self, folder: Path) -> None:
        """Make a folder that only this account may enter, or take the one that is already its own."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.switched and folder.lstat().st_uid == os.geteuid():
            os.chown(folder, self.uid, self.gid, follow_symlinks=False)
        require_owner(folder, self.uid)


def server_account() -> ServerAccount:
    """Give the account for the server of this process; raises ConfigError if there is none."""
    uid = os.geteuid()
    if uid == 0:
        return _account_beside_root()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError as error:
        raise ConfigError(
            _(
                "The embedded PostgreSQL needs a user with a name, and user {uid} has none; "
                "add one to /etc/passwd or set DATABASE_URL."
            ).format(uid=uid)
        ) from error
    return ServerAccount(uid, os.getegid(), entry.pw_name, switched=False)


def _account_beside_root() -> ServerAccount:
    for name in ROOT_SERVER_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerAccount(entry.pw_uid, entry.pw_gid, name, switched=True)
    raise ConfigError(
        _(
            "PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody; "
            "run Ronda as an ordinary user or set DATABASE_URL."
        )
    )


def server_environment() -> dict[str, str]:
    """Give the environment of the server: no locale of the user, no PG settings, no secrets."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def user_name(uid: int) -> str:
    """Give the user's name, or the number where there is no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def require_owner(folder: Path, uid: int) -> None:
    """Raise ConfigError unless it is a real folder that belongs to ``uid``."""
    owner = folder.lstat().st_uid
    if folder.is_symlink() or not folder.is_dir():
        raise ConfigError(_("{folder} is not a folder; set RONDA_DATA_DIR.").format(folder=folder))
    if owner != uid:
        raise ConfigError(
            _(
                "{folder} belongs to {owner}, not to {expected}; "
                "run Ronda as that user or set RONDA_DATA_DIR to a folder of your own."
            ).format(folder=folder, owner=user_name(owner), expected=user_name(uid))
        )
