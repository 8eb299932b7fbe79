"""A CAP 1.2 message as XML, written by the standard library's own writer, elements in the order of the standard's section 3.2."""

import re
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from dispatch import cap_words as words
from dispatch.cap import Info, Message, Reference

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


def xml(one: Message) -> bytes:
    """The message as UTF-8. What XML cannot hold is replaced, so that no name in a register can break a message."""
    alert = Element(f"{{{NAMESPACE}}}alert")
    _put(alert, "identifier", one.identifier)
    _put(alert, "sender", one.sender)
    _put(alert, "sent", when(one.sent))
    _put(alert, "status", one.status)
    _put(alert, "msgType", one.msg_type)
    _put(alert, "scope", one.scope)
    if one.scope == "Restricted":
        _put(alert, "restriction", words.RESTRICTION)
    if one.scope == "Private":
        _put(alert, "addresses", words.ADDRESSES)
    if one.note:
        _put(alert, "note", one.note)
    if one.references:
        _put(alert, "references", " ".join(reference(earlier) for earlier in one.references))
    _put(alert, "incidents", one.incident)
    for info in one.infos:
        _info(alert, one, info)
    body: bytes = tostring(alert, encoding="utf-8", xml_declaration=True, default_namespace=NAMESPACE)
    return body


def when(at: datetime) -> str:
    """A time as CAP writes it: whole seconds and the offset, UTC as -00:00 (section 3.3.2)."""
    text = at.replace(microsecond=0).isoformat()
    return text[:-6] + "-00:00" if text.endswith("+00:00") else text


def reference(one: Reference) -> str:
    """How a later message names this one."""
    return f"{one.sender},{one.identifier},{when(one.sent)}"


def _info(alert: Element, one: Message, said: Info) -> None:
    info = _put(alert, "info")
    _put(info, "language", said.language)
    for category in one.categories:
        _put(info, "category", category)
    _put(info, "event", said.event)
    _put(info, "responseType", one.response)
    _put(info, "urgency", one.urgency)
    _put(info, "severity", one.severity)
    _put(info, "certainty", one.certainty)
    _put(info, "effective", when(one.sent))
    _put(info, "onset", when(one.onset))
    _put(info, "expires", when(one.expires))
    _put(info, "headline", said.headline)
    _put(info, "description", said.description)
    _put(info, "instruction", said.instruction)
    for name, value in one.parameters:
        _pair(_put(info, "parameter"), name, value)
    area = _put(info, "area")
    _put(area, "areaDesc", said.area)
    _put(area, "circle", one.circle)
    for name, value in one.geocodes:
        _pair(_put(area, "geocode"), name, value)


def _pair(parent: Element, name: str, value: str) -> None:
    _put(parent, "valueName", name)
    _put(parent, "value", value)


def _put(parent: Element, name: str, text: str | None = None) -> Element:
    found = SubElement(parent, f"{{{NAMESPACE}}}{name}")
    if text is not None:
        found.text = _FORBIDDEN.sub("\ufffd", text)
    return found
