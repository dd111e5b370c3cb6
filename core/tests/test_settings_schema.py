"""The JSON Schema for editors agrees with what the settings really take."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openlines.settings import Kinds
from openlines.settings.schema import schema

from core.tests.settings_samples import KINDS, SHOP

SCHEMA = schema(KINDS)


def complaints(text: str) -> list[str]:
    return [error.json_path for error in Draft202012Validator(SCHEMA).iter_errors(tomllib.loads(text))]


@pytest.mark.parametrize("kinds", [KINDS, Kinds()], ids=["with plugins", "without plugins"])
def test_it_is_a_json_schema(kinds: Kinds) -> None:
    Draft202012Validator.check_schema(schema(kinds))


@pytest.mark.parametrize(
    "text",
    [
        "",
        SHOP,
        '[lines.shop]\nqueue = { idle_time = "2m", members = ["anna"] }\nauto_close.after = 0\nclose.text = ""',
        '[lines.shop.hours]\nholidays = "25.12"\ndays.fri = []',
        '[server]\nmax_file = "20MB"\nport = 80',
        '[store]\nurl = { env = "DB" }',
        '[forms.f]\nfields = ["name", { name = "x", label = "X" }]\nresponsible = "anna"',
        '[canned.sales]\nhi = "Hello"',
        '[channels.loft]\nkind = "pigeon"\nline = ""\ntoken = { file = "loft.token" }\nspeed = 3',
        '[bots.b]\nkind = "parrot"\ntimeout = "5s"\noptions = { 1 = "a", 2 = { text = "b", options.1 = "c" } }',
        '[crm.main]\nkind = "shoebox"',
    ],
)
def test_what_the_settings_take_it_takes(text: str) -> None:
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[line.shop]", "$"),
        ("[lines.shop]\nnam = 1", "$.lines.shop"),
        ('[lines.shop]\nqueue.idle_time = "5 minutes"', "$.lines.shop.queue.idle_time"),
        ('[lines.shop]\nqueue.distribution = "any"', "$.lines.shop.queue.distribution"),
        ('[lines."a b"]', "$.lines"),
        ("[server]\nport = 65536", "$.server.port"),
        ('[channels.loft]\nkind = "telegram"\nline = ""', "$.channels.loft.kind"),
        ('[channels.loft]\nkind = "pigeon"\nline = ""', "$.channels.loft"),
        ('[channels.loft]\nkind = "pigeon"\nline = ""\ntoken = "x"\nsped = 3', "$.channels.loft"),
        ('[channels.loft]\nkind = "pigeon"\nline = ""\ntoken = { envi = "x" }', "$.channels.loft.token"),
        ('[bots.b]\nkind = "parrot"\noptions.1 = { txt = "x" }', "$.bots.b.options['1']"),
    ],
)
def test_what_the_settings_refuse_it_marks(text: str, place: str) -> None:
    assert complaints(text) == [place]


def properties(node: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, list):
        for each in node:
            yield from properties(each, path)
    elif isinstance(node, dict):
        for key, inner in node.items():
            if key == "properties":
                for name, each in inner.items():
                    yield f"{path}.{name}", each
                    yield from properties(each, f"{path}.{name}")
            else:
                yield from properties(inner, f"{path}.{key}")


def test_it_tells_a_reader_what_keys_mean() -> None:
    described = dict(properties(SCHEMA["$defs"]))

    assert described["$.Queue.idle_time"]["description"].endswith("(1m to 12h)")
    assert described["$.Server.port"]["description"] == "0 = any free port."
    pigeon = SCHEMA["properties"]["channels"]["additionalProperties"]["allOf"][0]["then"]
    assert pigeon["properties"]["token"]["description"] == "From the pigeon's breeder."
    assert pigeon["properties"]["line"]["description"].startswith("The line it belongs to")


def test_nothing_in_it_shows_a_default_secret_or_offers_null() -> None:
    text = repr(SCHEMA)

    assert "****" not in text
    assert "'null'" not in text
    assert not [place for place, each in properties(SCHEMA) if each.get("default", 0) is None]
