"""The cipher of stored secrets and the file that keeps its key."""

from __future__ import annotations

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from core import secrets as secrets_module
from core.domain.secret import Secret
from core.errors import ConfigError, KeyMismatch
from core.secrets import KEY_COMMAND, KEY_FILE, Cipher, load_cipher
from core.settings import Settings

KEY = base64.urlsafe_b64encode(bytes(range(224, 256))).decode()
OTHER_KEY = base64.urlsafe_b64encode(bytes(32)).decode()


def settings(folder: Path, *, key: str | None = None, shared: bool = False) -> Settings:
    return Settings(
        database_url=Secret("postgresql+psycopg://h/d") if shared else None,
        data_dir=folder,
        config_dir=folder / "config",
        log_dir=folder,
        secret_key=None if key is None else Secret(key),
    )


def test_what_is_encrypted_can_be_decrypted_and_shows_nothing() -> None:
    cipher = Cipher(Secret(KEY))
    data = cipher.encrypt("grüße")
    assert cipher.decrypt(data) == "grüße"
    assert "grüße".encode() not in base64.urlsafe_b64decode(data)
    assert cipher.encrypt("grüße") != data


def test_another_key_does_not_decrypt_and_says_what_to_do() -> None:
    data = Cipher(Secret(KEY)).encrypt("text")
    with pytest.raises(KeyMismatch, match="RONDA_SECRET_KEY"):
        Cipher(Secret(OTHER_KEY)).decrypt(data)


def test_changed_data_is_not_decrypted() -> None:
    cipher = Cipher(Secret(KEY))
    data = bytearray(cipher.encrypt("text"))
    data[20] ^= 1
    with pytest.raises(KeyMismatch):
        cipher.decrypt(bytes(data))


def test_the_fingerprint_tells_keys_apart_without_telling_them() -> None:
    one, same, other = Cipher(Secret(KEY)), Cipher(Secret(KEY)), Cipher(Secret(OTHER_KEY))
    assert one.fingerprint == same.fingerprint == "5f678a8879497464"
    assert one.fingerprint != other.fingerprint


def test_a_key_in_plain_base64_is_the_same_key() -> None:
    plain = base64.b64encode(bytes(range(224, 256))).decode()
    assert plain != KEY
    assert Cipher(Secret(plain)).fingerprint == Cipher(Secret(KEY)).fingerprint


@pytest.mark.parametrize("key", ["short", KEY[:-1], KEY + "AAAA", "é" * 44, "!" * 44, KEY[:-2] + "\n="])
def test_a_malformed_key_is_explained_and_not_repeated(key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Cipher(Secret(key))
    assert "RONDA_SECRET_KEY holds no key of 32 bytes" in str(refused.value)
    assert KEY_COMMAND in str(refused.value)
    assert key not in str(refused.value)


def test_the_named_command_makes_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    exec(KEY_COMMAND.removeprefix('python3 -c "').removesuffix('"'))
    assert Cipher(Secret(capsys.readouterr().out.strip())).fingerprint


def test_a_given_key_is_used_and_no_file_is_made(tmp_path: Path) -> None:
    assert load_cipher(settings(tmp_path, key=KEY)).fingerprint == Cipher(Secret(KEY)).fingerprint
    assert list(tmp_path.iterdir()) == []


def test_a_shared_database_requires_a_given_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="RONDA_SECRET_KEY is required") as refused:
        load_cipher(settings(tmp_path, shared=True))
    assert KEY_COMMAND in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_is_made_once_for_its_user_alone(tmp_path: Path) -> None:
    first = load_cipher(settings(tmp_path))
    path = tmp_path / "config" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_cipher(settings(tmp_path)).fingerprint == first.fingerprint
    assert [entry.name for entry in path.parent.iterdir()] == [KEY_FILE]


def test_starters_that_race_end_up_with_the_same_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them find no file and make one; only one of the files may win."""
    starters = 4
    together = Barrier(starters, timeout=20)
    create = secrets_module._create_key

    def create_together(path: Path) -> None:
        together.wait()
        create(path)

    monkeypatch.setattr(secrets_module, "_create_key", create_together)
    with ThreadPoolExecutor(starters) as pool:
        ciphers = list(pool.map(load_cipher, [settings(tmp_path)] * starters))
    assert len({cipher.fingerprint for cipher in ciphers}) == 1
    assert [entry.name for entry in (tmp_path / "config").iterdir()] == [KEY_FILE]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    load_cipher(settings(tmp_path))
    path = tmp_path / "config" / KEY_FILE
    path.chmod(mode)
    with pytest.raises(ConfigError, match=f"chmod 600 '{path}'"):
        load_cipher(settings(tmp_path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_file_of_another_user_is_refused(tmp_path: Path) -> None:
    load_cipher(settings(tmp_path))
    os.chown(tmp_path / "config" / KEY_FILE, 65534, 65534)
    with pytest.raises(ConfigError, match="belongs to another user"):
        load_cipher(settings(tmp_path))


@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"\xff\xfe\n"])
def test_a_malformed_key_file_is_explained_and_left_alone(tmp_path: Path, content: bytes) -> None:
    load_cipher(settings(tmp_path))
    path = tmp_path / "config" / KEY_FILE
    path.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        load_cipher(settings(tmp_path))
    assert str(refused.value).startswith(f"{path} holds no key")
    assert path.read_bytes() == content


def test_a_config_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "config").touch()
    with pytest.raises(ConfigError, match=r"key file .* cannot be used .*set RONDA_CONFIG_DIR"):
        load_cipher(settings(tmp_path))
