"""What the store refuses. Every error of this room is a StoreError, so that a shell can tell a refusal from a fault."""


class StoreError(Exception):
    """The store refuses, and the message says what was expected and what came."""


class NotFound(StoreError):
    """There is no such thing, or not for this person."""

    def __init__(self, noun: str, code: object) -> None:
        super().__init__(f"{noun} {code}: does not exist, or not in your scope")
        self.noun = noun
        self.code = code


class OutOfScope(NotFound):
    """It exists, but outside the scope of whoever asks; reads as NotFound, so that an error never tells what exists."""
