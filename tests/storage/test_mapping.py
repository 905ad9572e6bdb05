"""Rows and domain values: what goes in comes out again."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.clients import ClientSpec
from core.domain.observations import Certificate, ErrorKind, Observation, Phases, Status
from core.domain.secret import Secret
from core.domain.services import Header, ServiceSpec
from core.domain.status import Run, ServiceState
from core.errors import KeyMismatch
from core.storage.mapping import (
    LONGEST_LATENCY_US,
    Vault,
    client_of,
    client_values,
    microseconds,
    milliseconds,
    service_of,
    service_values,
    state_of,
    state_values,
)
from core.storage.rows import STATES
from tests.clock import NOON
from tests.storage.support import cipher_of

OURS, THEIRS = cipher_of(b"o"), cipher_of(b"t")
OPEN = Vault(OURS, OURS.fingerprint)
LOCKED = Vault(OURS, THEIRS.fingerprint)

texts = st.text(max_size=20)
secrets = texts.map(Secret)
moments = st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone added
latencies = st.none() | st.integers(0, LONGEST_LATENCY_US).map(lambda number: number / 1000)
client_specs = st.builds(
    ClientSpec,
    texts,
    texts,
    st.none() | secrets,
    texts,
    st.lists(texts).map(tuple),
    st.booleans(),
    texts,
    texts,
)
service_specs = st.builds(
    ServiceSpec,
    name=texts,
    endpoint=texts,
    headers=st.lists(st.builds(Header, texts, secrets), max_size=3).map(tuple),
    retries=st.integers(0, 100),
    retry_interval_seconds=st.none() | st.floats(1, 60),
    degraded_above_ms=st.none() | st.integers(1, 999),
    tags=st.lists(texts).map(tuple),
    active=st.booleans(),
    verify_tls=st.booleans(),
    notes=texts,
)
observations = st.builds(
    Observation,
    checked_at=moments,
    status=st.sampled_from([Status.UP, Status.DEGRADED, Status.DOWN]),
    latency_ms=latencies,
    status_code=st.none() | st.integers(100, 599),
    error=st.none() | st.sampled_from(ErrorKind),
    detail=st.none() | texts,
    phases=st.builds(Phases, latencies, latencies, latencies, latencies),
    certificate=st.none() | st.builds(Certificate, moments, texts, texts),
    address=st.none() | texts,
    redirects=st.lists(texts).map(tuple),
)
runs = st.builds(Run, st.booleans(), st.integers(0, 1000), st.none() | moments)
states = st.builds(
    ServiceState,
    st.sampled_from(Status),
    st.none() | moments,
    runs,
    runs,
    st.integers(0, 1000),
    st.none() | observations,
)


def row_of(values: Mapping[str, Any], **more: Any) -> Any:
    """Give what the driver would: columns as attributes and by name."""
    columns = {**values, **more}
    return SimpleNamespace(**columns, _mapping=columns)


KEYS = {"id": 7, "version": 3, "created_at": NOON, "updated_at": NOON, "deleted_at": None}


@given(client_specs)
def test_a_client_comes_back_as_it_was_saved(spec: ClientSpec) -> None:
    client = client_of(row_of(client_values(spec, OPEN), **KEYS), OPEN)
    assert client.spec == spec
    assert (client.id, client.version, client.deleted_at) == (7, 3, None)


@given(service_specs)
def test_a_service_comes_back_as_it_was_saved(spec: ServiceSpec) -> None:
    service = service_of(row_of(service_values(spec, OPEN), **KEYS, client_id=2), OPEN)
    assert service.spec == spec
    assert (service.id, service.client_id) == (7, 2)


@given(states)
def test_a_state_comes_back_as_it_was_recorded(state: ServiceState) -> None:
    assert state_of(row_of(state_values(state), service_id=1)) == state


def test_every_column_of_a_state_is_given_whatever_was_seen() -> None:
    columns = {column.name for column in STATES.columns} - {"service_id", "flush"}
    assert set(state_values(ServiceState())) == columns
    seen = ServiceState(observation=Observation(NOON, Status.UP))
    assert list(state_values(seen)) == list(state_values(ServiceState()))


def test_secrets_are_stored_sealed() -> None:
    client = client_values(ClientSpec("Acme", api_key=Secret("k-3141592")), OPEN)
    service = service_values(ServiceSpec("web", "/", headers=(Header("X-Key", Secret("hush")),)), OPEN)
    assert b"3141592" not in client["api_key"]
    assert b"hush" not in service["headers"]
    assert json.loads(OURS.decrypt(service["headers"])) == [["X-Key", "hush"]]


def test_what_has_no_secret_stores_none() -> None:
    assert client_values(ClientSpec("Acme"), OPEN)["api_key"] is None
    assert service_values(ServiceSpec("web", "/"), OPEN)["headers"] is None


def test_with_another_key_secrets_read_as_if_there_were_none() -> None:
    values = client_values(ClientSpec("Acme", api_key=Secret("k")), OPEN)
    assert client_of(row_of(values, **KEYS), LOCKED).spec == ClientSpec("Acme")
    headed = service_values(ServiceSpec("web", "/", headers=(Header("X", Secret("y")),)), OPEN)
    assert service_of(row_of(headed, **KEYS, client_id=2), LOCKED).spec == ServiceSpec("web", "/")


def test_with_another_key_nothing_is_written_and_the_right_one_is_named() -> None:
    for spec in (ClientSpec("Acme"), ClientSpec("Acme", api_key=Secret("k"))):
        with pytest.raises(KeyMismatch, match=f"RONDA_SECRET_KEY.*{THEIRS.fingerprint}"):
            client_values(spec, LOCKED)
    with pytest.raises(KeyMismatch):
        service_values(ServiceSpec("web", "/"), LOCKED)


def test_a_damaged_secret_does_not_hide_its_client(caplog: pytest.LogCaptureFixture) -> None:
    values = client_values(ClientSpec("Acme"), OPEN) | {"api_key": b"garbage"}
    with caplog.at_level(logging.WARNING):
        assert client_of(row_of(values, **KEYS), OPEN).spec.api_key is None
    assert "damaged" in caplog.text


@pytest.mark.parametrize(
    ("ms", "us"),
    [(None, None), (0.0, 0), (0.0004, 0), (12.3456, 12346), (86_400_000.0, LONGEST_LATENCY_US)],
)
def test_latencies_are_kept_in_microseconds_up_to_a_column_s_limit(ms: float | None, us: int | None) -> None:
    assert microseconds(ms) == us


def test_stored_latencies_are_given_in_milliseconds() -> None:
    assert (milliseconds(None), milliseconds(12_346)) == (None, 12.346)
