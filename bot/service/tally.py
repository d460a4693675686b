"""What is counted, and said in the log, of an answer that has come to its end."""

from bot import observe
from bot.live import LiveReply
from bot.store.records import Answer

_log = observe.get_logger("bot.service.answering")


def painted(live: LiveReply, platform: str) -> None:
    """What it took to show it, whatever became of it."""
    observe.FRAMES.inc(live.frames)
    observe.DROPPED_FRAMES.inc(live.dropped)
    observe.RATE_LIMITED.labels(platform).inc(live.limited)


def closed(live: LiveReply, answer: Answer, seconds: float) -> None:
    """How it ended, `seconds` after it was asked for."""
    outcome = str(answer.outcome)
    observe.ANSWERS.labels(outcome).inc()
    observe.ANSWER_SECONDS.observe(seconds)
    observe.ANSWER_CHARACTERS.observe(len(answer.text))
    _log.info(
        "answer closed",
        outcome=outcome,
        error=answer.error,
        characters=len(answer.text),
        frames=live.frames,
        seconds=round(seconds, 2),
    )
