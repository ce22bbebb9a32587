"""The kinds of handler, and what they write: receipts, timers, parked messages."""
