"""Who is the same person: phones, e-mails and names brought to the form in which they are kept and compared."""

from __future__ import annotations

import re
from dataclasses import dataclass

import phonenumbers
from openlines.api import Identity

_UNKEEPABLE = re.compile(r"[\x00\ud800-\udfff]")
"""NUL and lone surrogates: no database keeps them."""


@dataclass(frozen=True, slots=True)
class Person:
    """An `Identity` as the tables keep it."""

    identity: str
    name: str
    phone: str
    email: str
    company: str

    @property
    def known_by(self) -> tuple[tuple[str, str], ...]:
        """Column and value to look for, the surest first."""
        pairs = (("identity", self.identity), ("phone", self.phone), ("email", self.email))
        return tuple((column, value) for column, value in pairs if value)

    @property
    def label(self) -> str:
        """A name for the record, whatever is known."""
        return self.name or self.phone or self.email or self.identity or "?"


def person(who: Identity, country: str) -> Person:
    return Person(
        identity=line(who.identity, 500),
        name=line(who.name, 300),
        phone=phone(who.phone, country),
        email=line(who.email, 320).lower(),
        company=line(who.company, 300),
    )


def phone(written: str, country: str) -> str:
    """In E.164; as it is written where it cannot be read as a number. `country` is for numbers without +."""
    written = line(written, 50)
    number = "+" + written[2:] if written.startswith("00") else written
    try:
        parsed = phonenumbers.parse(number, country or None)
    except phonenumbers.NumberParseException:
        return written
    if not phonenumbers.is_possible_number(parsed):
        return written
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def line(value: str, longest: int) -> str:
    return " ".join(_UNKEEPABLE.sub("", value).split())[:longest]


def lines(value: str) -> str:
    return _UNKEEPABLE.sub("", value)
