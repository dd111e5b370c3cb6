"""Which partitions this node writes, fenced by epochs: a new owner raises the epoch, and an old one's commit fails.

One node owns everything here; a cluster deals partitions out, with the same rows.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, insert, select, update

from openlines.runtime.records import PARTITIONS
from openlines.runtime.tables import entries, partitions


@dataclass(frozen=True, slots=True)
class Owned:
    """What a node has taken over."""

    node: str
    epochs: dict[int, int]
    """By partition."""
    counts: dict[int, int]
    """The last entry's number, by partition."""


def take_all(connection: Connection) -> Owned:
    """Take over every partition, from whoever had it."""
    node = uuid.uuid4().hex
    known = set(connection.execute(select(partitions.c.partition)).scalars())
    missing = [partition for partition in range(PARTITIONS) if partition not in known]
    if missing:
        row = {"epoch": 0, "owner": "", "position": "", "n": 0}
        connection.execute(insert(partitions), [{"partition": partition, **row} for partition in missing])
    connection.execute(update(partitions).values(epoch=partitions.c.epoch + 1, owner=node))
    epochs = {row.partition: row.epoch for row in connection.execute(select(partitions))}
    last = select(func.max(entries.c.n)).where(entries.c.partition == bindparam("partition"))
    counts = {each: connection.execute(last, {"partition": each}).scalar() or 0 for each in epochs}
    return Owned(node, epochs, counts)
