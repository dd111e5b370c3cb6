"""Agents: who they are, whether they are there, and whether a password is theirs.

All of them are in memory as one immutable `view`, replaced on each change, so that the writer's thread may read it
at any time. What must outlive the process is in the table `people`.

People come from two places: `[agents.<id>]` of the settings, which are read-only here, and the console or the command
line. Whoever disappears from the settings is dismissed: their conversations go back to the queue and they can no longer
sign in; named again, they are back with their password.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from types import MappingProxyType
from typing import Any, Literal
from zoneinfo import ZoneInfo

import argon2
from msgspec.structs import replace
from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from openlines.domain.people import Agent
from openlines.runtime import leaves
from openlines.runtime.alarms import Alarms
from openlines.runtime.clock import Clock
from openlines.runtime.database import Database
from openlines.runtime.leaves import EARLIEST, LATEST, Leave, returned
from openlines.runtime.organisation import Members, Organisation, present_members, with_reach
from openlines.runtime.people_rows import (
    PeopleError,
    agent_of,
    as_present,
    declare,
    described,
    end_sessions,
    plain,
    row_of,
)
from openlines.runtime.tables import people, plugin_state
from openlines.settings.models import Settings

GRACE = 30.0
"""Seconds after a start for which those connected at the stop count as connected: their consoles are on their way."""
SAVE_EVERY = 60.0
"""Seconds between two writes of `seen_at`."""
NOTICE_SEEN_AFTER = 10.0
"""Seconds of activity that make one change of the view; presence is measured in minutes."""
SHORTEST_PRESENCE = 60.0
"""The smallest `presence_timeout`: whoever was silent for longer may have been absent somewhere."""
HASHERS = 2
"""Threads for argon2: a flood of sign-ins takes no more than these."""

Day = Literal["start_day", "end_day", "break", "resume", "leave", "return"]
"""What people do with their working time."""

_CLOCK: Mapping[Day, Mapping[str, bool]] = {
    "start_day": {"clocked": True, "clocked_out": False, "on_break": False},
    "end_day": {"clocked_out": True, "on_break": False},
    "break": {"on_break": True},
    "resume": {"on_break": False},
}
MOST_LEAVES = 200
"""Leaves that an agent's calendar may hold, past ones included."""
_CONNECTED = (plugin_state.c.plugin == "people", plugin_state.c.key == "connected")

__all__ = ["People", "PeopleError", "declared"]


def declared(settings: Settings) -> list[Agent]:
    """The agents that the settings name."""
    return [
        Agent(
            id=name,
            name=agent.name or name,
            email=agent.email,
            role=agent.role,
            departments=tuple(agent.departments),
            photo=agent.photo,
            title=agent.title,
        )
        for name, agent in settings.agents.items()
    ]


