"""One class per capability; what it needs comes by constructor."""
