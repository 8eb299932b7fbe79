"""What to do about it: alarms, incidents, dispatches, roads. Pure."""
