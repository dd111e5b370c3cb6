"""How a hub does its work: in threads beside the loop, or all of it on the loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import argon2
from sqlalchemy import Engine

from openlines.runtime.database import Database
from openlines.runtime.router import Router


@dataclass(frozen=True, slots=True)
class Workings:
    """As given: what a server needs. `inline` has what a rehearsal needs."""

    database: Callable[[Engine], Database] = Database
    router: type[Router] = Router
    hasher: argon2.PasswordHasher = field(default_factory=argon2.PasswordHasher)
    housekeeping: bool = True
    """Look into the store for deadlines that come near, empty its log, save who was seen. Without it every deadline
    is kept in mind from the start, so that time may jump from one to the next."""


IN_THREADS = Workings()
