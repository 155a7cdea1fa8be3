"""States and sentences, as a person is told them, on the page and on the command line alike.

Pure: takes values and the time `now` (monotonic seconds); knows no markup and no clock.
"""
