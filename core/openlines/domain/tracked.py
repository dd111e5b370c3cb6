"""A conversation as the desk keeps it: where it stands, what was answered, what it weighs."""

from __future__ import annotations

from dataclasses import dataclass

from openlines.domain.candidates import Candidates
from openlines.domain.events import Placed
from openlines.domain.seats import CountsAs, Standing

_COUNTED: dict[str, frozenset[CountsAs]] = {
    "replied": frozenset({"offered", "accepted"}),
    "awaiting_customer": frozenset({"offered", "accepted", "awaiting_agent"}),
    "closed": frozenset({"offered", "accepted", "awaiting_agent", "awaiting_customer"}),
}
_CAPPED: frozenset[CountsAs] = frozenset({"offered", "accepted", "awaiting_agent"})

Weight = tuple[str, int, int]
"""Agent, against the line's limit, against the server's."""

Turn = tuple[bool, float, int, str]
"""The order in which conversations are placed: for a CRM's responsible first, then by the time they began to wait."""


@dataclass(slots=True, eq=False)
class Tracked:
    """A conversation that counts for somebody or waits for somebody."""

    standing: Standing
    line: Candidates
    pending: Placed | None = None
    repeat_at: float = 0.0
    undistributed: bool = False
    """Nobody qualifies: it stands in its line's `waiting`."""
    counted: tuple[Weight, ...] = ()
    """What it was counted as, to be taken off again."""

    @property
    def turn(self) -> Turn:
        """Its place among those who wait."""
        return True, self.standing.queued_at, self.standing.conversation, self.standing.thread

    def concerns(self) -> tuple[str, ...]:
        """Whose coming and going matters to it in particular: who shall have it first, who holds the offer."""
        first = (self.standing.first,) if self.standing.first else ()
        return (*first, *self.standing.holders) if len(self.standing.holders) == 1 else first

    def weights(self) -> tuple[Weight, ...]:
        """What it weighs now: for its holders, and for whom it is being offered to."""
        standing, line = self.standing, self.line
        if line.all and standing.counts_as in ("", "offered"):  # put before everybody, it is nobody's load
            return ()
        held: tuple[Weight, ...] = ()
        if standing.counts_as:
            on_line = int(standing.counts_as in _COUNTED[line.queue.limit.ignore] and not line.all)
            on_server = int(standing.counts_as in _CAPPED)
            held = tuple((agent, on_line, on_server) for agent in standing.holders)
        if self.pending is None:
            return held
        return (*held, *((agent, 1, 1) for agent in self.pending.offered if agent not in standing.holders))
