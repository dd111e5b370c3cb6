"""The life of a conversation, observed: `python -m openlines.domain.diagram > docs/reference/conversation.md`.

The page is made by letting every kind of event happen to a conversation in every status, so it says what the code does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from openlines.domain.closing import PINNED_FOR
from openlines.domain.commands import AnyCommand, AskBot, FindCustomer, LogTranscript, Send
from openlines.domain.entries import Author, Message
from openlines.domain.events import (
    Accept,
    AgentGone,
    AnyEvent,
    BotAnswered,
    BotFailed,
    CrmFailed,
    CrmRecorded,
    CustomerDeleted,
    CustomerEdited,
    CustomerFilled,
    CustomerFound,
    CustomerRated,
    CustomerReceived,
    CustomerTyping,
    CustomerWrote,
    Decline,
    Delivered,
    Event,
    Finish,
    Intercept,
    Invite,
    Leave,
    MarkSpam,
    Note,
    Pin,
    Placed,
    Rate,
    Reason,
    RefuseConsent,
    Reply,
    Request,
    Resend,
    Return,
    SaveToCrm,
    Transfer,
    Undelivered,
    Woken,
)
from openlines.domain.facts import Facts
from openlines.domain.messages import Content, Customer, Sender
from openlines.domain.people import Agent
from openlines.domain.policy import DAY, BotRules, Channel, Close, Line, Policies, Queue, Rating, RatingTexts
from openlines.domain.routing import STALE_AFTER
from openlines.domain.state import DEADLINES, Status, Thread
from openlines.domain.thread import SILENT_FOR, TABLE, Decided, decide

NOW = 1_000_000.0
OWED = 1000
"""The id of the command that an outcome answers."""
OPEN = tuple(status for status in Status if status is not Status.CLOSED)
OUTCOMES = {status.value for status in Status}

RUNS_WHILE: dict[str, tuple[Status, ...]] = {
    "identify_at": OPEN,
    "idle_at": (Status.WAITING,),
    "transfer_at": (Status.WITH_BOT,),
    "no_answer_at": (Status.WAITING, Status.ACCEPTED),
    "auto_close_at": (Status.AWAITING_CUSTOMER,),
    "close_at": (Status.CLOSING,),
    "stale_at": OPEN,
    "alert_at": (Status.WAITING, Status.ACCEPTED, Status.AWAITING_AGENT),
}
"""In which statuses each deadline can be set."""

POLICIES = Policies(
    revision=1,
    lines={
        "shop": Line(
            id="shop",
            queue=Queue(members=("anna", "boris")),
            bot=BotRules(use="menu"),
            close=Close(text="Goodbye"),
            rating=Rating(ongoing=False, text=RatingTexts(request="1 or 0?", like="Thanks", dislike="Sorry")),
        ),
        "support": Line(id="support", queue=Queue(members=("carla",))),
    },
    channels={"tg": Channel(id="tg", line="shop")},
)


class Happening(Struct, frozen=True):
    """One row: something that may happen, made to fit the thread it happens to."""

    words: str
    event: Callable[[Thread], AnyEvent]
    deadline: str = ""
    """Due now, if it is a deadline that happens."""


def representatives() -> dict[str, Thread]:
    """A thread in every status, each reached by events. What closes is in it twice: finished by an agent, by a bot."""
    fresh = Thread(id="t", channel="tg", chat="ivan", customer=Customer(id="ivan"))
    with_bot = _after(fresh, _wrote("Hello"))
    waiting = _after(with_bot, _wrote("0"))
    waiting = _after(waiting, _placed(waiting, "anna"))
    accepted = _after(waiting, Accept(thread="t", by="anna"), Invite(thread="t", by="anna", agent="boris"))
    awaiting_customer = _after(accepted, Reply(thread="t", by="anna", content=Content(text="Hi")))
    awaiting_agent = _after(awaiting_customer, _wrote("And?"))
    closing = _after(awaiting_customer, Finish(thread="t", by="anna"))
    closed = _after(closing, Finish(thread="t", by="anna"))
    by_bot = _after(happen(with_bot, _BOT_FINISHES).thread)
    threads = (with_bot, waiting, accepted, awaiting_agent, awaiting_customer, closing, closed)
    found = {f"`{status.value}`": thread for status, thread in zip(Status, threads, strict=True)}
    return {**found, "`closing`, by the bot": by_bot}


def status_of(thread: Thread) -> Status:
    return thread.open.status if thread.open else Status.CLOSED


def happen(thread: Thread, happening: Happening) -> Decided:
    """Let something happen to one of the representatives."""
    if happening.deadline and thread.open is not None:
        clocks = {name: NOW if name == happening.deadline else 0.0 for name in DEADLINES}
        thread = replace(thread, open=replace(thread.open, **clocks))
    event = happening.event(thread)
    return decide(POLICIES, replace(thread, pending=(_owed(thread, event),)), _facts(event), event)


def becomes(thread: Thread, happening: Happening) -> str:
    """What it comes to, in one cell: a status, a code, "stays", "–" where it cannot happen."""
    before = status_of(thread)
    if happening.deadline and before not in RUNS_WHILE[happening.deadline]:
        return "–"
    decided = happen(thread, happening)
    refused = [answer.code for answer in decided.answers if answer.code]
    if refused:
        return f"`{refused[0]}`"
    after = decided.thread.open
    if after is None:
        return "stays" if before is Status.CLOSED else Status.CLOSED.value
    if thread.open is None:
        return f"new: {after.status.value}"
    return "stays" if after.status is before else after.status.value


def _asks(kind: type[Request], **fields: object) -> Callable[[Thread], AnyEvent]:
    def event(_: Thread) -> AnyEvent:
        return kind(thread="t", request="r", **{"by": "anna", **fields})  # type: ignore[arg-type, return-value]

    return event


def _holds(event: AnyEvent) -> Callable[[Thread], AnyEvent]:
    return lambda _: event


def _wrote(text: str) -> CustomerWrote:
    return CustomerWrote(chat="ivan", id="m", customer=Customer(id="ivan"), content=Content(text=text))


def _placed(thread: Thread, *offered: str) -> Placed:
    conversation = thread.open or thread.last
    return Placed(
        thread="t",
        conversation=conversation.number if conversation else 0,
        seat=thread.seat,
        offered=offered,
        rung=offered,
        reason=Reason(rule="evenly" if offered else "nobody", words=""),
    )


_HI = Content(text="Hi")
_BOT_FINISHES = Happening("the bot finishes", _holds(BotAnswered(thread="t", command=OWED, finish=True)))

HAPPENINGS = (
    Happening("the customer writes", _holds(_wrote("Hello"))),
    Happening("the customer writes `1`", _holds(_wrote("1"))),
    Happening("the customer writes the transfer key", _holds(_wrote("0"))),
    Happening("the customer presses a rating button", _holds(CustomerRated(chat="ivan", id="p", value="like"))),
    Happening("the customer edits", _holds(CustomerEdited(chat="ivan", id="m", content=_HI))),
    Happening("the customer takes back", _holds(CustomerDeleted(chat="ivan", id="m"))),
    Happening("the customer has read", _holds(CustomerReceived(chat="ivan", id="x", state="read"))),
    Happening(
        "the customer fills in a form",
        _holds(CustomerFilled(chat="ivan", id="f", customer=Customer(id="ivan"), fields={"name": "Ivan"})),
    ),
    Happening("the customer types", _holds(CustomerTyping(chat="ivan"))),
    Happening("an agent accepts", _asks(Accept)),
    Happening("the agent declines", _asks(Decline)),
    Happening("the agent returns it to the queue", _asks(Return)),
    Happening("the agent writes", _asks(Reply, content=_HI)),
    Happening("a note", _asks(Note, content=_HI)),
    Happening("transfer to an agent", _asks(Transfer, to="carla")),
    Happening("transfer to a line", _asks(Transfer, to="line:support")),
    Happening("intercept", _asks(Intercept, by="carla")),
    Happening("invite", _asks(Invite, agent="carla")),
    Happening("an invited agent leaves", _asks(Leave, by="boris")),
    Happening("pin", _asks(Pin)),
    Happening("mark as spam", _asks(MarkSpam)),
    Happening("the agent finishes", _asks(Finish)),
    Happening("save to the CRM", _asks(SaveToCrm)),
    Happening("consent is refused", _asks(RefuseConsent)),
    Happening("a supervisor rates", _asks(Rate, score=5)),
    Happening("send a failed message again", _asks(Resend, message=1)),
    Happening("the bot answers", _holds(BotAnswered(thread="t", command=OWED, say=(_HI,)))),
    Happening("the bot asks for a person", _holds(BotAnswered(thread="t", command=OWED, transfer="queue"))),
    Happening("the bot asks for an agent", _holds(BotAnswered(thread="t", command=OWED, transfer="carla"))),
    _BOT_FINISHES,
    Happening("the bot fails", _holds(BotFailed(thread="t", command=OWED, reason="raised"))),
    Happening("a message is delivered", _holds(Delivered(thread="t", command=OWED))),
    Happening("a message fails", _holds(Undelivered(thread="t", command=OWED, code="blocked", reason=""))),
    Happening("the CRM finds the customer", _holds(CustomerFound(thread="t", command=OWED))),
    Happening("the CRM keeps a record", _holds(CrmRecorded(thread="t", command=OWED))),
    Happening("the CRM fails", _holds(CrmFailed(thread="t", command=OWED, reason="down"))),
    Happening("the desk offers it", lambda thread: _placed(thread, "boris")),
    Happening("the desk finds nobody", _placed),
    Happening("the responsible is dismissed or leaves the queue", _holds(AgentGone(thread="t", agent="anna"))),
    Happening("the CRM has taken too long", _holds(Woken(thread="t")), "identify_at"),
    Happening("`queue.idle_time` is over", _holds(Woken(thread="t")), "idle_at"),
    Happening("`bot.transfer_after` is over", _holds(Woken(thread="t")), "transfer_at"),
    Happening("`no_answer.after` is over", _holds(Woken(thread="t")), "no_answer_at"),
    Happening("`auto_close.after` is over", _holds(Woken(thread="t")), "auto_close_at"),
    Happening("`close.delay` is over", _holds(Woken(thread="t")), "close_at"),
    Happening("31 days without a message", _holds(Woken(thread="t")), "stale_at"),
    Happening("the norm for an answer is over", _holds(Woken(thread="t")), "alert_at"),
)


# -- the page ---------------------------------------------------------------------------------------------------


def page() -> str:
    """The whole reference page, Markdown."""
    return "\n".join((_INTRODUCTION, *_diagram(), _TRANSITIONS, *_transitions(), _RULES, *_rules(), ""))


def _diagram() -> Iterator[str]:
    edges: dict[tuple[str, str], list[str]] = {}
    for thread in representatives().values():
        for happening in HAPPENINGS:
            after = becomes(thread, happening)
            new = after.startswith("new: ")
            if new or after in OUTCOMES:
                edge = ("[*]" if new else status_of(thread).value, after.removeprefix("new: "))
                words = edges.setdefault(edge, [])
                if happening.words not in words:
                    words.append(happening.words)
    yield "```mermaid"
    yield "stateDiagram-v2"
    for (start, end), words in edges.items():
        yield f"    {start} --> {end}: {', '.join(words).replace('`', '')}"
    yield "    closed --> [*]"
    yield "```"


def _transitions() -> Iterator[str]:
    threads = representatives()
    yield "| What happens | " + " | ".join(threads) + " |"
    yield "|---" * (len(threads) + 1) + "|"
    for happening in HAPPENINGS:
        cells = (becomes(thread, happening) for thread in threads.values())
        yield f"| {happening.words} | " + " | ".join(cells) + " |"


def _rules() -> Iterator[str]:
    yield "| Event | " + " | ".join(f"`{status.value}`" for status in Status) + " |"
    yield "|---" * (len(Status) + 1) + "|"
    for kind, row in TABLE.items():
        yield f"| `{kind.__name__}` | " + " | ".join(_rule(row[status]) for status in Status) + " |"


def _rule(rule: Callable[..., None] | str) -> str:
    if isinstance(rule, str):
        return f"`{rule}`"
    return f"{rule.__module__.rpartition('.')[2]}.{rule.__name__}"


_INTRODUCTION = f"""# The life of a conversation

