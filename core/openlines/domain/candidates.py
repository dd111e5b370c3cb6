"""Who qualifies on one line, and who of them is next.

Kept ready while people, loads and clocks change, so that a choice costs O(log n) and never looks at everybody:
a heap of those who qualify, and those who do not by cause. An entry of the heap is corrected when it reaches the top:
whoever stopped qualifying is taken off, whoever was active since it was pushed is put back in the right place.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush, heapreplace

from openlines.domain.people import Agent, absence
from openlines.domain.policy import Line

LIMIT = "limit"
CAP = "server limit"
UNKNOWN = "unknown"

Key = tuple[float, int, int]
"""What `evenly` orders by: last active at, number of the offer, place in the queue.
Without the number, offers of one moment would tie. `strictly` goes by the place alone."""


@dataclass(slots=True, eq=False)
class Person:
    """An agent, all lines taken together."""

    id: str
    agent: Agent | None = None
    """None: the desk has not been told about them."""
    load: int = 0
    """What counts against the server-wide cap."""
    memberships: dict[str, Member] = field(default_factory=dict)
    """Present ones, by line."""
    expires: float = 0.0
    """When their presence may time out on some line; 0 = never."""


@dataclass(slots=True, eq=False)
class Member:
    """An agent on one line."""

    person: Person
    line: Candidates
    key: Key = (0.0, 0, -1)
    load: int = 0
    """What counts against the line's limit."""
    cause: str = UNKNOWN
    """Why they do not qualify; "" = they do."""
    present: bool = False
    """In the line's queue now; others are kept for their clocks and loads."""
    listed: bool = False
    """Has an entry in the heap."""

    @property
    def id(self) -> str:
        return self.person.id


class Candidates:
    """The members of one line's queue."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.queue = line.queue
        self.all = line.queue.distribution == "all"
        self.members: list[Member] = []
        """In queue order."""
        self.able = 0
        """How many qualify."""
        self.out: dict[str, dict[Member, None]] = {}
        """Who does not, by cause."""
        self._known: dict[str, Member] = {}
        self._heap: list[tuple[Key, Member]] = []
        self._latest = 0.0
        self._offers = 0

    def renew(self, line: Line, people: Iterable[Person]) -> None:
        """Take new settings and members. Clocks stay; loads and causes are to be counted and judged anew."""
        for member in self.members:
            del member.person.memberships[self.line.id]
        for member in self._known.values():
            member.load, member.cause, member.present, member.listed = 0, UNKNOWN, False, False
            member.key = (*member.key[:2], -1)
        self.line, self.queue, self.all = line, line.queue, line.queue.distribution == "all"
        self._heap = []
        self.members = []
        for place, person in enumerate(people):
            member = self.known(person)
            member.present = True
            member.key = (*member.key[:2], place)
            person.memberships[line.id] = member
            self.members.append(member)
        self.able = 0
        self.out = {UNKNOWN: dict.fromkeys(self.members)}

    def known(self, person: Person) -> Member:
        """The agent on this line, a member of its queue or not."""
        member = self._known.get(person.id)
        if member is None:
            member = self._known[person.id] = Member(person, self)
        return member

    def has(self, agent: str) -> bool:
        """In the queue now, able or not."""
        member = self._known.get(agent)
        return member is not None and member.present

    def cause(self, agent: str) -> str:
        """Why the agent does not qualify; "" = they do."""
        member = self._known.get(agent)
        return member.cause if member else UNKNOWN

    def judge(self, member: Member, now: float, cap: int) -> bool:
        """Find out whether the member qualifies; True if they begin or cease to."""
        cause = self._cause(member, now, cap)
        if cause == member.cause or not member.present:
            return False
        if member.cause:
            del self.out[member.cause][member]
        if cause:
            self.out.setdefault(cause, {})[member] = None
        changed = bool(cause) != bool(member.cause)
        if changed:
            self.able += -1 if cause else 1
        member.cause = cause
        if not cause and not member.listed:
            member.listed = True
            heappush(self._heap, (self.rank(member), member))
        return changed

    def pick(self, but: Container[str] = ()) -> tuple[Member | None, list[Member]]:
        """The next of those who qualify and are not in `but`, and who of `but` was passed over."""
        heap, passed = self._heap, []
        found = None
        while heap:
            key, member = heap[0]
            if member.cause:
                heappop(heap)
                member.listed = False
            elif key != (rank := self.rank(member)):
                heapreplace(heap, (rank, member))
            elif member.person.id in but:
                passed.append(heappop(heap))
            else:
                found = member
                break
        for entry in passed:
            heappush(heap, entry)
        return found, [member for _, member in passed]

    def qualifying(self) -> list[Member]:
        """Everybody who qualifies, in queue order: what `all` offers to."""
        return [member for member in self.members if not member.cause]

    def offered(self, member: Member, now: float) -> None:
        """The member is made an offer: all others of the line have been idle longer, whatever clocks were told."""
        self._offers += 1
        self._latest = max(self._latest, now)
        member.key = (self._latest, self._offers, member.key[2])

    def active(self, member: Member, at: float) -> None:
        """The member was active at that time at the latest."""
        if at > member.key[0]:
            self._latest = max(self._latest, at)
            member.key = (at, *member.key[1:])

    def rank(self, member: Member) -> Key:
        return member.key if self.queue.distribution == "evenly" else (0.0, 0, member.key[2])

    def _cause(self, member: Member, now: float, cap: int) -> str:
        person, queue = member.person, self.queue
        if person.agent is None:
            return UNKNOWN
        away = absence(person.agent, now, check=queue.check_availability, presence_timeout=queue.presence_timeout)
        if away or self.all:
            return away
        if 0 < queue.limit.max_conversations <= member.load:
            return LIMIT
        return CAP if person.load >= cap else ""
