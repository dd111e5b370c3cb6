"""How the configured plugins are."""

from __future__ import annotations

from openlines.web.endpoint import Call
from openlines.web.hub import Hub
from openlines.web.schemas import PluginList, PluginOut


async def show(call: Call) -> PluginList:
    """Every channel, bot and CRM with its state."""
    return states(call.hub)


def states(hub: Hub) -> PluginList:
    return PluginList(items=[PluginOut.model_validate(dict(state)) for state in hub.supervisor.states()])
