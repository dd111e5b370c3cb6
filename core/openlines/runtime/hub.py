"""The hub: all parts put together, started in the order in which they need each other, stopped in reverse."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog
from aiohttp import ClientSession
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, Engine, Select, delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from openlines.api import App, NotReady, Outgoing, Record, Sender
from openlines.domain.desk import Desk
from openlines.domain.events import AgentGone, AnyEvent, Asked, CustomerTyping, Woken
from openlines.domain.messages import Content
from openlines.domain.people import Agent
from openlines.domain.policy import Policies
from openlines.domain.seats import Clock as IdleClock
from openlines.domain.seats import standing
from openlines.domain.state import Thread
from openlines.runtime import tables
from openlines.runtime.alarms import Alarms
from openlines.runtime.asking import Asking
from openlines.runtime.boundary import fault_of, within
from openlines.runtime.bus import Decided, MemoryBus
from openlines.runtime.clock import Clock
from openlines.runtime.crm_calls import CrmCalls
from openlines.runtime.drafts import Committed, Outcome, decode_thread
from openlines.runtime.feed import Feed, PresenceChanged, Typing
from openlines.runtime.figures import Figures
from openlines.runtime.files import FileStore, Folder, secret_in
from openlines.runtime.housekeeping import SWEEP, Housekeeping, Job, keep_going
from openlines.runtime.link import HubLink
from openlines.runtime.organisation import organisation
from openlines.runtime.ownership import Owned
from openlines.runtime.people import People, declared
from openlines.runtime.performer import Performer
from openlines.runtime.plugins import Loaded
from openlines.runtime.reader import Reader
from openlines.runtime.recorder import Recorder
from openlines.runtime.records import partition_of, thread_id
from openlines.runtime.retries import Retries
from openlines.runtime.sending import Sending
from openlines.runtime.supervisor import Family, Supervisor
from openlines.runtime.workings import IN_THREADS, Workings
from openlines.settings.models import Settings
from openlines.settings.policies import policies as make_policies

SHOW_LIMIT = 3.0
"""Seconds that a screen waits for the CRM."""
TYPING_LIMIT = 5.0
"""Seconds that showing the customer "is typing" may take."""
log = structlog.get_logger("openlines.hub")


class Hub:
    """A running hub. Make it with `running`."""

    def __init__(
        self,
        settings: Settings,
        loaded: Loaded,
        engine: Engine,
        owned: Owned,
        http: ClientSession,
        clock: Clock,
        workings: Workings = IN_THREADS,
    ) -> None:
        self.settings, self.loaded, self.clock = settings, loaded, clock
        self.metrics = CollectorRegistry()
        self.database = workings.database(engine)
        self.people = People(self.database, clock, hasher=workings.hasher)
        self.reader = Reader(self.database)
        self.feed = Feed()
        data = Path(settings.server.data)
        self.files = FileStore(
            Folder(data / "files"),
            self.database,
            clock,
            secret=secret_in(data),
            public_url=settings.server.address,
            max_file=settings.server.max_file,
        )
        self.supervisor = Supervisor(clock, self.metrics)
        self.apps: Sequence[App] = [app() for app in loaded.apps.values()]
        self._owned, self._http = owned, http
        self._add_plugins()
        self.policies = self._policies(revision=1)
        view = _View(self)
        self._recorder = Recorder(Path(settings.server.record), clock.now()) if settings.server.record else None
        self._router = workings.router(engine, view, clock, self._committed, lost=self._lost, recorder=self._recorder)
        self._bus = MemoryBus(self._router)
        retries = Retries(clock, self.metrics)
        self._performer = Performer(
            Sending(self.supervisor, self.files, retries, self.metrics),
            Asking(self.supervisor, lambda: self.policies, retries),
            CrmCalls(self.supervisor, self.database, lambda: self.people.view, retries),
            retries,
            self._bus.publish_own,
        )
        self._figures = Figures(self.metrics, lambda: self._router.queued, lambda: self._performer.owed)
        self._desk = Desk(self.policies, epoch=min(owned.epochs.values()))
        self._alarms = Alarms(clock, self._wake)
        self._desk_alarm = Alarms(clock, self._tick_desk)
        self._open: dict[str, Thread] = {}
        """Threads with an open conversation."""
        self._numbers: dict[int, str] = {}
        """The thread of each open conversation."""
        self._background: set[asyncio.Task[Any]] = set()
        self._housekeeping = (
            Housekeeping(clock, self.database, self.reader.search, self._alarms, self._router)
            if workings.housekeeping
            else None
        )
        self.lost = asyncio.Event()
        """Set when another node has taken over: this one must stop."""

    # -- the two words ------------------------------------------------------------------------------------------

    async def publish(self, *events: AnyEvent) -> list[Outcome]:
        """Make events durable and decided. Raises `NotReady`."""
        return await self._bus.publish(*events)

    async def ask(self, request: Asked) -> Decided:
        """Put a request of staff to its thread. Raises `NotReady`."""
        return await self._bus.ask(replace_at(request, self.clock.now()))

    async def adopt(self, settings: Settings) -> None:
        """New settings: lines, queues and people hold at once; channels, bots and CRMs that come or go at a restart.

        Raises `PeopleError` where two people would share an address.
        """
        await self.people.redeclare(declared(settings), organisation(settings))
        self.settings = settings
        for gone, line in self._renew():
            await self._say_gone(gone, line)

    def _renew(self) -> list[tuple[list[str], str]]:
        """Go by settings and departments as they are now. Returns who left the queues of which lines."""
        before = self.policies.lines
        self.policies = self._policies(self.policies.revision + 1)
        self._placed(self._desk.settings(self.policies, self.clock.now()))
        switched = [name for name in before if name and before[name].active is not self.policies.line(name).active]
        if switched:
            self._spawn(self._say_switched(switched))
        left, moved = [], set[str]()
        for name in before.keys() | self.policies.lines.keys():
            earlier = before[name].queue.members if name in before else ()
            members = self.policies.line(name).queue.members
            moved |= set(earlier) ^ set(members)
            if name in self.policies.lines and (gone := [agent for agent in earlier if agent not in members]):
                left.append((gone, name))
        if moved:
            self.feed.signal(PresenceChanged(tuple(sorted(moved))))  # they see more or less than before
        return left

    # -- what else a screen asks for ----------------------------------------------------------------------------

    def typing(self, conversation: int, agent: str) -> None:
        """An agent is typing: colleagues see it, and the customer where the platform can show it."""
        thread = self._open.get(self._numbers.get(conversation, ""))
        person = self.people.view.get(agent)
        if thread is None or person is None:
            return
        self.feed.signal(Typing(conversation, thread.id, "agent", agent, person.name))
        connector, _link = self.supervisor.connectors.get(thread.channel, (None, None))
        if connector is not None and connector.abilities.typing:
            self._spawn(self._show_typing(thread, person))

    async def records(self, thread: Thread, line: str) -> list[tuple[str, Record]]:
        """What the line's CRM keeps of this customer. Raises `NotReady` while the CRM does not answer."""
        crm = self.policies.line(line).crm.use
        if not crm or not thread.record:
            return []
        try:
            async with within(self.clock, SHOW_LIMIT):
                session = await self.supervisor.crm(crm)
                record = await session.show(thread.record, thread.record_kind)
        except Exception as error:
            raise NotReady(f"CRM {crm} does not answer now: {error or type(error).__name__}") from error
        return [(crm, record)] if record else []

    async def replay(self, parked: int) -> bool:
        """Decide a parked event again; False when it failed again, or there is none."""
        row = tables.parked.c

        def take(connection: Connection) -> tuple[bytes, int] | None:
            event = connection.execute(select(row.event).where(row.id == parked)).scalar()
            newest = connection.execute(select(func.max(row.id))).scalar() or 0
            return (event, newest) if event is not None else None

        taken = await self.database.read(take)
        if taken is None:
            return False
        event, newest = taken
        await self.publish(msgspec.json.decode(event, type=AnyEvent))

        def settle(connection: Connection) -> bool:
            connection.execute(delete(tables.parked).where(row.id == parked))
            return connection.execute(select(row.id).where(row.id > newest, row.event == event)).first() is None

        return await self.database.run(settle)

    @property
    def failing(self) -> str:
        """Why the store takes nothing now; "" = it does."""
        return self._router.failing

    async def settled(self) -> None:
        """Wait until nothing is under way: all that remains waits for time, or for the outside."""
        quiet = 0
        while quiet < 3:
            await asyncio.sleep(0)
            busy = (
                self._router.unfinished
                or self._performer.busy
                or self._background
                or (self._housekeeping is not None and self._housekeeping.sweeping)
                or self.supervisor.starting
            )
            quiet = 0 if busy else quiet + 1
            if busy:
                self._router.hurry()
                await asyncio.sleep(0.0005)

    # -- start and stop -----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what was left: people, desk, deadlines, and what is owed."""
        await self.people.load(declared(self.settings), organisation(self.settings))
        self.people.changed = self._people_changed
        self.policies = self._policies(self.policies.revision)
        self._desk.settings(self.policies, self.clock.now())
        self.feed.start(self._owned.counts, self.reader.after)
        seated, owing, clocks = await self.database.read(_left)
        now = self.clock.now()
        self._placed(self._desk.agents(self.people.view.values(), now))
        for clock in clocks:
            self._desk.clocked(clock, now)
        self._router.start(self._owned.epochs, self._owned.counts)
        standings = [
            standing(thread, partition := partition_of(thread.id), self._owned.epochs[partition]) for thread in seated
        ]
        self._placed(self._desk.load(standings, now))
        self._note_open(seated)
        for thread in owing:  # before anything can happen to them
            self._performer.advance(thread)
        self.supervisor.start()
        self._wake(
            [
                thread.id
                for thread in seated  # of lines that were switched while the hub was down
                if thread.open and thread.open.suspended is self.policies.line(thread.open.line).active
            ]
        )
        if dismissed := [agent.id for agent in self.people.view.values() if agent.dismissed]:
            await self._say_gone(dismissed)  # who left the settings while the hub was down
        log.info("hub_started", waiting=len(seated), owing=len(owing))

    async def stop(self) -> None:
        """Take nothing more, finish what is in hand, close the plugins."""
        await self._performer.stop()
        await self._router.stop()
        if self._recorder is not None:
            self._recorder.close()
        await self.supervisor.stop()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        try:
            await self.people.close()
        except SQLAlchemyError as error:  # the store is away: who was seen last is the least of what it misses
            log.warning("people_not_saved", why=str(error))
        self.database.close()

    def jobs(self) -> list[Job]:
        """What runs as long as the hub does."""
        jobs: list[Job] = [self._alarms.run, self._desk_alarm.run, self.people.calendar.run]
        if self._housekeeping is not None:
            jobs += [*self._housekeeping.jobs(), self.people.run]
        return [partial(keep_going, self.clock, job) for job in jobs]

    # -- what a commit means ------------------------------------------------------------------------------------

    def _committed(self, done: Committed) -> None:
        self._figures.committed(done)
        for thread, answer in done.answers:
            self._bus.answered(thread, answer)
        self.feed.committed(done)
        now = self.clock.now()
        for clock in done.clocks:
            self._desk.clocked(clock, now)
        self._note_open(done.threads.values())
        for changed in done.threads.values():
            if changed.seat != done.seats_before[changed.id]:
                partition = partition_of(changed.id)
                where = standing(changed, partition, self._owned.epochs[partition])
                self._placed(self._desk.stand(where, now))
            self._performer.advance(changed)

    def _note_open(self, threads: Iterable[Thread]) -> None:
        """Keep in mind which conversations are open, and when each is due within the next sweep."""
        soon = self.clock.now() + 2 * SWEEP if self._housekeeping is not None else math.inf
        for thread in threads:
            if thread.open is not None:
                self._open[thread.id] = thread
                self._numbers[thread.open.number] = thread.id
            if thread.last is not None:
                self._numbers.pop(thread.last.number, None)
                if thread.open is None:
                    self._open.pop(thread.id, None)
            due = thread.due
            self._alarms.set(thread.id, due if due < soon else 0.0)

    def _wake(self, threads: list[str]) -> None:
        now = self.clock.now()
        self._bus.publish_own(*(Woken(thread=thread, at=now) for thread in threads))

    # -- the desk -----------------------------------------------------------------------------------------------

    def _placed(self, placed: Iterable[AnyEvent]) -> None:
        now = self.clock.now()
        answers = [replace_at(each, now) for each in placed]
        if answers:
            self._bus.publish_own(*answers)
        self._desk_alarm.set("desk", self._desk.due if self._desk.due < math.inf else 0.0)

    def _tick_desk(self, _names: list[str]) -> None:
        self._placed(self._desk.tick(self.clock.now()))

    def _people_changed(self, changed: list[Agent]) -> None:
        self._placed(self._desk.agents(changed, self.clock.now()))
        if self.people.departments is not self._departments:
            for left, line in self._renew():
                self._spawn(self._say_gone(left, line))
        self.feed.signal(PresenceChanged(tuple(agent.id for agent in changed)))
        gone = [agent.id for agent in changed if agent.dismissed]
        if gone:
            self._spawn(self._say_gone(gone))

    async def _say_switched(self, lines: list[str]) -> None:
        """Wake the open conversations of lines that were switched on or off: they see it by themselves."""
        columns = tables.conversations.c
        query = select(columns.thread).where(columns.line.in_(lines), columns.status != "closed")
        self._wake([thread for (thread,) in await self.database.read(partial(_rows, query))])

    async def _say_gone(self, agents: list[str], line: str = "") -> None:
        """Tell the threads of agents who were dismissed, or have left the line's queue."""
        columns = tables.conversations.c
        query = select(columns.thread, columns.responsible).where(
            columns.responsible.in_(agents), columns.status != "closed", *([columns.line == line] if line else [])
        )
        rows = await self.database.read(partial(_rows, query))
        now = self.clock.now()
        self._bus.publish_own(*(AgentGone(thread=thread, agent=agent, at=now) for thread, agent in rows))

    # -- plugins ------------------------------------------------------------------------------------------------

    def _add_plugins(self) -> None:
        """A plugin that cannot even be made is shown as rejected; the others go on."""
        for bot in self.settings.bots.values():
            with self._isolated("bot", bot.id, bot.kind):
                self.supervisor.add_bot(bot.id, self.loaded.bots[bot.kind](bot.own), bot.timeout)
        for crm in self.settings.crm.values():
            with self._isolated("crm", crm.id, crm.kind):
                self.supervisor.add_crm(crm.id, self.loaded.crms[crm.kind](crm.own), self._link("crm", crm.id))
        for channel in self.settings.channels.values():
            if channel.active:
                line = self.settings.lines.get(channel.line)
                link = self._link(
                    "channel",
                    channel.id,
                    title=channel.title or channel.id,
                    line=channel.line,
                    language=(line.language if line else "") or self.settings.server.language,
                )
                with self._isolated("channel", channel.id, channel.kind):
                    connector = self.loaded.connectors[channel.kind](channel.own)
                    _ = connector.abilities  # the rules are made of them
                    self.supervisor.add_channel(channel.id, connector, link)

    @contextmanager
    def _isolated(self, family: Family, instance: str, kind: str) -> Iterator[None]:
        try:
            yield
        except BaseException as raised:
            fault = fault_of(raised)
            self.supervisor.add_broken(family, instance, kind, f"{type(fault).__name__}: {fault}")

    def _link(self, family: str, instance: str, *, title: str = "", line: str = "", language: str = "en") -> HubLink:
        return HubLink(
            family,
            instance,
            title=title,
            line=line,
            language=language,
            public_url=self.settings.server.address,
            http=self._http,
            store=self.database,
            files=self.files,
            reader=self.reader,
            feed=self.feed,
            clock=self.clock,
            publish=lambda events: self._bus.publish(*events),
            typing=self._customer_typing,
        )

    def _policies(self, revision: int) -> Policies:
        connectors = {name: connector for name, (connector, _link) in self.supervisor.connectors.items()}
        self._departments = self.people.departments
        return make_policies(self.settings, revision, connectors, members=self._departments)

    def _customer_typing(self, event: CustomerTyping) -> None:
        thread = thread_id(event.channel, event.chat)
        open_now = self._open.get(thread)
        if open_now is not None and open_now.open is not None:
            live = self.policies.line(open_now.open.line).live_typing
            customer = open_now.customer
            text = event.text if live else ""
            self.feed.signal(Typing(open_now.open.number, thread, "customer", customer.id, customer.name, text))

    async def _show_typing(self, thread: Thread, agent: Agent) -> None:
        """Passing and unimportant: tried once, for a moment."""
        signal = Outgoing(
            id=f"{thread.id}-typing",
            chat=thread.chat,
            conversation=thread.open.number if thread.open else 0,
            content=Content(),
            sender=Sender(kind="agent", id=agent.id, name=agent.name),
            kind="typing",
            at=self.clock.now(),
        )
        try:
            async with within(self.clock, TYPING_LIMIT):
                channel = await self.supervisor.channel(thread.channel)
                await channel.send(signal)
        except Exception as error:  # a signal that is lost is no loss
            log.debug("typing_not_shown", channel=thread.channel, why=str(error))

    def _lost(self) -> None:
        log.error("ownership_lost", node=self._owned.node)
        self.lost.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


