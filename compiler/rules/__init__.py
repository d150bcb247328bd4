"""What the checker says: each module a family of rules, each rule a function over a `Subject`."""
