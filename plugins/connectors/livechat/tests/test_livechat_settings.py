"""What a deployer may write under a live-chat channel, and when the launcher shows."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from openlines_livechat import LiveChatSettings
from openlines_livechat.hours import Hours
from openlines_livechat.room import Bucket, Full, Limits, Room
from pydantic import ValidationError


def test_nothing_has_to_be_said():
    settings = LiveChatSettings()
    assert (settings.sites, settings.form, settings.side) == ((), (), "right")


def test_a_form_is_a_list_of_names_or_tables():
    form = LiveChatSettings(form=["name", "email", {"name": "order", "label": "Order", "required": True}]).form
    assert [(field.name, field.input, field.required) for field in form] == [
        ("name", "text", True),
        ("email", "email", False),
        ("order", "text", True),
    ]


def test_sites_are_read_as_people_write_them():
    assert LiveChatSettings(sites=["https://Shop.Example/", "*.store.example", "localhost:8000"]).sites == (
        "https://shop.example",
        "*.store.example",
        "localhost:8000",
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"colour": "red"}, "colour"),
        ({"color": "#ff0000"}, "color"),
        ({"sites": ["shop.example/path"]}, "is no site"),
        ({"sites": ["javascript:alert(1)"]}, "is no site"),
        ({"sites": ["a.example; script-src *"]}, "is no site"),
        ({"sites": ["*"]}, "is no site"),
        ({"photo": "http://x.example/a.png"}, "photo"),
        ({"form": ["order"]}, "needs a label"),
        ({"form": ["name", "name"]}, "twice"),
        ({"form": [{"name": "Bad Name", "label": "x"}]}, "name"),
        ({"form": "name"}, "form"),
        ({"form_first": True}, "form_first needs fields"),
        ({"max_file": -1}, "max_file"),
        ({"language": "klingonese language"}, "language"),
        ({"hours": {"timezone": "Europe/Nowhere"}}, "no time zone"),
        ({"hours": {"open": ["9-18"]}}, "no span of hours"),
        ({"hours": {"days": {"mon": ["25:00-26:00"]}}}, "no span of hours"),
        ({"hours": {"days": {"monday": []}}}, "mon"),
        ({"hours": {"open": ["09:00-09:00"]}}, "no span of hours"),
    ],
)
def test_a_mistake_is_named(settings, says):
    with pytest.raises(ValidationError, match=says):
        LiveChatSettings(**settings)


ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize(
    ("local", "open_"),
    [
        ("2026-11-23 08:59", False),
        ("2026-11-23 09:00", True),
        ("2026-11-23 18:29", True),
        ("2026-11-23 18:30", False),
        ("2026-11-27 23:00", True),  # Friday night, until two on Saturday
        ("2026-11-28 01:59", True),
        ("2026-11-28 02:00", False),
        ("2026-11-28 12:00", False),  # Saturday itself is weekend
        ("2026-11-25 12:00", False),  # Wednesdays are closed
    ],
)
def test_hours_are_half_open_spans_of_local_time(local, open_):
    hours = Hours(timezone="Europe/Rome", days={"wed": (), "fri": ("20:00-02:00",)}, weekend=("sat", "sun"))
    at = datetime.fromisoformat(local).replace(tzinfo=ROME).timestamp()
    assert hours.contain(at) is open_


def test_a_bucket_gives_a_burst_and_then_its_rate():
    bucket = Bucket(burst=2, per_second=0.5, now=100)
    assert [bucket.take(100), bucket.take(100)] == [0, 0]
    assert bucket.take(100) == 2
    assert bucket.take(101) == 1
    assert bucket.take(102) == 0
    assert bucket.take(90) == 2  # a clock that runs back gives nothing


class Seat:
    def __init__(self, chat: str, address: str) -> None:
        self.chat = chat
        self.address = address


async def test_one_address_has_a_bound_unless_it_is_the_proxys_own():
    room = Room(Limits(sockets_per_address=1))
    with room.seated(Seat("a", "8.8.8.8")), room.seated(Seat("b", "9.9.9.9")):
        another = room.seated(Seat("c", "8.8.8.8"))
        with pytest.raises(Full, match=r"8\.8\.8\.8"):
            another.__enter__()
    with room.seated(Seat("a", "8.8.8.8")):
        assert len(room) == 1
    with room.seated(Seat("a", "10.0.0.1")), room.seated(Seat("b", "10.0.0.1")), room.seated(Seat("c", "")):
        assert len(room) == 3
    assert len(room) == 0
