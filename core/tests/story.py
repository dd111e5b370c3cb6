"""A conversation told as a story: one thread, the real desk, people, a bot and a CRM by script, and virtual time.

    story = Story(line(members="anna boris"))
    story.customer("Hello")
    story.expect(status="waiting", offered=("anna",))
    story.agent("anna").accepts()

After every step all that follows from it has happened: commands are performed at once, what the desk places arrives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace
from openlines.domain.absent import anyone_available
from openlines.domain.commands import (
    AnyCommand,
    AskBot,
    AssignRecord,
    Command,
    CreateRecord,
    EraseFields,
    FindCustomer,
    LogTranscript,
    Send,
)
from openlines.domain.customer import identity
from openlines.domain.desk import Desk
from openlines.domain.entries import AnyEntry, Decision, Held, Message, Notice
from openlines.domain.events import (
    AgentGone,
    AnyEvent,
    BotAnswered,
    BotFailed,
    CrmFailed,
    CrmRecorded,
    CustomerFilled,
    CustomerFound,
    CustomerRated,
    CustomerWrote,
    Delivered,
    FromPlatform,
    Invite,
    Placed,
    Request,
    Resend,
    Transfer,
    Woken,
)
from openlines.domain.facts import Facts
from openlines.domain.messages import Content, Customer, File
from openlines.domain.people import Agent, keeps
from openlines.domain.policy import BotRules, Channel, Close, CrmRules, FormSheet, Line, Policies, Queue
from openlines.domain.rights import permits
from openlines.domain.seats import standing
from openlines.domain.state import Conversation, Status, Thread
from openlines.domain.thread import Decided, decide
from openlines.domain.turn import Answered
from openlines.runtime.tracker import contacts_in

from core.tests.story_staff import Staff

C = TypeVar("C", bound=Command)

START = 1_000_000.0
"""The story's `at = 0`, unless it says otherwise."""


def line(
    id: str = "shop",  # noqa: A002 - as in the settings
    *,
    members: str = "anna boris carla",
    distribution: str = "strictly",
    idle_time: float = 60.0,
    retry_interval: float = 120.0,
    check: bool = False,
    **rules: Any,
) -> Line:
    """A line that says nothing unless told to."""
    queue = Queue(
        members=tuple(members.split()),
        distribution=distribution,  # type: ignore[arg-type]
        idle_time=idle_time,
        retry_interval=retry_interval,
        check_availability=check,
    )
    return Line(id=id, queue=queue, **rules)


def crm_rules(**rules: Any) -> CrmRules:
    return CrmRules(use="main", **rules)


class Script(Struct, frozen=True):
    """How a scripted bot answers one text."""

    say: tuple[str, ...] = ()
    transfer: str = ""
    finish: bool = False
    memory: dict[str, Any] = {}
    fails: bool = False
    hangs: bool = False


class Known(Struct, frozen=True):
    """What a scripted CRM knows of the customer; `record` empty = nothing."""

    record: str = ""
    kind: str = "contact"
    name: str = ""
    responsible: str = ""
    fails: bool = False
    hangs: bool = False


