"""What a person asks for, parsed and checked once, for page and command line alike.

Touches no network and loads nothing.
"""
