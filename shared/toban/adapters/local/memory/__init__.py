"""Everything in memory, with a virtual clock."""
