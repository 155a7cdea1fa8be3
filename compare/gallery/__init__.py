"""The curated prompts, their checks, and the recorded answers to them.

Knows no page and no terminal.
"""
