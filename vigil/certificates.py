"""The broker's certificate: a given one, or one of our own, made once by the machine's openssl under a CA that devices are given.

No library: TLS is made of files, and the broker, the services and the devices' makers all know how to read them.
"""

import ipaddress
import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_DAYS = 3650
_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the broker shows (`cert` with its chain, `key`) and what proves it (`ca`)."""

    cert: Path
    key: Path
    ca: Path


class NoCertificate(RuntimeError):
    """There is no certificate to be had; the message says what is missing and what helps."""


def given(cert: Path | None, key: Path | None, ca: Path | None) -> Certificate | None:
    """The certificate that was given, if any. Without a CA our own services trust exactly this one. Raises NoCertificate."""
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        raise NoCertificate("TLS: expected a certificate and its key (VIGIL_MQTT_CERT and VIGIL_MQTT_KEY), got one of them")
    for file in (cert, key, *((ca,) if ca else ())):
        if not file.is_file():
            raise NoCertificate(f"TLS: {file}: expected a file, got none")
    return Certificate(cert, key, ca or cert)


def own(folder: Path, names: Sequence[str]) -> Certificate:
    """A certificate for these names and addresses, signed by a CA of our own; both are made once. Raises NoCertificate.

    To change the names delete server.pem and start again: devices keep the CA they have.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca, ca_key, cert, key = (folder / name for name in ("ca.pem", "ca.key", "server.pem", "server.key"))
    if not (ca.exists() and ca_key.exists()):
        cert.unlink(missing_ok=True)
        _openssl("req", "-x509", *_CURVE, "-days", f"{_DAYS}", "-subj", "/CN=Vigil CA", "-keyout", ca_key, "-out", ca)
    if not (cert.exists() and key.exists()):
        request, extensions = folder / "server.csr", folder / "server.ext"
        extensions.write_text(f"subjectAltName={_alternatives(names)}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")
        _openssl("req", *_CURVE, "-subj", "/CN=Vigil broker", "-keyout", key, "-out", request)
        signed = ("-CA", ca, "-CAkey", ca_key, "-set_serial", f"0x{os.urandom(16).hex()}", "-days", f"{_DAYS}")
        _openssl("x509", "-req", "-in", request, *signed, "-extfile", extensions, "-out", cert)
        request.unlink()
    for secret in (ca_key, key):
        secret.chmod(0o600)
    return Certificate(cert, key, ca)


def names_of_this_machine(more: Sequence[str] = ()) -> list[str]:
    """What a device may call this machine: loopback, its own names, and what else was given."""
    return list(dict.fromkeys(["127.0.0.1", "::1", "localhost", socket.gethostname(), *more]))


def _alternatives(names: Sequence[str]) -> str:
    return ",".join(f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in names)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _openssl(*arguments: "str | Path") -> None:
    program = shutil.which("openssl")
    if program is None:
        raise NoCertificate(
            "TLS: there is no openssl on this machine to make a certificate with; install it (on Debian: apt-get install openssl), "
            "or give one with VIGIL_MQTT_CERT and VIGIL_MQTT_KEY"
        )
    done = subprocess.run([program, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
    if done.returncode:
        raise NoCertificate(f"TLS: openssl {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()}")
