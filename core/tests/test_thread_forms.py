"""Forms in live chat (2.4.5) and what is said to those who wait (2.4.2)."""

from __future__ import annotations

from openlines.domain.commands import AssignRecord, CreateRecord, Send
from openlines.domain.messages import FormField
from openlines.domain.policy import BotRules, Channel, Form, FormSheet, Greeting, Line, NoAnswer

from core.tests.story import Known, Story, crm_rules, line

FIELDS = (FormField("name", required=True), FormField("order", "Order number", "number"))
FORMS = {
    "contact": FormSheet("contact", "Who are you?", FIELDS),
    "sales": FormSheet("sales", "Who are you?", FIELDS, responsible=("dora", "mila")),
    "late": FormSheet("late", "Leave your number", (FormField("phone"),)),
    "bare": FormSheet("bare", "", FIELDS),
}
WEB = Channel(id="tg", line="shop", kind="livechat", ratings=True, forms=True, reachable=False)
WELCOME = Greeting(text="Welcome")


def told(rules: Line, *, channel: Channel = WEB, crm: Known | None = None) -> Story:
    return Story(rules, channel=channel, forms=FORMS, crm=crm)


def test_the_form_follows_greeting_and_first_message_with_its_fields() -> None:
    story = told(line(greeting=WELCOME, form=Form("contact"))).customer("Hello").gets("Welcome", "Who are you?")
    shown = story.commands(Send)[-1]
    assert (shown.kind, shown.content.fields) == ("form", FIELDS)
    assert story.thread.form_shown == "contact"
    story.customer("Anyone?").gets()


def test_it_is_shown_in_the_first_conversation_of_a_thread_only() -> None:
    story = told(line(form=Form("contact"))).customer("Hello").gets("Who are you?")
    story.agent("anna").finishes()
    story.customer("Again").gets().expect(number=2)


def test_a_form_without_a_title_is_shown_too() -> None:
    story = told(line(form=Form("bare"))).customer("Hello").gets("")
    assert story.messages()[-1].content.fields == FIELDS


def test_a_channel_that_cannot_show_forms_shows_none() -> None:
    messenger = Channel(id="tg", line="shop", kind="loopback")
    rules = line(greeting=WELCOME, form=Form("contact", show="before_chat"))
    told(rules, channel=messenger).customer("Hello").gets("Welcome")


def test_a_form_unknown_to_the_settings_is_none() -> None:
    told(line(greeting=WELCOME, form=Form("gone"))).customer("Hello").gets("Welcome")


def test_before_the_chat_the_greeting_waits_until_it_is_filled_in() -> None:
    rules = line(greeting=WELCOME, form=Form("contact", show="before_chat"))
    story = told(rules).customer("Hello").gets("Who are you?").customer("Well?").gets()
    story.fills(name="Ivan").gets("Welcome").fills(name="Ivan Ivanov").gets()


def test_filled_in_before_any_message_it_opens_nothing_and_joins_the_first_conversation() -> None:
    rules = line(greeting=WELCOME, form=Form("contact", show="before_chat"))
    story = told(rules).fills(name="Ivan", order="17").gets()
    assert story.thread.open is None
    story.customer("Hello", who="ivan").gets("Welcome")
    assert (story.thread.form, story.thread.customer.name) == ({"name": "Ivan", "order": "17"}, "Ivan")


def test_a_bot_that_serves_greets_by_itself_even_after_the_form() -> None:
    rules = line(greeting=WELCOME, form=Form("contact", show="before_chat"), bot=BotRules(use="menu"))
    told(rules).customer("Hello").gets("Who are you?", "Menu").fills(name="Ivan").gets()


# -- whose record a form makes ----------------------------------------------------------------------------------


def of_sales(**rules: object) -> Line:
    return line(form=Form("sales", **rules), crm=crm_rules())  # type: ignore[arg-type]


def test_the_record_is_the_forms_responsibles_and_stays_theirs() -> None:
    story = told(of_sales()).customer("Hello").gets("Who are you?").fills(name="Ivan", email="ivan@example.com")
    [created] = story.commands(CreateRecord)
    assert created.responsible == "dora"
    story.agent("anna").accepts()
    story.agent("anna").transfers("boris")
    assert story.commands(AssignRecord) == []
    story.expect(record_responsible="dora", record_created=True)


def test_several_responsibles_take_turns() -> None:
    story = told(of_sales())
    story.forms_filled = 3
    story.customer("Hello").fills(email="ivan@example.com").expect(record_responsible="mila")


def test_filled_in_before_any_message_it_says_whose_the_record_will_be() -> None:
    story = told(of_sales(show="before_chat")).fills(email="ivan@example.com").customer("Hello")
    assert [created.responsible for created in story.commands(CreateRecord)] == ["dora"]


def test_the_acceptor_gets_it_where_the_line_says_so() -> None:
    story = told(of_sales(acceptor_is_responsible=True)).customer("Hello").fills(email="ivan@example.com")
    assert [created.responsible for created in story.commands(CreateRecord)] == ["anna"]
    story.agent("boris").accepts()
    assert [assigned.responsible for assigned in story.commands(AssignRecord)] == ["boris"]


def test_a_form_moves_no_record_that_was_there() -> None:
    story = told(of_sales(), crm=Known(record="7", kind="contact")).customer("Hello").fills(email="ivan@example.com")
    story.expect(record="7", record_responsible="", record_stays=False)


def test_who_was_unknown_is_looked_up_again_by_what_the_form_says() -> None:
    story = told(of_sales()).customer("Hello")
    story.crm = Known(record="7", kind="contact", name="Ivan")
    story.fills(phone="+393471234567").expect(record="7", record_created=False)
    assert story.commands(CreateRecord) == []


# -- nobody answers ---------------------------------------------------------------------------------------------


def test_in_live_chat_the_form_goes_instead_of_the_no_answer_text_once() -> None:
    rules = line(no_answer=NoAnswer(text="Busy", form="late"))
    story = told(rules).customer("Hello").at(300).gets("Leave your number").expect(unanswered=True)
    story.at(3600).gets().expect(unanswered=True)


def test_elsewhere_or_filled_in_already_the_text_goes() -> None:
    rules = line(no_answer=NoAnswer(text="Busy", form="late"))
    told(rules, channel=Channel(id="tg", line="shop")).customer("Hello").at(300).gets("Busy")
    told(rules).customer("Hello").fills(name="Ivan").at(300).gets("Busy")


def test_the_clock_does_not_start_again_in_the_conversation() -> None:
    rules = line(no_answer=NoAnswer(text="Busy"), bot=BotRules(use="menu"))
    story = told(rules).customer("0").at(300).gets("Busy")
    story.agent("anna").says("Hi")
    story.gets("Hi").customer("And?").at(3600).gets().expect(unanswered=True, no_answer_at=0.0)
