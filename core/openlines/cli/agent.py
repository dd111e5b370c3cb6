"""`openlines agent add | list | password`: people, from the command line, beside a running hub or without one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from openlines.cli.exits import Exit
from openlines.cli.start import DEFAULT_FILE, SettingsFile, fail, prepare
from openlines.domain.people import ROLES, Agent
from openlines.runtime.clock import SystemClock
from openlines.runtime.database import Database, in_folder, migrate, open_engine
from openlines.runtime.people import People, PeopleError, declared
from openlines.settings import Settings
from openlines.web.control import ask_running, described

SHORTEST = 8
"""Characters of a password."""

app = typer.Typer(no_args_is_help=True, help="Agents: add them, list them, set their passwords.")

AgentId = Annotated[str, typer.Argument(help="The agent's id, as in the settings of lines.")]
Stdin = Annotated[bool, typer.Option("--stdin", help="Read the password from standard input instead of asking for it.")]


@app.command("add")
def add(
    id: AgentId,  # noqa: A002 - the word that the settings use
    email: Annotated[str, typer.Option(help="To sign in with.")],
    name: Annotated[str, typer.Option(help="For customers and colleagues.")] = "",
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")] = "agent",
    department: Annotated[list[str] | None, typer.Option(help="May be given several times.")] = None,
    stdin: Stdin = False,
    settings: SettingsFile = DEFAULT_FILE,
) -> None:
    """Add an agent who can sign in at once."""
    if role not in ROLES:
        fail(Exit.SETTINGS, f"there is no role {role!r}; choose one of {', '.join(ROLES)}")
    secret = _ask_password(stdin=stdin)
    agent = Agent(id=id, name=name or id, email=email, role=role, departments=tuple(department or ()))

    async def work(people: People) -> None:
        await people.add(agent)
        await people.set_password(id, secret)

    async def asked(data: Path) -> bool:
        if await ask_running(data, "POST", "/agents", described(agent)) is None:
            return False
        await ask_running(data, "POST", f"/agents/{id}/password", {"password": secret})
        return True

    _run(settings, asked, work)
    typer.echo(f"{id} can sign in with {email}")


@app.command("password")
def password(id: AgentId, stdin: Stdin = False, settings: SettingsFile = DEFAULT_FILE) -> None:  # noqa: A002
    """Give an agent a new password."""
    secret = _ask_password(stdin=stdin)

    async def asked(data: Path) -> bool:
        return await ask_running(data, "POST", f"/agents/{id}/password", {"password": secret}) is not None

    _run(settings, asked, lambda people: people.set_password(id, secret))
    typer.echo(f"{id} has a new password")


@app.command("list")
def list_(settings: SettingsFile = DEFAULT_FILE) -> None:
    """List all agents."""
    rows: list[dict[str, Any]] = []

    async def asked(data: Path) -> bool:
        answer = await ask_running(data, "GET", "/agents")
        rows.extend(answer or [])
        return answer is not None

    async def work(people: People) -> None:
        rows.extend(described(agent) for agent in people.view.values())

    _run(settings, asked, work)
    table = Table("id", "name", "e-mail", "role", "departments", "")
    for row in rows:
        gone = "dismissed" if row["dismissed"] else ""
        table.add_row(row["id"], row["name"], row["email"], row["role"], ", ".join(row["departments"]), gone)
    Console().print(table)


def _run(file: Path, asked: Callable[[Path], Awaitable[bool]], work: Callable[[People], Awaitable[None]]) -> None:
    """Have the running hub do it; without one, open the store."""
    settings, _loaded = prepare(file, lenient=True)

    async def either() -> None:
        if not await asked(Path(settings.server.data)):
            await _with_store(settings, work)

    try:
        asyncio.run(either())
    except PeopleError as error:
        fail(Exit.FAILED, str(error))
    except (SQLAlchemyError, OSError) as error:
        fail(Exit.STORE, f"the store cannot be used: {getattr(error, 'orig', None) or error}")


async def _with_store(settings: Settings, work: Callable[[People], Awaitable[None]]) -> None:
    data = Path(settings.server.data)
    await asyncio.to_thread(data.mkdir, parents=True, exist_ok=True)
    engine = open_engine(settings.store.url.get_secret_value() or in_folder(data))
    await asyncio.to_thread(migrate, engine)
    database = Database(engine)
    people = People(database, SystemClock())
    try:
        await people.load(declared(settings))
        await work(people)
    finally:
        database.close()


def _ask_password(*, stdin: bool) -> str:
    secret = (
        sys.stdin.readline().rstrip("\n")
        if stdin
        else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    if len(secret) < SHORTEST:
        fail(Exit.SETTINGS, f"the password needs at least {SHORTEST} characters")
    return str(secret)
