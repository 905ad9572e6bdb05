from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.domain.clients import ClientSpec
from core.domain.services import ServiceSpec
from core.errors import NotFound, Refused, StorageError
from core.operations.clients import add_client, list_clients, remove_client
from core.operations.desk import Desk
from core.operations.services import add_service, list_services, remove_service
from core.storage.database import Database
from tests.tui.canned import CannedApp, Fleet
from tests.tui.forms import desk_on, until
from tui.glyphs import AsciiFilter
from tui.stages import Stage
from tui.themes import SIXTEEN_COLOUR_THEME
from tui.undo import Undo


async def test_without_a_database_nothing_can_be_asked() -> None:
    app = CannedApp(Fleet(0))
    with pytest.raises(StorageError, match="not open yet"):
        _ = app.desk
    with pytest.raises(StorageError, match="not open yet"):
        _ = app.reader
    assert app.operator is None


async def test_what_goes_wrong_while_everything_is_put_away_is_kept() -> None:
    app = CannedApp(Fleet(0))
    opened = app.session._open_desk

    @asynccontextmanager
    async def open_desk() -> AsyncIterator[Desk]:
        async with opened() as desk:
            yield desk
        raise StorageError("3 results could not be stored.")

    app.session._open_desk = open_desk
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
    assert str(app.parting_error) == "3 results could not be stored."


async def test_leaving_waits_until_the_desk_is_closed() -> None:
    app = CannedApp(Fleet(0))
    opened, log = app.session._open_desk, []

    @asynccontextmanager
    async def open_desk() -> AsyncIterator[Desk]:
        async with opened() as desk:
            yield desk
        for _turn in range(5):
            await asyncio.sleep(0)
        log.append("closed")

    app.session._open_desk = open_desk
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
    assert log == ["closed"]
    assert app.parting_error is None


@pytest.mark.parametrize(("term", "plain"), [("linux", True), ("xterm-256color", False)])
async def test_a_terminal_gets_no_more_signs_than_it_has(
    term: str, plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.look.needs_ascii", lambda _encoding, environ: environ["TERM"] == "linux")
    app = CannedApp(Fleet(0))
    async with app.run_test(size=(80, 24)):
        app.suit_terminal({"TERM": term})
        assert any(isinstance(found, AsciiFilter) for found in app.get_line_filters()) is plain


@pytest.mark.parametrize(("wished", "theme"), [(None, SIXTEEN_COLOUR_THEME), ("ronda-day", "ronda-day")])
async def test_sixteen_colours_get_a_palette_of_their_own_unless_one_is_asked_for(
    wished: str | None, theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = CannedApp(Fleet(0))
    app._wished_theme = wished
    app.theme = wished or app.theme
    monkeypatch.setattr(type(app.console), "color_system", "standard")
    async with app.run_test(size=(80, 24)):
        app.suit_terminal({"TERM": "xterm"})
        assert app.theme == theme


async def test_deletions_are_taken_back_in_reverse_order(database: Database) -> None:
    desk, undo = desk_on(database), Undo()
    client = await add_client(desk, ClientSpec("Acme", dns="acme.example"))
    service = await add_service(desk, client.id, ServiceSpec("web", "/"))
    await remove_service(desk, service.id)
    undo.remember(service)
    await remove_client(desk, client.id)
    undo.remember(client)
    assert await list_clients(desk) == []
    assert await undo.bring_back(desk) == "Acme"
    assert [found.id for found in await list_clients(desk)] == [client.id]
    assert await list_services(desk) == []
    assert await undo.bring_back(desk) == "web"
    assert [found.id for found, _client in await list_services(desk)] == [service.id]
    with pytest.raises(NotFound, match="Nothing was deleted"):
        await undo.bring_back(desk)


async def test_a_deletion_that_cannot_be_taken_back_is_not_forgotten(database: Database) -> None:
    desk, undo = desk_on(database), Undo()
    client = await add_client(desk, ClientSpec("Acme"))
    await remove_client(desk, client.id)
    undo.remember(client)
    namesake = await add_client(desk, ClientSpec("ACME"))
    with pytest.raises(Refused):
        await undo.bring_back(desk)
    await remove_client(desk, namesake.id)
    assert await undo.bring_back(desk) == "Acme"
