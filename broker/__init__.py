"""MQTT: sessions with manual acknowledgement, the auth callout, the embedded server. Nobody else imports paho or speaks to NATS.

    secrets → config → server          the NATS server, as a child process or under a supervisor
    transport → connection → session   one MQTT session that never drops; lanes says which there are
    admission, claims → callout        who may connect; register and snapshot remember, warden disconnects the revoked

Every persistent session exists before a device may connect: the callout makes them before it answers its first question, before it
grants a device of a new area, and again after the broker was away. No order of starting processes can break that.
"""
