"""Writes what the reference says of the code, from the code: `python docs/make_reference.py`.

`reference/settings.md` and `reference/events.md` are made whole; in `reference/http.md` the part between the marks; in
the guides the code below `<!-- from ... -->`. A test compares; run this when it fails.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeGuard, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from openlines.cli.kinds import every_installed
from openlines.domain import commands, entries, events, messages
from openlines.domain.people import ROLES
from openlines.settings import hours, models, values
from openlines.settings.values import Lasts, Weighs
from openlines.web.api import ROUTES
from openlines.web.endpoint import PREFIX
from pydantic import AfterValidator, BaseModel, SecretStr
from pydantic.fields import FieldInfo

DOCS = Path(__file__).parent
REFERENCE = DOCS / "reference"
BEGIN, END = "<!-- made by make_reference.py -->", "<!-- end -->"
FROM = re.compile(r"<!-- from (?P<file>\S+) -->\n```python\n(?:(?!```).*\n)*```$", re.MULTILINE)

UNREAD: Mapping[str, str] = {
    "bus": r"settings\.bus\b",
    "mail": r"settings\.mail\b",
    "canned": r"policies\.canned\b",
    "lines.canned": r"line\.canned\b",
}
"""What a settings file may say already and no part of the hub reads yet, each with what reading it would look like."""


def pages() -> Iterator[tuple[Path, str]]:
    """Every page that is made, and what it should say."""
    yield REFERENCE / "settings.md", settings_page()
    yield REFERENCE / "events.md", events_page()
    http = REFERENCE / "http.md"
    before, _, rest = http.read_text(encoding="utf-8").partition(BEGIN)
    yield http, f"{before}{BEGIN}\n{staff_calls()}{END}{rest.partition(END)[2]}"
    for guide in sorted(DOCS.glob("*.md")):
        yield guide, FROM.sub(quoted, guide.read_text(encoding="utf-8"))


def quoted(place: re.Match[str]) -> str:
    """The file that a guide shows, as it is now."""
    code = (DOCS / place["file"]).read_text(encoding="utf-8")
    return f"<!-- from {place['file']} -->\n```python\n{code}```"


# -- settings ---------------------------------------------------------------------------------------------------

SETTINGS = """# Settings

Every table and key of `settings.toml`. This page is made from the models that validate the file.

- A key left out has the default shown; *required* means that there is none. Unknown tables and keys are errors.
- A **duration** is a number of seconds, or a text with a unit: `"90s"` `"5m"` `"1h"` `"1d"` `"1w"`.
  A **size** is a number of bytes, or `"512KB"` `"20MB"` `"1GB"`.
- An **id** (`<id>` below) is letters, digits, `_`, `-` and `.` after the first character; at most 64.
- A **secret** may be kept elsewhere: `{ env = "NAME" }` reads an environment variable, `{ file = "path" }` a file
  beside the settings. In `[server]`, `[store]`, `[bus]`, `[mail]` and in plugins' tables every text may be.
- Paths are relative to the settings file.
- † = the file may say it already, and no part of this version acts on it.

`openlines check` tells every mistake with its line. `openlines schema` prints all this as JSON Schema for editors.

"""

TITLES = {"lines": "id", "forms": "id", "canned": "list", "agents": "id", "departments": "id", "roles": "id"}
FAMILIES = {"channels": "connector", "bots": "bot", "crm": "CRM"}


def settings_page() -> str:
    parts = [SETTINGS]
    for name, model in models.SINGLE.items():
        parts += table(name, name, model)
    for name, model in models.NAMED.items():
        if name == "canned":
            parts.append(
                f'## `[canned.<list>]`{mark(name)}\n\nA list of canned responses: `shortcut = "text"`. A shortcut has'
                " up to 50 characters without a space or a slash, and is none of the composer's own commands"
                f" ({', '.join(models.COMMANDS)}). A text has 1 to 100000 characters.\n\n"
            )
        else:
            parts += table(f"{name}.<{TITLES[name]}>", name, model)
    kinds = every_installed()
    for name, head in models.HEADS.items():
        parts += table(f"{name}.<id>", name, head)
        parts.append(f"Besides these, each {FAMILIES[name]} has keys of its own. Those of the built-in ones:\n\n")
        for kind, own in sorted(kinds.of(name).items()):
            if own.__module__.startswith("openlines_"):
                parts += table(f"{name}.<id>", f"{name}:{kind}", own, kind=kind)
    return "".join(parts).rstrip() + "\n"


def table(heading: str, path: str, model: type[BaseModel], kind: str = "") -> list[str]:
    """A table's own keys, then the tables in it."""
    level = "###" if kind or heading.count(".") > 1 else "##"
    name = f'`[{heading}]` where `kind = "{kind}"`' if kind else f"`[{heading}]`"
    inner: list[str] = []
    for key, field in model.model_fields.items():
        if is_model(nested := field.annotation):
            inner += table(f"{heading}.{key}", f"{path}.{key}", nested, kind)
        else:
            inner += [
                f"Of `{key}` in `[{heading}]`, each may have:\n\n{keys(one, '')}" for one in models_in(field.annotation)
            ]
    about = inspect.cleandoc(model.__doc__ or "")
    told = [about] if about else []
    if path == "roles":
        told.append(f"Built in: {'; '.join(f'`{role}` ({reach(rights)})' for role, rights in ROLES.items())}.")
    text = f"{level} {name}{mark(path, inherited=True)}\n\n" + "".join(f"{each}\n\n" for each in told)
    return [text + keys(model, path), *inner]


