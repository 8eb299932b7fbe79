"""The demo district and its life; labelled scenarios; replay of recordings."""
