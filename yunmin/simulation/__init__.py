"""An exchange without a wire: matching, ledger, fees. Knows no exchange by name and opens no socket."""