def keys(model: type[BaseModel], path: str) -> str:
    """The rows of one table, those left out that are tables themselves."""
    rows = []
    for key, field in model.model_fields.items():
        if not is_model(field.annotation):
            meaning = " ".join((field.description or "").split()).replace("<", "&lt;")
            value = described(field.annotation, field.metadata)
            rows.append(f"| `{key}`{mark(f'{path}.{key}')} | {value} | {default(field)} | {meaning} |\n")
    return "| Key | Value | Default | Meaning |\n|---|---|---|---|\n" + "".join(rows) + "\n" if rows else ""


def is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models of a list's or a table's values."""
    if is_model(annotation):
        return [annotation]
    return [model for inner in get_args(annotation) for model in models_in(inner)]


def mark(path: str, *, inherited: bool = False) -> str:
    parts = path.split(".")
    above = [".".join(parts[:length]) for length in range(1, len(parts) + 1)] if inherited else [path]
    return " †" if any(each in UNREAD for each in above) else ""


def reach(rights: Mapping[str, str]) -> str:
    """What a role may, levels first."""
    levels: dict[str, list[str]] = {}
    for right, level in rights.items():
        levels.setdefault(level, []).append(right)
    return "; ".join(f"{level}: {', '.join(named)}" for level, named in levels.items())


IDS = {
    values.BotName: "an id under `[bots]`",
    values.CrmName: "an id under `[crm]`",
    values.FormName: "an id under `[forms]`",
    values.LineName: "an id under `[lines]`",
    values.CannedName: "a list under `[canned]`",
    values.AgentName: "an agent's id",
    values.DepartmentName: "an id under `[departments]`",
    values.AppName: "an installed web screen",
    values.RoleName: "a role: built in or under `[roles]`",
    values.Member: "an agent's id or `department:<id>`",
    values.Zone: "IANA time zone",
    values.Language: "BCP 47 tag",
    values.Country: "ISO 3166 code",
    values.WebAddress: "web address",
    values.Email: "e-mail address",
    models.Folder: "folder",
    Annotated[str, AfterValidator(hours._span)]: "span `HH:MM-HH:MM`",  # noqa: SLF001  no public name for it
}
BY_CHECK = {get_args(alias)[1].func: words for alias, words in IDS.items()}


def described(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """What a value may be, in words."""
    known = list(metadata)
    if get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        known = [*more, *known]
    for one in known:
        if isinstance(one, Lasts):
            return f"duration: {one.range}" if one.most or one.least != "0s" else "duration"
        if isinstance(one, Weighs):
            return f"size: {one.least} to {one.most}"
        if isinstance(one, AfterValidator) and one.func in BY_CHECK:
            return BY_CHECK[one.func]
        if isinstance(one, AfterValidator) and "example" in (told := inspect.getclosurevars(one.func).nonlocals):
            return f"secret: {told['example'].replace(' or', ',')}"
    return of_type(annotation) + bounds(flat(known))


def of_type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{json.dumps(choice)}`" for choice in inner)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(described(one) for one in inner if one is not NoneType))
    if origin is tuple:
        return f"list of: {described(inner[0])}"
    if origin is not None and issubclass(origin, Mapping):
        return f"table of: {described(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "{ " + ", ".join(annotation.model_fields) + " }"
    return {str: "text", int: "whole number", float: "number", bool: "`true`, `false`", SecretStr: "secret"}[annotation]


def flat(metadata: Iterable[Any]) -> Iterator[Any]:
    """Constraints, those inside of `Field(...)` too."""
    for one in metadata:
        if isinstance(one, FieldInfo):
            yield from one.metadata
        else:
            yield one


def bounds(metadata: Iterable[Any]) -> str:
    least = most = ""
    unit, pattern = "", ""
    for one in metadata:
        match one:
            case Ge(ge=number) | MinLen(min_length=number):
                least = f"{number}"
            case Gt(gt=number):
                least = f"more than {number}"
            case Le(le=number) | MaxLen(max_length=number):
                most = f"{number}"
            case Lt(lt=number):
                most = f"less than {number}"
            case object(pattern=str(pattern)):
                pass
            case _:
                continue
        if isinstance(one, MinLen | MaxLen):
            unit = " long"
    shape = f", like `{pattern}`" if pattern else ""
    if not (least or most):
        return shape.replace("|", "\\|")
    span = f"{least} to {most}" if least and most else f"at most {most}" if most else f"at least {least}"
    return f", {span}{unit}{shape}".replace("|", "\\|")


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "*required*"
    value = field.get_default(call_default_factory=True)
    for one in field.metadata:
        if isinstance(one, Lasts) and value:
            return f'`"{in_units(value, values.UNITS)}"`'
        if isinstance(one, Weighs) and value:
            return f'`"{in_units(value, values.SIZES)}"`'
    if value is None:
        return "–"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, Mapping):
        return "–" if not value else f"`{json.dumps(dict(value))}`"
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)}`"


def in_units(amount: int, units: Mapping[str, int]) -> str:
    """The amount in the largest unit that takes it whole."""
    unit = max((unit for unit in units if amount % units[unit] == 0), key=units.__getitem__, default="")
    return f"{amount // units[unit]}{unit}" if unit else str(amount)


# -- events, commands, entries ----------------------------------------------------------------------------------

EVENTS = """# Events, commands, entries

