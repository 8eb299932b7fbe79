"""Who and what is cared for: people, places, staff, and the rules of care. Pure."""
