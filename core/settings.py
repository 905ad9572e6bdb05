"""What an operator sets from outside: environment variables and ``.env`` files.

A ``.env`` is read from the config folder and, in a checkout of Ronda, from its root, never from the
folder one happens to stand in. The environment wins over the checkout, the checkout over the config
folder. An empty value is no value.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import platformdirs

from core.database_url import built_url, checked_url, whole_number
from core.domain.secret import Secret
from core.domain.services import DEFAULT_INTERVAL_SECONDS, LONGEST_INTERVAL_SECONDS, SHORTEST_INTERVAL_SECONDS
from core.domain.targets import address_faults
from core.domain.text import printable
from core.domain.uplink import reference_faults
from core.errors import ConfigError
from core.i18n import _

DATA_FOLDER_OF_ROOT = Path("/var/lib/ronda")
"""Where root keeps data: the server's own account can get there, unlike below root's home."""
LOG_FOLDER_OF_ROOT = Path("/var/log/ronda")
"""Where root keeps the console's log."""
DEFAULT_MAX_CHECKS = 200
"""Checks that run at the same time."""
DEFAULT_AGENT_ABOVE: int | None = 2_000
"""Services at 30 s that a console checks in the loop that draws it."""
DEFAULT_MAX_CHECKS_PER_HOST = 6
"""Checks that run at the same time against one host."""

_NEVER = "never"
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})
_CHECKOUT = Path(__file__).resolve().parent.parent

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable that Ronda reads."""

    name: str
    default: str
    """What holds where it is not set, in words if it is no plain value."""
    meaning: str
    secret: bool = False


SETTINGS = (
    Setting("DATABASE_URL", "", "a shared PostgreSQL (15 or newer) instead of the embedded one", secret=True),
    Setting(
        "DB_HOST", "", "the same in parts, where DATABASE_URL is not set: host name, or folder of the socket"
    ),
    Setting("DB_PORT", "5432", "port of that server"),
    Setting("DB_USER", "ronda", "user on that server"),
    Setting("DB_PASSWORD", "", "password of that user", secret=True),
    Setting("DB_NAME", "ronda", "database on that server"),
    Setting("HEALTH_CHECK_INTERVAL", "30", "seconds between two checks of a service, where it sets none"),
    Setting(
        "RONDA_SECRET_KEY",
        "a key file in the config folder",
        "encrypts stored secrets; required with a shared server, and the same for everybody on it",
        secret=True,
    ),
    Setting(
        "RONDA_DATA_DIR", "the user's data folder", "folder of the embedded database; /var/lib/ronda as root"
    ),
    Setting("RONDA_CONFIG_DIR", "the user's config folder", "folder of .env and of the key file"),
    Setting("RONDA_LOG_DIR", "the user's log folder", "folder of the console's log; /var/log/ronda as root"),
    Setting("RONDA_MAX_CHECKS", str(DEFAULT_MAX_CHECKS), "checks that run at the same time"),
    Setting("RONDA_MAX_CHECKS_PER_HOST", str(DEFAULT_MAX_CHECKS_PER_HOST), "the same against one host"),
    Setting(
        "RONDA_AGENT_ABOVE",
        str(DEFAULT_AGENT_ABOVE),
        "services at 30 s beyond which a console has an agent of its own run the checks; "
        "never: it always runs them itself",
    ),
    Setting(
        "RONDA_REFERENCES",
        "",
        "targets outside that tell whether this side's own line is up, with commas between them: host:port "
        "or http(s) URLs; without any the uplink guard is off",
    ),
    Setting(
        "RONDA_DEADMAN_URL",
        "",
        "http(s) URL that is asked for every minute while all is well, so that a service outside can tell "
        "when Ronda itself has died",
        secret=True,
    ),
    Setting("RONDA_THEME", "ronda-night", "theme of the console"),
    Setting("RONDA_ASCII", "no", "yes draws with ASCII characters only"),
)
"""Everything that can be set, for the documents and for ``.env.example``."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for this process."""

    database_url: Secret | None
    """SQLAlchemy URL of the shared server; None: the embedded one."""
    data_dir: Path
    config_dir: Path
    log_dir: Path
    secret_key: Secret | None = None
    check_interval_seconds: float = DEFAULT_INTERVAL_SECONDS
    """Interval of a new service that names none."""
    max_checks: int = DEFAULT_MAX_CHECKS
    max_checks_per_host: int = DEFAULT_MAX_CHECKS_PER_HOST
    agent_above: int | None = DEFAULT_AGENT_ABOVE
    """Services at 30 s beyond which a console starts an agent; None: never."""
    references: tuple[str, ...] = ()
    """Targets outside that tell whether this side's own line is up; none: the uplink guard is off."""
    deadman_url: Secret | None = None
    """What is asked for every minute while the round is well."""
    theme: str | None = None
    ascii: bool = False

    @property
    def embedded(self) -> bool:
        """Whether the database is the embedded one."""
        return self.database_url is None

    @property
    def server_dir(self) -> Path:
        """Give the folder of the embedded server."""
        return self.data_dir / "postgresql"

    def as_environment(self) -> dict[str, str]:
        """Give the variables that make ``load_settings`` give the same again; secrets are among them."""
        given = {
            "DATABASE_URL": _revealed(self.database_url),
            "HEALTH_CHECK_INTERVAL": repr(self.check_interval_seconds),
            "RONDA_SECRET_KEY": _revealed(self.secret_key),
            "RONDA_DATA_DIR": str(self.data_dir),
            "RONDA_CONFIG_DIR": str(self.config_dir),
            "RONDA_LOG_DIR": str(self.log_dir),
            "RONDA_MAX_CHECKS": str(self.max_checks),
            "RONDA_MAX_CHECKS_PER_HOST": str(self.max_checks_per_host),
            "RONDA_AGENT_ABOVE": _NEVER if self.agent_above is None else str(self.agent_above),
            "RONDA_REFERENCES": ",".join(self.references),
            "RONDA_DEADMAN_URL": _revealed(self.deadman_url),
            "RONDA_THEME": self.theme,
            "RONDA_ASCII": "yes" if self.ascii else "no",
        }
        return {name: text for name, text in given.items() if text}


