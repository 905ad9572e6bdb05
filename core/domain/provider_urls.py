"""How the Apprise URL of each service is put together, with every part encoded as it must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode, urlsplit

Values = Mapping[str, str]
"""What was typed, by the names of the fields; every field is there, empty if it was left out."""


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _login(user: str, password: str) -> str:
    if not user and not password:
        return ""
    return f"{_quoted(user)}:{_quoted(password)}@" if user and password else f"{_quoted(user or password)}@"


def _server(text: str) -> tuple[bool, str]:
    """Give whether a server is spoken to in TLS, and its host, port and path."""
    parts = urlsplit(text if "://" in text else f"https://{text}")
    return parts.scheme.lower() != "http", (parts.netloc + parts.path).rstrip("/")


def _at_server(scheme: str, server: str, login: str, path: str) -> str:
    """Give the URL of something on a server of one's own; Apprise's schemes of TLS end with an s."""
    secure, place = _server(server)
    return f"{scheme}{'s' if secure else ''}://{login}{place}/{path}"


def mail_url(values: Values) -> str:
    """Give the URL of mails sent by an SMTP server."""
    mode = values["encryption"]
    recipients = ",".join(part for part in re.split(r"[\s,;]+", values["to"]) if part)
    host, port = values["host"], f":{values['port']}" if values["port"] else ""
    query = {
        "smtp": host,
        "from": values["from"],
        "to": recipients,
        "mode": "insecure" if mode == "none" else mode,
    }
    scheme = "mailto" if mode == "none" else "mailtos"
    login = _login(values["user"], values["password"])
    return f"{scheme}://{login}{host}{port}/?{urlencode(query, quote_via=quote)}"


def telegram_url(values: Values) -> str:
    """Give the URL of a chat that a bot writes in."""
    identifier, _colon, secret = values["token"].strip().removeprefix("bot").partition(":")
    return f"tgram://{identifier}:{secret}/{_quoted(values['chat'].removeprefix('@'))}/"


def matrix_url(values: Values) -> str:
    """Give the URL of a room."""
    login = _login(values["user"], values["password"])
    return _at_server("matrix", values["server"], login, _quoted(values["room"]))


def ntfy_url(values: Values) -> str:
    """Give the URL of a topic."""
    token = values["token"].strip()
    url = _at_server("ntfy", values["server"] or "ntfy.sh", _login(token, ""), _quoted(values["topic"]))
    return f"{url}?mode=private" + ("&auth=token" if token else "")


def pagerduty_url(values: Values) -> str:
    """Give the URL of an integration; a message of Tone.GOOD resolves what one with the same key began."""
    key, region = _quoted(values["key"].strip()), values["region"]
    # The events interface knows a routing key only; Apprise wants a second one and sends it along.
    return f"pagerduty://{key}@ronda/Ronda/?action=map&region={region}"


def rocketchat_url(values: Values) -> str:
    """Give the URL of an incoming webhook."""
    return _at_server("rocket", values["server"], _login(values["token"].strip(), ""), "?mode=webhook")


def pushover_url(values: Values) -> str:
    """Give the URL of a person or a group."""
    return f"pover://{_quoted(values['user'].strip())}@{_quoted(values['token'].strip())}/"


def pasted(values: Values) -> str:
    """Give an address that a service gives out whole; Apprise knows these."""
    return values["url"].strip()


def at_server_with_token(scheme: str) -> Callable[[Values], str]:
    """Give what makes the URL of a server whose path is a token."""
    return lambda values: _at_server(scheme, values["server"], "", _quoted(values["token"].strip()))
