"""What a model's process and its parent say to each other, and the devices that both look at.

Knows not what either end does with them.
"""
