"""A model's own process: reads requests, loads, answers, measures and tells events.

Imported by nobody: run/process.py starts it. Knows nothing of its parent and imports nothing heavy.
"""
