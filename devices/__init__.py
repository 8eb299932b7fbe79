"""What the field says: device profiles, topics, payloads, keys. Pure."""
