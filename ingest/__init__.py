"""Broker to store: a batch is one transaction, acknowledged after it commits."""
