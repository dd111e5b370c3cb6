"""What a decision may know beyond the thread itself; the shell fills it in just before."""

from __future__ import annotations

from msgspec import Struct

from openlines.domain.entries import Message
from openlines.domain.people import Agent


class Facts(Struct, frozen=True):
    """Plain values, true a moment ago: a lag of 100 ms does no harm."""

    now: float
    conversation: int = 0
    """The number that a new conversation would get."""
    actor: Agent | None = None
    """Who asks, for a request of staff."""
    agent: Agent | None = None
    """The agent that a request (transfer, invite) or a bot's answer names, if there is such a one."""
    failed: Message | None = None
    """The message that `Resend` names, if its delivery failed."""
    received: int = 0
    """Our message that a receipt names."""
    bot_ready: bool = True
    """The line's bot can be asked: its circuit is closed."""
    permitted: bool = True
    """The actor's role allows the request on this conversation."""
    responsible_available: bool = True
    """The responsible can answer: `people.keeps`."""
    responsible_gone: bool = False
    """The responsible is dismissed or unknown."""
    responsible_name: str = ""
    anyone_available: bool = True
    """A member of the queue, the responsible or the CRM's responsible is there; full is not absent (2.2.3)."""
    phone: str = ""
    """In the customer's message, as E.164."""
    email: str = ""
    admins: tuple[str, ...] = ()
    """Whom to tell that the line's queue is empty; nobody, if they know."""
    form_turn: int = 0
    """How many forms were filled in before this one: several responsibles take turns."""
    sole_member: bool = False
    """The responsible is the only member of the queue."""
