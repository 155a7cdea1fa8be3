"""What a model's process and its parent say to each other, and the devices that both look at.

Knows neither how the values travel nor what either end does with them.
"""
