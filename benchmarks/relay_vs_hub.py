"""What durability, order and a bot cost: the hub beside a bare aiohttp relay, in one run, by CPU time per message.

    ./run bench                     three pairs of rounds, about a minute and a half
    ./run bench --markdown          the same, as a block for the docs
    ./run bench --noise             the relay against another relay: how far figures differ that should not

Server on core 0, load generator and fake platform on core 1. A closed loop of 32 messages tells the rate, then an open
loop at half of it the latency. Sides take turns (A B B A). Only ratios within one run mean anything. A run in which the
generator was short of CPU, or a message was lost, doubled or out of order, gives no result.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from load import Load, Phase
from report import Figures, markdown, percentile, table
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from servers import LOAD_CORE, SERVER_CORE, Hub, Relay, Server, fsync_micros

SIGNED_WITH = "what both sides of the benchmark know"
CHATS = 1000
WARM_UP = 1.5
GENERATOR_LIMIT = 0.85
"""Above this share of its core the generator, not the server, would be what is measured."""


@dataclass
class Side:
    """One of the two that are compared, with what was measured of it."""

    server: Server
    load: Load
    figures: Figures = field(default_factory=Figures)

    async def closed_round(self, seconds: float) -> None:
        before = self.server.cpu
        phase = await self.load.closed_loop(seconds)
        self.figures.cpu.append((self.server.cpu - before) / max(1, phase.answered) * 1e6)
        self.figures.rates.append(phase.rate)
        self._check(phase, "closed loop")

    async def open_round(self, seconds: float) -> None:
        phase = await self.load.open_loop(seconds, percentile(self.figures.rates, 50) / 2)
        self.figures.p50.append(percentile(phase.latencies, 50) * 1e3)
        self.figures.p99.append(percentile(phase.latencies, 99) * 1e3)
        self.figures.late.append(percentile(phase.lateness, 99) * 1e3)
        self._check(phase, "open loop")

    def _check(self, phase: Phase, what: str) -> None:
        self.figures.memory = max(self.figures.memory, self.server.memory)
        self.figures.generator = max(self.figures.generator, phase.generator)
        self.figures.messages += phase.sent
        if not phase.sound:
            raise SystemExit(
                f"no result: {self.server.name}, {what}: {phase.answered} of {phase.sent} answered, {phase.refused} "
                f"refused, {phase.duplicates} doubled, {phase.misplaced} out of order. Its log ends:\n"
                f"{self.server.log_tail()}"
            )
        if phase.generator > GENERATOR_LIMIT:
            raise SystemExit(
                f"no result: {self.server.name}, {what}: the generator used {phase.generator:.0%} of its core "
                f"(limit {GENERATOR_LIMIT:.0%}), so it and not the server was measured. Is the machine busy?"
            )


async def measure(options: argparse.Namespace, folder: Path, progress: Progress) -> list[Side]:
    async with AsyncExitStack() as stack:
        loads = [await stack.enter_async_context(Load(CHATS, SIGNED_WITH)) for _ in range(2)]
        targets = [await load.listen() for load in loads]
        first = stack.enter_context(Relay(targets[0], folder))
        second: Server = stack.enter_context(
            Relay(targets[1], folder, name="relay again") if options.noise else Hub(targets[1], folder, SIGNED_WITH)
        )
        sides = [Side(first, loads[0]), Side(second, loads[1])]
        turns = [side for n in range(options.pairs) for side in (sides if n % 2 == 0 else sides[::-1])]
        bar = progress.add_task("", total=2 + len(turns) + 4)

        def step(what: str, side: Side) -> None:
            progress.update(bar, advance=1, description=f"{what}: {side.server.name}", refresh=True)

        for side in sides:
            side.server.wait_until_ready()
            await side.load.aim(side.server.hook)
            step("warming up", side)
            if not (phase := await side.load.everyone_once()).sound:
                raise SystemExit(f"no result: warming up {side.server.name}: {phase}\n{side.server.log_tail()}")
            await side.load.closed_loop(WARM_UP)
        for side in turns:
            step("rate", side)
            await side.closed_round(options.seconds)
        for side in [*sides, *sides[::-1]]:
            step("latency", side)
            await side.open_round(options.seconds)
        for side in sides:
            side.server.stop()
        if isinstance(second, Hub):
            check_store(second, sides[1].load.sent)
        return sides


def check_store(hub: Hub, sent: int) -> None:
    """What was sent must be there, with its answer, once."""
    written, answered = hub.stored()
    if (written, answered) != (sent, sent):
        raise SystemExit(f"no result: {sent} messages sent, the hub's store holds {written} and {answered} answers")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pairs", type=int, default=3, choices=range(1, 21), metavar="1-20", help="pairs of rounds")
    options.add_argument("--seconds", type=float, default=4.0, help="of one round, 1 to 60")
    options.add_argument("--noise", action="store_true", help="measure the relay against another relay")
    options.add_argument("--markdown", action="store_true", help="print a block for the docs")
    chosen = options.parse_args()
    if not 1 <= chosen.seconds <= 60:
        options.error("--seconds must be from 1 to 60")
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        options.error(f"cores {SERVER_CORE} and {LOAD_CORE} are needed: one for the server, one for the load")
    console = Console(stderr=chosen.markdown)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with tempfile.TemporaryDirectory(prefix="openlines-bench-") as name:
        folder = Path(name)
        disk = fsync_micros(folder)
        os.sched_setaffinity(0, {LOAD_CORE})
        # Painted between rounds only: it runs on the generator's core.
        with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
            sides = asyncio.run(measure(chosen, folder, progress))
    named = [(side.server.name, side.server.durability, side.figures) for side in sides]
    if chosen.markdown:
        print(markdown(named, disk))
    else:
        console.print(table(named, disk))


if __name__ == "__main__":
    main()
