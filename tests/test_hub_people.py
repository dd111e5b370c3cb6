"""What the whole hub makes of people who change: queues follow departments, the desk follows working time."""

from __future__ import annotations

import asyncio
import contextlib
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from msgspec.structs import replace
from openlines.cli.app import app
from openlines.domain.events import Accept
from openlines.domain.people import Agent
from openlines.domain.state import Conversation
from openlines.runtime.audit import Audit
from openlines.runtime.hub import Hub
from openlines.runtime.people import PeopleError
from openlines.settings import check, parse
from openlines.testing import VirtualClock
from openlines.web.control import ask_running, listen, make_control_app
from typer.testing import CliRunner

from tests.hub import QUIET, Messenger, hub_of, let_pass, thread_of

DAY = 86400.0
SALES = f"""
[channels.post]
kind = "post"
line = "shop"

[lines.shop]
{QUIET}
queue = {{ members = ["department:sales"], distribution = "strictly", check_availability = false, idle_time = "12h" }}

[departments.sales]
[departments.support]

[agents.anna]
departments = ["sales"]
"""
CHECKED = SALES.replace("check_availability = false", "check_availability = true")


async def conversation(hub: Hub, chat: str) -> Conversation:
    await hub.settled()
    found = (await thread_of(hub, chat)).open
    assert found is not None
    return found


async def accept(hub: Hub, chat: str, agent: str) -> None:
    thread = await thread_of(hub, chat)
    assert (await hub.ask(Accept(thread=thread.id, by=agent, request=f"{agent}-{chat}"))).status == "done"


async def test_a_department_without_members_keeps_waiting_until_somebody_joins(tmp_path: Path) -> None:
    toml = SALES.replace('departments = ["sales"]', "")
    async with hub_of(tmp_path, toml, post := Messenger()) as hub:
        await hub.settled()
        await post.write("ivan", "hello")
        assert (await conversation(hub, "ivan")).offered == ()
        await hub.people.add(Agent(id="zoe", name="Zoe", departments=("sales",)))
        assert (await conversation(hub, "ivan")).offered == ("zoe",)
        assert hub.policies.line("shop").queue.members == ("zoe",)


async def test_who_leaves_the_department_gives_back_what_they_have(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SALES, post := Messenger()) as hub:
        await hub.settled()
        await hub.people.add(Agent(id="zoe", name="Zoe", departments=("sales",)))
        await post.write("ivan", "hello")
        await accept(hub, "ivan", "anna")
        await post.write("olga", "hello")
        await hub.settled()
        await accept(hub, "olga", "zoe")
        await hub.people.change(replace(hub.people.view["zoe"], departments=("support",)))
        assert (await conversation(hub, "olga")).offered == ("anna",)
        assert (await conversation(hub, "ivan")).responsible == "anna"


async def test_members_added_here_are_in_the_queue_after_a_restart(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SALES, Messenger()) as hub:
        await hub.people.add(Agent(id="zoe", departments=("sales",)))
    async with hub_of(tmp_path, SALES, Messenger()) as hub:
        assert hub.policies.line("shop").queue.members == ("anna", "zoe")


async def test_a_dismissal_gives_everything_back_and_empties_the_place(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SALES, post := Messenger()) as hub:
        await hub.settled()
        await hub.people.add(Agent(id="zoe", departments=("sales",)))
        await post.write("ivan", "hello")
        await accept(hub, "ivan", "zoe")
        await hub.people.change(replace(hub.people.view["zoe"], dismissed=True))
        back = await conversation(hub, "ivan")
        assert (back.responsible, back.offered) == ("", ("anna",))
        assert hub.policies.line("shop").queue.members == ("anna",)


