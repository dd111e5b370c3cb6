"""What staff ask of a conversation. The thread decides, rights included: a late accept must hear that it is late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from msgspec.structs import replace

from openlines.domain.events import (
    Accept,
    Asked,
    Decline,
    Finish,
    Intercept,
    Invite,
    Leave,
    MarkSpam,
    Note,
    Pin,
    Rate,
    RefuseConsent,
    Reply,
    Resend,
    Return,
    SaveToCrm,
    Transfer,
)
from openlines.domain.messages import Content
from openlines.web.api.files import attached
from openlines.web.endpoint import Call, Handler
from openlines.web.problems import REFUSED, Refusal, invalid, not_found
from openlines.web.schemas import FinishIt, InviteAgent, Outcome, PinIt, RateIt, ResendIt, Say, TransferTo

A = TypeVar("A", bound=Asked)


async def accept(call: Call) -> Outcome:
    """Take an offered conversation."""
    return await _ask(call, Accept(thread="", by=""))


async def decline(call: Call) -> Outcome:
    """Refuse an offer: the next agent is offered it."""
    return await _ask(call, Decline(thread="", by=""))


async def give_back(call: Call) -> Outcome:
    """Return it to the queue."""
    return await _ask(call, Return(thread="", by=""))


async def reply(call: Call, body: Say) -> Outcome:
    """Write to the customer."""
    return await _ask(call, Reply(thread="", by="", content=await _content(call, body)))


async def note(call: Call, body: Say) -> Outcome:
    """Write for staff only."""
    return await _ask(
        call, Note(thread="", by="", content=await _content(call, body), mentions=tuple(dict.fromkeys(body.mentions)))
    )


async def transfer(call: Call, body: TransferTo) -> Outcome:
    """Hand over to another agent or line."""
    return await _ask(call, Transfer(thread="", by="", to=body.to))


async def invite(call: Call, body: InviteAgent) -> Outcome:
    """Bring another agent in; responsibility stays."""
    return await _ask(call, Invite(thread="", by="", agent=body.agent))


async def leave(call: Call) -> Outcome:
    """Leave a conversation you were invited to."""
    return await _ask(call, Leave(thread="", by=""))


async def intercept(call: Call) -> Outcome:
    """Take it over from whoever has it."""
    return await _ask(call, Intercept(thread="", by=""))


async def pin(call: Call, body: PinIt) -> Outcome:
    """Keep it from being forwarded and from auto-close."""
    return await _ask(call, Pin(thread="", by="", on=body.on))


async def spam(call: Call) -> Outcome:
    """Close it as spam; nothing is sent."""
    return await _ask(call, MarkSpam(thread="", by=""))


async def finish(call: Call, body: FinishIt) -> Outcome:
    """End it, as solved or not."""
    return await _ask(call, Finish(thread="", by="", solved=body.solved, confirmed=body.confirmed))


async def save_to_crm(call: Call) -> Outcome:
    """Keep the customer in the CRM now, with what was said so far."""
    return await _ask(call, SaveToCrm(thread="", by=""))


async def refuse_consent(call: Call) -> Outcome:
    """The customer does not agree to personal data being kept: what was captured of them is erased."""
    return await _ask(call, RefuseConsent(thread="", by=""))


async def rate(call: Call, body: RateIt) -> Outcome:
    """Rate the agent's work, as a supervisor."""
    return await _ask(call, Rate(thread="", by="", score=body.score, comment=body.comment))


async def resend(call: Call, body: ResendIt) -> Outcome:
    """Send a message again that had failed for good."""
    return await _ask(call, Resend(thread="", by="", message=body.message))


ACTIONS: Mapping[str, Handler] = {
    "accept": accept,
    "decline": decline,
    "return": give_back,
    "reply": reply,
    "note": note,
    "transfer": transfer,
    "invite": invite,
    "leave": leave,
    "intercept": intercept,
    "pin": pin,
    "spam": spam,
    "finish": finish,
    "save_to_crm": save_to_crm,
    "refuse_consent": refuse_consent,
    "rate": rate,
    "resend": resend,
}


async def _ask(call: Call, request: A) -> Outcome:
    """Address the request, put it to the thread, and tell what became of it."""
    key = call.key
    row = await call.hub.reader.row(call.number)
    if row is None:
        raise not_found(f"conversation {call.number}")
    addressed = replace(
        request,
        thread=row.summary.thread,
        conversation=call.number,
        by=call.agent.id,
        # Of this agent and this action: a key that somebody else used would answer for a request never made.
        request=f"{call.agent.id} {type(request).__name__} {key}",
        at=call.hub.clock.now(),
    )
    decided = await call.hub.ask(addressed)
    if decided.status == "refused":
        detail = decided.detail or decided.code.replace("_", " ")
        raise Refusal(REFUSED.get(decided.code, 409), detail, code=decided.code, field=decided.field)
    return Outcome(
        status="pending" if decided.status == "pending" else "done",
        conversation=decided.conversation or call.number,
        message=decided.message,
    )


async def _content(call: Call, body: Say) -> Content:
    if not body.text.strip() and not body.files:
        raise invalid("text", "a message needs a text or a file")
    return Content(text=body.text, files=await attached(call, body.files))
