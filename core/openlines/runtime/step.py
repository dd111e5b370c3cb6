"""The step: a batch of events becomes one transaction. It runs whole in the writer's thread.

Fence, load, decide in order, write, commit. New states enter the cache only after the commit; whatever fails before
leaves no trace, and its batch is tried again event by event.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, insert, select, update

from openlines.domain.customer import identity
from openlines.domain.entries import Decision
from openlines.domain.events import (
    AnyEvent,
    CustomerFilled,
    CustomerReceived,
    CustomerWrote,
    Delivered,
    FromPlatform,
    Placed,
    Request,
)
from openlines.domain.messages import Customer
from openlines.domain.seats import Clock
from openlines.domain.state import Thread
from openlines.domain.thread import decide
from openlines.domain.turn import Answered
from openlines.runtime import tables
from openlines.runtime.audit import request_row
from openlines.runtime.drafts import (
    Committed,
    Draft,
    Outcome,
    conversation_row,
    decode_thread,
    encode,
    entry_row,
    message_of,
    thread_row,
)
from openlines.runtime.facts import View, facts_for
from openlines.runtime.recorder import Recorded, Recorder
from openlines.runtime.records import Kept, customer_id, fact_id, involved, partition_of, shown, summarise, thread_id
from openlines.runtime.statements import statements

CACHED_THREADS = 20_000
NUMBERS_AT_ONCE = 50
"""Conversation numbers are taken in blocks; a stop leaves a gap of at most so many."""


class Fenced(Exception):
    """Another node owns the partition now: this one must not write."""


class Input(Struct, frozen=True):
    """An event on its way into the step, with the thread and partition it belongs to."""

    event: AnyEvent
    thread: str
    partition: int


def routed(event: AnyEvent) -> Input:
    """Find the thread and the partition of an event."""
    thread = thread_id(event.channel, event.chat) if isinstance(event, FromPlatform) else event.thread
    return Input(event, thread, partition_of(thread))


class Step:
    """Decides batches on one connection. Not thread-safe: the writer's thread owns it."""

    def __init__(
        self, connection: Connection, view: View, recorder: Recorder | None = None, *, cached: int = CACHED_THREADS
    ) -> None:
        self._connection = connection
        self._view = view
        self._recorder = recorder
        self._cached = cached
        self._cache: OrderedDict[str, Thread] = OrderedDict()
        self._epochs: dict[int, int] = {}
        self._counts: dict[int, int] = {}
        self._numbers = range(0)
        self._empty: set[str] = set()
        """Lines whose empty queue the admins know of."""
        self._forms = 0
        """Forms filled in since the start: whose turn it is. Nothing is lost if it begins anew."""
        self._sql = statements(connection.dialect)
        self._sqlite = connection.dialect.name == "sqlite"
        self._version: int | None = None

    def own(self, epochs: dict[int, int], counts: dict[int, int]) -> None:
        """Take over partitions: from now on this node writes them, under these epochs."""
        self._epochs, self._counts = epochs, counts
        self._version = None
        self._cache.clear()

    def run(self, inputs: Sequence[Input], *, now: float) -> Committed:
        """Decide a batch and commit it. Raises what the store or a rule raises; nothing has happened then."""
        draft = Draft(self._counts.copy(), self._numbers)
        with self._connection.begin():
            self._fence({one.partition for one in inputs})
            self._load(inputs, draft)
            for one in inputs:
                self._decide(one, draft)
            self._write(draft, now)
        self._counts, self._numbers = draft.counts, draft.numbers
        self._empty |= set(_found_empty(draft))
        if self._recorder is not None:
            self._recorder.keep(draft.recorded)
        for thread in draft.done.threads.values():
            self._remember(thread)
        while len(self._cache) > self._cached:  # only now: no batch shall lose what it has loaded
            self._cache.popitem(last=False)
        return draft.done

    def park(self, one: Input, error: str) -> None:
        """Put aside an event that cannot be decided: visible, replayable, out of its neighbours' way."""
        with self._connection.begin():
            self._fence({one.partition})
            row = {
                "partition": one.partition,
                "thread": one.thread,
                "at": one.event.at,
                "event": encode(one.event),
                "error": error[:2000],
            }
            self._connection.execute(insert(tables.parked), row)

    # -- load ---------------------------------------------------------------------------------------------------

    def _fence(self, partitions: Collection[int]) -> None:
        version = None
        if self._sqlite:
            version = self._connection.exec_driver_sql("PRAGMA data_version").scalar()
            if version == self._version:
                return  # nobody else has written since our last look, so nobody has taken over
            partitions = self._epochs  # the next look may be long away: this one must hold for all
        found = {row.partition: row.epoch for row in self._sql.epochs(self._connection, sorted(partitions), lock=True)}
        for partition in partitions:
            epoch, mine = found.get(partition), self._epochs.get(partition)
            if epoch is None or epoch != mine:
                raise Fenced(f"partition {partition} has epoch {epoch} now; this node owned {mine}")
        self._version = version

    def _load(self, inputs: Sequence[Input], draft: Draft) -> None:
        missing = {one.thread for one in inputs if one.thread not in self._cache}
        for (state,) in self._sql.threads(self._connection, missing):
            self._remember(decode_thread(state))
        facts = [
            fact_id(one.thread, key) for one in inputs if one.thread in self._cache for key in _looked_up(one.event)
        ]
        for fact, kind, body in self._sql.facts(self._connection, facts):
            draft.known[fact] = message_of(kind, body)
        asked = [fact_id(one.thread, one.event.request) for one in inputs if isinstance(one.event, Request)]
        for request, result in self._sql.requests(self._connection, asked):
            draft.answered[request] = msgspec.json.decode(result, type=Answered)

    def _remember(self, thread: Thread) -> None:
        self._cache[thread.id] = thread
        self._cache.move_to_end(thread.id)

    # -- decide -------------------------------------------------------------------------------------------------

    def _decide(self, one: Input, draft: Draft) -> None:
        event, done = one.event, draft.done
        external = identity(event) if isinstance(event, FromPlatform) else None
        if external is not None and (earlier := draft.known.get(fact_id(one.thread, external))) is not None:
            done.outcomes.append(Outcome(duplicate=True, message=earlier))
            return
        if isinstance(event, Request):
            if self._being_answered(one.thread, event.request, draft):
                done.outcomes.append(Outcome(duplicate=True))
                return
            known = draft.answered.get(fact_id(one.thread, event.request))
            if known is not None:
                done.answers.append((one.thread, known))
                done.outcomes.append(Outcome(duplicate=True))
                return
        thread = done.threads.get(one.thread) or self._cache.get(one.thread)
        if thread is None:
            if not isinstance(event, FromPlatform):
                if isinstance(event, Request):
                    done.answers.append((one.thread, Answered(event.request, code="not_found", field="conversation")))
                done.outcomes.append(Outcome())  # an outcome for a thread that is gone changes nothing
                return
            thread = _new_thread(one.thread, event)
        self._apply(one, thread, draft)

    def _being_answered(self, thread: str, request: str, draft: Draft) -> bool:
        """Whether the desk is being asked on this very request: whoever repeats it waits for the same answer."""
        held = draft.done.threads.get(thread) or self._cache.get(thread)
        asking = held.open.asking if held is not None and held.open is not None else ()
        return any(request and each.request == request for each in asking)

    def _apply(self, one: Input, thread: Thread, draft: Draft) -> None:
        done = draft.done
        if not draft.numbers:
            draft.numbers = self._take_numbers()
        facts = facts_for(
            one.event,
            thread,
            number=draft.numbers[0],
            received=_received(one.event, thread, draft) if isinstance(one.event, CustomerReceived) else 0,
            form_turn=self._forms,
            empty_known=self._empty_known(draft) if isinstance(one.event, Placed) and not one.event.offered else (),
            view=self._view,
            connection=self._connection,
        )
        self._forms += isinstance(one.event, CustomerFilled)
        policies = self._view.policies
        decided = decide(policies, thread, facts, one.event)
        if self._recorder is not None:
            draft.recorded.append(Recorded(thread.id, policies.revision, one.event, facts))
        after = decided.thread
        if after.conversations > thread.conversations:
            draft.numbers = draft.numbers[1:]
        message = 0
        for told in decided.told:
            external = told.external
            if external is not None:
                fact = fact_id(thread.id, external)
                if fact in draft.known:
                    external = None  # a platform that gives two of our messages one id: the first keeps it
                else:
                    draft.known[fact] = message = getattr(told.entry, "id", 0) or message
            n = draft.counts[one.partition] = draft.counts.get(one.partition, 0) + 1
            done.kept.append(Kept(one.partition, n, thread.id, after.now, told.entry))
            draft.externals.append(external)
        for answered in decided.answers:
            draft.answered[fact_id(thread.id, answered.request)] = answered
            draft.new_answers.append((thread.id, answered))
            done.answers.append((thread.id, answered))
        done.clocks.extend(decided.clocks)
        if isinstance(one.event, Request):
            key = one.event.request
            told_them = next((each for each in decided.answers if each.request == key), None)
            draft.audited.append(request_row(one.event, thread.id, told_them, after.now))
        self._note_summaries(thread, after, draft)
        if thread.customer != after.customer or thread.counter == 0:
            draft.customers[customer_id(after)] = after
        done.seats_before.setdefault(thread.id, thread.seat)
        done.threads[thread.id] = after
        done.outcomes.append(Outcome(message=message))

    def _empty_known(self, draft: Draft) -> set[str]:
        """A queue that has members again is news when it is empty the next time."""
        policies = self._view.policies
        self._empty = {line for line in self._empty if not policies.line(line).queue.members}
        return self._empty.union(_found_empty(draft))

    def _note_summaries(self, before: Thread, after: Thread, draft: Draft) -> None:
        if before.open is after.open and before.last is after.last:
            return
        known = {each.number: each for each in (before.open, before.last) if each is not None}
        for conversation in (after.open, after.last):
            if conversation is None:
                continue
            earlier = known.get(conversation.number)
            if earlier is not None and shown(earlier) == shown(conversation) and before.customer == after.customer:
                continue
            draft.done.summaries[conversation.number] = summarise(after, conversation)
            already = involved(earlier) if earlier is not None else frozenset()
            for agent in involved(conversation) - already:
                draft.involved.add((agent, conversation.number))

    def _take_numbers(self) -> range:
        name = tables.counters.c.name == "conversation"
        taken = self._connection.execute(
            update(tables.counters).where(name).values(value=tables.counters.c.value + NUMBERS_AT_ONCE)
        )
        if not taken.rowcount:
            self._connection.execute(insert(tables.counters), {"name": "conversation", "value": NUMBERS_AT_ONCE})
        last: int = self._connection.execute(select(tables.counters.c.value).where(name)).scalar_one()
        return range(last - NUMBERS_AT_ONCE + 1, last + 1)

    # -- write --------------------------------------------------------------------------------------------------

    def _write(self, draft: Draft, now: float) -> None:
        done = draft.done
        self._sql.put_threads(self._connection, [thread_row(thread) for thread in done.threads.values()])
        self._sql.add_entries(
            self._connection,
            [entry_row(kept, external) for kept, external in zip(done.kept, draft.externals, strict=True)],
        )
        self._sql.put_conversations(
            self._connection, [conversation_row(summary, now) for summary in done.summaries.values()]
        )
        self._sql.put_involved(
            self._connection, [{"agent": agent, "conversation": number} for agent, number in draft.involved]
        )
        self._sql.add_requests(
            self._connection,
            [
                {"id": fact_id(thread, answered.request), "at": now, "result": encode(answered)}
                for thread, answered in draft.new_answers
                if answered.request
            ],
        )
        if draft.audited:
            self._connection.execute(insert(tables.audit), draft.audited)
        self._forget(done)
        self._write_customers(draft)
        self._write_clocks(done.clocks)
        self._write_records(done)

    def _forget(self, done: Committed) -> None:
        """Consent was refused: what forms said goes out of the story too. Rare, so a walk over the thread is fine."""
        refused = {
            kept.thread
            for kept in done.kept
            if isinstance(kept.entry, Decision) and kept.entry.what == "consent_refused"
        }
        if not refused:
            return
        columns = tables.entries.c
        query = select(columns.partition, columns.n, columns.body).where(
            columns.thread.in_(refused), columns.kind == "Decision"
        )
        for partition, n, body in self._connection.execute(query).all():
            told = msgspec.json.decode(body, type=Decision)
            if told.what in ("form_filled", "tracked"):
                self._connection.execute(
                    update(tables.entries)
                    .where(columns.partition == partition, columns.n == n)
                    .values(body=encode(replace(told, fields={})))
                )

    def _write_customers(self, draft: Draft) -> None:
        rows = [
            {"id": customer, "profile": encode(thread.customer), "merged_into": None}
            for customer, thread in draft.customers.items()
        ]
        self._sql.put_customers(self._connection, rows)
        claims = [
            {"kind": f"channel:{thread.channel}", "value": thread.customer.id[:255], "customer": customer}
            for customer, thread in draft.customers.items()
        ]
        self._sql.put_identities(self._connection, claims)

    def _write_clocks(self, clocks: Iterable[Clock]) -> None:
        latest: dict[tuple[str, str], dict[str, Any]] = {}
        for clock in clocks:
            row = latest.setdefault(
                (clock.line, clock.agent),
                {"line": clock.line, "agent": clock.agent, "offered_at": 0.0, "replied_at": 0.0},
            )
            row["offered_at"] = max(row["offered_at"], clock.offered_at)
            row["replied_at"] = max(row["replied_at"], clock.replied_at)
        for row in latest.values():
            known = self._connection.execute(self._sql.clock, {"line": row["line"], "agent": row["agent"]}).first()
            if known is not None:
                row["offered_at"] = max(row["offered_at"], known.offered_at)
                row["replied_at"] = max(row["replied_at"], known.replied_at)
        self._sql.put_clocks(self._connection, list(latest.values()))

    def _write_records(self, done: Committed) -> None:
        rows = []
        for kept in done.kept:
            entry = kept.entry
            if isinstance(entry, Decision) and entry.what == "crm_recorded":
                thread = done.threads[kept.thread]
                conversation = thread.open if thread.open and thread.open.number == entry.conversation else thread.last
                rows.append(
                    {
                        "crm": self._view.policies.line(conversation.line).crm.use if conversation else "",
                        "customer": customer_id(thread),
                        "kind": entry.fields["kind"],
                        "record": entry.fields["record"],
                    }
                )
        self._sql.put_records(self._connection, rows)


