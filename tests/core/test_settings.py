"""Settings: what the environment and .env files say, and what is said about wrong values."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.domain.secret import Secret
from core.errors import ConfigError
from core.settings import SETTINGS, Settings, load_settings

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    return tmp_path


def load(folder: Path, **environ: str) -> Settings:
    return load_settings({"RONDA_CONFIG_DIR": str(folder / "config"), **environ}, checkout=None)


def refusal(folder: Path, **environ: str) -> str:
    with pytest.raises(ConfigError) as refused:
        load(folder, **environ)
    return str(refused.value)


def test_without_any_setting_the_embedded_database_and_the_defaults_hold(folder: Path) -> None:
    settings = load(folder)
    assert settings.embedded
    assert settings.database_url is None
    assert settings.secret_key is None
    assert (settings.check_interval_seconds, settings.max_checks, settings.max_checks_per_host) == (
        30,
        200,
        6,
    )
    assert (settings.theme, settings.ascii, settings.agent_above) == (None, False, 2_000)


def test_every_setting_reaches_its_field(folder: Path) -> None:
    settings = load(
        folder,
        DATABASE_URL="postgresql://ronda:pw@db.example/ronda",
        RONDA_SECRET_KEY="a-key",
        RONDA_DATA_DIR="/srv/data",
        RONDA_LOG_DIR="/srv/log",
        HEALTH_CHECK_INTERVAL="12.5",
        RONDA_MAX_CHECKS="50",
        RONDA_MAX_CHECKS_PER_HOST="2",
        RONDA_AGENT_ABOVE="500",
        RONDA_REFERENCES="192.0.2.1:53, https://one.example/,, 192.0.2.1:53",
        RONDA_DEADMAN_URL="https://ping.example/secret",
        RONDA_THEME="ronda-day",
        RONDA_ASCII="Yes",
    )
    assert settings == Settings(
        database_url=Secret("postgresql+psycopg://ronda:pw@db.example/ronda"),
        data_dir=Path("/srv/data"),
        config_dir=folder / "config",
        log_dir=Path("/srv/log"),
        secret_key=Secret("a-key"),
        check_interval_seconds=12.5,
        max_checks=50,
        max_checks_per_host=2,
        agent_above=500,
        references=("192.0.2.1:53", "https://one.example/"),
        deadman_url=Secret("https://ping.example/secret"),
        theme="ronda-day",
        ascii=True,
    )
    assert settings.server_dir == Path("/srv/data/postgresql")


def test_a_console_may_be_told_never_to_have_an_agent(folder: Path) -> None:
    assert load(folder, RONDA_AGENT_ABOVE="Never").agent_above is None


def test_without_references_and_an_address_to_ping_there_are_none(folder: Path) -> None:
    settings = load(folder, RONDA_REFERENCES=" , ")
    assert (settings.references, settings.deadman_url) == ((), None)


def test_every_reference_that_is_wrong_is_named(folder: Path) -> None:
    told = refusal(folder, RONDA_REFERENCES="one.example, two.example:443, udp://three.example:53")
    assert told.count("RONDA_REFERENCES must name targets as host:port") == 2
    assert "not one.example." in told
    assert "not udp://three.example:53." in told
    assert "two.example" not in told


@pytest.mark.parametrize(
    "text", ["ping.example/s3cret", "ftp://h/s3cret", "https://u:s3cret@h/", "https:///s3cret"]
)
def test_an_address_to_ping_that_is_wrong_is_not_repeated(folder: Path, text: str) -> None:
    sentence = "RONDA_DEADMAN_URL must be an http(s) URL without user and password."
    assert refusal(folder, RONDA_DEADMAN_URL=text) == sentence


@pytest.mark.parametrize("text", ["0", "-1", "2.5", "many", "1000001"])
def test_a_load_for_an_agent_is_a_number_of_services_or_never(folder: Path, text: str) -> None:
    sentence = f"RONDA_AGENT_ABOVE must be a whole number from 1 to 1000000, or never, not {text}."
    assert refusal(folder, RONDA_AGENT_ABOVE=text) == sentence


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"RONDA_AGENT_ABOVE": "never", "HEALTH_CHECK_INTERVAL": "0.1e2"},
        {
            "DATABASE_URL": "postgresql://ronda:p%40w@db.example:6000/ronda?sslmode=require",
            "HEALTH_CHECK_INTERVAL": "12.5",
            "RONDA_SECRET_KEY": " a key with a space at its end ",
            "RONDA_DATA_DIR": "/srv/data",
            "RONDA_LOG_DIR": "/srv/log",
            "RONDA_MAX_CHECKS": "50",
            "RONDA_MAX_CHECKS_PER_HOST": "2",
            "RONDA_AGENT_ABOVE": "500",
            "RONDA_REFERENCES": "one.example:443,http://two.example/?a=b",
            "RONDA_DEADMAN_URL": "https://ping.example/?token=x",
            "RONDA_THEME": "ronda-day",
            "RONDA_ASCII": "yes",
        },
    ],
)
def test_settings_can_be_handed_to_another_process(folder: Path, environ: Mapping[str, str]) -> None:
    settings = load(folder, **environ)
    assert load_settings(settings.as_environment(), checkout=None) == settings


def test_every_setting_is_handed_on(folder: Path) -> None:
    url = {"DATABASE_URL": "postgresql://h/d", "RONDA_SECRET_KEY": "key", "RONDA_THEME": "ronda-day"}
    url |= {"RONDA_REFERENCES": "one.example:443", "RONDA_DEADMAN_URL": "https://ping.example/"}
    parts = {setting.name for setting in SETTINGS if setting.name.startswith("DB_")}
    assert load(folder, **url).as_environment().keys() | parts == {setting.name for setting in SETTINGS}


def test_root_keeps_data_where_the_servers_account_can_get(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    settings = load(folder)
    assert settings.data_dir == Path("/var/lib/ronda")
    assert settings.log_dir == Path("/var/log/ronda")


def test_an_ordinary_user_keeps_data_at_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    settings = load_settings({}, checkout=None)
    for place in (settings.data_dir, settings.log_dir, settings.config_dir):
        assert place.is_relative_to(folder)


def test_a_path_may_begin_with_the_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert load(folder, RONDA_DATA_DIR="~/data").data_dir == folder / "data"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://h/d", "postgresql+psycopg://h/d"),
        (
            "postgresql://u:p%40@h:6000/d?sslmode=require",
            "postgresql+psycopg://u:p%40@h:6000/d?sslmode=require",
        ),
        ("postgresql+psycopg://u@[::1]:5432/d", "postgresql+psycopg://u@[::1]:5432/d"),
        ("postgresql:///d?host=/run/postgresql", "postgresql+psycopg:///d?host=/run/postgresql"),
    ],
)
def test_every_form_of_a_database_url_is_taken(folder: Path, given: str, used: str) -> None:
    url = load(folder, DATABASE_URL=given).database_url
    assert url is not None
    assert url.reveal() == used


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("mysql://u:hush@h/d", "does not begin with postgresql://"),
        ("hush", "does not begin with postgresql://"),
        ("postgresql+asyncpg://u:hush@h/d", "does not begin with postgresql://"),
        ("postgresql://u:hush@h", "names no database"),
        ("postgresql://u:hush@h:port/d", "no valid host and port"),
        ("postgresql://u:hu/sh@h/d", "no valid host and port"),
        ("postgresql://[::1/d", "no valid host and port"),
        ("postgresql://u:hush@h/d e", "a space"),
        ("postgresql://u:hush@h/d#e", "a #"),
        ("postgresql://u:hush@h/d\x1b", "a control character"),
    ],
)
def test_a_wrong_database_url_is_explained_and_never_repeated(folder: Path, given: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        load(folder, DATABASE_URL=given)
    assert "DATABASE_URL" in str(refused.value)
    assert "hu" not in f"{refused.value}{refused.value.__cause__}"


@pytest.mark.parametrize(
    ("parts", "used"),
    [
        ({"DB_HOST": "db"}, "postgresql+psycopg://ronda@db:5432/ronda"),
        (
            {"DB_HOST": "db", "DB_PORT": "6", "DB_USER": "a b", "DB_PASSWORD": "p@:/ ", "DB_NAME": "x/y"},
            "postgresql+psycopg://a%20b:p%40%3A%2F%20@db:6/x%2Fy",
        ),
        ({"DB_HOST": "::1"}, "postgresql+psycopg://ronda@[::1]:5432/ronda"),
        ({"DB_HOST": "/run/pg"}, "postgresql+psycopg://ronda@/ronda?host=%2Frun%2Fpg&port=5432"),
    ],
)
def test_a_database_url_is_built_from_its_parts(folder: Path, parts: dict[str, str], used: str) -> None:
    url = load(folder, **parts).database_url
    assert url is not None
    assert url.reveal() == used


def test_the_whole_url_wins_over_its_parts(folder: Path) -> None:
    url = load(folder, DATABASE_URL="postgresql://h/d", DB_HOST="other", DB_PORT="nonsense").database_url
    assert url is not None
    assert url.reveal() == "postgresql+psycopg://h/d"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"DB_HOST": "db", "DB_PORT": "many"}, "DB_PORT must be a whole number from 1 to 65535, not many."),
        ({"DB_HOST": "db", "DB_PORT": "70000"}, "DB_PORT must be"),
        ({"DB_HOST": "user@db"}, "DB_HOST must be"),
        ({"DB_PASSWORD": "hush"}, "DB_PASSWORD is set but DB_HOST is not"),
        (
            {"HEALTH_CHECK_INTERVAL": "soon"},
            "HEALTH_CHECK_INTERVAL must be a number of seconds from 1 to 86400",
        ),
        ({"HEALTH_CHECK_INTERVAL": "0"}, "HEALTH_CHECK_INTERVAL must be"),
        ({"HEALTH_CHECK_INTERVAL": "nan"}, "HEALTH_CHECK_INTERVAL must be"),
        ({"HEALTH_CHECK_INTERVAL": "inf"}, "HEALTH_CHECK_INTERVAL must be"),
        ({"RONDA_MAX_CHECKS": "0"}, "RONDA_MAX_CHECKS must be a whole number from 1 to 10000, not 0."),
        ({"RONDA_MAX_CHECKS": "1.5"}, "RONDA_MAX_CHECKS must be"),
        ({"RONDA_MAX_CHECKS_PER_HOST": "-1"}, "RONDA_MAX_CHECKS_PER_HOST must be"),
        ({"RONDA_MAX_CHECKS": "²"}, "RONDA_MAX_CHECKS must be"),
        ({"RONDA_ASCII": "perhaps"}, "RONDA_ASCII must be yes or no, not perhaps."),
        ({"RONDA_DATA_DIR": "data"}, "RONDA_DATA_DIR must be an absolute path, not data."),
        ({"RONDA_CONFIG_DIR": "config"}, "RONDA_CONFIG_DIR must be an absolute path"),
        ({"RONDA_LOG_DIR": "~nobody-at-all/x"}, "RONDA_LOG_DIR must be an absolute path"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(
    folder: Path, environ: Mapping[str, str], words: str
) -> None:
    sentence = refusal(folder, **environ)
    assert words in sentence
    assert "hush" not in sentence


def test_escape_sequences_in_a_wrong_value_do_not_reach_the_terminal(folder: Path) -> None:
    assert "\x1b" not in refusal(folder, RONDA_ASCII="\x1b[31m")


def test_all_wrong_values_are_named_at_once(folder: Path) -> None:
    sentence = refusal(folder, RONDA_ASCII="x", RONDA_MAX_CHECKS="x", DATABASE_URL="x")
    assert all(name in sentence for name in ("RONDA_ASCII", "RONDA_MAX_CHECKS", "DATABASE_URL"))


def test_an_empty_value_is_no_value(folder: Path) -> None:
    assert load(folder, DATABASE_URL="", DB_PORT=" ", RONDA_MAX_CHECKS="") == load(folder)


def test_the_environment_wins_over_the_checkout_and_that_over_the_config_folder(folder: Path) -> None:
    checkout = folder / "checkout"
    checkout.mkdir()
    (checkout / "pyproject.toml").write_text('[project]\nname = "ronda"\n')
    (checkout / ".env").write_text("RONDA_MAX_CHECKS=2\nRONDA_MAX_CHECKS_PER_HOST=2\n")
    (folder / "config" / ".env").write_text(
        "RONDA_MAX_CHECKS=3\nRONDA_MAX_CHECKS_PER_HOST=3\nRONDA_THEME='a $HOME theme'\n"
    )
    environ = {"RONDA_CONFIG_DIR": str(folder / "config"), "RONDA_MAX_CHECKS": "1"}
    settings = load_settings(environ, checkout=checkout)
    assert (settings.max_checks, settings.max_checks_per_host, settings.theme) == (1, 2, "a $HOME theme")


def test_the_env_file_of_another_project_is_not_read(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[project]\nname = "other"\n')
    (folder / ".env").write_text("not a line\n")
    environ = {"RONDA_CONFIG_DIR": str(folder / "config")}
    assert load_settings(environ, checkout=folder) == load(folder)


def test_the_env_file_of_the_working_folder_is_not_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("RONDA_MAX_CHECKS=7\n")
    monkeypatch.chdir(folder)
    assert load(folder).max_checks == 200


def test_names_that_are_not_settings_are_left_alone(folder: Path) -> None:
    (folder / "config" / ".env").write_text("OTHER=1\nexport RONDA_MAX_CHECKS=9  # nine\n")
    assert load(folder).max_checks == 9


@pytest.mark.parametrize(
    ("text", "line"),
    [("RONDA_ASCII=1\n\n\nwhat is this\n", 4), ("# first\nRONDA_THEME='open\n", 2), ("\n  DB_HOST\n", 2)],
)
def test_a_malformed_line_is_named_with_file_and_number(folder: Path, text: str, line: int) -> None:
    path = folder / "config" / ".env"
    path.write_text(text)
    assert refusal(folder) == f"Line {line} of {path} cannot be understood; write NAME=value."


def test_a_file_that_is_no_text_is_named(folder: Path) -> None:
    path = folder / "config" / ".env"
    path.write_bytes(b"\xff\xfe")
    assert refusal(folder) == f"{path} cannot be read: it is not UTF-8 text."


def test_an_env_file_that_is_a_folder_is_named(folder: Path) -> None:
    path = folder / "config" / ".env"
    path.mkdir()
    assert refusal(folder) == f"{path} cannot be read: Is a directory."


def test_a_config_folder_that_is_a_file_holds_no_settings(folder: Path) -> None:
    (folder / "file").touch()
    environ = {"RONDA_CONFIG_DIR": str(folder / "file")}
    assert load_settings(environ, checkout=None).embedded


def test_no_secret_is_seen_when_settings_are_printed(folder: Path) -> None:
    settings = load(folder, DATABASE_URL="postgresql://u:hush@h/d", RONDA_SECRET_KEY="hush")
    assert "hush" not in repr(settings)


def test_the_example_file_lists_every_setting_with_its_default_and_nothing_else() -> None:
    text = (PROJECT / ".env.example").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", text, re.MULTILINE))
    assert listed.keys() == {setting.name for setting in SETTINGS}
    plain = {setting.name: setting.default for setting in SETTINGS if " " not in setting.default}
    for name, default in plain.items():
        assert listed[name] == default or name == "DATABASE_URL"
    assert not [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_example_file_with_every_default_taken_is_valid(folder: Path) -> None:
    text = (PROJECT / ".env.example").read_text(encoding="utf-8")
    taken = re.sub(r"^# ([A-Z_]+=)", r"\1", text, flags=re.MULTILINE)
    (folder / "config" / ".env").write_text(taken)
    assert load(folder, RONDA_DATA_DIR="/d").max_checks == 200


def test_the_compose_file_offers_a_current_server_that_is_watched_and_kept() -> None:
    text = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    assert "image: postgres:18\n" in text
    assert "pg_isready" in text
    assert "ronda-data:/var/lib/postgresql\n" in text
    names = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))
    assert names <= {setting.name for setting in SETTINGS}
    assert not re.search(r"POSTGRES_PASSWORD: (?!\$\{DB_PASSWORD:\?)", text)


def test_reading_settings_loads_nothing_heavy() -> None:
    script = "import core.settings, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=PROJECT
    ).stdout.split()
    assert "core.settings" in loaded
    assert not {"sqlalchemy", "psycopg", "cryptography", "httpx", "textual", "asyncio"} & set(loaded)
