"""A live look at a connected partner: GETs only, few of them, for a short while."""
