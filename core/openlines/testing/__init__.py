"""Fakes for those who test a plugin: a link without a hub, a clock that stands still, a service that obeys."""

from openlines.testing.clock import VirtualClock
from openlines.testing.crm import RehearsedCrm
from openlines.testing.link import Logged, MemoryLink
from openlines.testing.messenger import RehearsedConnector, RehearsedMessenger
from openlines.testing.served import served
from openlines.testing.service import Asked, FakeService

__all__ = [
    "Asked",
    "FakeService",
    "Logged",
    "MemoryLink",
    "RehearsedConnector",
    "RehearsedCrm",
    "RehearsedMessenger",
    "VirtualClock",
    "served",
]
