"""The page: the only gradio. A folder a tab; what tabs share stands beside them.

A tab's tab.py holds its components and what their events call; what is shown, and when, stands in the files
beside it, which know no Gradio and tell what changes by the names of parts (changes.py, wiring.py).
"""