class Story:
    """One thread and those around it. `now` is seconds since the story's start."""

    def __init__(
        self,
        *lines: Line,
        bot: Mapping[str, Script] | None = None,
        crm: Known | None = None,
        roles: Mapping[str, str] | None = None,
        away: str = "",
        group: bool = False,
        channel: Channel | None = None,
        desk: bool = True,
        forms: Mapping[str, FormSheet] | None = None,
        start: float = START,
    ) -> None:
        lines = lines or (line(),)
        self.channel = channel or Channel(id="tg", line=lines[0].id, kind="loopback", title="Loopback")
        self.policies = Policies(
            revision=1, lines={one.id: one for one in lines}, channels={"tg": self.channel}, forms=forms or {}
        )
        self.bot = bot or {"*": Script(say=("Menu",))}
        self.crm = crm or Known()
        self.bot_ready = True
        names = {name for one in lines for name in one.queue.members} | {"anna", "boris", "carla", "dora", "mila"}
        self.people = {
            name: Agent(id=name, name=name.title(), role=(roles or {}).get(name, "agent"), connected=True)
            for name in sorted(names)
        }
        self.people |= {name: replace(self.people[name], connected=False) for name in away.split()}
        self.thread = Thread(id="t", channel="tg", chat="ivan", customer=Customer(id=""), group=group)
        self.start = self.clock = start
        self.forms_filled = 0
        self.empty_known = False
        self.desk = Desk(self.policies, epoch=1)
        self.desk.agents(self.people.values(), self.clock)
        self.with_desk = desk
        self.entries: list[AnyEntry] = []
        self.owed: list[AnyCommand] = []
        self.events: list[AnyEvent] = []
        """Everything that happened, in order."""
        self.answers: dict[str, Answered] = {}
        self.unperformed: list[AnyCommand] = []
        """Commands that hang."""
        self._inbox: deque[AnyEvent] = deque()
        self._known: set[str] = set()
        self._performed: set[int] = set()
        self._keys = 0
        self._heard = 0
        self._noticed = 0

    # -- what happens -------------------------------------------------------------------------------------------

    def customer(self, text: str = "", *, id: str = "", files: tuple[File, ...] = (), who: str = "ivan") -> Story:  # noqa: A002
        customer = Customer(id=who, name=who.title())
        content = Content(text=text, files=files)
        return self.happens(CustomerWrote(chat="ivan", id=id or self.key(), customer=customer, content=content))

    def presses(self, value: str, *, id: str = "") -> str:  # noqa: A002
        """A rating button. Returns the code of the refusal, "" = taken."""
        event = CustomerRated(chat="ivan", id=id or self.key(), value=value)  # type: ignore[arg-type]
        self.happens(event)
        answered = self.answers.get(f"rate:{event.id}")
        return answered.code if answered else ""

    def fills(self, **fields: str) -> Story:
        return self.happens(CustomerFilled(chat="ivan", id=self.key(), customer=Customer(id="ivan"), fields=fields))

    def agent(self, name: str) -> Staff:
        return Staff(self, name)

    def dismisses(self, name: str) -> Story:
        self.people[name] = replace(self.people[name], dismissed=True)
        self.placed(self.desk.agents((self.people[name],), self.clock))
        return self.happens(AgentGone(thread="t", agent=name))

    def people_change(self, name: str, **changes: Any) -> Story:
        self.people[name] = replace(self.people[name], **changes)
        self.placed(self.desk.agents((self.people[name],), self.clock))
        return self._settle()

    def settings(self, *lines: Line) -> Story:
        self.policies = replace(self.policies, lines={**self.policies.lines, **{one.id: one for one in lines}})
        self.placed(self.desk.settings(self.policies, self.clock))
        return self.happens(Woken(thread="t")) if self.thread.open is not None else self._settle()

    def at(self, seconds: float) -> Story:
        """Let time pass until so many seconds after the start, everything due on the way included."""
        target = self.start + seconds
        assert target >= self.clock, f"time does not run back: it is {self.now} already"
        while (due := self._due()) <= target:
            self.clock = max(self.clock, due)
            if 0 < self.thread.due <= self.clock:
                self.happens(Woken(thread="t"))
            if self.with_desk and self.desk.due <= self.clock:
                self.placed(self.desk.tick(self.clock))
                self._settle()
        self.clock = target
        return self

    def passes(self, seconds: float) -> Story:
        return self.at(self.now + seconds)

    def happens(self, event: AnyEvent) -> Story:
        """Let any event happen, and what follows from it."""
        self._inbox.append(event)
        return self._settle()

    # -- what is to be seen -------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return self.clock - self.start

    @property
    def conversation(self) -> Conversation:
        """The open conversation, else the last."""
        conversation = self.thread.open or self.thread.last
        assert conversation is not None, "there has been no conversation yet"
        return conversation

    def expect(self, **fields: Any) -> Story:
        seen = {name: getattr(self.conversation, name) for name in fields}
        assert seen == fields, f"at {self.now:.0f} s: {seen}, not {fields}"
        return self

    def gets(self, *texts: str) -> Story:
        """What was sent to the customer since this was last asked."""
        sent = [command.content.text for command in self.owed if isinstance(command, Send)]
        heard, self._heard = sent[self._heard :], len(sent)
        assert heard == list(texts), f"at {self.now:.0f} s the customer got {heard}, not {list(texts)}"
        return self

    def notices(self) -> list[tuple[str, str]]:
        """(agent, text) of the notices since this was last asked."""
        notices = [(entry.agent, entry.text) for entry in self.entries if isinstance(entry, Notice)]
        new, self._noticed = notices[self._noticed :], len(notices)
        return new

    def decisions(self, what: str) -> list[Decision]:
        return [entry for entry in self.entries if isinstance(entry, Decision) and entry.what == what]

    def held(self) -> list[tuple[str, str]]:
        """(line, text) of what is held."""
        return [(entry.line, entry.content.text) for entry in self.entries if isinstance(entry, Held)]

    def messages(self) -> list[Message]:
        return [entry for entry in self.entries if type(entry) is Message]

    def commands(self, kind: type[C]) -> list[C]:
        return [command for command in self.owed if isinstance(command, kind)]

    def bot_saw(self) -> list[str]:
        return [command.content.text for command in self.commands(AskBot)]

    # -- inside -------------------------------------------------------------------------------------------------

    def key(self) -> str:
        self._keys += 1
        return f"k{self._keys}"

    def _due(self) -> float:
        due = self.thread.due or float("inf")
        return min(due, self.desk.due) if self.with_desk else due

    def _settle(self) -> Story:
        while self._inbox:
            self.step(self._inbox.popleft())
        return self

    def stands(self) -> None:
        """The thread tells the desk where it stands."""
        self.placed(self.desk.stand(standing(self.thread, 0, 1), self.clock))

    def placed(self, answers: Iterable[Placed]) -> None:
        """What the desk says is on its way to the thread."""
        self._inbox.extend(answers)

    def step(self, event: AnyEvent) -> Decided | None:
        """Decide one event as the shell would; what follows waits in the inbox. None: a platform told it again."""
        key = identity(event) if isinstance(event, FromPlatform) else None
        if key in self._known:
            return None
        decided = decide(self.policies, self.thread, self.facts(event), event)
        seat = self.thread.seat
        self.thread = decided.thread
        self.events.append(event)
        self.entries += [told.entry for told in decided.told]
        self._known |= {told.external for told in decided.told if told.external}
        self.answers |= {answered.request: answered for answered in decided.answers}
        for command in self.thread.pending:
            if command.id not in self._performed:
                self._performed.add(command.id)
                self.owed.append(command)
                self._perform(command)
        for clock in decided.clocks:
            self.desk.clocked(clock, self.clock)
        if self.thread.seat != seat and self.with_desk:
            self.stands()
        return decided

    def facts(self, event: AnyEvent) -> Facts:
        facts = Facts(now=self.clock, conversation=self.thread.conversations + 1, bot_ready=self.bot_ready)
        held = self.thread.open or self.thread.last
        queue = self.policies.line(held.line if held else self.channel.line).queue
        if self.thread.open is not None:
            responsible = self.people.get(self.thread.open.responsible)
            check, timeout = queue.check_availability, queue.presence_timeout
            facts = replace(
                facts,
                responsible_available=responsible is not None
                and keeps(responsible, self.clock, check=check, presence_timeout=timeout),
                responsible_gone=responsible is None or responsible.dismissed,
                sole_member=queue.members == (self.thread.open.responsible,),
            )
        facts = replace(facts, anyone_available=self._anyone(event))
        if self.thread.open is not None and (responsible := self.people.get(self.thread.open.responsible)):
            facts = replace(facts, responsible_name=responsible.name)
        match event:
            case Placed() if not event.offered and not self.empty_known:
                admins = tuple(name for name, agent in self.people.items() if agent.role == "admin")
                facts = replace(facts, admins=admins)
            case CustomerWrote():
                phone, email = contacts_in(event.content.text, "en")
                facts = replace(facts, phone=phone, email=email)
            case CustomerFilled():
                facts = replace(facts, form_turn=self.forms_filled)
                self.forms_filled += 1
            case BotAnswered() | Transfer():
                facts = replace(
                    facts, agent=self.people.get(event.to if isinstance(event, Transfer) else event.transfer)
                )
            case Invite():
                facts = replace(facts, agent=self.people.get(event.agent))
            case Resend():
                failed = [message for message in self.messages() if message.id == event.message]
                facts = replace(facts, failed=failed[0] if failed else None)
            case _:
                pass
        if isinstance(event, Request):
            actor = self.people[event.by]
            permitted = permits(actor, type(event), held, queue.members)
            facts = replace(facts, actor=actor, permitted=permitted)
        return facts

    def _anyone(self, event: AnyEvent) -> bool:
        line = self.policies.line(self.thread.open.line if self.thread.open else self.channel.line)
        chosen = ""
        match event:
            case BotAnswered(transfer=to):
                line, chosen = self.policies.lines.get(to.removeprefix("line:"), line), to
            case CustomerFound(responsible=chosen):
                pass
            case _:
                pass
        return anyone_available(line, self.people, self.clock, conversation=self.thread.open, chosen=chosen)

    def perform(self, command: AnyCommand) -> Story:
        """Let a command that hung be done after all."""
        self._perform(command)
        return self._settle()

    def _perform(self, command: AnyCommand) -> None:
        common: dict[str, Any] = {"thread": "t", "command": command.id}
        outcome: AnyEvent | None
        match command:
            case Send():
                outcome = Delivered(**common, external=f"x{command.message}")
            case AskBot():
                script = self.bot.get(command.content.text) or self.bot.get("*") or Script()
                said = tuple(Content(text=text) for text in script.say)
                outcome = BotAnswered(
                    **common, say=said, transfer=script.transfer, finish=script.finish, memory=script.memory
                )
                if script.fails or script.hangs:
                    outcome = None if script.hangs else BotFailed(**common, reason="it raised")
            case _ if self.crm.hangs:
                outcome = None
            case _ if self.crm.fails:
                outcome = CrmFailed(**common, reason="it is down")
            case FindCustomer():
                known = self.crm
                outcome = CustomerFound(
                    **common,
                    record=known.record,
                    record_kind=known.kind,
                    name=known.name,
                    responsible=known.responsible,
                )
            case CreateRecord():
                outcome = CrmRecorded(**common, record="r1", record_kind=command.kind)
            case AssignRecord() | LogTranscript() | EraseFields():
                outcome = CrmRecorded(**common)
        if outcome is None:
            self.unperformed.append(command)
        else:
            self._inbox.append(outcome)


def reached(status: Status | str, *others: Line, roles: Mapping[str, str] | None = None, **rules: Any) -> Story:
    """A story that has come to a status by anna's doing; its first line has a bot and says goodbye."""
    rules = {"close": Close(text="Bye"), "bot": BotRules(use="menu", activate="first"), **rules}
    story = Story(line(**rules), *others, roles=roles).customer("Hello" if status == Status.WITH_BOT else "0")
    anna = story.agent("anna")
    if status in (Status.ACCEPTED, Status.AWAITING_AGENT, Status.AWAITING_CUSTOMER):
        anna.accepts()
    if status in (Status.AWAITING_AGENT, Status.AWAITING_CUSTOMER):
        anna.says("Hi")
    if status == Status.AWAITING_AGENT:
        story.customer("And?")
    if status in (Status.CLOSING, Status.CLOSED):
        anna.finishes()
    if status == Status.CLOSED:
        anna.finishes()
    return story.expect(status=status)
