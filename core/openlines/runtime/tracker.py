"""The chat tracker's eye (2.9.3): the phone and the e-mail in what a customer writes. Pure."""

from __future__ import annotations

import re

LOOKED_AT = 2_000
"""Characters of a message; who they are people say at its beginning."""
TRIES = 20
"""Runs of digits that are read as numbers: a message made of nothing else must not hold up the others."""

_EMAIL = re.compile(
    r"(?<![\w.+%-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])"
)
_DIGITS = re.compile(r"(?:\d\D{0,3}){7}")
"""Fewer are no phone: not worth a look."""


def contacts_in(text: str, language: str) -> tuple[str, str]:
    """The first phone, in E.164, and the first e-mail, in lower case; "" = none.

    A number without + is one only where the line's language names a region ("it-IT"), and as it would be dialled there.
    """
    looked_at = text[:LOOKED_AT]
    email = _EMAIL.search(looked_at) if "@" in looked_at else None
    return _phone(looked_at, language), email[0].lower() if email else ""


def _phone(text: str, language: str) -> str:
    if not _DIGITS.search(text) or ("+" not in text and "-" not in language):
        return ""
    import phonenumbers  # here, because it costs 0.1 s and not every hub's customers leave numbers

    region = language.rpartition("-")[2].upper()
    known = region if "-" in language and region in phonenumbers.SUPPORTED_REGIONS else None
    for match in phonenumbers.PhoneNumberMatcher(text, known, max_tries=TRIES):
        return str(phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164))
    return ""