class _View:
    """What the writer's thread sees of the hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    @property
    def policies(self) -> Policies:
        return self._hub.policies

    @property
    def people(self) -> Mapping[str, Agent]:
        return self._hub.people.view

    def bot_ready(self, bot: str) -> bool:
        return self._hub.supervisor.bot_ready(bot)


def _rows(query: Select[Any], connection: Connection) -> list[Any]:
    return list(connection.execute(query))


def _left(connection: Connection) -> tuple[list[Thread], list[Thread], list[IdleClock]]:
    """What the last run left: threads the desk must know, threads that owe something, agents' idle clocks."""
    columns = tables.threads.c
    seated = list(_readable(connection.execute(select(columns.id, columns.state).where(columns.seated))))
    owing = list(_readable(connection.execute(select(columns.id, columns.state).where(columns.owes))))
    clocks = [IdleClock(*row) for row in connection.execute(select(tables.agent_lines))]
    return seated, owing, clocks


def _readable(rows: Iterable[Any]) -> Iterator[Thread]:
    """Threads as they are kept; one that cannot be read is left as it is, and what happens to it is parked."""
    for id_, state in rows:
        try:
            yield decode_thread(state)
        except msgspec.MsgspecError:
            log.exception("thread_unreadable", thread=id_)


def replace_at(event: Any, at: float) -> Any:
    """The event with the moment it reached the hub."""
    return msgspec.structs.replace(event, at=at)