def _revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()


def load_settings(environ: Mapping[str, str] | None = None, *, checkout: Path | None = _CHECKOUT) -> Settings:
    """Read the environment and the ``.env`` files.

    ``checkout`` is the folder that holds the packages; its ``.env`` counts only beside Ronda's own
    pyproject.toml. Raises ConfigError with one sentence for each value that is wrong.
    """
    environ = os.environ if environ is None else environ
    values = _named(_checkout_values(checkout)) | _named(environ)
    faults: list[str] = []
    config_dir = _read(
        faults, _folder, values, "RONDA_CONFIG_DIR", platformdirs.user_config_path("ronda", False)
    )
    values = _named(_file_values(config_dir / ".env")) | values
    settings = _settings(values, config_dir, faults)
    if faults:
        raise ConfigError(" ".join(faults))
    return settings


def _settings(values: Mapping[str, str], config_dir: Path, faults: list[str]) -> Settings:
    root = os.geteuid() == 0
    data_dir = DATA_FOLDER_OF_ROOT if root else platformdirs.user_data_path("ronda", False)
    log_dir = LOG_FOLDER_OF_ROOT if root else platformdirs.user_log_path("ronda", False)
    key = values.get("RONDA_SECRET_KEY")
    return Settings(
        database_url=_database_url(values, faults),
        data_dir=_read(faults, _folder, values, "RONDA_DATA_DIR", data_dir),
        config_dir=config_dir,
        log_dir=_read(faults, _folder, values, "RONDA_LOG_DIR", log_dir),
        secret_key=Secret(key) if key else None,
        check_interval_seconds=_read(
            faults, _interval, values, "HEALTH_CHECK_INTERVAL", DEFAULT_INTERVAL_SECONDS
        ),
        max_checks=_read(faults, _count, values, "RONDA_MAX_CHECKS", DEFAULT_MAX_CHECKS),
        max_checks_per_host=_read(
            faults, _count, values, "RONDA_MAX_CHECKS_PER_HOST", DEFAULT_MAX_CHECKS_PER_HOST
        ),
        agent_above=_read(faults, _count_or_never, values, "RONDA_AGENT_ABOVE", DEFAULT_AGENT_ABOVE),
        references=_references(values, faults),
        deadman_url=_read(faults, _outside_url, values, "RONDA_DEADMAN_URL", None),
        theme=values.get("RONDA_THEME"),
        ascii=_read(faults, _flag, values, "RONDA_ASCII", False),
    )


def _named(values: Mapping[str, str]) -> dict[str, str]:
    """Keep what Ronda reads and what is not empty; spaces around it count in secrets only."""
    given = [(setting, values.get(setting.name, "")) for setting in SETTINGS]
    return {setting.name: text if setting.secret else text.strip() for setting, text in given if text.strip()}


