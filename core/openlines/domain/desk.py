"""The desk: who is offered which conversation. It stores nothing: everything it knows it can be told again.

Threads tell it where their conversations stand (`Standing`), the shell tells it of people, settings and clocks; each
call returns what is to be placed because of it (`Placed`), for that conversation or for others: a slot was freed.
At most one Placed per conversation is under way; it is repeated until a Standing with a newer seat arrives.

`choices` holds the rules for one conversation, `candidates` who qualifies on a line, `tracked` what a conversation
weighs. Here is what ties them together: who waits in which order, loads, time.
At the start tell `agents`, `clocked`, then all Standings at once with `load`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from math import inf

from msgspec.structs import replace

from openlines.domain.candidates import Candidates, Member, Person
from openlines.domain.choices import choose, may_be_first
from openlines.domain.events import Placed
from openlines.domain.people import Agent
from openlines.domain.policy import Line, Policies
from openlines.domain.seats import Clock, Standing
from openlines.domain.tracked import Tracked, Turn, Weight

REPEAT_AFTER = 5.0
"""Seconds without a newer Standing, after which a Placed is told again."""
FORGET_AFTER = 600.0
"""Seconds for which the seat of a conversation that stands nowhere is kept, against Standings that arrive late.
One later than that comes from a node that has lost its partition: its epoch gives it away."""


class Desk:
    """Chooses which agent a conversation is offered to. All calls take `now`, which must not run back."""

    def __init__(self, policies: Policies, epoch: int) -> None:
        self.epoch = epoch
        self._cap = policies.max_conversations_per_agent
        self._lines: dict[str, Candidates] = {}
        self._waiting: dict[str, list[Turn]] = {}
        """Undistributed conversations by line: heaps, with entries that are checked when they reach the top."""
        self._retry_at: dict[str, float] = {}
        """Lines with undistributed conversations."""
        self._people: dict[str, Person] = {}
        self._timeouts: tuple[float, ...] = ()
        self._expiring: list[tuple[float, str]] = []
        self._tracked: dict[str, Tracked] = {}
        self._offers: dict[str, dict[str, Tracked]] = {}
        """Waiting conversations by line."""
        self._concerned: dict[str, dict[str, Tracked]] = {}
        """Waiting conversations by agent: who holds the offer, who shall have it first. Not those offered to all."""
        self._gone: dict[str, int] = {}
        self._going: deque[tuple[float, str, int]] = deque()
        self._epochs: dict[int, int] = {}
        self._repeats: deque[tuple[float, str]] = deque()
        # What a call has stirred up, for `_settle`:
        self._stirred: dict[str, Tracked] = {}
        self._open: dict[str, Candidates] = {}
        self._unjudged: dict[Member, None] = {}
        self._adopt(policies)

    # -- what it is told --------------------------------------------------------------------------------------------

    def stand(self, standing: Standing, now: float) -> list[Placed]:
        """A thread tells where its conversation stands. An older seat is ignored, the same answered as before."""
        return self.load((standing,), now)

    def load(self, standings: Iterable[Standing], now: float) -> list[Placed]:
        """Many at once, as at the start: all are counted before any is answered, so no limit is overrun."""
        return self._take_all(standings, now) + self._settle(now)

    def agents(self, changed: Iterable[Agent], now: float) -> list[Placed]:
        """People changed: they came, went, were dismissed; or all of them, at the start."""
        for agent in changed:
            person = self._person(agent.id)
            if person.agent != agent:
                person.agent = agent
                self._stir(person, now)
        return self._settle(now)

    def settings(self, policies: Policies, now: float) -> list[Placed]:
        """New settings: members, limits, lines that are switched on or off."""
        self._adopt(policies)
        for person in self._people.values():
            self._expect_timeout(person, now)
        return self._settle(now)

    def clocked(self, clock: Clock, now: float) -> None:
        """An agent's idle clock on a line, as stored; the later of what is known and what is told holds."""
        line = self._line(clock.line)
        line.active(line.known(self._person(clock.agent)), max(clock.offered_at, clock.replied_at))

    def resync(self, partition: int, epoch: int, standings: Iterable[Standing], now: float) -> list[Placed]:
        """The partition has a new owner, and these are all its conversations that wait for or count for somebody.

        What older owners told besides is forgotten, and ignored from now on. A Placed that is under way stays so:
        it may still be applied.
        """
        again = self._take_all(standings, now)
        self._epochs[partition] = max(epoch, self._epochs.get(partition, epoch))
        for thread, tracked in list(self._tracked.items()):
            if tracked.standing.partition == partition and tracked.standing.epoch < epoch:
                self._untrack(thread, tracked)
        return again + self._settle(now)

    def tick(self, now: float) -> list[Placed]:
        """What time brings: Placed that were not answered, presence that times out, lines to be tried again."""
        answers = []
        while self._repeats and self._repeats[0][0] <= now:
            at, thread = self._repeats.popleft()
            tracked = self._tracked.get(thread)
            if tracked and tracked.pending and tracked.repeat_at == at:
                self._repeat(tracked, now)
                answers.append(tracked.pending)
        for id_, at in list(self._retry_at.items()):
            if at <= now:
                self._retry(self._lines[id_], now)
        return answers + self._settle(now)

    @property
    def due(self) -> float:
        """When `tick` has something to do; infinity = never, as things stand."""
        while self._repeats and not self._awaited(*self._repeats[0]):
            self._repeats.popleft()
        while self._expiring and self._people[self._expiring[0][1]].expires != self._expiring[0][0]:
            heappop(self._expiring)
        return min(
            self._repeats[0][0] if self._repeats else inf,
            self._expiring[0][0] if self._expiring else inf,
            *self._retry_at.values(),
        )

    # -- placing ----------------------------------------------------------------------------------------------------

    def _settle(self, now: float) -> list[Placed]:
        """Place what was stirred up and, where somebody became able, who waits longest."""
        while self._expiring and self._expiring[0][0] <= now:
            at, agent = heappop(self._expiring)
            if self._people[agent].expires == at:
                self._stir(self._people[agent], now)
        self._judge(now)
        turns = [self._turn(tracked, now) for tracked in self._stirred.values()]
        turns += [turn for line in self._open.values() if (turn := self._oldest(line))]
        self._stirred.clear()
        self._open.clear()
        heapify(turns)
        answers = []
        while turns:
            tracked = self._tracked[heappop(turns)[3]]
            if tracked.pending:
                continue
            was_undistributed = tracked.undistributed
            if placed := self._place(tracked, now):
                answers.append(placed)
            if was_undistributed and not tracked.undistributed and (turn := self._oldest(tracked.line)):
                heappush(turns, turn)
        return answers

    def _place(self, tracked: Tracked, now: float) -> Placed | None:
        standing, line = tracked.standing, tracked.line
        choice = choose(standing, line, self._people, now, self._cap)
        offered = choice.offered if choice else standing.holders
        self._keep_waiting(tracked, now, undistributed=not offered)
        if choice is None:
            return None
        tracked.pending = Placed(
            at=now,
            thread=standing.thread,
            conversation=standing.conversation,
            seat=standing.seat,
            desk_epoch=self.epoch,
            offered=offered,
            rung=choice.rung,
            reason=choice.reason,
            refusal=choice.refusal,
        )
        self._repeat(tracked, now)
        if not line.all:
            for agent in offered:
                if agent not in standing.holders:
                    line.offered(line.known(self._person(agent)), now)
        self._weigh(tracked, tracked.weights())
        self._judge(now)
        return tracked.pending

    def _repeat(self, tracked: Tracked, now: float) -> None:
        tracked.repeat_at = now + REPEAT_AFTER
        self._repeats.append((tracked.repeat_at, tracked.standing.thread))

    def _awaited(self, at: float, thread: str) -> bool:
        tracked = self._tracked.get(thread)
        return tracked is not None and tracked.pending is not None and tracked.repeat_at == at

    def _turn(self, tracked: Tracked, now: float) -> Turn:
        first = may_be_first(tracked.standing, tracked.line, self._people, now)
        return (False, *tracked.turn[1:]) if first else tracked.turn

    # -- who waits --------------------------------------------------------------------------------------------------

    def _keep_waiting(self, tracked: Tracked, now: float, *, undistributed: bool) -> None:
        if undistributed and not tracked.undistributed:
            line = tracked.line
            heappush(self._waiting.setdefault(line.line.id, []), tracked.turn)
            self._retry_at.setdefault(line.line.id, now + line.queue.retry_interval)
        tracked.undistributed = undistributed

    def _oldest(self, line: Candidates) -> Turn | None:
        """Who waits longest on a line where somebody qualifies."""
        waiting = self._waiting.get(line.line.id)
        while waiting and line.able:
            tracked = self._tracked.get(waiting[0][3])
            still = tracked and tracked.undistributed and not tracked.pending and tracked.line is line
            if tracked and still and tracked.turn == waiting[0]:
                return waiting[0]
            heappop(waiting)
        return None

    def _retry(self, line: Candidates, now: float) -> None:
        """Judge everybody anew, try again; forget those who wait no longer."""
        id_ = line.line.id
        waiting = [tracked for tracked in self._offers.get(id_, {}).values() if tracked.undistributed]
        for tracked in waiting:
            tracked.undistributed = False
        self._waiting[id_] = []
        del self._retry_at[id_]
        if not waiting:
            return
        for tracked in waiting:
            self._keep_waiting(tracked, now, undistributed=True)
        self._unjudged.update(dict.fromkeys(line.members))
        self._open[id_] = line

    # -- conversations ----------------------------------------------------------------------------------------------

    def _take_all(self, standings: Iterable[Standing], now: float) -> list[Placed]:
        return [placed for standing in standings if (placed := self._take(standing, now)) is not None]

    def _take(self, standing: Standing, now: float) -> Placed | None:
        """Note what a thread tells; if it says nothing new, what was answered already."""
        thread = standing.thread
        if standing.epoch < self._epochs.setdefault(standing.partition, standing.epoch):
            return None
        tracked = self._tracked.get(thread)
        known = tracked.standing.seat if tracked else self._gone.get(thread, -1)
        if standing.seat < known:
            return None
        self._epochs[standing.partition] = standing.epoch
        if standing.seat == known:
            if tracked is None:
                return None
            # It says the same, but perhaps for the partition's new owner.
            tracked.standing = replace(tracked.standing, partition=standing.partition, epoch=standing.epoch)
            return tracked.pending
        line = self._line(standing.line)
        if not standing.counts_as and standing.wants == "none":
            if tracked:
                self._untrack(thread, tracked)
            self._forget(thread, standing.seat, now)
            return None
        if tracked is None or tracked.line is not line:
            if tracked:
                self._untrack(thread, tracked)
            tracked = self._tracked[thread] = Tracked(standing, line)
            self._gone.pop(thread, None)
        else:
            self._unlink(tracked)
            tracked.standing, tracked.pending, tracked.undistributed = standing, None, False
        self._link(tracked)
        self._weigh(tracked, tracked.weights())
        return None

    def _link(self, tracked: Tracked) -> None:
        standing = tracked.standing
        if standing.wants != "none":
            self._stirred[standing.thread] = tracked
            self._offers.setdefault(standing.line, {})[standing.thread] = tracked
            for agent in tracked.concerns():
                self._concerned.setdefault(agent, {})[standing.thread] = tracked

    def _unlink(self, tracked: Tracked) -> None:
        standing = tracked.standing
        if standing.wants != "none":
            self._stirred.pop(standing.thread, None)
            del self._offers[standing.line][standing.thread]
            for agent in tracked.concerns():
                self._concerned[agent].pop(standing.thread, None)

    def _untrack(self, thread: str, tracked: Tracked) -> None:
        self._unlink(tracked)
        del self._tracked[thread]
        tracked.pending = None
        self._weigh(tracked, ())

    def _forget(self, thread: str, seat: int, now: float) -> None:
        self._gone[thread] = seat
        self._going.append((now, thread, seat))
        while self._going[0][0] < now - FORGET_AFTER:
            _, thread, seat = self._going.popleft()
            if self._gone.get(thread) == seat:
                del self._gone[thread]

    # -- loads ------------------------------------------------------------------------------------------------------

    def _weigh(self, tracked: Tracked, weights: tuple[Weight, ...]) -> None:
        if weights == tracked.counted:
            return
        for sign, counted in ((-1, tracked.counted), (1, weights)):
            for agent, on_line, on_server in counted:
                person = self._person(agent)
                member = tracked.line.known(person)
                member.load += sign * on_line
                person.load += sign * on_server
                self._unjudged[member] = None
                if self._cap - 1 <= person.load <= self._cap:
                    self._unjudged.update(dict.fromkeys(person.memberships.values()))
        tracked.counted = weights

    # -- people and lines -------------------------------------------------------------------------------------------

    def _stir(self, person: Person, now: float) -> None:
        """The agent may have come or gone: judge them on all their lines, look at the conversations they hold."""
        self._unjudged.update(dict.fromkeys(person.memberships.values()))
        self._stirred.update(self._concerned.get(person.id, {}))
        self._expect_timeout(person, now)

    def _expect_timeout(self, person: Person, now: float) -> None:
        agent = person.agent
        person.expires = 0.0
        if agent and agent.seen_at and not agent.connected and not agent.signed_off:
            person.expires = min((at for t in self._timeouts if (at := agent.seen_at + t) > now), default=0.0)
        if person.expires:
            heappush(self._expiring, (person.expires, person.id))

    def _judge(self, now: float) -> None:
        """Find out who began or ceased to qualify, and what that concerns."""
        for member in self._unjudged:
            line = member.line
            if line.judge(member, now, self._cap):
                if line.all:
                    self._stirred.update(self._offers.get(line.line.id, {}))
                elif not member.cause:
                    self._open[line.line.id] = line
        self._unjudged.clear()

    def _person(self, agent: str) -> Person:
        person = self._people.get(agent)
        if person is None:
            person = self._people[agent] = Person(agent)
        return person

    def _line(self, line: str) -> Candidates:
        candidates = self._lines.get(line)
        if candidates is None:
            candidates = self._lines[line] = Candidates(Line(id=line, active=False))
        return candidates

    def _adopt(self, policies: Policies) -> None:
        """Take settings; lines whose queue is as before are left alone."""
        if policies.max_conversations_per_agent != self._cap:
            self._cap = policies.max_conversations_per_agent
            for line in self._lines.values():
                self._unjudged.update(dict.fromkeys(line.members))
        self._timeouts = tuple(sorted({line.queue.presence_timeout for line in policies.lines.values()}))
        for id_ in (*policies.lines, *(known for known in self._lines if known not in policies.lines)):
            settings = policies.lines.get(id_, Line(id=id_, active=False))
            line = self._line(id_)
            if (line.queue, line.line.active) == (settings.queue, settings.active):
                line.line = settings
                continue
            mine = [tracked for tracked in self._tracked.values() if tracked.line is line]
            for tracked in mine:
                self._weigh(tracked, ())
            line.renew(settings, [self._person(agent) for agent in settings.queue.members])
            self._unjudged.update(dict.fromkeys(line.members))
            self._stirred.update(self._offers.get(id_, {}))
            for tracked in mine:
                self._weigh(tracked, tracked.weights())
