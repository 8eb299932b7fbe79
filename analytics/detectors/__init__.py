"""One file a detector; each exports `DETECTORS`, its rows of the catalogue."""
