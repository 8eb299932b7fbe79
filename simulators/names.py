"""What can be made happen, by name: for a command line that loads none of what makes it."""

NAMES = ("sos", "pull_cord", "fall", "fall_motion", "smoke", "heat", "co", "gas")
