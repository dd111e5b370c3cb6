"""An event loop that knows when nothing is left to run: then all that remains waits for time to pass."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class QuietLoop(asyncio.SelectorEventLoop):
    """`await loop.quiet()` returns once every task waits for something that no other task will bring about.

    Work in other threads is not seen: await it before.
    """

    def __init__(self) -> None:
        self._ears = _Ears()
        super().__init__(self._ears)

    async def quiet(self) -> None:
        waiting = self.create_future()
        self._ears.listeners.append(waiting)
        await waiting


class _Ears(selectors.DefaultSelector):
    """The loop asks for events with a time to wait only when it has nothing else to do."""

    def __init__(self) -> None:
        super().__init__()
        self.listeners: list[asyncio.Future[None]] = []

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        if self.listeners and (timeout is None or timeout > 0):
            listeners, self.listeners = self.listeners, []
            for listener in listeners:
                if not listener.done():
                    listener.set_result(None)
            timeout = 0
        return super().select(timeout)
