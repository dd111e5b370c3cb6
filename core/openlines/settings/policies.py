"""From settings to the rules that the domain works by: departments expanded, texts resolved, all names looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from openlines.api import Connector
from openlines.domain import policy
from openlines.domain.people import ROLES, Level
from openlines.settings import hours as hours_settings
from openlines.settings import line as line_settings
from openlines.settings.models import RIGHTS, Channel, Form, Server, Settings
from openlines.settings.texts import Texts, texts

YEARS_AHEAD = 10
"""For how long a country's public holidays are worked out; a restart or new settings begin anew."""


def policies(
    settings: Settings,
    revision: int,
    connectors: Mapping[str, Connector[Any]],
    *,
    members: Mapping[str, Sequence[str]] | None = None,
    today: date | None = None,
) -> policy.Policies:
    """The rules of one revision of the settings.

    `connectors` by channel id tell what each platform can do; a channel without one is taken for a plain messenger.
    `members` are the departments' present members, where others than the file's; `today` is for the virtual clock.
    """
    team = departments(settings) if members is None else members
    day = today or datetime.now(UTC).date()
    return policy.Policies(
        revision=revision,
        lines={name: _line(name, each, settings.server, team, day) for name, each in settings.lines.items()},
        channels={name: _channel(each, connectors.get(name)) for name, each in settings.channels.items()},
        max_conversations_per_agent=settings.server.max_conversations_per_agent,
        forms={name: _form(name, each) for name, each in settings.forms.items()},
        canned=settings.canned,
    )


