"""Outcomes of another thread reach the event loop: all of a request, once for many requests."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future

from gauger.core.authority.outcomes import Done, Outcome
from gauger.surfaces.http.arrivals import all_there


def promised(count: int) -> list[Future[Outcome]]:
    made: list[Future[Outcome]] = [Future() for _ in range(count)]
    for one in made:
        one.set_running_or_notify_cancel()
    return made


def tell(outcomes: list[Future[Outcome]]) -> None:
    for one in outcomes:
        one.set_result(Done())


def test_a_request_is_answered_when_its_last_outcome_is_there() -> None:
    outcomes = promised(40)

    async def wait() -> list[bool]:
        waiting = [all_there(outcomes[at : at + 4], 60) for at in range(0, 40, 4)]
        threading.Thread(target=tell, args=(outcomes,)).start()
        return await asyncio.gather(*waiting)

    assert asyncio.run(wait()) == [True] * 10


def test_a_page_of_answers_wakes_the_loop_once() -> None:
    outcomes = promised(50)
    rung: list[int] = []

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        waiting = [asyncio.ensure_future(all_there([one], 60)) for one in outcomes]
        await asyncio.sleep(0)
        ring = loop.call_soon_threadsafe

        def counted(act: Callable[[], None]) -> asyncio.Handle:
            rung.append(1)
            return ring(act)

        loop.call_soon_threadsafe = counted  # type: ignore[assignment,method-assign]  # counted for this loop alone
        tell(outcomes)
        await asyncio.gather(*waiting)

    asyncio.run(wait())
    assert len(rung) == 1


def test_what_takes_longer_is_told_in_time() -> None:
    done, never = promised(2)
    done.set_result(Done())
    assert asyncio.run(all_there([done, never], 0.01)) is False


def test_an_outcome_after_the_peer_is_gone_harms_nobody() -> None:
    (late,) = promised(1)

    async def leave() -> None:
        waiting = asyncio.ensure_future(all_there([late], 60))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        late.set_result(Done())
        await asyncio.sleep(0)

    asyncio.run(leave())
