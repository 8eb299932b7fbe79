"""The demo devices' tokens: derived from one secret of this machine, so that no file holds thousands of them."""

import hashlib
import hmac


def token(secret: bytes, device: str) -> str:
    """The password with which this demo device connects: 256 bits in hexadecimal."""
    return hmac.new(secret, device.encode(), hashlib.sha256).hexdigest()
