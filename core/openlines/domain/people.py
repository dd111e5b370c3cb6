"""Agents, and whether they are there: one pure function for the desk and for the thread's facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Level = Literal["none", "own", "department", "any"]
LEVELS: tuple[Level, ...] = ("none", "own", "department", "any")
"""Each reaches as far as the one before it, and further."""

ROLES: Mapping[str, Mapping[str, Level]] = {
    "admin": dict.fromkeys(
        ("lines", "channels", "conversations", "history", "join", "rate", "settings", "people", "crm", "reports"), "any"
    ),
    "supervisor": dict.fromkeys(("conversations", "history", "join", "rate", "crm", "reports"), "any"),
    "agent": dict.fromkeys(("conversations", "history", "crm"), "own"),
}
"""The built-in roles; what a role does not name is `none`."""
RIGHTS = tuple(ROLES["admin"])


class Agent(Struct, frozen=True):
    """A member of staff, as the rules see them at one moment."""

    id: str
    name: str = ""
    email: str = ""
    role: str = "agent"
    departments: tuple[str, ...] = ()
    photo: str = ""
    title: str = ""
    dismissed: bool = False
    connected: bool = False
    """A console of theirs is connected."""
    seen_at: float = 0.0
    """Last activity; 0 = never, or signed off since."""
    signed_off: bool = False
    """Chose `offline`: ends presence at once, whatever is connected."""
    on_leave: bool = False
    clocked: bool = False
    """Time tracking applies: they have started a day at least once."""
    clocked_out: bool = False
    on_break: bool = False
    rights: Mapping[str, Level] = {}
    """What the role allows, where the settings say it; empty = as `ROLES` does."""
    team: frozenset[str] = frozenset()
    """Everybody in their departments, where a right of theirs is of the level `department`; else nobody."""
    led: frozenset[str] = frozenset()
    """Everybody in the departments they head."""

    def may(self, what: str) -> Level:
        return (self.rights or ROLES.get(self.role, {})).get(what, "none")


def absence(agent: Agent, now: float, *, check: bool, presence_timeout: float) -> str:
    """Why the agent is not available, in words; "" when they are (2.1.4). `check` is `queue.check_availability`."""
    if agent.dismissed:
        return "dismissed"
    if not check:
        return ""
    if agent.on_leave:
        return "on leave"
    if agent.clocked and agent.clocked_out:
        return "clocked out"
    if agent.clocked and agent.on_break:
        return "on a break"
    if agent.signed_off:
        return "offline"
    if agent.connected or (agent.seen_at and now < agent.seen_at + presence_timeout):
        return ""
    return "offline"


def keeps(agent: Agent, now: float, *, check: bool, presence_timeout: float) -> bool:
    """Whether the agent keeps what they have accepted: as `absence`, but a break takes nothing away (2.1.4)."""
    return not absence(replace(agent, on_break=False), now, check=check, presence_timeout=presence_timeout)
