"""Reply markup as the server takes it: buttons, their data and counts."""

from tests.fakes.bot_api.entities import check_link, units
from tests.fakes.bot_api.refused import bad_request

MOST_BUTTONS = 100
MOST_IN_A_ROW = 8
STYLES = {"danger", "success", "primary"}
_DEEDS = ("callback_data", "url", "copy_text", "disabled")


def check_markup(markup: dict[str, object]) -> None:
    """Raise Refused unless the markup can be shown."""
    if "inline_keyboard" in markup:
        _check_keyboard(markup["inline_keyboard"])
    placeholder = markup.get("input_field_placeholder")
    if placeholder is not None and not 1 <= units(str(placeholder)) <= 64:
        raise bad_request("input field placeholder must be of 1 to 64 characters")


def _check_keyboard(rows: object) -> None:
    assert isinstance(rows, list)
    if sum(len(row) for row in rows) > MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    for row in rows:
        if not 1 <= len(row) <= MOST_IN_A_ROW:
            raise bad_request(f"a row of {len(row)} buttons")
        for button in row:
            _check_button(button)


def _check_button(button: dict[str, object]) -> None:
    if not str(button["text"]).strip():
        raise bad_request("Text buttons are unallowed in the inline keyboard")
    if sum(deed in button for deed in _DEEDS) != 1:
        raise bad_request("exactly one action for a button, please")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= 64:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button:
        check_link(str(button["url"]))
    if button.get("style", "primary") not in STYLES:
        raise bad_request("button style is unknown")