async def test_a_leave_moves_an_offer_on_and_its_end_brings_the_agent_back(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with hub_of(tmp_path, CHECKED, post := Messenger(), clock=clock) as hub:
        await hub.settled()
        hub.people.connect("anna")
        today = hub.people._today
        await hub.people.spend("anna", "start_day")
        await hub.people.take_leave("anna", today, today)
        await post.write("ivan", "hello")
        assert (await conversation(hub, "ivan")).offered == ()
        await let_pass(hub, clock, DAY)
        assert (await conversation(hub, "ivan")).offered == ("anna",)


async def test_a_break_is_felt_by_the_desk_at_once(tmp_path: Path) -> None:
    async with hub_of(tmp_path, CHECKED, post := Messenger()) as hub:
        await hub.settled()
        await hub.people.add(Agent(id="zoe", departments=("sales",)))
        hub.people.connect("anna")
        hub.people.connect("zoe")
        await hub.people.spend("anna", "start_day")
        await post.write("ivan", "hello")
        assert (await conversation(hub, "ivan")).offered == ("anna",)
        await hub.people.spend("anna", "break")
        assert (await conversation(hub, "ivan")).offered == ("zoe",)


async def test_new_settings_that_cannot_be_change_nothing(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SALES, Messenger()) as hub:
        await hub.people.add(Agent(id="zoe", email="zoe@shop.example", departments=("sales",)))
        before = hub.settings
        with pytest.raises(Exception, match=r"zoe@shop\.example"):
            await hub.adopt(_settings(tmp_path, f'{SALES}\n[agents.yan]\nemail = "zoe@shop.example"\n', hub))
        assert hub.settings is before


def _settings(folder: Path, toml: str, hub: Hub) -> Any:
    from openlines.cli.kinds import kinds_of

    document = parse(f'[server]\ndata = "{folder / "data"}"\n\n{toml}', "settings.toml", folder)
    return check(document, kinds_of(hub.loaded))


# -- from the command line --------------------------------------------------------------------------------------


async def test_beside_a_running_hub_it_is_the_hub_that_does_it(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="ol") as short:  # a socket's address must be
        async with hub_of(tmp_path, SALES, Messenger()) as hub:
            control = web.AppRunner(make_control_app(hub), access_log=None)
            await control.setup()
            await listen(control, Path(short))
            try:

                async def ask(what: str, agent: str, **told: Any) -> Any:
                    return await ask_running(
                        Path(short), "POST", "/agents", {"what": what, "agent": agent, "told": told}
                    )

                await ask("add", "zoe", email="zoe@shop.example", departments=["sales"], password="long enough")
                assert hub.policies.line("shop").queue.members == ("anna", "zoe")
                assert await hub.people.authenticate("zoe@shop.example", "long enough")
                with pytest.raises(PeopleError, match="no role 'pilot'"):
                    await ask("change", "zoe", role="pilot")
                with pytest.raises(PeopleError, match="known: add"):
                    await ask("promote", "zoe")
                leave = await ask("leave", "zoe", first="2026-12-24", last="2026-12-26")
                [row] = [each for each in await ask_running(Path(short), "GET", "/agents") if each["id"] == "zoe"]
                assert row["leaves"] == [leave]
                await ask("dismiss", "zoe")
                assert hub.policies.line("shop").queue.members == ("anna",)
                noted = await Audit(hub.database, hub.clock).page()
                assert [each.what for each in noted] == ["agent_changed", "leave_added", "agent_added"]
                assert "long enough" not in str(noted)
            finally:
                await control.cleanup()


def command(folder: Path, *words: str, secret: str = "") -> str:
    file = folder / "settings.toml"
    file.write_text('[departments.sales]\n[roles.lead]\nconversations = "department"\n[agents.anna]\nname = "Anna"\n')
    done = CliRunner().invoke(app, ["agent", *words, "--settings", str(file)], input=secret, env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


def test_people_from_the_command_line(tmp_path: Path) -> None:
    command(tmp_path, "add", "zoe", "--email", "zoe@shop.example", "--role", "lead", "--stdin", secret="long enough\n")
    command(tmp_path, "change", "zoe", "--department", "sales", "--title", "Seller")
    command(tmp_path, "day", "zoe", "start_day")
    assert "until they return" in command(tmp_path, "leave", "anna", "2026-12-24")
    command(tmp_path, "leave", "zoe", "2026-12-24", "2026-12-26")
    calendar = command(tmp_path, "leaves")
    assert "2026-12-26" in calendar
    [leave] = [line.split("│")[2].strip() for line in calendar.splitlines() if "2026-12-26" in line]
    command(tmp_path, "cancel-leave", "zoe", leave)
    assert "2026-12-26" not in command(tmp_path, "leaves")
    command(tmp_path, "dismiss", "zoe")
    listed = command(tmp_path, "list")
    assert "dismissed" in listed
    assert "sales" in listed
    command(tmp_path, "rehire", "zoe")
    assert "dismissed" not in command(tmp_path, "list")
    noted = asyncio.run(_journal(tmp_path))
    assert noted[0] == ("agent_added", "agent:zoe")
    assert ("leave_removed", "agent:zoe") in noted


async def _journal(folder: Path) -> list[tuple[str, str]]:
    from openlines.runtime.clock import SystemClock
    from openlines.runtime.database import Database, in_folder, open_engine

    database = Database(open_engine(in_folder(folder / "data")))
    with contextlib.closing(database):
        rows = await Audit(database, SystemClock()).page(who="(command line)", limit=100)
    return [(row.what, row.target) for row in reversed(rows)]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("dismiss", "anna"), "[agents.anna]"),
        (("dismiss", "nobody"), "no agent 'nobody'"),
        (("leave", "anna", "tomorrow"), "2026-12-24"),
        (("day", "anna", "siesta"), "start_day"),
        (("cancel-leave", "anna", "x"), "no leave"),
    ],
)
def test_what_is_not_possible_is_told(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[agents.anna]\nname = "Anna"\n')
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        done = CliRunner().invoke(app, ["agent", *words, "--settings", str(file)])
    assert done.exit_code == 1
    assert says in done.output + said.getvalue()
