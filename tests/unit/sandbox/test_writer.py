import pytest

from bot.sandbox.engines.offline import OfflineEngine
from bot.sandbox.writer import EngineUnavailable, Picture, Task, WriterFault, make_engine


async def test_offline_engine_is_made_by_name() -> None:
    engine = await make_engine("offline")
    assert isinstance(engine, OfflineEngine)
    assert engine.name == "offline"
    await engine.close()


async def test_unknown_engine_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(EngineUnavailable, match="'quantum': choose offline, local or openai"):
        await make_engine("quantum")


def test_neither_prompts_nor_pictures_print() -> None:
    picture = Picture(name="a.png", media_type="image/png", data=b"hidden")
    task = Task(prompt="hidden", inputs={"a": "hidden"}, pictures=(picture,), passages=("hidden",))
    assert "hidden" not in repr(task)


def test_fault_carries_its_sentence() -> None:
    fault = WriterFault("The model failed.")
    assert fault.message == str(fault) == "The model failed."
