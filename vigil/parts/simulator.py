"""The demo district's life."""

import argparse
import asyncio
import os

from care.district import District
from simulators import life
from simulators.crew import Crew, Login
from simulators.district import CREW, chief, demo_district
from vigil import demo
from vigil.alive import told_to_stop
from vigil.playing import Held
from vigil.settings import Settings


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """The demo district's life and the responders whom nobody plays; what watches over it goes before it."""
    os.nice(10)
    district = await asyncio.to_thread(demo_district, arguments.seed)
    where = life.Endpoint(settings.text("VIGIL_MQTT_HOST"), settings.number("VIGIL_MQTT_PORT"), settings.path("VIGIL_MQTT_CA"))
    stop, secret = told_to_stop(), demo.seed(settings.secrets)
    answering = asyncio.create_task(_crew(district, arguments, settings).live(stop), name="crew")
    try:
        await life.run(district, where, secret, speed=arguments.speed, seed=arguments.seed, played=Held(settings.data), stop=stop)
    finally:
        stop.set()
        await answering
    return 0


def _crew(district: District, arguments: argparse.Namespace, settings: Settings) -> Crew:
    """Those whose passwords were drawn on this machine; a district loaded before there was a crew has none."""
    drawn = demo.drawn_passwords(settings.secrets)
    logins = {one.login: Login(one.login, drawn[one.login]) for one in district.accounts if one.login in drawn}
    played = {
        one.responder: logins[one.login]
        for one in district.accounts
        if one.responder and one.login.startswith(CREW) and one.login in logins
    }
    desk = chief(district).login
    return Crew(settings.text("VIGIL_CREW_URL"), logins.get(desk, Login(desk, "")), played, arguments.speed, arguments.seed)
