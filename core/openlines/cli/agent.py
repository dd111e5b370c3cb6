"""`openlines agent`: people, from the command line, beside a running hub or without one."""

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
from openlines.runtime.audit import Audit
from openlines.runtime.clock import SystemClock
from openlines.runtime.database import Database, in_folder, migrate, open_engine
from openlines.runtime.organisation import organisation
from openlines.runtime.people import People, PeopleError, declared
from openlines.runtime.staffing import DAYS, overview, perform
from openlines.settings import Settings
from openlines.web.control import ask_running

SHORTEST = 8
"""Characters of a password."""

app = typer.Typer(no_args_is_help=True, help="Agents: who they are, their passwords, their working time and leave.")

AgentId = Annotated[str, typer.Argument(help="The agent's id, as in the settings of lines.")]
Stdin = Annotated[bool, typer.Option("--stdin", help="Read the password from standard input instead of asking for it.")]
Departments = Annotated[list[str] | None, typer.Option("--department", help="May be given several times.")]
Role = Annotated[str, typer.Option(help="admin, supervisor, agent, or one of the settings' [roles].")]


@app.command("add")
def add(
    id: AgentId,
    email: Annotated[str, typer.Option(help="To sign in with.")],
    name: Annotated[str, typer.Option(help="For customers and colleagues.")] = "",
    role: Role = "agent",
    department: Departments = None,
    stdin: Stdin = False,
    settings: SettingsFile = DEFAULT_FILE,
) -> None:
    """Add an agent who can sign in at once."""
    secret = _ask_password(stdin=stdin)
    told = {"name": name or id, "email": email, "role": role, "departments": department or [], "password": secret}
    _do(settings, "add", id, told)
    typer.echo(f"{id} can sign in with {email}")


@app.command("change")
def change(
    id: AgentId,
    email: Annotated[str | None, typer.Option(help="To sign in with.")] = None,
    name: Annotated[str | None, typer.Option(help="For customers and colleagues.")] = None,
    role: Annotated[str | None, typer.Option(help="admin, supervisor, agent, or one of the settings' [roles].")] = None,
    department: Departments = None,
    title: Annotated[str | None, typer.Option(help='As in "Sales manager".')] = None,
    no_department: Annotated[bool, typer.Option("--no-department", help="Take them out of all departments.")] = False,
    settings: SettingsFile = DEFAULT_FILE,
) -> None:
    """Change an agent; what is not given stays. Departments given replace the ones they are in."""
    departments = [] if no_department else department
    told = {"name": name, "email": email, "role": role, "departments": departments, "title": title}
    _do(settings, "change", id, {key: value for key, value in told.items() if value is not None})
    typer.echo(f"{id} is changed")


@app.command("password")
def password(id: AgentId, stdin: Stdin = False, settings: SettingsFile = DEFAULT_FILE) -> None:
    """Give an agent a new password; they are signed out everywhere."""
    _do(settings, "password", id, {"password": _ask_password(stdin=stdin)})
    typer.echo(f"{id} has a new password")


@app.command("dismiss")
def dismiss(id: AgentId, settings: SettingsFile = DEFAULT_FILE) -> None:
    """Dismiss an agent: their conversations go back to the queue, and they can no longer sign in."""
    _do(settings, "dismiss", id)
    typer.echo(f"{id} is dismissed")


@app.command("rehire")
def rehire(id: AgentId, settings: SettingsFile = DEFAULT_FILE) -> None:
    """Take a dismissed agent on again, with their old password."""
    _do(settings, "rehire", id)
    typer.echo(f"{id} is back")


@app.command("day")
def day(
    id: AgentId,
    state: Annotated[str, typer.Argument(help=f"One of {', '.join(DAYS)}.")],
    settings: SettingsFile = DEFAULT_FILE,
) -> None:
    """Begin, end or pause an agent's working day; or their leave, which begins today and lasts until `return`."""
    _do(settings, "day", id, {"state": state})
    typer.echo(f"{id}: {state}")


