"""`openlines schema`: the JSON Schema of `settings.toml`, for editors."""

from __future__ import annotations

import json

import typer

from openlines.cli.kinds import every_installed
from openlines.settings.schema import schema as settings_schema


def schema() -> None:
    """Print the JSON Schema of settings.toml with the installed plugins, so that an editor completes and checks it."""
    typer.echo(json.dumps(settings_schema(every_installed()), ensure_ascii=False, indent=2))
