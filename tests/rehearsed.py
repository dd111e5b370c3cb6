"""Scenarios written on the spot, for tests of rehearsals.

play('0 | ivan | says = "Hello" | offered = ["anna"]', '9 | ivan | | status = "waiting"')
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from openlines.cli.kinds import kinds_of
from openlines.rehearsal import Outcome, Theatre, read_scenario
from openlines.runtime import plugins

SAMPLE_SHOP = Path(__file__).parents[1] / "settings.toml"

SHOP = """\
title = "A story"
people = ["anna", "boris", "mila"]

[set.lines.shop]
queue = { members = ["anna", "boris"], distribution = "strictly", idle_time = "12h", check_availability = false }
agent_info.mode = "hidden"
greeting.enabled = false
off_hours.text = ""
close.text = ""
rating.enabled = false
live_typing = true

[set.agents.mila]
role = "supervisor"

[set.channels.tg]
kind = "loopback"
line = "shop"
"""
WITH_CRM = '[set.crm.main]\nkind = "embedded"\n[set.lines.shop.crm]\nuse = "main"\n'
WITH_BOT = """
[set.lines.shop.bot]
use = "greeter"
[set.bots.greeter]
kind = "scripted"
script = [{ on = "slow", say = ["At last"], after = 5 }, { on = "*", say = ["Menu"] }]
"""


@contextmanager
def any_theatre() -> Iterator[Theatre]:
    """With every plugin that comes along."""
    loaded = plugins.load(frozenset({"embedded", "livechat", "loopback", "menu", "scripted", "webhook"}))
    assert not loaded.broken
    with Theatre(loaded, kinds_of(loaded)) as theatre:
        yield theatre


class Played:
    """Scenarios written on the spot: a step a line, `at | who | action | expect`."""

    def __init__(self, theatre: Theatre, folder: Path) -> None:
        self._theatre, self._folder = theatre, folder

    def __call__(self, *steps: str, head: str = SHOP, more: str = "") -> Outcome:
        file = self._folder / "scenario.toml"
        file.write_text("\n".join([head, more, *map(_step, steps)]))
        return self._theatre.play(read_scenario(file))

    def unmet(self, *steps: str, head: str = SHOP, more: str = "") -> list[tuple[str, str, str]]:
        lines = self(*steps, head=head, more=more).timeline
        return [(line.text, line.expected, line.got) for line in lines if line.kind == "unmet"]


def _step(step: str) -> str:
    at, who, action, expect = [*(part.strip() for part in step.split("|")), "", "", ""][:4]
    match who.split():
        case ["admin"]:
            subject = "admin = true"
        case [agent, "with", customer]:
            subject = f'agent = "{agent}"\ncustomer = "{customer}"'
        case ["agent", agent]:
            subject = f'agent = "{agent}"'
        case [customer]:
            subject = f'customer = "{customer}"'
        case _:
            subject = ""
    expected = f"expect = {{ {expect} }}" if expect else ""
    return "\n".join(["[[step]]", f"at = {at}", subject, action.replace("; ", "\n"), expected])
