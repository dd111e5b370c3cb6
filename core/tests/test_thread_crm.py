"""Who the customer is: look-ups that never hold anybody up, records and whose they are."""

from __future__ import annotations

from openlines.domain.commands import AssignRecord, CreateRecord, FindCustomer, LogTranscript
from openlines.domain.events import CrmFailed, CrmRecorded, CustomerFound
from openlines.domain.policy import BotRules, Channel

from core.tests.story import START, Known, Script, Story, crm_rules, line

RULES = crm_rules
LIVECHAT = Channel(id="tg", line="shop", kind="livechat", title="Live chat", ratings=True, reachable=False)


def test_routing_waits_for_the_answer_at_most_three_seconds() -> None:
    story = Story(line(crm=RULES()), crm=Known(hangs=True)).customer("Hello").expect(status="waiting", offered=())
    story.at(2.9).expect(identifying=True, offered=()).at(3).expect(identifying=False, offered=("anna",))


def test_a_crm_that_is_down_is_unknown_for_now() -> None:
    story = (
        Story(line(crm=RULES()), crm=Known(fails=True)).customer("Hello").expect(offered=("anna",), identified=False)
    )
    assert [entry.text for entry in story.decisions("crm_failed")] == ["it is down"]


def test_it_is_asked_again_at_the_next_message_and_at_the_close() -> None:
    story = Story(line(crm=RULES()), crm=Known(fails=True)).customer("Hello").customer("Anyone?")
    assert len(story.commands(FindCustomer)) == 2
    story.crm = Known()
    story.agent("anna").finishes().expect(status="closed", identified=True, record="r1")
    assert len(story.commands(FindCustomer)) == 3
    assert [command.record for command in story.commands(LogTranscript)] == ["r1"]


def test_while_an_answer_is_awaited_it_is_not_asked_twice() -> None:
    story = Story(line(crm=RULES()), crm=Known(hangs=True)).customer("Hello").at(10).customer("Anyone?")
    assert len(story.commands(FindCustomer)) == 1


def test_a_known_customer_is_offered_first_to_the_crms_responsible() -> None:
    story = Story(line(crm=RULES()), crm=Known(record="7", responsible="dora")).customer("Hello")
    story.expect(status="waiting", offered=("dora",), record="7", record_created=False)
    story.at(59).expect(offered=("dora",)).at(60).expect(offered=("anna",)).at(120).expect(offered=("boris",))


def test_in_all_the_idle_time_applies_to_the_crms_responsible() -> None:
    story = Story(line(distribution="all", crm=RULES()), crm=Known(record="7", responsible="dora")).customer("Hello")
    story.expect(offered=("dora",), idle_at=START + 60)
    story.at(60).expect(offered=("anna", "boris", "carla"), idle_at=0.0)


def test_forwarding_off_groups_and_the_unmatched_go_to_the_queue() -> None:
    known = Known(record="7", responsible="dora")
    Story(line(crm=RULES(forward_to_responsible=False)), crm=known).customer("Hello").expect(offered=("anna",))
    Story(line(crm=RULES()), crm=known, group=True).customer("Hello").expect(offered=("anna",))
    Story(line(crm=RULES()), crm=Known(record="7")).customer("Hello").expect(offered=("anna",))


def test_a_line_that_does_not_forward_does_not_after_a_transfer_either() -> None:
    lines = (line(crm=RULES(), bot=BotRules(use="menu")), line("support", members="emil"))
    story = Story(*lines, crm=Known(record="7", responsible="dora")).customer("Hello")
    story.agent("anna").transfers("line:support").expect(offered=("emil",))


def test_an_answer_that_comes_late_moves_nobody() -> None:
    story = Story(line(crm=RULES()), crm=Known(hangs=True)).customer("Hello").at(3).expect(offered=("anna",))
    [asked] = story.unperformed
    story.happens(CustomerFound(thread="t", command=asked.id, record="7", record_kind="contact", responsible="dora"))
    story.expect(offered=("anna",), crm_first="", record="7").agent("anna").accepts()
    story.agent("anna").returns().expect(offered=("boris",))


def test_an_answer_for_an_earlier_conversation_does_not_begin_the_routing_of_this_one() -> None:
    story = Story(line(crm=RULES()), crm=Known(hangs=True)).customer("Hello").at(3)
    story.agent("anna").finishes()
    story.at(10).customer("Again").expect(number=2, identifying=True)
    first = story.unperformed[0]
    story.happens(CrmFailed(thread="t", command=first.id, reason="late")).expect(identifying=True, offered=())
    story.happens(CrmFailed(thread="t", command=first.id, reason="late")).expect(identifying=True)


# -- records ----------------------------------------------------------------------------------------------------


def test_an_unknown_customer_becomes_a_lead_of_who_is_offered_it() -> None:
    story = Story(line(distribution="evenly", crm=RULES())).customer("Hello").expect(offered=("anna",), record="r1")
    story.agent("anna").finishes()
    story = Story(line(members="anna boris", check=True, crm=RULES()), away="anna").customer("Hello")
    story.expect(offered=("boris",), record="r1", record_kind="lead", record_created=True)
    [create] = story.commands(CreateRecord)
    assert (create.kind, create.responsible, create.source) == ("lead", "boris", "Loopback - shop")


