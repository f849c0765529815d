"""Protobuf messages and gRPC stubs of the services, generated from `proto/motion/v1` by `make proto`."""
