"""What it means: detectors as pure steps from readings to findings. Pure."""
