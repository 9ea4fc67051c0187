"""Where it runs: images and manifests, and the local stand-ins for what an installation has: providers and an S3."""
