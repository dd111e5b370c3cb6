"""The hub's figures for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from openlines.domain.entries import Decision, Message
from openlines.runtime.drafts import Committed


class Figures:
    """Counts what commits bring."""

    def __init__(self, registry: CollectorRegistry, queued: Callable[[], int], owed: Callable[[], int]) -> None:
        self._inbound = Counter("openlines_inbound", "Customers' messages stored", ["channel"], registry=registry)
        self._duplicates = Counter("openlines_duplicates", "Facts that were known already", registry=registry)
        self._batch = Histogram(
            "openlines_commit_events",
            "Events per commit",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
            registry=registry,
        )
        self._accept = Histogram(
            "openlines_seconds_to_accept",
            "From the start of a conversation to its first accept",
            buckets=(5, 15, 30, 60, 120, 300, 600, 1800, 3600),
            registry=registry,
        )
        depth = Gauge("openlines_queue_depth", "Events that wait for the writer", registry=registry)
        depth.set_function(queued)
        pending = Gauge("openlines_owed", "Commands whose outcome is not in", registry=registry)
        pending.set_function(owed)

    def committed(self, done: Committed) -> None:
        if done.outcomes:
            self._batch.observe(len(done.outcomes))
        if duplicates := sum(outcome.duplicate for outcome in done.outcomes):
            self._duplicates.inc(duplicates)
        for kept in done.kept:
            entry = kept.entry
            if isinstance(entry, Message):
                if entry.author.kind == "customer":
                    self._inbound.labels(done.threads[kept.thread].channel).inc()
            elif isinstance(entry, Decision) and entry.what == "accepted":
                conversation = done.threads[kept.thread].open
                if conversation is not None and conversation.accepted_at == kept.at:
                    self._accept.observe(kept.at - conversation.created_at)
