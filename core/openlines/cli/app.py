"""The command line: one file for each command, put together here."""

from __future__ import annotations

import typer

from openlines.cli import agent
from openlines.cli.check import check
from openlines.cli.demo import demo
from openlines.cli.exits import EPILOG
from openlines.cli.plugins import plugins
from openlines.cli.rehearse import rehearse
from openlines.cli.schema import schema
from openlines.cli.serve import serve

app = typer.Typer(
    name="openlines",
    help="A hub between customers on any messenger and the people, bots and CRM that serve them.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # locals may hold secrets
    rich_markup_mode=None,
)

app.command()(demo)
app.command()(serve)
app.command()(check)
app.command()(rehearse)
app.command()(plugins)
app.add_typer(agent.app, name="agent")
app.command()(schema)
