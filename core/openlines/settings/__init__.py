"""`settings.toml`: models, reading with file and line in every error, JSON Schema, and the rules they make.

`load(path, kinds)` gives `Settings` or raises `SettingsError` with every mistake at once;
`policies(settings, revision, connectors)` gives the domain its rules.
"""

from openlines.settings.load import Document, Kinds, check, load, parse, read
from openlines.settings.models import Bot, Channel, Crm, Settings
from openlines.settings.problems import Problem, SettingsError

__all__ = [
    "Bot",
    "Channel",
    "Crm",
    "Document",
    "Kinds",
    "Problem",
    "Settings",
    "SettingsError",
    "check",
    "load",
    "parse",
    "read",
]
