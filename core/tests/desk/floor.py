"""A floor of agents around a desk: tiny threads that keep their half of the protocol, and messages under way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace
from openlines.domain.desk import Desk
from openlines.domain.events import Placed, Reason
from openlines.domain.people import Agent, absence
from openlines.domain.policy import Limit, Line, Policies, Queue
from openlines.domain.seats import Clock, Standing

COUNTED = {
    "replied": ("offered", "accepted"),
    "awaiting_customer": ("offered", "accepted", "awaiting_agent"),
    "closed": ("offered", "accepted", "awaiting_agent", "awaiting_customer"),
}


def line(
    members: str,
    distribution: str = "strictly",
    *,
    name: str = "shop",
    limit: int = 0,
    ignore: str = "awaiting_customer",
    check: bool = True,
    active: bool = True,
    timeout: float = 900.0,
) -> Line:
    return Line(
        id=name,
        active=active,
        queue=Queue(
            members=tuple(members.split()),
            distribution=distribution,  # type: ignore[arg-type]
            check_availability=check,
            presence_timeout=timeout,
            limit=Limit(max_conversations=limit, ignore=ignore),  # type: ignore[arg-type]
        ),
    )


@dataclass
class Chat:
    """What a thread keeps of its conversation for the desk."""

    id: str
    conversation: int
    line: str
    queued_at: float
    first: str = ""
    seat: int = 1
    status: str = "waiting"
    responsible: str = ""
    offered: tuple[str, ...] = ()
    rung: tuple[str, ...] = ()
    asking: tuple[tuple[str, str], ...] = ()
    pinned: bool = False
    reason: Reason | None = None
    refusals: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)

    @property
    def why(self) -> str:
        return self.reason.words if self.reason else ""

    @property
    def undistributed(self) -> bool:
        return self.status == "waiting" and not self.offered

    def standing(self, epoch: int = 1) -> Standing:
        at = Standing(
            thread=self.id, conversation=self.conversation, seat=self.seat, partition=0, epoch=epoch, line=self.line
        )
        if self.status == "closed":
            return at
        if self.status != "waiting":
            return replace(at, counts_as=self.status, holders=(self.responsible,), pinned=self.pinned)
        why, by = self.asking[0] if self.asking else ("", "")
        return replace(
            at,
            counts_as="offered" if self.offered else "",
            holders=self.offered,
            wants="next" if self.asking else "more",
            why=why,
            by=by,
            rung=self.rung,
            queued_at=self.queued_at,
            first=self.first,
            pinned=self.pinned,
            rule=self.reason.rule if self.reason else "",
        )

    def place(self, placed: Placed) -> bool:
        """Apply the desk's answer, if it is to this very seat."""
        if self.status != "waiting" or (placed.conversation, placed.seat) != (self.conversation, self.seat):
            return False
        self.asking = self.asking[1:]
        self.seat += 1
        if placed.refusal:
            self.refusals.append(placed.refusal)
            return True
        self.offered, self.rung, self.reason = placed.offered, placed.rung, placed.reason
        self.first = "" if placed.offered else self.first
        self.story.append(" ".join(placed.offered) or "-")
        return True


