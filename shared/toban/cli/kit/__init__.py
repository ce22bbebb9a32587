"""What every command is made of: terminal, tables, times, arguments, and one session for reading and acting."""
