"""Likes and dislikes: one for a message and its end user."""

from aiohttp import web

from bot.sandbox.access import required_user
from bot.sandbox.replies import InvalidParam, Refusal, answer, success
from bot.sandbox.requests import FeedbackListQuery, MessageFeedbackPayload, check, read_json
from bot.sandbox.room import entered


async def rate(request: web.Request) -> web.StreamResponse:
    room, app = entered(request)
    body = await read_json(request)
    end_user = await required_user(room.state, app, body)
    payload = check(MessageFeedbackPayload, body)
    message = await room.state.message(request.match_info["message_id"].lower())
    if message is None or message.app != app.id or message.end_user != end_user.id:
        raise Refusal(404, "not_found", "Message Not Exists.")
    if payload.rating is not None:
        await room.state.rate(message, payload.rating, payload.content)
    elif not await room.state.unrate(message):
        raise InvalidParam("rating cannot be None when feedback not exists")
    return success()


async def feedbacks(request: web.Request) -> web.StreamResponse:
    room, app = entered(request)
    query = check(FeedbackListQuery, dict(request.query))
    return answer({"data": await room.state.feedbacks(app, query.page, query.limit)})
