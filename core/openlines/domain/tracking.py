"""The chat tracker (2.9.3): phones and e-mails in what customers write say who they are."""

from __future__ import annotations

from msgspec.structs import replace

from openlines.domain.turn import Turn


def track(turn: Turn) -> bool:
    """Take what was found in the message. True = the customer is better known than before.

    What is known already stays: a second number may be somebody else's.
    """
    if not turn.line.crm.tracker or turn.thread.untracked or turn.thread.group:
        return False
    customer, facts = turn.thread.customer, turn.facts
    found = {
        name: value
        for name, value, known in (("phone", facts.phone, customer.phone), ("email", facts.email, customer.email))
        if value and not known
    }
    if not found:
        return False
    turn.keep(customer=replace(customer, **found), captured={**turn.thread.captured, **found})
    turn.decided("tracked", "customer", fields=found)
    return True
