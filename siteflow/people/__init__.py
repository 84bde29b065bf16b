"""Looking after accounts: what those who manage them do, and what each account can see and do."""
