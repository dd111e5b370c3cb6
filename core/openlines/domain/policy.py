"""The rules of a line as values: what `settings.toml` says under `[lines.<id>]`, checked and in seconds.

Names, defaults and meanings are those of the settings reference; `openlines.settings` makes these from the file.
Texts are resolved already: an empty text means that nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from openlines.domain.messages import FormField as FormField

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Distribution = Literal["evenly", "strictly", "all"]


class Limit(Struct, frozen=True):
    max_conversations: int = 0
    """0 = no limit."""
    ignore: Literal["replied", "awaiting_customer", "closed"] = "awaiting_customer"


class Queue(Struct, frozen=True):
    members: tuple[str, ...] = ()
    """Agents in queue order; departments are expanded already, duplicates keep their first place."""
    distribution: Distribution = "evenly"
    idle_time: float = MINUTE
    check_availability: bool = True
    presence_timeout: float = 15 * MINUTE
    retry_interval: float = 2 * MINUTE
    limit: Limit = Limit()


class AgentCard(Struct, frozen=True):
    name: str = ""
    photo: str = ""
    title: str = ""


class AgentInfo(Struct, frozen=True):
    mode: Literal["profile", "line", "hidden"] = "profile"
    entries: Mapping[str, AgentCard] = {}
    default_name: str = ""
    default_photo: str = ""


class CrmRules(Struct, frozen=True):
    use: str = ""
    create: Literal["lead", "deal", "manual"] = "lead"
    lead_needs: Literal["reachable", "phone"] = "reachable"
    source: str = "auto"
    tracker: bool = True
    forward_to_responsible: bool = True
    reassign_on_transfer: bool = True


class Hours(Struct, frozen=True):
    """When a line works; always, unless enabled."""

    enabled: bool = False
    timezone: str = "UTC"
    days: tuple[tuple[tuple[int, int], ...], ...] = (((540, 1110),),) * 7
    """Monday first: half-open spans in order, in minutes from that day's midnight. One over midnight ends above 1440
    and belongs to the day it starts. Weekend days have none."""
    weekend: tuple[int, ...] = ()
    """Weekdays, 0 = Monday, that are closed as weekend, not by their hours alone: they may have a text of their own."""
    yearly_holidays: frozenset[tuple[int, int]] = frozenset()
    """(month, day) of every year."""
    holidays: frozenset[str] = frozenset()
    """ISO dates, a country's public holidays among them."""


class OffHours(Struct, frozen=True):
    """What is said outside hours and when nobody is there, each resolved: "" sends nothing."""

    text: str = ""
    weekend_text: str = ""
    holiday_text: str = ""
    absent_text: str = ""
    form: str = ""


class Consent(Struct, frozen=True):
    enabled: bool = False
    text: str = ""
    url: str = ""
    version: str = "1"


class Greeting(Struct, frozen=True):
    enabled: bool = True
    when: Literal["first", "each"] = "first"
    text: str = ""


class Form(Struct, frozen=True):
    name: str = ""
    show: Literal["before_chat", "after_first_message"] = "after_first_message"
    acceptor_is_responsible: bool = False


class NoAnswer(Struct, frozen=True):
    after: float = 5 * MINUTE
    text: str = ""
    form: str = ""


class Close(Struct, frozen=True):
    text: str = ""
    delay: float = 10 * MINUTE


class AutoClose(Struct, frozen=True):
    after: float = 4 * HOUR
    """0 = never."""
    text: str = ""


class RatingTexts(Struct, frozen=True):
    request: str = ""
    like: str = ""
    dislike: str = ""
    over: str = ""


class Rating(Struct, frozen=True):
    enabled: bool = True
    ongoing: bool = True
    close_on_rating: bool = False
    time_limit: float = 0
    """0 = none."""
    livechat: RatingTexts = RatingTexts()
    text: RatingTexts = RatingTexts()


class BotRules(Struct, frozen=True):
    use: str = ""
    activate: Literal["first", "always"] = "always"
    transfer_after: float = 10 * MINUTE
    """0 = never."""
    transfer_key: str = "0"
    disconnect: Literal["on_transfer", "on_close"] = "on_transfer"


class Norm(Struct, frozen=True):
    """How soon an agent should answer."""

    time: float = 0
    """0 = off."""
    notify: tuple[str, ...] = ()
    """Agents; departments are expanded already."""
    text: str = ""


class Kpi(Struct, frozen=True):
    first: Norm = Norm()
    next: Norm = Norm()
    pause_outside_hours: bool = False


class Line(Struct, frozen=True):
    """One line's rules."""

    id: str
    name: str = ""
    active: bool = True
    language: str = "en"
    confirm_close: bool = False
    live_typing: bool = True
    queue: Queue = Queue()
    agent_info: AgentInfo = AgentInfo()
    crm: CrmRules = CrmRules()
    greeting: Greeting = Greeting()
    form: Form = Form()
    no_answer: NoAnswer = NoAnswer()
    close: Close = Close()
    auto_close: AutoClose = AutoClose()
    rating: Rating = Rating()
    bot: BotRules = BotRules()
    canned: tuple[str, ...] = ()
    """Names of lists of canned responses."""
    hours: Hours = Hours()
    off_hours: OffHours = OffHours()
    consent: Consent = Consent()
    kpi: Kpi = Kpi()


class Channel(Struct, frozen=True):
    """What the rules need to know of a channel."""

    id: str
    line: str
    kind: str = ""
    """The connector's kind: "livechat", "telegram", ..."""
    title: str = ""
    """The connector's title, for `crm.source = "auto"`."""
    ratings: bool = False
    """The customer rates by buttons, not by text."""
    forms: bool = False
    """The customer can be shown forms."""
    reachable: bool = True
    """A message can be sent to this customer at any later time (messengers; not live chat)."""


class FormSheet(Struct, frozen=True):
    """A form as the customer sees it; `Form` says when a line shows it."""

    id: str
    title: str = ""
    fields: tuple[FormField, ...] = ()
    responsible: tuple[str, ...] = ()
    """Agents whom its CRM records belong to, in turn."""


class Policies(Struct, frozen=True):
    """All lines and channels of one revision of the settings."""

    revision: int
    lines: Mapping[str, Line]
    channels: Mapping[str, Channel]
    max_conversations_per_agent: int = 1000

    forms: Mapping[str, FormSheet] = {}
    canned: Mapping[str, Mapping[str, str]] = {}
    """Lists of canned responses: shortcut to text."""

    def line(self, line: str) -> Line:
        """The line's rules; a line that is gone from the settings has no members and says nothing."""
        return self.lines.get(line) or Line(id=line, active=False)
