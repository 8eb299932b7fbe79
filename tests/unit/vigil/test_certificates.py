"""Certificates that were given, and what a machine calls itself. Making one needs openssl: tests/integration/test_vigil_tls.py."""

from pathlib import Path

import pytest

from vigil.certificates import Certificate, NoCertificate, _alternatives, given, names_of_this_machine, own


def test_none_given_is_none(tmp_path: Path) -> None:
    assert given(None, None, tmp_path / "ca.pem") is None


def test_half_of_one_is_an_error(tmp_path: Path) -> None:
    for cert, key in ((tmp_path, None), (None, tmp_path)):
        with pytest.raises(NoCertificate, match="and its key"):
            given(cert, key, None)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_text("")
    with pytest.raises(NoCertificate, match=r"key\.pem"):
        given(cert, key, None)
    key.write_text("")
    assert given(cert, key, None) == Certificate(cert, key, cert), "without a CA the certificate proves itself"
    with pytest.raises(NoCertificate, match=r"ca\.pem"):
        given(cert, key, tmp_path / "ca.pem")


def test_addresses_and_names_are_told_apart() -> None:
    assert _alternatives(["127.0.0.1", "::1", "vigil.local"]) == "IP:127.0.0.1,IP:::1,DNS:vigil.local"


def test_this_machine_is_loopback_and_what_else_it_is_called() -> None:
    names = names_of_this_machine(["192.0.2.7", "localhost"])
    assert names[:3] == ["127.0.0.1", "::1", "localhost"]
    assert names.count("localhost") == 1
    assert "192.0.2.7" in names


def test_without_openssl_it_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoCertificate, match="no openssl on this machine"):
        own(tmp_path, ["localhost"])
