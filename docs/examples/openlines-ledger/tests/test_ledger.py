"""A CRM is tested by doing everything twice: the second time must change nothing."""

from pathlib import Path

from openlines.api import Identity, Settings
from openlines.testing import MemoryLink
from openlines_ledger import Ledger

IVAN = Identity("site:ivan", name="Ivan", phone="+393471234567")


async def test_a_lead_is_made_once_and_found_by_phone(tmp_path: Path) -> None:
    async with MemoryLink(tmp_path) as link, Ledger(Settings()).open(link) as crm:
        assert await crm.find(IVAN) is None
        made = await crm.create("lead", IVAN, "Live chat - Shop", "anna@shop.example", "key-1")
        assert await crm.create("lead", IVAN, "Live chat - Shop", "anna@shop.example", "key-1") == made
        found = await crm.find(Identity("site:somebody", phone="+393471234567"))
        assert found == made


async def test_a_transcript_stands_on_the_timeline_once(tmp_path: Path) -> None:
    async with MemoryLink(tmp_path) as link, Ledger(Settings()).open(link) as crm:
        lead = await crm.create("lead", IVAN, "Live chat - Shop", "anna@shop.example", "key-1")
        for _ in range(2):
            await crm.log(lead.id, "lead", "Ivan: Hello", "key-2")
        await crm.assign(lead.id, "lead", "boris@shop.example", "key-3")
        shown = await crm.show(lead.id, "lead")
        assert shown is not None
        assert (shown.timeline, shown.responsible) == (("Ivan: Hello",), "boris@shop.example")
