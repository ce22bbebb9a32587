"""
``make mutants ROOM=…``: break a room in small ways, one at a time, and see that a test notices.

Not in CI: a small room takes ten minutes, a large one hours. A change to a room is worth a sample of a
hundred.
"""
