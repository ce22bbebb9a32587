"""What only a project needs: asking its functions, and its stories from receipts."""
