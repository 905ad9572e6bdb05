"""The embedded PostgreSQL: starts it, attaches to it, and sees to it that it stops.

One server per data folder, shared by every console of one user. It is reached through a Unix socket in
a private folder, never over the network. Three files are locked, by the kernel and so never stale:

- ``start.lock``: held while a server is made, started or stopped.
- ``clients.lock``: held, shared, by every process that uses the server, as long as it lives.
- ``watchdog.lock``: held by the process that stops the server when the last client has gone.
"""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from core.errors import ConfigError, RondaError, StorageError
from core.i18n import _
from core.storage import embedded_watchdog
from core.storage.embedded_account import (
    ServerAccount,
    require_owner,
    server_account,
    server_environment,
)
from core.storage.embedded_binaries import Binaries, find_binaries
from core.storage.embedded_cluster import (
    DATABASE,
    ROLE,
    Layout,
    create_data,
    disk_full,
    disown,
    explained,
    make_root,
    read_postmaster,
    socket_folder,
    write_config,
)

IDLE_SECONDS = 2.0
"""How long the server runs on after its last client has gone."""
START_SECONDS = 120
"""How long a start may take; after a crash the server reads its write-ahead log first."""
ORPHAN_SECONDS = 20.0
"""How long a start waits for the remaining processes of a server that was killed."""

_ORPHANS = "pre-existing shared memory block"
_POLL_SECONDS = 0.02


