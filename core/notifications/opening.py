"""Makes an Apprise plugin from the URL of a channel, or says why not."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from core.domain.channels import ChannelKind, ChannelSpec
from core.domain.faults import Fault
from core.domain.targets import address_faults
from core.domain.text import has_control_characters, printable
from core.i18n import _
from core.notifications import library
from core.notifications.masking import Masking, url_secrets

if TYPE_CHECKING:
    from apprise import NotifyBase

TIMEOUT_SECONDS = 15.0
"""How long Apprise waits for a connection, and for each piece of an answer, if the URL does not say."""
LONGEST_SECONDS = 30.0
"""How long a URL may make it wait."""

LOCAL = frozenset(
    {"blink1", "dbus", "gio", "glib", "gnome", "growl", "kde", "macosx", "qt", "syslog", "windows"}
    | {"cmd", "conf", "config", "exec", "file", "files", "memory", "script", "shell"}
)
"""Schemes that stay on this machine, run something on it or read its files."""
_FILES = frozenset({"keyfile", "pgppub", "pgpprv", "subfile"})
"""Parameters by which a URL has Apprise read a file."""
_SCHEME = re.compile(r"\s*([a-z0-9][a-z0-9+.-]*)://", re.IGNORECASE)
_HOSTS = frozenset({"host", "hostname", "domain"})


class Opened(NamedTuple):
    """A plugin that can send, and the masking that hides its secrets."""

    plugin: NotifyBase
    masking: Masking


class Unusable(Exception):
    """Apprise does not take a URL, or we do not let it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def url_faults(spec: ChannelSpec) -> Iterator[Fault]:
    """Give what is wrong with the address of a channel beyond the spec's own faults.

    Blocks for a third of a second where Apprise is needed for the first time: call it on a thread.
    """
    url = spec.url.reveal().strip() if spec.url is not None else ""
    if not url or spec.kind is ChannelKind.TERMINAL:
        return
    if spec.kind is ChannelKind.WEBHOOK:
        yield from _webhook_faults(url)
        return
    try:
        opened(url)
    except Unusable as unusable:
        yield unusable.fault


def _webhook_faults(url: str) -> Iterator[Fault]:
    for fault in address_faults("url", url):
        if fault.code == "url_scheme":
            yield Fault("url", "channel_url_http", {"scheme": fault.parameters["scheme"]})
        elif fault.code != "url_credentials":  # they are sent as basic authentication
            yield fault


def opened(url: str) -> Opened:
    """Make a plugin from an Apprise URL; raises ``Unusable``. Blocks."""
    url = url.strip()
    scheme = _scheme_of(url)
    with library.hearing() as lines:
        parts = library.parts_of(url)
        if parts is None:
            if scheme not in library.services():
                raise Unusable(Fault("url", "channel_url_scheme", {"scheme": printable(scheme, 20)}))
            raise _refused(Masking(url_secrets(url, public_host=False)), lines)
        kind = library.services()[parts["schema"]]
        masking = Masking(
            [*url_secrets(url, public_host=bool(_HOSTS & set(kind.template_tokens))), *_login(parts)]
        )
        _allow(kind, parts)
        for name in ("cto", "rto"):
            parts.setdefault(name, str(TIMEOUT_SECONDS))
        try:
            plugin = library.made_from(parts)
        except Exception as error:  # plugins raise whatever they like at a URL that they do not like
            raise _refused(masking, lines) from error
    plugin.socket_connect_timeout = _bounded(plugin.socket_connect_timeout)
    plugin.socket_read_timeout = _bounded(plugin.socket_read_timeout)
    return Opened(plugin, masking)


def _scheme_of(url: str) -> str:
    found = _SCHEME.match(url)
    if found is None or has_control_characters(url):
        raise Unusable(Fault("url", "channel_url_form"))
    scheme = found[1].lower()
    if scheme in LOCAL:
        raise Unusable(Fault("url", "channel_url_local", {"scheme": scheme}))
    return scheme


def _allow(kind: library.Service, parts: dict[str, Any]) -> None:
    if not kind.enabled:
        raise Unusable(Fault("url", "channel_url_library", {"scheme": parts["schema"]}))
    names = _FILES | (
        {"template"} if "Path" in str(kind.template_args.get("template", {}).get("name")) else set()
    )
    for name in sorted(names & parts.get("qsd", {}).keys()):
        raise Unusable(Fault("url", "channel_url_file", {"name": name}))


def _login(parts: dict[str, Any]) -> Iterator[str]:
    for name in ("user", "password"):
        if parts.get(name):
            yield str(parts[name])


def _refused(masking: Masking, lines: Iterable[library.Line]) -> Unusable:
    said = " ".join(line.text for line in lines if line.level >= logging.WARNING)
    reason = masking.answer(said).rstrip(".") or _("a part of it is missing or has the wrong form")
    return Unusable(Fault("url", "channel_url_refused", {"reason": reason}))


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.1), LONGEST_SECONDS)
