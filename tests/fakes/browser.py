"""A headless Chromium, spoken to over the DevTools protocol: what a person sees and does."""

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 20.0  # seconds; a test machine may be busy
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-extensions", "--disable-default-apps", "--mute-audio", "--no-pings"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0"),
)
KEYS = {
    "Enter": 13,
    "Escape": 27,
    "ArrowUp": 38,
    "ArrowDown": 40,
    "ArrowRight": 39,
    "Home": 36,
    "Tab": 9,
}


def installed() -> str | None:
    """Where a Chromium is on this machine."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class PageError(AssertionError):
    """Something in the page failed, or did not come about in time."""


class Tab:
    """One page. `troubles` are its uncaught errors, refused resources and console errors."""

    def __init__(self, line: "_Line", session: str) -> None:
        self._line = line
        self._session = session
        self.troubles: list[str] = []
        line.listeners[session] = self._note

    async def call(self, method: str, **parameters: object) -> Any:
        return await self._line.call(method, parameters, self._session)

    def _note(self, method: str, parameters: Mapping[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            thrown = details.get("exception", {}).get("description", details["text"])
            self.troubles.append(thrown)
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            entry = parameters["entry"]
            self.troubles.append(f"{entry['text']} {entry.get('url', '')}")

    async def open(self, address: str) -> None:
        await self.call("Page.navigate", url=address)

    async def reload(self) -> None:
        await self.call("Page.reload")

    async def run(self, script: str) -> Any:
        """The value of a JavaScript expression, awaited; an element is only True."""
        expression = f"Promise.resolve({script}).then((it) => it instanceof Node || it)"
        answer = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise PageError(answer["exceptionDetails"]["exception"].get("description", script))
        return answer["result"].get("value")

    async def until(self, script: str, *, within: float = PATIENCE) -> Any:
        """The first value of the expression that is not falsy."""
        try:
            async with asyncio.timeout(within):
                while True:
                    # Between two documents there is nothing to ask.
                    with suppress(PageError):
                        if value := await self.run(script):
                            return value
                    await asyncio.sleep(0.03)
        except TimeoutError:
            shown = await self.run("document.body.innerText.slice(0, 2000)")
            raise PageError(f"never true: {script}\non the page: {shown}") from None

    async def click(self, selector: str) -> None:
        """Press the middle of the last element the selector finds, with the mouse."""
        x, y = await self.hover(selector)
        point = {"x": x, "y": y, "button": "left", "clickCount": 1}
        await self.call("Input.dispatchMouseEvent", type="mousePressed", **point)
        await self.call("Input.dispatchMouseEvent", type="mouseReleased", **point)

    async def hover(self, selector: str) -> tuple[float, float]:
        """Move the mouse there; gives where it then is."""
        target = json.dumps(selector)
        x, y = await self.until(
            f"""(() => {{
                const found = [...document.querySelectorAll({target})].at(-1);
                if (!found) return null;
                found.scrollIntoView({{block: "nearest"}});
                const box = found.getBoundingClientRect();
                return box.width ? [box.x + box.width / 2, box.y + box.height / 2] : null;
            }})()"""
        )
        await self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        return x, y

    async def type(self, words: str) -> None:
        """Type into whatever has the focus."""
        await self.call("Input.insertText", text=words)

    async def press(self, key: str) -> None:
        code = KEYS[key]
        parameters: dict[str, object] = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        text = {"text": "\r"} if key == "Enter" else {}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **parameters, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **parameters)

    async def choose_files(self, selector: str, files: Sequence[Path]) -> None:
        """What a person does in the file dialog of an <input type=file>."""
        root = (await self.call("DOM.getDocument"))["root"]["nodeId"]
        node = await self.call("DOM.querySelector", nodeId=root, selector=selector)
        names = [str(path) for path in files]
        await self.call("DOM.setFileInputFiles", nodeId=node["nodeId"], files=names)

    async def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        await self.call("Emulation.setTouchEmulationEnabled", enabled=phone)

    async def prefer(self, **features: str) -> None:
        """Media features, such as prefers_color_scheme="dark"."""
        wanted = [
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()
        ]
        await self.call("Emulation.setEmulatedMedia", features=wanted)

    async def go_offline(self, offline: bool) -> None:
        await self.call(
            "Network.emulateNetworkConditions",
            offline=offline,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )

    async def picture(self, path: Path) -> None:
        """A screenshot, for looking at."""
        data = (await self.call("Page.captureScreenshot", format="png"))["data"]
        await asyncio.to_thread(path.write_bytes, base64.b64decode(data))


async def say(tab: Tab, words: str) -> None:
    """Write in the composer of the playground's page, and send."""
    await tab.click("#text")
    await tab.type(words)
    await tab.press("Enter")


