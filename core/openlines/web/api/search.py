"""Finding what was said."""

from __future__ import annotations

from openlines.domain.entries import Author, Message, Noted
from openlines.runtime.search import BadCursor, Found
from openlines.runtime.text_index import Span
from openlines.runtime.words import TooManyWords
from openlines.web.api.conversations import narrowed
from openlines.web.endpoint import Call
from openlines.web.problems import invalid
from openlines.web.schemas import FoundOut, PartOut, SearchPage, SearchQuery


async def page(call: Call, query: SearchQuery) -> SearchPage:
    """Messages, notes and file names that hold all of the words, newest first, as far as you may read them."""
    try:
        found = await call.hub.reader.search.page(
            call.agent,
            call.hub.policies.lines,
            query.q,
            where=query.where,
            filters=narrowed(call, query),
            span=Span(query.said_from or 0.0, query.said_to or 0.0),
            cursor=query.cursor,
            limit=query.limit,
        )
    except BadCursor as error:
        raise invalid("cursor", str(error)) from error
    except TooManyWords as error:
        raise invalid("q", str(error)) from error
    return SearchPage(items=[_out(each) for each in found.rows], next=found.next, complete=found.complete)


def _out(found: Found) -> FoundOut:
    summary, said = found.summary, found.said
    match said.entry:
        case Message(author=author):
            pass
        case Noted(by=by):
            author = Author(kind="agent", id=by)
    return FoundOut.model_validate(
        {
            "conversation": summary.number,
            "thread": summary.thread,
            "line": summary.line,
            "channel": summary.channel,
            "status": summary.status,
            "customer_name": summary.customer_name,
            "id": f"{said.partition}.{said.n}",
            "seq": said.n,
            "at": said.at,
            "kind": type(said.entry).__name__,
            "author_kind": author.kind,
            "author_id": author.id,
            "author_name": author.name,
            "excerpt": [PartOut(text=part.text, found=part.found) for part in found.excerpt],
            "files": list(found.files),
        }
    )
