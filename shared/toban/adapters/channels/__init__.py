"""The channels: Slack, email, webhooks, the console. One outside call each."""