async def shown(tab: Tab, selector: str) -> str:
    """The text of the last element found."""
    return str(await tab.run(f"[...document.querySelectorAll('{selector}')].at(-1)?.textContent"))


class _Line:
    """Calls and events on the one socket to the browser."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._open: dict[int, asyncio.Future[Any]] = {}
        self.listeners: dict[str, Any] = {}

    async def call(self, method: str, parameters: Mapping[str, object], session: str = "") -> Any:
        number = next(self._numbers)
        answer = self._open[number] = asyncio.get_running_loop().create_future()
        call = {"id": number, "method": method, "params": parameters}
        await self._socket.send_json(call | ({"sessionId": session} if session else {}))
        async with asyncio.timeout(PATIENCE):
            return await answer

    async def listen(self) -> None:
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                break
            self._take(json.loads(message.data))

    def _take(self, said: Mapping[str, Any]) -> None:
        if "id" not in said:
            listener = self.listeners.get(said.get("sessionId", ""))
            if listener:
                listener(said["method"], said["params"])
            return
        waiting = self._open.pop(said["id"])
        if waiting.done():
            return
        if "error" in said:
            waiting.set_exception(PageError(said["error"]["message"]))
        else:
            waiting.set_result(said["result"])


@contextmanager
def chromium(executable: str) -> Iterator[str]:
    """A browser of our own for the length of a block, with an empty profile; gives its address."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [executable, *QUIET, f"--user-data-dir={folder}"]
        process = subprocess.Popen(command, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True)
        try:
            yield _address(Path(folder) / "DevToolsActivePort")
        finally:
            # The browser is a family of processes, in a group of its own.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _address(file: Path) -> str:
    """The socket's address, which the browser writes down once it listens."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if file.exists() and len(lines := file.read_text().splitlines()) > 1:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.03)
    raise PageError("the browser did not start")


@asynccontextmanager
async def opened(address: str, page: str) -> AsyncIterator[Tab]:
    """A tab on `page`, with storage of its own."""
    async with (
        ClientSession() as session,
        session.ws_connect(address, max_msg_size=0) as socket,
        _listened_to(_Line(socket)) as line,
    ):
        context = (await line.call("Target.createBrowserContext", {}))["browserContextId"]
        within = {"browserContextId": context}
        target = await line.call("Target.createTarget", {"url": "about:blank", **within})
        attach = {"targetId": target["targetId"], "flatten": True}
        attached = await line.call("Target.attachToTarget", attach)
        tab = Tab(line, attached["sessionId"])
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            await tab.call(f"{domain}.enable")
        await tab.resize(1360, 860)
        await tab.open(page)
        try:
            yield tab
        finally:
            await line.call("Target.disposeBrowserContext", within)


@asynccontextmanager
async def _listened_to(line: _Line) -> AsyncIterator[_Line]:
    # No TaskGroup: it would wrap a test's own failure into a group.
    listening = asyncio.create_task(line.listen())
    try:
        yield line
    finally:
        listening.cancel()
        await asyncio.wait([listening])
