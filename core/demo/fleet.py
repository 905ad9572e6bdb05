"""The simulated clients and their services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.demo.certificates import PLANS
from core.demo.targets import HOST
from core.domain.clients import ClientSpec
from core.domain.kinds import Kind
from core.domain.secret import Secret
from core.domain.services import Header, ServiceSpec

INTERVAL_SECONDS = 3.0
TIMEOUT_SECONDS = 2.0
DEGRADED_ABOVE_MS = 400


@dataclass(frozen=True, slots=True)
class _Company:
    name: str
    services: Mapping[str, str]
    """How each service behaves, by its name."""
    tags: tuple[str, ...] = ()
    description: str = ""


_COMPANIES = (
    _Company(
        "Northwind Bank",
        {
            "api": "up",
            "ledger": "failing",
            "login": "up",
            "cards": "up",
            "statements": "slow",
            "partner tls": "expired",
            "fraud score": "up",
            "branch locator": "up",
        },
        ("finance", "gold"),
        "Retail bank; call before 7 h only for the ledger",
    ),
    _Company(
        "Acme Retail",
        {
            "shop": "up",
            "checkout": "flapping",
            "search": "up",
            "images": "up",
            "stock": "recovering",
            "mail": "mail",
            "nightly backup": "reporting",
        },
        ("retail",),
        "Web shop in nine countries",
    ),
    _Company(
        "Helios Energy",
        {
            "meters": "up",
            "grid map": "up",
            "tariffs": "moved",
            "old portal": "circling",
            "telemetry": "hanging",
            "meter import": "silent",
        },
        ("energy", "gold"),
    ),
    _Company(
        "Orchid Health",
        {
            "appointments": "up",
            "records": "up",
            "laboratory": "empty",
            "pharmacy": "up",
            "video": "up",
            "insurers": "up",
        },
        ("health",),
    ),
    _Company(
        "Kestrel Air",
        {
            "booking": "up",
            "seats": "up",
            "gate display": "closed",
            "crew": "up",
            "cargo": "up",
            "loyalty": "recovering",
        },
        ("travel",),
    ),
    _Company(
        "Lumen Media",
        {"streams": "up", "articles": "up", "adverts": "garbage", "cdn": "up", "live": "aborting"},
    ),
    _Company(
        "Vantage Rail",
        {"timetable": "up", "tickets": "up", "signals": "self-signed", "freight": "paused", "wifi": "up"},
    ),
    _Company(
        "Granite Mutual", {"claims": "up", "quotes": "up", "brokers": "up", "archive": "up"}, ("finance",)
    ),
)


def fleet(ports: Mapping[str, int]) -> Iterator[tuple[ClientSpec, tuple[ServiceSpec, ...]]]:
    """Give each simulated client with its services."""
    for company in _COMPANIES:
        slug = company.name.lower().replace(" ", "-")
        client = ClientSpec(
            company.name,
            dns=f"http://{HOST}:{ports['http']}/{slug}",
            api_key=Secret(f"demo-key-of-{slug}"),
            description=company.description,
            tags=company.tags,
            runbook_url=f"https://wiki.demo.example/{slug}",
        )
        yield client, tuple(_service(name, how, ports) for name, how in company.services.items())


def _service(name: str, behaviour: str, ports: Mapping[str, int]) -> ServiceSpec:
    if behaviour in {"reporting", "silent"}:
        interval, grace = (86_400.0, 3_600.0) if behaviour == "reporting" else (30.0, 10.0)
        return ServiceSpec(name, "", kind=Kind.HEARTBEAT, interval_seconds=interval, timeout_seconds=grace)
    if behaviour == "mail":
        return ServiceSpec(
            name,
            f"{HOST}:{ports['mail']}",
            kind=Kind.TCP,
            timeout_seconds=TIMEOUT_SECONDS,
            interval_seconds=INTERVAL_SECONDS,
            contains="220 ",
        )
    return _web_service(name, behaviour, ports)


def _web_service(name: str, behaviour: str, ports: Mapping[str, int]) -> ServiceSpec:
    return ServiceSpec(
        name,
        _endpoint(name, behaviour, ports),
        timeout_seconds=TIMEOUT_SECONDS,
        interval_seconds=INTERVAL_SECONDS,
        degraded_above_ms=DEGRADED_ABOVE_MS,
        headers=(Header("Authorization", Secret("Bearer {api_key}")),),
        json_conditions=('$.status == "healthy"',) if behaviour in {"empty", "up"} else (),
        active=behaviour != "paused",
        retries=1,
    )


def _endpoint(name: str, behaviour: str, ports: Mapping[str, int]) -> str:
    slug = name.replace(" ", "-")
    if behaviour in PLANS:
        return f"https://{HOST}:{ports[behaviour]}/{slug}/up"
    if behaviour == "closed":
        return f"http://{HOST}:{ports['closed']}/{slug}"
    return f"/{slug}/{behaviour}"
