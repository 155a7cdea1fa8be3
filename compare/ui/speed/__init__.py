"""Speed: how fast models read and write on this machine."""