# -- inside -----------------------------------------------------------------------------------------------------


def _new_thread(thread: str, event: FromPlatform) -> Thread:
    customer = getattr(event, "customer", None) or Customer(id=event.chat)
    return Thread(
        id=thread,
        channel=event.channel,
        chat=event.chat,
        customer=customer,
        group=isinstance(event, CustomerWrote) and event.group,
    )


def _found_empty(draft: Draft) -> Iterable[str]:
    """The lines of whose empty queue this batch tells."""
    entries = (kept.entry for kept in draft.done.kept)
    return (entry.line for entry in entries if isinstance(entry, Decision) and entry.what == "queue_empty")


def _looked_up(event: AnyEvent) -> Iterable[str]:
    """The identities under which the store may know the event, or what it names."""
    if isinstance(event, CustomerReceived):
        yield f"sent:{event.id}"
    elif isinstance(event, Delivered):
        if event.external:
            yield f"sent:{event.external}"
    elif isinstance(event, FromPlatform) and (external := identity(event)) is not None:
        yield external


def _received(event: CustomerReceived, thread: Thread, draft: Draft) -> int:
    """Our message that a receipt names: by the platform's id of it, or by our own."""
    known = draft.known.get(fact_id(thread.id, f"sent:{event.id}"))
    if known:
        return known
    own = int(event.id) if event.id.isascii() and event.id.isdigit() and len(event.id) < 10 else 0
    return own if own <= thread.counter else 0
