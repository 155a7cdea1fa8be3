"""`make soak`: what strangers, signals and surroundings do to the app, within bounds, on loopback.

Prints what was measured against what is asked, row by row; short forms of the rows are tests.
"""
