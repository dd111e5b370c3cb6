"""A circuit breaker: five failures in a row, and for 30 seconds nobody waits for it again."""

from __future__ import annotations

FAILURES = 5
OPEN_FOR = 30.0


class Breaker:
    """Counts failures in a row. Time comes from outside."""

    def __init__(self) -> None:
        self._failures = 0
        self._open_until = 0.0

    def closed(self, now: float) -> bool:
        """Whether it may be tried."""
        return now >= self._open_until

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self, now: float) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            self._failures = 0
            self._open_until = now + OPEN_FOR
