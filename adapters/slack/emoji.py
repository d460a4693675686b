"""Slack's names of emoji as Unicode: those people react with, and what Unicode names alike."""

import unicodedata
from collections.abc import Mapping
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    "+1": "👍", "thumbsup": "👍", "-1": "👎", "thumbsdown": "👎",
    "heart": "❤", "orange_heart": "🧡", "yellow_heart": "💛", "green_heart": "💚",
    "blue_heart": "💙", "purple_heart": "💜", "black_heart": "🖤", "white_heart": "🤍",
    "brown_heart": "🤎", "broken_heart": "💔", "heart_eyes": "😍", "heartpulse": "💗",
    "heartbeat": "💓", "hearts": "♥", "smiling_face_with_3_hearts": "🥰",
    "tada": "🎉", "confetti_ball": "🎊", "fire": "🔥", "100": "💯", "star": "⭐", "star2": "🌟",
    "star-struck": "🤩", "sparkles": "✨", "rocket": "🚀", "trophy": "🏆", "medal": "🏅",
    "clap": "👏", "raised_hands": "🙌", "pray": "🙏", "muscle": "💪", "ok_hand": "👌",
    "ok": "🆗", "wave": "👋", "point_up": "☝", "point_up_2": "👆", "point_down": "👇",
    "crossed_fingers": "🤞", "handshake": "🤝", "v": "✌", "call_me_hand": "🤙",
    "white_check_mark": "✅", "heavy_check_mark": "✔", "ballot_box_with_check": "☑",
    "x": "❌", "negative_squared_cross_mark": "❎", "heavy_plus_sign": "➕",
    "heavy_minus_sign": "➖", "no_entry": "⛔", "no_entry_sign": "🚫", "warning": "⚠",
    "exclamation": "❗", "heavy_exclamation_mark": "❗", "question": "❓", "bangbang": "‼",
    "grey_question": "❔", "interrobang": "⁉", "eyes": "👀", "bulb": "💡", "brain": "🧠",
    "smile": "😄", "smiley": "😃", "grinning": "😀", "grin": "😁", "laughing": "😆",
    "satisfied": "😆", "sweat_smile": "😅", "joy": "😂", "rolling_on_the_floor_laughing": "🤣",
    "blush": "😊", "slightly_smiling_face": "🙂", "upside_down_face": "🙃", "wink": "😉",
    "relaxed": "☺", "relieved": "😌", "innocent": "😇", "sunglasses": "😎", "yum": "😋",
    "kissing_heart": "😘", "hugging_face": "🤗", "thinking_face": "🤔", "neutral_face": "😐",
    "expressionless": "😑", "no_mouth": "😶", "face_with_rolling_eyes": "🙄", "smirk": "😏",
    "unamused": "😒", "confused": "😕", "slightly_frowning_face": "🙁", "white_frowning_face": "☹",
    "worried": "😟", "cry": "😢", "sob": "😭", "disappointed": "😞", "pensive": "😔",
    "angry": "😠", "rage": "😡", "triumph": "😤", "confounded": "😖", "persevere": "😣",
    "weary": "😩", "tired_face": "😫", "scream": "😱", "fearful": "😨", "open_mouth": "😮",
    "astonished": "😲", "flushed": "😳", "sleeping": "😴", "exploding_head": "🤯",
    "face_palm": "🤦", "facepalm": "🤦", "shrug": "🤷", "nauseated_face": "🤢",
    "face_vomiting": "🤮", "hankey": "💩", "poop": "💩", "shit": "💩", "clown_face": "🤡",
    "skull": "💀", "partying_face": "🥳", "saluting_face": "🫡", "melting_face": "🫠",
    "salute": "🫡", "zap": "⚡", "boom": "💥", "collision": "💥", "gem": "💎",
    "chart_with_upwards_trend": "📈", "dart": "🎯", "bug": "🐛", "speaker": "🔈", "sound": "🔉",
    "loud_sound": "🔊", "mute": "🔇", "arrows_counterclockwise": "🔄", "repeat": "🔁",
    "recycle": "♻", "wastebasket": "🗑", "memo": "📝", "pencil": "📝", "ear": "👂",
    "octagonal_sign": "🛑", "black_square_for_stop": "⏹", "coffee": "☕", "beers": "🍻",
    "cake": "🍰", "birthday": "🎂", "man-shrugging": "🤷", "woman-shrugging": "🤷",
    "man-facepalming": "🤦", "woman-facepalming": "🤦",
}  # fmt: skip

_LONGEST: Final = 100  # characters of a name; a workspace's own may have as many
_PICTURES: Final = 0x2190  # from here on, signs are pictures rather than letters' marks


def unicode(name: str) -> str:
    """The emoji called `name`, without skin tone; `:name:` for a workspace's own.

    "" for what is no name of an emoji.
    """
    bare = name.partition("::")[0].strip(":").lower()
    if not bare or len(bare) > _LONGEST or not bare.isprintable():
        return ""
    return NAMES.get(bare) or _by_unicode(bare) or f":{bare}:"


def _by_unicode(name: str) -> str:
    """Many of Slack's names are those of Unicode, with lines for spaces."""
    try:
        found = unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return ""
    is_picture = unicodedata.category(found[0]) == "So" and ord(found[0]) >= _PICTURES
    return found if len(found) == 1 and is_picture else ""
