"""What the bot says where the settings say nothing, in the line's language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Texts:
    greeting: str
    unknown: str
    hand_over: str
    back: str
    person: str


def built_in(language: str) -> Texts:
    """By BCP 47 tag; English where we do not speak it."""
    return _TEXTS.get(language.replace("_", "-").partition("-")[0].lower(), _TEXTS["en"])


_TEXTS = {
    "en": Texts(
        greeting="Hello! How can we help?",
        unknown="Please choose one of these.",
        hand_over="One moment, a person will answer you.",
        back="Back",
        person="Talk to a person",
    ),
    "it": Texts(
        greeting="Ciao! Come possiamo aiutarti?",
        unknown="Scegli una di queste voci.",
        hand_over="Un momento, ti risponderà una persona.",
        back="Indietro",
        person="Parla con una persona",
    ),
    "pl": Texts(
        greeting="Dzień dobry! W czym możemy pomóc?",
        unknown="Proszę wybrać jedną z tych opcji.",
        hand_over="Chwileczkę, zaraz odpowie konsultant.",
        back="Wstecz",
        person="Rozmowa z konsultantem",
    ),
    "pt": Texts(
        greeting="Olá! Como podemos ajudar?",
        unknown="Escolha uma destas opções.",
        hand_over="Um momento, uma pessoa vai responder.",
        back="Voltar",
        person="Falar com uma pessoa",
    ),
    "fr": Texts(
        greeting="Bonjour ! Comment pouvons-nous vous aider ?",
        unknown="Choisissez l’une de ces options.",
        hand_over="Un instant, une personne va vous répondre.",
        back="Retour",
        person="Parler à une personne",
    ),
    "ru": Texts(
        greeting="Здравствуйте! Чем можем помочь?",
        unknown="Выберите, пожалуйста, один из вариантов.",
        hand_over="Минутку, вам ответит сотрудник.",
        back="Назад",
        person="Связаться с сотрудником",
    ),
    "de": Texts(
        greeting="Hallo! Wie können wir helfen?",
        unknown="Bitte wählen Sie eine dieser Möglichkeiten.",
        hand_over="Einen Moment, gleich antwortet Ihnen ein Mensch.",
        back="Zurück",
        person="Mit einem Menschen sprechen",
    ),
    "es": Texts(
        greeting="¡Hola! ¿En qué podemos ayudarle?",
        unknown="Elija una de estas opciones.",
        hand_over="Un momento, le responderá una persona.",
        back="Volver",
        person="Hablar con una persona",
    ),
}
