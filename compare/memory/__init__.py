"""What a model will take, what is free, and where it fits.

Reads headers and this machine's memory; loads nothing. Of words it knows a refusal's only.
"""
