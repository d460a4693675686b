"""What the settings allow people, in the words of the use cases."""

from datetime import timedelta

from bot.service.tools import Rules
from bot.settings import Settings


def rules(settings: Settings) -> Rules:
    """The operator's rules."""
    secret = settings.parley_end_user_secret
    return Rules(
        users=_parts(settings.parley_allowed_users),
        chats=_parts(settings.parley_allowed_chats),
        operators=_parts(settings.parley_operators),
        questions=settings.parley_questions_per_hour,
        tokens=settings.parley_daily_tokens,
        price=settings.parley_daily_price,
        likes=frozenset(settings.parley_likes.split()),
        dislikes=frozenset(settings.parley_dislikes.split()),
        voice_always=settings.parley_voice == "always",
        language=settings.parley_language,
        end_user_secret=secret.get_secret_value().encode() if secret else b"",
        messages=settings.parley_max_messages,
        keep_text=timedelta(hours=settings.parley_keep_text_hours),
    )


def _parts(text: str) -> frozenset[str]:
    return frozenset(part for part in text.split(",") if part)