This page is made from the code: every kind of event is let happen to a conversation in every status.
Make it anew with `python -m openlines.domain.diagram > docs/reference/conversation.md`; a test fails while it is stale.
The words are those of the [glossary](glossary.md). A thread has at most one open conversation.

Besides what is shown:

- A request that names a conversation other than the open one is refused with `not_open`, one that the agent's role does
  not allow with `denied`. Writing to the thread's last conversation once it is closed begins the next.
- A customer's message moves a conversation whose responsible is away back to `waiting`, if `queue.check_availability`
  is on, it is not pinned, and the responsible is not the only member of the queue.
- A conversation that a bot finished is `with_bot` again when the customer reopens it; one whose responsible has gone is
  `waiting`. The transfer key reopens it and asks for a person at once.
- Finishing closes at once where nothing is said (no close text, no rating request) or `close.delay` is 0.
- A rating stays without effect on the status, unless `rating.close_on_rating` is on: then it closes.
- A pinned conversation is neither forwarded nor auto-closed; it closes {PINNED_FOR / DAY:.0f} days after its last
  message or the pin, whichever is later, while it awaits the customer.
- When its responsible goes after more than {SILENT_FOR / DAY:.0f} days of silence, a conversation closes as `stale`; so
  does any that has been silent for {STALE_AFTER / DAY:.0f} days.
