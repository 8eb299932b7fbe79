"""Writes what the dashboard's types are generated from, always the same bytes: OpenAPI of REST, JSON schema of the websocket."""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from api.assembly import described
from api.shapes import ClientMessage, ServerMessage

TARGET = Path(__file__).parent.parent / "dashboard" / "src" / "api"
OPENAPI, LIVE = "openapi.json", "live.schema.json"


def openapi() -> dict[str, Any]:
    """The REST interface."""
    return described().openapi()


def live() -> dict[str, Any]:
    """What goes over /api/live: `ServerMessage` down, `ClientMessage` up, the rest in `$defs`."""
    server = TypeAdapter[Any](ServerMessage).json_schema(mode="serialization")
    client = TypeAdapter[Any](ClientMessage).json_schema(mode="validation")
    shared = {**server.pop("$defs"), **client.pop("$defs")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Live",
        "$defs": {**shared, "ServerMessage": server, "ClientMessage": client},
        "anyOf": [{"$ref": "#/$defs/ServerMessage"}, {"$ref": "#/$defs/ClientMessage"}],
    }


def written(document: dict[str, Any]) -> str:
    """The one text of a document."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def export(target: Path = TARGET) -> None:
    """Write both files."""
    target.mkdir(parents=True, exist_ok=True)
    (target / OPENAPI).write_text(written(openapi()), encoding="utf-8")
    (target / LIVE).write_text(written(live()), encoding="utf-8")


if __name__ == "__main__":
    export()
