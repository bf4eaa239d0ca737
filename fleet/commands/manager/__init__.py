"""What a fleet manager does with `posfleet`: every command asks the backend by the contract of `fleet.admin`."""
