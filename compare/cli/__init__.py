"""The command line: a file for each command, the only typer.

Answers go to stdout, everything about them to stderr.
"""
