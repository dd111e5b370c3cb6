"""The agents of a story: what they ask for, and whether it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openlines.domain.events import (
    Accept,
    Decline,
    Finish,
    Intercept,
    Invite,
    Leave,
    MarkSpam,
    Note,
    Pin,
    Rate,
    RefuseConsent,
    Reply,
    Request,
    Return,
    SaveToCrm,
    Transfer,
)
from openlines.domain.messages import Content

if TYPE_CHECKING:
    from core.tests.story import Story


class Staff:
    """One agent. Every method asks for something and expects it to be done, or `refused` with a code."""

    def __init__(self, story: Story, name: str) -> None:
        self._story, self._name = story, name

    def accepts(self, refused: str = "") -> Story:
        return self.asks(Accept, refused)

    def declines(self, refused: str = "") -> Story:
        return self.asks(Decline, refused)

    def returns(self, refused: str = "") -> Story:
        return self.asks(Return, refused)

    def says(self, text: str, refused: str = "") -> Story:
        return self.asks(Reply, refused, content=Content(text=text))

    def notes(self, text: str, refused: str = "", *, mentions: tuple[str, ...] = ()) -> Story:
        return self.asks(Note, refused, content=Content(text=text), mentions=mentions)

    def transfers(self, to: str, refused: str = "") -> Story:
        return self.asks(Transfer, refused, to=to)

    def invites(self, agent: str, refused: str = "") -> Story:
        return self.asks(Invite, refused, agent=agent)

    def leaves(self, refused: str = "") -> Story:
        return self.asks(Leave, refused)

    def intercepts(self, refused: str = "") -> Story:
        return self.asks(Intercept, refused)

    def pins(self, refused: str = "") -> Story:
        return self.asks(Pin, refused)

    def unpins(self, refused: str = "") -> Story:
        return self.asks(Pin, refused, on=False)

    def spams(self, refused: str = "") -> Story:
        return self.asks(MarkSpam, refused)

    def finishes(self, refused: str = "", *, solved: bool = True, confirmed: bool = False) -> Story:
        return self.asks(Finish, refused, solved=solved, confirmed=confirmed)

    def rates(self, score: int, comment: str = "", refused: str = "", *, conversation: int = 0) -> Story:
        return self.asks(Rate, refused, score=score, comment=comment, conversation=conversation)

    def refuses_consent(self, refused: str = "", *, conversation: int = 0) -> Story:
        return self.asks(RefuseConsent, refused, conversation=conversation)

    def saves_to_crm(self, refused: str = "", *, conversation: int = 0) -> Story:
        return self.asks(SaveToCrm, refused, conversation=conversation)

    def asks(self, kind: type[Request], refused: str, **fields: Any) -> Story:
        story = self._story
        key = story.key()
        story.happens(kind(thread="t", by=self._name, request=key, **fields))  # type: ignore[arg-type]
        answered = story.answers.get(key)
        assert answered is not None, f"{kind.__name__} of {self._name} was not answered"
        assert answered.code == refused, f"{kind.__name__} of {self._name}: {answered.code!r}, not {refused!r}"
        return story