def departments(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    """The members of each department, in the order of the file."""
    team: dict[str, list[str]] = {name: [] for name in settings.departments}
    for name, agent in settings.agents.items():
        for department in dict.fromkeys(agent.departments):
            team.setdefault(department, []).append(name)
    return {department: tuple(ids) for department, ids in team.items()}


def roles(settings: Settings) -> Mapping[str, Mapping[str, Level]]:
    """What each role may do: the built-in ones and the file's, which win."""
    own = {name: {right: getattr(role, right) for right in RIGHTS} for name, role in settings.roles.items()}
    return {**ROLES, **own}


def expanded(members: Iterable[str], team: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Agents in queue order: a department stands for its present members, duplicates keep their first place."""
    found: dict[str, None] = {}
    for member in members:
        kind, colon, department = member.partition(":")
        found.update(dict.fromkeys(team.get(department, ()) if colon and kind == "department" else (member,)))
    return tuple(found)


def _line(
    name: str, line: line_settings.Line, server: Server, team: Mapping[str, Sequence[str]], today: date
) -> policy.Line:
    language = line.language or server.language
    said = texts(language)
    return policy.Line(
        id=name,
        name=line.name or name,
        active=line.active,
        language=language,
        confirm_close=line.confirm_close,
        live_typing=line.live_typing,
        queue=_queue(line.queue, team),
        agent_info=_agent_info(line.agent_info),
        crm=policy.CrmRules(**line.crm.model_dump()),
        greeting=policy.Greeting(line.greeting.enabled, line.greeting.when, _or(line.greeting.text, said.greeting)),
        form=policy.Form(**line.form.model_dump()),
        no_answer=policy.NoAnswer(**line.no_answer.model_dump()),
        close=policy.Close(_or(line.close.text, said.close), line.close.delay),
        auto_close=policy.AutoClose(**line.auto_close.model_dump()),
        rating=_rating(line.rating, said),
        bot=policy.BotRules(**line.bot.model_dump()),
        canned=tuple(dict.fromkeys(line.canned)),
        hours=_hours(line.hours, server.timezone, today),
        off_hours=_off_hours(line.off_hours, said),
        consent=policy.Consent(
            line.consent.enabled, _or(line.consent.text, said.consent), line.consent.url, line.consent.version
        ),
        kpi=policy.Kpi(
            _norm(line.kpi.first, said.kpi_first, team),
            _norm(line.kpi.next, said.kpi_next, team),
            line.kpi.pause_outside_hours,
        ),
    )


def _or(text: str | None, built_in: str) -> str:
    """An empty text is a choice; only a text left out is the built-in one."""
    return built_in if text is None else text


def _queue(queue: line_settings.Queue, team: Mapping[str, Sequence[str]]) -> policy.Queue:
    return policy.Queue(
        members=expanded(queue.members, team),
        distribution=queue.distribution,
        idle_time=queue.idle_time,
        check_availability=queue.check_availability,
        presence_timeout=queue.presence_timeout,
        retry_interval=queue.retry_interval,
        limit=policy.Limit(queue.limit.max_conversations, queue.limit.ignore),
    )


def _agent_info(info: line_settings.AgentInfo) -> policy.AgentInfo:
    entries = {agent: policy.AgentCard(card.name, card.photo, card.title) for agent, card in info.entries.items()}
    return policy.AgentInfo(info.mode, entries, info.default_name, info.default_photo)


def _rating(rating: line_settings.Rating, said: Texts) -> policy.Rating:
    buttons, digits = rating.livechat, rating.text
    return policy.Rating(
        enabled=rating.enabled,
        ongoing=rating.ongoing,
        close_on_rating=rating.close_on_rating,
        time_limit=rating.time_limit,
        livechat=policy.RatingTexts(
            request=_or(buttons.request, said.buttons_request),
            like=_or(buttons.like, said.buttons_like),
            dislike=_or(buttons.dislike, said.buttons_dislike),
        ),
        text=policy.RatingTexts(
            request=_or(digits.request, said.digits_request),
            like=_or(digits.like, said.digits_like),
            dislike=_or(digits.dislike, said.digits_dislike),
            over=_or(digits.over, said.digits_over),
        ),
    )


def _hours(hours: hours_settings.Hours, server_zone: str, today: date) -> policy.Hours:
    yearly = {(int(day[3:]), int(day[:2])) for day in hours.holidays if len(day) == 5}
    once = {day for day in hours.holidays if len(day) > 5}
    return policy.Hours(
        enabled=hours.enabled,
        timezone=hours.timezone or server_zone,
        days=tuple(hours.spans(day) for day in hours_settings.WEEK),
        weekend=tuple(index for index, day in enumerate(hours_settings.WEEK) if day in hours.weekend),
        yearly_holidays=frozenset(yearly),
        holidays=frozenset(once | _public_holidays(hours.holiday_country, today)),
    )


def _public_holidays(country: str, today: date) -> set[str]:
    if not country:
        return set()
    import holidays  # here, because it costs 0.15 s and most lines need none

    years = range(today.year - 1, today.year + YEARS_AHEAD + 1)
    return {day.isoformat() for day in holidays.country_holidays(country, years=years)}


def _off_hours(off: line_settings.OffHours, said: Texts) -> policy.OffHours:
    text = _or(off.text, said.off_hours)
    return policy.OffHours(
        text, _or(off.weekend_text, text), _or(off.holiday_text, text), _or(off.absent_text, text), off.form
    )


def _norm(norm: line_settings.Norm, built_in: str, team: Mapping[str, Sequence[str]]) -> policy.Norm:
    return policy.Norm(norm.time, expanded(norm.notify, team), _or(norm.text, built_in))


def _channel(channel: Channel, connector: Connector[Any] | None) -> policy.Channel:
    if connector is None:
        return policy.Channel(id=channel.id, line=channel.line, kind=channel.kind, title=channel.kind)
    able = connector.abilities
    return policy.Channel(
        id=channel.id,
        line=channel.line,
        kind=channel.kind,
        title=connector.title or channel.kind,
        ratings=able.ratings,
        forms=able.forms,
        reachable=able.reachable,
    )


def _form(name: str, form: Form) -> policy.FormSheet:
    fields = tuple(policy.FormField(each.name, each.label, each.kind, each.required) for each in form.fields)
    return policy.FormSheet(name, form.title, fields, form.responsible)
