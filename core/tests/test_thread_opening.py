"""The first message: a conversation begins, is greeted, and goes to the bot or to the queue."""

from __future__ import annotations

from openlines.domain.events import CustomerEdited, CustomerReceived, CustomerTyping
from openlines.domain.messages import Content
from openlines.domain.policy import BotRules, Greeting, NoAnswer
from openlines.domain.state import Status

from core.tests.story import START, Script, Story, line

WELCOME = Greeting(text="Welcome")


def test_a_first_message_opens_a_conversation_and_is_offered() -> None:
    story = Story().customer("Hello")
    story.expect(number=1, status="waiting", line="shop", offered=("anna",), rung=("anna",), responsible="")
    story.expect(created_at=START, queued_at=START, first_offered_at=START, closed_by="")
    assert [entry.text for entry in story.decisions("opened")] == [""]
    assert [message.content.text for message in story.messages()] == ["Hello"]


def test_more_messages_belong_to_the_same_conversation() -> None:
    story = Story().customer("Hello").passes(10).customer("Anyone?")
    story.expect(number=1, status="waiting", offered=("anna",), queued_at=START, last_message_at=START + 10)
    assert story.thread.conversations == 1


def test_a_message_that_comes_again_is_ignored_whenever_it_comes() -> None:
    story = Story().customer("Hello", id="m1").customer("Hello", id="m1")
    assert len(story.messages()) == 1
    story.agent("anna").accepts()
    story.agent("anna").finishes()
    story.passes(86400).customer("Hello", id="m1")
    story.expect(number=1, status="closed")


def test_after_the_close_a_message_opens_the_next_conversation() -> None:
    story = Story().customer("Hello")
    story.agent("anna").finishes()
    story.expect(status="closed").customer("Again").expect(number=2, status="waiting")


def test_the_greeting_goes_out_in_the_first_conversation_of_a_thread_only() -> None:
    story = Story(line(greeting=WELCOME)).customer("Hello").gets("Welcome").customer("Anyone?").gets()
    story.agent("anna").finishes()
    story.customer("Again").expect(number=2).gets()


def test_greeting_each_goes_out_in_every_new_conversation_but_not_on_reopening() -> None:
    story = Story(line(greeting=Greeting(text="Welcome", when="each"))).customer("Hello").gets("Welcome")
    story.agent("anna").finishes()
    story.customer("Again").gets("Welcome")


def test_a_greeting_that_is_off_or_empty_says_nothing() -> None:
    Story(line(greeting=Greeting(enabled=False, text="Welcome"))).customer("Hello").gets()
    Story(line(greeting=Greeting(text=""))).customer("Hello").gets()


def test_the_greeting_follows_the_customers_message_and_precedes_nothing_else() -> None:
    story = Story(line(greeting=WELCOME)).customer("Hello")
    assert [message.content.text for message in story.messages()] == ["Hello", "Welcome"]
    assert [message.automatic for message in story.messages()] == ["", "greeting"]


def test_no_greeting_where_a_bot_is_asked() -> None:
    Story(line(greeting=WELCOME, bot=BotRules(use="menu"))).customer("Hello").gets("Menu")


def test_the_greeting_goes_out_when_the_transfer_key_comes_first() -> None:
    story = Story(line(greeting=WELCOME, bot=BotRules(use="menu"))).customer("0")
    story.gets("Welcome").expect(status="waiting", offered=("anna",))
    assert story.bot_saw() == []


def test_the_greeting_goes_out_while_the_circuit_is_open() -> None:
    story = Story(line(greeting=WELCOME, bot=BotRules(use="menu")))
    story.bot_ready = False
    story.customer("Hello").gets("Welcome").expect(status="waiting", bot="")


def test_a_group_is_routed_but_nothing_automatic_is_said_there() -> None:
    story = Story(line(greeting=WELCOME, no_answer=NoAnswer(text="Busy")), group=True).customer("Hello")
    story.expect(status="waiting", offered=("anna",)).gets().passes(300).expect(unanswered=True).gets()


def test_every_outsiders_message_in_a_group_is_a_customers() -> None:
    story = Story(group=True).customer("Hello", who="ivan").customer("Me too", who="yara")
    assert [message.author.id for message in story.messages()] == ["ivan", "yara"]
    assert story.thread.customer.id == "ivan"


def test_typing_and_drafts_change_nothing() -> None:
    story = Story().customer("Hello")
    before = story.thread
    story.happens(CustomerTyping(chat="ivan", text="I would"))
    assert story.thread == before


def test_edits_are_told_and_wake_nobody() -> None:
    story = Story().customer("Helo", id="m1")
    story.agent("anna").says("Hi")
    story.happens(CustomerEdited(chat="ivan", id="m1", version="2", content=Content(text="Hello")))
    story.happens(CustomerEdited(chat="ivan", id="m1", version="2", content=Content(text="Hello")))
    assert [type(entry).__name__ for entry in story.entries].count("Edited") == 1
    story.expect(status="awaiting_customer")


def test_a_receipt_that_says_less_than_is_known_is_dropped() -> None:
    story = Story().customer("Hello")
    story.agent("anna").says("Hi")
    told = len(story.entries)
    story.happens(CustomerReceived(chat="ivan", id="nobody knows", state="read"))
    assert len(story.entries) == told


