"""The embedded CRM: who is found, what is created, and that nothing is done twice."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openlines.api import Forgets, Identity, NotReady, Record, Rejected
from openlines.testing import MemoryLink, RehearsedCrm
from openlines_embedded import Embedded, EmbeddedSettings, openlines_crms
from openlines_embedded.crm import EmbeddedSession
from openlines_embedded.people import line, lines, phone
from openlines_embedded.tables import deals, leads, metadata
from pydantic import ValidationError
from sqlalchemy import Connection, create_engine, inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.schema import CreateTable

T = TypeVar("T")

IVAN = Identity(identity="tg:ivan", name="Ivan", phone="+39 347 123 4567", email="Ivan@Example.org")
SHOP = "Telegram - Shop"


@pytest.fixture
async def link(tmp_path: Path) -> AsyncGenerator[MemoryLink]:
    async with MemoryLink(tmp_path, id="main") as link:
        yield link


@pytest.fixture
async def crm(link: MemoryLink) -> AsyncGenerator[RehearsedCrm]:
    async with Embedded(EmbeddedSettings()).open(link) as session:
        assert isinstance(session, RehearsedCrm)
        yield session


def test_it_is_offered_as_a_plugin() -> None:
    assert list(openlines_crms()) == [Embedded]
    assert Embedded.kind == "embedded"


# -- finding ------------------------------------------------------------------------------------------------------


async def test_nobody_is_known_at_first(crm: RehearsedCrm) -> None:
    assert await crm.find(IVAN) is None
    assert await crm.find(Identity(identity="")) is None


@pytest.mark.parametrize(
    "who",
    [
        Identity(identity="tg:ivan"),
        Identity(identity="web:1", phone="+393471234567"),
        Identity(identity="web:1", phone="0039 347 1234567"),
        Identity(identity="web:1", phone="+39 (347) 123-45-67"),
        Identity(identity="web:1", email=" ivan@EXAMPLE.org "),
    ],
)
async def test_a_person_is_found_by_identity_phone_or_mail(crm: RehearsedCrm, who: Identity) -> None:
    known = await crm.add_contact(IVAN, "dora")
    found = await crm.find(who)
    assert found == known
    assert (found.kind, found.name, found.responsible) == ("contact", "Ivan", "dora")


@pytest.mark.parametrize(
    "who",
    [
        Identity(identity="tg:ivan2"),
        Identity(identity="TG:ivan"),
        Identity(identity="x", phone="+393471234568"),
        Identity(identity="x", email="van@example.org"),
        Identity(identity="x", name="Ivan"),
        Identity(identity="%"),
    ],
)
async def test_somebody_else_is_not_found(crm: RehearsedCrm, who: Identity) -> None:
    await crm.add_contact(IVAN, "dora")
    assert await crm.find(who) is None


async def test_the_identity_counts_more_than_the_phone(crm: RehearsedCrm) -> None:
    await crm.add_contact(Identity(identity="tg:anna", name="Anna", phone="+393471234567"), "")
    await crm.add_contact(Identity(identity="tg:ivan", name="Ivan"), "")
    found = await crm.find(IVAN)
    assert found is not None
    assert found.name == "Ivan"


async def test_an_open_deal_tells_more_than_a_lead_and_a_lead_more_than_a_contact(
    crm: RehearsedCrm, link: MemoryLink
) -> None:
    async def found() -> tuple[str, str]:
        record = await crm.find(IVAN)
        assert record is not None
        return record.kind, record.id

    await crm.add_contact(IVAN, "dora")
    assert await found() == ("contact", "1")
    await crm.create("lead", IVAN, SHOP, "anna", "1")
    await crm.create("lead", IVAN, SHOP, "anna", "2")
    assert await found() == ("lead", "2")
    await crm.create("deal", IVAN, SHOP, "anna", "3")
    assert await found() == ("deal", "1")

    await link.database.run(lambda c: c.execute(update(deals).values(stage="won")))
    assert await found() == ("lead", "2")
    await link.database.run(lambda c: c.execute(update(leads).where(leads.c.id == 2).values(stage="lost")))
    assert await found() == ("lead", "1")


# -- creating -----------------------------------------------------------------------------------------------------


async def test_a_lead_keeps_what_is_known(crm: RehearsedCrm) -> None:
    lead = await crm.create("lead", IVAN, SHOP, "anna", "thread-1:7")
    assert lead == Record(
        id="1",
        kind="lead",
        name="Ivan",
        responsible="anna",
        fields={"phone": "+393471234567", "email": "ivan@example.org", "source": SHOP, "stage": "new"},
    )
    assert await crm.find(Identity(identity="tg:ivan")) == lead
    assert await crm.records("contact") == []


async def test_a_deal_comes_with_its_contact_and_company(crm: RehearsedCrm) -> None:
    who = Identity(identity="tg:ivan", name="Ivan", phone="+393471234567", company="Lamps & Co")
    deal = await crm.create("deal", who, SHOP, "anna", "1")
    assert deal.fields == {
        "contact": "Ivan",
        "phone": "+393471234567",
        "company": "Lamps & Co",
        "source": SHOP,
        "stage": "new",
    }
    (contact,) = await crm.records("contact")
    assert (contact.name, contact.responsible, contact.fields["company"]) == ("Ivan", "anna", "Lamps & Co")
    (company,) = await crm.records("company")
    assert (company.name, company.responsible) == ("Lamps & Co", "anna")


async def test_a_deal_takes_the_contact_that_is_there_and_completes_it(crm: RehearsedCrm) -> None:
    await crm.add_contact(Identity(identity="", name="Ivan Petrov", phone="+393471234567"), "dora")
    await crm.create(
        "deal", Identity(identity="tg:ivan", name="vanya", phone="+393471234567", company="ACME"), SHOP, "anna", "1"
    )
    (contact,) = await crm.records("contact")
    assert (contact.name, contact.responsible, contact.fields["company"]) == ("Ivan Petrov", "dora", "ACME")
    found = await crm.find(Identity(identity="tg:ivan"))
    assert found is not None
    assert found.kind == "deal"


async def test_one_company_has_one_row_however_it_is_written(crm: RehearsedCrm) -> None:
    for key, name in enumerate(("Lamps & Co", " lamps  & CO ", "Straße", "STRASSE")):
        await crm.create("lead", Identity(identity=f"tg:{key}", company=name), SHOP, "anna", str(key))
    assert [company.name for company in await crm.records("company")] == ["Lamps & Co", "Straße"]


@pytest.mark.parametrize(
    ("who", "name"),
    [
        (Identity(identity="tg:1", phone="+393471234567"), "+393471234567"),
        (Identity(identity="tg:1", email="a@example.org"), "a@example.org"),
        (Identity(identity="tg:1"), "tg:1"),
        (Identity(identity=""), "?"),
    ],
)
async def test_a_record_has_a_name_whatever_is_known(crm: RehearsedCrm, who: Identity, name: str) -> None:
    assert (await crm.create("lead", who, SHOP, "", "1")).name == name


# -- nothing twice ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lead", "deal"])
async def test_the_same_key_creates_nothing_more(crm: RehearsedCrm, kind: Any) -> None:
    first = await crm.create(kind, IVAN, SHOP, "anna", "k")
    again = await crm.create(kind, Identity(identity="tg:other"), "other", "boris", "k")
    assert again == first
    assert len(await crm.records(kind)) == 1
    await crm.create(kind, IVAN, SHOP, "anna", "k2")
    assert len(await crm.records(kind)) == 2


async def test_at_the_same_moment_too(crm: RehearsedCrm) -> None:
    created = await asyncio.gather(*(crm.create("deal", IVAN, SHOP, "anna", "k") for _ in range(8)))
    assert len({record.id for record in created}) == 1
    assert (len(await crm.records("deal")), len(await crm.records("contact"))) == (1, 1)


async def test_keys_of_different_writes_do_not_meet(crm: RehearsedCrm) -> None:
    lead = await crm.create("lead", IVAN, SHOP, "anna", "k")
    await crm.assign(lead.id, "lead", "boris", "k")
    await crm.log(lead.id, "lead", "Hello", "k")
    shown = await crm.show(lead.id, "lead")
    assert shown is not None
    assert (shown.responsible, shown.timeline) == ("boris", ("Hello",))


async def test_a_record_is_given_to_another_once_per_key(crm: RehearsedCrm) -> None:
    lead = await crm.create("lead", IVAN, SHOP, "anna", "1")
    await crm.assign(lead.id, "lead", "boris", "2")
    await crm.assign(lead.id, "lead", "carla", "3")
    await crm.assign(lead.id, "lead", "boris", "2")
    shown = await crm.show(lead.id, "lead")
    assert shown is not None
    assert shown.responsible == "carla"


async def test_the_timeline_is_in_order_and_takes_each_text_once(crm: RehearsedCrm) -> None:
    contact = await crm.add_contact(IVAN, "dora")
    for key, text in (("1", "first\nin two lines"), ("2", "second"), ("1", "first\nin two lines")):
        await crm.log(contact.id, "contact", text, key)
    shown = await crm.show(contact.id, "contact")
    assert shown is not None
    assert shown.timeline == ("first\nin two lines", "second")


async def test_the_timeline_of_another_record_is_another(crm: RehearsedCrm) -> None:
    lead = await crm.create("lead", IVAN, SHOP, "anna", "1")
    deal = await crm.create("deal", IVAN, SHOP, "anna", "2")
    assert lead.id == deal.id
    await crm.log(lead.id, "lead", "of the lead", "3")
    assert [record.timeline for record in await crm.records("deal")] == [()]


async def test_the_newest_hundred_entries_are_shown(crm: RehearsedCrm, link: MemoryLink) -> None:
    lead = await crm.create("lead", IVAN, SHOP, "anna", "1")
    for number in range(102):
        await crm.log(lead.id, "lead", str(number), f"log {number}")
    shown = await crm.show(lead.id, "lead")
    assert shown is not None
    assert (len(shown.timeline), shown.timeline[0], shown.timeline[-1]) == (100, "2", "101")


async def test_everything_is_there_after_a_restart(crm: RehearsedCrm, link: MemoryLink) -> None:
    lead = await crm.create("lead", IVAN, SHOP, "anna", "1")
    async with Embedded(EmbeddedSettings()).open(link) as again:
        assert await again.find(IVAN) == lead
        assert await again.create("lead", IVAN, SHOP, "anna", "1") == lead


# -- bad input and faults -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "kind"),
    [("2", "lead"), ("", "lead"), ("abc", "lead"), ("-1", "lead"), ("1" * 40, "lead"), ("١", "lead"), ("1", "ticket")],
)
async def test_what_is_not_there_is_refused_in_words(crm: RehearsedCrm, record: str, kind: str) -> None:
    await crm.create("lead", IVAN, SHOP, "anna", "1")
    assert await crm.show(record, kind) is None
    with pytest.raises(Rejected, match=f"has no {kind}"):
        await crm.assign(record, kind, "boris", "2")
    with pytest.raises(Rejected, match=f"has no {kind}"):
        await crm.log(record, kind, "Hello", "3")


HOSTILE = Identity(
    identity="tg:'; DROP TABLE embedded_people; --",
    name="Ro\x00bert\n\ud800" + "x" * 1000,
    phone="call me",
    email="a\x00@b",
    company="\udfff",
)


async def test_hostile_values_are_kept_as_text(crm: RehearsedCrm) -> None:
    deal = await crm.create("deal", HOSTILE, "\x00", "anna\x00", "key\x00\ud800")
    await crm.log(deal.id, "deal", "a\x00b\ud800\nc", "k")
    shown = await crm.show(deal.id, "deal")
    assert shown is not None
    assert shown.name.startswith("Robert ")
    assert len(shown.name) == 300
    assert (shown.fields["phone"], shown.fields["email"], shown.responsible) == ("call me", "a@b", "anna")
    assert shown.timeline == ("ab\nc",)
    found = await crm.find(HOSTILE)
    assert found is not None
    assert found.id == deal.id


class Failing:
    """A database that fails so often before it works."""

    def __init__(self, link: MemoryLink, *errors: Exception) -> None:
        self._database = link.database
        self._errors = list(errors)

    async def run(self, work: Callable[[Any], T]) -> T:
        if self._errors:
            raise self._errors.pop(0)
        return await self._database.run(work)


TAKEN = IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))
GONE = OperationalError("SELECT", {}, Exception("server closed the connection"))


async def test_who_loses_a_race_finds_what_the_winner_wrote(crm: RehearsedCrm, link: MemoryLink) -> None:
    won = await crm.create("lead", IVAN, SHOP, "anna", "k")
    link.database = Failing(link, TAKEN)
    assert await EmbeddedSession(link, "").create("lead", IVAN, SHOP, "anna", "k") == won


async def test_a_database_that_is_gone_is_tried_again_by_the_core(crm: RehearsedCrm, link: MemoryLink) -> None:
    link.database = Failing(link, GONE, TAKEN, TAKEN)
    with pytest.raises(NotReady, match="server closed the connection"):
        await crm.find(IVAN)
    with pytest.raises(NotReady, match="UNIQUE"):
        await crm.create("lead", IVAN, SHOP, "anna", "k")
    assert (await crm.create("lead", IVAN, SHOP, "anna", "k")).id == "1"


async def test_two_processes_may_make_the_tables_at_once(link: MemoryLink) -> None:
    await asyncio.gather(*(EmbeddedSession(link, "").prepare() for _ in range(4)))
    link.database = Failing(link, GONE)
    async with Embedded(EmbeddedSettings()).open(link) as session:
        assert await session.find(IVAN) is None
    tables = await link.database.run(lambda connection: inspect(connection).get_table_names())
    assert set(tables) == set(metadata.tables)


def test_the_tables_are_named_for_the_plugin_and_known_to_both_databases() -> None:
    for table in metadata.sorted_tables:
        assert table.name.startswith("embedded_")
        for dialect in (postgresql, sqlite):
            assert table.name in str(CreateTable(table).compile(dialect=dialect.dialect()))


def test_a_failed_creation_leaves_nothing(tmp_path: Path) -> None:
    """The company, the contact, the deal and the key are one transaction."""
    from openlines_embedded import records
    from openlines_embedded.people import person

    engine = create_engine(f"sqlite:///{tmp_path / 'x.sqlite'}")
    metadata.create_all(engine)

    def create_and_fail(connection: Connection) -> None:
        records.create(connection, "deal", person(IVAN, ""), SHOP, "anna", "k", 0)
        raise RuntimeError

    with pytest.raises(RuntimeError), engine.begin() as connection:
        create_and_fail(connection)
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            assert connection.execute(select(table)).first() is None, table.name
    engine.dispose()


# -- how people are compared --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "country", "kept"),
    [
        ("+39 347 123 4567", "", "+393471234567"),
        ("0039-347-1234567", "", "+393471234567"),
        ("347 123 4567", "IT", "+393471234567"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("347 123 4567", "", "347 123 4567"),
        ("+39 347 123 4567 ext. 9", "", "+393471234567"),
        ("12", "IT", "12"),
        ("call me", "IT", "call me"),
        ("", "IT", ""),
    ],
)
def test_phones_are_kept_in_e164(written: str, country: str, kept: str) -> None:
    assert phone(written, country) == kept


@given(st.text(st.characters()), st.sampled_from(["", "IT", "US"]))
def test_no_text_breaks_a_comparison(text: str, country: str) -> None:
    assert phone(phone(text, country), country) == phone(text, country)
    for kept in (line(text, 10), lines(text)):
        assert "\x00" not in kept
        kept.encode()  # raises at what no database takes


def test_the_country_is_a_real_one() -> None:
    assert EmbeddedSettings(country="it").country == "IT"
    for bad in ("XX", "ITA"):
        with pytest.raises(ValidationError, match="country"):
            EmbeddedSettings(country=bad)


def test_the_example_in_the_manual_is_valid() -> None:
    manual = (Path(__file__).parents[1] / "README.md").read_text()
    (example,) = tomllib.loads(manual.split("```toml\n")[1].split("```")[0])["crm"].values()
    EmbeddedSettings.model_validate({key: value for key, value in example.items() if key not in ("kind", "line")})


# -- erasing ------------------------------------------------------------------------------------------------------


async def test_what_is_erased_is_gone_and_the_record_stays(crm: RehearsedCrm) -> None:
    assert isinstance(crm, Forgets)
    who = replace(IVAN, company="Acme")
    lead = await crm.create("lead", who, SHOP, "anna", "k1")
    await crm.erase(lead.id, "lead", ("company", "name", "phone"), "e1")
    await crm.erase(lead.id, "lead", ("email",), "e1")  # the same key: nothing more
    left = await crm.show(lead.id, "lead")
    assert left is not None
    assert (left.name, left.fields) == ("tg:ivan", {"email": "ivan@example.org", "source": SHOP, "stage": "new"})


async def test_a_name_made_of_what_is_erased_goes_too(crm: RehearsedCrm) -> None:
    assert isinstance(crm, Forgets)
    lead = await crm.create("lead", Identity(identity="web:1", phone=IVAN.phone), SHOP, "anna", "k1")
    assert lead.name == "+393471234567"
    await crm.erase(lead.id, "lead", ("phone",), "e1")
    left = await crm.show(lead.id, "lead")
    assert left is not None
    assert left.name == "web:1"


async def test_the_contact_made_with_a_deal_is_erased_and_an_older_one_is_not(
    crm: RehearsedCrm, link: MemoryLink
) -> None:
    assert isinstance(crm, Forgets)
    old = replace(IVAN, identity="tg:old", phone="+393470000000", email="")
    await crm.add_contact(old, "boris")
    await link.clock.advance(60)
    known = await crm.create("deal", old, SHOP, "anna", "k1")
    new = await crm.create("deal", IVAN, SHOP, "anna", "k2")
    for deal in (known, new):
        await crm.erase(deal.id, "deal", ("name", "phone"), f"e{deal.id}")
    phones = {contact.fields.get("phone", "") for contact in await crm.records("contact")}
    assert phones == {"+393470000000", ""}


async def test_nothing_can_be_erased_of_what_is_not_there(crm: RehearsedCrm) -> None:
    assert isinstance(crm, Forgets)
    with pytest.raises(Rejected, match="has no lead"):
        await crm.erase("7", "lead", ("phone",), "e1")
