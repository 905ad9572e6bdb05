"""The folders and files of an embedded server: its data, its configuration, its process file."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from core.domain.text import has_control_characters, printable
from core.errors import ConfigError, RondaError, StorageError
from core.i18n import _
from core.storage.embedded_account import ServerAccount, require_owner
from core.storage.embedded_binaries import Binaries

ROLE = "ronda"
"""The server's only role."""
DATABASE = "ronda"
"""The database that holds Ronda's tables."""
SOCKET_NAME = ".s.PGSQL.5432"
"""The socket's file name; PostgreSQL derives it from the port."""
SOCKET_PATH_LIMIT = 103
"""Bytes in the path of a Unix socket: macOS takes 104 and Linux 108, each with a NUL at the end."""
SPACE_NEEDED_BYTES = 200 * 1024 * 1024
"""Free space that a new database wants: 40 MB at once, the rest for its write-ahead log."""

SETTINGS: Mapping[str, str] = {
    "port": "5432",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "ISO",
    "checkpoint_timeout": "15min",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "autovacuum_naptime": "30s",
    "client_connection_check_interval": "10s",
    "logging_collector": "on",
    "log_checkpoints": "off",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
}
"""How the server runs: on a socket only, small, with a log that keeps one week."""

PROCESSES = Path("/proc")
"""Where Linux tells of its processes; elsewhere ``ps`` is asked."""

_SSL_REQUEST = bytes.fromhex("00000008 04d2162f")
"""A question that PostgreSQL answers with N or S before anybody has to say who it is."""
_NO_PROCESS = 2_147_483_647
_TELLING = re.compile(
    r"\b(?:(?:FATAL|PANIC|ERROR|DETAIL|HINT):|LOG:(?=\s+(?:invalid|unrecognized|could not)))\s+(.*)"
    r"|^(?:initdb|pg_ctl): error: (.*)"
)
_UNSAFE = frozenset('"$`\\')


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of one embedded server lie."""

    root: Path

    @property
    def data(self) -> Path:
        """Give the data folder of PostgreSQL; it exists only when it is whole."""
        return self.root / "data"

    @property
    def growing(self) -> Path:
        """Give the folder in which new data is made."""
        return self.root / "data.new"

    @property
    def config(self) -> Path:
        """Give the folder of configuration files, written anew at every start."""
        return self.root / "config"

    @property
    def log(self) -> Path:
        """Give the folder of the server's logs."""
        return self.root / "log"

    @property
    def copies(self) -> Path:
        """Give the folder for programs that the server's account could not reach where they were."""
        return self.root / "programs"

    def lock(self, name: str) -> Path:
        """Give the path of the lock ``start``, ``clients`` or ``watchdog``."""
        return self.root / f"{name}.lock"

    def major(self) -> int | None:
        """Give the major version that the data belongs to; None where there is no data."""
        try:
            return int((self.data / "PG_VERSION").read_text(encoding="ascii"))
        except FileNotFoundError:
            return None


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What the server says of itself in ``postmaster.pid``."""

    pid: int
    socket_folder: Path | None
    ready: bool

    def answers_in(self) -> Path | None:
        """Give the folder of its socket if it is ready and a server answers there.

        That is asked of the socket rather than of the process, which may live in another container. A
        connection alone proves nothing: the kernel makes it for a server that is just dying.
        """
        if not self.ready or self.socket_folder is None:
            return None
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            try:
                probe.connect(os.fspath(self.socket_folder / SOCKET_NAME))
                probe.sendall(_SSL_REQUEST)
                answer = probe.recv(1)
            except OSError:
                return None
        return self.socket_folder if answer in (b"N", b"S") else None

    def runs(self, layout: Layout) -> bool:
        """Whether the process is there and is this server: no zombie, no other's reused number."""
        return f"postgres -D {layout.config}" in process_command(self.pid)


