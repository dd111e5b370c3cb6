"""`[lines.<id>]`: the rules under which customers' messages become conversations.

Keys, defaults and bounds are those of the settings reference. A text left out is the built-in one in the line's
language; an empty text sends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from openlines.settings.hours import Hours
from openlines.settings.values import (
    BotName,
    CannedName,
    CrmName,
    FormName,
    Language,
    Lasts,
    Many,
    Member,
    Table,
    WebAddress,
    Wrong,
    must_know,
)

Text = Annotated[str, Field(max_length=100_000)]
Short = Annotated[str, Field(max_length=100)]
Label = Annotated[str, Field(max_length=255)]


class Limit(Table):
    """How many conversations of this line an agent may have at once."""

    max_conversations: Annotated[int, Field(ge=0, le=1000)] = 0
    """0 = no limit."""
    ignore: Literal["replied", "awaiting_customer", "closed"] = "awaiting_customer"
    """From which status on a conversation no longer counts."""


class Queue(Table):
    """Who is asked, in which order."""

    members: Many[Member] = ()
    """Agents and departments in queue order: "anna", "department:sales"."""
    distribution: Literal["evenly", "strictly", "all"] = "evenly"
    """evenly: the one idle longest. strictly: the first in order. all: everybody at once."""
    idle_time: Annotated[int, Lasts("1m", "12h")] = 60
    """How long an offer waits for an agent before the next is asked."""
    check_availability: bool = True
    """Skip agents who are offline, on leave, on a break or clocked out."""
    presence_timeout: Annotated[int, Lasts("1m", "1d")] = 15 * 60
    """An agent counts as online for so long after the last activity."""
    retry_interval: Annotated[int, Lasts("10s")] = 2 * 60
    """How often a conversation that nobody could take is tried again."""
    limit: Limit = Limit()


class Card(Table):
    """How an agent is shown to this line's customers."""

    name: Label = ""
    photo: str = ""
    title: Label = ""


def _agents(entries: Mapping[str, Card], info: ValidationInfo) -> Mapping[str, Card]:
    for agent in entries:
        must_know("agents", agent, info, at=(agent,))
    return entries


class AgentInfo(Table):
    """What customers see of the agents."""

    mode: Literal["profile", "line", "hidden"] = "profile"
    """profile: name, photo and title. line: as in `entries`, else the profile. hidden: the defaults below."""
    entries: Annotated[Mapping[str, Card], AfterValidator(_agents)] = {}
    """Per agent: { name, photo, title } on this line."""
    default_name: Label = ""
    """Shown instead of the agent's name with mode = "hidden"; may be empty."""
    default_photo: str = ""


class CrmRules(Table):
    """What the CRM does for this line."""

    use: CrmName = ""
    """An id under [crm]; empty = no CRM."""
    create: Literal["lead", "deal", "manual"] = "lead"
    """What is made for a customer whom the CRM does not know."""
    lead_needs: Literal["reachable", "phone"] = "reachable"
    """When: as soon as the customer can be reached again, or once name and phone are known."""
    source: Label = "auto"
    """Source of the record; auto = "<Connector title> - <line name>"."""
    tracker: bool = True
    """Find phones and e-mails in customers' messages."""
    forward_to_responsible: bool = True
    """Offer a known customer first to who looks after them in the CRM."""
    reassign_on_transfer: bool = True
    """A transfer moves the records that this conversation created to the new agent."""


class OffHours(Table):
    """What is said outside hours, and when nobody is there."""

    text: Text | None = None
    """Empty = send nothing."""
    weekend_text: Text | None = None
    """At weekends; `text` unless given."""
    holiday_text: Text | None = None
    """On holidays; `text` unless given."""
    absent_text: Text | None = None
    """Within hours while nobody is there; `text` unless given."""
    form: FormName = ""
    """Shown along with it, in live chat: an id under [forms]."""


class Consent(Table):
    """Notice about personal data, after a customer's first message. Writing on is the consent.

    A form with a checkbox `consent` records it too: who has ticked it is not asked.
    """

    enabled: bool = False
    text: Text | None = None
    url: WebAddress = ""
    """Where the whole agreement is."""
    version: Annotated[str, Field(min_length=1, max_length=50)] = "1"
    """A new version asks every customer again."""

    @model_validator(mode="after")
    def _says_something(self) -> Consent:
        if self.enabled and self.text is not None and not self.text.strip() and not self.url:
            raise Wrong("is empty while consent is enabled", "give consent.text or consent.url", at=("text",))
        return self


class Greeting(Table):
    enabled: bool = True
    when: Literal["first", "each"] = "first"
    """first: only in a customer's first conversation. each: in every new one."""
    text: Text | None = None


