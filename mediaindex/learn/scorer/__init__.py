"""A scorer of regions and words for an encoder: captioned media → scorer.safetensors beside its weights."""
