"""The rules of openlines as pure functions of state, event and time: no I/O, no clock, no randomness.

Start with `thread.decide`: one exchange with a customer. Then `desk`: who is offered what.
The words are those of the glossary in `docs/reference/glossary.md`.
"""
