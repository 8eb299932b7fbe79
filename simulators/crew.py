"""The demo's responders whom nobody plays answer their phones: each accepts, sets out, arrives, enters and finishes, as people do.

They use what a phone uses, the REST API with an account of their own, so that what the desk sees is what it would see in service.
Who has an errand is heard on the desk's websocket. Now and then one declines.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

log = logging.getLogger("vigil.crew")

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_REFUSED_PAUSE_S = 900.0
_FORBIDDEN, _ENDED = frozenset({401, 403}), frozenset({404, 409})
_PATIENCE_S = 10.0
_POSITION_S = 5.0
_DECLINES = 0.05
_LONGEST_FRAME = 8 << 20  # a snapshot of a bad night

# What is done next in each state of an errand, and how long after the one before, in seconds.
_NEXT: Mapping[str, tuple[str, float, float]] = {
    "offered": ("accept", 6, 20),
    "accepted": ("depart", 15, 45),
    "en_route": ("arrive", 0, 0),  # travelling takes as long as the offer said
    "arrived": ("enter", 15, 60),
    "entered": ("finish", 120, 420),
}


@dataclass(frozen=True, slots=True)
class Login:
    """Of one account."""

    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Errand:
    """One responder's errand as the websocket tells it."""

    dispatch: str
    responder: str
    state: str
    lon: float
    lat: float
    travel_s: float


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next, and after how many seconds."""

    action: str
    after_s: float


def errands(message: Mapping[str, Any]) -> Iterator[Errand]:
    """Those that a snapshot or an incident's change speaks of; nothing in any other message."""
    cards = message.get("incidents") if message.get("type") == "snapshot" else [message.get("incident")]
    for card in (one for one in cards or () if one):
        for dispatch in card["dispatches"]:
            if dispatch["state"] in _NEXT:
                site = card["site"]
                travel_s = float(dispatch["travel_s"] or 0)
                yield Errand(dispatch["id"], dispatch["responder"], dispatch["state"], site["lon"], site["lat"], travel_s)


def next_step(errand: Errand, rng: Random) -> Step:
    """What this responder does next. Chance comes from `rng`."""
    if errand.state == "offered" and rng.random() < _DECLINES:
        return Step("decline", rng.uniform(4, 10))
    action, least, most = _NEXT[errand.state]
    return Step(action, errand.travel_s if errand.state == "en_route" else rng.uniform(least, most))


def way(origin: tuple[float, float], goal: tuple[float, float], share: float) -> tuple[float, float]:
    """Where somebody is who has gone this share (0 to 1) of the way, as the crow flies."""
    return origin[0] + (goal[0] - origin[0]) * share, origin[1] + (goal[1] - origin[1]) * share


