"""Rehearsals: scenario files played on the real hub, in virtual time, with everybody outside it in memory.

    scenario = read_scenario(path)                # raises ScenarioError with every mistake in the file
    with Theatre(loaded, kinds) as theatre:
        outcome = theatre.play(scenario)          # outcome.passed, outcome.timeline

`format` says what may stand in a file. `stage` is the hub with the clock, `cast` who plays the outside, `actors` what
people do, `expectations` what is looked at.
"""

from openlines.rehearsal.scenario import Scenario, ScenarioError, read_scenario
from openlines.rehearsal.theatre import Line, Outcome, Theatre

__all__ = ["Line", "Outcome", "Scenario", "ScenarioError", "Theatre", "read_scenario"]
