"""Consent to keeping personal data (2.3): asked once for a version, given by writing on, or refused."""

from __future__ import annotations

from msgspec.structs import replace

from openlines.domain import crm
from openlines.domain.entries import Decision
from openlines.domain.events import RefuseConsent
from openlines.domain.state import Agreement
from openlines.domain.turn import Turn

YES = frozenset({"1", "true", "on", "yes"})
"""How browsers and programs say that a box is ticked."""


def ask(turn: Turn) -> None:
    """Send the notice, after the first message that a customer writes in a conversation."""
    rules = turn.line.consent
    if not rules.enabled or any(known.version == rules.version for known in turn.thread.agreements):
        return
    notice = "\n".join(filter(None, (rules.text, rules.url)))
    if turn.say_automatic("consent", notice):
        asked = Agreement(version=rules.version, agreement=rules.url or rules.text, asked_at=turn.now)
        turn.keep(agreements=(*turn.thread.agreements, asked))
        turn.decided("consent_asked", fields={"version": rules.version})


def given_by_writing_on(turn: Turn) -> None:
    """The customer's next message is the consent to what was asked."""
    for asked in turn.thread.agreements:
        if not asked.given_at and not asked.refused_at:
            _given(turn, asked)


def given_in_form(turn: Turn, fields: dict[str, str]) -> None:
    """A ticked field `consent` records it: nothing needs to be asked then."""
    rules = turn.line.consent
    if not rules.enabled or fields.get("consent", "").strip().lower() not in YES:
        return
    known = [one for one in turn.thread.agreements if one.version == rules.version]
    asked = known[0] if known else Agreement(rules.version, rules.url or rules.text, asked_at=turn.now)
    if not asked.given_at:
        _given(turn, asked)


def refuse(turn: Turn, event: RefuseConsent) -> None:
    """What the conversation has learned of the person is erased, here and where it made a record of it."""
    now, thread = turn.now, turn.thread
    version = turn.line.consent.version
    agreements = thread.agreements or (Agreement(version=version, agreement="", asked_at=0.0),)
    last = replace(agreements[-1], given_at=0.0, refused_at=now)
    captured = thread.captured
    blank = {name: "" for name, value in captured.items() if getattr(thread.customer, name, None) == value}
    turn.keep(
        agreements=(*agreements[:-1], last),
        customer=replace(thread.customer, **blank),
        captured={},
        form={},
        untracked=True,
    )
    conversation = thread.open or thread.last
    number = conversation.number if conversation else 0
    turn.tell(Decision(conversation=number, what="consent_refused", by=event.by, fields={"version": last.version}))
    for one in (thread.open, thread.last):
        if one is not None:
            crm.erase(turn, one.number, tuple(sorted(captured)))
    turn.done(event.request)


def _given(turn: Turn, asked: Agreement) -> None:
    given = replace(asked, given_at=turn.now, refused_at=0.0)
    others = tuple(one for one in turn.thread.agreements if one.version != asked.version)
    turn.keep(agreements=(*others, given))
    conversation = turn.thread.open or turn.thread.last
    fields = {"version": given.version, "agreement": given.agreement}
    number = conversation.number if conversation else 0
    turn.tell(Decision(conversation=number, what="consented", by="customer", fields=fields))
