"""From settings to the domain's rules: defaults, departments, texts, hours."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, fields
from datetime import date

import msgspec
import pytest
from core.tests.settings_samples import Pigeon, settings
from openlines.api import Capabilities, Channel, Connector, Link
from openlines.domain import policy
from openlines.domain.people import ROLES
from openlines.settings.policies import departments, expanded, policies, roles
from openlines.settings.texts import BUILT_IN, Texts, texts

TODAY = date(2026, 11, 23)


def rules(text: str) -> policy.Line:
    return policies(settings(text), 1, {}, today=TODAY).lines["shop"]


# -- defaults ---------------------------------------------------------------------------------------------------


def test_the_domain_and_the_settings_have_the_same_defaults() -> None:
    said = texts("en")
    plain = policy.Line(id="shop")

    expected = msgspec.structs.replace(
        plain,
        name="shop",
        greeting=msgspec.structs.replace(plain.greeting, text=said.greeting),
        close=msgspec.structs.replace(plain.close, text=said.close),
        consent=msgspec.structs.replace(plain.consent, text=said.consent),
        off_hours=policy.OffHours(said.off_hours, said.off_hours, said.off_hours, said.off_hours),
        rating=msgspec.structs.replace(
            plain.rating,
            livechat=policy.RatingTexts(said.buttons_request, said.buttons_like, said.buttons_dislike),
            text=policy.RatingTexts(said.digits_request, said.digits_like, said.digits_dislike, said.digits_over),
        ),
        kpi=policy.Kpi(policy.Norm(text=said.kpi_first), policy.Norm(text=said.kpi_next)),
    )
    assert rules("[lines.shop]") == expected
    assert policies(settings(""), 7, {}) == policy.Policies(revision=7, lines={}, channels={})


def test_the_defaults_are_those_of_the_reference() -> None:
    line = rules("[lines.shop]")

    assert (line.queue.distribution, line.queue.idle_time, line.queue.presence_timeout) == ("evenly", 60, 900)
    assert (line.queue.retry_interval, line.queue.limit) == (120, policy.Limit(0, "awaiting_customer"))
    assert (line.no_answer.after, line.close.delay, line.auto_close.after) == (300, 600, 14400)
    assert (line.bot.transfer_after, line.bot.transfer_key, line.rating.time_limit) == (600, "0", 0)
    assert (line.active, line.confirm_close, line.live_typing, line.consent.enabled) == (True, False, True, False)


def test_every_key_reaches_the_domain() -> None:
    line = rules("""
        [agents.anna]
        [forms.contact]
        fields = ["name"]
        [canned.sales]
        hi = "Hello"
        [bots.greeter]
        kind = "parrot"
        [crm.main]
        kind = "shoebox"
        [lines.shop]
        name = "The shop"
        active = false
        language = "pt-BR"
        confirm_close = true
        live_typing = false
        canned = ["sales"]
        queue = { members = ["anna"], distribution = "all", idle_time = "3m", check_availability = false }
        queue.presence_timeout = "1h"
        queue.retry_interval = 10
        queue.limit = { max_conversations = 3, ignore = "closed" }
        agent_info = { mode = "line", default_name = "N", default_photo = "P" }
        agent_info.entries.anna = { name = "A", photo = "B", title = "C" }
        crm = { use = "main", create = "deal", lead_needs = "phone", source = "S", tracker = false }
        crm.forward_to_responsible = false
        crm.reassign_on_transfer = false
        hours = { timezone = "Europe/Rome" }
        off_hours = { text = "o", weekend_text = "w", holiday_text = "h", absent_text = "a", form = "contact" }
        consent = { enabled = true, text = "c", url = "https://shop.example/c", version = "2" }
        greeting = { enabled = false, when = "each", text = "g" }
        form = { name = "contact", show = "before_chat", acceptor_is_responsible = true }
        no_answer = { after = "2m", text = "n", form = "contact" }
        close = { text = "z", delay = 0 }
        auto_close = { after = 0, text = "y" }
        rating = { enabled = false, ongoing = false, close_on_rating = true, time_limit = "1d" }
        rating.livechat = { request = "r", like = "l", dislike = "d" }
        rating.text = { request = "1 or 0", like = "L", dislike = "D", over = "O" }
        bot = { use = "greeter", activate = "first", transfer_after = 0, transfer_key = " agent ", disconnect = "on_close" }
        kpi = { first = { time = 60, notify = ["anna"], text = "k" }, next = { time = "2m" }, pause_outside_hours = true }
    """.replace("queue = {", "queue = { # all at once\n").replace("# all at once\n", "")
      .replace("        queue.", "        #").replace("        agent_info.", "        #")
      .replace("        crm.forward", "        #").replace("        crm.re", "        #").replace("        rating.", "        #"))

    assert line.name == "The shop"
