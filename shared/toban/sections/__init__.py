"""
All sections of a profile together: reading, checking and what follows from them.

For the command line and the local runtime. A function that handles events has what it needs from
the sections it names (`toban.profile.profile`).
"""
