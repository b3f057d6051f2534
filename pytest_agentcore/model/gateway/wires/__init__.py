"""The three wires that clients speak, and their translation to Chat Completions and back."""
