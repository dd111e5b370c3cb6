"""The agents' screens, under `/console/`. Their sources are in `web/`; this serves what is built of them."""

from openlines.api import App, hookimpl

from openlines_console.app import Console


@hookimpl
def openlines_apps() -> list[type[App]]:
    return [Console]
