"""Make do with what a platform has: buttons become a list, long texts are split, files become links.

Pure: content in, contents out, in the order in which they are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from openlines.api import Capabilities
from openlines.domain.messages import Button, Content, File, Sender


def parts(content: Content, sender: Sender, able: Capabilities, address: Callable[[File], str]) -> tuple[Content, ...]:
    """What to send instead of `content` on a platform that can do `able`. `address` makes a link of a file."""
    text = content.text
    if sender.kind == "agent" and sender.name and not able.sender_names and text:
        text = f"{sender.name}: {text}"
    buttons = content.buttons
    if buttons and not able.buttons:
        text = "\n".join(filter(None, [text, *_as_list(buttons)]))
        buttons = ()
    files = tuple(file for file in content.files if able.files and file.id and file.size <= able.max_file)
    links = [file for file in content.files if file not in files]
    if links:
        text = "\n".join(filter(None, [text, *(f"{file.name}: {file.url or address(file)}" for file in links)]))
    texts = [piece for piece in split(text, able.max_text) if piece] or [""]
    whole = [Content(text=piece) for piece in texts[:-1]]
    return (*whole, replace(content, text=texts[-1], buttons=buttons, files=files))


def split(text: str, limit: int) -> Iterator[str]:
    """Cut a text into pieces of at most `limit` characters, at a paragraph, line or word where there is one."""
    limit = max(1, limit)
    while len(text) > limit:
        cut = next((at for mark in ("\n\n", "\n", " ") if (at := text.rfind(mark, limit // 2, limit)) > 0), limit)
        yield text[:cut].rstrip()
        text = text[cut:].lstrip("\n ") if cut < limit else text[cut:]
    if text:
        yield text


def _as_list(buttons: tuple[Button, ...]) -> list[str]:
    return [f"{place}. {button.label}" for place, button in enumerate(buttons, 1)]
