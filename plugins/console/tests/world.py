"""A working day in the cardboard hub: enough of everything to see every kind of row, message and panel."""

from __future__ import annotations

from openlines.web import schemas

from plugins.console.tests.fake_hub import ME, FakeHub


def busy_day(hub: FakeHub) -> None:
    now = hub.clock()
    _vera(hub, now)
    hub.opens(
        18,
        "Jonas Weber",
        status="awaiting_customer",
        responsible=ME,
        participants=[ME],
        channel_kind="telegram",
        channel="tg",
        at=now - 5400,
    )
    hub.customer_says(18, "Can I change the delivery address?", at=now - 5300)
    hub.says(18, "Of course. Which address should it be?", at=now - 5200)
    hub.opens(
        19,
        "Priya Raman",
        status="accepted",
        responsible=ME,
        participants=[ME],
        unanswered=True,
        channel_kind="whatsapp",
        at=now - 900,
    )
    hub.customer_says(19, "Hi! My voucher SPRING10 is refused at the checkout. I have tried it twice.", at=now - 800)
    hub.offers(
        21,
        "Mateo Rossi",
        "Is the walnut table still in stock? We would like two of them.",
        at=now - 20,
        seconds=48,
        channel_kind="telegram",
    )
    hub.opens(
        22,
        "Chen Wei",
        "Good morning, I need an invoice for order 8812",
        at=now - 300,
        channel_kind="email",
        channel="mail",
    )
    hub.opens(
        23,
        "Olga Smirnova",
        "Здравствуйте, подскажите, когда приедет заказ?",
        at=now - 200,
        status="with_bot",
        responsible="bot:menu",
    )
    hub.opens(
        24,
        "Liam O'Brien",
        "The driver called, but I was not at home.",
        at=now - 1200,
        status="awaiting_agent",
        responsible="boris",
        participants=["boris"],
        channel_kind="viber",
    )
    for number in range(25, 34):
        at = now - 1000 * number
        hub.opens(
            number,
            f"Visitor {number}",
            "Thank you, all clear now!",
            at=at,
            status="awaiting_customer",
            responsible=ME,
            participants=[ME],
        )
    hub.opens(
        12,
        "Sofia Costa",
        "Perfect, thanks a lot!",
        at=now - 90_000,
        status="closed",
        responsible=ME,
        participants=[ME],
        finished_at=now - 89_000,
        closed_at=now - 88_400,
        closed_by="agent",
        solved=True,
        rating="like",
    )


def _vera(hub: FakeHub, now: float) -> None:
    """One long conversation that has a bit of everything."""
    before = now - 86_400 * 2
    hub.opens(
        7,
        "Vera Kovač",
        at=before,
        status="closed",
        thread="site/vera",
        responsible=ME,
        participants=[ME],
        closed_at=before + 900,
    )
    hub.decides(7, "opened", at=before)
    hub.customer_says(7, "Hello, do you deliver to Zagreb?", at=before)
    hub.says(7, "Hello Vera! Yes, in two to four days.", at=before + 60)
    hub.decides(7, "finished", by=ME, at=before + 800)
    hub.decides(7, "closed", text="agent", at=before + 900)

    start = now - 1500
    hub.opens(
        17,
        "Vera Kovač",
        at=start,
        status="awaiting_agent",
        thread="site/vera",
        responsible=ME,
        participants=[ME, "boris"],
        pinned=True,
    )
    hub.customers[17] = schemas.CustomerOut(
        id="c17",
        name="Vera Kovač",
        phone="+385 91 234 5678",
        email="vera@example.org",
        photo="",
        language="hr",
        form={"company": "Studio Kovač"},
        conversations=4,
    )
    hub.records[17] = [
        schemas.RecordOut(
            crm="embedded",
            id="41",
            kind="deal",
            name="Two walnut chairs",
            responsible="anna@shop.example",
            url="/crm/deals/41",
            fields={"Stage": "Negotiation", "Amount": "480 €"},
            timeline=["Lead from the site", "Moved to Negotiation by Anna"],
        )
    ]
    reason = {
        "rule": "evenly",
        "words": "anna: idle longest, 312 s; carla skipped: on leave",
        "idle": 312,
        "skipped": {"absent": 1},
        "before": [],
    }
    hub.decides(17, "opened", at=start)
    hub.customer_says(17, "Hi! The chairs arrived today, but one of them has a scratch on the seat.", at=start)
    hub.says(
        17,
        "Hello! Thanks for writing. A colleague will be with you in a moment.",
        kind="auto",
        automatic="greeting",
        at=start + 2,
    )
    hub.says(
        17,
        "Choose a topic, please",
        kind="bot",
        at=start + 3,
        content={"buttons": [{"label": "Delivery"}, {"label": "Returns"}]},
    )
    hub.customer_says(17, "Returns", at=start + 20)
    hub.decides(17, "handed_over", by="bot:menu", at=start + 21)
    hub.decides(17, "offered", agents=[ME], reason=reason, at=start + 21)
    hub.says(17, "You can send it back within 30 days.", kind="bot", dropped=True, at=start + 22)
    hub.decides(17, "accepted", by=ME, at=start + 40)
    sent = hub.says(17, "I am sorry to hear that, Vera! Could you send me a photo of it?", at=start + 90)
    hub.delivers(17, sent.body["id"], "read")
    hub.files["f-photo"] = (
        schemas.FileOut(id="f-photo", name="scratch.svg", type="image/svg+xml", size=len(PHOTO)),
        PHOTO,
    )
    photo = {"files": [{"id": "f-photo", "name": "scratch.svg", "type": "image/svg+xml", "size": len(PHOTO)}]}
    hub.customer_says(17, "Here it is", at=start + 300, content=photo, external="m-1")
    hub.notes(
        17,
        "Third scratched seat this week from the same batch. @Anna Larsen tell the warehouse, please.",
        mentions=(ME,),
        at=start + 400,
    )
    hub.decides(17, "invited", by=ME, agents=["boris"], at=start + 395)
    failed = hub.says(
        17,
        "Thank you. We will send you a new seat free of charge, the courier takes the old one along.",
        at=start + 500,
    )
    hub.delivers(17, failed.body["id"], "failed", code="blocked", reason="the customer's mailbox is full")
    hub.customer_says(
        17, "That is great! When will it come? I am at home https://example.org/calendar on Thursday.", at=now - 60
    )


PHOTO = b"""<svg xmlns="http://www.w3.org/2000/svg" width="640" height="420" viewBox="0 0 640 420">
<rect width="640" height="420" fill="#e9e2d6"/><rect x="150" y="150" width="340" height="60" rx="18" fill="#8a5a36"/>
<path d="M180 210l-24 170M460 210l24 170" stroke="#6b4426" stroke-width="22" stroke-linecap="round"/>
<path d="M250 168l120 22" stroke="#e8cfae" stroke-width="5"/></svg>"""
