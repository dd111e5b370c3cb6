"""The built-in texts: what a line says where its settings give no text of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Texts:
    """Every built-in text of one language."""

    greeting: str
    off_hours: str
    """Also while nobody is there within hours: it must fit both."""
    consent: str
    """The address of the agreement follows it."""
    close: str
    buttons_request: str
    """Rating by buttons, in live chat: at most 100 characters each."""
    buttons_like: str
    buttons_dislike: str
    digits_request: str
    """Rating by writing 1 or 0."""
    digits_like: str
    digits_dislike: str
    digits_over: str
    kpi_first: str
    """To staff. #OPERATOR# may be empty: it stands last."""
    kpi_next: str


def texts(language: str) -> Texts:
    """The texts in a language, by its first subtag (`pt-BR` speaks `pt`); English where there are none."""
    return BUILT_IN.get(language.split("-")[0].lower(), BUILT_IN["en"])


BUILT_IN: Mapping[str, Texts] = {
    "en": Texts(
        greeting="Hello! Thank you for writing. Tell us what you need, and we will be right with you.",
        off_hours="Thank you for your message! Nobody is here at the moment. We will answer as soon as we are back.",
        consent="To help you, we keep this conversation and the details you share. By writing on, you agree to that.",
        close="Thank you for talking to us! If anything else comes up, just write here.",
        buttons_request="How did we do?",
        buttons_like="Thank you! It is good to know that we could help.",
        buttons_dislike="We are sorry it did not go well. Thank you for telling us.",
        digits_request="How did we do? Please send 1 if you are happy with the help you got, or 0 if you are not.",
        digits_like="Thank you! It is good to know that we could help.",
        digits_dislike="We are sorry it did not go well. Thank you for telling us: we will do better.",
        digits_over="Thank you! The time for rating this conversation is over, but we are glad to hear from you.",
        kpi_first="#DIALOG#: the customer is still waiting for a first answer. Responsible: #OPERATOR#",
        kpi_next="#DIALOG#: the customer is waiting for the next answer. Responsible: #OPERATOR#",
    ),
    "it": Texts(
        greeting="Ciao! Grazie per averci scritto. Raccontaci di cosa hai bisogno: siamo subito da te.",
        off_hours="Grazie per il messaggio! In questo momento non c'è nessuno. Ti rispondiamo appena torniamo.",
        consent=(
            "Per aiutarti conserviamo questa conversazione e i dati che ci lasci. "
            "Continuando a scrivere, dai il tuo consenso."
        ),
        close="Grazie per averci contattato! Se hai ancora bisogno di noi, scrivici qui.",
        buttons_request="Come è andata?",
        buttons_like="Grazie! Siamo felici di averti aiutato.",
        buttons_dislike="Ci dispiace che non sia andata bene. Grazie per avercelo detto.",
        digits_request="Come è andata? Scrivi 1 se ti abbiamo aiutato bene, oppure 0 se non sei soddisfatto.",
        digits_like="Grazie! Siamo felici di averti aiutato.",
        digits_dislike="Ci dispiace che non sia andata bene. Grazie per avercelo detto: faremo meglio.",
        digits_over="Grazie! Il tempo per valutare questa conversazione è scaduto, ma ci fa piacere sentirti.",
        kpi_first="#DIALOG#: il cliente aspetta ancora la prima risposta. Responsabile: #OPERATOR#",
        kpi_next="#DIALOG#: il cliente aspetta la prossima risposta. Responsabile: #OPERATOR#",
    ),
    "pl": Texts(
        greeting="Dzień dobry! Dziękujemy za wiadomość. Proszę napisać, w czym możemy pomóc, już się tym zajmujemy.",
        off_hours="Dziękujemy za wiadomość! Teraz nikogo nie ma przy biurku. Odpowiemy, gdy tylko wrócimy.",
        consent=(
            "Aby pomóc, zapisujemy tę rozmowę i podane w niej dane. "
            "Kolejna wiadomość oznacza zgodę na ich przetwarzanie."
        ),
        close="Dziękujemy za rozmowę! Jeśli coś jeszcze się pojawi, prosimy po prostu tu napisać.",
        buttons_request="Jak nam poszło?",
        buttons_like="Dziękujemy! Cieszymy się, że mogliśmy pomóc.",
        buttons_dislike="Przykro nam, że nie poszło dobrze. Dziękujemy za szczerość.",
        digits_request="Jak nam poszło? Proszę wysłać 1, jeśli pomoc była dobra, albo 0, jeśli nie.",
        digits_like="Dziękujemy! Cieszymy się, że mogliśmy pomóc.",
        digits_dislike="Przykro nam, że nie poszło dobrze. Dziękujemy za szczerość, postaramy się poprawić.",
        digits_over="Dziękujemy! Czas na ocenę tej rozmowy już minął, ale miło nam, że się Państwo odezwali.",
        kpi_first="#DIALOG#: klient wciąż czeka na pierwszą odpowiedź. Odpowiedzialny: #OPERATOR#",
        kpi_next="#DIALOG#: klient czeka na kolejną odpowiedź. Odpowiedzialny: #OPERATOR#",
    ),
    "pt": Texts(
        greeting="Olá! Obrigado pelo contato. Conte-nos do que precisa e já falamos com você.",
        off_hours="Obrigado pela mensagem! Não há ninguém aqui neste momento. Respondemos assim que voltarmos.",
        consent=(
            "Para ajudar, guardamos esta conversa e os dados que você compartilhar. "
            "Ao continuar escrevendo, você concorda com isso."
        ),
        close="Obrigado por falar conosco! Se precisar de mais alguma coisa, é só escrever aqui.",
        buttons_request="Como nos saímos?",
        buttons_like="Obrigado! É bom saber que pudemos ajudar.",
        buttons_dislike="Lamentamos que não tenha dado certo. Obrigado por nos dizer.",
        digits_request="Como nos saímos? Envie 1 se gostou do atendimento ou 0 se não gostou.",
        digits_like="Obrigado! É bom saber que pudemos ajudar.",
        digits_dislike="Lamentamos que não tenha dado certo. Obrigado por nos dizer: vamos melhorar.",
        digits_over="Obrigado! O prazo para avaliar esta conversa terminou, mas é bom ter notícias suas.",
        kpi_first="#DIALOG#: o cliente ainda espera a primeira resposta. Responsável: #OPERATOR#",
        kpi_next="#DIALOG#: o cliente espera a próxima resposta. Responsável: #OPERATOR#",
    ),
    "fr": Texts(
        greeting="Bonjour ! Merci de nous écrire. Dites-nous ce qu'il vous faut, nous arrivons tout de suite.",
        off_hours="Merci pour votre message ! Il n'y a personne pour le moment. Nous vous répondrons dès notre retour.",
        consent=(
            "Pour vous aider, nous conservons cette conversation et les données que vous partagez. "
            "En continuant à écrire, vous l'acceptez."
        ),
        close="Merci de nous avoir parlé ! Si vous avez encore besoin de nous, écrivez simplement ici.",
        buttons_request="Comment cela s'est-il passé ?",
        buttons_like="Merci ! Nous sommes ravis d'avoir pu vous aider.",
        buttons_dislike="Nous sommes désolés que cela se soit mal passé. Merci de nous l'avoir dit.",
        digits_request=(
            "Comment cela s'est-il passé ? Envoyez 1 si notre aide vous a convenu, ou 0 si ce n'est pas le cas."
        ),
        digits_like="Merci ! Nous sommes ravis d'avoir pu vous aider.",
        digits_dislike="Nous sommes désolés que cela se soit mal passé. Merci de nous l'avoir dit : nous ferons mieux.",
        digits_over="Merci ! Le délai pour noter cette conversation est passé, mais votre mot nous fait plaisir.",
        kpi_first="#DIALOG# : le client attend toujours une première réponse. Responsable : #OPERATOR#",
        kpi_next="#DIALOG# : le client attend la réponse suivante. Responsable : #OPERATOR#",
    ),
    "ru": Texts(
        greeting="Здравствуйте! Спасибо, что написали. Расскажите, чем помочь, и мы сразу ответим.",
        off_hours="Спасибо за сообщение! Сейчас никого нет на месте. Ответим, как только вернёмся.",
        consent=(
            "Чтобы помочь вам, мы храним эту переписку и данные, которыми вы делитесь. "
            "Продолжая писать, вы на это соглашаетесь."
        ),
        close="Спасибо за разговор! Если появятся ещё вопросы, просто напишите сюда.",
        buttons_request="Как мы справились?",
        buttons_like="Спасибо! Рады, что смогли помочь.",
        buttons_dislike="Жаль, что не получилось как надо. Спасибо, что сказали.",
        digits_request="Как мы справились? Отправьте 1, если остались довольны, или 0, если нет.",
        digits_like="Спасибо! Рады, что смогли помочь.",
        digits_dislike="Жаль, что не получилось как надо. Спасибо, что сказали: мы исправимся.",
        digits_over="Спасибо! Время для оценки этого разговора уже вышло, но нам приятно, что вы написали.",
        kpi_first="#DIALOG#: клиент всё ещё ждёт первого ответа. Ответственный: #OPERATOR#",
        kpi_next="#DIALOG#: клиент ждёт следующего ответа. Ответственный: #OPERATOR#",
    ),
    "de": Texts(
        greeting="Guten Tag! Danke für Ihre Nachricht. Schreiben Sie uns, worum es geht, wir sind gleich bei Ihnen.",
        off_hours="Danke für Ihre Nachricht! Gerade ist niemand da. Wir antworten, sobald wir zurück sind.",
        consent=(
            "Um Ihnen zu helfen, speichern wir dieses Gespräch und die Daten, die Sie uns nennen. "
            "Wenn Sie weiterschreiben, stimmen Sie dem zu."
        ),
        close="Danke für das Gespräch! Wenn noch etwas ist, schreiben Sie uns einfach hier.",
        buttons_request="Wie waren wir?",
        buttons_like="Danke! Schön, dass wir helfen konnten.",
        buttons_dislike="Es tut uns leid, dass es nicht gut lief. Danke für Ihre Offenheit.",
        digits_request="Wie waren wir? Senden Sie bitte 1, wenn Sie zufrieden sind, oder 0, wenn nicht.",
        digits_like="Danke! Schön, dass wir helfen konnten.",
        digits_dislike="Es tut uns leid, dass es nicht gut lief. Danke für Ihre Offenheit: Wir machen es besser.",
        digits_over="Danke! Die Zeit für eine Bewertung ist vorbei, aber wir freuen uns, von Ihnen zu hören.",
        kpi_first="#DIALOG#: Der Kunde wartet noch auf die erste Antwort. Verantwortlich: #OPERATOR#",
        kpi_next="#DIALOG#: Der Kunde wartet auf die nächste Antwort. Verantwortlich: #OPERATOR#",
    ),
    "es": Texts(
        greeting="¡Hola! Gracias por escribirnos. Cuéntanos qué necesitas y enseguida estamos contigo.",
        off_hours="¡Gracias por tu mensaje! Ahora mismo no hay nadie. Te responderemos en cuanto volvamos.",
        consent=(
            "Para ayudarte, guardamos esta conversación y los datos que compartes. Si sigues escribiendo, lo aceptas."
        ),
        close="¡Gracias por hablar con nosotros! Si necesitas algo más, escríbenos aquí.",
        buttons_request="¿Qué tal lo hicimos?",
        buttons_like="¡Gracias! Nos alegra haber podido ayudarte.",
        buttons_dislike="Sentimos que no haya ido bien. Gracias por decírnoslo.",
        digits_request="¿Qué tal lo hicimos? Envía 1 si te ayudamos bien o 0 si no fue así.",
        digits_like="¡Gracias! Nos alegra haber podido ayudarte.",
        digits_dislike="Sentimos que no haya ido bien. Gracias por decírnoslo: mejoraremos.",
        digits_over="¡Gracias! El plazo para valorar esta conversación ha terminado, pero nos alegra leerte.",
        kpi_first="#DIALOG#: el cliente todavía espera la primera respuesta. Responsable: #OPERATOR#",
        kpi_next="#DIALOG#: el cliente espera la siguiente respuesta. Responsable: #OPERATOR#",
    ),
}