class EmbeddedServer:
    """This process's share in the server whose files lie in ``root``.

    ``settings`` overrides settings of PostgreSQL. ``start`` and ``stop`` block; an event loop runs
    them in a thread.
    """

    def __init__(
        self, root: Path, *, settings: Mapping[str, str] | None = None, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self.layout = Layout(root.expanduser().resolve())
        self._settings = dict(settings or {})
        self._idle_seconds = idle_seconds
        self._clients: int | None = None
        self._sockets: Path | None = None

    def start(self) -> str:
        """Start the server or attach to the running one; give the SQLAlchemy URL of Ronda's database.

        May be called again to bring back a server that has died. Raises ConfigError or StorageError.
        """
        with _folder_errors(self.layout):
            account = server_account()
            make_root(self.layout.root, account)
            with self._start_lock() as lock:
                self._join()
                try:
                    self._sockets = self._running(account, lock)
                except BaseException:
                    self.close()
                    raise
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Give the SQLAlchemy URL of a database of this server, once it has been started."""
        if self._sockets is None:
            raise StorageError(_("The embedded PostgreSQL has not been started."))
        return f"postgresql+psycopg://{ROLE}@/{database}?host={quote(os.fspath(self._sockets), safe='')}"

    def close(self) -> None:
        """Give up this process's share; the watchdog stops the server after the last one."""
        if self._clients is not None:
            os.close(self._clients)
            self._clients = None

    def stop(self, timeout: float = 30.0) -> bool:
        """Give up this process's share and wait for the server to stop.

        Gives False if it still runs after ``timeout`` seconds, since somebody else uses it.
        """
        self.close()
        deadline = time.monotonic() + timeout
        lock = _open_lock(self.layout.lock("watchdog"))
        try:
            while not _locked(lock):
                if time.monotonic() > deadline:
                    return False
                time.sleep(_POLL_SECONDS)
            return True
        finally:
            os.close(lock)

    @contextmanager
    def _start_lock(self) -> Iterator[int]:
        """Wait until nobody else starts or stops the server, and keep it so."""
        lock = _open_lock(self.layout.lock("start"))
        deadline = time.monotonic() + START_SECONDS
        try:
            while not _locked(lock):
                if time.monotonic() > deadline:
                    raise StorageError(
                        _(
                            "Another process has been starting the database in {folder} for {seconds} s."
                        ).format(folder=self.layout.root, seconds=START_SECONDS)
                    )
                time.sleep(_POLL_SECONDS)
            yield lock
        finally:
            os.close(lock)

    def _join(self) -> None:
        """Be counted as a client: from here on nobody stops the server."""
        if self._clients is None:
            self._clients = _open_lock(self.layout.lock("clients"))
            fcntl.flock(self._clients, fcntl.LOCK_SH)

    def _running(self, account: ServerAccount, lock: int) -> Path:
        """See to it that the server and its watchdog run; give the folder of its socket."""
        left = read_postmaster(self.layout)
        answering = left.answers_in() if left else None
        watchdog = _open_lock(self.layout.lock("watchdog"))
        try:
            unwatched = _locked(watchdog)
            if answering and not unwatched:
                return answering
            binaries = self._ready_to_start(account, lock)
            if unwatched:
                self._watch(account, binaries, watchdog)
        finally:
            os.close(watchdog)
        return answering or self._started(account, binaries)

    def _ready_to_start(self, account: ServerAccount, lock: int) -> Binaries:
        """Find the programs and make the data where there is none."""
        if account.switched and not account.can_enter(self.layout.root):
            raise ConfigError(
                _(
                    "As root the database runs as the user {user}, who cannot get into {folder}; "
                    "set RONDA_DATA_DIR to a folder where that user can, such as /var/lib/ronda."
                ).format(user=account.name, folder=self.layout.root)
            )
        major = self.layout.major()
        binaries = find_binaries(account, major, self.layout.copies)
        if major is None:
            durable = self._settings.get("fsync") != "off"
            create_data(self.layout, account, binaries, lock=lock, durable=durable)
        require_owner(self.layout.data, account.uid)
        return binaries

    def _watch(self, account: ServerAccount, binaries: Binaries, lock: int) -> None:
        """Start the watchdog, which takes over the lock; it is there before the server is."""
        stop = [binaries.program("pg_ctl"), "-D", self.layout.data, "-m", "fast", "-s", "-w", "stop"]
        who = f"{account.uid}:{account.gid}" if account.switched else "-"
        script = [sys.executable, "-I", "-S", embedded_watchdog.__file__]
        words = [*script, lock, self.layout.root, self._idle_seconds, who, *stop]
        try:
            subprocess.run(
                [str(word) for word in words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=server_environment(),
                start_new_session=True,
                pass_fds=[lock],
                cwd="/",
                check=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise StorageError(
                _("The process that stops the database after its last user does not start: {reason}").format(
                    reason=error
                )
            ) from error

    def _started(self, account: ServerAccount, binaries: Binaries) -> Path:
        """Start the server, once whatever is left of an earlier one is out of the way."""
        if answering := self._settled():
            return answering
        sockets = socket_folder(self.layout, account)
        account.own_folder(self.layout.log)
        write_config(self.layout, account, sockets, self._settings)
        deadline = time.monotonic() + ORPHAN_SECONDS
        while reason := self._refusal(account, binaries):
            if answering := self._settled():
                return answering
            if _ORPHANS not in reason or time.monotonic() > deadline:
                raise explained(self.layout, reason)
            time.sleep(_POLL_SECONDS)
        return sockets

    def _refusal(self, account: ServerAccount, binaries: Binaries) -> str:
        """Try to start the server; give what was said if it did not come up, else nothing."""
        disown(self.layout, account)
        known = self._log_sizes()
        start: list[str | Path] = [binaries.program("pg_ctl"), "-D", self.layout.config, "-w", "-s"]
        start += ["-t", str(START_SECONDS), "-l", self.layout.log / "start.log", "start"]
        outcome = account.run(start)
        return f"{outcome.output}\n{self._log_since(known)}" if outcome.code else ""

    def _settled(self) -> Path | None:
        """Wait while a server is starting or stopping, which a killed process has left behind.

        Gives the folder of its socket, or None if no server runs.
        """
        deadline = time.monotonic() + START_SECONDS
        while (found := read_postmaster(self.layout)) is not None and found.runs(self.layout):
            if answering := found.answers_in():
                return answering
            if time.monotonic() > deadline:
                raise StorageError(
                    _("The database in {folder} runs but takes no connection; end process {pid}.").format(
                        folder=self.layout.root, pid=found.pid
                    )
                )
            time.sleep(_POLL_SECONDS)
        return None

    def _log_sizes(self) -> dict[Path, int]:
        """Begin the log of the server's first words anew; give the length of every other log."""
        (self.layout.log / "start.log").unlink(missing_ok=True)
        return {path: path.stat().st_size for path in self.layout.log.glob("*.log")}

    def _log_since(self, sizes: Mapping[Path, int]) -> str:
        """Give what the server wrote since then."""
        logs = sorted(self.layout.log.glob("*.log"))
        return "".join(path.read_bytes()[sizes.get(path, 0) :].decode(errors="replace") for path in logs)


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def _locked(lock: int) -> bool:
    """Take the lock if it is free; say whether it is ours."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _folder_errors(layout: Layout) -> Iterator[None]:
    """Turn the system's errors with the data folder into sentences that say what to do."""
    try:
        yield
    except RondaError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(layout) from error
        raise ConfigError(
            _("The data folder {folder} cannot be used ({reason}); set RONDA_DATA_DIR to another.").format(
                folder=layout.root, reason=error.strerror or error
            )
        ) from error
