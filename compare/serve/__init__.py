"""This app's own models behind an OpenAI-compatible address, on Ray Serve; each replica holds one engine.

Knows no page. Only cluster.py imports Ray, and only `serve` imports that.
"""
