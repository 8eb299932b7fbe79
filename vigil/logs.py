"""How the parts log: lines for people, or one JSON object a line for machines. Neither carries a secret, nor what moves a cursor.

Messages name devices, incidents and addresses, never a senior, a phone or a password; should a password or a token reach one all
the same, in the text of a library's error, it is blotted out here. What came from outside (an address, a name) may hold anything:
what would end a line, colour a terminal or turn the order of writing is written as an escape, so that no entry passes for two.
"""

import json
import logging
import re
from datetime import UTC, datetime

from vigil.settings import BadSetting, Settings

FORMATS = ("human", "json")
_HUMAN = "%(asctime)s %(levelname)s %(name)s %(message)s"
_SECRETS = re.compile(
    r"""(?ix) (?P<login> (?<=://) [^/\s:@]* : ) [^/\s@]+ (?=@)                                    # a password in an address
    | (?P<name> \b (?:password|passwd|token|secret|authorization|cookie) ["']? \s* [=:] \s* ["']? (?:bearer\s+)? ) [^\s"',;&]+
    | (?P<bearer> \b bearer \s+ ) [^\s"',;]+"""
)
# C0, DEL, C1; line and paragraph separators; what turns the direction of writing; halves of characters, which no stream takes
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Human(logging.Formatter):
    """A line, and a traceback below it, set in, where there is one."""

    def __init__(self) -> None:
        super().__init__(_HUMAN)

    def format(self, record: logging.LogRecord) -> str:
        record.message, record.asctime = record.getMessage(), self.formatTime(record)
        below = [self.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
        below += [self.formatStack(record.stack_info)] if record.stack_info else []
        return "\n".join([escaped(blotted(self.formatMessage(record))), *(_set_in(blotted(text)) for text in below)])


class Json(logging.Formatter):
    """One object a line: at, level, logger, message, and the error where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": blotted(record.getMessage()),
        }
        if record.exc_info and record.exc_info[0]:
            entry["error"] = record.exc_info[0].__name__
            entry["traceback"] = blotted(self.formatException(record.exc_info))
        return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(entry, ensure_ascii=False))


def start(settings: Settings) -> None:
    """On standard error, as the settings say. Raises BadSetting."""
    level, form = settings.text("VIGIL_LOG").upper(), settings.text("VIGIL_LOG_FORMAT")
    if form not in FORMATS:
        raise BadSetting(f"VIGIL_LOG_FORMAT: expected {' or '.join(FORMATS)}, got {form!r}")
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise BadSetting(f"VIGIL_LOG: expected debug, info, warning or error, got {settings.text('VIGIL_LOG')!r}")
    handler = logging.StreamHandler()
    handler.setFormatter(Json() if form == "json" else Human())
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("nats").setLevel(logging.WARNING)


def escaped(text: str) -> str:
    """The text without what does something to a terminal or a line: such characters as Python writes them, \\x1b."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def blotted(text: str) -> str:
    """The text without what looks like a secret."""
    return _SECRETS.sub(lambda found: f"{found[found.lastgroup or 0]}***", text)


def _set_in(text: str) -> str:
    """Further lines of an entry, told from first ones by where they begin: the text of an error may look like anything."""
    return "\n".join(f"  {escaped(line)}" for line in text.split("\n"))