def test_an_inactive_line_says_nothing() -> None:
    Story(line(active=False, greeting=WELCOME)).customer("Hello").gets()


def test_a_form_before_any_message_opens_nothing_and_joins_what_follows() -> None:
    story = Story().fills(name="Ivan I.", phone="+393471234567", company="Acme")
    assert story.thread.open is None
    assert story.thread.conversations == 0
    story.customer("Hello")
    assert story.thread.customer.phone == "+393471234567"
    assert story.thread.form == {"name": "Ivan I.", "phone": "+393471234567", "company": "Acme"}


# -- bot or queue -----------------------------------------------------------------------------------------------


def test_activate_first_serves_the_first_conversation_only() -> None:
    story = Story(line(bot=BotRules(use="menu", activate="first"))).customer("Hello").expect(status="with_bot")
    story.agent("anna").finishes()
    story.customer("Again").expect(status="waiting", responsible="", bot="")


def test_the_bot_is_responsible_and_no_clock_of_people_runs() -> None:
    story = Story(line(bot=BotRules(use="menu"), no_answer=NoAnswer(text="Busy"))).customer("Hello")
    story.expect(status="with_bot", responsible="bot:menu", offered=(), idle_at=0.0, no_answer_at=0.0, participants=())
    story.passes(500).expect(status="with_bot", unanswered=False).gets("Menu")


# -- no answer --------------------------------------------------------------------------------------------------


def test_no_answer_says_so_once_and_the_conversation_keeps_rotating() -> None:
    story = Story(line(no_answer=NoAnswer(after=300, text="Busy"))).customer("Hello")
    story.at(100).customer("Anyone?").at(299).gets().expect(unanswered=False, offered=("boris",))
    story.at(300).gets("Busy").expect(unanswered=True, status="waiting", offered=("carla",))
    story.at(360).expect(offered=("anna",)).at(3600).gets().expect(unanswered=True)


def test_accepting_alone_is_no_answer() -> None:
    story = Story(line(no_answer=NoAnswer(text="Busy"))).customer("Hello")
    story.agent("anna").accepts().at(300).gets("Busy").expect(unanswered=True, status="accepted")


def test_a_reply_a_transfer_and_a_finish_cancel_no_answer() -> None:
    rules = line(no_answer=NoAnswer(text="Busy"))
    story = Story(rules).customer("Hello")
    story.agent("anna").says("Hi").gets("Hi")
    story.at(300).gets().expect(unanswered=False)

    story = Story(rules).customer("Hello")
    story.agent("anna").transfers("dora").at(300).gets().expect(unanswered=False)

    story = Story(rules).customer("Hello")
    story.agent("anna").finishes().at(300).gets().expect(unanswered=False)


def test_after_a_reply_the_clock_for_an_answer_does_not_start_again() -> None:
    story = Story(line(no_answer=NoAnswer(text="Busy"))).customer("Hello")
    story.agent("anna").says("Hi").gets("Hi")
    story.customer("And?").passes(3600).gets().expect(unanswered=False)


def test_no_answer_counts_from_the_hand_over() -> None:
    story = Story(line(bot=BotRules(use="menu"), no_answer=NoAnswer(text="Busy"))).customer("Hello").gets("Menu")
    story.at(600).expect(status="waiting").at(899).gets().at(900).gets("Busy").expect(unanswered=True)


def test_taking_a_conversation_from_the_bot_starts_the_clock_for_an_answer() -> None:
    story = Story(line(bot=BotRules(use="menu"), no_answer=NoAnswer(text="Busy"))).customer("Hello").gets("Menu")
    story.at(100)
    story.agent("anna").accepts()
    story.at(399).gets().at(400).gets("Busy").expect(unanswered=True)


def test_no_answer_without_a_text_sets_the_flag() -> None:
    Story(line(no_answer=NoAnswer(text=""))).customer("Hello").at(300).gets().expect(unanswered=True)


# -- begun by an agent ------------------------------------------------------------------------------------------


def test_an_agent_begins_the_next_conversation_without_bot_greeting_or_clocks() -> None:
    rules = line(
        greeting=Greeting(text="Welcome", when="each"), no_answer=NoAnswer(text="Busy"), bot=BotRules(use="menu")
    )
    story = Story(rules, bot={"*": Script(finish=True)}).customer("Hello").expect(status="closed")
    story.agent("boris").says("The lamp is here").gets("The lamp is here")
    story.expect(number=2, status="awaiting_customer", responsible="boris", started_by="boris", participants=("boris",))
    story.passes(400).gets().expect(unanswered=False)
    story.passes(4 * 3600 - 401).expect(status="awaiting_customer")
    story.passes(1).expect(status="closed", closed_by="timeout")


def test_the_customers_answer_to_an_agents_beginning_goes_to_that_agent() -> None:
    story = Story().customer("Hello")
    story.agent("anna").finishes()
    story.agent("boris").says("One more thing")
    story.customer("Yes?").expect(number=2, status=Status.AWAITING_AGENT, responsible="boris")
