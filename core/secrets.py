"""Encrypts what is stored of API keys and headers, and keeps the key for it."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import tempfile
from hashlib import blake2b
from pathlib import Path

from core.domain.secret import Secret
from core.errors import ConfigError, KeyMismatch
from core.i18n import _
from core.settings import Settings

KEY_FILE = "secret.key"
"""Name of the key file in the config folder."""
KEY_COMMAND = 'python3 -c "import base64,os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'
"""What makes a new key; the output of ``openssl rand -base64 32`` is one as well."""

_KEY_BYTES = 32


class Cipher:
    """Encrypts and decrypts texts with one key (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, key: Secret) -> None:
        from cryptography.fernet import Fernet

        raw = _decoded(key)
        if raw is None:
            raise ConfigError(_key_sentence("RONDA_SECRET_KEY"))
        self._fernet = Fernet(base64.urlsafe_b64encode(raw))
        self.fingerprint = blake2b(raw, digest_size=8, person=b"ronda-key").hexdigest()
        """Tells one key from another without telling the key."""

    def encrypt(self, text: str) -> bytes:
        """Give what may be stored."""
        return self._fernet.encrypt(text.encode())

    def decrypt(self, data: bytes) -> str:
        """Give the text again; raises KeyMismatch if another key encrypted it or it was changed."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(data).decode()
        except InvalidToken as error:
            raise KeyMismatch(
                _(
                    "A stored secret cannot be decrypted with this key; "
                    "set RONDA_SECRET_KEY, or the key file, to the key that the database was written with."
                )
            ) from error


def load_cipher(settings: Settings) -> Cipher:
    """Give the cipher of this process.

    The key is RONDA_SECRET_KEY or, with the embedded server, the key file, which is made where there
    is none. Raises ConfigError.
    """
    if settings.secret_key is not None:
        return Cipher(settings.secret_key)
    if not settings.embedded:
        raise ConfigError(
            _(
                "With a shared database RONDA_SECRET_KEY is required, the same for everybody on it; "
                "make one with: {command}"
            ).format(command=KEY_COMMAND)
        )
    return Cipher(_key_of_file(settings.config_dir / KEY_FILE))


def _key_of_file(path: Path) -> Secret:
    try:
        if not path.exists():
            _create_key(path)
        _require_private(path)
        key = Secret(path.read_text(encoding="ascii").strip())
    except UnicodeError as error:
        raise ConfigError(_key_sentence(path)) from error
    except OSError as error:
        raise ConfigError(
            _(
                "The key file {path} cannot be used ({reason}); set RONDA_CONFIG_DIR to a folder of yours."
            ).format(path=path, reason=error.strerror or error)
        ) from error
    if _decoded(key) is None:
        raise ConfigError(_key_sentence(path))
    return key


def _create_key(path: Path) -> None:
    """Write a new key under a passing name, then give it its own name unless somebody was faster."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, passing = tempfile.mkstemp(prefix=".secret-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(passing, path)
    finally:
        os.unlink(passing)


def _require_private(path: Path) -> None:
    state = path.stat()
    if state.st_uid != os.geteuid():
        raise ConfigError(
            _(
                "The key file {path} belongs to another user; set RONDA_CONFIG_DIR to a folder of yours."
            ).format(path=path)
        )
    if state.st_mode & 0o077:
        raise ConfigError(
            _("Other users may read the key file {path}; run: chmod 600 '{path}'").format(path=path)
        )


def _decoded(key: Secret) -> bytes | None:
    """Give the key's bytes; None if it is not 32 bytes in base64, url-safe or plain."""
    text = key.reveal().translate(str.maketrans("+/", "-_"))
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == _KEY_BYTES else None


def _key_sentence(place: str | Path) -> str:
    return _(
        "{place} holds no key of 32 bytes in base64; put the right key there, "
        "or where nothing has been stored yet a new one, made with: {command}"
    ).format(place=place, command=KEY_COMMAND)