def test_while_nobody_is_offered_it_the_lead_belongs_to_the_first_of_the_queue_then_to_who_accepts() -> None:
    story = Story(line(members="anna boris", check=True, crm=RULES()), away="anna boris").customer("Hello")
    assert [command.responsible for command in story.commands(CreateRecord)] == ["anna"]
    story.people_change("boris", connected=True).agent("boris").accepts()
    assert [command.responsible for command in story.commands(AssignRecord)] == ["boris"]


def test_manual_makes_no_record_and_deal_makes_a_deal() -> None:
    story = Story(line(crm=RULES(create="manual"))).customer("Hello")
    assert story.commands(CreateRecord) == []
    story = Story(line(crm=RULES(create="deal"))).customer("Hello")
    assert [command.kind for command in story.commands(CreateRecord)] == ["deal"]


def test_live_chat_makes_a_record_once_the_customer_can_be_reached() -> None:
    story = Story(line(crm=RULES()), channel=LIVECHAT).customer("Hello").expect(record="")
    story.fills(phone="+393471234567").expect(record="r1")
    assert len(story.commands(CreateRecord)) == 1


def test_a_lead_may_need_name_and_phone() -> None:
    story = Story(line(crm=RULES(lead_needs="phone"))).customer("Hello").expect(record="")
    story.fills(phone="+393471234567").expect(record="r1")


def test_a_known_customer_gets_no_second_record() -> None:
    story = Story(line(crm=RULES()), crm=Known(record="7")).customer("Hello").customer("More")
    story.agent("anna").finishes()
    assert story.commands(CreateRecord) == []
    assert [command.record for command in story.commands(LogTranscript)] == ["7"]


def test_a_spammers_conversation_leaves_nothing_in_the_crm() -> None:
    story = Story(line(crm=RULES()), crm=Known(hangs=True)).customer("Buy now").at(3)
    story.agent("anna").spams()
    [asked] = story.unperformed
    story.happens(CustomerFound(thread="t", command=asked.id))
    assert not story.commands(CreateRecord)
    assert not story.commands(LogTranscript)


def test_a_record_follows_a_manual_transfer_where_the_line_says_so() -> None:
    story = Story(line(crm=RULES())).customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").transfers("dora")
    assert [command.responsible for command in story.commands(AssignRecord)] == ["anna", "dora"]

    story = Story(line(crm=RULES(reassign_on_transfer=False))).customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").transfers("dora")
    assert [command.responsible for command in story.commands(AssignRecord)] == ["anna"]


def test_a_record_follows_to_another_line_and_who_accepts_there() -> None:
    story = Story(line(crm=RULES()), line("support", members="emil", crm=RULES())).customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").transfers("line:support")
    story.agent("emil").accepts()
    assert [command.responsible for command in story.commands(AssignRecord)] == ["anna", "emil"]


def test_a_return_does_not_move_the_record() -> None:
    story = Story(line(crm=RULES())).customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").returns()
    story.agent("boris").accepts()
    assert [command.responsible for command in story.commands(AssignRecord)] == ["anna"]


def test_an_older_record_never_changes_hands() -> None:
    story = Story(line(crm=RULES()), crm=Known(record="7", responsible="anna")).customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").transfers("dora")
    assert story.commands(AssignRecord) == []


def test_a_record_that_is_made_after_the_accept_is_given_to_the_acceptor() -> None:
    story = Story(line(members="anna boris", crm=RULES())).customer("Hello")
    [create] = story.commands(CreateRecord)
    assert create.responsible == "anna"
    story = Story(line(crm=RULES()), crm=Known(hangs=True)).customer("Hello").at(3)
    story.happens(CustomerFound(thread="t", command=story.unperformed[0].id))
    create = story.commands(CreateRecord)[0]
    assert create.responsible == "anna"
    story.agent("boris").accepts()
    story.happens(CrmRecorded(thread="t", command=create.id, record="r9", record_kind="lead")).expect(record="r9")
    assert [command.responsible for command in story.commands(AssignRecord)] == ["boris"]


def test_the_customer_is_looked_up_when_an_agent_begins_too_without_holding_anybody_up() -> None:
    story = Story(line(crm=RULES())).customer("Hello")
    story.agent("anna").finishes()
    story.crm = Known(record="7", responsible="dora")
    story.agent("boris").says("The lamp is here").gets("The lamp is here")
    story.expect(number=2, status="awaiting_customer", responsible="boris", identified=True, record="7")


def test_the_transcript_goes_to_the_record_at_the_close_once() -> None:
    story = Story(line(crm=RULES())).customer("Hello")
    story.agent("anna").finishes()
    assert [command.record for command in story.commands(LogTranscript)] == ["r1"]
    assert len(story.decisions("crm_logged")) == 1


def test_without_a_crm_nothing_is_asked() -> None:
    story = Story(line(), bot={"*": Script()}).customer("Hello")
    story.agent("anna").finishes()
    assert all(not isinstance(command, FindCustomer | CreateRecord | LogTranscript) for command in story.owed)
