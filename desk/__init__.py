"""The loop that never sleeps: escalation, offers and their deadlines, notification."""
