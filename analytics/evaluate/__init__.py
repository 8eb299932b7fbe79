"""How well the detectors do on recordings whose truth is known. Pure."""
