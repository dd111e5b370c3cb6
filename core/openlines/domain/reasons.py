"""Why the desk chose as it did, in words and data (2.1.9). Counts are of everybody, names of at most `NAMES`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from openlines.domain.candidates import CAP, LIMIT, UNKNOWN, Candidates, Member
from openlines.domain.events import Reason

NAMES = 20
ASKED = "asked before"

_CAUSES = (LIMIT, CAP, "on a break", "on leave", "clocked out", "offline", "dismissed", UNKNOWN)
"""Where there are more than can be named: those first whom one would wonder about."""


def chosen(line: Candidates, member: Member, passed: Sequence[Member], now: float, cap: int) -> Reason:
    """`member` is next by the line's distribution; `passed` qualify too and stood before, but were asked already."""
    idle = -1.0
    if line.queue.distribution == "evenly":
        if active := member.key[0]:
            idle = max(0.0, now - active)
        why = f"idle longest, {idle:.0f} s" if active else "idle longest, never active on this line"
        named = _named(line, passed)
        before = [other for other in named if other.key < member.key]
        if len(before) < len(named):
            named = before + [other for other in named if other.key > member.key]
    else:
        why = "next in the queue" if passed else "first in the queue"
        before = line.members[: min(member.key[2], NAMES)]
        named = _named(line, before)
    skipped = _skipped(line, len(passed))
    return Reason(
        rule=line.queue.distribution,
        words=_words(line, f"{member.person.id}: {why}", named, skipped, cap),
        idle=idle,
        skipped=skipped,
        before=tuple(other.person.id for other in before),
    )


def everyone(line: Candidates, offered: Sequence[str], hidden: Sequence[Member], cap: int) -> Reason:
    """Offered to all who qualify, but for those who declined."""
    named = _named(line, hidden)
    skipped = _skipped(line, len(hidden))
    more = f" and {len(offered) - NAMES} more" if len(offered) > NAMES else ""
    return Reason(
        rule="all",
        words=_words(line, f"{', '.join(offered[:NAMES])}{more}: all who qualify", named, skipped, cap),
        skipped=skipped,
        before=tuple(other.person.id for other in named),
    )


def responsible(agent: str) -> Reason:
    return Reason(rule="crm", words=f"{agent}: responsible for this customer in the CRM")


def kept(line: Candidates, agent: str, cap: int) -> Reason:
    """Nobody else qualifies: the holder keeps the offer."""
    others = [other for other in _named(line, ()) if other.person.id != agent]
    skipped = _skipped(line, 0)
    if own := line.cause(agent):  # the limit, by this very offer
        skipped[own] -= 1
    skipped = {cause: count for cause, count in skipped.items() if count}
    return Reason(
        rule=line.queue.distribution,
        words=_words(line, f"{agent}: the only candidate", others, skipped, cap),
        skipped=skipped,
    )


def pinned(line: Candidates, agent: str) -> Reason:
    return Reason(rule=line.queue.distribution, words=f"{agent}: keeps it, it is pinned")


def nobody(line: Candidates, cap: int) -> Reason:
    """No agent qualifies."""
    if not line.line.active:
        return Reason(rule="nobody", words=f"nobody: line {line.line.id} is not active")
    if not line.members:
        return Reason(rule="nobody", words=f"nobody: the queue of line {line.line.id} is empty")
    named = _named(line, ())
    skipped = _skipped(line, 0)
    return Reason(
        rule="nobody",
        words=_words(line, "nobody qualifies", named, skipped, cap),
        skipped=skipped,
        before=tuple(other.person.id for other in named),
    )


def _named(line: Candidates, lead: Sequence[Member]) -> list[Member]:
    """Those of `lead`, then others who do not qualify."""
    named = dict.fromkeys(lead[:NAMES])
    for cause in _CAUSES:
        if len(named) >= NAMES:
            break
        named |= dict.fromkeys(islice(line.out.get(cause, ()), NAMES))
    return list(islice(named, NAMES))


def _skipped(line: Candidates, asked: int) -> dict[str, int]:
    skipped = {cause: len(members) for cause, members in line.out.items() if members}
    if asked:
        skipped[ASKED] = asked
    return skipped


def _words(line: Candidates, head: str, named: Sequence[Member], skipped: dict[str, int], cap: int) -> str:
    words = [head]
    for member in named:
        cause = member.cause or ASKED
        if cause == LIMIT:
            cause = f"limit {member.load}/{line.queue.limit.max_conversations}"
        elif cause == CAP:
            cause = f"server limit {member.person.load}/{cap}"
        words.append(f"{member.person.id} skipped: {cause}")
    if (more := sum(skipped.values()) - len(named)) > 0:
        words.append(f"{more} more skipped")
    return "; ".join(words)
