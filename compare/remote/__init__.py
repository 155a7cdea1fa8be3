"""Engines on other machines: which servers the owner named, what they are, and what they answer.

Knows no page, no run and no file; the protocol's events go out. Decoders are pure, streams.py is the network.
"""