What happens (events), what is owed (commands), what is told (entries). This page is made from the structs in
[events.py](../../core/openlines/domain/events.py), [commands.py](../../core/openlines/domain/commands.py),
[entries.py](../../core/openlines/domain/entries.py) and [messages.py](../../core/openlines/domain/messages.py).

All of them are frozen `msgspec.Struct`s. As JSON a struct is an object with its class's name as `type`, and fields that
have their default are left out. Every event has `at`, the moment it reached the hub, in seconds since the epoch; what
has no other unit is in seconds too. New fields always have a default, so that what was written yesterday can be read.
What each event does in each status is in [conversation.md](conversation.md).

"""

SECTIONS: tuple[tuple[str, str, Any, Any], ...] = (
    ("Events from a platform", "A connector hands them to `link.receive`.", events.FromPlatform, events.Incoming),
    ("Events from staff", "The staff API makes them; each is answered, or refused with a code.",
     events.Request, events.Asked),
    ("Outcomes", "The performer reports what became of a command.", events.Outcome, events.Outcomes),
    ("Time, desk and people", "The hub tells itself.", None, events.Woken | events.Placed | events.AgentGone),
    ("Commands", "What a thread owes the outside. A command stays in the thread's state until its outcome is in.",
     commands.Command, commands.AnyCommand),
    ("Entries", "What is kept of a thread's story, in order, and sent to whoever may see it.",
     entries.Entry, entries.AnyEntry),
)  # fmt: skip
PARTS = (
    messages.Content, messages.File, messages.Button, messages.Location, messages.ContactCard, messages.FormField,
    messages.Customer, messages.Sender, entries.Author, events.Reason,
)  # fmt: skip

DECIDED: Mapping[str, str] = {
    "opened": "a conversation began; `by` says who began it, `line` under which rules",
    "offered": "put before `agents`; `reason` says why them",
    "undistributed": "nobody qualified; `reason` says why",
    "accepted": "an agent took it, by accepting or by writing",
    "declined": "an agent refused the offer",
    "returned": "it went back to the queue",
    "transferred": "handed to an agent or a line by a person",
    "invited": "an agent was brought in",
    "left": "an invited agent left",
    "intercepted": "taken over from whoever had it",
    "pinned": "kept from being forwarded and from auto-close",
    "unpinned": "no longer kept",
    "spam": "marked as spam",
    "finished": "ended, as solved or not (`text`)",
    "closed": "over for good; `text` says what began it",
    "reopened": "somebody wrote while it was closing",
    "unanswered": "no agent had answered within `no_answer.after`",
    "rated": "the customer rated it: `fields.rating`, comment in `text`",
    "rating_not_asked": "a rating button was pressed while none was asked",
    "supervisor_rated": "a supervisor rated it",
    "handed_over": "from the bot to people",
    "bot_failed": "the bot raised, hung or rests; `text` says which",
    "identified": "the CRM knows the customer",
    "crm_recorded": "the CRM keeps a new record",
    "crm_logged": "the CRM has the transcript",
    "crm_failed": "the CRM did not do it; `text` says why",
    "form_filled": "the customer filled in a form: `fields`",
    "agent_gone": "the responsible was dismissed or left the queue",
    "tracked": "a phone or an e-mail was found in what the customer wrote: `fields`",
    "queue_empty": "nobody is in the queue of `line`; the admins named have been told",
    "suspended": "`line` was switched off: the conversation is neither routed nor timed",
    "resumed": "`line` is on again; who waits is routed afresh",
    "consent_asked": "the notice about personal data went out: `fields.version`",
    "consented": "the customer wrote on, or ticked it in a form: `fields.version`, `fields.agreement`",
    "consent_refused": "what was captured of the customer has been erased",
}


def events_page() -> str:
    parts = [EVENTS]
    for title, about, base, union in SECTIONS:
        parts.append(f"## {title}\n\n{about}\n\n")
        if base and (own := fields_of(base)):
            parts.append(f"Each has:\n\n{fields_table(own)}")
        parts += [struct(one) for one in get_args(union)]
    what = set(get_args(entries.What))
    assert what == set(DECIDED), f"say what these decisions mean: {what ^ set(DECIDED)}"  # noqa: S101
    rows = "".join(f"| `{name}` | {DECIDED[name]} |\n" for name in get_args(entries.What))
    parts.append(f"### What a `Decision` says\n\n| `what` | |\n|---|---|\n{rows}\n")
    parts.append("## What they are made of\n\n")
    parts += [struct(one) for one in PARTS]
    return "".join(parts).rstrip() + "\n"


def struct(one: type[Any]) -> str:
    about = " ".join(inspect.cleandoc(one.__doc__ or "").split("\n\n")[0].split())
    return f"### `{one.__name__}`\n\n{about}\n\n{fields_table(fields_of(one))}"


@dataclass(frozen=True)
class Member:
    name: str
    type: str
    default: str
    about: str


def fields_of(one: type[Any]) -> list[Member]:
    """The fields that a class itself declares, with the text below each: structs keep none of that at run time."""
    (tree,) = ast.parse(inspect.getsource(one)).body
    assert isinstance(tree, ast.ClassDef)  # noqa: S101
    found: list[Member] = []
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=value):
                found.append(Member(name, ast.unparse(kind), ast.unparse(value) if value else "*required*", ""))
            case ast.Expr(value=ast.Constant(value=str(text))) if found:
                last = found.pop()
                found.append(Member(last.name, last.type, last.default, " ".join(text.split())))
    return found


def fields_table(members: list[Member]) -> str:
    if not members:
        return ""
    rows = []
    for each in members:
        kind = each.type.replace("|", "\\|")
        shown = each.default if each.default == "*required*" else f"`{each.default}`".replace("''", '""')
        rows.append(f"| `{each.name}` | `{kind}` | {shown} | {each.about} |\n")
    return "| Field | Type | Default | |\n|---|---|---|---|\n" + "".join(rows) + "\n"


# -- the staff API ----------------------------------------------------------------------------------------------


def staff_calls() -> str:
    rows = []
    for route in ROUTES:
        about = (inspect.getdoc(route.handler) or "").partition("\n")[0]
        takes = [f"`{model.__name__}`" for model in (route.query, route.body) if model]
        if route.takes_file:
            takes.append("multipart, field `file`")
        if route.keyed:
            takes.append("key")
        gives = f"`{route.answer.__name__}`" if route.answer else "–"
        rows.append(
            f"| `{route.method} {PREFIX}{route.path}` | {route.scope or 'everybody'} | {', '.join(takes) or '–'}"
            f" | {gives} | {about} |\n"
        )
    return "| Call | Scope | Takes | Gives | |\n|---|---|---|---|---|\n" + "".join(rows)


def main() -> int:
    for path, text in pages():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(DOCS.parent)} is new\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
