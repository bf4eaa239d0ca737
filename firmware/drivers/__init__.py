"""One door per vendor package: devices become events, effects become devices. Drivers know neither screens nor business."""
