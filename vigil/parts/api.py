"""The console's server, REST and websocket."""

import argparse

from api.app import ApiSettings, serve
from vigil import console_build, drawn
from vigil.alive import told_to_stop
from vigil.database import database_url
from vigil.settings import Settings


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """The console's server."""
    built, _ = console_build.place(settings.path("VIGIL_DASHBOARD"))
    mine = ApiSettings(
        dsn=database_url(settings),
        host=settings.text("VIGIL_HTTP_HOST"),
        port=settings.number("VIGIL_HTTP_PORT"),
        mqtt_host=settings.text("VIGIL_MQTT_HOST"),
        mqtt_port=settings.number("VIGIL_MQTT_PORT"),
        mqtt_username="api",
        mqtt_password=drawn.service_password(settings, "api"),
        mqtt_tls_ca=settings.path("VIGIL_MQTT_CA"),
        dashboard_dir=built if built.exists() else None,
        secure_cookies=settings.flag("VIGIL_HTTPS"),
        probe_key=drawn.kept(settings.secrets / drawn.PROBE_KEY),
    )
    await serve(mine, told_to_stop())
    return 0
