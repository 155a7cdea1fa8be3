"""Gallery: the curated prompts, the recorded answers to them, and the score board."""