class FormRules(Table):
    """The form in live chat."""

    name: FormName = ""
    """An id under [forms]; empty = no form."""
    show: Literal["before_chat", "after_first_message"] = "after_first_message"
    acceptor_is_responsible: bool = False
    """The agent who accepts becomes responsible for the CRM record."""


class NoAnswer(Table):
    """When no agent has answered for a while."""

    after: Annotated[int, Lasts("1m", "12h")] = 5 * 60
    text: Text = ""
    """Empty = none."""
    form: FormName = ""
    """Instead of the text, in live chat: an id under [forms]."""


class Close(Table):
    """When a conversation is finished."""

    text: Text | None = None
    """Empty = none."""
    delay: Annotated[int, Lasts("1m", "1d", zero="at once")] = 10 * 60
    """How long it stays open for a rating or an objection."""


class AutoClose(Table):
    """When the customer has fallen silent after an agent's reply."""

    after: Annotated[int, Lasts("1h", "31d", zero="never")] = 4 * 3600
    text: Text = ""
    """Empty = none."""


class ButtonTexts(Table):
    """Texts beside rating buttons, in live chat."""

    request: Short | None = None
    like: Short | None = None
    dislike: Short | None = None


def _asks_for_digits(text: str) -> str:
    for digit in "10":
        if not re.search(rf"(?<![0-9]){digit}(?![0-9])", text):
            raise Wrong(f"does not mention {digit}", "a text that asks for 1 (good) or 0 (bad)")
    return text


class DigitTexts(Table):
    """Texts where customers rate by writing 1 or 0."""

    request: Annotated[Text, AfterValidator(_asks_for_digits)] | None = None
    like: Text | None = None
    dislike: Text | None = None
    over: Text | None = None
    """Said to a rating that comes after `time_limit`."""


class Rating(Table):
    """What customers are asked at the end."""

    enabled: bool = True
    ongoing: bool = True
    """In live chat: rate at any time while the conversation is open."""
    close_on_rating: bool = False
    """A rating closes the conversation at once."""
    time_limit: Annotated[int, Lasts("1d", "30d", zero="none")] = 0
    """How long after the request a rating counts."""
    livechat: ButtonTexts = ButtonTexts()
    text: DigitTexts = DigitTexts()


def _transfer_key(key: str) -> str:
    if not key.strip():
        raise Wrong("is blank", 'what a customer writes to reach a person, such as "0" or "agent"')
    return key.strip()


class BotRules(Table):
    """The bot that answers first."""

    use: BotName = ""
    """An id under [bots]; empty = no bot."""
    activate: Literal["first", "always"] = "always"
    """first: only in a customer's first conversation."""
    transfer_after: Annotated[int, Lasts("1m", "1d", zero="never")] = 10 * 60
    """To the queue after so long with the bot."""
    transfer_key: Annotated[str, Field(max_length=100), AfterValidator(_transfer_key)] = "0"
    """A customer who sends exactly this goes to the queue; no bot sees it."""
    disconnect: Literal["on_transfer", "on_close"] = "on_transfer"
    """on_close: it goes on listening after the hand-over."""


class Norm(Table):
    """How soon an agent should answer."""

    time: Annotated[int, Lasts()] = 0
    """0 = off."""
    notify: Many[Member] = ()
    """Agents and departments told when it takes longer."""
    text: Text | None = None
    """#OPERATOR# = the responsible's name, #DIALOG# = number and link."""


class Kpi(Table):
    """Response times."""

    first: Norm = Norm()
    """For the first reply of a conversation."""
    next: Norm = Norm()
    """For each later one."""
    pause_outside_hours: bool = False
    """Clocks stand still outside working hours."""


class Line(Table):
    """One line."""

    name: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """For people; the id unless given."""
    active: bool = True
    """False: messages are held, nothing is sent or routed."""
    language: Language | None = None
    """Of the built-in texts; the server's unless given."""
    confirm_close: bool = False
    """Ask agents once more before a conversation is finished."""
    live_typing: bool = True
    """Show agents what the customer is typing, where the connector tells."""
    canned: Many[CannedName] = ()
    """Lists under [canned] that this line's agents may use."""
    queue: Queue = Queue()
    agent_info: AgentInfo = AgentInfo()
    crm: CrmRules = CrmRules()
    hours: Hours = Hours(enabled=False)
    off_hours: OffHours = OffHours()
    consent: Consent = Consent()
    greeting: Greeting = Greeting()
    form: FormRules = FormRules()
    no_answer: NoAnswer = NoAnswer()
    close: Close = Close()
    auto_close: AutoClose = AutoClose()
    rating: Rating = Rating()
    bot: BotRules = BotRules()
    kpi: Kpi = Kpi()
