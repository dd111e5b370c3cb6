"""What a list of conversations is narrowed to, and the same as SQL."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, literal_column

from openlines.runtime.tables import conversations


@dataclass(frozen=True, slots=True)
class Filters:
    """All of these must hold; what is left at its default narrows nothing. Times are half open: from <= at < to."""

    line: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    responsible: tuple[str, ...] | None = None
    """Agents, one of whom is responsible. Empty: nobody fits, as for a department without agents."""
    created_from: float | None = None
    created_to: float | None = None
    closed_from: float | None = None
    closed_to: float | None = None
    rating: tuple[str, ...] = ()
    supervisor_rating: tuple[int, ...] = ()
    late: bool | None = None
    unanswered: bool | None = None
    pinned: bool | None = None
    text: str = ""
    """Words that one of its messages holds."""
    file: str = ""
    """Words in the name of one of its files."""


NOT_NARROWED = Filters()


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """What holds of a row of `conversations`; words are not part of it: the index of texts answers for them."""
    column = conversations.c
    found: list[ColumnElement[bool]] = []
    for several, values in (
        (column.line, filters.line),
        (column.channel, filters.channel),
        (column.status, filters.status),
        (column.rating, filters.rating),
        (column.supervisor_rating, filters.supervisor_rating),
    ):
        if values:
            found.append(several.in_(values))
    # As the partial indexes have it, or they are not used.
    if filters.rating:
        found.append(column.rating != literal_column("''"))
    if filters.supervisor_rating:
        found.append(column.supervisor_rating > literal_column("0"))
    if filters.responsible is not None:
        found.append(column.responsible.in_(filters.responsible))
    for at, start, end in (
        (column.created_at, filters.created_from, filters.created_to),
        (column.closed_at, filters.closed_from, filters.closed_to),
    ):
        if start is not None or end is not None:
            found.append(at > literal_column("0"))  # 0 is "not yet", not 1970
        if start is not None:
            found.append(at >= start)
        if end is not None:
            found.append(at < end)
    for flag, wanted in (
        (column.late, filters.late),
        (column.unanswered, filters.unanswered),
        (column.pinned, filters.pinned),
    ):
        if wanted is not None:
            found.append(flag if wanted else ~flag)
    return found
