"""The composition root: settings, commands, supervisor."""