"""

_TRANSITIONS = """
## What becomes of it

`stays` = the status is as before; `–` = cannot happen; a code in the cell = refused with it. The bot's line here says
goodbye and asks for a rating; the closed conversation has not been rated yet.
"""

_RULES = """
## Which rule runs

The dispatch table itself: the function in `openlines.domain` that decides, or the code that refuses. The last column is
a thread without an open conversation.
"""


# -- inside -----------------------------------------------------------------------------------------------------


def _owed(thread: Thread, event: AnyEvent) -> AnyCommand:
    """What the event is the outcome of."""
    number = thread.open.number if thread.open else 1
    match event:
        case BotAnswered() | BotFailed():
            return AskBot(id=OWED, conversation=number, at=NOW, bot="menu", content=_HI)
        case CrmRecorded():
            return LogTranscript(id=OWED, conversation=number, at=NOW, crm="main", record="7", record_kind="lead")
        case CustomerFound() | CrmFailed():
            return FindCustomer(id=OWED, conversation=number, at=NOW, crm="main")
        case _:
            return Send(id=OWED, conversation=number, at=NOW, message=2, content=_HI, sender=Sender(kind="auto"))


def _facts(event: Event) -> Facts:
    named = event.to if isinstance(event, Transfer) else event.agent if isinstance(event, Invite) else ""
    named = event.transfer if isinstance(event, BotAnswered) else named
    agent = Agent(id=named) if named in ("boris", "carla") else None
    failed = Message(conversation=1, id=1, author=Author(kind="agent", id="anna"), content=_HI)
    return Facts(now=NOW, conversation=1, agent=agent, failed=failed)


def _after(thread: Thread, *events: AnyEvent) -> Thread:
    for event in events:
        thread = replace(decide(POLICIES, thread, _facts(event), event).thread, pending=())
    return thread


if __name__ == "__main__":
    print(page(), end="")
