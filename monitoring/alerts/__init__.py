"""Alerts: rules as rows, judged every few seconds from what the monitor knows.

`reading` makes a picture of the rows, `judging` says what each rule finds in it, `states` what
becomes of an alert, all without touching a row; `turning` does one turn in one transaction.
"""
