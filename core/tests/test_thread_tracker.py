"""The chat tracker (2.9.3), saving to the CRM by hand (2.8), and an empty queue (2.1.1)."""

from __future__ import annotations

import pytest
from openlines.domain.commands import CreateRecord, FindCustomer, LogTranscript
from openlines.domain.messages import Customer
from openlines.domain.policy import Channel, Line
from openlines.runtime.tracker import contacts_in

from core.tests.story import Known, Story, crm_rules, line

WEB = Channel(id="tg", line="shop", kind="livechat", title="Live chat", reachable=False)
PHONE = "+393471234567"


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("call +39 347 123 4567 please", "en", (PHONE, "")),
        ("call +39-347-1234567, or write to Ivan.I+shop@Example.co.uk!", "en", (PHONE, "ivan.i+shop@example.co.uk")),
        ("347 123 4567", "it-IT", (PHONE, "")),
        ("347 123 4567", "it", ("", "")),
        ("order 123456789012345 of 2026-11-23", "it-IT", ("", "")),
        ("+1 2", "en", ("", "")),
        ("me@home, @ivan, a@b", "en", ("", "")),
        ("(ivan@example.com)", "en", ("", "ivan@example.com")),
        ("", "en", ("", "")),
        ("x" * 20_000 + " ivan@example.com", "en", ("", "")),
    ],
)
def test_what_is_found_in_a_text(text: str, language: str, found: tuple[str, str]) -> None:
    assert contacts_in(text, language) == found


@pytest.mark.parametrize("text", ["a." * 4000 + "@", "@" * 9000, "1 " * 4500, "+" * 9000, "a@" + "b." * 4000])
def test_a_text_made_to_be_slow_is_not(text: str) -> None:
    assert contacts_in(text, "it-IT")[1] == ""


# -- who they are -----------------------------------------------------------------------------------------------


def chat(**rules: object) -> Line:
    return line(crm=crm_rules(**rules))


def test_a_phone_in_the_text_makes_a_guest_reachable() -> None:
    story = Story(chat(), channel=WEB).customer("Hello")
    assert story.commands(CreateRecord) == []
    story.customer(f"call {PHONE} please")
    assert len(story.commands(CreateRecord)) == 1
    assert (story.thread.customer.phone, story.thread.captured) == (PHONE, {"phone": PHONE})
    assert [told.fields for told in story.decisions("tracked")] == [{"phone": PHONE}]


def test_who_is_known_by_the_phone_is_found_by_it() -> None:
    story = Story(chat(), channel=WEB).customer("Hello")
    story.crm = Known(record="7", name="Ivan")
    story.customer(PHONE).expect(record="7")
    assert story.commands(CreateRecord) == []


def test_in_the_first_message_it_is_known_before_the_crm_is_asked() -> None:
    story = Story(chat(), channel=WEB).customer(f"I am {PHONE}")
    assert len(story.commands(FindCustomer)) == 1
    assert len(story.commands(CreateRecord)) == 1


def test_switched_off_it_sees_nothing() -> None:
    story = Story(chat(tracker=False), channel=WEB).customer("Hello").customer(PHONE)
    assert (story.commands(CreateRecord), story.thread.customer.phone) == ([], "")


def test_a_number_that_is_known_is_not_replaced_by_another() -> None:
    story = Story(chat(), channel=WEB).customer(PHONE).customer("my brother has +393470000000")
    assert story.thread.customer.phone == PHONE


def test_whoever_refused_consent_is_not_tracked() -> None:
    story = Story(chat(), channel=WEB).customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").refuses_consent()
    story.customer(PHONE)
    assert (story.thread.customer.phone, story.decisions("tracked")) == ("", [])


def test_a_group_is_nobodys_card() -> None:
    assert Story(line(), group=True).customer(PHONE).decisions("tracked") == []


def test_a_lead_that_needs_a_phone_waits_for_it_and_the_name() -> None:
    story = Story(chat(lead_needs="phone")).customer("Hello")
    assert story.commands(CreateRecord) == []
    story.customer(PHONE)
    assert [created.kind for created in story.commands(CreateRecord)] == ["lead"]


# -- by hand ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("create", "kind"), [("manual", "lead"), ("lead", "lead"), ("deal", "deal")])
def test_saving_makes_a_record_with_the_history_so_far(create: str, kind: str) -> None:
    story = Story(chat(create=create), channel=WEB).customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").saves_to_crm()
    [created] = story.commands(CreateRecord)
    assert (created.kind, created.responsible) == (kind, "anna")
    assert [logged.record for logged in story.commands(LogTranscript)] == ["r1"]
    story.expect(status="accepted", record="r1", record_created=True)


def test_what_has_a_record_gets_the_history_only() -> None:
    story = Story(chat(), crm=Known(record="7")).customer("Hello")
    story.agent("anna").saves_to_crm()
    assert story.commands(CreateRecord) == []
    assert [logged.record for logged in story.commands(LogTranscript)] == ["7"]


def test_saving_twice_makes_one_record() -> None:
    story = Story(chat(create="manual"), crm=Known()).customer("Hello")
    story.crm = Known(hangs=True)
    story.agent("anna").saves_to_crm()
    story.agent("anna").saves_to_crm()
    assert len(story.commands(CreateRecord)) == 1


def test_a_closed_one_can_be_saved_too_and_stays_closed() -> None:
    story = Story(chat(create="manual")).customer("Hello")
    story.agent("anna").finishes()
    story.agent("anna").saves_to_crm(conversation=1).expect(status="closed", record="r1")


def test_who_may_not_and_where_there_is_no_crm() -> None:
    story = Story(chat(create="manual")).customer("Hello")
    story.agent("dora").saves_to_crm("denied")
    Story().customer("Hello").agent("anna").saves_to_crm("invalid")
    filled = Story(channel=WEB).fills(name="Ivan")
    assert filled.thread.customer == Customer(id="ivan", name="Ivan")


# -- nobody in the queue ----------------------------------------------------------------------------------------


def test_the_admins_hear_of_an_empty_queue_once() -> None:
    story = Story(line(members=""), roles={"mila": "admin"}).customer("Hello")
    assert story.notices() == [("mila", "Nobody is in the queue of shop: #1 waits for members")]
    story.empty_known = True
    story.agent("mila").finishes()
    story.customer("Again").expect(number=2, status="waiting")
    assert story.notices() == []


def test_a_queue_in_which_nobody_is_free_is_not_empty() -> None:
    story = Story(line(check=True), roles={"mila": "admin"}, away="anna boris carla").customer("Hello")
    assert (story.notices(), story.decisions("queue_empty")) == ([], [])