class Crew:
    """`phones`: whom it answers for, by responder code. `speed`: how many times faster than life."""

    def __init__(self, url: str, desk: Login, phones: Mapping[str, Login], speed: float, seed: int) -> None:
        self._url = url
        self._desk = desk
        self._phones = phones
        self._speed = speed
        self._rng = Random(f"{seed} crew")
        self._places: dict[str, tuple[float, float]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._barred: set[str] = set()  # those whose login was refused

    async def live(self, stop: asyncio.Event) -> None:
        """Answer until `stop`; a server that is away is tried again."""
        listening = asyncio.create_task(self._listen_for_ever())
        try:
            await stop.wait()
        finally:
            everything = (listening, *self._running.values())
            for task in everything:
                task.cancel()
            await asyncio.gather(*everything, return_exceptions=True)

    async def _listen_for_ever(self) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            try:
                async with self._phone(self._desk) as desk:
                    pause = _FIRST_PAUSE_S
                    await self._listen(desk)
            except (OSError, TimeoutError, WebSocketException, httpx.HTTPError) as error:
                log.info("the desk is not heard: %s", error or type(error).__name__)
                if _status(error) in _FORBIDDEN:  # asking again and again would lock people out too
                    log.warning("the crew may not listen at the desk: %s", error)
                    await asyncio.sleep(_REFUSED_PAUSE_S)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _listen(self, desk: httpx.AsyncClient) -> None:
        address = self._url.replace("http", "ws", 1) + "/api/live"
        async with connect(address, additional_headers={"Cookie": desk.headers["Cookie"]}, max_size=_LONGEST_FRAME) as socket:
            async for text in socket:
                self.hear(json.loads(text))

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take one message of the websocket: where the crew is, and which errands are new."""
        for place in message.get("responders") or [one for one in (message.get("responder"),) if one]:
            self._places[place["code"]] = (place["lon"], place["lat"])
        for errand in errands(message):
            played = errand.responder in self._phones and errand.responder not in self._barred
            if played and errand.dispatch not in self._running:
                task = asyncio.create_task(self._run(errand), name=f"errand {errand.dispatch}")
                self._running[errand.dispatch] = task
                task.add_done_callback(lambda _, done=errand.dispatch: self._running.pop(done, None))  # type: ignore[misc]

    async def _run(self, errand: Errand) -> None:
        """One errand until it has ended; a server that is away or busy is tried again, a refused login is not."""
        while True:
            try:
                return await self._play(errand)
            except httpx.HTTPError as error:
                status = _status(error)
                if status in _ENDED:
                    log.info("%s: recalled, or ended by the desk: %s", errand.responder, error)
                    return None
                log.warning("%s: an errand waits: %s", errand.responder, error or type(error).__name__)
                if status in _FORBIDDEN:
                    self._barred.add(errand.responder)
                    return None
            await asyncio.sleep(_LONGEST_PAUSE_S)

    async def _play(self, errand: Errand) -> None:
        """Every step that is left. Raises httpx.HTTPError."""
        async with self._phone(self._phones[errand.responder]) as phone:
            errand = replace(errand, state=await _state(phone, errand.dispatch))
            while errand.state in _NEXT:
                step = next_step(errand, self._rng)
                if errand.state == "en_route":
                    await self._travel(phone, errand, step.after_s / self._speed)
                else:
                    await asyncio.sleep(step.after_s / self._speed)
                answer = await phone.post(f"/api/dispatches/{errand.dispatch}/{step.action}", json={"why": ""})
                answer.raise_for_status()
                errand = replace(errand, state=answer.json()["state"])

    async def _travel(self, phone: httpx.AsyncClient, errand: Errand, lasts_s: float) -> None:
        """Tell the phone's position now and then, until there."""
        origin, goal = self._places.get(errand.responder, (errand.lon, errand.lat)), (errand.lon, errand.lat)
        loop = asyncio.get_running_loop()
        began = loop.time()
        share = 0.0
        while share < 1:
            await asyncio.sleep(min(_POSITION_S, lasts_s))
            share = min(1.0, (loop.time() - began) / lasts_s) if lasts_s else 1.0
            lon, lat = way(origin, goal, share)
            (await phone.post("/api/responder/position", json={"lon": lon, "lat": lat})).raise_for_status()

    @asynccontextmanager
    async def _phone(self, who: Login) -> AsyncIterator[httpx.AsyncClient]:
        """A session of this account, ended with the context. Raises httpx.HTTPError."""
        async with httpx.AsyncClient(base_url=self._url, headers={"X-Vigil": "1"}, timeout=_PATIENCE_S) as client:
            answer = await client.post("/api/login", json={"login": who.login, "password": who.password})
            answer.raise_for_status()
            # by hand: a jar keeps a secure cookie from the plain line between two containers
            client.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
            try:
                yield client
            finally:
                with contextlib.suppress(httpx.HTTPError):
                    await client.post("/api/logout")


async def _state(phone: httpx.AsyncClient, dispatch: str) -> str:
    """Where an errand stands by now; "" when it has ended."""
    answer = await phone.get("/api/responder/errands")
    answer.raise_for_status()
    known = {one["id"]: one["state"] for incident in answer.json() for one in incident["dispatch_list"]}
    return str(known.get(dispatch, ""))


def _status(error: Exception) -> int | None:
    """With what the server refused; None when it said nothing."""
    return error.response.status_code if isinstance(error, httpx.HTTPStatusError) else None