@app.command("leave")
def leave(
    id: AgentId,
    first: Annotated[str, typer.Argument(help="First day off, as in 2026-12-24.")],
    last: Annotated[str, typer.Argument(help="Last day off; left out: until they return.")] = "",
    settings: SettingsFile = DEFAULT_FILE,
) -> None:
    """Put days off into an agent's calendar."""
    answer = _do(settings, "leave", id, {"first": first, "last": last})
    typer.echo(f"{id} is on leave from {first} {f'to {last}' if last else 'until they return'} (leave {answer['id']})")


@app.command("cancel-leave")
def cancel_leave(
    id: AgentId,
    leave: Annotated[str, typer.Argument(help="The leave's id, as `openlines agent leaves` shows it.")],
    settings: SettingsFile = DEFAULT_FILE,
) -> None:
    """Take days off out of an agent's calendar."""
    _do(settings, "cancel", id, {"leave": leave})
    typer.echo(f"{id}: leave {leave} is cancelled")


@app.command("leaves")
def leaves(settings: SettingsFile = DEFAULT_FILE) -> None:
    """List the leave calendars of all agents."""
    table = Table("agent", "leave", "first day off", "last day off")
    for row in _everybody(settings):
        for each in row["leaves"]:
            table.add_row(row["id"], each["id"], each["first"], each["last"] or "until they return")
    Console().print(table)


@app.command("list")
def list_(settings: SettingsFile = DEFAULT_FILE) -> None:
    """List all agents."""
    table = Table("id", "name", "e-mail", "role", "departments", "")
    for row in _everybody(settings):
        state = "dismissed" if row["dismissed"] else "on leave" if row["on_leave"] else ""
        table.add_row(row["id"], row["name"], row["email"], row["role"], ", ".join(row["departments"]), state)
    Console().print(table)


def _do(file: Path, what: str, agent: str, told: dict[str, Any] | None = None) -> dict[str, Any]:
    """Change something about an agent; ends the command with the reason where that is not possible."""
    body = {"what": what, "agent": agent, "told": told or {}}

    async def asked(data: Path) -> Any:
        return await ask_running(data, "POST", "/agents", body)

    async def work(people: People, audit: Audit) -> Any:
        return await perform(people, audit, what, agent, told or {})

    return dict(_run(file, asked, work))


def _everybody(file: Path) -> list[dict[str, Any]]:
    async def asked(data: Path) -> Any:
        return await ask_running(data, "GET", "/agents")

    async def work(people: People, _audit: Audit) -> Any:
        return overview(people)

    return list(_run(file, asked, work))


def _run(file: Path, asked: Callable[[Path], Awaitable[Any]], work: Callable[[People, Audit], Awaitable[Any]]) -> Any:
    """Have the running hub do it; without one, open the store."""
    settings, _loaded = prepare(file, lenient=True)

    async def either() -> Any:
        answer = await asked(Path(settings.server.data))
        return await _with_store(settings, work) if answer is None else answer

    try:
        return asyncio.run(either())
    except PeopleError as error:
        fail(Exit.FAILED, str(error))
    except (SQLAlchemyError, OSError) as error:
        fail(Exit.STORE, f"the store cannot be used: {getattr(error, 'orig', None) or error}")


async def _with_store(settings: Settings, work: Callable[[People, Audit], Awaitable[Any]]) -> Any:
    data = Path(settings.server.data)
    await asyncio.to_thread(data.mkdir, parents=True, exist_ok=True)
    engine = open_engine(settings.store.url.get_secret_value() or in_folder(data))
    await asyncio.to_thread(migrate, engine)
    database, clock = Database(engine), SystemClock()
    people = People(database, clock)
    try:
        await people.load(declared(settings), organisation(settings))
        return await work(people, Audit(database, clock))
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
