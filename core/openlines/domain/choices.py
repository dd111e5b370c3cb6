"""Who is offered a conversation next: the rules of the queue (2.1) for one Standing, given the line's candidates.

`choose` changes nothing. Its answer is always the full new set of offers.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from openlines.domain import reasons
from openlines.domain.candidates import Candidates, Person
from openlines.domain.events import Reason
from openlines.domain.people import absence
from openlines.domain.seats import Standing


class Choice(Struct, frozen=True):
    """The new offers, the new round, and why."""

    offered: tuple[str, ...]
    rung: tuple[str, ...]
    reason: Reason
    refusal: str = ""


def choose(standing: Standing, line: Candidates, people: Mapping[str, Person], now: float, cap: int) -> Choice | None:
    """The answer to a Standing that waits; None = what stands may stand."""
    if not line.line.active:
        # The round is forgotten: once the line is active again, it is routed afresh.
        told = standing.rule == "nobody" and standing.wants == "more" and not (standing.holders or standing.rung)
        return None if told else Choice((), (), reasons.nobody(line, cap))
    asked = standing.wants == "next"
    holders = tuple(agent for agent in standing.holders if may_hold(standing, agent, line, people, now))
    if holders and not asked and (standing.rule == "crm" or (len(standing.holders) == 1 and not line.all)):
        return None
    if holders and asked and standing.pinned and standing.why == "idle":
        return Choice(holders, standing.rung, reasons.pinned(line, holders[0]))
    if (asked or not holders) and may_be_first(standing, line, people, now):
        return Choice((standing.first,), (*standing.rung, standing.first), reasons.responsible(standing.first))
    if line.all:
        return _everyone(standing, line, holders, cap)
    return _next(standing, line, holders, now, cap)


def may_hold(standing: Standing, agent: str, line: Candidates, people: Mapping[str, Person], now: float) -> bool:
    """Whether an offer may stay with the agent. A limit takes no offer away; being pinned bridges an absence."""
    if standing.rule != "crm" and not line.has(agent):
        return False
    return _there(agent, line, people, now, check=not standing.pinned)


def may_be_first(standing: Standing, line: Candidates, people: Mapping[str, Person], now: float) -> bool:
    """Whether it goes to the CRM's responsible before the queue: in or outside the queue, regardless of limits."""
    first = standing.first
    if not first or first in standing.rung or first == standing.by:
        return False
    return _there(first, line, people, now)


def _there(agent: str, line: Candidates, people: Mapping[str, Person], now: float, *, check: bool = True) -> bool:
    person = people.get(agent)
    if person is None or person.agent is None:
        return False
    queue = line.queue
    return not absence(
        person.agent, now, check=check and queue.check_availability, presence_timeout=queue.presence_timeout
    )


def _next(standing: Standing, line: Candidates, holders: tuple[str, ...], now: float, cap: int) -> Choice | None:
    """`evenly` and `strictly`: the next who was not rung in this round; else a new round; else who had it last."""
    left = _who_left(standing)
    was_for_all = len(standing.holders) > 1  # the line's distribution has changed since: the round begins here
    rung = () if was_for_all else _with(standing.rung, *left)
    member, passed = line.pick({*rung, *left})
    if member is None and rung:
        member, passed = line.pick(left)
        rung = () if standing.holders else tuple(agent for agent in left if not line.cause(agent))
    if member is None and holders and line.has(holders[0]):
        refusal = "only_candidate" if standing.why == "declined" else ""
        return Choice(holders[:1], standing.rung, reasons.kept(line, holders[0], cap), refusal)
    if member is None:
        member, passed = line.pick()
        rung = ()
    if member is None:
        return _nobody(standing, line, standing.rung, cap)
    return Choice((member.id,), (*rung, member.id), reasons.chosen(line, member, passed, now, cap))


def _who_left(standing: Standing) -> tuple[str, ...]:
    """Who had it last, and gets it again only if nobody else qualifies."""
    asker = (standing.by,) if standing.by else ()
    if len(standing.holders) > 1:
        return asker
    return _with(standing.holders, *asker) or standing.rung[-1:]  # the last rung returned it, or lost the offer


def _everyone(standing: Standing, line: Candidates, holders: tuple[str, ...], cap: int) -> Choice | None:
    """`all`: everybody who qualifies but those who declined or returned it, as long as there is anybody else.

    They are what `rung` holds here. The CRM's responsible who did not take it goes on seeing it, if a member.
    """
    from_crm = standing.rule == "crm"
    declined = standing.why == "declined" and standing.by in holders
    rung = tuple(agent for agent in standing.rung if agent not in standing.holders)
    if standing.by and not from_crm:
        rung = _with(rung, standing.by)
    able = line.qualifying()
    offered = tuple(member.id for member in able if member.id not in rung)
    if declined and able and (not offered or offered == holders):
        return Choice(holders, standing.rung, reasons.kept(line, standing.by, cap), "only_candidate")
    if not offered:  # nobody else is left: those who declined see it again, who left it last only if alone
        rung = tuple(agent for agent in _who_left(standing) if not line.cause(agent))
        offered = tuple(member.id for member in able if member.id not in rung)
    if not offered:
        rung, offered = (), tuple(member.id for member in able)
    if not offered:
        return _nobody(standing, line, (), cap)
    if standing.wants == "more" and set(offered) == set(standing.holders):
        return None
    hidden = [member for member in able if member.id in rung]
    return Choice(offered, rung, reasons.everyone(line, offered, hidden, cap))


def _nobody(standing: Standing, line: Candidates, rung: tuple[str, ...], cap: int) -> Choice | None:
    told = standing.rule == "nobody" and standing.wants == "more" and not standing.holders
    return None if told else Choice((), rung, reasons.nobody(line, cap))


def _with(agents: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return (*agents, *(agent for agent in more if agent not in agents))
