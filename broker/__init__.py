"""MQTT: sessions with manual acknowledgement, the auth callout, the embedded server."""