class Floor:
    """Messages arrive at once and in order, unless a test takes them from `to_desk` and `to_chats` itself."""

    def __init__(self, *lines: Line, cap: int = 1000, online: str | None = None, epoch: int = 1) -> None:
        self.now = 1000.0
        self.lines = {line.id: line for line in lines}
        self.cap = cap
        self.owner = 1
        self.chats: dict[str, Chat] = {}
        self.to_desk: list[Standing] = []
        self.to_chats: list[Placed] = []
        names = dict.fromkeys(agent for line in lines for agent in line.queue.members)
        present = names if online is None else online.split()
        self.people = {name: Agent(id=name, connected=name in present) for name in {**names, **dict.fromkeys(present)}}
        self.desk = Desk(self.policies, epoch)
        self.desk.agents(self.people.values(), self.now)

    @property
    def policies(self) -> Policies:
        return Policies(revision=1, lines=self.lines, channels={}, max_conversations_per_agent=self.cap)

    def __getitem__(self, chat: str) -> Chat:
        return self.chats[chat]

    # -- what customers and agents do -------------------------------------------------------------------------------

    def writes(self, *names: str, line: str = "shop", first: str = "", queued_at: float | None = None) -> None:
        for name in names:
            at = self.now if queued_at is None else queued_at
            self.chats[name] = chat = Chat(name, len(self.chats) + 1, line, at, first)
            self.changed(chat, seat=False)

    def accepts(self, agent: str, name: str, status: str = "accepted") -> None:
        chat = self.chats[name]
        chat.status, chat.responsible, chat.offered, chat.asking = status, agent, (), ()
        self.changed(chat)

    def becomes(self, name: str, status: str) -> None:
        self.chats[name].status = status
        self.changed(self.chats[name])

    def declines(self, agent: str, name: str) -> None:
        self.chats[name].asking += (("declined", agent),)
        self.changed(self.chats[name])

    def idles(self, name: str) -> None:
        self.chats[name].asking += (("idle", ""),)
        self.changed(self.chats[name])

    def returns(self, name: str) -> None:
        chat = self.chats[name]
        left = chat.responsible
        chat.rung = chat.rung if left in chat.rung else (*chat.rung, left)
        chat.status, chat.responsible, chat.reason, chat.pinned = "waiting", "", None, False
        chat.queued_at = self.now
        self.changed(chat)

    def pins(self, name: str) -> None:
        self.chats[name].pinned = True
        self.changed(self.chats[name])

    def is_(self, agent: str, **how: bool | float) -> None:
        self.people[agent] = replace(self.people[agent], **how)
        self.answer(self.desk.agents([self.people[agent]], self.now))

    def sets(self, *lines: Line, cap: int | None = None) -> None:
        self.lines |= {line.id: line for line in lines}
        self.cap = self.cap if cap is None else cap
        self.answer(self.desk.settings(self.policies, self.now))

    def clocked(self, agent: str, **at: float) -> None:
        self.desk.clocked(Clock("shop", agent, **at), self.now)

    def passes(self, seconds: float) -> None:
        """Time passes; the desk is called whenever it wants to be."""
        end = self.now + seconds
        while self.desk.due <= end:
            self.now = max(self.now, self.desk.due)
            self.answer(self.desk.tick(self.now))
        self.now = end

    # -- messages ---------------------------------------------------------------------------------------------------

    def changed(self, chat: Chat, *, seat: bool = True) -> None:
        chat.seat += seat
        self.to_desk.append(chat.standing(self.owner))
        self.delivered()

    def answer(self, answers: Iterable[Placed]) -> None:
        self.to_chats += answers
        self.delivered()

    def delivered(self) -> None:
        while self.to_desk or self.to_chats:
            if self.to_desk:
                self.hear(self.to_desk.pop(0))
            else:
                self.tell(self.to_chats.pop(0))

    def hear(self, standing: Standing) -> None:
        self.to_chats += self.desk.stand(standing, self.now)

    def tell(self, placed: Placed) -> None:
        chat = self.chats[placed.thread]
        if placed.desk_epoch == self.desk.epoch and chat.place(placed):
            self.to_desk.append(chat.standing(self.owner))

    # -- the truth, by looking at everything ------------------------------------------------------------------------

    def load(self, agent: str, name: str) -> int:
        """What the agent holds on a line that counts against its limit."""
        queue = self.lines[name].queue
        return sum(
            agent in (standing := chat.standing()).holders and standing.counts_as in COUNTED[queue.limit.ignore]
            for chat in self.chats.values()
            if chat.line == name
        )

    def total(self, agent: str) -> int:
        return sum(
            agent in (standing := chat.standing()).holders
            and standing.counts_as in COUNTED["awaiting_customer"]
            and not (standing.counts_as == "offered" and self.lines[chat.line].queue.distribution == "all")
            for chat in self.chats.values()
        )

    def there(self, agent: str, name: str) -> bool:
        queue = self.lines[name].queue
        return self.lines[name].active and not absence(
            self.people[agent], self.now, check=queue.check_availability, presence_timeout=queue.presence_timeout
        )

    def qualifies(self, agent: str, name: str) -> bool:
        queue = self.lines[name].queue
        if agent not in queue.members or not self.there(agent, name):
            return False
        if queue.distribution == "all":
            return True
        limit = queue.limit.max_conversations
        return (not limit or self.load(agent, name) < limit) and self.total(agent) < self.cap
