"""Published benchmark scores, the questions asked of them, and what the two articles claim.

Scores of different suites are never compared. Knows nothing of charts and pages.
"""