class People:
    """All agents. Call `load` first, `run` for as long as the hub lives, `close` at its end."""

    def __init__(self, database: Database, clock: Clock, *, hasher: argon2.PasswordHasher | None = None) -> None:
        self.view: Mapping[str, Agent] = MappingProxyType({})
        self.departments: Members = {}
        """Who is in each department now; replaced when that changes."""
        self.changed: Callable[[list[Agent]], None] = _nobody_listens
        """Told, on the loop, who may have become available or unavailable, may see more or less, or is called
        differently now."""
        self.calendar = Alarms(clock, self._turned)
        """Rings when a leave begins or ends."""
        self._database = database
        self._clock = clock
        self._hasher = hasher or argon2.PasswordHasher()
        self._threads = ThreadPoolExecutor(HASHERS, thread_name_prefix="openlines-argon2")
        self._decoy = ""
        self._hashes: dict[str, str] = {}
        self._emails: dict[str, str] = {}
        self._declared: dict[str, Agent] = {}
        self._organisation = Organisation()
        self._leaves: dict[str, tuple[Leave, ...]] = {}
        self._consoles: Counter[str] = Counter()
        self._expected: frozenset[str] = frozenset()
        self._unsaved: dict[str, float] = {}

    # -- start and stop -------------------------------------------------------------------------------------------

    async def load(self, declared: Iterable[Agent] = (), organisation: Organisation | None = None) -> None:
        """Read everybody; `declared` are those of the settings, written down first. Raises `PeopleError`."""
        named = {agent.id: replace(agent, email=plain(agent.email)) for agent in declared}
        self._decoy = await self._in_thread(self._hasher.hash, "nobody's password")

        def work(connection: Connection) -> tuple[list[RowMapping], list[str], dict[str, tuple[Leave, ...]]]:
            declare(connection, named)
            rows = list(connection.execute(select(people)).mappings())
            stored = connection.execute(select(plugin_state.c.value).where(*_CONNECTED)).scalar()
            return rows, json.loads(stored) if stored else [], leaves.read(connection)

        rows, connected, self._leaves = await self._database.run(work)
        self._declared, self._organisation = named, organisation or Organisation()
        self._hashes = {row["id"]: row["password"] for row in rows}
        agents = {row["id"]: agent_of(row) for row in rows}
        self._emails = {agent.email: agent.id for agent in agents.values() if agent.email}
        self._expected = frozenset(connected) & frozenset(agents)
        agents |= {agent: replace(agents[agent], connected=True) for agent in self._expected}
        agents = {agent.id: self._as_by_calendar(agent) for agent in agents.values()}
        self.view = MappingProxyType(with_reach(agents, self._organisation))
        self.departments = present_members(agents, named)

    async def redeclare(self, declared: Iterable[Agent], organisation: Organisation | None = None) -> None:
        """The settings have changed: whoever they name no longer is dismissed. Raises `PeopleError`."""
        named = {agent.id: replace(agent, email=plain(agent.email)) for agent in declared}

        def work(connection: Connection) -> list[RowMapping]:
            declare(connection, named)
            return list(connection.execute(select(people)).mappings())

        rows = await self._database.run(work)
        self._declared, self._organisation = named, organisation or Organisation()
        self._hashes = {row["id"]: row["password"] for row in rows}
        agents = [self._as_by_calendar(as_present(agent_of(row), self.view.get(row["id"]))) for row in rows]
        self._emails = {}
        self._put(agents, regroup=True)
        self._emails = {agent.email: agent.id for agent in self.view.values() if agent.email}

    @property
    def roles(self) -> Collection[str]:
        """The roles that somebody may have."""
        return self._organisation.roles.keys()

    def in_role(self, agent: Agent) -> Agent:
        """The agent with the rights that their role would give them."""
        return replace(agent, rights=self._organisation.roles.get(agent.role, {}))

    def departments_of(self, agent: str) -> frozenset[str]:
        """The departments that they are in or head."""
        headed = {name for name, head in self._organisation.heads.items() if head == agent}
        return frozenset(headed.union(self.view[agent].departments))

    def find_leave(self, leave: str) -> Leave | None:
        """An entry of somebody's calendar."""
        return next((each for found in self._leaves.values() for each in found if each.id == leave), None)

    async def run(self) -> None:
        """End the grace after a start, then save once a minute who was seen. Runs until cancelled."""
        await self._clock.sleep(GRACE)
        self.end_grace()
        while True:
            await self._clock.sleep(SAVE_EVERY)
            await self.save()

    def end_grace(self) -> None:
        """Whoever was connected at the stop and has not come back is not connected."""
        missing = self._expected - self._consoles.keys()
        self._expected = frozenset()
        self._put([replace(self.view[agent], connected=False) for agent in sorted(missing)])

    async def save(self) -> None:
        """Write when agents were last seen, and who is connected now."""
        now = self._clock.now()
        here = [agent for agent in self._consoles if not self.view[agent].signed_off]
        seen = self._unsaved | dict.fromkeys(here, now)
        connected = sorted(self._consoles.keys() | self._expected)
        self._unsaved = {}

        def work(connection: Connection) -> None:
            if seen:
                known = update(people).where(people.c.id == bindparam("agent"))
                rows = [{"agent": agent, "at": at} for agent, at in seen.items()]
                connection.execute(known.values(seen_at=bindparam("at")), rows)
            connection.execute(delete(plugin_state).where(*_CONNECTED))
            connection.execute(
                insert(plugin_state), {"plugin": "people", "key": "connected", "value": json.dumps(connected)}
            )

        try:
            await self._database.run(work)
        except BaseException:
            self._unsaved = seen | self._unsaved
            raise

    async def close(self) -> None:
        """Save and let go of the threads."""
        await self.save()
        self._threads.shutdown(wait=False)

    # -- presence -------------------------------------------------------------------------------------------------

    def connect(self, agent: str) -> None:
        """One more console of theirs is connected."""
        if agent in self.view:
            self._consoles[agent] += 1
            self._saw(agent, connected=True)

    def disconnect(self, agent: str) -> None:
        """One console less. The last one leaves `presence_timeout` behind it: a lost connection is no sign-off."""
        if agent not in self._consoles:
            return
        self._consoles[agent] -= 1
        if self._consoles[agent] <= 0:
            del self._consoles[agent]
            self._saw(agent, connected=agent in self._expected)

    def seen(self, agent: str) -> None:
        """They did something."""
        before = self.view.get(agent)
        if before is not None and self._clock.now() >= before.seen_at + NOTICE_SEEN_AFTER:
            self._saw(agent, connected=before.connected)

    async def sign_off(self, agent: str) -> None:
        """`offline`: presence ends at once, whatever is connected, until `sign_on`."""
        await self._switch(agent, signed_off=True, seen_at=0.0)

    async def sign_on(self, agent: str) -> None:
        """`online` again."""
        await self._switch(agent, signed_off=False, seen_at=self._clock.now())

    async def leave(self, agent: str) -> None:
        """They signed out. Presence ends unless another console of theirs is connected."""
        before = self.view.get(agent)
        if before is None or self._consoles[agent]:
            return
        await self._switch(agent, signed_off=before.signed_off, seen_at=0.0)

    def _saw(self, agent: str, *, connected: bool) -> None:
        before = self.view.get(agent)
        if before is None:
            return
        now = self._clock.now()
        seen_at = 0.0 if before.signed_off else now
        self._unsaved[agent] = seen_at
        after = replace(before, connected=connected, seen_at=seen_at)
        was_absent = not before.connected and now >= before.seen_at + SHORTEST_PRESENCE
        self._put([after], tell=before.connected != connected or was_absent)

    async def _switch(self, agent: str, *, signed_off: bool, seen_at: float) -> None:
        self._expected -= {agent}
        self._unsaved.pop(agent, None)
        change = update(people).where(people.c.id == agent).values(signed_off=signed_off, seen_at=seen_at)
        await self._database.run(lambda connection: connection.execute(change))
        before = self.view[agent]
        connected = self._consoles[agent] > 0
        self._put([replace(before, signed_off=signed_off, seen_at=seen_at, connected=connected)])

    # -- working time ---------------------------------------------------------------------------------------------

    async def spend(self, agent: str, day: Day) -> None:
        """Their working day begins, ends or pauses; they go on leave, or are back. Raises `PeopleError`."""
        before = self._known(agent)
        if day == "leave":
            if not before.on_leave:
                await self.take_leave(agent, self._today)
        elif day == "return":
            gone, shorter = returned(self.leaves(agent), self._clock.now(), self._zone)
            await self._database.run(lambda connection: leaves.write(connection, gone=gone, shorter=shorter))
            cut = {leave.id: leave for leave in shorter}
            kept = (cut.get(leave.id, leave) for leave in self.leaves(agent) if leave not in gone)
            self._note_leaves(agent, tuple(kept))
        else:
            change = update(people).where(people.c.id == agent).values(**_CLOCK[day])
            await self._database.run(lambda connection: connection.execute(change))
            self._put([replace(self.view[agent], **_CLOCK[day])])

    def leaves(self, agent: str) -> tuple[Leave, ...]:
        """Their calendar, in order of time."""
        return self._leaves.get(agent, ())

    async def take_leave(self, agent: str, first: date, last: date | None = None) -> Leave:
        """Days off; without a `last` one until they return. Raises `PeopleError`."""
        self._known(agent)
        if last is not None and last < first:
            raise PeopleError(f"the last day, {last}, is before the first, {first}", "last")
        if not EARLIEST <= first <= LATEST or not EARLIEST <= (last or first) <= LATEST:
            raise PeopleError(f"days of leave lie between {EARLIEST} and {LATEST}", "first")
        if len(self.leaves(agent)) >= MOST_LEAVES:
            raise PeopleError(f"{agent!r} has {MOST_LEAVES} leaves: remove old ones", "first")
        leave = Leave(secrets.token_hex(8), agent, first, last)
        await self._database.run(lambda connection: leaves.write(connection, new=[leave]))
        later = (*self.leaves(agent), leave)
        self._note_leaves(agent, tuple(sorted(later, key=lambda each: (each.first, each.id))))
        return leave

    async def cancel_leave(self, agent: str, leave: str) -> bool:
        """Take an entry out of their calendar; whether there was one."""
        gone = [each for each in self.leaves(agent) if each.id == leave]
        await self._database.run(lambda connection: leaves.write(connection, gone=gone))
        self._note_leaves(agent, tuple(each for each in self.leaves(agent) if each not in gone))
        return bool(gone)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._organisation.timezone)

    @property
    def _today(self) -> date:
        return leaves.today(self._clock.now(), self._zone)

    def _note_leaves(self, agent: str, found: tuple[Leave, ...]) -> None:
        self._leaves[agent] = found
        self._turned([agent])

    def _turned(self, agents: list[str]) -> None:
        """A leave of theirs begins or ends."""
        now = [self._as_by_calendar(self.view[agent]) for agent in agents]
        self._put([agent for agent in now if agent != self.view[agent.id]])

    def _as_by_calendar(self, agent: Agent) -> Agent:
        """On leave or not as of now, and looked at again when that changes."""
        found, now = self.leaves(agent.id), self._clock.now()
        self.calendar.set(agent.id, leaves.next_turn(found, now, self._zone))
        return replace(agent, on_leave=leaves.on_leave(found, now, self._zone))

    # -- passwords ------------------------------------------------------------------------------------------------

    async def authenticate(self, email: str, password: str) -> Agent | None:
        """Whose e-mail and password these are. As much work for an unknown e-mail as for a known one."""
        agent = self.view.get(self._emails.get(plain(email), ""))
        kept = self._hashes[agent.id] if agent else ""
        good = await self._in_thread(self._matches, kept or self._decoy, password)
        if not good or not kept or agent is None or agent.dismissed:
            return None
        if self._hasher.check_needs_rehash(kept):
            await self._keep_password(agent.id, password)
        return agent

    async def set_password(self, agent: str, password: str) -> None:
        """From now on they sign in with this one, anew everywhere. Raises `PeopleError` for an unknown agent."""
        self._known(agent)
        await self._keep_password(agent, password)
        await self._database.run(lambda connection: end_sessions(connection, [agent]))

    async def _keep_password(self, agent: str, password: str) -> None:
        hashed = await self._in_thread(self._hasher.hash, password)
        change = update(people).where(people.c.id == agent).values(password=hashed)
        await self._database.run(lambda connection: connection.execute(change))
        self._hashes[agent] = hashed

    def has_password(self, agent: str) -> bool:
        """Whether they can sign in at all."""
        return bool(self._hashes.get(agent))

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[..., Any], *args: str) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

    # -- changes --------------------------------------------------------------------------------------------------

    def from_settings(self, agent: str) -> bool:
        """Named in the settings, so read-only here."""
        return agent in self._declared

    async def add(self, agent: Agent) -> None:
        """A new agent, without a password yet. Raises `PeopleError` when the id or the e-mail is taken."""
        agent = replace(agent, email=plain(agent.email))
        if agent.id in self.view:
            raise PeopleError(f"the id {agent.id!r} is taken: choose another")
        self._free(agent)
        new = insert(people).values(**row_of(agent, from_settings=False))
        await self._database.run(lambda connection: connection.execute(new))
        self._hashes[agent.id] = ""
        self._put([agent])

    async def change(self, agent: Agent) -> None:
        """Give an agent this name, e-mail, role, departments, photo, title and `dismissed`. Raises `PeopleError`."""
        agent = replace(agent, email=plain(agent.email))
        before = self._known(agent.id)
        if agent.id in self._declared:
            raise PeopleError(f"{agent.id!r} is named in the settings: change [agents.{agent.id}] there")
        self._free(agent)
        change = update(people).where(people.c.id == agent.id).values(**described(agent))

        def work(connection: Connection) -> None:
            connection.execute(change)
            if agent.dismissed:
                end_sessions(connection, [agent.id])

        await self._database.run(work)
        self._emails.pop(before.email, None)
        self._put([as_present(agent, self.view[agent.id])])

    def _known(self, agent: str) -> Agent:
        if agent not in self.view:
            raise PeopleError(f"there is no agent {agent!r}")
        return self.view[agent]

    def _free(self, agent: Agent) -> None:
        holder = self._emails.get(agent.email, agent.id)
        if holder != agent.id:
            raise PeopleError(f"the e-mail {agent.email!r} belongs to {holder!r} already", "email")

    def _put(self, agents: list[Agent], *, tell: bool = True, regroup: bool = False) -> None:
        """Show these as they are now. Where their places changed, others may reach more or less than before."""
        before, view = self.view, {**self.view, **{agent.id: agent for agent in agents}}
        if regroup or any(_place(agent) != _place(before.get(agent.id)) for agent in agents):
            view = with_reach(view, self._organisation)
            agents = [agent for agent in view.values() if agent != before.get(agent.id)]
            members = present_members(view, self._declared)
            self.departments = members if members != self.departments else self.departments
        if not agents:
            return
        self.view = MappingProxyType(view)
        self._emails |= {agent.email: agent.id for agent in agents if agent.email}
        if tell:
            self.changed(agents)


def _place(agent: Agent | None) -> tuple[object, ...]:
    return (agent.role, agent.departments, agent.dismissed) if agent else ()


def _nobody_listens(_agents: list[Agent]) -> None:
    """Before the hub listens."""
