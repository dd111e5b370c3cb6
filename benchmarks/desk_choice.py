"""What one choice of the desk costs: its heap beside a plain look at everybody, same agents, same questions.

    python benchmarks/desk_choice.py [--agents 10000] [--lines 100] [--choices 2000]

Departments are shared between lines. A third of the agents are offline, some are at their limit. Each question is asked
twice of the same line: `pick` as the desk does it, and a scan that compares everybody who qualifies. "with reason" adds
the rules around it and the sentence with its twenty names; "in and out" is the whole way: a Standing is heard, a Placed
comes out, the thread's next Standing is heard.
Times are of this process's CPU.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from random import Random
from time import process_time

from msgspec.structs import replace
from openlines.domain.candidates import Candidates, Member
from openlines.domain.choices import choose
from openlines.domain.desk import Desk
from openlines.domain.people import Agent
from openlines.domain.policy import Distribution, Limit, Line, Policies, Queue
from openlines.domain.seats import Standing
from rich.console import Console
from rich.table import Table


def main() -> None:
    arguments = argparse.ArgumentParser(description="What one choice of the desk costs.")
    arguments.add_argument("--agents", type=int, default=10_000)
    arguments.add_argument("--lines", type=int, default=100)
    arguments.add_argument("--departments", type=int, default=50)
    arguments.add_argument("--choices", type=int, default=2_000)
    options = arguments.parse_args()

    table = Table(title=f"{options.agents} agents, µs per choice (CPU)")
    for column in ("distribution", "lines", "members", "scan", "heap", "times faster", "with reason", "in and out"):
        table.add_column(column, justify="left" if column == "distribution" else "right")
    distributions: tuple[Distribution, ...] = ("evenly", "strictly")
    for distribution in distributions:
        for share in (0.2, 1.0):
            table.add_row(*_row(options, distribution, share))
    Console().print(table)


def _row(options: argparse.Namespace, distribution: Distribution, share: float) -> tuple[str, ...]:
    choices: int = options.choices
    chance = Random(7)
    agents = [f"agent{n}" for n in range(options.agents)]
    size = options.agents // options.departments
    departments = [agents[n * size : (n + 1) * size] for n in range(options.departments)]
    # Lines of everybody: a tenth of them shows the same and takes less memory.
    count = options.lines if share < 1 else max(1, options.lines // 10)
    taken = int(options.departments * share)
    lines = {}
    for n in range(count):
        members = [agent for department in chance.sample(departments, taken) for agent in department]
        queue = Queue(members=tuple(members), distribution=distribution, limit=Limit(max_conversations=3))
        lines[f"line{n}"] = Line(id=f"line{n}", queue=queue)
    desk = Desk(Policies(revision=1, lines=lines, channels={}), epoch=1)
    desk.agents((Agent(id=agent, connected=chance.random() < 2 / 3) for agent in agents), now=0.0)

    now = 1000.0
    conversations = 0

    def place(n: int) -> Standing:
        """A conversation begins to wait, is offered, and the thread says so."""
        nonlocal now, conversations
        now += 0.01
        conversations += 1
        waits = Standing(
            thread=f"thread{conversations}", conversation=conversations, seat=1, partition=0, epoch=1,
            line=f"line{n % count}", wants="more", queued_at=now,
        )  # fmt: skip
        [placed] = desk.stand(waits, now)
        offered = replace(waits, seat=2, counts_as="offered", holders=placed.offered, rung=placed.rung)
        desk.stand(offered, now)
        return offered

    for n in range(options.agents):  # a floor at work: some are at their limit, clocks differ
        place(n)
    candidates = [desk._lines[f"line{n}"] for n in range(count)]  # noqa: SLF001 - measured from inside

    def through(pick: Callable[[Candidates], Member]) -> float:
        start = process_time()
        for n in range(choices):
            line = candidates[n % count]
            line.offered(pick(line), now + n)
        return (process_time() - start) / choices * 1e6

    scanned = min(through(_scan) for _ in range(3))
    picked = min(through(lambda line: line.pick()[0] or _nobody()) for _ in range(3))
    asked = Standing(thread="", conversation=0, seat=0, partition=0, epoch=1, line="", wants="more")
    people = desk._people  # noqa: SLF001 - measured from inside

    def reasoned(line: Candidates) -> Member:
        choice = choose(asked, line, people, now, 1000)
        return line.known(people[choice.offered[0]]) if choice and choice.offered else _nobody()

    explained = min(through(reasoned) for _ in range(3))
    whole = []
    for _ in range(3):
        start = process_time()
        for n in range(choices):
            place(n)
        whole.append((process_time() - start) / choices * 1e6)
    return (
        distribution,
        f"{count}",
        f"{len(candidates[0].members)}",
        f"{scanned:.1f}",
        f"{picked:.1f}",
        f"{scanned / picked:.0f}",
        f"{explained:.1f}",
        f"{min(whole):.1f}",
    )


def _scan(line: Candidates) -> Member:
    able = (member for member in line.members if not member.cause)
    return min(able, key=line.rank)


def _nobody() -> Member:
    raise LookupError("nobody qualifies: too few agents for this many choices, raise --agents")


if __name__ == "__main__":
    main()
