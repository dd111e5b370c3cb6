"""What a platform lacks is made up for: no text is lost, no piece is longer than it may be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from openlines.api import Button, Capabilities, Content, File, Sender
from openlines.runtime.degrade import parts, split

ANNA = Sender(kind="agent", id="anna", name="Anna")
BOT = Sender(kind="bot", id="b")


def address(file: File) -> str:
    return f"https://hub.example/files/{file.id}"


def sent(content: Content, able: Capabilities, sender: Sender = BOT) -> tuple[Content, ...]:
    return parts(content, sender, able, address)


def test_an_agents_name_stands_before_the_text_where_the_platform_shows_none() -> None:
    assert sent(Content(text="Hello"), Capabilities(), ANNA) == (Content(text="Anna: Hello"),)
    assert sent(Content(text="Hello"), Capabilities(sender_names=True), ANNA) == (Content(text="Hello"),)
    assert sent(Content(text="Hello"), Capabilities()) == (Content(text="Hello"),), "a bot has no name to show"


def test_buttons_become_a_list_and_files_become_links() -> None:
    photo = File(name="sofa.jpg", type="image/jpeg", size=9, id="abc")
    content = Content(text="Which?", buttons=(Button("Tea"), Button("Milk", "m")), files=(photo,))
    assert sent(content, Capabilities()) == (
        Content(text="Which?\n1. Tea\n2. Milk\nsofa.jpg: https://hub.example/files/abc"),
    )
    assert sent(content, Capabilities(buttons=True, files=True)) == (content,)
    assert "https://hub.example/files/abc" in sent(content, Capabilities(files=True, max_file=8))[0].text


def test_a_file_held_elsewhere_is_its_own_link() -> None:
    content = Content(files=(File(name="a.pdf", url="https://elsewhere.example/a.pdf"),))
    assert sent(content, Capabilities(files=True)) == (Content(text="a.pdf: https://elsewhere.example/a.pdf"),)


def test_a_long_text_is_cut_where_a_paragraph_ends_and_files_come_with_the_last_piece() -> None:
    photo = File(name="sofa.jpg", size=9, id="abc")
    content = Content(text="First part.\n\nSecond part.", files=(photo,))
    first, second = sent(content, Capabilities(max_text=20, files=True))
    assert first == Content(text="First part.")
    assert second == Content(text="Second part.", files=(photo,))


@given(st.text(alphabet="ab \n", max_size=200), st.integers(-1, 30))
def test_no_piece_is_empty_or_too_long_and_no_letter_is_lost(text: str, limit: int) -> None:
    pieces = list(split(text, limit))
    assert all(len(piece) <= max(1, limit) for piece in pieces)
    letters = str.maketrans("", "", " \n")
    assert "".join(pieces).translate(letters) == text.translate(letters)
    contents = sent(Content(text=text), Capabilities(max_text=limit))
    assert all(content.text for content in contents) or (len(contents) == 1 and not text.strip())
