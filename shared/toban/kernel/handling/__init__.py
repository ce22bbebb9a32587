"""The kinds of handler and what they leave: receipts, timers, parked messages."""
