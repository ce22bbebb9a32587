"""On-call: who is on duty when, and whom a target means at that moment. Pure, stores nothing."""
