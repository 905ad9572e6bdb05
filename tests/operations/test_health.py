from __future__ import annotations

from dataclasses import replace

from core.operations.desk import Desk
from core.operations.health import is_last_watcher, leader_of, watchers
from tests.operations.support import report, worker


async def test_the_watchers_are_those_on_the_list_and_one_may_lead(desk: Desk) -> None:
    assert await watchers(desk) == ()
    assert leader_of([]) is None
    await report(desk.database, worker("a"), worker("b", leading=True))
    seen = await watchers(desk)
    assert {each.id for each in seen} == {"a", "b"}
    leader = leader_of(seen)
    assert leader is not None
    assert leader.id == "b"


async def test_the_last_watcher_is_the_one_beside_whom_nobody_could_lead(desk: Desk) -> None:
    await report(desk.database, worker(desk.own_id, leading=True), worker("onlooker", can_lead=False))
    assert await is_last_watcher(desk)
    await report(desk.database, worker("agent"))
    assert not await is_last_watcher(desk)


async def test_an_agent_that_ends_with_a_console_would_not_go_on_without_it(desk: Desk) -> None:
    await report(desk.database, replace(worker("child", leading=True), ends_with=desk.own_id))
    assert await is_last_watcher(desk)
    await report(desk.database, replace(worker("child of another"), ends_with="another"))
    assert not await is_last_watcher(desk)
