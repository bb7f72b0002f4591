"""Blocking work off the loop: what is wanted at the same moment is done together, and each gets its own outcome."""

import asyncio
import threading

from overnight.watchman.threads import Threads


def test_work_of_one_moment_is_done_by_one_thread_and_a_fault_is_its_askers_alone() -> None:
    async def asked() -> list[object]:
        threads = Threads()

        def fault() -> int:
            raise OSError("gone")

        works = [threading.get_ident, fault, threading.get_ident]
        given_up = asyncio.ensure_future(threads.gathered(threading.get_ident))
        wanted = asyncio.gather(*map(threads.gathered, works), return_exceptions=True)
        asyncio.get_running_loop().call_soon(given_up.cancel)
        found = await wanted
        assert given_up.cancelled()
        threads.close()
        return found

    first, fault, last = asyncio.run(asked())
    assert first == last != threading.get_ident()
    assert isinstance(fault, OSError)