def _checkout_values(checkout: Path | None) -> Mapping[str, str]:
    if checkout is None:
        return {}
    try:
        ours = 'name = "ronda"' in (checkout / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return {}
    return _file_values(checkout / ".env") if ours else {}


def _file_values(path: Path) -> Mapping[str, str]:
    """Give what a ``.env`` says; raises ConfigError naming the line that cannot be understood."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else _("it is not UTF-8 text")
        raise ConfigError(_("{path} cannot be read: {reason}.").format(path=path, reason=reason)) from error
    return dict(_assignments(path, text))


def _assignments(path: Path, text: str) -> Iterator[tuple[str, str]]:
    from dotenv.parser import parse_stream

    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            line = binding.original.line + _leading_lines(binding.original.string)
            raise ConfigError(
                _("Line {line} of {path} cannot be understood; write NAME=value.").format(
                    line=line, path=path
                )
            )
        if binding.key is not None and binding.value is not None:
            yield binding.key, binding.value


def _leading_lines(text: str) -> int:
    """Count the empty lines that the parser took as part of an assignment's beginning."""
    return text[: len(text) - len(text.lstrip())].count("\n")


def _read(
    faults: list[str],
    parse: Callable[[str, str], Value],
    values: Mapping[str, str],
    name: str,
    default: Value,
) -> Value:
    """Give the parsed value, or the default where there is none; a fault is noted and defaulted."""
    if name not in values:
        return default
    try:
        return parse(name, values[name])
    except ConfigError as fault:
        faults.append(str(fault))
        return default


def _folder(name: str, text: str) -> Path:
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        path = Path(text)
    if not path.is_absolute():
        raise ConfigError(
            _("{name} must be an absolute path, not {text}.").format(name=name, text=printable(text))
        )
    return path


def _interval(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not SHORTEST_INTERVAL_SECONDS <= seconds <= LONGEST_INTERVAL_SECONDS:
        raise ConfigError(
            _("{name} must be a number of seconds from {least:g} to {most:g}, not {text}.").format(
                name=name,
                least=SHORTEST_INTERVAL_SECONDS,
                most=LONGEST_INTERVAL_SECONDS,
                text=printable(text),
            )
        )
    return seconds


def _count(name: str, text: str) -> int:
    return whole_number(name, text, most=10_000)


def _count_or_never(name: str, text: str) -> int | None:
    if text.lower() == _NEVER:
        return None
    try:
        return whole_number(name, text, most=1_000_000)
    except ConfigError as error:
        raise ConfigError(
            _("{name} must be a whole number from 1 to 1000000, or never, not {text}.").format(
                name=name, text=printable(text)
            )
        ) from error


def _flag(name: str, text: str) -> bool:
    word = text.lower()
    if word not in _YES | _NO:
        raise ConfigError(_("{name} must be yes or no, not {text}.").format(name=name, text=printable(text)))
    return word in _YES


def _references(values: Mapping[str, str], faults: list[str]) -> tuple[str, ...]:
    """Give the reference targets, each once; every one that is wrong is a fault of its own."""
    named = [part.strip() for part in values.get("RONDA_REFERENCES", "").split(",")]
    targets = tuple(dict.fromkeys(target for target in named if target))
    for target in targets:
        if any(reference_faults(target)):
            faults.append(
                _(
                    "RONDA_REFERENCES must name targets as host:port or as http(s) URLs without user and "
                    "password, with commas between them, not {text}."
                ).format(text=printable(target))
            )
    return targets


def _outside_url(name: str, text: str) -> Secret | None:
    """Give a URL that may be a secret as a whole, so that a fault repeats none of it."""
    url = text.strip()
    if any(address_faults("url", url)):
        raise ConfigError(_("{name} must be an http(s) URL without user and password.").format(name=name))
    return Secret(url)


def _database_url(values: Mapping[str, str], faults: list[str]) -> Secret | None:
    try:
        if "DATABASE_URL" in values:
            return Secret(checked_url(values["DATABASE_URL"]))
        if "DB_HOST" in values:
            return Secret(built_url(values))
    except ConfigError as fault:
        faults.append(str(fault))
        return None
    if lonely := [
        setting.name for setting in SETTINGS if setting.name[:3] == "DB_" and setting.name in values
    ]:
        faults.append(_("{name} is set but DB_HOST is not; set both or neither.").format(name=lonely[0]))
    return None
