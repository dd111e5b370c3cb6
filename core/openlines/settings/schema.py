"""The JSON Schema of `settings.toml`, plugins' tables included: editors complete and check the file with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from openlines.settings.load import FAMILIES, Kinds
from openlines.settings.models import HEADS, NAMED, SINGLE
from openlines.settings.values import ID

Schema = dict[str, Any]

POINTER: Schema = {
    "description": "A secret kept elsewhere: in an environment variable, or in a file of its own.",
    "anyOf": [
        {"type": "object", "properties": {name: {"type": "string"}}, "required": [name], "additionalProperties": False}
        for name in ("env", "file")
    ],
}


def schema(kinds: Kinds) -> Schema:
    """JSON Schema (2020-12) of a settings file that may name these plugins."""
    plugins = {(table, kind): model for table in HEADS for kind, model in sorted(kinds.of(table).items())}
    core = {name: model for name, model in {**SINGLE, **NAMED, **HEADS}.items() if _is_model(model)}
    models = dict.fromkeys((*core.values(), *plugins.values()))
    refs, defs = models_json_schema([(model, "validation") for model in models], ref_template="#/$defs/{model}")
    found: dict[str, Schema] = {name: _told(definition) for name, definition in defs.get("$defs", {}).items()}

    def definition(model: type[BaseModel]) -> Schema:
        return found[refs[model, "validation"]["$ref"].removeprefix("#/$defs/")]

    own = {model: definition(model) for model in plugins.values()}
    for name in _reachable(own.values(), found):
        found[name] = _with_pointers(found[name])
    tables: Schema = {name: refs[model, "validation"] for name, model in SINGLE.items()}
    for name, model in NAMED.items():
        one = (
            refs[model, "validation"]
            if _is_model(model)
            else {"type": "object", "additionalProperties": {"type": "string"}}
        )
        tables[name] = _by_id(one)
    for table, head in HEADS.items():
        choices = {kind: own[model] for (family, kind), model in plugins.items() if family == table}
        tables[table] = _by_id(_plugin_table(definition(head), FAMILIES[table], choices))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "openlines settings",
        "type": "object",
        "properties": tables,
        "additionalProperties": False,
        "$defs": {**found, "Pointer": POINTER},
    }


def _is_model(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _by_id(one: Schema) -> Schema:
    return {"type": "object", "propertyNames": {"pattern": f"^{ID.pattern}$"}, "additionalProperties": one}


def _plugin_table(head: Schema, family: str, choices: Mapping[str, Schema]) -> Schema:
    """The core's keys, and for each kind the keys of its plugin."""
    kind = {"description": f"Which {family}.", "type": "string", **({"enum": list(choices)} if choices else {})}
    whole = {
        name: {
            "properties": {**own.get("properties", {}), **head["properties"], "kind": {"const": name}},
            "required": [*dict.fromkeys((*head.get("required", ()), *own.get("required", ())))],
            "additionalProperties": own.get("additionalProperties", True),
            **({"description": own["description"]} if "description" in own else {}),
        }
        for name, own in ((name, _with_pointers(own)) for name, own in choices.items())
    }
    cases = [
        {"if": {"properties": {"kind": {"const": name}}, "required": ["kind"]}, "then": then}
        for name, then in whole.items()
    ]
    return {
        "type": "object",
        "properties": {**head["properties"], "kind": kind},
        "required": head.get("required", []),
        **({"allOf": cases} if cases else {}),
    }


def _reachable(starts: Any, found: Mapping[str, Schema]) -> set[str]:
    """The definitions that these schemas use, directly or not."""
    names: set[str] = set()

    def visit(node: Any) -> None:
        match node:
            case {"$ref": str(ref), **rest}:
                name = ref.removeprefix("#/$defs/")
                if name in found and name not in names:
                    names.add(name)
                    visit(found[name])
                visit(rest)
            case dict():
                for inner in node.values():
                    visit(inner)
            case list():
                for inner in node:
                    visit(inner)

    for start in starts:
        visit(start)
    return names


def _walked(node: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """A schema with every schema in it changed, inner ones first; names of properties are not taken for keywords."""
    result: Schema = {}
    for key, value in node.items():
        match value:
            case dict() if key in ("properties", "$defs"):
                result[key] = {name: _walked(inner, change) for name, inner in value.items()}
            case dict() if key not in ("default", "const"):
                result[key] = _walked(value, change)
            case list() if key in ("anyOf", "allOf", "oneOf", "prefixItems"):
                result[key] = [_walked(inner, change) for inner in value]
            case _:
                result[key] = value
    return change(result)


def _told(definition: Schema) -> Schema:
    """Without what says nothing in TOML: null, invented titles, defaults that are whole tables or hidden secrets."""

    def change(node: Schema) -> Schema:
        node = {key: value for key, value in node.items() if key != "title"}
        if node.get("format") == "password" or isinstance(node.get("default"), dict) or node.get("default", "") is None:
            node.pop("default", None)
        if node.get("format") == "password":
            node = {
                **{key: node[key] for key in ("description",) if key in node},
                "anyOf": [{"type": "string"}, _POINT],
            }
        if branches := [branch for branch in node.get("anyOf", []) if branch != {"type": "null"}]:
            rest = {key: value for key, value in node.items() if key != "anyOf"}
            node = {**branches[0], **rest} if len(branches) == 1 else {**rest, "anyOf": branches}
        if comment := node.pop("$comment", ""):
            node["description"] = f"{node['description']} ({comment})" if "description" in node else comment
        return node

    return _walked(definition, change)


_POINT: Schema = {"$ref": "#/$defs/Pointer"}


def _with_pointers(definition: Schema) -> Schema:
    """Any text in a plugin's table may be kept elsewhere."""

    def change(node: Schema) -> Schema:
        if node.get("type") == "string" and "enum" not in node and "const" not in node:
            about: Schema = {key: node[key] for key in ("description", "default") if key in node}
            return {**about, "anyOf": [{key: node[key] for key in node if key not in about}, _POINT]}
        branches = node.get("anyOf", [])
        if any(isinstance(branch, dict) and "anyOf" in branch for branch in branches):
            flat = [inner for branch in branches for inner in branch.get("anyOf", [branch])]
            return {**node, "anyOf": [each for index, each in enumerate(flat) if each not in flat[:index]]}
        return node

    return _walked(definition, change)
