"""What adapters to other people's services share: HTTP, time, credentials, answers nobody trusts to have their shape."""