def read_postmaster(layout: Layout) -> Postmaster | None:
    """Give what the process file says; None where it is missing or hardly begun."""
    try:
        lines = (layout.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not lines or not lines[0].lstrip("-").isdigit():
        return None
    folder = Path(lines[4]) if len(lines) > 4 and lines[4] else None
    return Postmaster(abs(int(lines[0])), folder, len(lines) > 7 and lines[7].strip() == "ready")


def process_command(pid: int) -> str:
    """Give the command line of a living process; empty for none and for a zombie."""
    if (PROCESSES / "self" / "cmdline").exists():
        try:
            return (
                (PROCESSES / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            )
        except (FileNotFoundError, ProcessLookupError):
            return ""
    listed = subprocess.run(
        ["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.lstrip()
    return "" if listed.startswith("Z") else listed


def disown(layout: Layout, account: ServerAccount) -> None:
    """Make the process file of a dead server harmless.

    PostgreSQL would not start while its number belongs to a zombie or to another program. The file must
    stay, since the server reads in it which shared memory might still be in use; only the number
    becomes one that no process has. A file without a number is what a full disk leaves; it goes. The
    lock beside the socket guards nothing in a private folder.
    """
    path = layout.data / "postmaster.pid"
    left = read_postmaster(layout)
    if left is None:
        path.unlink(missing_ok=True)
        return
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    with open(handle, "r+", encoding="utf-8") as file:
        if os.fstat(handle).st_uid != account.uid:
            raise ConfigError(_("{file} belongs to somebody else.").format(file=path))
        _number, *others = file.read().splitlines()
        file.seek(0)
        file.truncate()
        file.write("\n".join([str(_NO_PROCESS), *others, ""]))
    if left.socket_folder is not None:
        (left.socket_folder / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)


def make_root(root: Path, account: ServerAccount) -> None:
    """Make the folder of the server, and its missing parents, so that the account gets in.

    Folders that are there already stay as they are. Raises ConfigError if it is somebody else's, or if
    its name holds what a shell would take for more than text, since pg_ctl runs the server by one.
    """
    if _UNSAFE & set(os.fspath(root)) or has_control_characters(os.fspath(root)):
        raise ConfigError(
            _("The path {folder} holds a character that PostgreSQL cannot take; set RONDA_DATA_DIR.").format(
                folder=printable(os.fspath(root), 200)
            )
        )
    missing = [folder for folder in (root, *root.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711 if account.switched else 0o700)
    require_owner(root, os.geteuid())


def socket_folder(layout: Layout, account: ServerAccount) -> Path:
    """Give a private folder whose path is short enough for a socket; libpq reads a comma as two hosts."""
    name = f"ronda-{account.uid}-{sha256(os.fsencode(layout.root)).hexdigest()[:12]}"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    choices = [layout.root / "run", Path("/tmp", name)]  # noqa: S108 - the owner of the folder is checked
    if runtime.startswith("/") and Path(runtime).is_dir() and not account.switched:
        choices.insert(1, Path(runtime, name))
    folder = next(path for path in choices if _fits_a_socket(path))
    account.own_folder(folder)
    folder.chmod(0o700)
    return folder


def _fits_a_socket(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_LIMIT and "," not in os.fspath(folder)


def create_data(
    layout: Layout, account: ServerAccount, binaries: Binaries, *, lock: int, durable: bool
) -> None:
    """Make a new cluster with its role and database; it gets its name only when it is whole.

    The programs inherit ``lock``, so that nobody else begins while they run, even if this process is
    killed. Raises ConfigError or StorageError and leaves nothing.
    """
    if shutil.disk_usage(layout.root).free < SPACE_NEEDED_BYTES:
        raise disk_full(layout)
    shutil.rmtree(layout.growing, ignore_errors=True)
    account.own_folder(layout.growing)
    try:
        for command, typed in _creation(layout.growing, binaries, durable=durable):
            outcome = account.run(command, typed=typed, inherited=[lock])
            if outcome.code:
                raise explained(layout, outcome.output)
        layout.growing.rename(layout.data)
    finally:
        shutil.rmtree(layout.growing, ignore_errors=True)


def _creation(
    folder: Path, binaries: Binaries, *, durable: bool
) -> tuple[tuple[list[str | Path], str], tuple[list[str | Path], str]]:
    """Give the two commands that make a cluster and its database, each with what is typed into it."""
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if binaries.major >= 17 else []
    options = ["-U", ROLE, "-E", "UTF8", "--locale=C", *builtin, "--auth=peer", "--data-checksums"]
    hurry = [] if durable else ["--no-sync"]
    fsync = "on" if durable else "off"
    return (
        ([binaries.program("initdb"), "-D", folder, *options, "--no-instructions", *hurry], ""),
        (
            [
                binaries.program("postgres"),
                "--single",
                "-j",
                "-c",
                f"fsync={fsync}",
                "-D",
                folder,
                "postgres",
            ],
            f"CREATE DATABASE {DATABASE};\n\n",
        ),
    )


def write_config(layout: Layout, account: ServerAccount, sockets: Path, settings: Mapping[str, str]) -> None:
    """Write every configuration file; what an operator changed in them does not stay."""
    values = dict(SETTINGS) | {
        "data_directory": os.fspath(layout.data),
        "hba_file": os.fspath(layout.config / "pg_hba.conf"),
        "ident_file": os.fspath(layout.config / "pg_ident.conf"),
        "unix_socket_directories": '"{}"'.format(os.fspath(sockets).replace('"', '""')),
        "log_directory": os.fspath(layout.log),
        **settings,
    }
    users = {account.name, pwd.getpwuid(os.geteuid()).pw_name}
    files = {
        "postgresql.conf": "".join(f"{name} = {_quoted(value)}\n" for name, value in values.items()),
        "pg_hba.conf": "local all all peer map=ronda\n",
        "pg_ident.conf": "".join(f'ronda "{user}" {ROLE}\n' for user in sorted(users)),
    }
    layout.config.mkdir(exist_ok=True)
    layout.config.chmod(0o755 if account.switched else 0o700)
    for name, text in files.items():
        path = layout.config / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644 if account.switched else 0o600)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def disk_full(layout: Layout) -> StorageError:
    """Say that there is no space left."""
    return StorageError(
        _("The disk that holds {folder} is full; free {size} MB or set RONDA_DATA_DIR.").format(
            folder=layout.root, size=SPACE_NEEDED_BYTES // 1024 // 1024
        )
    )


def explained(layout: Layout, output: str) -> RondaError:
    """Turn what a program of PostgreSQL wrote before it failed into one sentence."""
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return disk_full(layout)
    if "Read-only file system" in output:
        return ConfigError(_("{folder} cannot be written to; set RONDA_DATA_DIR.").format(folder=layout.root))
    lines = output.strip().splitlines()
    telling = [line for line in lines if _TELLING.search(line)] or lines
    reason = " · ".join(_essence(line) for line in telling[-3:]) or _("it gave no reason")
    return StorageError(
        _("The embedded PostgreSQL does not start: {reason}").format(reason=printable(reason, 600))
    )


def _essence(line: str) -> str:
    """Give a log line without its time, process and level."""
    match = _TELLING.search(line)
    return next(filter(None, match.groups())) if match else line.strip()
