"""What Slack tells besides what people say: who leaves, where it belongs, and junk."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack import inbound, routing
from adapters.slack.adapter import Slack
from adapters.slack.dispatching import Dispatching
from adapters.slack.heard import Heard, Unreadable, mapping
from adapters.slack.workspace import Line, Workspace
from bot.events import Event, Message, encode
from bot.pace import Pace
from tests.fakes.clock import virtual_time_loop
from tests.fakes.slack_line import Scripted
from tests.fakes.slack_payloads import (
    BOT,
    NAMES,
    NOW,
    TEAM,
    event,
    found,
    heard,
    payload,
    read,
)

Json = dict[str, object]

QUESTION, LATER = "1795330000.000100", "1795330050.000200"


def inner(told: Json) -> Json:
    event = told["event"]
    assert isinstance(event, dict)
    return event


class TestLeaving:
    @pytest.mark.parametrize("name", ["uninstalled", "tokens_revoked"])
    def test_the_bot_is_gone(self, name: str) -> None:
        assert inbound.is_farewell(mapping(payload(name)))
        assert heard(name) == Heard(gone=datetime.fromtimestamp(1795330000, UTC))

    def test_a_persons_own_token_is_not_used(self) -> None:
        assert heard("tokens_revoked_of_person") == Heard()


class TestRoutes:
    def test_of_what_comes_from_a_shared_channel_the_team_is_the_installed_one(self) -> None:
        told = mapping(payload("mention_external"))
        assert told["team_id"] != TEAM and routing.route(told).team == TEAM
        found = heard("mention_external")
        assert found.external and found.event is not None
        assert found.event.place.chat.workspace == TEAM
        assert found.event.place.user.workspace == "T0ELSEWHER"

    def test_in_an_organisation_the_team_is_where_it_happened(self) -> None:
        route = routing.route(mapping(payload("grid")))
        assert (route.team, route.enterprise, route.org) == (TEAM, "E0HOUSE001", True)

    def test_an_organisation_in_the_place_of_a_workspace_is_none(self) -> None:
        view = {"app_installed_team_id": "E1"}
        told: dict[str, object] = {"type": "view_submission", "view": view, "user": {"id": "U1"}}
        route = routing.route({**told, "team": {"id": "T1", "enterprise_id": "E1"}})
        assert (route.team, route.enterprise) == ("T1", "E1")
        assert routing.route(told) == routing.Route(team="", enterprise="E1")
        said = found(Message, "grid")
        assert said.place.user.workspace == TEAM, "its own organisation means the team"

    def test_an_organisation_of_others_stays_theirs(self) -> None:
        told = payload("mention_external")
        inner(told)["user_team"] = "E0OTHERS01"
        found = read(told).event
        assert found is not None and found.place.user.workspace == "E0OTHERS01"

    def test_where_no_team_is_told_of_a_person_none_is_made_up(self) -> None:
        told = payload("dm")
        del inner(told)["team"]
        found = read(told).event
        assert found is not None and found.place.user.workspace == ""

    def test_the_bot_is_named_where_it_is_told(self) -> None:
        assert routing.route(mapping(payload("dm"))).bot == BOT
        assert routing.route(mapping(payload("press"))).bot == ""


class TestJunk:
    @pytest.mark.parametrize(
        "told",
        [
            {"type": "event_callback"},
            {"type": "event_callback", "event": []},
            {"type": "event_callback", "event": {"type": 7}},
            {"type": "event_callback", "event": {"type": "message", "user": {"id": "U1"}}},
            {"type": "event_callback", "event": {"type": "reaction_added", "item": 3}},
            {"type": "event_callback", "event": {"type": "message", "channel": "C:1|x"}},
        ],
    )
    def test_what_slack_does_not_send_is_unreadable(self, told: Json) -> None:
        with pytest.raises(Unreadable):
            read(told)

    @pytest.mark.parametrize(
        ("name", "field", "junk"),
        [
            ("dm", "ts", ""),
            ("dm", "channel", ""),
            ("edited", "message", None),
            ("edited", "channel", ""),
            ("deleted", "previous_message", None),
            ("reaction_added", "reaction", "::"),
            ("session_stopped", "user", ""),
            ("messages_opened", "user", ""),
            ("messages_opened", "channel", ""),
            ("deleted", "deleted_ts", ""),
        ],
    )
    def test_without_what_matters_it_says_nothing(
        self, name: str, field: str, junk: object
    ) -> None:
        told = payload(name)
        inner(told)[field] = junk
        assert read(mapping(told)) == Heard()

    def test_a_time_that_is_none_is_now(self) -> None:
        told = payload("dm")
        inner(told)["ts"] = "9" * 300
        found = read(told).event
        assert found is not None and found.at == NOW

    def test_an_event_that_nobody_knows_is_passed_over(self) -> None:
        assert read({"type": "event_callback", "event": {"type": "from_the_future"}}) == Heard()

    @pytest.mark.parametrize("name", NAMES)
    def test_the_words_of_people_are_in_no_log(self, name: str) -> None:
        shown = repr(event(name)) if payload(name).get("type") == "event_callback" else ""
        assert "tea" not in shown.replace("team", "").lower()

    @given(st.data())
    def test_no_json_breaks_the_reading(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(NAMES))
        told = payload(name)
        _spoil(data, told)
        try:
            read(told)
        except Unreadable:
            return

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda more: (
                st.lists(more, max_size=3) | st.dictionaries(st.text(max_size=8), more, max_size=3)
            ),
            max_leaves=8,
        )
    )
    def test_nor_does_any_at_all(self, told: object) -> None:
        try:
            read(told)
        except Unreadable:
            return

    @given(st.data())
    def test_nor_the_way_that_everything_takes(self, data: st.DataObject) -> None:
        told = payload(data.draw(st.sampled_from(NAMES)))
        _spoil(data, told)
        with asyncio.Runner(loop_factory=virtual_time_loop) as runner:
            assert runner.run(_dispatched(told)) in (200, 400, 503)

    def test_nor_does_a_deep_one(self) -> None:
        deep: object = 1
        for _ in range(2000):
            deep = {"event": deep}
        with pytest.raises(Unreadable):
            mapping(deep)


class Everywhere:
    """The bot is installed wherever something happens."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def of(self, team: str, enterprise: str = "") -> Workspace:
        return self._line.workspace(team=team, token="xoxb-1", bot_user=BOT)

    def known(self) -> Sequence[Workspace]:
        return ()


async def _dispatched(told: object) -> int:
    async def accept(event: Event) -> bool:
        encode(event)
        return True

    line = Line(transport=Scripted())
    adapter = Slack(workspaces=Everywhere(line), slots=Pace(), line=line)
    answer = await Dispatching(adapter.ear).dispatch(told, accept)
    return answer.status


_JUNK = st.sampled_from(
    [None, 0, -1, 2**80, 1.5, True, "", "x", "\ud800", "9" * 400, [], [None], {}, {"id": 1}]
)


def _spoil(data: st.DataObject, told: Json) -> None:
    """Put junk into one place of the payload."""
    part: object = told
    while isinstance(part, dict | list) and part:
        keys = list(part) if isinstance(part, dict) else list(range(len(part)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(part[key], dict | list) or data.draw(st.booleans()):
            part[key] = data.draw(_JUNK)
            return
        part = part[key]
