"""The working draft of one decision: rules read and change it, `thread.decide` makes the result of it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from openlines.domain.commands import AnyCommand, Send
from openlines.domain.entries import AnyEntry, Author, Decision, Message, Notice, What
from openlines.domain.facts import Facts
from openlines.domain.messages import Content, FormField, Kind, Sender
from openlines.domain.policy import Channel, Line, Policies
from openlines.domain.seats import Clock
from openlines.domain.state import Conversation, Thread


class Told(Struct, frozen=True):
    """An entry to keep. `external` is the identity of the fact it records, unique in its thread."""

    entry: AnyEntry
    external: str | None = None


class Answered(Struct, frozen=True):
    """What a request is told: done, or refused with a stable code."""

    request: str
    conversation: int = 0
    message: int | None = None
    code: str = ""
    """"" = done."""
    field: str = ""
    detail: str = ""


class Turn:
    """One decision in the making. Only its methods change anything, and only itself."""

    def __init__(self, policies: Policies, thread: Thread, facts: Facts) -> None:
        self.policies = policies
        self.facts = facts
        self.now = max(facts.now, thread.now)
        self.thread = replace(thread, now=self.now)
        self.told: list[Told] = []
        self.answers: list[Answered] = []
        self.clocks: list[Clock] = []

    # -- reading ------------------------------------------------------------------------------------------------

    @property
    def open(self) -> Conversation:
        """The open conversation; the table makes sure that there is one where a rule asks for it."""
        assert self.thread.open is not None, "a rule ran that needs an open conversation"  # noqa: S101 - a fault of ours
        return self.thread.open

    @property
    def line(self) -> Line:
        """The rules that hold now: the open conversation's line, else the channel's own."""
        return self.policies.line(self.thread.open.line if self.thread.open else self.channel.line)

    @property
    def channel(self) -> Channel:
        known = self.policies.channels.get(self.thread.channel)
        return known or Channel(id=self.thread.channel, line="")

    def numbered(self, number: int) -> Conversation | None:
        """The conversation of that number while it is open, or the last that was closed."""
        for conversation in (self.thread.open, self.thread.last):
            if conversation and conversation.number == number:
                return conversation
        return None

    # -- changing -----------------------------------------------------------------------------------------------

    def change(self, **fields: Any) -> None:
        """Change the open conversation."""
        self.thread = replace(self.thread, open=replace(self.open, **fields))

    def change_numbered(self, number: int, **fields: Any) -> None:
        """Change a conversation that may have been closed meanwhile; one that is long gone stays as it is."""
        if self.thread.open and self.thread.open.number == number:
            self.change(**fields)
        elif self.thread.last and self.thread.last.number == number:
            self.thread = replace(self.thread, last=replace(self.thread.last, **fields))

    def keep(self, **fields: Any) -> None:
        """Change the thread itself."""
        self.thread = replace(self.thread, **fields)

    def next_id(self) -> int:
        self.keep(counter=self.thread.counter + 1)
        return self.thread.counter

    def owe(self, command: AnyCommand) -> None:
        """Add a command to what the thread owes."""
        self.keep(pending=(*self.thread.pending, command))

    def settle(self, command: int) -> AnyCommand | None:
        """Take a command off the list; None if it is not owed any more: a repeated outcome."""
        for owed in self.thread.pending:
            if owed.id == command:
                self.keep(pending=tuple(c for c in self.thread.pending if c.id != command))
                return owed
        return None

    # -- telling ------------------------------------------------------------------------------------------------

    def tell(self, entry: AnyEntry, external: str | None = None) -> None:
        self.told.append(Told(entry, external))

    def decided(self, what: What, by: str = "", *, external: str | None = None, **more: Any) -> None:
        """Tell that something was decided about the open conversation."""
        self.tell(Decision(conversation=self.open.number, what=what, by=by, **more), external)

    def notice(self, agent: str, text: str, *, number: int = 0) -> None:
        """Tell one agent something about the open conversation, or about that of the number."""
        self.tell(Notice(conversation=number or self.open.number, agent=agent, text=text))

    def say(
        self, content: Content, sender: Sender, *, number: int = 0, kind: Kind = "message", automatic: str = ""
    ) -> int:
        """Write to the customer: tell it and owe it. Returns the message's id."""
        number = number or self.open.number
        message = self.next_id()
        author = Author(kind=sender.kind, id=sender.id, name=sender.name, photo=sender.photo, title=sender.title)
        self.tell(
            Message(conversation=number, id=message, author=author, content=content, kind=kind, automatic=automatic)
        )
        self.owe(
            Send(
                id=self.next_id(),
                conversation=number,
                at=self.now,
                message=message,
                content=content,
                sender=sender,
                kind=kind,
            )
        )
        return message

    def say_automatic(
        self, automatic: str, text: str, *, number: int = 0, kind: Kind = "message", fields: tuple[FormField, ...] = ()
    ) -> bool:
        """Write one of the line's texts. An empty one sends nothing; groups and lines switched off hear none."""
        content = Content(text=text, fields=fields)
        conversation = self.numbered(number) if number else self.open
        if not content or self.thread.group or conversation is None or not self.policies.line(conversation.line).active:
            return False
        self.say(content, Sender(kind="auto"), number=number, kind=kind, automatic=automatic)
        return True

    # -- answering ----------------------------------------------------------------------------------------------

    def done(self, request: str, message: int | None = None) -> None:
        conversation = self.thread.open or self.thread.last
        self.answers.append(Answered(request, conversation.number if conversation else 0, message))

    def refuse(self, request: str, code: str, *, field: str = "", detail: str = "") -> None:
        conversation = self.thread.open or self.thread.last
        number = conversation.number if conversation else 0
        self.answers.append(Answered(request, number, None, code, field, detail))
