"""What a line says to begin with, and the forms it puts to customers where the channel can show them (2.4)."""

from __future__ import annotations

from openlines.domain.state import Status
from openlines.domain.turn import Turn


def welcome(turn: Turn) -> None:
    """Greeting and form of a new conversation, after the customer's first message.

    A form that comes before the chat holds the greeting back until it is filled in. Filled already, it says no more.
    """
    form = turn.line.form
    if turn.thread.conversations == 1:
        turn.change(record_responsible=turn.thread.form_responsible, record_stays=bool(turn.thread.form_responsible))
        if form.show == "before_chat" and show(turn, form.name):
            turn.change(greeting_waits=True)
            return
    greet(turn)
    if turn.thread.conversations == 1:
        show(turn, form.name)


def greet(turn: Turn) -> None:
    """The greeting, where no bot speaks first (2.4.1)."""
    greeting = turn.line.greeting
    if turn.open.status is Status.WITH_BOT or not greeting.enabled:
        return
    if greeting.when == "each" or turn.thread.conversations == 1:
        turn.say_automatic("greeting", greeting.text)


def show(turn: Turn, form: str) -> bool:
    """Put a form to the customer, unless they have filled one in already. False where nothing was sent."""
    sheet = turn.policies.forms.get(form)
    if sheet is None or not turn.channel.forms or turn.thread.form:
        return False
    shown = turn.say_automatic("form", sheet.title, kind="form", fields=sheet.fields)
    if shown:
        turn.keep(form_shown=form)
    return shown


def filled(turn: Turn) -> None:
    """A form came back: the greeting that waited for it, and whose the record is that it makes."""
    rules = turn.line.form
    sheet = turn.policies.forms.get(turn.thread.form_shown or rules.name)
    named = sheet.responsible if sheet and not rules.acceptor_is_responsible else ()
    responsible = named[turn.facts.form_turn % len(named)] if named else ""
    conversation = turn.thread.open
    if conversation is None:
        if not turn.thread.conversations:
            turn.keep(form_responsible=responsible)
        return
    if responsible and not conversation.record:
        turn.change(record_responsible=responsible, record_stays=True)
    if conversation.greeting_waits:
        turn.change(greeting_waits=False)
        greet(turn)
